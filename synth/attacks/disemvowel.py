"""Left-out vowels: words that a reader still knows and a word list does not."""

import re
from random import Random

from synth.errors import NotApplicable


def disemvowel(text: str, *, rng: Random, share: float = 0.8) -> str:
    """Leave the vowels out of a share of the words, and always of at least one. There is no inverse.

    Args:
        text: The request to disguise. Words of vowels alone, such as "a", stay.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a word is changed.

    Raises:
        NotApplicable: `no_vowel` where no word has one to lose.

    Source:
        Wei et al. 2023, arXiv 2307.02483, appendix (disemvowel).
    """
    words = text.split(" ")
    spelt = [re.sub("[aeiou]", "", word, flags=re.IGNORECASE) for word in words]
    can_change = [i for i, word in enumerate(words) if spelt[i] != word and re.search("[A-Za-z]", spelt[i])]
    if not can_change:
        raise NotApplicable("no_vowel")
    for i in [i for i in can_change if rng.random() < share] or [rng.choice(can_change)]:
        words[i] = spelt[i]
    return " ".join(words)
