"""How many requests a route can make for a cell, by what there is to start from."""

from collections import defaultdict
from collections.abc import Callable
from typing import get_args

import polars as pl

from catalog.labels import SAFETY
from synth.balance.cells import KEY
from synth.balance.routes import BY_EDIT, HARMLESS, Route
from synth.language import Language

Place = tuple[str | None, ...]  # a cell, in the order of `KEY`
NO_END = 2**62


def rooms_of(cells: pl.DataFrame) -> Callable[[Route, Place], int]:
    """A function from a route and a cell to the most requests that can be made: one per row or prompt to start from.

    Args:
        cells: As `cells.count` gives them.
    """
    samples: dict[Place, int] = defaultdict(int)
    prompts: dict[Place, int] = defaultdict(int)
    for *key, rows, clusters in cells.select(*KEY, "samples", "clusters").iter_rows():
        task, category, subcategory, language, modality, label = key
        samples[tuple(key)] = rows
        if subcategory is not None or label in HARMLESS:  # without either nothing says whether the request is harmless
            # One prompt may stand under several labels: the largest number is the least there can be.
            place = (task, category, subcategory, language, modality)
            prompts[place] = max(prompts[place], clusters)
    risky: dict[Place, int] = defaultdict(int)
    for (task, _, subcategory, language, modality), clusters in prompts.items():
        if subcategory is not None:
            risky[task, language, modality] += clusters

    def room(route: Route, cell: Place) -> int:
        task, category, subcategory, language, modality, label = cell
        match route.start:
            case "nothing":
                return NO_END
            case "prompts":
                return prompts[cell[:-1]]
            case "risky":
                return risky[task, language, modality]
            case "cell":
                return samples[cell]
            case "languages":
                others = (other for other in get_args(Language) if other != language)
                return sum(samples[task, category, subcategory, other, modality, label] for other in others)
            case "text":
                return samples[task, category, subcategory, language, "text", label]
            case "replies":
                return sum(samples[*cell[:-1], other] for other in SAFETY if other != label)
            case "edits":
                return sum(samples[*cell[:-1], before] for before in BY_EDIT[str(label)])

    return room
