"""The table of docs/attacks.md: every attack with what is known about it."""

from synth.attacks.registry import ATTACKS


def table() -> str:
    """The registry in Markdown."""
    return "\n".join(
        [
            "| attack | family | languages | request | about Chinese and English | source |",
            "|---|---|---|---|---|---|",
            *(
                f"| `{attack.name}` | {attack.family} | {' '.join(attack.languages)} | {attack.intent} | {attack.note} "
                f"| {attack.source} |"
                for attack in ATTACKS.values()
            ),
        ]
    )


if __name__ == "__main__":
    print(table())
