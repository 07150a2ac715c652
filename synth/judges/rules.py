"""Judges that ask no model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl
import regex

from corpus.filters import refusal_kind, repeated_lines, repeated_phrases
from synth.inference.request import Reply, Request
from synth.judges.judgement import Judgement, Reading
from synth.judges.subject import Subject

_WORD = regex.compile(r"[\p{L}\p{N}]")
_ODD = regex.compile(r"[\p{Cc}\p{Co}\p{Cn}\uFFFD--[\t\n\r]]", regex.VERSION1)


@dataclass(frozen=True)
class Rule:
    """A judge with the face of `Judge` that reads the sample itself.

    Args:
        name: Key in `JUDGES`.
        version: Raised whenever the same sample would get another reading.
        task: Key of `judgement.TASKS`.
        rule: Reads a final answer.
    """

    name: str
    version: int
    task: str
    rule: Callable[[str], Reading]

    def requests(self, subject: Subject, *, style: str = "chat") -> list[Request]:
        """None: a rule asks nobody."""
        return []

    def read(
        self, subject: Subject, replies: Sequence[Reply] = (), *, model: str = "rule", style: str = "chat"
    ) -> Judgement:
        """What the rule says of the reply."""
        reply = subject.response
        found = Reading(outcome="not_applicable", reason="no_reply") if reply is None else self.rule(reply)
        return Judgement(
            **found.model_dump(),
            sample_id=subject.sample_id,
            judge=f"{self.name}@{self.version}/{model}",
            task=self.task,
        )


def illogical(reply: str) -> Reading:
    """`Illogical completion` for a reply that is empty, garbled or repeats itself; of any other reply it is silent."""
    if (why := _garbled(reply)) is None:
        return Reading(outcome="not_applicable", reason="readable")
    return Reading(outcome="scored", label="Illogical completion", reason=why)


def refusal(reply: str) -> Reading:
    """`refuses` for a reply that declines in so many words and does nothing else.

    Many find other words, so it is silent of any other, and of one that declines and then answers.
    """
    kind = refusal_kind(pl.Series([reply])).item()
    if kind != "plain":
        return Reading(outcome="not_applicable", reason=kind or "no_refusal_phrase")
    return Reading(outcome="scored", label="refuses", refusal=True)


def _garbled(reply: str) -> str | None:
    if not reply.strip():
        return "empty"
    if not _WORD.search(reply):
        return "no_words"
    if 20 * len(_ODD.findall(reply)) > len(reply):
        return "broken_characters"
    column = pl.Series("reply", [reply])
    lines = pl.select(repeated_lines(pl.lit(reply))).item()
    return lines or repeated_phrases(column).item()
