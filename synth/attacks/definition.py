"""What an attack is: a rewriting, the words around it, and what is known about both."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from synth.attacks.words import unworded, wordings
from synth.errors import NotApplicable
from synth.language import Language, require_language

Family = Literal["encoding", "cipher", "disguise", "framing", "context", "noise", "chain"]

MAX_CHARS = 16_000  # a result may be this long, or twice as long as a request that is long itself


@dataclass(frozen=True)
class Attack:
    """One disguise.

    Args:
        name: Key in `ATTACKS`.
        version: Raised whenever the same text and random state would give another result.
        family: What it does to the request, for annotators and for holding out a whole family.
        languages: Languages it works for.
        note: Why a language is missing, or what happens to Chinese.
        source: The paper whose idea it follows.
        rewrite: `(text, *, rng) -> str`; raises `NotApplicable` where it cannot work. None leaves the request as it is,
            for the words around it.
        restore: Undoes `rewrite` exactly, where that is possible.
        frame: `(language, *, rng) -> str`, words with `{}` for the rewritten request. Without it they are drawn from
            `words.yaml`; an attack that does not stand there has none.
        stands: Whether the request stands unchanged inside the result.
        parts: Of a chain, its attacks, the innermost first.
    """

    name: str
    version: int
    family: Family
    languages: tuple[Language, ...]
    note: str
    source: str
    rewrite: Callable[..., str] | None = None
    restore: Callable[[str], str] | None = None
    frame: Callable[..., str] | None = None
    stands: bool = False
    parts: tuple["Attack", ...] = ()

    @property
    def relation(self) -> str:
        """Name in the lineage: `base64@1`, or `base64@1+role_play@1`."""
        return "+".join(part.relation for part in self.parts) or f"{self.name}@{self.version}"

    @property
    def reversible(self) -> bool:
        """Whether there is an `inverse`."""
        return self.frame is None and (self.rewrite is None or self.restore is not None)

    @property
    def inverse(self) -> Callable[[str], str] | None:
        """Gives the request back exactly, where that is possible."""
        return self._taken_back if self.reversible else None

    @property
    def intent(self) -> Literal["stands", "restored", "read"]:
        """How to get at what is asked: it stands in the result, `inverse` restores it, or a reader has to see it."""
        return "stands" if self.stands else "restored" if self.reversible else "read"

    def apply(self, text: str, *, rng: Random, tongue: Language | None = None) -> str:
        """The disguised request.

        Args:
            text: The request.
            rng: Source of randomness: the same state gives the same text.
            tongue: Language of the words around it; that of the text where none is given.

        Raises:
            NotApplicable: `empty`; `not_unicode` for half a surrogate pair; `other_language` where there are words, but
                none in that language; `already_disguised` where the words could not be told from those of the text;
                `unchanged` and `too_long` for the result; or a reason of the attack's own.
        """
        if not text.strip():
            raise NotApplicable("empty")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise NotApplicable("not_unicode")
        speaks = self.frame is not None or bool(wordings(self.name))
        tongue = (tongue or require_language(text)) if speaks else None
        if tongue and tongue not in self.languages:
            raise NotApplicable("other_language")
        disguised = self.rewrite(text, rng=rng) if self.rewrite else text
        if self.rewrite and disguised == text:
            raise NotApplicable("unchanged")
        if tongue:
            disguised = self._framed(disguised, tongue, rng=rng)
        if len(disguised) > max(MAX_CHARS, 2 * len(text)):
            raise NotApplicable("too_long")
        return disguised

    def _framed(self, request: str, tongue: Language, *, rng: Random) -> str:
        frame = self.frame(tongue, rng=rng) if self.frame else rng.choice(wordings(self.name)[tongue])
        framed = frame.replace("{}", request)
        if self.reversible and unworded(framed, self.name) != request:
            raise NotApplicable("already_disguised")
        return framed

    def _taken_back(self, text: str) -> str:
        rewritten = unworded(text, self.name) if wordings(self.name) else text
        return self.restore(rewritten) if self.restore else rewritten
