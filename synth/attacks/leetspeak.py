"""Leetspeak: write letters as look-alike digits, as people do to slip past word lists."""

from random import Random

from synth.errors import NotApplicable

LOOKALIKES = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})


def leetspeak(text: str, *, rng: Random, share: float = 0.6) -> str:
    """Swap a share of the words for their leetspeak spelling, and always at least one.

    Letters become lower case, so case is lost and there is no inverse.

    Args:
        text: The request to disguise. White space and word order stay as they are.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a word is changed.

    Returns:
        The disguised request, with as many words as before.

    Raises:
        NotApplicable: `no_lookalike` where no letter has one, as in pure Chinese.

    Source:
        Wei et al. 2023, arXiv 2307.02483, section 4.1 (leetspeak).
    """
    words = text.split(" ")
    spelt = [word.lower().translate(LOOKALIKES) for word in words]
    can_change = [i for i, word in enumerate(words) if spelt[i] != word.lower()]
    if not can_change:
        raise NotApplicable("no_lookalike")
    changed = [i for i in can_change if rng.random() < share] or [rng.choice(can_change)]
    for i in changed:
        words[i] = spelt[i]
    return " ".join(words)
