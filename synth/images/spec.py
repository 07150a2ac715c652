"""What a picture is drawn from; stored beside it, so that it can be drawn again."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import PIL
from pydantic import BaseModel, ConfigDict, Field

FontName = Literal["Noto Sans SC", "Noto Serif SC"]
Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
LayoutName = Literal["plain", "list", "note", "poster", "sign", "table", "handwritten", "window"]


def font_path(font: FontName) -> Path:
    """File of a font; both cover Latin and Chinese (SIL Open Font License)."""
    from pylopdf_fonts_zh_cn import sans_path, serif_path

    return sans_path() if font == "Noto Sans SC" else serif_path()


@cache
def font_digest(font: FontName) -> str:
    """Sha256 of the font file on this machine."""
    return hashlib.sha256(font_path(font).read_bytes()).hexdigest()


class Page(BaseModel):
    """What every drawn picture has: a font, two colours, and how it was worn afterwards.

    Lengths are in pixels, `rotation` in degrees against the clock, `noise` in specks per 1000 pixels. `contrast` is
    the share of the full contrast that is left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    font: FontName = "Noto Sans SC"
    font_sha256: str
    ink: Colour = "#1a1a1a"
    paper: Colour = "#ffffff"
    rotation: float = Field(default=0.0, ge=-180, le=180)
    noise: float = Field(default=0.0, ge=0, le=50)
    noise_seed: int = 0
    contrast: float = Field(default=1.0, ge=0.1, le=1)
    pillow: str = PIL.__version__

    @property
    def is_clean(self) -> bool:
        """Whether the picture stands upright, without noise and in full contrast."""
        return self.rotation == 0 and self.noise == 0 and self.contrast == 1


class RenderSpec(Page):
    """One picture of a text. The same spec gives the same bytes wherever Pillow and the font are the same."""

    kind: Literal["text"] = "text"  # a spec that was stored before there were others has no kind
    text: str = Field(min_length=1)
    layout: LayoutName = "plain"
    size: int = Field(default=28, ge=10, le=96)
    width: int = Field(default=800, ge=200, le=2000)
    margin: int = Field(default=48, ge=0, le=200)

    @property
    def is_plain(self) -> bool:
        """Whether it is the easiest variant to read: clean, and in the plain layout."""
        return self.layout == "plain" and self.is_clean
