"""The judgements of many judges as one table of labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synth.judges.judgement import TASKS, Judgement


class Votes(NamedTuple):
    """Who gave which label to what.

    Axis suffixes: N samples, J judges, L labels.
    """

    task: str
    samples: list[str]
    judges: list[str]
    labels: tuple[str, ...]
    said_NJ: np.ndarray  # index of the label, -1 where the judge did not score the sample


def table(judgements: Sequence[Judgement]) -> Votes:
    """Judgements of one task, samples and judges in the order of their names.

    Raises:
        ValueError: If there are none, they are of several tasks, or a judge judged a sample twice.
    """
    tasks = sorted({one.task for one in judgements})
    if len(tasks) != 1:
        raise ValueError(
            f"judgements of one task can be combined, these are of {', '.join(tasks) or 'none'}; "
            "`as_unsafe` brings six labels down to two"
        )
    samples = sorted({one.sample_id for one in judgements})
    judges = sorted({one.judge for one in judgements})
    labels = TASKS[tasks[0]].labels
    row, column = ({name: place for place, name in enumerate(names)} for names in (samples, judges))
    said_NJ = np.full((len(samples), len(judges)), -2)
    for one in judgements:
        at = row[one.sample_id], column[one.judge]
        if said_NJ[at] != -2:
            raise ValueError(f"{one.judge} judged sample {one.sample_id} twice: keep one of the two judgements")
        said_NJ[at] = labels.index(one.label) if one.label is not None else -1
    return Votes(tasks[0], samples, judges, labels, np.maximum(said_NJ, -1))
