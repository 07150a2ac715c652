"""How pictures differ where it does not matter: colours, font, wear. The harmless ones and the others draw from here
alike, so that nothing in the look of a picture tells which it is."""

from random import Random
from typing import Any

from synth.images.spec import FontName, font_digest

# Ink and paper, each pair with a contrast of at least 7 to 1.
COLOURS = (
    ("#1a1a1a", "#ffffff"),
    ("#1d2b53", "#f7f3e8"),
    ("#3b2a1a", "#fff4b8"),
    ("#f2f2f2", "#20242b"),
    ("#0b3d2e", "#eaf5ef"),
    ("#5a1020", "#fdeef0"),
)
_FONTS: tuple[FontName, ...] = ("Noto Sans SC", "Noto Serif SC")


def page_look(rng: Random) -> dict[str, Any]:
    """Font and colours, as fields of a spec."""
    ink, paper = rng.choice(COLOURS)
    font = rng.choice(_FONTS)
    return {"font": font, "font_sha256": font_digest(font), "ink": ink, "paper": paper}


def wear(rng: Random) -> dict[str, Any]:
    """Rotation, noise and contrast, as fields of a spec. Three of ten pictures stay clean.

    Of the others, one in ten lies on its side or upside down, one in ten is turned by up to 15 degrees, and one in four
    is faded.
    """
    seed = rng.randrange(2**31)
    if rng.random() < 0.3:
        return {"noise_seed": seed}
    turn = rng.random()
    if turn < 0.1:
        rotation = rng.choice((-90.0, 90.0, 180.0))
    elif turn < 0.2:
        rotation = round(rng.choice((-1, 1)) * rng.uniform(5, 15), 1)
    else:
        rotation = round(rng.uniform(-4, 4), 1) if turn < 0.6 else 0.0
    noise = round(rng.uniform(0.5, 4), 1) if rng.random() < 0.5 else 0.0
    contrast = round(rng.uniform(0.3, 0.7), 2) if rng.random() < 0.25 else 1.0
    return {"noise_seed": seed, "rotation": rotation, "noise": noise, "contrast": contrast}
