"""Where the workers of a job run: in this process, on Slurm or on Ray, with the same list of steps."""

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from corpus.workers import each

POLL_S = 5.0
QUIET = ("LOGURU_DIAGNOSE", "NO")  # else datatrove's log of an error shows the variables, and requests among them


class Executor(BaseModel):
    """Who runs the steps.

    Each task asks for its share of the requests, and starts a server of its own where the engine is `Workers`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local", "slurm", "ray"] = "local"
    tasks: int = Field(1, ge=1, description="Shares that the requests are cut into; it changes no answer")
    gpus: int = Field(0, ge=0, description="GPUs of a task on Slurm")
    cpus: int = Field(4, ge=1, description="Cores of a task")
    memory_gb: int = Field(8, ge=1, description="Memory per core, in GB")
    time: str = Field("24:00:00", description="Longest run of a Slurm job")
    partition: str = Field("gpu", description="Slurm partition")

    def run(self, steps: list[Any], folder: Path) -> None:
        """Run the steps to their end.

        Raises:
            RuntimeError: If a task does not finish. What a task on this machine raises is raised too.
        """
        getattr(self, f"_{self.kind}")(steps, folder / "logs")

    def _local(self, steps: list[Any], logs: Path) -> None:
        for _ in each(_share, [(steps, rank, self.tasks) for rank in range(self.tasks)], workers=self.tasks):
            pass

    def _ray(self, steps: list[Any], logs: Path) -> None:
        import ray
        from datatrove.executor import RayPipelineExecutor

        if not ray.is_initialized():
            ray.init(log_to_driver=False, runtime_env={"env_vars": dict([QUIET])})
        RayPipelineExecutor(
            steps,
            tasks=self.tasks,
            workers=self.tasks,
            cpus_per_task=self.cpus,
            gpus_per_task=self.gpus,
            mem_per_cpu_gb=self.memory_gb,
            logging_dir=str(logs),
        ).run()

    def _slurm(self, steps: list[Any], logs: Path) -> None:
        from datatrove.executor import SlurmPipelineExecutor

        job = SlurmPipelineExecutor(
            steps,
            tasks=self.tasks,
            time=self.time,
            partition=self.partition,
            cpus_per_task=self.cpus,
            gpus_per_task=self.gpus,
            mem_per_cpu_gb=self.memory_gb,
            logging_dir=str(logs),
            job_name="safeladder",
            qos="",
            env_command=f"export {'='.join(QUIET)} PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH",
        )
        job.run()
        try:
            _wait(job, logs / "completions", self.tasks)
        except BaseException:  # Ctrl-C too: nobody would wait for the tasks that are left
            subprocess.run(["scancel", str(job.job_id)], capture_output=True)
            raise


HERE = Executor()


def _share(job: tuple[list[Any], int, int]) -> None:
    """One task: in this process if it is the only one, else in one that dies with this."""
    from datatrove.utils.logging import logger

    (asked, runner), rank, tasks = job
    logger.disable("datatrove")
    runner.run(asked.run(rank=rank, world_size=tasks), rank, tasks)


def _wait(job: Any, completions: Path, tasks: int) -> None:
    """Wait for a Slurm array: its tasks leave a file each when they are done, and the queue says who is left."""
    while len(list(completions.glob("*"))) < tasks:
        time.sleep(POLL_S)
        queue = ["squeue", "--noheader", "--jobs", str(job.job_id), "--format", "%i"]
        waiting = subprocess.run(queue, capture_output=True, text=True)
        if waiting.returncode and "Invalid job id" not in waiting.stderr:  # a controller that is busy says nothing
            continue
        if not waiting.stdout.strip() and len(list(completions.glob("*"))) < tasks:
            missing = tasks - len(list(completions.glob("*")))
            raise RuntimeError(
                f"Slurm job {job.job_id} is over and {missing} of its {tasks} tasks did not finish; their logs are in "
                f"{completions.parent}; what was answered is kept: run the same command again"
            )
