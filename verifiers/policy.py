"""What a label is worth: versioned data, kept outside the corpus and outside the weights.

Scores lie on one declared scale: from 0, the worst, to 1, the best.
"""

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from catalog.labels import SAFETY

HOME = Path(__file__).parent / "policies"


class Policy(BaseModel):
    """A label-to-score map. `score` of a label is a number; of no label it is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(ge=1)
    source: str
    scores: dict[str, float]

    @field_validator("scores")
    @classmethod
    def _whole(cls, scores: dict[str, float]) -> dict[str, float]:
        if set(scores) != set(SAFETY):
            raise ValueError(f"needs a score for each of {', '.join(SAFETY)}, and for nothing else")
        if not all(0 <= score <= 1 for score in scores.values()):
            raise ValueError("a score is outside 0 to 1")
        return scores

    @classmethod
    def load(cls, name: str) -> Self:
        """Read a shipped policy.

        Raises:
            LookupError: If no policy has this name.
            pydantic.ValidationError: If its file is not whole.
        """
        shipped = {path.stem: path for path in sorted(HOME.glob("*.yaml"))}
        if name not in shipped:
            raise LookupError(f"no policy {name!r}; there are: {', '.join(shipped)}")
        return cls.model_validate(yaml.safe_load(shipped[name].read_text(encoding="utf-8")))

    def score(self, label: str | None) -> float | None:
        """Worth of a label, 0 to 1; None where the verifier gave no label.

        Raises:
            ValueError: If it is none of the six labels.
        """
        if label is None:
            return None
        if label not in self.scores:
            raise ValueError(f"policy {self.name} knows no label {label!r}; it knows: {', '.join(self.scores)}")
        return self.scores[label]
