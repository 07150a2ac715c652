"""Draw a spec: the same spec gives the same bytes."""

from typing import Annotated, Any, TypeVar

import PIL
from pydantic import Discriminator, Tag, TypeAdapter

from catalog.ids import media_id
from synth.errors import NotApplicable
from synth.images.finish import MAX_PIXELS, finish
from synth.images.scene import Scene, draw_scene, scene_text
from synth.images.spec import RenderSpec
from synth.images.text_page import draw_text_page, page_text

__all__ = ["MAX_PIXELS", "Spec", "load_spec", "render", "render_upright", "verify", "visible_text"]


def _kind(value: Any) -> str:
    return value.get("kind", "text") if isinstance(value, dict) else value.kind


Spec = Annotated[Annotated[RenderSpec, Tag("text")] | Annotated[Scene, Tag("scene")], Discriminator(_kind)]
Drawable = TypeVar("Drawable", RenderSpec, Scene)
_SPEC: TypeAdapter[RenderSpec | Scene] = TypeAdapter(Spec)


def load_spec(stored: str) -> RenderSpec | Scene:
    """A spec as the media table holds it, in JSON; one without a kind is a `RenderSpec`."""
    return _SPEC.validate_json(stored)


def visible_text(spec: RenderSpec | Scene) -> str:
    """The text as it stands in the picture, before it is broken into lines."""
    return scene_text(spec) if isinstance(spec, Scene) else page_text(spec)


def render(spec: RenderSpec | Scene) -> bytes:
    """Draw a picture as PNG.

    Raises:
        NotApplicable: `too_long` where it would have more than `MAX_PIXELS`; `no_glyph` where the font lacks a
            character, since a box would stand for it.
        ValueError: If the font here is not the one the spec was made with.
    """
    image, ground = draw_scene(spec) if isinstance(spec, Scene) else draw_text_page(spec)
    return finish(image, spec, ground=ground)


def render_upright(spec: Drawable) -> tuple[Drawable, bytes]:
    """As `render`, but a picture that is too large only because it is turned stays upright.

    Returns:
        The spec that was drawn, and the PNG.
    """
    try:
        return spec, render(spec)
    except NotApplicable as why:
        if why.reason != "too_long" or not spec.rotation:
            raise
    upright = spec.model_copy(update={"rotation": 0.0})
    return upright, render(upright)


def verify(spec: RenderSpec | Scene, expected: str) -> bool:
    """Whether a spec still draws the file with this `media_id`.

    Raises:
        ValueError: If it does not and cannot be blamed for it, since Pillow or the font is another one here.
    """
    if media_id(render(spec)) == expected:
        return True
    if spec.pillow != PIL.__version__:
        raise ValueError(f"cannot tell: the picture was drawn by Pillow {spec.pillow}, here is {PIL.__version__}")
    return False
