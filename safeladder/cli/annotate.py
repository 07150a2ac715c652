"""`annotate`: human review on a real Argilla server."""

from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, StoreOption, emit, say

app = typer.Typer(no_args_is_help=True, help="Send uncertain rows to reviewers and bring their answers back.")
DatasetOption = Annotated[str, typer.Option("--dataset", help="Name of the review project")]


@app.command("up")
def up(
    port: Annotated[int | None, typer.Option(help="Port on loopback; a free one by default")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the Argilla server of this store; the first time makes an environment for it (about a minute).

    Example: `safeladder annotate up --port 6900`.
    """
    import annotate
    from safeladder.settings import store_path

    home = store_path(store) / "argilla"
    server = annotate.up(home, port=port, progress=say)
    emit([{"url": server.url, "owner": server.owner, "secrets": str(home / "secrets.json")}], as_json=as_json)
    say("next: safeladder annotate add-annotator NAME, then safeladder annotate push")


@app.command("down")
def down(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Stop the server; its data stays.

    Example: `safeladder annotate down`.
    """
    import annotate
    from safeladder.settings import store_path

    emit([{"stopped": annotate.down(store_path(store) / "argilla")}], as_json=as_json)


@app.command("add-annotator")
def add_annotator(
    name: Annotated[str, typer.Argument(help="User name, ascii")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a reviewer's account and print its password once.

    Example: `safeladder annotate add-annotator rosa`.
    """
    import annotate
    from safeladder.reviewing import running
    from safeladder.settings import store_path

    password = annotate.add_annotator(running(store_path(store)), name)
    emit([{"username": name, "password": password}], as_json=as_json)


@app.command("push")
def push(
    rows: Annotated[int, typer.Option(min=1, help="How many of the least certain rows")] = 50,
    overlap: Annotated[int, typer.Option(min=1, help="Reviewers per row")] = 1,
    disputed: Annotated[bool, typer.Option("--disputed", help="Written rows whose label judges left open")] = False,
    conflicts: Annotated[bool, typer.Option("--conflicts", help="Rows met with labels that contradict")] = False,
    dataset: DatasetOption = "safety-review",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send rows to review: those with the least certain verdicts, or with --disputed or --conflicts those left open.

    Pushing again doubles nothing.

    Examples: `safeladder annotate push --rows 50`; `safeladder annotate push --conflicts`.
    """
    from safeladder.reviewing import push_conflicts, push_disputed, push_uncertain
    from safeladder.settings import store_path

    if disputed and conflicts:
        raise typer.BadParameter("--disputed and --conflicts are two pushes; give one of them")
    send = push_conflicts if conflicts else push_disputed if disputed else push_uncertain
    emit([send(store_path(store), rows=rows, overlap=overlap, dataset=dataset)], as_json=as_json)
    say("next: review in the browser, then safeladder annotate pull")


@app.command("pull")
def pull(dataset: DatasetOption = "safety-review", store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Bring submitted answers back as annotations; originals stay, pulling twice doubles nothing.

    Example: `safeladder annotate pull`.
    """
    from safeladder.reviewing import pull_answers
    from safeladder.settings import store_path

    emit([pull_answers(store_path(store), dataset=dataset)], as_json=as_json)
    say("next: safeladder release create after-review")


@app.command("status")
def status(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Whether the server of this store runs, and where.

    Example: `safeladder annotate status`.
    """
    import annotate
    from safeladder.settings import store_path

    state, server = annotate.status(store_path(store) / "argilla")
    emit([{"state": state, "url": server.url if server else None}], as_json=as_json)
