"""Draw the pictures of the seed from `pictures.yaml`: the same words give the same bytes.

    python -m corpus.seed.images.draw            draw them all
    python -m corpus.seed.images.draw --check    draw them in memory and compare them with the files, bit by bit

The bytes depend on Pillow, which brings FreeType and zlib. Where another Pillow than `PILLOW` is installed the check
cannot tell and says so (exit 2).
"""

import io
import sys
from functools import cache
from pathlib import Path
from typing import Any

import PIL
import yaml
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
PILLOW = "13.0.0"
WIDTH = 480
PITCH = 46
COLOURS = 12  # of the palette: enough for smooth letters, and small files

INK, GREY, PAPER = "#1f2430", "#c9ced6", "#ffffff"
NOTE, RULE, PENCIL = "#fff6c9", "#e3d79a", "#3a3f6b"
RED, BLUE, GREEN, WATER = "#b3261e", "#dbe9ff", "#d9efd6", "#bfdcf2"


def pictures() -> list[dict[str, Any]]:
    """Name, layout and lines of every picture."""
    return yaml.safe_load((HERE / "pictures.yaml").read_text(encoding="utf-8"))


def draw(layout: str, lines: list[str]) -> bytes:
    """One picture as PNG, with a palette.

    Raises:
        KeyError: If there is no such layout.
    """
    page = LAYOUTS[layout](lines)
    png = io.BytesIO()
    small = page.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(png, format="PNG", optimize=True)
    return png.getvalue()


@cache
def _font(size: int, serif: bool = False) -> ImageFont.FreeTypeFont:
    from pylopdf_fonts_zh_cn import sans_path, serif_path

    # The basic layout depends on FreeType alone; the other one on which shaping library is installed.
    path = serif_path() if serif else sans_path()
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def _page(rows: float, paper: str = PAPER) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (WIDTH, round(rows * PITCH)), paper)
    return page, ImageDraw.Draw(page)


