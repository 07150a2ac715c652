"""A generator: it makes a request to a model from an item, and rows from the model's answer."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, Literal

from catalog.ids import canonical, digest
from catalog.taxonomy import Dimension
from synth.errors import NotApplicable
from synth.generators import asking, reading
from synth.generators.eligible import eligible
from synth.generators.item import OTHER, Item
from synth.generators.made import Made, Unparsed
from synth.generators.outputs import Output, Reply, schema
from synth.generators.sentences import as_sentences, without_lengths
from synth.inference.request import Choice, Request, Sampling
from synth.language import Language
from synth.prompts import sources

Style = Literal["chat", "completion"]
Need = Literal["cell", "request", "reply", "origin"]


@dataclass(frozen=True)
class Generator:
    """One way to make rows.

    Args:
        name: Key in `GENERATORS`, and name of its prompts.
        version: Raised whenever the same item, seed and answer would give another request or row.
        task: Task of what it makes; None where it is that of the parent.
        makes: What is new in a row: its request, its reply, or the wording of either.
        note: What it makes, in one line.
        output: Shape of the answer; `Reply` is plain text, any other is JSON.
        make: `(item, output) -> rows`; raises `Unparsed` where the answer is no row.
        needs: What an item must have: a sub-category, a parent's request, a parent's reply, the row it was made from.
        dimension: Where its cell must stand; None for anywhere.
        intents: Labels that an item may ask for, for a generator that steers.
        output_with_reply: Shape of the answer where the parent has a reply, if it is another one.
        hints: Kinds of hints that a request carries, one of each.
        temperatures: Lowest and highest; each request draws its own.
        max_tokens: Most tokens of an answer.
        neutral: Fields whose language and novelty do not matter, such as a number or a name.
        across: The answer is in the other language.
        as_is: The answer is data as it stands: it may be in any language and repeat the request.
        conversation: The chat is the parent's own messages; the instructions become its system message. User turns
            that no reply follows are answered one after another, each by a request of its own.
        languages: Languages of its items.
        prompts: The generator whose prompts it shares; None for its own.
    """

    name: str
    version: int
    task: str | None
    makes: Literal["request", "reply", "rewrite"]
    note: str
    output: type[Output]
    make: Callable[[Item, Any], list[Made]]
    needs: tuple[Need, ...] = ("cell",)
    dimension: Dimension | None = None
    intents: Callable[[Item], Sequence[str]] | None = None
    output_with_reply: type[Output] | None = None
    hints: tuple[str, ...] = ()
    temperatures: tuple[float, float] = (0.7, 1.0)
    max_tokens: int = 320
    neutral: frozenset[str] = frozenset()
    across: bool = False
    as_is: bool = False
    conversation: bool = False
    languages: tuple[Language, ...] = ("en", "zh")
    prompts: str | None = None

    @property
    def relation(self) -> str:
        """Name in the lineage."""
        return f"{self.name}@{self.version}"

    @property
    def structured(self) -> bool:
        """Whether the answer is JSON."""
        return self.output is not Reply

    @property
    def speaks(self) -> str:
        """Name of its prompts."""
        return self.prompts or self.name

    @cached_property
    def fingerprint(self) -> str:
        """Digest of prompts, examples, hints and grammars: all that a request is made of besides the item."""
        shapes = [shape for shape in (self.output, self.output_with_reply) if shape and self.structured]
        held = [self._sentences(shape, language) for shape in shapes for language in self.languages]
        return digest([self.relation, sources(self.speaks), held])

    def shape(self, item: Item) -> type[Output]:
        """Shape of the answer to an item."""
        replied = item.parent is not None and item.parent.reply is not None
        return self.output_with_reply if self.output_with_reply and replied else self.output

    def require(self, item: Item) -> None:
        """Refuse an item that this generator cannot or must not work on.

        Raises:
            NotApplicable: `refused_sexual`, `refused_minors`, `other_language`, `no_subcategory`, `wrong_dimension`,
                `no_parent`, `no_reply`, `no_origin` or `other_label`.
        """
        if item.cell is not None:
            eligible(item.cell.id)
        for reason, wrong in (
            ("other_language", item.language not in self.languages),
            ("no_subcategory", "cell" in self.needs and (item.cell is None or item.cell.subcategory is None)),
            ("wrong_dimension", self.dimension and item.cell and item.cell.dimension != self.dimension),
            ("no_parent", self.needs != ("cell",) and item.parent is None),
            ("no_reply", "reply" in self.needs and item.parent and not item.parent.reply),
            ("no_origin", "origin" in self.needs and item.origin is None),
            ("several_turns", not self.conversation and item.parent is not None and item.parent.turns > 1),
            ("other_label", self.intents and item.intended not in self.intents(item)),
        ):
            if wrong:
                raise NotApplicable(reason)

    def request(self, item: Item, *, style: Style, seed: int = 0, **sampling: Any) -> Request:
        """What to ask a model.

        Args:
            item: The cell, the row, or both.
            style: `chat` for a model with a chat template, `completion` for a base model, which reads examples first.
            seed: Together with the item's id it decides all that is drawn.
            sampling: Fields of `Sampling` to set otherwise, such as `n=4`.

        Raises:
            NotApplicable: As `require`; `several_turns` or `no_request` where the parent is not one request; `picture`
                where a base model would have to look at one.
        """
        self.require(item)
        rng = Random(hashlib.sha256(canonical([seed, item.id, self.relation])).digest())
        id = f"{self.relation}/{item.id}/{seed}"
        drawn: dict[str, Any] = {
            "max_tokens": self.max_tokens,
            "temperature": round(rng.uniform(*self.temperatures), 2),
            "seed": rng.getrandbits(31),
        }
        if self.structured:
            drawn["answer_schema"] = self._schema(item, style=style)
        if style == "completion":
            drawn["stop"] = ("\n\n",)  # ends an example; inside JSON it could only be padding
            prompt = asking.completion(
                self.speaks,
                item,
                self.hints,
                structured=self.structured,
                conversation=self.conversation,
                rng=rng,
            )
            return Request(id=id, prompt=prompt, sampling=Sampling(**drawn | sampling))
        if self.conversation:
            messages = asking.conversation(self.speaks, item)
        else:
            messages = asking.chat(self.speaks, item, self.hints, rng=rng)
        return Request(id=id, messages=tuple(messages), sampling=Sampling(**drawn | sampling))

    def read(self, item: Item, choice: Choice) -> list[Made]:
        """Rows of one answer. For many answers `read_all` is quicker.

        Raises:
            Unparsed: With the word that says why there are none.
        """
        (found,) = self.read_all([(item, choice)])
        if isinstance(found, Unparsed):
            raise found
        return found

    def read_all(self, answers: Iterable[tuple[Item, Choice]]) -> list[list[Made] | Unparsed]:
        """Rows of each answer, or why there are none, in the order of the answers."""
        return reading.screened([self._rows(item, choice) for item, choice in answers])

    def _schema(self, item: Item, *, style: Style) -> dict[str, Any]:
        shape = self.shape(item)
        if style == "chat":
            return without_lengths(schema(shape))
        return self._sentences(shape, OTHER[item.language] if self.across else item.language)

    def _sentences(self, shape: type[Output], language: Language) -> dict[str, Any]:
        return as_sentences(schema(shape), language, free=self.neutral, asks=shape.asks)

    def _rows(self, item: Item, choice: Choice) -> list[Made] | Unparsed:
        try:
            output = reading.output(choice, self.shape(item))
            reading.check_examples(output, self.speaks, item, neutral=self.neutral)
            if not self.as_is:
                reading.check_language(output, item, across=self.across, neutral=self.neutral)
                reading.check_parent(output, item, neutral=self.neutral)
            return self.make(item, output)
        except Unparsed as why:
            return why
