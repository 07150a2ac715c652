"""Writing by hand: every character a little tilted and off the line."""

from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw

from synth.images.fonts import load_font, text_width
from synth.images.spec import FontName

_TILTS = (-6, -3, 0, 3, 6)  # degrees; few, so that drawn characters can be kept


def write(
    image: Image.Image, at: tuple[int, int], line: str, *, font: FontName, size: int, ink: str, rng: Random
) -> None:
    """Write a line, as wide as a printed one, from its top left corner on."""
    left, top = at
    sway = max(1, size // 12)
    for place, character in enumerate(line):
        x = left + round(text_width(line[:place], font=font, size=size)) + rng.randint(-1, 1)
        y = top + rng.randint(-sway, sway)
        tilt = rng.choice(_TILTS)
        if not character.isspace():
            image.paste(ink, (x - size // 2, y - size // 2), _glyph(font, size, character, tilt))


@lru_cache(maxsize=4096)
def _glyph(font: FontName, size: int, character: str, tilt: int) -> Image.Image:
    """The character as a mask, with half its size as room on every side."""
    mask = Image.new("L", (2 * size + 2, round(2.6 * size)))
    ImageDraw.Draw(mask).text((size // 2, size // 2), character, font=load_font(font, size), fill=255)
    return mask.rotate(tilt, resample=Image.Resampling.BILINEAR)
