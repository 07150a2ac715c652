"""Pieces: the request cut up, with code that puts it together again.

The pieces are JSON strings, so that every character survives.

Source:
    Kang et al. 2023, arXiv 2302.05733 (payload splitting); Ren et al. 2024, arXiv 2403.07865 (a request that code
    builds up piece by piece).
"""

import json
import re
from random import Random

from synth.errors import NotApplicable

_NAMES = "abcdefgh"
_SUM = "request = "
_APPEND = re.compile(r'pieces\.append\(("(?:[^"\\]|\\.)*")\)')


def cut(text: str, *, rng: Random) -> list[str]:
    """Pieces of 2 to 6 characters; the last one may be shorter."""
    pieces = []
    while text:
        length = rng.randint(2, 6)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


def payload_splitting(text: str, *, rng: Random) -> str:
    """Up to five pieces under the names of variables, in the order of the names, and the sum that is the request.

    Raises:
        NotApplicable: `too_short` below two characters.
    """
    if len(text) < 2:
        raise NotApplicable("too_short")
    cuts = sorted(rng.sample(range(1, len(text)), min(rng.randint(2, 4), len(text) - 1)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    names = rng.sample(_NAMES, len(pieces))
    lines = sorted(f"{name} = {_quoted(piece)}" for name, piece in zip(names, pieces, strict=True))
    return "\n".join([*lines, _SUM + " + ".join(names)])


def from_payload_splitting(text: str) -> str:
    """The request that `payload_splitting` disguised."""
    *lines, names = text.split("\n")
    pieces = dict(line.partition(" = ")[::2] for line in lines)
    return "".join(_unquoted(pieces.get(name, "")) for name in names.removeprefix(_SUM).split(" + "))


def code_pieces(text: str, *, rng: Random) -> str:
    """Lines of code that append pieces of 2 to 6 characters to a list."""
    return "\n".join(f"pieces.append({_quoted(piece)})" for piece in cut(text, rng=rng))


def from_code_pieces(text: str) -> str:
    """The request that `code_pieces` disguised."""
    return "".join(map(_unquoted, _APPEND.findall(text)))


def json_string(text: str, *, rng: Random) -> str:
    """The request as one JSON string, for the form that the words around it are."""
    return _quoted(text)


def from_json_string(text: str) -> str:
    """The request that `json_string` quoted."""
    return _unquoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unquoted(piece: str) -> str:
    try:
        text = json.loads(piece)
    except ValueError:
        raise NotApplicable("not_encoded") from None
    if not isinstance(text, str):
        raise NotApplicable("not_encoded")
    return text
