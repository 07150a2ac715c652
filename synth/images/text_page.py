"""A text on a page, in one of the layouts."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw

from synth.errors import NotApplicable
from synth.images.finish import Rgb, blend, require_size
from synth.images.fonts import load_font, require_font, require_glyphs, text_width
from synth.images.hand import write
from synth.images.spec import LayoutName, RenderSpec
from synth.images.wrap import wrap

MAX_CHARS = 8_000  # more cannot fit at any size; saves measuring it
_BLANKS = "\n1.\n2.\n3."  # an unfinished list invites to complete it: Gong et al. 2023, arXiv 2311.05608 (FigStep)

Size = tuple[int, int]
Inset = tuple[int, int, int, int]  # left, top, right, bottom


class Layout(NamedTuple):
    """How a page looks around its text.

    `ground` is the colour behind all, as a share between paper and ink; `inset` the room around the text in font
    sizes, on top of the margin; `decorate` draws what stands behind it.
    """

    inset: tuple[float, float, float, float] = (0, 0, 0, 0)
    ground: float = 0.0
    decorate: Callable[[ImageDraw.ImageDraw, Size, RenderSpec], None] = lambda draw, size, spec: None
    centred: bool = False
    bold: bool = False
    by_hand: bool = False


def page_text(spec: RenderSpec) -> str:
    """The text as it stands on the page, before it is broken into lines."""
    if spec.layout == "list":
        return spec.text + _BLANKS
    return f"# 1\n{spec.text}\n2\n3" if spec.layout == "table" else spec.text


def draw_text_page(spec: RenderSpec) -> tuple[Image.Image, Rgb]:
    """The page, as high as its text needs, and the colour behind it.

    Raises:
        NotApplicable: `too_long` or `no_glyph`, as `render`.
        ValueError: If the font here is not the one the spec was made with.
    """
    require_font(spec.font, spec.font_sha256)
    text = spec.text + _BLANKS if spec.layout == "list" else spec.text
    if len(text) > MAX_CHARS:
        raise NotApplicable("too_long")
    require_glyphs(spec.font, [text])
    layout = LAYOUTS[spec.layout]
    left, top, right, bottom = (spec.margin + round(room * spec.size) for room in layout.inset)
    lines = wrap(text, width=spec.width - left - right, measure=lambda part: _width(part, spec))
    pitch = _pitch(spec)
    height = top + pitch * len(lines) + bottom
    require_size(spec.width, height)
    ground = blend(spec, layout.ground)
    image = Image.new("RGB", (spec.width, height), ground)
    draw = ImageDraw.Draw(image)
    layout.decorate(draw, image.size, spec)
    font = load_font(spec.font, spec.size)
    down = top + (pitch - sum(font.getmetrics())) // 2
    rng = Random(spec.noise_seed)
    for number, line in enumerate(lines):
        spare = spec.width - left - right - round(_width(line, spec)) if layout.centred else 0
        at = (left + spare // 2, down + pitch * number)
        if layout.by_hand:
            write(image, at, line, font=spec.font, size=spec.size, ink=spec.ink, rng=rng)
        else:
            draw.text(at, line, font=font, fill=spec.ink, stroke_width=int(layout.bold))
    return image, ground


def _width(text: str, spec: RenderSpec) -> float:
    return text_width(text, font=spec.font, size=spec.size)


def _pitch(spec: RenderSpec) -> int:
    return round(1.5 * spec.size)


def _card(draw: ImageDraw.ImageDraw, size: Size, spec: RenderSpec) -> None:
    left = top = spec.margin // 2
    right, bottom = size[0] - left, size[1] - top
    drop = max(3, spec.size // 5)
    draw.rounded_rectangle((left + drop, top + drop, right + drop, bottom + drop), spec.size // 2, blend(spec, 0.3))
    draw.rounded_rectangle((left, top, right, bottom), spec.size // 2, spec.paper, blend(spec, 0.5), width=2)


def _poster(draw: ImageDraw.ImageDraw, size: Size, spec: RenderSpec) -> None:
    band = spec.size
    draw.rectangle((0, 0, size[0], band), spec.ink)
    draw.rectangle((0, size[1] - band, size[0], size[1]), spec.ink)
    gap = band + spec.size // 2
    draw.rectangle((spec.size // 2, gap, size[0] - spec.size // 2, size[1] - gap), None, blend(spec, 0.6), width=3)


def _board(draw: ImageDraw.ImageDraw, size: Size, spec: RenderSpec) -> None:
    edge, thick = spec.margin // 2, max(4, spec.size // 4)
    draw.rounded_rectangle((edge, edge, size[0] - edge, size[1] - edge), spec.size, spec.ink)
    inner = (edge + thick, edge + thick, size[0] - edge - thick, size[1] - edge - thick)
    draw.rounded_rectangle(inner, spec.size - thick // 2, spec.paper, blend(spec, 0.25), width=2)


def _table(draw: ImageDraw.ImageDraw, size: Size, spec: RenderSpec) -> None:
    """A ruled table: a head, the row with the text, and two rows that are still empty."""
    edge, row, rule = spec.margin // 2, 2 * spec.size, blend(spec, 0.5)
    right, bottom, column = size[0] - edge, size[1] - edge, edge + 2 * spec.size
    draw.rectangle((edge, edge, right, edge + row), blend(spec, 0.15))
    levels = (edge, edge + row, bottom - 2 * row, bottom - row, bottom)
    for level in levels:
        draw.line((edge, level, right, level), rule, width=2)
    for across in (edge, column, right):
        draw.line((across, edge, across, bottom), rule, width=2)
    font = load_font(spec.font, spec.size)
    for label, level in zip("#123", levels, strict=False):
        draw.text((edge + spec.size // 2, level + spec.size // 4), label, font=font, fill=spec.ink)


def _ruled(draw: ImageDraw.ImageDraw, size: Size, spec: RenderSpec) -> None:
    for level in range(spec.margin + _pitch(spec), size[1], _pitch(spec)):
        draw.line((0, level, size[0], level), blend(spec, 0.2), width=1)
    draw.line((spec.margin - 8, 0, spec.margin - 8, size[1]), blend(spec, 0.35), width=2)


def _window(draw: ImageDraw.ImageDraw, size: Size, spec: RenderSpec) -> None:
    bar = round(1.5 * spec.size)
    draw.rectangle((0, 0, size[0], bar), blend(spec, 0.15))
    draw.rectangle((0, 0, size[0] - 1, size[1] - 1), None, blend(spec, 0.5), width=2)
    for number in range(3):
        left = spec.size // 2 + number * spec.size
        draw.ellipse((left, bar // 3, left + bar // 3, 2 * bar // 3), blend(spec, 0.3 + 0.2 * number))


LAYOUTS: dict[LayoutName, Layout] = {
    "plain": Layout(),
    "list": Layout(),
    "note": Layout((1, 1, 1, 1), ground=0.12, decorate=_card),
    "poster": Layout((0, 2, 0, 2), decorate=_poster, centred=True, bold=True),
    "sign": Layout((0.5, 0.5, 0.5, 0.5), ground=0.12, decorate=_board, centred=True, bold=True),
    "table": Layout((2, 2, 0, 4), decorate=_table),
    "handwritten": Layout(decorate=_ruled, by_hand=True),
    "window": Layout((0, 1.5, 0, 0), decorate=_window),
}
