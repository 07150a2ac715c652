"""Releases: a set of labelled rows frozen under the digest of its content, whatever files hold it."""

import re
from typing import Any

import polars as pl

from catalog import ledger
from catalog.ids import digest
from catalog.store import Store

# Whose answer counts: a later entry gives way to an earlier one.
ORIGINS = ("review", "human", "machine", "construction")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
ROW = ("sample_id", "split", "cluster_id", "task", "label", "unsafe", "category", "origin")


def checked_name(name: str) -> str:
    """The name of a release, as it is.

    Raises:
        ValueError: If a command could take it for something else: a commit, a time, several words.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r}: a release name starts with a letter and holds letters, digits, . _ -: "
            "digits would be taken for a commit"
        )
    return name


def resolve_labels(annotations: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose one label per sample and task among its annotations.

    The best origin present decides (`ORIGINS`). Within it the majority wins; a tie is no label but a conflict, for
    review to settle. An answer with one of the task's labels counts before one with the binary reading alone; of
    a reviewer who thought again, the last answer counts.

    Args:
        annotations: Rows of the `annotations` table.

    Returns:
        Chosen (`sample_id`, `task`, `label`, `unsafe`, `category`, `origin`), and the conflicts (`sample_id`, `task`,
        `answers`: how many different answers tied).
    """
    key = ["sample_id", "task"]
    reviewed = pl.col("origin") == "review"
    answers = (
        pl.concat(
            [
                annotations.filter(~reviewed).unique("annotation_id", keep="first", maintain_order=True),
                annotations.filter(reviewed).unique([*key, "annotator"], keep="last", maintain_order=True),
            ]
        )
        .filter(pl.col("label").is_not_null() | pl.col("unsafe").is_not_null())
        .with_columns(rank=pl.col("origin").replace_strict({o: i for i, o in enumerate(ORIGINS)}, return_dtype=pl.Int8))
        .filter(pl.col("rank") == pl.col("rank").min().over(key))
    )
    detailed = pl.col("label").is_not_null()
    answers = answers.filter(detailed | ~detailed.any().over(key))
    votes = (
        answers.group_by([*key, "origin", "label", "unsafe"])
        .agg(votes=pl.len(), category=pl.col("category").drop_nulls().sort().first())
        .filter(pl.col("votes") == pl.col("votes").max().over(key))
    )
    tied = pl.len().over(key)
    conflicts = votes.filter(tied > 1).group_by(key).agg(answers=pl.len()).sort(key)
    chosen = votes.filter(tied == 1).select("sample_id", "task", "label", "unsafe", "category", "origin").sort(key)
    return chosen, conflicts


def release_digest(rows: pl.DataFrame) -> str:
    """Digest of a release: of its rows in order of id, and of nothing else (no file, time or name).

    Args:
        rows: Columns `ROW`.
    """
    ordered = rows.select(ROW).sort("sample_id", "task")
    return digest([digest(list(row)) for row in ordered.iter_rows()])


def freeze(store: Store, members: pl.DataFrame, annotations: pl.DataFrame, *, name: str) -> dict[str, Any]:
    """Freeze the labelled ones among the members of a run.

    Args:
        store: Asked for takedowns; nothing is written here.
        members: `sample_id`, `split`, `cluster_id`, one row per sample.
        annotations: All annotations of those samples.
        name: What users call it.

    Returns:
        `release_id`, `rows` (columns `ROW`), `tables` and `entries` for the commit, and `conflicts` as in
        `resolve_labels`.

    Raises:
        ValueError: If the name is none (`checked_name`).
        RuntimeError: If no member has a label: there would be nothing to freeze.
    """
    checked_name(name)
    allowed = members.join(store.read("takedowns"), on="sample_id", how="anti")
    chosen, conflicts = resolve_labels(annotations.join(allowed, on="sample_id", how="semi"))
    rows = allowed.join(chosen, on="sample_id").select(ROW).sort("sample_id", "task")
    if rows.is_empty():
        raise RuntimeError(f"none of {members.height} rows has a settled label, so there is nothing to release")
    release_id = release_digest(rows)
    frozen = rows.select(pl.lit(release_id).alias("release_id"), *ROW)
    return {
        "release_id": release_id,
        "rows": rows,
        "conflicts": conflicts,
        "tables": {"release_rows": frozen},
        "entries": {
            "releases": [{"release_id": release_id, "name": name, "rows": rows.height, "created_at": ledger.now()}]
        },
    }


def find_release(store: Store, name: str | None) -> dict[str, Any]:
    """The newest release of this name, or the one whose digest begins so (6 characters or more); else the newest.

    Raises:
        LookupError: If there is none, with the names there are.
    """
    releases = store.read("releases").sort("added_seq", descending=True)
    found = releases if name is None else releases.filter(pl.col("name") == name)
    if name is not None and found.is_empty() and len(name) >= 6:
        found = releases.filter(pl.col("release_id").str.starts_with(name))
    if found.is_empty():
        names = ", ".join(releases["name"].unique(maintain_order=True)) or "none yet"
        raise LookupError(f"no release {name or ''!r}; there are: {names}")
    return found.row(0, named=True)


def release_rows(store: Store, release_id: str) -> pl.DataFrame:
    """Rows of a release in order of id, checked against its digest.

    Raises:
        RuntimeError: If the rows are not the ones that were frozen.
    """
    rows = store.read("release_rows").filter(pl.col("release_id") == release_id).select(ROW)
    rows = rows.unique(("sample_id", "task"), keep="first").sort("sample_id", "task")
    if release_digest(rows) != release_id:
        raise RuntimeError(f"release {release_id[:12]}: its rows are not the ones that were frozen")
    return rows
