"""Rows kept per request of each generator: measured where earlier runs have asked enough, else assumed."""

from collections.abc import Mapping

import duckdb

from synth.balance.routes import GENERATORS, ROUTES, known_generators

LEAST = 50  # requests below which an earlier run says too little

# What was asked for in vain, since there was no row to start from, was no request. A pair is one answer with two rows.
MEASURED = """
with recursive asked as (
    select distinct on (stage_id) stage_id, stage, rows_in from stages
    where state = 'finished' and starts_with(stage, 'synth:')
), edges as (
    select distinct stage_id, child_id, parent_id,
        coalesce((detail->>'$.request') || '/' || (detail->>'$.answer'), child_id) as answer
    from lineage semi join asked using (stage_id)
), kept(id) as (
    select child_id from edges where child_id in (select sample_id from splits)
    union
    select parent_id from edges join kept on child_id = id
), vain as (
    select stage_id, count(*) as n from rejections where reason = 'no_parent' group by 1
), counted as (
    select stage, rows_in - coalesce(n, 0) as requests,
        (select count(distinct answer) from edges e where e.stage_id = a.stage_id and child_id in (from kept)) as kept
    from asked a left join vain using (stage_id)
)
select stage, (sum(kept) + 1) / (sum(requests) + 2) from counted group by stage having sum(requests) >= ?
"""


def measured_yields(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Answers kept per request of each generator in earlier runs.

    An answer counts as kept if a run gave a row of it a split, or one that was made of that in turn: a request lives on
    in the rows that answer it. A generator with fewer than `LEAST` requests is left out.

    Args:
        connection: The catalog, from `catalog.read_model.connect`.

    Returns:
        (kept + 1) / (requests + 2), so that none kept is little and not nothing.

    Source:
        Laplace's rule of succession.
    """
    found = connection.execute(MEASURED, [LEAST]).fetchall()
    shares = {stage.removeprefix("synth:"): float(share) for stage, share in found}
    return {generator: shares[generator] for generator in GENERATORS if generator in shares}


def yields(measured: Mapping[str, float] | None = None) -> dict[str, float]:
    """Rows kept per request of every generator: measured, else assumed.

    Raises:
        ValueError: If a generator is not known, or a yield is not above 0.
    """
    found = {route.generator: route.kept for route in ROUTES}
    for generator in known_generators(measured or {}):
        found[generator] = (measured or {})[generator]
        if not found[generator] > 0:
            raise ValueError(f"{generator}: a yield of {found[generator]}; expected more than 0")
    return found
