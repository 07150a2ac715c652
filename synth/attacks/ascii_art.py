"""Block art: one word of the request is masked and drawn with characters beside it."""

import re
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from synth.errors import NotApplicable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

MASK = "[MASK]"
MAX_LETTERS = 10  # about 90 columns
SIZES = {"en": 16, "zh": 24}  # pixels of the font, each of which becomes one character
INKS = ("#", "@", "█", "8")

_WORD = re.compile(rf"(?<![A-Za-z])[A-Za-z]{{3,{MAX_LETTERS}}}(?![A-Za-z])|[\u4e00-\u9fff]{{2}}")


def ascii_art(text: str, *, rng: Random) -> str:
    """The request with `[MASK]` for one word, or for two Han characters, and below it a drawing of what is masked.

    The drawing is the same wherever Pillow and the font are. A reader sees the word; there is no inverse.

    Raises:
        NotApplicable: `no_term` where no word fits; `already_disguised` where the text has a mask itself.

    Source:
        Jiang et al. 2024, arXiv 2402.11753. Any character of the font can be drawn, so Chinese is drawn as well.
    """
    if MASK in text:
        raise NotApplicable("already_disguised")
    words = list(_WORD.finditer(text))
    if not words:
        raise NotApplicable("no_term")
    word = rng.choice(words)
    drawing = draw(word[0], size=SIZES["en" if word[0].isascii() else "zh"], ink=rng.choice(INKS))
    return f"{text[: word.start()]}{MASK}{text[word.end() :]}\n\n{drawing}"


def draw(word: str, *, size: int, ink: str) -> str:
    """A word as lines of `ink` and spaces, a character for each pixel, without empty lines around it."""
    from PIL import Image, ImageDraw

    font = _font(size)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(word))
    page = Image.new("1", (right - left, bottom - top))
    ImageDraw.Draw(page).text((-left, -top), word, font=font, fill=1)
    page = page.crop(page.getbbox())
    rows = ("".join(ink if page.getpixel((x, y)) else " " for x in range(page.width)) for y in range(page.height))
    return "\n".join(row.rstrip() for row in rows)


@cache
def _font(size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    from synth.images.spec import font_path

    return ImageFont.truetype(str(font_path("Noto Sans SC")), size)
