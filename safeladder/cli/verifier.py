"""`verifier`: train, measure, score, serve, and read the card of a safety verifier."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from safeladder.cli.console import DidNotHold, JsonOption, StoreOption, emit, say

app = typer.Typer(no_args_is_help=True, help="Safety verifiers: a label out of six with a calibrated probability.")
VerifierOption = Annotated[
    str | None,
    typer.Option("--verifier", help="Id, its first characters, or a folder; the newest of the store by default"),
]


@app.command("train")
def train(
    release: Annotated[str | None, typer.Option(help="Release to train on; the newest by default")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with the keys of a recipe's `verifier` part")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train, calibrate and measure a verifier on a release; resumes if it was killed.

    Example: `safeladder verifier train --release demo`.
    """
    from safeladder.settings import store_path
    from safeladder.verifying import train_on_release

    checkpoint = train_on_release(store_path(store), release, config)
    emit([checkpoint], as_json=as_json)
    say(f"next: safeladder verifier card --verifier {checkpoint['checkpoint_id'][:12]} --store {store_path(store)}")


@app.command("eval")
def evaluate(
    verifier: VerifierOption = None,
    split: Annotated[str, typer.Option(help="calibration or test")] = "test",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Metrics with 95% intervals per slice, beside the baseline of the same run.

    Example: `safeladder verifier eval --split calibration`.
    """
    if split not in ("calibration", "test"):
        raise ValueError(f"--split {split}: expected calibration or test")
    import polars as pl

    from safeladder.settings import store_path
    from safeladder.verifying import find_verifier
    from verifiers import read_metrics

    metrics = read_metrics(find_verifier(store_path(store), verifier)).filter(pl.col("split") == split)
    emit(metrics.iter_rows(named=True), as_json=as_json)


@app.command("score")
def score(
    input: Annotated[
        Path, typer.Option("--input", help='JSON lines {"id", "prompt", "response"} or {"id", "messages"}')
    ],
    output: Annotated[Path, typer.Option("--output", help="One reply per row, in the same order")],
    verifier: VerifierOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a file; `p_unsafe` is null where the verifier abstained.

    Example: `safeladder verifier score --input examples/rows.jsonl --output out/verdicts.jsonl`.
    """
    if not input.is_file():
        raise FileNotFoundError(f"no file {input} (--input)")
    from safeladder.settings import store_path
    from safeladder.verifying import find_verifier
    from verifiers import load_verifier, score_file

    counts = score_file(load_verifier(find_verifier(store_path(store), verifier)), input, output)
    numbers = {"rows": counts.rows, "scored": counts.scored, "abstained": counts.abstained, "failed": counts.failed}
    emit([{"output": str(output), **numbers}], as_json=as_json)
    if counts.failed:
        raise DidNotHold(f"{counts.failed} of {counts.rows} rows could not be read; their replies have an `error`")


@app.command("serve")
def serve(
    verifier: Annotated[
        str | None,
        typer.Argument(help="Id, its first characters, or a folder; the newest of the store by default"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; any but loopback can be reached from elsewhere")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one")] = 8001,
    api_key: Annotated[
        str | None,
        typer.Option(envvar="SAFELADDER_KEY", help="What the server asks for; by default a random one"),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a verifier in the words of vLLM's classification API, until Ctrl-C or the end of the shell.

    Example: `safeladder verifier serve --port 8001`; then the judge `safety_verifier` can ask it.
    """
    from secrets import token_urlsafe

    from safeladder.settings import store_path
    from safeladder.verifying import find_verifier
    from verifiers import serve_verifier

    key = api_key or token_urlsafe(24)

    def introduce(url: str, model: str) -> None:
        emit([{"url": url, "model": model} | ({"api_key": key} if as_json else {})], as_json=as_json)
        sys.stdout.flush()  # whoever reads a pipe waits for this line, and no other follows
        if api_key is None:
            say(f"export SAFELADDER_KEY={key}")
        engine = f"{{url: {url}, model: {model}, key_variable: SAFELADDER_KEY}}"
        say(f"next: in a recipe's judges, {{name: safety_verifier, engine: {engine}}}")

    serve_verifier(find_verifier(store_path(store), verifier), host=host, port=port, key=key, ready=introduce)
    say("stopped")


@app.command("card")
def card(verifier: VerifierOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """What a checkpoint was trained on, how good it is, its thresholds, and what it must not be used for.

    Example: `safeladder verifier card`.
    """
    from safeladder.settings import store_path
    from safeladder.verifying import find_verifier

    folder = find_verifier(store_path(store), verifier)
    if as_json:
        print((folder / "verifier.json").read_text(encoding="utf-8"))
    else:
        print((folder / "README.md").read_text(encoding="utf-8"))
