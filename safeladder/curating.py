"""Sets that are chosen from a release by quotas, and frozen as releases of their own."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from catalog import Store, configuration, digest, ledger, read_model, taxonomy
from catalog.labels import SPLITS, TASKS
from catalog.releases import checked_name, find_release
from catalog.releases import freeze as freeze_rows
from corpus.curate import Selection, select
from corpus.embed import vectors
from safeladder.measuring import MEASURED, OF_REPLY, TEXTS, Tick, languages_of, places, vectors_of
from safeladder.pipeline.frames import table
from synth import balance
from synth.balance.cells import SAFE_UNKNOWN, UNSAFE_UNKNOWN

# One row per sample and task of the release, with today's label, what is known of it, and what was measured last.
CANDIDATES = """
with measured as (
    select * exclude (stage_id, added_seq, removed_seq) from signals where release_id = $release
    qualify row_number() over (partition by sample_id, task order by added_seq desc) = 1
), met as (
    select sample_id, any_value(source) as source, any_value(occurrences) as occurrences,
        any_value(prompt) as prompt, any_value(response) as response
    from rows group by 1
), candidates as (
    select m.* exclude (cluster_id), r.split, r.cluster_id, l.unsafe, l.origin,
        coalesce(t.source, 'synth') as source, t.occurrences, t.prompt, t.response,
        s.* exclude (release_id, sample_id, task)
    from members m
    join release_rows r on r.release_id = $release and r.sample_id = m.sample_id and r.task = m.task
    join labels l on l.sample_id = m.sample_id and l.task = m.task and not l.conflict
    left join met t on t.sample_id = m.sample_id
    left join measured s on s.sample_id = m.sample_id and s.task = m.task
)
select * exclude (prompt, response) from candidates where ({where}
) order by sample_id, task"""


class Plan(NamedTuple):
    """What a selection comes to: the release it takes from, the rows, and one line per cell."""

    release: dict[str, Any]
    chosen: pl.DataFrame
    report: pl.DataFrame


def plan(path: Path, selection: Selection, *, tick: Tick = lambda done, total: None) -> Plan:
    """Choose the rows of a selection; nothing is written.

    Args:
        path: The store.
        selection: What to choose.
        tick: Told how many of how many new texts are embedded, which `spread` needs.

    Raises:
        LookupError: If there is no such release, or its signals are asked for and were never measured.
        ValueError: If the condition is no SQL over the columns there are, a value of `shares` or `cells` is none of its
            column, or the selection cannot be met.
    """
    found = find_release(Store.existing(path), selection.release)
    with read_model.connect(path) as connection:
        members = balance.members(connection, languages=languages_of(path))
        sources = connection.execute("select distinct source from rows where source is not null").fetchall()
        _check_values(selection, members, ["synth", *(source for (source,) in sources)])
        texts = pl.DataFrame(connection.sql(TEXTS).to_arrow_table()) if selection.spread > 1 else None
    with read_model.connect(path, sandbox=True) as connection:
        _check_measured(connection, selection, found)
        connection.register("members", members.to_arrow())
        try:
            query = CANDIDATES.format(where=selection.where or "true")
            asked = connection.sql(query, params={"release": found["release_id"]})
            candidates = pl.DataFrame(asked.to_arrow_table())
        except (
            duckdb.BinderException,
            duckdb.CatalogException,
            duckdb.ParserException,
            duckdb.PermissionException,
        ) as error:
            raise ValueError(f"where: {error}") from None
        except duckdb.Error as error:  # its message may hold the value of a row
            kind = type(error).__name__
            raise ValueError(f"where: {kind} on some row; try_cast gives null in place of an error") from None
    if candidates.is_empty():
        raise LookupError(f"no row of release {found['name']} holds {selection.where or 'a settled label'!r}")
    vectors_ND = None
    if texts is not None:
        mine = texts.join(candidates, on="sample_id", how="semi").sort("sample_id")
        found_ND = vectors(mine, folder=vectors_of(path), tick=tick)
        vectors_ND = found_ND[places(mine["sample_id"], candidates["sample_id"])]
    return Plan(found, *select(candidates, selection, vectors_ND))


def _check_values(selection: Selection, members: pl.DataFrame, sources: list[str]) -> None:
    """Raise for a value that its column can never have; a language or source may be one that is still to come."""
    entries = taxonomy.load().entries()
    closed = {
        "task": list(TASKS),
        "label": [label for labels in TASKS.values() for label in labels] + [SAFE_UNKNOWN, UNSAFE_UNKNOWN],
        "split": list(SPLITS),
        "modality": ["text", "image"],
        "category": [entry.id for entry in entries if entry.is_category],
        "subcategory": [entry.id for entry in entries if not entry.is_category],
    }
    asked = [("cells", column, value) for bound in selection.cells for column, value in bound.keys.items()]
    asked += [(f"shares.{name}", str(name), value) for name, shares in selection.shares.items() for value in shares]
    for place, column, value in asked:
        met = members[column].drop_nulls().unique().to_list() if column in members.columns else sources
        known = sorted({*closed.get(column, ()), *met})
        near = configuration.nearest(value, known)
        if value not in known and (near or column in closed):
            meant = f"did you mean {near}?" if near else f"such as {', '.join(known[:5])}"
            raise ValueError(f"{place}: there is no {column} {value!r}; {meant}")


def _check_measured(connection: duckdb.DuckDBPyConnection, selection: Selection, release: dict[str, Any]) -> None:
    """Raise where signals were not measured: most may be null, but how a reply reads is known of every reply."""
    said = " ".join([re.sub("'[^']*'", "", selection.where or ""), *selection.order])
    asked = [name for name in MEASURED if name in re.findall(r"\w+", said.lower())]
    if not asked:
        return
    counts = ", ".join(f"count({name})" for name in OF_REPLY)
    query = f"select count(*), {counts} from signals where release_id = ?"
    ((rows, *known),) = connection.execute(query, [release["release_id"]]).fetchall()
    measure = f"`safeladder signals --release {release['name']}`"
    if not rows:
        raise LookupError(f"the signals of release {release['name']} were never measured: {measure} does")
    if unknown := [name for name, number in zip(OF_REPLY, known, strict=True) if name in asked and not number]:
        raise LookupError(
            f"{unknown[0]} is known of no row of release {release['name']}: no row has a reply, or an earlier version "
            f"measured its signals; {measure} measures them again"
        )


def freeze(path: Path, planned: Plan, selection: Selection, *, name: str) -> dict[str, Any]:
    """Freeze the chosen rows as a release, on the sides of the exam that they stood on.

    Returns:
        `release`, `release_id`, whether it is `new`, and `rows`.

    Raises:
        RuntimeError: If nothing was chosen, or a chosen row has another label now or was taken down.
    """
    checked_name(name)
    store = Store.existing(path)
    chosen = planned.chosen
    if chosen.is_empty():
        raise RuntimeError("no row was chosen, so there is nothing to release")
    annotations = store.read("annotations").join(chosen, on=["sample_id", "task"], how="semi")
    members = chosen.select("sample_id", "split", "cluster_id").unique("sample_id", keep="first", maintain_order=True)
    frozen = freeze_rows(store, members, annotations, name=name)
    same = frozen["rows"].join(chosen, on=["sample_id", "task"], how="inner", suffix="_chosen")
    if same.height != chosen.height or frozen["conflicts"].height:
        raise RuntimeError(
            f"{chosen.height} rows were chosen, but {same.height} have a settled label now: "
            "bring the catalog up to date with `safeladder catalog build`, then choose again"
        )
    release_id = frozen["release_id"]
    known = release_id in set(store.read("releases")["release_id"])
    batch = digest(
        {"curated": release_id, "name": name, "from": planned.release["release_id"], "at": str(ledger.now())}
    )
    detail = json.dumps(selection.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, sort_keys=True)
    edge = {"child_id": [release_id], "parent_id": [planned.release["release_id"]], "detail": [detail]}
    tables = {
        "release_rows": table("release_rows", frozen["tables"]["release_rows"]),
        "lineage": table("lineage", pl.DataFrame(edge), relation="curated"),
    }
    store.commit(
        batch,
        {key: rows.with_columns(stage_id=pl.lit(batch)) for key, rows in tables.items()},
        entries=frozen["entries"],
    )
    read_model.build(store)
    return {"release": name, "release_id": release_id, "new": not known, "rows": frozen["rows"].height}
