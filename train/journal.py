"""What a run leaves behind: one JSON line of numbers per step, one Parquet file of rollouts per step.

Both survive a kill: a line is whole or dropped, a file appears by rename, and a run that goes on from a checkpoint
first drops what came after it, so no step is there twice.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from train.mixer import Mix
    from train.trl_trainer import Rollout

ROLLOUTS = {
    "step": pl.Int64,
    "sample_id": pl.String,
    "completion": pl.String,
    "components": pl.String,  # JSON: component name to reward, null where not scored; only those of the record's label
    "total": pl.Float64,  # null where a needed component was not scored
    "advantage": pl.Float64,
    "truncated": pl.Boolean,
}


class Journal:
    """Metrics and rollouts of one run in one folder."""

    def __init__(self, folder: Path) -> None:
        self.metrics = folder / "metrics.jsonl"
        self.folder = folder / "rollouts"
        self.folder.mkdir(parents=True, exist_ok=True)

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines of the metrics, in order. A line that a kill cut short is left out."""
        if not self.metrics.exists():
            return []
        text = self.metrics.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def rewind(self, step: int) -> None:
        """Forget everything after a step; -1 forgets all."""
        kept = [line for line in self.lines() if line["step"] <= step]
        _replace(self.metrics, "".join(json.dumps(line) + "\n" for line in kept).encode())
        for path in self.folder.iterdir():
            if path.suffix != ".parquet" or int(path.stem) > step:
                path.unlink()

    def write(self, line: dict[str, Any]) -> None:
        """Append one line of numbers; not a number becomes null."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({k: None if v != v else v for k, v in line.items()}, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def write_rollout(self, rollout: "Rollout", mix: "Mix") -> None:
        """Store the completions of a step."""
        rows = [
            {
                "step": rollout.step,
                "sample_id": rollout.sample_ids[i],
                "completion": rollout.completions[i],
                "components": json.dumps({name: rollout.scores[name][i] for name in mix.weights(label)}),
                "total": rollout.totals[i],
                "advantage": rollout.advantages[i],
                "truncated": rollout.truncated[i],
            }
            for i, label in enumerate(rollout.labels)
        ]
        target = self.folder / f"{rollout.step:06d}.parquet"
        partial = target.with_suffix(".partial")
        pl.DataFrame(rows, schema=ROLLOUTS).write_parquet(partial)
        partial.rename(target)

    def rollouts(self) -> pl.DataFrame:
        """All rollouts, by step."""
        frames = [pl.read_parquet(path) for path in sorted(self.folder.glob("*.parquet"))]
        return pl.concat(frames) if frames else pl.DataFrame(schema=ROLLOUTS)


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
