"""Fonts as Pillow draws them, loaded and measured once."""

from collections.abc import Iterable
from functools import cache

from PIL import ImageFont

from synth.errors import NotApplicable
from synth.images.spec import FontName, font_digest, font_path

_UNASSIGNED = "\U0010ffff"  # no font has it, so it shows the box that stands for a missing glyph


@cache
def load_font(font: FontName, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels."""
    # The basic layout depends on FreeType alone; the other one on which shaping library is installed.
    return ImageFont.truetype(font_path(font), size, layout_engine=ImageFont.Layout.BASIC)


def text_width(text: str, *, font: FontName, size: int) -> float:
    """Width of a line in pixels. The basic layout sets one character after another, so widths add up."""
    return sum(_advance(font, size, character) for character in text)


@cache
def _advance(font: FontName, size: int, character: str) -> float:
    return load_font(font, size).getlength(character)


def require_font(font: FontName, sha256: str) -> None:
    """Raise ValueError where the font here is not the one a spec was made with."""
    if font_digest(font) != sha256:
        raise ValueError(
            f"the spec was made with another file of {font} (sha256 {sha256[:12]}..., here "
            f"{font_digest(font)[:12]}...): install the version of pylopdf-fonts-zh-cn that made it"
        )


def require_glyphs(font: FontName, texts: Iterable[str]) -> None:
    """Raise `NotApplicable("no_glyph")` where the font lacks a character, since a box would stand for it."""
    if not all(_has_glyph(font, character) for character in set("".join(texts)) - {"\n"}):
        raise NotApplicable("no_glyph")


@cache
def _has_glyph(font: FontName, character: str) -> bool:
    if character.isspace():
        return character == " " or character == "\u3000"
    shape, missing = (bytes(load_font(font, 16).getmask(one)) for one in (character, _UNASSIGNED))
    return bool(shape) and shape != missing
