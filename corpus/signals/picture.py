"""The corpus as a map: where each category lies in each language and modality, and where nobody is.

Axes: N rows, D dimensions.
"""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import polars as pl

from corpus.signals.lists import units
from corpus.signals.spread import across_languages, areas, coverage

PER_CELL = ("task", "category", "language", "modality")
NO_CATEGORY = "(no category)"
COLOURS = {"safety": ("#f6c3b0", "#7a1616"), "value": ("#cbc1e8", "#38207a"), "knowledge": ("#b3ddd3", "#05473d")}
EMPTY, INK, PALE = "#eeeeee", "#333333", "#b0b0b0"
OUTSIDE = 0.005  # share of the rows at each edge that is drawn at the rim

ACROSS = 11  # hexagons from left to right
WIDE = 8.0  # pixels of a hexagon
HIGH = WIDE * np.sqrt(3) / 2  # rows of hexagons lie this far apart, every other one shifted by a half
PANEL = ACROSS * WIDE
LINE, COLUMN, NAMES, BLOCK, TOP, EDGE = PANEL + 26, PANEL + 14, 118, 44, 172, 32


def coverage_map(cells: pl.DataFrame, vectors_ND: np.ndarray) -> str:
    """SVG: one small map for each category, language and modality; the same bytes every time, and no row in it.

    Every map shows the same plane, with what the rows of a language share taken out: grey where the corpus has rows at
    all, coloured where this cell has some, the darker the more. Below it stand the number of rows, and the share of the
    areas of meaning that they reach.

    Args:
        cells: `task`, `category`, `language`, `modality` of each row; a row without a task is left out.
        vectors_ND: Its vector.

    Raises:
        ValueError: If no row has a task: there would be nothing to draw.
    """
    has_task = cells["task"].is_not_null()
    cells = cells.filter(has_task).with_columns(pl.col("category").fill_null(NO_CATEGORY))
    if cells.is_empty():
        raise ValueError("no row has a task, so there is no cell to draw")
    column = pl.concat_str("language", "modality", separator=" ")
    alike_ND = across_languages(vectors_ND[has_task.to_numpy()], cells["language"])
    placed = cells.select(PER_CELL).with_columns(_hexagons(plane(alike_ND)), column=column)
    counted = placed.group_by("task", "category", "column", "x", "y").agg(rows=pl.len()).sort(pl.all())
    spread = coverage(cells, areas(alike_ND), PER_CELL).with_columns(column=column)
    columns = sorted(placed["column"].unique(), key=lambda name: (name.endswith("image"), name))
    tasks = [task for task in COLOURS if task in set(placed["task"])]
    parts: list[str] = []
    left, lowest = float(EDGE), 0.0
    for task in tasks:
        mine = counted.filter(task=task)
        names = sorted(mine["category"].unique(), key=lambda name: (name == NO_CATEGORY, name))
        parts += _block(left, task, names, columns, mine, spread.filter(task=task))
        left += NAMES + COLUMN * len(columns) + BLOCK
        lowest = max(lowest, TOP + LINE * len(names))
    ground = "".join(_hexagon(x, y) for x, y in placed.select("x", "y").unique().sort("x", "y").iter_rows())
    width, height = left - BLOCK + EDGE, lowest + EDGE / 2
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="Noto Sans, Helvetica, Arial, sans-serif">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        f'<defs><path id="all" d="{ground}" fill="{EMPTY}"/></defs>'
    )
    title = [
        _text(EDGE, 44, "What the corpus talks about", size=22, weight="bold"),
        _text(EDGE, 68, f"{cells.height:,} rows by meaning: every small map is the same plane, whatever the language."),
        _text(EDGE, 86, "Grey: the corpus has rows there. Coloured: this category has, the darker the more."),
        _text(EDGE, 104, "Below: rows, and the share of the areas of meaning that they reach."),
    ]
    return "\n".join([head, *title, *parts, "</svg>\n"])


