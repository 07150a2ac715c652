"""A judge: a task, the words it is asked in, the contract it answers under, and what of a sample it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from catalog.taxonomy import to_ours
from corpus.filters import refusal_kind
from synth.inference.request import Reply, Request
from synth.judges import ask
from synth.judges.contracts import Contract
from synth.judges.judgement import Judgement, Reading
from synth.judges.own import after_thinking
from synth.judges.passes import Pass, only
from synth.judges.subject import Subject

Style = Literal["chat", "completion"]


@dataclass(frozen=True)
class Judge:
    """One way of asking a model for a verdict.

    Args:
        name: Key in `JUDGES`.
        version: Raised whenever the same sample would be asked or read in another way.
        task: Key of `judgement.TASKS`.
        contract: What it is to write, and how that is read.
        reads: Fields of a `Subject` that it is shown; a sample without one of them does not apply.
        template: Name of its rules in `prompts/`. A guard or a classifier has none: it is sent the exchange itself, and
            its server puts the words or marks around it that it was trained with.
        scheme: Crosswalk of the categories that it names.
        passes: Questions to one sample; most judges have one.
        merge: One reading out of those of the passes.
    """

    name: str
    version: int
    task: str
    contract: Contract
    reads: tuple[str, ...]
    template: str | None = None
    scheme: str | None = None
    passes: tuple[Pass, ...] = (Pass(),)
    merge: Callable[[Sequence[Reading]], Reading] = only

    def requests(self, subject: Subject, *, style: Style = "chat") -> list[Request]:
        """What to ask about a sample: one request for each pass, or none where `lacks` says why.

        Args:
            subject: The sample.
            style: `chat`, or `completion` for a model without a chat template.
        """
        if self.lacks(subject, style=style):
            return []
        return [self._request(subject, one, style) for one in self.passes]

    def lacks(self, subject: Subject, *, style: Style = "chat") -> str | None:
        """Why this judge does not judge a sample, as one word; None if it does."""
        if style == "completion" and (self.template is None or subject.images):
            return "pictures_need_chat" if subject.images else "guard_needs_chat"
        if self.contract.classifies and subject.images:
            return "reads_text_alone"
        return next((f"no_{field}" for field in self.reads if getattr(subject, field) is None), None)

    def read(self, subject: Subject, replies: Sequence[Reply], *, model: str, style: Style = "chat") -> Judgement:
        """The judgement of a sample, whatever came back.

        Args:
            subject: The sample.
            replies: Replies to its requests, in any order; one that is missing counts as failed.
            model: Name and digest of the model that was asked.
            style: As it was asked.
        """
        if why := self.lacks(subject, style=style):
            merged = Reading(outcome="not_applicable", reason=why)
        else:
            by_id = {reply.id: reply for reply in replies}
            merged = self.merge([one.undo(self._reading(by_id.get(self._id(subject, one)))) for one in self.passes])
        matches = [to_ours(self.scheme, name) for name in merged.categories] if self.scheme else []
        found = merged.model_dump()
        if any(match.screened for match in matches):
            found["reason"] = "screened"
        return Judgement(
            **found,
            ours=tuple(dict.fromkeys(id for match in matches for id in match.ids)),
            sample_id=subject.sample_id,
            judge=f"{self.name}@{self.version}/{model}",
            task=self.task,
        )

    def _id(self, subject: Subject, one: Pass) -> str:
        return "/".join(filter(None, (subject.sample_id, f"{self.name}@{self.version}", one.name)))

    def _request(self, subject: Subject, one: Pass, style: Style) -> Request:
        shown = subject.swapped() if one.swap else subject
        sampling, id = self.contract.sampling, self._id(subject, one)
        if self.template is None:
            asked = one.before(_without_thinking(shown))
            return Request(id=id, messages=asked, sampling=sampling, classify=self.contract.classifies)
        fields = {field: getattr(shown, field) for field in self.reads}
        if style == "chat":
            return Request(id=id, messages=ask.chat(self.template, self.contract, fields, shown), sampling=sampling)
        # Each example ends with an empty line, and so should the answer.
        stop = () if sampling.max_tokens == 1 else ("\n\n",)
        return Request(
            id=id,
            prompt=ask.completion(self.template, self.contract, fields, shown),
            sampling=sampling.model_copy(update={"stop": stop}),
        )

    def _reading(self, reply: Reply | None) -> Reading:
        if reply is None or not reply.choices:
            return Reading(outcome="failed", reason=(reply.failure if reply else None) or "no_reply")
        choice = reply.choices[0]
        found = self.contract.read(choice)
        if found.outcome != "unparsed":
            return found
        if choice.finish_reason == "content_filter":
            return found.model_copy(update={"outcome": "refused", "reason": "content_filter"})
        if choice.finish_reason == "length" and self.contract.sampling.max_tokens > 1:
            return found.model_copy(update={"outcome": "truncated", "reason": "max_tokens"})
        if refusal_kind(pl.Series([choice.text])).item():
            return found.model_copy(update={"outcome": "refused", "reason": "declined"})
        return found


def _without_thinking(subject: Subject) -> Subject:
    def final(message: dict[str, Any]) -> dict[str, Any]:
        if message["role"] != "assistant":
            return message
        parts = [{**part, "text": part["text"] and after_thinking(part["text"]).strip()} for part in message["content"]]
        return {**message, "content": parts}

    return subject.model_copy(update={"messages": tuple(map(final, subject.messages))})
