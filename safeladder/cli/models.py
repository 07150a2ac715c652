"""`models`: weights for machines that reach no model hub, and a server for any model."""

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from safeladder.cli.console import JsonOption, emit, say

if TYPE_CHECKING:
    from synth.inference.serve import Server

POLL_S = 0.5

app = typer.Typer(no_args_is_help=True, help="Where model weights come from, and a vLLM server for them.")


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


@app.command("serve")
def serve(
    model: Annotated[str, typer.Argument(help="A directory, or the id of a model")],
    flags: Annotated[list[str] | None, typer.Argument(help="After `--`: further options of vLLM")] = None,
    port: Annotated[int, typer.Option(help="Port on loopback")] = 8000,
    device: Annotated[
        Literal["cpu", "gpu"] | None, typer.Option(help="What vLLM runs on; by default a GPU where there is one")
    ] = None,
    max_len: Annotated[int, typer.Option(min=16, help="Context in tokens")] = 4096,
    api_key: Annotated[str | None, typer.Option(help="What the server asks for; by default a random one")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a model with vLLM on loopback until Ctrl-C; the first time makes an environment for it (a minute or more).

    Examples: `safeladder models serve google/gemma-3-270m`;
    `safeladder models serve Qwen/Qwen2.5-VL-72B-Instruct -- --tensor-parallel-size 4`.
    """
    from synth.inference.serve import serving

    try:
        with serving(
            model, port=port, device=device, max_len=max_len, key=api_key, flags=flags or (), progress=say
        ) as server:
            _introduce(server, as_json=as_json)
            while server.process.poll() is None:
                time.sleep(POLL_S)  # not wait(): polars lets no Ctrl-C through to a call that can be restarted
            raise server.ended()
    except KeyboardInterrupt:
        say("stopped")


def _introduce(server: "Server", *, as_json: bool) -> None:
    row = {"url": server.url, "model": server.model, "revision": server.revision, "log": str(server.log)}
    emit([row | {"api_key": server.key} if as_json else row], as_json=as_json)
    sys.stdout.flush()  # whoever reads a pipe waits for this line, and no other follows
    say(f"export OPENAI_BASE_URL={server.url} OPENAI_API_KEY={server.key}")
    to, asks = "$OPENAI_BASE_URL/completions", {"prompt": "The sky is", "max_tokens": 16}
    if server.classifies:
        exchange = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day."}]
        to, asks = "${OPENAI_BASE_URL%/v1}/classify", {"messages": exchange}
    body = json.dumps({"model": server.model, **asks})
    headers = """-H "Authorization: Bearer $OPENAI_API_KEY" -H 'Content-Type: application/json'"""
    say(f"curl {to} {headers} -d '{body}'")
    use = "name it as the engine of a judge" if server.classifies else "safeladder doctor synth"
    say(f"next: the export line in another shell, then {use}; Ctrl-C here stops the server")
