"""What is judged: one exchange, with what a judge may need beside it."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from catalog.ids import chat
from catalog.ids import sample_id as id_of
from synth.judges.own import after_thinking
from synth.language import Language, language


class Subject(BaseModel):
    """A sample as judges see it.

    Args:
        sample_id: The sample.
        messages: The exchange, in the shape of a sample's messages.
        other: For a pair: the reply that the sample's own one is compared with.
        gold: For knowledge: the answer that is known to be right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_id: str
    messages: tuple[dict[str, Any], ...]
    other: str | None = None
    gold: str | None = None

    @classmethod
    def of(cls, prompt: str, response: str | None = None, *, images: Iterable[str] = (), **beside: Any) -> "Subject":
        """A single turn as a subject; `beside` are `other` and `gold`."""
        messages = chat(prompt, response, images=tuple(images))
        return cls(sample_id=id_of(messages), messages=tuple(messages), **beside)

    @property
    def answered(self) -> bool:
        return bool(self.messages) and self.messages[-1]["role"] == "assistant"

    @property
    def prompt(self) -> str:
        """All text before the last reply; of a conversation who said what, without the thinking of earlier replies."""
        asked = self.messages[:-1] if self.answered else self.messages
        if not any(message["role"] == "assistant" for message in asked):
            return self.asked
        return "\n".join(f"[{message['role']}]\n{_spoken(message)}" for message in asked)

    @property
    def asked(self) -> str:
        """All text before the last reply as verifiers learn it: nobody is named."""
        asked = self.messages[:-1] if self.answered else self.messages
        return "\n".join(_text(message) for message in asked)

    @property
    def response(self) -> str | None:
        """The final answer of the last reply, without its thinking; None where there is no reply."""
        return _spoken(self.messages[-1]) if self.answered else None

    @property
    def images(self) -> list[str]:
        return [part["media_id"] for message in self.messages for part in message["content"] if part["type"] == "image"]

    @property
    def language(self) -> Language:
        """Language in which judges are asked; English where the exchange is in neither of ours."""
        return language(f"{self.prompt}\n{self.response or ''}") or "en"

    def swapped(self) -> "Subject":
        """The pair with its two replies exchanged; the id stays that of the sample."""
        last = self.messages[-1]
        reply = {**last, "content": [{"type": "text", "text": self.other, "media_id": None}]}
        return self.model_copy(update={"messages": (*self.messages[:-1], reply), "other": self.response})


def subjects(batch: pl.DataFrame, *, gold: Mapping[str, str] | None = None) -> list[Subject]:
    """The samples of a batch, once each, in the order in which they are first met.

    Args:
        batch: Rows with `sample_id` and `messages`.
        gold: Answers known to be right, by `sample_id`.
    """
    rows = batch.unique("sample_id", keep="first", maintain_order=True).select("sample_id", "messages")
    return [
        Subject(sample_id=id, messages=tuple(messages), gold=(gold or {}).get(id)) for id, messages in rows.iter_rows()
    ]


def _spoken(message: Mapping[str, Any]) -> str:
    return after_thinking(_text(message)).strip() if message["role"] == "assistant" else _text(message)


def _text(message: Mapping[str, Any]) -> str:
    return "\n".join(part["text"] for part in message["content"] if part["type"] == "text")
