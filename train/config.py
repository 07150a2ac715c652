"""What a run is asked for. Every field goes into the fingerprint of the run."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Weight = Literal["std", "equal", "clip_filter"]  # how an advantage counts its group
KINDS = ("harmful", "benign", "math")


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PerKind(_Config):
    """A number of records of each kind."""

    harmful: int = Field(ge=0)
    benign: int = Field(ge=0)
    math: int = Field(ge=0)

    @property
    def total(self) -> int:
        return self.harmful + self.benign + self.math


class SFTConfig(_Config):
    """The cold start: few refusals, so that the policy can still learn when to refuse and when not."""

    rows: PerKind = PerKind(harmful=14, benign=300, math=400)
    epochs: int = Field(2, ge=1)
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(1e-4, gt=0)


class RLConfig(_Config):
    """A verifier-driven run. The defaults are those of the documented experiment on two CPU cores."""

    policy: str = Field("google/gemma-3-270m", description="Model id or directory of the base model")
    mix: str = Field("svkg-small", description="Name of the mix in `train/mixes`")
    encoder: str | None = Field(
        "sentence-transformers/all-MiniLM-L6-v2",
        description="Sentence encoder of the helpfulness reward, where the mix needs it",
    )
    languages: tuple[str, ...] = Field(("en", "zh"), description="Languages of the prompts that are taken")
    max_prompt_chars: int = Field(400, ge=1, description="Longer prompts are left out: the longest sets the pace")
    trim: bool = Field(True, description="Cut the vocabulary to what the records need")
    sft: SFTConfig = SFTConfig()
    steps: int = Field(15, ge=1, description="Rollouts, each followed by `updates` optimizer steps")
    prompts_per_step: PerKind = PerKind(harmful=3, benign=2, math=1)
    k: int = Field(8, ge=2, description="Completions of each prompt")
    max_new_tokens: int = Field(56, ge=1)
    temperature: float = Field(1.0, gt=0)
    updates: int = Field(2, ge=1, description="Optimizer steps per rollout; from the second on clip and drift act")
    learning_rate: float = Field(2e-5, gt=0)
    warmup_steps: int = Field(2, ge=0, description="Steps over which the learning rate rises")
    epsilon: float = Field(0.2, gt=0, lt=1)
    drift: float = Field(1e-3, ge=0)
    advantage: Weight = "std"
    advantage_floor: float = Field(0.05, gt=0)
    eval_every: int = Field(5, ge=1)
    eval_size: PerKind = PerKind(harmful=80, benign=60, math=40)
    save_every: int = Field(5, ge=1, description="Steps between checkpoints that a killed run goes on from")
    seed: int = 0

    @model_validator(mode="after")
    def _whole_updates(self) -> Self:
        if self.prompts_per_step.total == 0 or self.prompts_per_step.total % self.updates:
            raise ValueError(
                f"prompts_per_step makes {self.prompts_per_step.total} prompts, "
                f"which must be a positive multiple of updates = {self.updates}"
            )
        return self

    def quick(self) -> Self:
        """The same run cut to a smoke: it shows that every part works, and nothing about where training leads."""
        return self.model_copy(
            update={
                "sft": SFTConfig(rows=PerKind(harmful=10, benign=40, math=40), epochs=1, learning_rate=2e-4),
                "steps": 3,
                "prompts_per_step": PerKind(harmful=2, benign=1, math=1),
                "eval_every": 3,
                "eval_size": PerKind(harmful=8, benign=8, math=8),
                "save_every": 1,
            }
        )
