"""Verify: train a calibrated safety verifier from the release, measure it, and let it judge every row."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from catalog import Accounting, Context, Output, Stage, Store, digest, models, with_text
from catalog import ledger as ledger_rows
from corpus import filters, pieces
from safeladder.pipeline.frames import empty, table
from safeladder.pipeline.release import rows_of
from verifiers import VerifierConfig

if TYPE_CHECKING:
    from verifiers import Verifier

CHECKPOINTS = "checkpoints"
SCORED_AT_ONCE = 512


def train_stage(config: VerifierConfig, *, release_id: str | None = None) -> Stage:
    """Train, calibrate and measure a verifier on this run's release, or on one that is named."""
    return Stage(
        name="verifier",
        work=lambda context: _train(context, config, release_id),
        after=() if release_id else ("release",),
        config=config.model_dump(mode="json") | {"release_id": release_id},
        reads={"backbone": models.weights_digest(models.resolve(config.backbone))},
        version=2,  # 1 gave a language model no mark between prompt and reply
    )


def safety_rows(store: Store, release: pl.DataFrame) -> pl.DataFrame:
    """The safety rows of a release as a verifier reads them: the text of a picture stands before the prompt.

    Args:
        store: Where samples and media are.
        release: Rows of `release_rows`.
    """
    rows = release.filter(pl.col("task") == "safety")
    samples = store.read("samples").unique("sample_id", keep="first")
    texts = with_text(samples.join(rows, on="sample_id", how="semi"))
    shown = store.read("media").unique("media_id", keep="first").select(images="media_id", shown="text")
    seen = (
        texts.select("sample_id", "images")
        .explode("images", empty_as_null=False)
        .join(shown, on="images")
        .group_by("sample_id", maintain_order=True)
        .agg(pl.when(pl.col("shown").is_not_null().all()).then(pl.col("shown").str.join("\n")).alias("shown"))
    )
    first = (
        store.read("occurrences").unique("sample_id", keep="first", maintain_order=True).select("sample_id", "source")
    )
    texts = (
        texts.join(seen, on="sample_id", how="left")
        .join(first, on="sample_id", how="left")
        .with_columns(
            # A picture whose text nobody knows leaves no prompt to judge: the verifier abstains.
            prompt=pl.when(pl.col("images").list.len() == 0)
            .then("prompt")
            .when(pl.col("shown").is_not_null())
            .then(pl.concat_str("shown", "prompt", separator="\n")),
            source=pl.col("source").fill_null("synth"),
            modality=pl.when(pl.col("images").list.len() > 0).then(pl.lit("image")).otherwise(pl.lit("text")),
        )
    )
    whole = texts.select(pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True)).to_series()
    texts = texts.with_columns(language=filters.detect(whole))
    columns = ["sample_id", "prompt_id", "prompt", "response", "language", "modality", "source"]
    return rows.join(texts.select(columns), on="sample_id").sort("sample_id")


def _train(context: Context, config: VerifierConfig, release_id: str | None) -> Output:
    import verifiers

    release = rows_of(context, release_id)
    release_id = str(release["release_id"].first())
    rows = safety_rows(context.store, release)
    if rows.is_empty():
        raise RuntimeError("the release has no safety rows: add a source that has some, or set `verifier: null`")
    readable = pl.col("response").is_not_null() & pl.col("prompt").is_not_null()
    answered = rows.filter(readable)
    unread = rows.filter(~readable).select("sample_id", reason=pl.lit("no_text_to_read"))
    built = verifiers.train_verifier(
        answered,
        config=config,
        workdir=context.workdir,
        release_id=release_id,
        progress=lambda done, total, numbers: context.tick(done, total, "steps"),
    )
    checkpoint_id = verifiers.checkpoint_id(built)
    path = context.store.path / CHECKPOINTS / checkpoint_id
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        shutil.copytree(built, beside := path.with_name(f".{checkpoint_id}"), dirs_exist_ok=True)
        beside.rename(path)
    return Output(
        Accounting(rows.height, answered.height, rejected=unread.height),
        {
            "rejections": table("rejections", unread, stage="verifier"),
            "checkpoint_metrics": table(
                "checkpoint_metrics", verifiers.read_metrics(path), checkpoint_id=checkpoint_id
            ),
            "lineage": table(
                "lineage",
                pl.DataFrame({"child_id": [checkpoint_id], "parent_id": [release_id], "seed": [config.seed]}),
                relation="trained_on",
            ),
        },
        {"checkpoints": [checkpoint_entry(checkpoint_id, "verifier", release_id)]},
    )


