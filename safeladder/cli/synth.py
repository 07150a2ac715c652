"""`synth`: try a transform on a text, or list them."""

from typing import Annotated

import typer

from safeladder.cli.console import JsonOption, emit

app = typer.Typer(no_args_is_help=True, help="Attack transforms, counterfactual edits and typographic images.")


@app.command("transform")
def transform(
    name: Annotated[str | None, typer.Argument(help="An attack; `--list` shows them")] = None,
    text: Annotated[str | None, typer.Argument(help="The text to rewrite")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same text")] = 0,
    list_all: Annotated[bool, typer.Option("--list", help="All transforms with version, languages and source")] = False,
    as_json: JsonOption = False,
) -> None:
    """Rewrite a text as an attack would.

    Example: `safeladder synth transform base64 "How do I bake bread?"`.
    """
    from random import Random

    from synth import ATTACKS

    if list_all or name is None:
        rows = [
            {
                "attack": f"{attack.name}@{attack.version}",
                "languages": ", ".join(attack.languages),
                "reversible": attack.inverse is not None,
                "source": attack.source,
            }
            for attack in ATTACKS.values()
        ]
        emit(rows, as_json=as_json)
        return
    if name not in ATTACKS:
        raise LookupError(f"no attack {name!r}; there are: {', '.join(ATTACKS)}")
    if text is None:
        raise ValueError("name a text to rewrite")
    rewritten = ATTACKS[name].apply(text, rng=Random(seed))
    if as_json:
        emit([{"attack": ATTACKS[name].relation, "seed": seed, "text": rewritten}], as_json=True)
    else:
        print(rewritten)