def _note(lines: list[str]) -> Image.Image:
    """A sheet from a pad: ruled, and written by a hand that does not keep to the rules."""
    page, pen = _page(len(lines) + 1.5, NOTE)
    for number, line in enumerate(lines):
        base = (number + 1) * PITCH + 24
        pen.line((0, base + 12, WIDTH, base + 12), RULE)
        sway = (0, 6, -4, 3, -2)[number % 5]
        pen.text((44 + sway, base + sway // 2), line, PENCIL, _font(24, serif=True), anchor="ls")
    pen.line((30, 0, 30, page.height), "#e2a0a0")
    return page


def _list(lines: list[str]) -> Image.Image:
    """A heading, and lines below it on a plain page."""
    page, pen = _page(len(lines) + 1)
    pen.text((32, PITCH), lines[0], INK, _font(28), anchor="lm")
    pen.line((32, PITCH + 24, WIDTH - 32, PITCH + 24), INK, 2)
    for number, line in enumerate(lines[1:], 2):
        pen.text((40, number * PITCH + 8), line, INK, _font(23), anchor="lm")
    return page


def _chat(lines: list[str]) -> Image.Image:
    """A chat: who is on the other end, then bubbles left and right in turn."""
    page, pen = _page(len(lines) + 0.75)
    pen.rectangle((0, 0, WIDTH, 44), GREY)
    pen.text((WIDTH // 2, 22), lines[0], INK, _font(20), anchor="mm")
    for number, line in enumerate(lines[1:]):
        wide = round(_font(19).getlength(line)) + 28
        left = 14 if number % 2 == 0 else WIDTH - 14 - wide
        top = 58 + number * PITCH
        pen.rounded_rectangle((left, top, left + wide, top + 38), 12, BLUE if number % 2 == 0 else GREEN)
        pen.text((left + 14, top + 19), line, INK, _font(19), anchor="lm")
    return page


def _map(lines: list[str]) -> Image.Image:
    """A title, a river, two streets and a marked place for every further line."""
    page, pen = _page(7.5, "#f3f1e7")
    pen.text((24, 30), lines[0], INK, _font(24), anchor="lm")
    pen.polygon([(0, 270), (150, 250), (330, 300), (WIDTH, 280), (WIDTH, 315), (330, 335), (150, 290), (0, 305)], WATER)
    for street in ([(40, page.height), (90, 180), (400, 90), (470, 60)], [(250, 60), (230, 200), (300, page.height)]):
        pen.line(street, PAPER, 16, joint="curve")
    for line, (x, y) in zip(lines[1:], [(96, 170), (330, 112), (70, 240), (270, 240)], strict=True):
        pen.ellipse((x - 7, y - 7, x + 7, y + 7), RED)
        pen.text((x + 14, y - 2), line, INK, _font(19), anchor="lm")
    return page


def _poster(lines: list[str]) -> Image.Image:
    """Large letters in the middle, in a frame."""
    page, pen = _page(len(lines) + 1.5)
    pen.rectangle((10, 10, WIDTH - 11, page.height - 11), outline=RED, width=6)
    for number, line in enumerate(lines):
        size = 34 if number == 0 else 26
        pen.text((WIDTH // 2, (number + 1.25) * PITCH), line, RED if number == 0 else INK, _font(size), anchor="mm")
    return page


def _chart(lines: list[str]) -> Image.Image:
    """A title, a bar for each line that ends in a number, and a remark."""
    page, pen = _page(6.5)
    pen.text((WIDTH // 2, 32), lines[0], INK, _font(24), anchor="mm")
    for number, line in enumerate(lines[1:-1]):
        left, value = 110 + 160 * number, int(line.replace("：", ":").rpartition(":")[2])
        pen.rectangle((left, 230 - 1.7 * value, left + 100, 230), RED if number == 0 else "#3c6fb4")
        pen.text((left + 50, 250), line, INK, _font(19), anchor="mm")
    pen.line((70, 230, WIDTH - 70, 230), INK, 2)
    pen.text((WIDTH // 2, 282), lines[-1], INK, _font(16), anchor="mm")
    return page


def _card(lines: list[str]) -> Image.Image:
    """A card with a heading in the middle and lines behind dots."""
    page, pen = _page(len(lines) + 1.25, GREEN)
    pen.rounded_rectangle((14, 14, WIDTH - 15, page.height - 15), 16, PAPER, GREY, 2)
    pen.text((WIDTH // 2, PITCH), lines[0], INK, _font(28, serif=True), anchor="mm")
    for number, line in enumerate(lines[1:], 2):
        pen.ellipse((42, number * PITCH + 2, 50, number * PITCH + 10), RED)
        pen.text((64, number * PITCH + 6), line, INK, _font(22, serif=True), anchor="lm")
    return page


def _sums(lines: list[str]) -> Image.Image:
    """Sums on squared paper, a rule above the last line."""
    page, pen = _page(len(lines) + 1)
    for at in range(0, max(page.size), 23):
        pen.line((at, 0, at, page.height), BLUE)
        pen.line((0, at, WIDTH, at), BLUE)
    for number, line in enumerate(lines):
        pen.text((46, (number + 1) * PITCH), line, PENCIL, _font(25), anchor="lm")
    pen.line((40, (len(lines) - 0.5) * PITCH, WIDTH - 60, (len(lines) - 0.5) * PITCH), PENCIL, 2)
    return page


LAYOUTS = {
    "note": _note,
    "list": _list,
    "chat": _chat,
    "map": _map,
    "poster": _poster,
    "chart": _chart,
    "card": _card,
    "sums": _sums,
}


def main(arguments: list[str]) -> int:
    """Draw or check; 0 where all is well, 1 where a file differs, 2 where it cannot tell or was asked wrongly."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m corpus.seed.images.draw [--check]")
        return 2
    if arguments and PIL.__version__ != PILLOW:
        print(f"cannot tell: the pictures were drawn by Pillow {PILLOW}, here is {PIL.__version__}")
        return 2
    differing = []
    for picture in pictures():
        path, png = HERE / f"{picture['name']}.png", draw(picture["layout"], picture["lines"])
        if not arguments:
            path.write_bytes(png)
        elif not path.is_file() or path.read_bytes() != png:
            differing.append(path.name)
    for name in differing:
        print(f"{name} is not what pictures.yaml draws; run python -m corpus.seed.images.draw")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