def checkpoint_entry(checkpoint_id: str, kind: str, release_id: str) -> dict[str, object]:
    """The ledger's row for a checkpoint that lies in the store."""
    return {
        "checkpoint_id": checkpoint_id,
        "kind": kind,
        "release_id": release_id,
        "path": f"{CHECKPOINTS}/{checkpoint_id}",
        "created_at": ledger_rows.now(),
    }


def trained_by(store: Store, stage_id: str) -> str:
    """Id of the checkpoint that a stage trained."""
    lineage = store.read("lineage", batch_id=stage_id)
    return str(lineage.filter(pl.col("relation") == "trained_on")["child_id"].first())


def score_stage(*, release_id: str | None = None) -> Stage:
    """Let the verifier judge every safety row of the release."""
    return Stage(
        name="score",
        work=lambda context: _score(context, release_id),
        after=("verifier",) if release_id else ("release", "verifier"),
        config={"release_id": release_id},
    )


def _score(context: Context, release_id: str | None) -> Output:
    import verifiers

    checkpoint_id = trained_by(context.store, context.upstream["verifier"])
    rows = safety_rows(context.store, rows_of(context, release_id))
    judged, asked = [empty("verdicts")], rows
    if context.before:  # what did not fail stands
        judged.append(context.read_before("verdicts"))
        asked = rows.join(context.read_before("rejections"), on="sample_id", how="semi")
    verifier = verifiers.load_verifier(context.store.path / CHECKPOINTS / checkpoint_id)
    scored, failed = score_rows(
        verifier,
        asked,
        folder=context.workdir,
        may_fail=1.0 if context.before else 0.1,
        tick=lambda done, total: context.tick(done, total, "rows"),
    )
    verdicts = pl.concat([*judged, table("verdicts", scored, checkpoint_id=checkpoint_id)]).sort("sample_id")
    return Output(
        Accounting(rows.height, verdicts.height, failed=failed.height),
        {"verdicts": verdicts, "rejections": table("rejections", failed, stage="score")},
    )


def score_rows(
    verifier: "Verifier", rows: pl.DataFrame, *, folder: Path, may_fail: float, tick: Callable[[int, int], None]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Verdicts of rows by their `sample_id`, and the rows that failed with `reason` and `detail`.

    Each batch is kept as a file named by what was asked, so that a killed stage asks the verifier only what is left.

    Args:
        verifier: The same one whenever the folder is the same.
        rows: As `safety_rows` gives them.
        folder: For the batches.
        may_fail: Share of a batch's rows that may fail before the verifier is held to be at fault.
        tick: Told how many of how many rows are done.

    Raises:
        RuntimeError: If so many rows of a batch fail that the verifier must be at fault.
    """

    def judge(part: pl.DataFrame) -> pl.DataFrame:
        said = verifier.score(part["prompt"].to_list(), part["response"].to_list())
        # As many verdicts as rows, or this raises: a verdict must not move up to another row's id.
        return said.with_columns(part["sample_id"], reason=pl.lit(None, pl.String), detail=pl.lit(None, pl.String))

    answers = []
    batches = [rows[start : start + SCORED_AT_ONCE] for start in range(0, rows.height, SCORED_AT_ONCE)]
    paths = [folder / f"{digest(batch.select('sample_id', 'prompt', 'response').rows())}.scored" for batch in batches]
    pieces.sweep(folder, {path.name for path in paths})
    for n, (batch, path) in enumerate(zip(batches, paths, strict=True)):
        tick(n * SCORED_AT_ONCE, rows.height)
        if not path.exists():
            done, failed = pieces.isolate(batch, judge, may_fail=may_fail)
            asked = failed.select("sample_id", "reason", "detail")
            pieces.write(path, pl.concat([*done, asked], how="diagonal"))
        answers.append(pl.read_parquet(path))
    answered = pl.concat(answers, how="diagonal")
    failed = answered.filter(pl.col("reason").is_not_null())
    return answered.filter(pl.col("reason").is_null()), failed
