"""What comes out of an answer: rows, or the word that says why there are none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.labels import is_unsafe
from synth.generators.item import Item, Message


class Unparsed(ValueError):
    """An answer that gives no row; `reason` is one word, to be counted. It never holds the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Made:
    """A row that a model made.

    Args:
        messages: In the shape of a sample's messages.
        task: safety, value or knowledge.
        label: Set only where it follows from the construction; otherwise None, and a judge decides.
        unsafe: Binary reading of a safety label.
        category: Category of the taxonomy; None for a request that is meant to be harmless.
        subcategory: Sub-category, likewise.
        gold: The right answer to a question of fact, as the model gave it.
        parent_ids: Rows that it was made from.
        detail: What was meant or said along with it: `intended`, `confidence`, `similarity`, ...
    """

    messages: list[Message]
    task: str
    label: str | None = None
    unsafe: bool | None = None
    category: str | None = None
    subcategory: str | None = None
    gold: str | None = None
    parent_ids: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """All text in it, in order."""
        said = [part["text"] for message in self.messages for part in message["content"] if part["type"] == "text"]
        return said if self.gold is None else [*said, self.gold]


def made(
    item: Item,
    messages: Sequence[Message],
    *,
    task: str | None = None,
    label: str | None = None,
    gold: str | None = None,
    harmless: bool = False,
    **detail: Any,
) -> Made:
    """A row in the place of its item, with the item's parent.

    Args:
        item: What was asked.
        messages: The row's messages.
        task: Task of the row; by default that of the parent.
        label: A label that follows from the construction.
        gold: The right answer.
        harmless: Leave the categories out: they name a harm.
        detail: What else is to be kept; what is None is left out.

    Raises:
        ValueError: If there is neither a task nor a parent.
    """
    task = task or (item.parent.task if item.parent else None)
    if task is None:
        raise ValueError(f"item {item.id} has no parent: name the task of what is made")
    place = None if harmless else item.cell
    return Made(
        messages=list(messages),
        task=task,
        label=label,
        unsafe=is_unsafe(label) if task == "safety" else None,
        category=place.category if place else None,
        subcategory=place.subcategory if place else None,
        gold=gold,
        parent_ids=(item.parent.sample_id,) if item.parent else (),
        detail={name: value for name, value in detail.items() if value is not None},
    )


def text(role: str, said: str) -> Message:
    """A message of one text."""
    return {"role": role, "content": [{"type": "text", "text": said, "media_id": None}]}


def asked_anew(item: Item, said: str) -> Message:
    """The user's message in other words, after the pictures of the parent's request."""
    message = text("user", said)
    return message | {"content": [*(item.parent.pictures if item.parent else []), *message["content"]]}
