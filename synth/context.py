"""What a row needs to know of the others: which prompts carry a risk, and whose reply could stand in its place."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import polars as pl

from catalog.labels import CATEGORIES
from catalog.schema import BATCH
from synth.language import language

SOURCE = "synth"
READS = (*BATCH.names, "prompt", "response", "images", "split")
DONOR_LABEL = "Safe without risk"  # a refusal or a warning would fit many a prompt; a harmful reply would stay unsafe
MIN_DONOR_CHARS = 20  # "Yes." is an answer to anything
TRIES = 8
MAX_SHARED = 0.2  # Jaccard similarity of the terms of two prompts, at most


def require_columns(frame: pl.DataFrame) -> None:
    """Raise ValueError where rows lack a column of `READS`."""
    if missing := [name for name in READS if name not in frame.columns]:
        raise ValueError(
            f"derive needs the columns {', '.join(missing)}: prompt, response and images come from "
            "catalog.text.with_text, split from the curated corpus"
        )


class Context:
    """The corpus around the rows, asked by content and never by position, so that order and batches do not matter.

    Args:
        corpus: Rows with the columns `READS`.

    Raises:
        ValueError: If a column is missing.
    """

    def __init__(self, corpus: pl.DataFrame) -> None:
        require_columns(corpus)
        self._corpus = corpus.filter(pl.col("source") != SOURCE)
        answered_well = pl.col("label").is_in(["Safe without risk", "Unnecessary refusal", "Illogical completion"])
        risky = pl.col("category").is_in(list(CATEGORIES)) | ~answered_well | pl.col("unsafe")
        self._risky = frozenset(self._corpus.filter(risky)["prompt_id"])
        self.sample_ids = frozenset(self._corpus["sample_id"])

    def is_benign(self, prompt_id: str) -> bool:
        """Whether no row names a harm for this prompt, warns of one, refuses it rightly or answers it unsafely."""
        return prompt_id not in self._risky

    def donor(self, row: Mapping[str, Any], key: str) -> dict[str, Any] | None:
        """A row of the same split and language whose reply has nothing to do with this row's prompt.

        Donors stand on a ring in the order of their ids; the first unrelated one after `key` is taken, so that a
        donor more or less in the corpus changes few rows.

        Args:
            row: The row that needs another reply.
            key: 64 hex digits.

        Returns:
            The donor's row, or None where the next few are all related or there is none.
        """
        ring, donors = self._rings.get((row["split"], language(row["prompt"])), ([], []))
        start = bisect_left(ring, key)
        for step in range(min(TRIES, len(ring))):
            donor = donors[(start + step) % len(ring)]
            if _unrelated(row, donor):
                return donor
        return None

    @cached_property
    def _rings(self) -> dict[tuple[str, str | None], tuple[list[str], list[dict[str, Any]]]]:
        fitting = self._corpus.filter(
            (pl.col("task") == "safety")
            & (pl.col("label") == DONOR_LABEL)
            & (pl.col("response").str.len_chars() >= MIN_DONOR_CHARS)
            & (pl.col("images").list.len() == 0)
        )
        columns = ("sample_id", "prompt_id", "prompt", "response", "source_group", "split")
        rings: dict[tuple[str, str | None], tuple[list[str], list[dict[str, Any]]]] = {}
        # Of one sample met twice, the same occurrence whatever the order.
        first = fitting.sort("sample_id", "source", "file", "line", nulls_last=True).unique("sample_id", keep="first")
        for donor in first.select(columns).sort("sample_id").iter_rows(named=True):
            ring, donors = rings.setdefault((donor["split"], language(donor["response"])), ([], []))
            ring.append(donor["sample_id"])
            donors.append(donor)
        return rings


def _unrelated(row: Mapping[str, Any], donor: Mapping[str, Any]) -> bool:
    if row["prompt_id"] == donor["prompt_id"]:
        return False
    if row["source_group"] is not None and row["source_group"] == donor["source_group"]:
        return False
    mine, theirs = _terms(row["prompt"]), _terms(donor["prompt"])
    return len(mine & theirs) <= MAX_SHARED * len(mine | theirs)


def _terms(text: str) -> set[str]:
    """Longer words of an alphabet, and pairs of Han characters: what two texts on one subject share."""
    han = re.findall(r"(?=([\u3400-\u9fff]{2}))", text)
    words = re.findall(r"[^\W\d_\u3400-\u9fff]{4,}", text.lower())
    return {*han, *words}
