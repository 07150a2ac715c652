"""How many of the areas of meaning each part of a corpus reaches.

Axes: N rows, D dimensions, A areas.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from corpus.signals.lists import centres, nearest_centres, units

AREAS = 100
FEW = 20  # rows below which a language has no middle of its own


def across_languages(vectors_ND: np.ndarray, language: pl.Series) -> np.ndarray:
    """Vectors without what all rows of a language share, so that one subject lies in one place in all of them.

    Args:
        vectors_ND: One vector per row.
        language: Of each row; one with fewer than 20 rows has the middle of all rows taken out.

    Returns:
        Unit vectors (N, D); zeros for a vector without a direction.
    """
    unit_ND = units(vectors_ND)
    pointing_N = unit_ND.any(axis=1)
    found_ND = unit_ND - unit_ND[pointing_N].mean(axis=0) if pointing_N.any() else unit_ND
    for one in language.drop_nulls().unique().sort():
        mine_N = (language == one).fill_null(False).to_numpy() & pointing_N
        if mine_N.sum() >= FEW:
            found_ND[mine_N] = unit_ND[mine_N] - unit_ND[mine_N].mean(axis=0)
    found_ND[~pointing_N] = 0
    return units(found_ND)


def areas(vectors_ND: np.ndarray, *, count: int = AREAS) -> np.ndarray:
    """The area of meaning that each row lies in: the nearest of the centres that k-means finds among all rows.

    Returns:
        (N,) from 0 to count - 1; -1 for a vector without a direction.
    """
    unit_ND = units(vectors_ND)
    pointing_N = unit_ND.any(axis=1)
    found_N = np.full(len(unit_ND), -1)
    if pointing_N.any():
        pointing_ND = unit_ND[pointing_N]
        found_N[pointing_N] = nearest_centres(pointing_ND, centres(pointing_ND, count), 1)[:, 0]
    return found_N


def coverage(cells: pl.DataFrame, areas_N: np.ndarray, by: Sequence[str]) -> pl.DataFrame:
    """How widely the rows of each cell are spread over the areas of the whole.

    Few rows reach few areas, whatever they say, so `reached` is to be read beside `expected`: far below it the cell
    says a few things over and over.

    Args:
        cells: Rows with the columns `by`.
        areas_N: Their areas, as `areas` gives them; a row without one (-1) is left out.
        by: What makes a cell.

    Returns:
        `by`, `rows`, `reached` (share of the areas that the cell has a row in), `expected` (that share for as many rows
        drawn from all, with replacement) and `effective` (areas that spread as evenly would be as many: 2 to the power
        of the entropy in bits).

    Source:
        Hill 1973, Diversity and evenness: the number of order 1.
    """
    placed = cells.select(by).with_columns(area=pl.Series(areas_N, dtype=pl.Int64)).filter(pl.col("area") >= 0)
    share_A = np.bincount(placed["area"].to_numpy()) / max(placed.height, 1)
    share_A = share_A[share_A > 0]
    counted = (
        placed.group_by(*by, "area")
        .agg(rows=pl.len().cast(pl.Int64))
        .group_by(by)
        .agg(
            pl.col("rows").sum(),
            reached=pl.len() / max(len(share_A), 1),
            effective=pl.col("rows").entropy(base=2, normalize=True),
        )
        .with_columns(effective=2 ** pl.col("effective"))
        .sort(by, nulls_last=True)
    )
    expected = [float((1 - (1 - share_A) ** rows).mean()) for rows in counted["rows"]]
    return counted.select(*by, "rows", "reached", expected=pl.Series(expected, dtype=pl.Float64), effective="effective")
