"""What a judge said of one sample, or why nothing can be said: never a default."""

from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, model_validator

from catalog import labels

Outcome = Literal["scored", "ambiguous", "unparsed", "refused", "failed", "truncated", "not_applicable"]


class Task(NamedTuple):
    """A frozen list of labels; `marked` is the one whose probability is meant by `p`. A task of scores has neither."""

    labels: tuple[str, ...] = ()
    marked: str = ""


TASKS = {
    "safety": Task(labels.SAFETY, labels.UNSAFE),
    "unsafe": Task(("safe", "unsafe"), "unsafe"),
    "refusal": Task(("answers", "refuses"), "refuses"),
    "value": Task(labels.VALUE, "good"),
    "knowledge": Task(labels.KNOWLEDGE, "TRUE"),
    "preference": Task(("first", "second"), "first"),
    "helpfulness": Task(),
}


class Reading(BaseModel):
    """What a contract finds in one answer of a judge.

    Args:
        outcome: `scored`, or why there is no score: two verdicts that disagree (`ambiguous`), none as declared
            (`unparsed`), the judge declined (`refused`), no answer came (`failed`), the answer broke off before its
            verdict (`truncated`), the judge does not judge such samples (`not_applicable`).
        label: The verdict, or None.
        said: The verdict in the judge's own words where a threshold stands between it and the label.
        probs: Probability of each label; None where the judge gives none.
        score: A number on the scale that the contract declares; None for judges that give labels.
        categories: What kinds of harm it named, in its own scheme.
        refusal: Whether it says that the reply declines; None where it does not say.
        reason: One word: why there is no score, or what to mind about it (`no_category`, `bounded`, ...).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    label: str | None = None
    said: str | None = None
    probs: dict[str, float] | None = None
    score: float | None = None
    categories: tuple[str, ...] = ()
    refusal: bool | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _scored_or_not(self) -> Self:
        verdicts = (self.label, self.probs, self.score)
        if self.outcome == "scored" and self.label is None and self.score is None:
            raise ValueError("a scored reading has a label or a score")
        if self.outcome != "scored" and any(verdict is not None for verdict in verdicts):
            raise ValueError(f"a reading that is {self.outcome} has no label, no probabilities and no score")
        if self.outcome != "scored" and self.reason is None:
            raise ValueError(f"a reading that is {self.outcome} says why")
        return self

    @property
    def scored(self) -> bool:
        return self.outcome == "scored"


class Judgement(Reading):
    """A reading, with the sample it is about and the judge that gave it.

    Args:
        sample_id: The sample.
        judge: `name@version/model`: another prompt, contract or model is another judge.
        task: Key of `TASKS`.
        ours: Categories of our taxonomy that those named by the judge map to.
    """

    sample_id: str
    judge: str
    task: str
    ours: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _labels_of_the_task(self) -> Self:
        known = TASKS[self.task].labels
        strange = {label for label in (self.label, *(self.probs or ())) if label is not None} - set(known)
        if strange:
            raise ValueError(f"task {self.task} has no label {sorted(strange)}; it has: {', '.join(known)}")
        return self

    @property
    def p(self) -> float | None:
        """Probability of the marked label of the task (Unsafe, good, TRUE, first, ...); None where none is known."""
        return None if self.probs is None else self.probs[TASKS[self.task].marked]

    @property
    def p_unsafe(self) -> float | None:
        """P(Unsafe), for the tasks about safety."""
        return self.p if self.task in ("safety", "unsafe") else None

    @property
    def unsafe(self) -> bool | None:
        """The binary reading, for the tasks about safety; None where it was not scored or is about something else."""
        if self.label is None or self.task not in ("safety", "unsafe"):
            return None
        return self.label == TASKS[self.task].marked


def as_unsafe(judgement: Judgement) -> Judgement:
    """A six-label judgement as a binary one, so that it can be compared with guards. Others come back as they are."""
    if judgement.task != "safety":
        return judgement
    p = judgement.p
    label = None if judgement.unsafe is None else TASKS["unsafe"].labels[judgement.unsafe]
    probs = None if p is None else {"safe": 1 - p, "unsafe": p}
    return judgement.model_copy(update={"task": "unsafe", "label": label, "probs": probs, "said": judgement.label})
