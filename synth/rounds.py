"""Ask in rounds: an item takes one, a conversation one for each user turn that no reply follows.

A policy writes the replies of such a conversation one after another: the request of a turn holds all turns and replies
before it. A turn without an answer, or with one that is no reply, ends the conversation: nothing stands in its place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from synth.errors import NotApplicable
from synth.generators import Generator, Item, Made, Unparsed
from synth.generators.generator import Style
from synth.generators.item import Message
from synth.inference import Reply, Request
from synth.inference.request import Choice

Ask = Callable[[Sequence[Request]], list[Reply]]


@dataclass(frozen=True)
class Turn:
    """A request, its reply, and which of the reply's answers is meant."""

    request: Request
    reply: Reply
    number: int = 0

    @property
    def choice(self) -> Choice:
        return self.reply.choices[self.number]

    @property
    def tokens(self) -> int:
        """Tokens of this answer; servers count those of all answers to a request together."""
        return round(self.reply.completion_tokens / max(1, len(self.reply.choices)))


@dataclass(frozen=True)
class Answer:
    """What came of one answer to an item.

    Args:
        item: The item.
        turns: What was asked and answered for it, in order; none where nothing could be asked.
        found: Its rows, or the word for why there are none.
        failed: Whether that is because no answer came.
    """

    item: Item
    turns: tuple[Turn, ...]
    found: list[Made] | str
    failed: bool = False


@dataclass(frozen=True)
class _Thread:
    """An item on its way: `shown` is what is asked about next, and `rest` the messages after its reply."""

    item: Item
    shown: Item
    n: int
    number: int = 0
    turns: tuple[Turn, ...] = ()
    rest: tuple[Message, ...] = ()


def answers(
    generator: Generator, items: Sequence[Item], ask: Ask, *, style: Style, seed: int = 0, n: int = 1
) -> list[Answer]:
    """Ask about each item `n` times; several answers to a conversation are several conversations.

    Args:
        generator: What is made.
        items: What it is made of; ids must be unique.
        ask: Gives a reply to each request. Called once a round, with what was answered before in front: a round in
            which nothing is answered does not look like a server that answers nothing.
        style: How the model is asked.
        seed: Same seed, items and model: same answers.
        n: Answers to each item.

    Returns:
        `n` answers for each item, in the order of the items.
    """
    ended: dict[str, list[Answer]] = {item.id: [] for item in items}
    threads = [thread for item in items for thread in _begun(generator, item, n)]
    told: list[Request] = []
    while threads:
        asked: list[tuple[_Thread, Request]] = []
        for one in threads:
            try:
                asked.append((one, generator.request(one.shown, style=style, seed=seed, n=one.n)))
            except NotApplicable as why:
                ended[one.item.id] += [Answer(one.item, one.turns, why.reason)] * one.n
        replies = ask([*told, *(request for _, request in asked)])[len(told) :]
        said: list[tuple[_Thread, Turn]] = []
        for (one, request), reply in zip(asked, replies, strict=True):
            if reply.failure:
                lost = Answer(one.item, (*one.turns, Turn(request, reply)), reply.failure, failed=True)
                ended[one.item.id] += [lost] * one.n
            else:
                told.append(request)
                said += [(one, Turn(request, reply, number)) for number in range(len(reply.choices))]
        threads = []
        read = generator.read_all([(one.shown, turn.choice) for one, turn in said])
        for (one, turn), found in zip(said, read, strict=True):
            turns = (*one.turns, turn)
            if isinstance(found, Unparsed):
                ended[one.item.id].append(Answer(one.item, turns, found.reason))
            elif one.rest:
                (made,) = found
                threads.append(_thread(one.item, [*made.messages, *one.rest], number=one.number, turns=turns))
            else:
                ended[one.item.id].append(Answer(one.item, turns, found))
    return [answer for item in items for answer in ended[item.id]]


def _begun(generator: Generator, item: Item, n: int) -> Iterator[_Thread]:
    if generator.conversation and item.parent and len(item.parent.unanswered) > 1:
        yield from (_thread(item, item.parent.asked, number=number) for number in range(n))
    else:
        yield _Thread(item, item, n)


def _thread(item: Item, messages: Sequence[Message], *, number: int, turns: tuple[Turn, ...] = ()) -> _Thread:
    """A conversation up to its first user turn without a reply."""
    assert item.parent is not None
    parent = replace(item.parent, messages=messages)
    end = parent.unanswered[0] + 1
    shown = replace(item, id=f"{item.id}/{number}/{len(turns)}", parent=replace(parent, messages=messages[:end]))
    return _Thread(item, shown, 1, number, turns, tuple(messages[end:]))
