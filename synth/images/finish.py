"""The last strokes on every picture: faded, turned, specked, and written as PNG."""

import io
from random import Random

from PIL import Image, ImageColor, ImageDraw

from synth.errors import NotApplicable
from synth.images.spec import Page

MAX_PIXELS = 1280 * 28 * 28  # the most that SafeWork-R1's verifiers look at: 1280 visual tokens of 28 x 28 pixels

Rgb = tuple[int, int, int]


def blend(page: Page, share: float) -> Rgb:
    """Colour between paper (0) and ink (1)."""
    paper, ink = ImageColor.getrgb(page.paper), ImageColor.getrgb(page.ink)
    red, green, blue = (round(p + share * (i - p)) for p, i in zip(paper[:3], ink[:3], strict=True))
    return red, green, blue


def require_size(width: int, height: int) -> None:
    """Raise `NotApplicable("too_long")` above `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise NotApplicable("too_long")


def finish(image: Image.Image, page: Page, *, ground: Rgb) -> bytes:
    """Fade, turn and speck a picture as its spec says, and write it as PNG.

    Args:
        image: The drawn picture.
        page: Its spec.
        ground: Colour around the picture where it is turned, and towards which it fades.

    Raises:
        NotApplicable: `too_long` where the turned picture has more than `MAX_PIXELS`.
    """
    if page.contrast < 1:
        image = Image.blend(Image.new("RGB", image.size, ground), image, page.contrast)
    if page.rotation:
        image = image.rotate(page.rotation, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
        require_size(*image.size)
    _draw_specks(image, page)
    png = io.BytesIO()
    image.save(png, format="PNG")
    return png.getvalue()


def _draw_specks(image: Image.Image, page: Page) -> None:
    if not page.noise:
        return
    rng = Random(page.noise_seed)
    width, height = image.size
    specks = round(page.noise * width * height / 1000)
    points = [(rng.randrange(width), rng.randrange(height)) for _ in range(specks)]
    ImageDraw.Draw(image).point(points, blend(page, 0.35))
