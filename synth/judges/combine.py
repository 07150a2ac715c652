"""One judgement out of those of several judges: a panel is a judge like any other."""

from collections.abc import Sequence

import numpy as np

from catalog.ids import digest
from synth.judges.em import dawid_skene_em
from synth.judges.judgement import TASKS, Judgement
from synth.judges.votes import Votes, table

_MIN_SAMPLES = 20  # with fewer, the table of a judge is guessed from hardly more votes than it has cells


def majority(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The label that most of the judges who scored a sample gave; a draw is ambiguous, no votes is not scored.

    Probabilities are shares of votes.
    """
    votes = table(judgements)
    count_NL = (votes.said_NJ[:, :, None] == np.arange(len(votes.labels))).sum(axis=1)
    with np.errstate(invalid="ignore"):
        share_NL = count_NL / count_NL.sum(axis=1, keepdims=True)
    return _panel("majority@1", votes, share_NL)


def dawid_skene(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The most probable label of each sample if every judge has errors of its own, and its probability.

    Judges are taken to err independently. Models of one family do not, so the probabilities are too sure of themselves;
    calibrate them against people before use.

    Raises:
        ValueError: If fewer than three judges scored anything, or fewer than 20 samples have a vote.
    """
    votes = table(judgements)
    judging, voted = (votes.said_NJ >= 0).any(axis=0).sum(), (votes.said_NJ >= 0).any(axis=1).sum()
    if judging < 3 or voted < _MIN_SAMPLES:
        raise ValueError(
            f"Dawid-Skene needs three judges and {_MIN_SAMPLES} samples with a vote, these are {judging} and {voted}; "
            "use `majority`"
        )
    return _panel("dawid_skene@1", votes, dawid_skene_em(votes.said_NJ, labels=len(votes.labels)).posterior_NL)


def entropy(judgement: Judgement) -> float | None:
    """How undecided a judgement is: 0 is certain, 1 is every label alike. None where there are no probabilities."""
    if judgement.probs is None:
        return None
    p_L = np.array([p for p in judgement.probs.values() if p > 0])
    return abs(float(-(p_L * np.log(p_L)).sum() / np.log(len(TASKS[judgement.task].labels))))


def _panel(name: str, votes: Votes, p_NL: np.ndarray) -> list[Judgement]:
    """One judgement for each sample; the panel's model is the digest of who sits on it."""
    judge = f"{name}/{digest(votes.judges)[:12]}"
    found = []
    for sample_id, p_L in zip(votes.samples, p_NL, strict=True):
        facts = {"sample_id": sample_id, "judge": judge, "task": votes.task}
        highest = np.flatnonzero(np.isclose(p_L, p_L.max(), atol=1e-9))
        if np.isnan(p_L).any():
            found.append(Judgement(outcome="not_applicable", reason="no_votes", **facts))
        elif len(highest) > 1:
            found.append(Judgement(outcome="ambiguous", reason="draw", **facts))
        else:
            probs = dict(zip(votes.labels, p_L.tolist(), strict=True))
            found.append(Judgement(outcome="scored", label=votes.labels[highest[0]], probs=probs, **facts))
    return found
