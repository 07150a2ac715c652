"""A drawing as a list of marks: charts, forms, chats, everything that is more than one text.

The marks have their final places, so a stored scene draws the same bytes whatever becomes of the code that composed it.
"""

from random import Random
from typing import Annotated, Literal

from PIL import Image, ImageColor, ImageDraw
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from synth.images.finish import Rgb, require_size
from synth.images.fonts import load_font, require_font, require_glyphs
from synth.images.hand import write
from synth.images.spec import Colour, FontName, Page

Point = tuple[int, int]
Frame = tuple[int, int, int, int]  # left, top, right, bottom
Anchor = Literal["la", "ma", "ra", "lm", "mm", "rm"]  # of a text: left, middle or right; top (ascender) or middle


class _Mark(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    fill: Colour | None = None
    ink: Colour | None = None
    thick: int = Field(default=2, ge=0)


class Box(_Mark):
    mark: Literal["box"] = "box"
    frame: Frame
    radius: int = 0


class Oval(_Mark):
    mark: Literal["oval"] = "oval"
    frame: Frame


class Slice(_Mark):
    """A piece of a pie, from one angle to another: degrees with the clock, 0 at three o'clock."""

    mark: Literal["slice"] = "slice"
    frame: Frame
    start: float
    end: float


class Line(_Mark):
    mark: Literal["line"] = "line"
    points: tuple[Point, ...]


class Area(_Mark):
    mark: Literal["area"] = "area"
    points: tuple[Point, ...]


class Words(_Mark):
    """One line of text; `thick` thickens the strokes of its letters."""

    mark: Literal["words"] = "words"
    at: Point
    text: str
    size: int = Field(ge=8, le=96)
    anchor: Anchor = "la"
    thick: int = 0
    by_hand: bool = False


Mark = Annotated[Box | Oval | Slice | Line | Area | Words, Field(discriminator="mark")]


class Scene(Page):
    """One picture made of marks, drawn in their order.

    Args:
        of: What composed it, `name@version`.
        data: The facts it shows, from which an answer can be worked out again.
    """

    kind: Literal["scene"] = "scene"
    of: str
    data: dict[str, JsonValue] = Field(default_factory=dict)
    width: int = Field(ge=64, le=2000)
    height: int = Field(ge=64, le=4000)
    marks: tuple[Mark, ...]


def scene_text(scene: Scene) -> str:
    """The texts of a scene in the order in which they were drawn, one a line."""
    return "\n".join(mark.text for mark in scene.marks if isinstance(mark, Words))


def draw_scene(scene: Scene) -> tuple[Image.Image, Rgb]:
    """The picture, and the colour behind it.

    Raises:
        NotApplicable: `too_long` or `no_glyph`, as `render`.
        ValueError: If the font here is not the one the scene was made with.
    """
    require_font(scene.font, scene.font_sha256)
    require_glyphs(scene.font, [scene_text(scene)])
    require_size(scene.width, scene.height)
    red, green, blue = ImageColor.getrgb(scene.paper)[:3]
    image = Image.new("RGB", (scene.width, scene.height), (red, green, blue))
    draw, rng = ImageDraw.Draw(image), Random(scene.noise_seed)
    for mark in scene.marks:
        match mark:
            case Box():
                draw.rounded_rectangle(mark.frame, mark.radius, mark.fill, mark.ink, width=mark.thick)
            case Oval():
                draw.ellipse(mark.frame, mark.fill, mark.ink, width=mark.thick)
            case Slice():
                draw.pieslice(mark.frame, mark.start, mark.end, mark.fill, mark.ink, width=mark.thick)
            case Line():
                draw.line(mark.points, mark.ink or scene.ink, width=mark.thick, joint="curve")
            case Area():
                draw.polygon(mark.points, mark.fill, mark.ink, width=mark.thick)
            case Words():
                _draw_words(image, draw, mark, font=scene.font, ink=mark.ink or scene.ink, rng=rng)
    return image, (red, green, blue)


def _draw_words(
    image: Image.Image, draw: ImageDraw.ImageDraw, words: Words, *, font: FontName, ink: str, rng: Random
) -> None:
    if words.by_hand:
        write(image, words.at, words.text, font=font, size=words.size, ink=ink, rng=rng)
    else:
        face = load_font(font, words.size)
        draw.text(words.at, words.text, font=face, fill=ink, anchor=words.anchor, stroke_width=words.thick)
