"""The commands, put together; each group is a file of its own."""

import os
import sys
from typing import Annotated

import typer

from safeladder.cli import (
    annotate,
    catalog,
    curate,
    doctor,
    exam,
    models,
    release,
    rl,
    run,
    source,
    store,
    synth,
    taxonomy,
    verifier,
)
from safeladder.cli.console import DidNotHold

app = typer.Typer(
    name="safeladder",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="A data-centric factory for AI safety: curated corpora, calibrated verifiers, verifier-driven RL.\n\n"
    "Start with `safeladder run examples/demo.yaml --plan`, then without `--plan`.",
)
run.register(app)
catalog.register(app)
store.register()
curate.register(app)
app.command("doctor")(doctor.doctor)
app.add_typer(release.app, name="release")
app.add_typer(release.shards, name="shards")
app.add_typer(source.app, name="source")
app.add_typer(exam.app, name="exam")
app.add_typer(taxonomy.app, name="taxonomy")
app.add_typer(synth.app, name="synth")
app.add_typer(annotate.app, name="annotate")
app.add_typer(verifier.app, name="verifier")
app.add_typer(models.app, name="models")
app.add_typer(rl.app, name="rl")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("safeladder"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave")
    ] = False,
) -> None:
    """What may stand before a command."""


def main() -> None:
    """Run the command line: exit 0 done, 1 did not hold, 2 asked wrongly.

    `SAFELADDER_TRACEBACK=1` shows where an error was raised instead of its message alone.
    """
    if os.environ.get("SAFELADDER_TRACEBACK") == "1":
        app()
    try:
        app()
    except (ValueError, LookupError, FileNotFoundError, FileExistsError) as error:
        _leave(error, 2)
    except ModuleNotFoundError as error:
        _leave(RuntimeError(f"{error.name} is not installed: `safeladder doctor` says how to mend it"), 1)
    except (DidNotHold, RuntimeError, OSError) as error:
        _leave(error, 1)
    except Exception as error:
        # Most commands never import DuckDB, so its errors are known by the name of their module.
        if not any(kind.__module__ in ("duckdb", "_duckdb") for kind in type(error).__mro__):
            raise
        from catalog.read_model.connect import is_damage

        anew = "\nthe catalog is damaged: make it anew with `safeladder catalog build --full` and the same --store"
        _leave(ValueError(f"{error}{anew if is_damage(error) else ''}"), 2)


def _leave(error: BaseException, code: int) -> None:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    typer.secho(f"error: {text or type(error).__name__}", fg="red", err=True)
    sys.exit(code)
