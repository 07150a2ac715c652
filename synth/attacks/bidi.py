"""Bidi: pieces stored backwards, and marked so that a screen shows them the right way round."""

import re
from random import Random

from synth.attacks.pieces import cut
from synth.errors import NotApplicable

_RIGHT_TO_LEFT, _END = "\u202e", "\u202c"  # right-to-left override, pop directional formatting
_CONTROLS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def bidi(text: str, *, rng: Random, share: float = 0.5) -> str:
    """Turn round a share of the pieces of 2 to 6 characters, and always at least one.

    Args:
        text: The request to disguise; on a screen it looks the same afterwards, but for brackets.
        rng: Source of randomness: the same state gives the same text.
        share: Probability (0 to 1) that a piece is turned round.

    Raises:
        NotApplicable: `too_short` where no piece of one line has two characters; `already_disguised` where the text has
            such marks itself.

    Source:
        Boucher et al. 2022, arXiv 2106.09898 (reorderings).
    """
    if _CONTROLS.search(text):
        raise NotApplicable("already_disguised")
    pieces = cut(text, rng=rng)
    can_change = [i for i, piece in enumerate(pieces) if len(piece) > 1 and "\n" not in piece]
    if not can_change:
        raise NotApplicable("too_short")
    changed = {i for i in can_change if rng.random() < share} or {rng.choice(can_change)}
    return "".join(f"{_RIGHT_TO_LEFT}{piece[::-1]}{_END}" if i in changed else piece for i, piece in enumerate(pieces))


def without_bidi(text: str) -> str:
    """The request that `bidi` disguised."""
    return re.sub(f"{_RIGHT_TO_LEFT}([^{_END}]*){_END}", lambda piece: piece[1][::-1], text)
