"""The attacks by name, with what is known about each."""

from collections.abc import Callable
from dataclasses import dataclass

from synth.attacks.base64_encoding import base64_decoded, base64_encoded
from synth.attacks.homoglyphs import homoglyphs, without_homoglyphs
from synth.attacks.leetspeak import leetspeak
from synth.attacks.past_tense import past_tense
from synth.attacks.role_play import role_play
from synth.attacks.zero_width import without_zero_width, zero_width
from synth.language import Language


@dataclass(frozen=True)
class Attack:
    """One disguise.

    Args:
        name: Key in `ATTACKS`.
        version: Raised whenever the same text and random state would give another result.
        apply: `(text, *, rng) -> str`; raises `NotApplicable` where the text would stay as it is.
        languages: Languages it works for.
        note: Why a language is missing, or what happens to Chinese.
        source: The paper it comes from.
        inverse: Gives the request back exactly, where that is possible.
    """

    name: str
    version: int
    apply: Callable[..., str]
    languages: tuple[Language, ...]
    note: str
    source: str
    inverse: Callable[[str], str] | None = None

    @property
    def relation(self) -> str:
        """Name in the lineage."""
        return f"{self.name}@{self.version}"

    @property
    def reversible(self) -> bool:
        return self.inverse is not None


_BOTH: tuple[Language, ...] = ("en", "zh")
_WEI = "Wei et al. 2023, arXiv 2307.02483"
_BOUCHER = "Boucher et al. 2022, arXiv 2106.09898"

ATTACKS: dict[str, Attack] = {
    attack.name: attack
    for attack in (
        Attack("leetspeak", 1, leetspeak, ("en",), "Han characters have no digit that looks like them", _WEI),
        Attack("base64", 1, base64_encoded, _BOTH, "Chinese is encoded as UTF-8 first", _WEI, base64_decoded),
        Attack(
            "homoglyphs",
            1,
            homoglyphs,
            _BOTH,
            "Chinese uses the Kangxi radicals, 214 characters; a text without one of them does not apply",
            _BOUCHER,
            without_homoglyphs,
        ),
        Attack("zero_width", 1, zero_width, _BOTH, "Works between any two characters", _BOUCHER, without_zero_width),
        Attack(
            "past_tense",
            1,
            past_tense,
            _BOTH,
            "Chinese verbs have no tense: time words carry it",
            "Andriushchenko and Flammarion 2024, arXiv 2407.11969",
        ),
        Attack("role_play", 1, role_play, _BOTH, "Own templates in both languages", f"{_WEI}; arXiv 2308.03825"),
    )
}
