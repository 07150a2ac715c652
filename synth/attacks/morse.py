"""Morse code, for what is written in Latin letters."""

import re
from random import Random

from synth.errors import NotApplicable

_TABLE = """
A .-      B -...    C -.-.    D -..     E .       F ..-.    G --.     H ....    I ..      J .---    K -.-     L .-..
M --      N -.      O ---     P .--.    Q --.-    R .-.     S ...     T -       U ..-     V ...-    W .--     X -..-
Y -.--    Z --..    0 -----   1 .----   2 ..---   3 ...--   4 ....-   5 .....   6 -....   7 --...   8 ---..   9 ----.
. .-.-.-  , --..--  ? ..--..  ' .----.  ! -.-.--  / -..-.   ( -.--.   ) -.--.-  & .-...   : ---...  ; -.-.-.  = -...-
+ .-.-.   - -....-  " .-..-.  @ .--.-.
"""
CODES = dict(re.findall(r"(\S) (\S+)", _TABLE))


def morse(text: str, *, rng: Random) -> str:
    """Morse code, a slash between words. Case and the kind of white space are lost, so there is no inverse.

    Raises:
        NotApplicable: `no_code` where a character has no Morse code.

    Source:
        Yuan et al. 2023, arXiv 2308.06463.
    """
    words = re.findall(r"\S+", text.upper())
    if not set("".join(words)) <= set(CODES):
        raise NotApplicable("no_code")
    return " / ".join(" ".join(CODES[character] for character in word) for word in words)
