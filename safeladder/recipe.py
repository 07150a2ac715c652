"""A recipe: everything that decides what a run makes, as frozen, typed YAML."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from catalog import configuration, releases
from synth import SynthConfig
from synth.balance import Job
from synth.generators import GENERATORS
from synth.inference import Endpoint, Executor, Workers
from synth.judges import JUDGES, Rule
from train import RLConfig
from verifiers import VerifierConfig

Config = TypeVar("Config", bound=BaseModel)
UNWRITTEN = ("preference", "helpfulness")  # tasks of judges that no written row has


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _require_once(names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(map(repr, twice))} stands there twice")


class FilterConfig(_Part):
    """Which rows are fit to be judged at all."""

    min_chars: int = Field(1, ge=1, description="Fewest characters of a reply")
    max_chars: int = Field(32_000, ge=1, description="Most characters of prompt and reply together")
    max_repeated: float = Field(0.5, gt=0, le=1, description="Largest share of a reply that repeats itself")
    languages: tuple[str, ...] = Field(("en", "zh"), description="Languages kept; an undetermined one is kept too")
    min_words_with_letter_ratio: float | None = Field(None, ge=0, le=1, description="Fewest words that hold a letter")
    broken: bool = Field(
        True, description="Reject replies of noise, without a word, or of broken or control characters"
    )
    template: bool = Field(True, description="Reject replies with marks of a chat template or turns of another speaker")
    placeholders: bool = Field(False, description="Reject replies with blanks that nobody filled in")
    markup: bool = Field(True, description="Reject rows with markup that acts, and scraped pages that kept theirs")
    secrets: bool = Field(True, description="Reject rows with real-looking credentials")
    pii: Literal["reject", "scrub", "keep"] = Field(
        "reject", description="Rows with real-looking personal data; scrub makes a row with placeholders of each"
    )


class DedupConfig(_Part):
    """When two rows say the same."""

    threshold: float = Field(0.8, gt=0, le=1, description="Jaccard similarity of shingles from which a row is a copy")
    pictures: int = Field(20, ge=0, le=63, description="Bits of 256 in which two hashes of a picture differ")
    ocr: bool = Field(False, description="Read the text in pictures: two pages with different words are no copies")
    semantic: float | None = Field(None, gt=0, le=1, description="Cosine of embeddings from which a row is a copy")
    against: str | None = Field(None, description="Release whose rows are there already: a copy of one of them goes")


class ExamConfig(_Part):
    """Exams that no row may give away."""

    exams: tuple[str, ...] = Field(description="Files of exam items, plain or salted; docs/decontaminate.md")
    ocr: bool = Field(False, description="Read the text in pictures too, not only in those drawn here")
    meaning: bool = Field(False, description="Compare sentence vectors too: the same in nearly the same words")

    @field_validator("exams")
    @classmethod
    def _some(cls, exams: tuple[str, ...]) -> tuple[str, ...]:
        if not exams:
            raise ValueError("names no exam; leave `decontaminate` out where there is none")
        _require_once([Path(exam).name.split(".")[0] for exam in exams])
        return exams


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

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return releases.checked_name(name)


class JudgeConfig(_Part):
    """A judge, and the model that it asks; a rule asks none."""

    name: str = Field(description="As `safeladder synth judges` lists them")
    engine: Endpoint | Workers | None = Field(None, description="By default the writer itself")

    @field_validator("name")
    @classmethod
    def _is_one(cls, name: str) -> str:
        useful = [key for key, judge in JUDGES.items() if judge.task not in UNWRITTEN]
        if name not in JUDGES:
            near = configuration.nearest(name, useful)
            meant = f"did you mean {near!r}? " if near else ""
            raise ValueError(f"no judge {name!r}; {meant}there are: {', '.join(useful)}")
        if name not in useful:
            task = JUDGES[name].task
            raise ValueError(f"{name!r} judges {task}, which decides no label; these do: {', '.join(useful)}")
        return name


class GenerateConfig(_Part):
    """Rows that a model writes, and judges label."""

    jobs: tuple[Job, ...] = Field(description="What to write, as `safeladder synth plan` plans it")
    writer: Endpoint | Workers | None = Field(None, description="Who writes; lifts, attacks and edits ask nobody")
    judges: tuple[JudgeConfig, ...] = Field(description="Who says what was written")
    verifier: str | None = Field(None, description="A verifier of the store that judges too: how its id begins")
    rollouts: int = Field(1, ge=1, description="Replies of a policy to one request")
    parents: str | None = Field(None, description="Release whose rows may be gone on from")
    certain: float = Field(0.6, gt=0, le=1, description="Probability from which the judges' label counts")
    executor: Executor = Executor()

    @field_validator("jobs")
    @classmethod
    def _some(cls, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
        if not jobs:
            raise ValueError("the plan asks for no row; `safeladder synth plan --rows 200` plans some")
        return jobs

    @field_validator("judges")
    @classmethod
    def _named_once(cls, judges: tuple[JudgeConfig, ...]) -> tuple[JudgeConfig, ...]:
        _require_once([judge.name for judge in judges])
        return judges

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        if not self.parents and (names := from_rows(self.jobs)):
            raise ValueError(
                f"these jobs start from rows: {', '.join(names)}; name the release that has them as parents "
                "(--parents RELEASE; `safeladder release list` shows them)"
            )
        asking = [job.generator for job in self.jobs if job.generator in GENERATORS]
        for judge in self.judges:
            asked, engine = JUDGES[judge.name], judge.engine or self.writer
            if isinstance(asked, Rule):
                continue
            if asked.contract.classifies and judge.engine is None:
                raise ValueError(
                    f"judge {judge.name!r} asks a verifier's server (`safeladder verifier serve`); give it an engine "
                    "of its own in a recipe"
                )
            if engine is None:
                asking.append(judge.name)
            elif asked.template is None and engine.style == "completion":
                raise ValueError(
                    f"judge {judge.name!r} is asked through a chat template, and {engine.model!r} has none; give it an "
                    "engine of its own in a recipe, or leave it out"
                )
        if asking and self.writer is None:
            raise ValueError(
                f"a model is asked by {', '.join(dict.fromkeys(asking))}; name it as the writer (--model NAME, with "
                "--url or --serve)"
            )
        return self


def from_rows(jobs: Sequence[Job]) -> list[str]:
    """Generators of the jobs that start from rows which no other job writes."""
    written = {job.task for job in jobs if job.generator in GENERATORS and GENERATORS[job.generator].needs == ("cell",)}

    def fed(job: Job) -> bool:
        # Requests are written before what goes on from them; replies and pictures come last, or not at all.
        return (
            job.generator in GENERATORS
            and "reply" not in GENERATORS[job.generator].needs
            and job.modality == "text"
            and job.task in written
        )

    return sorted({job.generator for job in jobs if not fed(job)})


class Recipe(_Part):
    """One run of the factory; a part that is null is not run."""

    name: str
    seed: int = 0
    sources: tuple[str, ...] = Field((), description="Source slugs, see `safeladder source list`")
    generate: GenerateConfig | None = None
    filter: FilterConfig = FilterConfig()
    dedup: DedupConfig = DedupConfig()
    decontaminate: ExamConfig | None = None
    split: SplitConfig = SplitConfig()
    synth: SynthConfig | None = SynthConfig()
    release: ReleaseConfig = ReleaseConfig()
    verifier: VerifierConfig | None = VerifierConfig()
    rl: RLConfig | None = None

    @field_validator("sources")
    @classmethod
    def _named_once(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        _require_once(sources)
        return sources

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.sources and not self.generate:
            raise ValueError("sources: names no source; `safeladder source list` shows the shipped ones")
        if self.rl and not self.verifier:
            raise ValueError("rl needs a verifier: its reward comes from the one that this run trains")
        return self


def load(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        ValueError: If the file is missing, is no YAML mapping, or holds a key or value that is not valid.
    """
    return read(path, Recipe)


def read(path: Path, shape: type[Config]) -> Config:
    """Read settings of any kind from YAML, refusing what is not valid as `load` does."""
    if not path.is_file():
        raise ValueError(f"no recipe at {path}; the shipped ones lie in examples/")
    try:
        return configuration.read(path, shape)
    except ValueError as error:
        if issubclass(shape, Recipe) or not _is_recipe(path):
            raise
        raise ValueError(f"{error}\n  this looks like a recipe: safeladder run {path}") from None


def _is_recipe(path: Path) -> bool:
    try:
        return bool(configuration.read(path, Recipe))
    except ValueError:
        return False
