"""What a generator is given: a cell of the taxonomy, or a row to go on from, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from catalog import taxonomy
from catalog.labels import SAFETY, is_unsafe
from synth.errors import NotApplicable
from synth.language import Language, require_language

Message = dict[str, Any]
OTHER: dict[Language, Language] = {"en": "zh", "zh": "en"}
RISKY = frozenset({"Safe with refusal", "Safe with warning", "Unsafe"})  # labels that only a risky request can have


@dataclass(frozen=True)
class Cell:
    """A category or sub-category of the taxonomy, in the words of one language.

    Args:
        id: `violence` or `violence/weapons`.
        dimension: `safety`, `value` or `knowledge`.
        name: Name of the entry.
        about: Its definition.
        area: Name of its category.
    """

    id: str
    dimension: taxonomy.Dimension
    name: str
    about: str
    area: str

    @classmethod
    @cache
    def of(cls, id: str, language: Language) -> Self:
        """The cell of an id; an id that was replaced gives the entry that holds its rows now.

        Raises:
            KeyError: If the taxonomy has no such id.
        """
        entry = taxonomy.get(id)
        area = taxonomy.get(entry.category)
        dimension = taxonomy.load().dimension(entry.id)
        return cls(entry.id, dimension, entry.name[language], entry.definition[language], area.name[language])

    @property
    def category(self) -> str:
        return self.id.partition("/")[0]

    @property
    def subcategory(self) -> str | None:
        return self.id if "/" in self.id else None


@dataclass(frozen=True)
class Parent:
    """A row to go on from, with what is known about it. `gold` is the right answer to a question of fact."""

    sample_id: str
    messages: Sequence[Message]
    task: str
    label: str | None = None
    unsafe: bool | None = None
    gold: str | None = None

    @property
    def asked(self) -> list[Message]:
        """The messages before the last reply."""
        return list(self.messages[:-1] if self._answered else self.messages)

    @property
    def turns(self) -> int:
        """How often the user speaks before the last reply."""
        return sum(message["role"] == "user" for message in self.messages)

    @property
    def unanswered(self) -> list[int]:
        """Places in `asked` of the user's turns that no reply follows: those before another one, and the last."""
        spoken = [(place, message["role"]) for place, message in enumerate(self.asked) if message["role"] != "system"]
        after = [*(role for _, role in spoken[1:]), "user"]
        return [place for (place, role), then in zip(spoken, after, strict=True) if (role, then) == ("user", "user")]

    @property
    def said(self) -> tuple[list[tuple[str, str]], str]:
        """Requests with their replies, and the request that is to be answered now.

        Raises:
            NotApplicable: `several_turns` where they do not take turns, `no_request` where one has no text.
        """
        turns = [message for message in self.asked if message["role"] != "system"]
        if [message["role"] for message in turns] != [*(len(turns) // 2 * ("user", "assistant")), "user"]:
            raise NotApplicable("several_turns" if turns else "no_request")
        texts = [_text(message) for message in turns]
        if not all(text.strip() for text in texts[::2]):
            raise NotApplicable("no_request")
        return list(zip(texts[::2], texts[1::2], strict=False)), texts[-1]

    @property
    def request(self) -> str:
        """Text of the one request.

        Raises:
            NotApplicable: `several_turns` where it is a conversation, `no_request` where there is no text.
        """
        before, request = self.said
        if before:
            raise NotApplicable("several_turns")
        return request

    @property
    def reply(self) -> str | None:
        """Text of the last reply, or None where the row is a request alone."""
        return _text(self.messages[-1]) if self._answered else None

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """Parts of the request that are images, in order."""
        return [part for message in self.asked for part in message["content"] if part["type"] == "image"]

    @property
    def _answered(self) -> bool:
        return bool(self.messages) and self.messages[-1]["role"] == "assistant"


@dataclass(frozen=True)
class Item:
    """One question to a generator.

    Args:
        id: Unique within a job; what is drawn follows from it and the seed.
        language: Language of the cell's words, or of the parent's text.
        cell: Where it stands in the taxonomy.
        parent: The row that is answered or rewritten.
        intended: Label that the answer is steered to.
        origin: For a back-translation, the row from which the parent was translated.
    """

    id: str
    language: Language
    cell: Cell | None = None
    parent: Parent | None = None
    intended: str | None = None
    origin: Parent | None = None

    @classmethod
    def of_cell(cls, id: str, language: Language, *, number: int = 0) -> Self:
        """A question about a cell; `number` tells apart those about the same one."""
        return cls(f"{id}/{language}/{number}", language, Cell.of(id, language))

    @classmethod
    def of_row(cls, row: Mapping[str, Any], *, intended: str | None = None, gold: str | None = None) -> Self:
        """A question about a row of the catalog.

        Args:
            row: `sample_id`, `messages`, `task`, `label`, `unsafe`, `category` and `subcategory`.
            intended: Label to steer to, or to flip to.
            gold: The right answer, where it is known.

        Raises:
            NotApplicable: `other_language` where the row is neither English nor Chinese.
        """
        parent = Parent(row["sample_id"], row["messages"], row["task"], row["label"], row["unsafe"], gold)
        language = require_language("\n".join(_text(message) for message in parent.asked))
        place = row["subcategory"] or row["category"]
        id = row["sample_id"] if intended is None else f"{row['sample_id']}/{intended}"
        return cls(id, language, Cell.of(place, language) if place else None, parent, intended)

    @property
    def risky(self) -> bool:
        """Whether the request is known to carry a risk: it stands in a safety category, or its label says so."""
        if self.cell is not None and self.cell.dimension == "safety":
            return True
        if self.parent is None:
            return False
        label = self.parent.label
        return label in RISKY or bool(is_unsafe(label) if label in SAFETY else self.parent.unsafe)


def _text(message: Message) -> str:
    return "\n".join(part["text"] for part in message["content"] if part["type"] == "text")
