"""A verifier-driven run: trim, cold start, RL steps, held-out evaluation before, between and after.

Every part that is finished is kept, and RL goes on from its last checkpoint, so a killed run is started again with
the same call. Nothing starts without the verifier that is named.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from catalog import digest, models
from train.config import KINDS, RLConfig
from train.evaluate import SecondJudge
from train.journal import Journal
from train.loop import Parts, Progress, train_policy
from train.memory import keep_buffers
from train.mixer import Mix
from train.plot import write_curves
from train.prompts import PROMPT, RECORDS, Pair, sft_rows
from train.rewards import Reward
from train.rewards.boxed import boxed_reward, check_gold
from train.rewards.format import format_reward
from train.rewards.helpfulness import check_references, closeness, sentence_encoder
from train.rewards.refusal import refusal_reward
from train.rewards.safety import Scorer, one_minus_p_unsafe, policy_score


class RLResult(NamedTuple):
    """Where the results of a run lie."""

    policy_dir: Path
    metrics_path: Path
    rollouts: pl.DataFrame
    plot_svg: Path


def run_rl(
    config: RLConfig,
    *,
    records: pl.DataFrame,
    verifier_path: Path,
    verifier_id: str,
    second_judge: SecondJudge | Path | None = None,
    workdir: Path,
    progress: Progress | None = None,
) -> RLResult:
    """Train a policy with the rewards of a mix.

    Args:
        config: The run.
        records: Columns of `train.prompts.RECORDS`; `train` rows are trained on, `test` rows only measured.
        verifier_path: Checkpoint of the verifier that rewards.
        verifier_id: The id it must have, or the run does not start.
        second_judge: A judge of another family for the evaluation, or the path of another verifier checkpoint.
            It never reaches the reward.
        workdir: Folder of this run: what is there of the same run is used again.
        progress: Called with the name of a part, how much of it is done, and how much there is.

    Raises:
        FileNotFoundError: If the verifier is not there.
        ValueError: If it is another one than `verifier_id` names, a record cannot be used, or `workdir` holds another
            run.
        LookupError: If the mix is unknown, has no row for a label, or needs a component that is not there.
    """
    report: Progress = progress or (lambda part, done, total: None)
    _quiet()
    keep_buffers()
    verifier = _load_verifier(verifier_path, verifier_id)
    mix = Mix.load(config.mix)
    _check_records(records, mix, config)
    labels = records.filter(split="train")["record_label"].unique().to_list()
    rewards = dict(_rewards(mix.needed(labels), verifier, config))
    mix.check(labels, rewards)
    judge = _second_judge(second_judge, verifier_id)
    _claim(workdir, config, records, verifier_id)

    pairs = sft_rows(records, config.sft.rows, seed=config.seed)
    policy = models.resolve(config.policy)
    base = policy
    if config.trim:
        base = _once(workdir / "base", lambda target: _trim(policy, target, records, pairs, report))
    start = _once(workdir / "sft", lambda target: _cold_start(base, target, pairs, config, report)) if pairs else base
    journal, checkpoints = Journal(workdir), workdir / "checkpoints"
    parts = Parts(config, records, mix, rewards, verifier, judge, journal, checkpoints, report)
    trained = _once(workdir / "policy", lambda target: train_policy(parts, start, target))
    shutil.rmtree(checkpoints, ignore_errors=True)
    svg = write_curves(journal.lines(), workdir / "curves.svg")
    return RLResult(trained, journal.metrics, journal.rollouts(), svg)


def _load_verifier(path: Path, expected: str) -> Scorer:
    from verifiers import checkpoint_id, load_verifier

    if not path.exists():
        raise FileNotFoundError(f"no verifier at {path}: a run never rewards without one")
    found = checkpoint_id(path)
    if found != expected:
        raise ValueError(f"the verifier at {path} is {found}, expected {expected}")
    return load_verifier(path)


def _second_judge(judge: SecondJudge | Path | None, verifier_id: str) -> SecondJudge | None:
    if not isinstance(judge, Path):
        return judge
    from verifiers import checkpoint_id, load_verifier

    if checkpoint_id(judge) == verifier_id:
        raise ValueError("the second judge is the verifier that rewards: it would see nothing that the reward does not")
    verifier = load_verifier(judge)
    return lambda prompts, responses: verifier.score(prompts, responses)["p_unsafe"].to_list()


def _rewards(needed: Sequence[str], verifier: Scorer, config: RLConfig) -> Iterator[tuple[str, Reward]]:
    """The components that the mix needs and this floor has; `Mix.check` says what is missing."""
    if "safety" in needed:
        yield "safety", one_minus_p_unsafe(verifier)
    if "safety_policy" in needed:
        from verifiers import Policy

        yield "safety_policy", policy_score(verifier, Policy.load("safework-r1"))
    if "helpfulness" in needed and config.encoder is not None:
        yield "helpfulness", closeness(sentence_encoder(models.resolve(config.encoder)))
    yield from (("format", format_reward), ("boxed", boxed_reward), ("refusal", refusal_reward))


def _check_records(records: pl.DataFrame, mix: Mix, config: RLConfig) -> None:
    missing = [column for column in RECORDS if column not in records.columns]
    if missing:
        raise ValueError(f"records have no column {', '.join(missing)}; they need: {', '.join(RECORDS)}")
    for column, allowed in (("kind", KINDS), ("split", ("train", "test"))):
        other = records.filter(~pl.col(column).is_in(allowed) | pl.col(column).is_null())
        if other.height:
            raise ValueError(f"record {other['sample_id'][0]} has a {column} that is none of: {', '.join(allowed)}")
    both = set(records.filter(split="train")["prompt"]) & set(records.filter(split="test")["prompt"])
    if both:
        raise ValueError(f"{len(both)} prompts stand in train and in test; give each one split")
    for kind, count in config.prompts_per_step.model_dump().items():
        if count and not records.filter(kind=kind, split="train").height:
            raise ValueError(f"prompts_per_step asks for {kind} prompts, and there is no such training record")
    train = records.filter(split="train").select("sample_id", "record_label", "reference")
    for component, check in (("boxed", check_gold), ("helpfulness", check_references)):
        check((i, reference) for i, label, reference in train.iter_rows() if component in mix.weights(label))
    check_gold(records.filter(kind="math", split="test").select("sample_id", "reference").iter_rows())


def _claim(workdir: Path, config: RLConfig, records: pl.DataFrame, verifier_id: str) -> None:
    """Make the folder this run's, or see that it is: old outputs must never meet a changed config."""
    rows = sorted(records.select(*RECORDS).rows())
    mine: dict[str, Any] = {"config": config.model_dump(mode="json"), "records": digest(rows), "verifier": verifier_id}
    workdir.mkdir(parents=True, exist_ok=True)
    note = workdir / "run.json"
    if note.exists():
        theirs = json.loads(note.read_text(encoding="utf-8"))
        if theirs != mine:
            changed = [k for k in mine["config"] if mine["config"][k] != theirs["config"].get(k)]
            changed += [k for k in ("records", "verifier") if mine[k] != theirs.get(k)]
            raise ValueError(f"{workdir} holds another run: {', '.join(changed)} differ; choose a new folder")
    else:
        partial = note.with_suffix(".partial")
        partial.write_text(json.dumps(mine, indent=1), encoding="utf-8")
        partial.rename(note)


