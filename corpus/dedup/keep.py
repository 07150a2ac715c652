"""Which of several copies stays."""

from collections.abc import Mapping

import polars as pl

ORIGINS = {"review": 0, "human": 1, "machine": 2, "construction": 2}
PERMISSIVE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "MIT", "ODC-By-1.0", "Unlicense"}
SHARE_ALIKE = {"CC-BY-SA-3.0", "CC-BY-SA-4.0", "ODbL-1.0"}


def keep_rank(batch: pl.DataFrame, *, licenses: Mapping[str, str] | None = None) -> pl.Series:
    """Order in which rows are preferred among copies: rank 0 stays before all others.

    Reviewed here first, then labelled by people, then by machine or construction, then unlabelled; of these a source
    with a permissive licence before one that asks to share alike before any other; then the longer text, then the
    smaller sample_id, then the earlier occurrence. The order in which rows arrive does not matter.

    Args:
        batch: Columns sample_id, origin, prompt, response, source, file, line.
        licenses: SPDX expression of each source. One that is not named, as of rows that were made here, is permissive.
    """
    text = pl.col("prompt").fill_null("").str.len_chars() + pl.col("response").fill_null("").str.len_chars()
    origin = pl.col("origin").replace_strict(ORIGINS, default=len(ORIGINS), return_dtype=pl.Int64)
    terms = {source: _terms(license_) for source, license_ in (licenses or {}).items()}
    ordered = (
        batch.with_row_index("_at")
        .with_columns(
            _origin=origin,
            _terms=pl.col("source").replace_strict(terms, default=0, return_dtype=pl.Int64),
            _length=-text.cast(pl.Int64),
        )
        .sort("_origin", "_terms", "_length", "sample_id", "source", "file", "line", nulls_last=True)
    )
    return ordered.with_row_index("_rank").sort("_at")["_rank"].rename("rank")


def _terms(license_: str) -> int:
    """0 permissive, 1 share alike, 2 anything else: of `OR` the freest, of `AND` the strictest."""

    def of(part: str) -> int:
        return 0 if part in PERMISSIVE else 1 if part in SHARE_ALIKE else 2

    plain = license_.replace("(", "").replace(")", "")
    return min(max(of(part.strip()) for part in choice.split(" AND ")) for choice in plain.split(" OR "))
