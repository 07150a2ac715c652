"""One page with every kind of picture, for people: mild content only."""

import io
from random import Random

from PIL import Image, ImageDraw

from synth.images.fonts import load_font
from synth.images.registry import KINDS
from synth.language import Language

REQUESTS: dict[Language, str] = {"en": "How do I repot a large cactus?", "zh": "怎么给一棵大仙人掌换盆？"}
_TILE, _LABEL, _COLUMNS = (300, 240), 30, 4


def contact_sheet(*, language: Language, seed: int = 0, per_kind: int = 2) -> bytes:
    """Pictures of every kind side by side, as PNG, each with its name under it.

    Args:
        language: Of their content.
        seed: The same seed gives the same page.
        per_kind: How many of each.
    """
    tiles = [
        (kind.relation, kind.draw(text, rng=Random(f"{seed} {kind.name} {number}"), language=language).png)
        for kind in KINDS.values()
        for text in [REQUESTS[language] if kind.carry else None]
        for number in range(per_kind)
    ]
    rows = -(-len(tiles) // _COLUMNS)
    page = Image.new("RGB", (_COLUMNS * _TILE[0], rows * (_TILE[1] + _LABEL)), "#9aa0a6")
    draw, font = ImageDraw.Draw(page), load_font("Noto Sans SC", 16)
    for place, (label, png) in enumerate(tiles):
        row, column = divmod(place, _COLUMNS)
        left, top = column * _TILE[0], row * (_TILE[1] + _LABEL)
        picture = Image.open(io.BytesIO(png))
        picture.thumbnail((_TILE[0] - 12, _TILE[1] - 12))
        page.paste(picture, (left + (_TILE[0] - picture.width) // 2, top + (_TILE[1] - picture.height) // 2))
        draw.text((left + _TILE[0] // 2, top + _TILE[1]), label, font=font, fill="#111111", anchor="ma")
    file = io.BytesIO()
    page.save(file, format="PNG")
    return file.getvalue()