def _quiet() -> None:
    """Keep progress bars and notes of the pinned TRL and transformers out of the caller's terminal."""
    import warnings

    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    warnings.filterwarnings("ignore", message=".*gradient_checkpointing", category=FutureWarning)
    warnings.filterwarnings("ignore", message=".*rollout_func.* is an experimental feature|.*using 'rollout_func'")


def _once(target: Path, make: Callable[[Path], None]) -> Path:
    """Make a folder, or use the one that is there: it appears by rename, so it is whole or missing."""
    if not target.exists():
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        make(partial)
        partial.rename(target)
    return target


def _trim(source: Path, target: Path, records: pl.DataFrame, pairs: Iterable[Pair], report: Progress) -> None:
    from train.vocabulary import trim_vocabulary

    report("trim", 0, 1)
    texts = [PROMPT.format(prompt) for prompt in records["prompt"]] + [prompt + reply for prompt, reply in pairs]
    trimmed = trim_vocabulary(source, target, [*texts, *records["reference"].drop_nulls()])
    (target / "trim.json").write_text(json.dumps(trimmed._asdict()), encoding="utf-8")
    report("trim", 1, 1)


def _cold_start(base: Path, target: Path, pairs: Sequence[Pair], config: RLConfig, report: Progress) -> None:
    from train.sft import finetune

    def batch(done: int, total: int) -> None:
        report("sft", done, total)

    finetune(base, target, pairs, config.sft, seed=config.seed, progress=batch)
