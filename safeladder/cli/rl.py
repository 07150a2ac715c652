"""`rl`: post-train a small policy with a verifier as its reward."""

from pathlib import Path
from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, StoreOption, emit

app = typer.Typer(no_args_is_help=True, help="RL with verifier rewards (CPGD on TRL).")


@app.command("run")
def run(
    config: Annotated[Path, typer.Argument(help="YAML with the keys of a recipe's `rl` part")],
    release: Annotated[str | None, typer.Option(help="Release with the prompts; the newest by default")] = None,
    verifier: Annotated[str | None, typer.Option(help="Verifier id; the one trained on the release by default")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Three steps and a small evaluation")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a policy; metrics.jsonl, plot and rollouts stay in the store. A killed run resumes.

    Example: `safeladder rl run examples/rl_guard.yaml`, about twenty minutes.
    """
    from safeladder.reinforcing import reinforce
    from safeladder.settings import store_path

    emit([reinforce(store_path(store), config, release, verifier, quick=quick)], as_json=as_json)
