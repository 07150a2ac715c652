"""`doctor`: what is here, what is missing, how to mend it."""

from typing import Annotated

import typer

from safeladder.cli.console import DataOption, DidNotHold, JsonOption, StoreOption, emit, say


def doctor(
    area: Annotated[
        str | None,
        typer.Argument(
            help="install, catalog, corpus, synth, annotate, verifiers, train, store, postgres, s3, data, models "
            "or gpu; all of them by default"
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every file of the store")] = False,
    store: StoreOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check this machine: packages, shadowed modules, the store, data and models; one area more closely.

    Each finding is ok, missing (what it is needed for is said) or wrong, with the command that mends it. Exit 1 if
    something is wrong. Nothing is changed.

    Examples: `safeladder doctor`; `safeladder doctor verifiers`; `safeladder doctor store --full`.
    """
    from safeladder.doctor import examine
    from safeladder.settings import data_root, store_path

    findings = examine(store_path(store), data_root(data), area, full=full)
    if as_json:
        emit(({"area": f.area, "state": f.state, "what": f.what, "mend": f.mend} for f in findings), as_json=True)
    else:
        for finding in findings:
            print(f"{finding.state:<8} {finding.area:<10} {finding.what}")
            if finding.mend:
                print(f"{'':<19} -> {finding.mend}")
    counts = {state: sum(f.state == state for f in findings) for state in ("ok", "missing", "wrong")}
    if counts["wrong"]:
        raise DidNotHold(f"{counts['wrong']} of {len(findings)} findings are wrong: run what stands behind ->")
    say(f"{counts['ok']} ok, {counts['missing']} missing that other things work without, nothing wrong")
    say("next: safeladder run examples/demo.yaml --plan")
