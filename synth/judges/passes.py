"""Judges that ask more than once about a sample, and how their answers become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synth.judges.judgement import TASKS, Reading
from synth.judges.subject import Subject


@dataclass(frozen=True)
class Pass:
    """One question to a sample.

    Args:
        name: Its place in the id of the request; empty where there is only one.
        swap: Show the two replies of a pair in the other order.
        policy: For a guard that is asked about one policy at a time: the policy, sent as the system message.
        category: What the guard's scheme calls that policy.
    """

    name: str = ""
    swap: bool = False
    policy: str | None = None
    category: str | None = None

    def before(self, subject: Subject) -> tuple[dict[str, Any], ...]:
        """The messages of a sample, after the policy if there is one."""
        if self.policy is None:
            return subject.messages
        content = [{"type": "text", "text": self.policy, "media_id": None}]
        return ({"role": "system", "content": content}, *subject.messages)

    def undo(self, reading: Reading) -> Reading:
        """A reading in the terms of the sample: the order as it was, the category of the policy."""
        if self.swap and reading.scored:
            first, second = TASKS["preference"].labels
            other = {first: second, second: first}
            probs = reading.probs and {other[label]: p for label, p in reading.probs.items()}
            return reading.model_copy(update={"label": other[reading.label or ""], "probs": probs})
        if self.category and reading.label == "unsafe":
            return reading.model_copy(update={"categories": (self.category,)})
        return reading


def only(readings: Sequence[Reading]) -> Reading:
    """The one reading there is."""
    (reading,) = readings
    return reading


def both_orders(readings: Sequence[Reading]) -> Reading:
    """A preference that holds in both orders; one that goes with the place is ambiguous, whatever its probabilities.

    Probabilities are the mean over the two orders.
    """
    unscored = [reading for reading in readings if not reading.scored]
    if unscored:
        return unscored[0]
    if len({reading.label for reading in readings}) > 1:
        return Reading(outcome="ambiguous", reason="order")
    probs = [reading.probs for reading in readings if reading.probs]
    mean = {label: sum(p[label] for p in probs) / len(probs) for label in probs[0]} if len(probs) == 2 else None
    return readings[0].model_copy(update={"probs": mean})


def any_policy(readings: Sequence[Reading]) -> Reading:
    """Unsafe if one policy is violated, safe only if every policy was read and none is.

    P(unsafe) is the largest over the policies, None where one of them was not read.
    """
    violated = tuple(category for reading in readings for category in reading.categories)
    unscored = [reading for reading in readings if not reading.scored]
    if unscored and not violated:
        return unscored[0]
    probs = None
    if not unscored:
        highest = max((reading.probs or {}).get("unsafe", 0.0) for reading in readings)
        probs = {"safe": 1 - highest, "unsafe": highest}
    label = "unsafe" if violated else "safe"
    mark = unscored[0].reason if unscored else None
    return Reading(outcome="scored", label=label, probs=probs, categories=violated, reason=mark)