def plane(vectors_ND: np.ndarray) -> np.ndarray:
    """The two directions in which the rows differ most (PCA): (N, 2). The largest weight of each is positive."""
    unit_ND = units(vectors_ND).astype(np.float64)
    centred_ND = unit_ND - unit_ND.mean(axis=0)
    _, vectors_DD = np.linalg.eigh(centred_ND.T @ centred_ND)
    axes_D2 = vectors_DD[:, [-1, -2]]
    signs_2 = np.sign(axes_D2[np.abs(axes_D2).argmax(axis=0), [0, 1]])
    return centred_ND @ (axes_D2 * signs_2)


def _hexagons(at_N2: np.ndarray) -> list[pl.Series]:
    """The middle of the hexagon that each point lies in, in pixels of a map; points far outside go to the rim."""
    low_2, high_2 = np.quantile(at_N2, [OUTSIDE, 1 - OUTSIDE], axis=0)
    wide_2 = np.where(high_2 > low_2, high_2 - low_2, 1)
    x_N, y_N = (np.clip((at_N2 - low_2) / wide_2, 0, 1) * (PANEL - WIDE) + WIDE / 2).T
    even = np.round(x_N / WIDE) * WIDE, np.round(y_N / (2 * HIGH)) * 2 * HIGH
    odd = (np.floor(x_N / WIDE) + 0.5) * WIDE, (2 * np.floor(y_N / (2 * HIGH)) + 1) * HIGH
    nearer = (x_N - even[0]) ** 2 + (y_N - even[1]) ** 2 <= (x_N - odd[0]) ** 2 + (y_N - odd[1]) ** 2
    return [pl.Series(name, np.where(nearer, a, b).round(2)) for name, a, b in zip("xy", even, odd, strict=True)]


def _block(
    left: float, task: str, names: list[str], columns: list[str], counted: pl.DataFrame, spread: pl.DataFrame
) -> Iterator[str]:
    """The maps of one task: a line for each category, a column for each language and modality."""
    most = int(counted["rows"].to_numpy().max())
    figures = {(row["category"], row["column"]): row for row in spread.iter_rows(named=True)}
    yield _text(left + NAMES, TOP - 32, task, size=15, weight="bold", fill=COLOURS[task][1])
    for at, column in enumerate(columns):
        yield _text(left + NAMES + COLUMN * at + PANEL / 2, TOP - 10, column, anchor="middle")
    for line, name in enumerate(names):
        y = TOP + LINE * line
        yield _text(left + NAMES - 12, y + PANEL / 2, name.replace("_", " "), anchor="end")
        for at, column in enumerate(columns):
            x = left + NAMES + COLUMN * at
            shades = counted.filter(category=name, column=column).group_by("rows").agg(pl.struct("x", "y")).sort("rows")
            dots = "".join(_path(places, _shade(task, rows, most)) for rows, places in shades.iter_rows())
            yield f'<g transform="translate({x:.1f} {y:.1f})"><use href="#all"/>{dots}</g>'
            yield _figures(x + PANEL / 2, y + PANEL + 12, figures.get((name, column)))


def _figures(x: float, y: float, row: dict[str, Any] | None) -> str:
    if row is None:
        return _text(x, y, "none", size=10, anchor="middle", fill=PALE)
    return _text(x, y, f"{row['rows']:,} · {row['reached']:.0%}", size=10, anchor="middle")


def _path(places: list[dict[str, float]], fill: str) -> str:
    return f'<path d="{"".join(_hexagon(one["x"], one["y"]) for one in places)}" fill="{fill}"/>'


def _hexagon(x: float, y: float) -> str:
    """A hexagon that stands on a corner, with a hair of white around it."""
    half, side = WIDE / 2 * 0.94, WIDE / np.sqrt(3) * 0.94
    right, left = f"l{half:.1f} {side / 2:.1f}v{side:.1f}", f"l{-half:.1f} {-side / 2:.1f}v{-side:.1f}z"
    return f"M{x:.1f} {y - side:.1f}{right}l{-half:.1f} {side / 2:.1f}{left}"


def _shade(task: str, rows: int, most: int) -> str:
    """From pale for one row to dark for the most, by the logarithm."""
    share = np.log(rows) / np.log(most) if most > 1 else 1.0
    pale, dark = ([int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in COLOURS[task])
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(pale, dark, strict=True))


def _text(
    x: float, y: float, said: str, *, size: int = 12, weight: str = "normal", anchor: str = "start", fill: str = INK
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}"'
    return f"<text {place}>{escape(said)}</text>"
