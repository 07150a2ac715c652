"""Encodings: a spelling that a model reads and a word list does not. All give the text back exactly.

Source:
    Wei et al. 2023, arXiv 2307.02483 (Base64); Yuan et al. 2023, arXiv 2308.06463 (Unicode); Huang 2024, arXiv
    2411.01084 (many such spellings, and chains of them).
"""

import re
from base64 import b64decode, b64encode
from random import Random
from urllib.parse import unquote

from synth.errors import NotApplicable

_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U(00(?:0[1-9a-f]|10)[0-9a-f]{4}))")  # up to U+10FFFF, the last one


def base64_encoded(text: str, *, rng: Random) -> str:
    """UTF-8 in Base64."""
    return b64encode(text.encode()).decode()


def base64_decoded(text: str) -> str:
    """The request that `base64_encoded` disguised.

    Raises:
        NotApplicable: `not_encoded` where it is no Base64 text.
    """
    try:
        return b64decode(text, validate=True).decode()
    except ValueError:
        raise NotApplicable("not_encoded") from None


def hexadecimal(text: str, *, rng: Random) -> str:
    """UTF-8, two hexadecimal digits a byte."""
    return text.encode().hex(" ")


def from_hexadecimal(text: str) -> str:
    """The request that `hexadecimal` disguised."""
    return _read_bytes(text, base=16)


def binary(text: str, *, rng: Random) -> str:
    """UTF-8, eight binary digits a byte."""
    return " ".join(f"{byte:08b}" for byte in text.encode())


def from_binary(text: str) -> str:
    """The request that `binary` disguised."""
    return _read_bytes(text, base=2)


def percent(text: str, *, rng: Random) -> str:
    """UTF-8 as in a web address, every byte of it escaped."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def from_percent(text: str) -> str:
    """The request that `percent` disguised."""
    return unquote(text)


def unicode_escapes(text: str, *, rng: Random) -> str:
    r"""Each character as its code point, \u0041, or \U0001F642 where four digits do not do."""
    return "".join(rf"\u{ord(one):04x}" if one <= "\uffff" else rf"\U{ord(one):08x}" for one in text)


def from_unicode_escapes(text: str) -> str:
    """The request that `unicode_escapes` disguised."""
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|U(00(?:0[1-9a-f]|10)[0-9a-f]{4}))", lambda code: chr(int(code[1] or code[2], 16)), text
    )


def _read_bytes(text: str, *, base: int) -> str:
    try:
        return bytes(int(byte, base) for byte in text.split(" ")).decode()
    except ValueError:
        raise NotApplicable("not_encoded") from None
