"""`models`: weights for machines that reach no model hub."""

from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, emit, say

app = typer.Typer(no_args_is_help=True, help="Where model weights come from, and an offline pack of three models.")


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """The offline pack: each model with its licence, and whether it has been fetched.

    Example: `safeladder models list`.
    """
    from catalog import models

    rows = [
        {
            "model": packed.id,
            "license": packed.license,
            "here": (models.cache() / "models" / packed.id.replace("/", "--")).is_dir(),
            "about": packed.about,
        }
        for packed in models.PACK.values()
    ]
    emit(rows, as_json=as_json)
    say("any other model id is taken from a local directory, the hub cache or the hub")


@app.command("fetch")
def fetch(
    model: Annotated[list[str], typer.Argument(help="Ids as `models list` shows them")], as_json: JsonOption = False
) -> None:
    """Lay out models of the offline pack as ordinary Hugging Face directories.

    Example: `safeladder models fetch sentence-transformers/all-MiniLM-L6-v2`.
    """
    from catalog import models

    emit(({"model": name, "folder": str(models.fetch(name, say=say))} for name in model), as_json=as_json)
