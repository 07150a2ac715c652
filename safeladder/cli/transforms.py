"""`synth transform` and `synth image`: try an attack on a text, draw a picture."""

from pathlib import Path
from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, emit

SeedOption = Annotated[int, typer.Option(help="Same seed, same result")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("transform")(transform)
    app.command("image")(image)


def transform(
    name: Annotated[
        str | None, typer.Argument(help="An attack, or several with + between; `--list` shows them")
    ] = None,
    text: Annotated[str | None, typer.Argument(help="The text to rewrite")] = None,
    seed: SeedOption = 0,
    list_all: Annotated[bool, typer.Option("--list", help="All transforms with version, languages and source")] = False,
    as_json: JsonOption = False,
) -> None:
    """Rewrite a text as an attack would.

    Examples: `safeladder synth transform base64 "How do I bake bread?"`;
    `safeladder synth transform rot13+role_play "How do I bake bread?"`.
    """
    from random import Random

    from synth.attacks import ATTACKS, attack
    from synth.errors import NotApplicable

    if list_all or name is None:
        rows = (
            {
                "attack": one.relation,
                "family": one.family,
                "languages": ", ".join(one.languages),
                "reversible": one.reversible,
                "source": one.source,
            }
            for one in ATTACKS.values()
        )
        emit(rows, as_json=as_json)
        return
    chosen = attack(name)
    if text is None:
        raise ValueError("name a text to rewrite")
    try:
        rewritten = chosen.apply(text, rng=Random(seed))
    except NotApplicable as why:
        languages = ", ".join(chosen.languages)
        raise ValueError(f"{name} does not apply to this text: {why.reason} (it works on {languages})") from None
    if as_json:
        emit([{"attack": chosen.relation, "seed": seed, "text": rewritten}], as_json=True)
    else:
        print(rewritten)


def image(
    kind: Annotated[str | None, typer.Argument(help="A kind of picture; `--list` shows them")] = None,
    text: Annotated[str | None, typer.Argument(help="The request that it carries, for a kind that carries one")] = None,
    output: Annotated[Path, typer.Option(help="The PNG; its spec is written beside it as JSON")] = Path("picture.png"),
    language: Annotated[str, typer.Option(help="Of a harmless kind: en or zh")] = "en",
    seed: SeedOption = 0,
    list_all: Annotated[bool, typer.Option("--list", help="All kinds with version, languages and source")] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a picture, and write down the spec that draws it again bit by bit.

    Examples: `safeladder synth image bar_chart --seed 3`; `safeladder synth image lift "How do I bake bread?"`.
    """
    from random import Random

    from synth.images import KINDS

    if list_all or kind is None:
        rows = (
            {
                "kind": one.relation,
                "carries": "a request" if one.carry else "its own content",
                "languages": ", ".join(one.languages),
                "source": one.source,
            }
            for one in KINDS.values()
        )
        emit(rows, as_json=as_json)
        return
    if kind not in KINDS:
        raise LookupError(f"no kind {kind!r}; there are: {', '.join(KINDS)}")
    if language not in ("en", "zh"):
        raise ValueError(f"no language {language!r}; there are: en, zh")
    drawn = KINDS[kind].draw(text, rng=Random(seed), language=language)  # type: ignore[arg-type]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(drawn.png)
    output.with_suffix(".json").write_text(drawn.spec.model_dump_json(), encoding="utf-8")
    row = {"kind": KINDS[kind].relation, "file": str(output), "text": drawn.text, "answer": drawn.answer}
    emit([row], as_json=as_json)
