"""A sheet to draw on: marks gathered with names for what they do, and the scene that they become."""

from random import Random
from typing import Any

from synth.images.finish import blend
from synth.images.fonts import text_width
from synth.images.scene import Anchor, Area, Box, Frame, Line, Mark, Oval, Point, Scene, Slice, Words
from synth.images.spec import Page
from synth.images.variation import page_look, wear
from synth.images.wrap import wrap

ACCENTS = ("#2f6db5", "#c8553d", "#3f8f5f", "#b8860b", "#7b4fa3", "#2a9d9d", "#b5446e", "#6b705c")


class Sketch:
    """Marks on a page of one look; the page is as high as `scene` is told.

    Args:
        rng: Chooses font and colours, and the wear.
        width: In pixels.
    """

    def __init__(self, rng: Random, *, width: int) -> None:
        self.width = width
        self._page = Page(**page_look(rng), **wear(rng))
        self._marks: list[Mark] = []
        self.accents = rng.sample(ACCENTS, len(ACCENTS))

    def tint(self, share: float) -> str:
        """Colour between paper (0) and ink (1)."""
        return "#{:02x}{:02x}{:02x}".format(*blend(self._page, share))

    def box(self, frame: Frame, *, fill: str | None = None, ink: str | None = None, **others: Any) -> None:
        """A rectangle; `radius` rounds its corners, `thick` is the width of its outline."""
        self._marks.append(Box(frame=frame, fill=fill, ink=ink, **others))

    def oval(self, frame: Frame, *, fill: str | None = None, ink: str | None = None, thick: int = 2) -> None:
        """An ellipse in a frame."""
        self._marks.append(Oval(frame=frame, fill=fill, ink=ink, thick=thick))

    def slice(self, frame: Frame, *, start: float, end: float, fill: str) -> None:
        """A piece of a pie, in degrees with the clock, 0 at three o'clock."""
        self._marks.append(Slice(frame=frame, start=start, end=end, fill=fill, ink=self.tint(0)))

    def area(self, *points: Point, fill: str) -> None:
        """A filled polygon."""
        self._marks.append(Area(points=points, fill=fill))

    def line(self, *points: Point, ink: str | None = None, thick: int = 2) -> None:
        """A line through points."""
        self._marks.append(Line(points=points, ink=ink, thick=thick))

    def arrow(self, start: Point, end: Point, *, ink: str | None = None) -> None:
        """A line along one axis that ends in a point."""
        self.line(start, end, ink=ink)
        (x, y), along = end, (_sign(end[0] - start[0]), _sign(end[1] - start[1]))
        back = (x - 10 * along[0], y - 10 * along[1])
        side = (6 * along[1], 6 * along[0])
        tip = (end, (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1]))
        self.area(*tip, fill=ink or self._page.ink)

    def words(
        self,
        at: Point,
        text: str,
        *,
        size: int,
        anchor: Anchor = "la",
        ink: str | None = None,
        bold: bool = False,
        by_hand: bool = False,
    ) -> None:
        """One line of text."""
        mark = Words(at=at, text=text, size=size, anchor=anchor, ink=ink, thick=int(bold), by_hand=by_hand)
        self._marks.append(mark)

    def paragraph(self, at: Point, text: str, *, size: int, width: int, anchor: Anchor = "la", **others: Any) -> int:
        """A text broken into lines; the y at which it ends."""
        x, y = at
        for line in self.lines(text, size=size, width=width):
            if line:
                self.words((x, y), line, size=size, anchor=anchor, **others)
            y += pitch(size)
        return y

    def lines(self, text: str, *, size: int, width: int) -> list[str]:
        """A text broken into lines that fit a width."""
        return wrap(text, width=width, measure=lambda part: self.length(part, size=size))

    def length(self, text: str, *, size: int) -> float:
        """Width of a line in pixels."""
        return text_width(text, font=self._page.font, size=size)

    def scene(self, of: str, *, height: int, data: dict[str, Any]) -> Scene:
        """What has been drawn."""
        look = self._page.model_dump()
        return Scene(of=of, data=data, width=self.width, height=height, marks=tuple(self._marks), **look)


def pitch(size: int) -> int:
    """Distance of two lines of text."""
    return round(1.45 * size)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
