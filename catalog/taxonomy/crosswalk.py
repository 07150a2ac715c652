"""How the labels of somebody else's scheme map to our ids."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

Relation = Literal["exact", "broader", "narrower", "overlaps"]


class Match(BaseModel):
    """Where one of their labels goes.

    `ours` maps ids of ours to a relation as in SKOS, which says what ours is to theirs: with `broader` ours is the
    broader one (`skos:broadMatch`). It is None where nothing fits, and `screened` where rows with that label are
    dropped at ingest and never kept; `why` then gives the reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    ours: dict[str, Relation] | Literal["screened"] | None
    why: str | None = None

    @model_validator(mode="after")
    def _none_has_a_reason(self) -> Self:
        if self.ours == {}:
            raise ValueError("`ours` is empty: write null and say `why`")
        if not self.ids and not self.why:
            raise ValueError("a label that maps to nothing needs a `why`")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """Our ids for the label; none where it is screened or nothing fits."""
        return tuple(self.ours) if isinstance(self.ours, dict) else ()

    @property
    def screened(self) -> bool:
        """Whether rows with the label are dropped at ingest."""
        return self.ours == "screened"


class Crosswalk(BaseModel):
    """A scheme with its labels exactly as it writes them, and `read_in`, the place where they were read.

    It is a standard, the list of a guard, or a field of a data set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    home: str
    read_in: str
    kind: Literal["standard", "guard", "data"]
    labels: dict[str, Match]
