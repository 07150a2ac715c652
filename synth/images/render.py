"""Draw a spec: the same spec gives the same bytes."""

import io
from functools import cache
from random import Random

import PIL
from PIL import Image, ImageColor, ImageDraw, ImageFont

from catalog.ids import media_id
from synth.errors import NotApplicable
from synth.images.spec import FontName, RenderSpec, font_digest, font_path
from synth.images.wrap import wrap

MAX_PIXELS = 1280 * 28 * 28  # the most that SafeWork-R1's verifiers look at: 1280 visual tokens of 28 x 28 pixels
MAX_CHARS = 8_000  # more cannot fit at any size; saves measuring it
_BLANKS = "\n1.\n2.\n3."  # an unfinished list invites to complete it: Gong et al. 2023, arXiv 2311.05608 (FigStep)
_UNASSIGNED = "\U0010ffff"  # no font has it, so it shows the box that stands for a missing glyph


def visible_text(spec: RenderSpec) -> str:
    """The text as it stands in the picture, before it is broken into lines."""
    return spec.text + _BLANKS if spec.layout == "list" else spec.text


def render(spec: RenderSpec) -> bytes:
    """Draw a picture as PNG; it is as high as its text needs.

    Raises:
        NotApplicable: `too_long` where it would have more than `MAX_PIXELS`; `no_glyph` where the font lacks a
            character, since a box would stand for it.
        ValueError: If the font here is not the one the spec was made with.
    """
    if font_digest(spec.font) != spec.font_sha256:
        raise ValueError(
            f"the spec was made with another file of {spec.font} (sha256 {spec.font_sha256[:12]}..., here "
            f"{font_digest(spec.font)[:12]}...): install the version of pylopdf-fonts-zh-cn that made it"
        )
    text = visible_text(spec)
    if len(text) > MAX_CHARS:
        raise NotApplicable("too_long")
    font = _font(spec.font, spec.size)
    if not all(_has_glyph(spec.font, character) for character in set(text) - {"\n"}):
        raise NotApplicable("no_glyph")
    inset = spec.margin + (spec.size if spec.layout == "note" else 0)
    lines = wrap(text, width=spec.width - 2 * inset, measure=font.getlength)
    pitch = round(1.5 * spec.size)
    height = 2 * inset + pitch * len(lines)
    _require_size(spec.width, height)
    ground = _blend(spec, 0.12) if spec.layout == "note" else _blend(spec, 0)
    page = Image.new("RGB", (spec.width, height), ground)
    draw = ImageDraw.Draw(page)
    if spec.layout == "note":
        _draw_card(draw, page.size, spec)
    top = inset + (pitch - sum(font.getmetrics())) // 2
    for number, line in enumerate(lines):
        draw.text((inset, top + pitch * number), line, font=font, fill=spec.ink)
    page = page.rotate(spec.rotation, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
    _require_size(*page.size)
    _draw_specks(page, spec)
    png = io.BytesIO()
    page.save(png, format="PNG")
    return png.getvalue()


def verify(spec: RenderSpec, expected: str) -> bool:
    """Whether a spec still draws the file with this `media_id`.

    Raises:
        ValueError: If it does not and cannot be blamed for it, since Pillow or the font is another one here.
    """
    if media_id(render(spec)) == expected:
        return True
    if spec.pillow != PIL.__version__:
        raise ValueError(f"cannot tell: the picture was drawn by Pillow {spec.pillow}, here is {PIL.__version__}")
    return False


def _require_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise NotApplicable("too_long")


@cache
def _font(font: FontName, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout depends on FreeType alone; the other one on which shaping library is installed.
    return ImageFont.truetype(font_path(font), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _has_glyph(font: FontName, character: str) -> bool:
    if character.isspace():
        return character == " " or character == "\u3000"
    shape, missing = (bytes(_font(font, 16).getmask(one)) for one in (character, _UNASSIGNED))
    return bool(shape) and shape != missing


def _blend(spec: RenderSpec, share: float) -> tuple[int, int, int]:
    """Colour between paper (0) and ink (1)."""
    paper, ink = ImageColor.getrgb(spec.paper), ImageColor.getrgb(spec.ink)
    red, green, blue = (round(p + share * (i - p)) for p, i in zip(paper[:3], ink[:3], strict=True))
    return red, green, blue


def _draw_card(draw: ImageDraw.ImageDraw, size: tuple[int, int], spec: RenderSpec) -> None:
    left = top = spec.margin // 2
    right, bottom = size[0] - left, size[1] - top
    drop = max(3, spec.size // 5)
    draw.rounded_rectangle((left + drop, top + drop, right + drop, bottom + drop), spec.size // 2, _blend(spec, 0.3))
    draw.rounded_rectangle((left, top, right, bottom), spec.size // 2, spec.paper, _blend(spec, 0.5), width=2)


def _draw_specks(page: Image.Image, spec: RenderSpec) -> None:
    rng = Random(spec.noise_seed)
    specks = round(spec.noise * page.width * page.height / 1000)
    points = [(rng.randrange(page.width), rng.randrange(page.height)) for _ in range(specks)]
    ImageDraw.Draw(page).point(points, _blend(spec, 0.35))
