"""A recipe: everything that decides what a run makes, as frozen, typed YAML."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synth import SynthConfig
from train import RLConfig
from verifiers import VerifierConfig

Config = TypeVar("Config", bound=BaseModel)


class RecipeError(ValueError):
    """A recipe that cannot be read; the message names the file, the key and the nearest valid one."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilterConfig(_Part):
    """Which rows are fit to be judged at all."""

    min_chars: int = Field(2, ge=1, description="Fewest characters of a reply")
    max_chars: int = Field(32_000, ge=1, description="Most characters of prompt and reply together")
    max_repeated: float = Field(0.5, gt=0, le=1, description="Largest share of a reply that repeats itself")
    languages: tuple[str, ...] = Field(("en", "zh"), description="Languages kept; an undetermined one is kept too")
    pii: bool = Field(True, description="Reject rows with real-looking personal data")


class DedupConfig(_Part):
    """When two rows say the same."""

    threshold: float = Field(0.8, gt=0, le=1, description="Jaccard similarity of shingles from which a row is a copy")


class SplitConfig(_Part):
    """Shares of the splits; whole clusters go to one side."""

    cluster_threshold: float = Field(0.7, gt=0, le=1, description="Prompts this similar stay together")
    calibration: float = Field(0.15, gt=0, lt=1, description="Share of rows that fit the temperature")
    test: float = Field(0.2, gt=0, lt=1, description="Share of rows that are only measured")

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        if self.calibration + self.test >= 1:
            raise ValueError("calibration and test leave nothing to train on")
        return self


class ReleaseConfig(_Part):
    """How the frozen rows are called."""

    name: str = Field("corpus", description="Name of the release")


class Recipe(_Part):
    """One run of the factory; a part that is null is not run."""

    name: str
    seed: int = 0
    sources: tuple[str, ...] = Field(min_length=1, description="Source slugs, see `safeladder source list`")
    filter: FilterConfig = FilterConfig()
    dedup: DedupConfig = DedupConfig()
    split: SplitConfig = SplitConfig()
    synth: SynthConfig | None = SynthConfig()
    release: ReleaseConfig = ReleaseConfig()
    verifier: VerifierConfig | None = VerifierConfig()
    rl: RLConfig | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.rl and not self.verifier:
            raise ValueError("rl needs a verifier: its reward comes from the one that this run trains")
        if len(set(self.sources)) != len(self.sources):
            raise ValueError("a source is named twice")
        return self


def load(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        RecipeError: If the file is missing, is no YAML mapping, or holds a key or value that is not valid.
    """
    return read(path, Recipe)


def read(path: Path, model: type[Config]) -> Config:
    """Read settings of any kind from YAML, refusing what is not valid as `load` does."""
    if not path.is_file():
        raise RecipeError(f"no recipe at {path}; the shipped ones lie in examples/")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is no YAML: {error}") from None
    if not isinstance(raw, dict):
        raise RecipeError(f"{path}: expected keys and values, found {type(raw).__name__}")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        lines = [explain(model, item) for item in error.errors()]
        raise RecipeError(f"{path}:\n" + "\n".join(f"  {line}" for line in lines)) from None


def explain(model: type[BaseModel], error: Any) -> str:
    """One pydantic error as a line that says where, what, and which key was probably meant."""
    *where, last = [str(part) for part in error["loc"]] or ["recipe"]
    if error["type"] != "extra_forbidden":
        return f"{'.'.join([*where, last])}: {error['msg']}"
    for part in where:
        model = _inner(model.model_fields[part].annotation) if part in model.model_fields else model
    near = get_close_matches(last, model.model_fields, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"valid keys: {', '.join(model.model_fields)}"
    return f"{'.'.join([*where, last])}: unknown key; {hint}"


def _inner(annotation: Any) -> type[BaseModel]:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    raise TypeError(f"{annotation} holds no settings")
