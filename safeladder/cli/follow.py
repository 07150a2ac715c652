"""`trace`, `why` and `diff`: follow one row, or find what changed between two states of the store."""

from typing import Annotated, Any

import typer

from safeladder.cli.console import ID, JsonOption, StoreOption, emit, say

SampleArgument = Annotated[str, typer.Argument(help="First characters of a sample id, or source:file:line")]
AnyArgument = Annotated[
    str,
    typer.Argument(
        help="First characters of the id of a sample, checkpoint or release; source:file:line; or a release's name"
    ),
]
DepthOption = Annotated[
    int | None, typer.Option("--depth", min=1, help="Steps to parents and children; all by default")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("trace")(trace)
    app.command("why")(why)
    app.command("diff")(diff)


def trace(what: AnyArgument, store: StoreOption = None, depth: DepthOption = None, as_json: JsonOption = False) -> None:
    """Follow one row from source file and line to the releases, checkpoints and rewards that used it.

    Of a checkpoint or release: what it was made from, and what was made from it.

    Examples: `safeladder trace 3f2a9c`; `safeladder trace seed:rows.jsonl:1`; `safeladder trace demo`.
    """
    from catalog import lineage

    with _catalog(store) as connection:
        found = lineage.find(connection, what)
        kind = lineage.kind(connection, found)
        events = lineage.trace(connection, found, depth=depth)
    if as_json:
        emit(events, as_json=True)
        return
    print(f"{kind} {found}")
    for event in events:
        print(_line(event))
    if not events:
        say(f"nothing was made from this {kind} yet")


def why(sample: SampleArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Why a row is not in the latest release.

    Examples: `safeladder why 3f2a9c`; `safeladder why seed:rows.jsonl:1`.
    """
    from catalog import lineage

    with _catalog(store) as connection:
        found = lineage.find(connection, sample)
        kind = lineage.kind(connection, found)
        if kind not in ("sample", "record"):
            raise ValueError(f"{sample} is a {kind}, and rows are released: `safeladder trace {sample}` follows it")
        reasons = lineage.why(connection, found)
    if as_json:
        emit(reasons, as_json=True)
    elif not reasons:
        print(f"{found} is in the latest release; follow it with `safeladder trace {found[:12]}`")
    else:
        print(f"{kind} {found}")
        for reason in reasons:
            print(_line(reason))


def diff(
    a: Annotated[str, typer.Argument(help="A release by name or digest; or a commit number or ISO time")],
    b: Annotated[str, typer.Argument(help="The later one")],
    rows: Annotated[bool, typer.Option("--rows", help="Every changed row, not only their number")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed between two releases, or between two moments, and why.

    Examples: `safeladder diff demo after-review`; `safeladder diff 3 7 --rows`.
    """
    from catalog.diff import diff as compare

    with _catalog(store) as connection:
        found = compare(connection, a, b)
    say(f"{found.a} -> {found.b}")
    if found.rows.is_empty() and not as_json:
        print("no difference")
        return
    emit((found.rows if rows else found.summary()).iter_rows(named=True), as_json=as_json)
    if not rows and found.rows.height:
        say(f"next: safeladder diff {a} {b} --rows")


def _catalog(store: str | None) -> Any:
    from catalog import read_model
    from safeladder.settings import store_path

    return read_model.connect(store_path(store))


def _line(event: dict[str, Any]) -> str:
    parts = []
    for key, value in event.items():
        if key == "event" or value is None:
            continue
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        parts.append(f"{key}={text[:12] if ID.fullmatch(text) else text}")
    return f"  {event['event']:<11}{'  '.join(parts)}"
