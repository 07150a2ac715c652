"""Chains: attacks on top of each other, by a name such as `base64+role_play`."""

from functools import reduce
from random import Random

from synth.attacks.definition import Attack
from synth.attacks.registry import ATTACKS
from synth.language import language


def attack(name: str) -> Attack:
    """An attack, or a chain of them.

    Args:
        name: A key of `ATTACKS`, or several with `+` between them, the innermost first: `base64+role_play` puts a scene
            around the Base64 of the request.

    Raises:
        LookupError: If there is no attack of such a name.
        ValueError: If no language is one of all the attacks.

    Source:
        Wei et al. 2023, arXiv 2307.02483 (combinations); Huang 2024, arXiv 2411.01084 (compositions).
    """
    names = name.split("+")
    if unknown := [one for one in names if one not in ATTACKS]:
        raise LookupError(f"no attack {unknown[0]!r}; there are: {', '.join(ATTACKS)}")
    parts = tuple(ATTACKS[one] for one in names)
    return parts[0] if len(parts) == 1 else _chain(parts)


def _chain(parts: tuple[Attack, ...]) -> Attack:
    name = "+".join(part.name for part in parts)
    languages = tuple(one for one in parts[0].languages if all(one in part.languages for part in parts))
    if not languages:
        raise ValueError(f"{name}: no language is one of all these attacks; expected one for which each of them works")

    def rewrite(text: str, *, rng: Random) -> str:
        tongue = language(text)  # of the request: what a cipher leaves of it is in no language
        return reduce(lambda disguised, part: part.apply(disguised, rng=rng, tongue=tongue), parts, text)

    def restore(text: str) -> str:
        for part in reversed(parts):
            assert part.inverse is not None  # `restore` is used only where all have one
            text = part.inverse(text)
        return text

    return Attack(
        name,
        sum(part.version for part in parts),
        "chain",
        languages,
        "; ".join(part.note for part in parts),
        "; ".join(part.source for part in parts),
        rewrite,
        restore if all(part.reversible for part in parts) else None,
        stands=all(part.stands for part in parts),
        parts=parts,
    )
