"""`doctor`: what is here, what is missing, how to mend it."""

from typing import Annotated

import typer

from safeladder.cli.console import DataOption, DidNotHold, JsonOption, StoreOption, emit


def doctor(
    area: Annotated[str | None, typer.Argument(help="install, catalog, corpus, ..., store, data, models")] = None,
    store: StoreOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check this machine: packages, shadowed modules, the store, data and models."""
    from safeladder.doctor import examine
    from safeladder.settings import data_root, store_path

    findings = examine(store_path(store), data_root(data), area)
    emit((vars(finding) for finding in findings), as_json=as_json)
    if bad := [finding for finding in findings if not finding.ok]:
        raise DidNotHold(f"{len(bad)} of {len(findings)} checks need mending")
