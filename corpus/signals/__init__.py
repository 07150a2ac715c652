"""Quality signals beside rows: how crowded, hard and doubtful each is, how its reply reads; null where none can tell.

Pure functions of arrays and frames. `coverage` and `coverage_map` show which meanings a corpus holds.
"""

from corpus.signals.hardness import difficulty
from corpus.signals.neighbours import nearest
from corpus.signals.noise import label_noise, neighbour_noise, verdict_noise
from corpus.signals.picture import coverage_map
from corpus.signals.reply import of_reply
from corpus.signals.spread import coverage

__all__ = [
    "coverage",
    "coverage_map",
    "difficulty",
    "label_noise",
    "nearest",
    "neighbour_noise",
    "of_reply",
    "verdict_noise",
]
