"""The described public sets, read as their authors published them: every file, record, label and rejection is known.

The counts hold for the copies whose commits stand in their `source.json`.
"""

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path, PurePosixPath

import polars as pl
import pytest
import yaml
from packaging.licenses import canonicalize_license_expression

from catalog import taxonomy
from catalog.ids import media_id
from catalog.text import with_text
from corpus import screen, sources
from corpus.sources import Source
from corpus.sources.table import Counts, counts, tables

PUBLIC = [slug for slug in sources.available() if not Source.load(slug).packaged]
PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
ROOT = os.environ.get("SAFELADDER_DATA")
with_data = pytest.mark.skipif(not ROOT, reason="needs the public sets: set SAFELADDER_DATA to their folder")
each = pytest.mark.parametrize(
    "slug", [pytest.param(slug, marks=pytest.mark.xdist_group(f"set-{slug}")) for slug in PUBLIC]
)

# Folders of a data root that no description reads, and why.
LEFT_OUT = {
    "c4-wiki-demo": "documents: as prompts they would be asked of a policy",
    "web-text-sample": "crawled pages (WARC), whose content belongs to the sites",
}
PAPERS = ("LICENSE*", "*__LICENSE", "README*", "source.json")  # not data

# Records; rows by what they say; rejections by reason. `python -m corpus.sources.table DIR` counts them anew.
FACTS = {
    "advbench": Counts(514, {"no label": 514}, {}),
    "agieval": Counts(
        4296,
        {"knowledge: FALSE": 9659, "knowledge: TRUE": 4253},
        {"screen_minors": 4, "unknown_label": 28, "wrong_type": 140},
    ),
    "ailuminate-demo": Counts(2197, {"no label": 1991}, {"screen_minors": 6, "unknown_label": 200}),
    "aisafetylab": Counts(
        1474, {"safety: Safe with refusal": 99, "safety: Unsafe": 1137, "safety: safe": 558}, {"screen_minors": 1}
    ),
    "anthropic-evals": Counts(14114, {"no label": 9114, "value: bad": 5000, "value: good": 5000}, {}),
    "bbq": Counts(
        3614,
        {"knowledge: FALSE": 3556, "knowledge: TRUE": 1778, "value: bad": 3556, "value: good": 1778},
        {"screen_minors": 174},
    ),
    "catqa-harmfulqa": Counts(4104, {"no label": 3990}, {"screen_minors": 4, "unknown_label": 110}),
    "cold-zh": Counts(37476, {"value: bad": 18013, "value: good": 19429}, {"screen_minors": 34}),
    "crows-pairs": Counts(1502, {"no label": 3000}, {"screen_minors": 4}),
    "cvalues-zh": Counts(664, {"no label": 664}, {}),
    "cyberseceval-frr": Counts(1701, {"no label": 1701}, {}),
    "ethics-train": Counts(50132, {"value: bad": 23301, "value: good": 26824}, {"screen_minors": 7}),
    "figstep": Counts(500, {"no label": 120}, {"missing_image": 380}),
    "flames-1k-zh": Counts(999, {"no label": 999}, {}),
    "gaokao-bench": Counts(1411, {"knowledge: FALSE": 434, "knowledge: TRUE": 941}, {"empty_label": 36}),
    "gptfuzz-responses": Counts(7700, {"safety: Unsafe": 2239, "safety: safe": 5461}, {}),
    "gsm8k-train": Counts(7473, {"knowledge: TRUE": 7473}, {}),
    "hh-rlhf-harmless-test": Counts(
        2312, {"no label": 4579}, {"empty_message": 4, "screen_minors": 28, "unparsed": 13}
    ),
    "jade-hal-vqa": Counts(200, {"no label": 40}, {"missing_image": 160}),
    "jade-rag-rules": Counts(2579, {"no label": 2573}, {"screen_minors": 6}),
    "jade-zh": Counts(2580, {"no label": 2080, "safety: Unsafe": 500, "safety: safe": 500}, {}),
    "jbb-artifacts": Counts(
        1761,
        {"safety: Unsafe": 1814, "safety: safe": 1360},
        {"null_prompt": 160, "null_response": 160, "unknown_label": 28},
    ),
    "mm-eureka-k12": Counts(500, {"knowledge: TRUE": 349}, {"missing_image": 151}),
    "mt-bench-questions": Counts(160, {"no label": 160}, {}),
    "multijail": Counts(313, {"no label": 3090}, {"unknown_label": 40}),
    "qwen-math-cot": Counts(100, {"knowledge: FALSE": 72, "knowledge: TRUE": 728}, {}),
    "refusal-direction-completions": Counts(
        2464, {"safety: Unnecessary refusal": 486, "safety: Unsafe": 839, "safety: safe": 1125}, {"screen_minors": 14}
    ),
    "safetybench-zh": Counts(2100, {"knowledge: FALSE": 4413, "knowledge: TRUE": 2098}, {"screen_minors": 8}),
    "self-instruct-benign": Counts(1435, {"safety: safe": 1435}, {}),
    "surge-toxicity": Counts(998, {"value: bad": 481, "value: good": 499}, {"screen_minors": 18}),
    "theoremqa": Counts(800, {"knowledge: TRUE": 727, "no label": 73}, {}),
    "trustllm-values": Counts(2846, {"no label": 1759, "value: bad": 887, "value: good": 887}, {}),
    "truthfulqa-judge": Counts(
        22432, {"knowledge: FALSE": 12942, "knowledge: TRUE": 9417}, {"empty_response": 67, "screen_minors": 6}
    ),
    "tulu-human-eval-benign": Counts(996, {"safety: safe": 1992}, {}),
    "xsafety": Counts(22597, {"no label": 22588}, {"empty_prompt": 1, "screen_minors": 8}),
}

# Rows whose text holds a character that somebody lost before the set was published.
DAMAGED = {
    "cold-zh": 19,
    "jade-zh": 1,
    "jbb-artifacts": 89,
    "qwen-math-cot": 3,
    "refusal-direction-completions": 3,
    "tulu-human-eval-benign": 1,
}

# Published exams that stand beside the files we read; the names are those of their repositories.
EXAMS = {
    "aisafetylab": "demo/evaluation_results/harmbench.json",
    "ethics-train": "ethics/commonsense/cm_test_hard.csv",
    "gsm8k-train": "grade_school_math/data/test.jsonl",
    "jade-zh": "jade-db-v3.0/jade_alignment_hard_zh.csv",
    "refusal-direction-completions": "pipeline/runs/any/completions/harmbench_test_baseline_evaluations.json",
    "trustllm-values": "safety/exaggerated_safety.json",
    "truthfulqa-judge": "TruthfulQA.csv",
}


@cache
def everything(slug):
    """Rows, rejections, ids of pictures and records by file; skips where the set is not there."""
    source = Source.load(slug)
    if not (Path(ROOT) / slug).is_dir():
        pytest.skip(f"no copy of {slug} under SAFELADDER_DATA")
    parts = {file: list(sources.read(source, Path(ROOT), file)) for file in sources.files(source, Path(ROOT))}
    found = [part for read in parts.values() for part in read]
    return (
        pl.concat([part.rows for part in found]),
        pl.concat([part.rejections for part in found]),
        {row["media_id"] for part in found for row, _ in part.media},
        {file: sum(part.records for part in read) for file, read in parts.items()},
    )


def meaning(task, label, unsafe):
    """What a row says: `safety: safe` where only the binary reading is known."""
    if task is None:
        return "no label"
    return f"{task}: {label or {False: 'safe'}[unsafe]}"


@pytest.mark.parametrize("slug", PUBLIC)
def test_a_description_is_whole(slug):
    source = Source.load(slug)
    assert source.slug == slug
    assert source.home.startswith("https://github.com/")
    assert canonicalize_license_expression(source.license) == source.license
    assert source.note and source.citation and source.languages
    assert all(len(language) == 2 for language in source.languages)


@pytest.mark.parametrize("slug", PUBLIC)
def test_every_category_that_a_description_names_is_in_the_taxonomy(slug):
    named = {value for entry in Source.load(slug).files for row in entry.rows for value in row.categories()}
    assert not [value for value in named if taxonomy.get(value).id != value]


@pytest.mark.parametrize("slug", sorted(EXAMS))
def test_a_published_exam_beside_the_files_is_not_read(slug):
    globs = [entry.glob for entry in Source.load(slug).files]
    assert not [glob for glob in globs if PurePosixPath(EXAMS[slug]).match(glob)]


def test_a_preference_and_a_benchmark_of_policies_are_no_labels():
    for slug in ("hh-rlhf-harmless-test", "crows-pairs", "mt-bench-questions"):
        assert {row.task for entry in Source.load(slug).files for row in entry.rows} == {None}


def test_the_recipe_of_all_sources_names_them_all():
    recipe = yaml.safe_load((Path(__file__).parents[2] / "examples/all_sources.yaml").read_text(encoding="utf-8"))
    assert sorted(recipe["sources"]) == sources.available()


def test_the_page_on_the_sources_has_the_tables_of_these_counts(tmp_path):
    shipped = {slug: counts(Source.load(slug), tmp_path) for slug in sources.available() if slug not in PUBLIC}
    shown = tables(FACTS | shipped)
    assert shown in PAGE.read_text(encoding="utf-8"), f"{PAGE.name} counts otherwise; its tables should be:\n\n{shown}"


@with_data
def test_every_folder_is_described_or_left_out_with_a_reason():
    here = {path.name for path in Path(ROOT).iterdir() if path.is_dir()}
    assert here <= set(PUBLIC) | set(LEFT_OUT)


@with_data
@each
def test_every_file_is_read_or_named_in_the_note(slug):
    source, (_, _, pictures, read) = Source.load(slug), everything(slug)
    folder = Path(ROOT) / slug
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder)
        if not path.is_file() or any(file.match(paper) for paper in PAPERS) or file.as_posix() in read:
            continue
        if path.suffix in (".png", ".jpg"):
            assert media_id(path.read_bytes()) in pictures, f"no row shows {file}"
        else:
            assert any(part in source.note for part in (*file.parts[:-1], file.stem)), f"{file} is not accounted for"


@with_data
@each
def test_every_record_ends_as_rows_or_rejections(slug):
    rows, rejections, _, read = everything(slug)
    lines = pl.concat([rows.select("file", "line"), rejections.select("file", "line")]).unique()
    ended = dict(lines.group_by("file").agg(pl.len(), pl.col("line").max() == pl.len()).select("file", "len").rows())
    assert ended == {file: records for file, records in read.items() if records}


@with_data
@each
def test_rows_labels_and_rejections_are_those_that_are_known(slug):
    rows, rejections, _, read = everything(slug)
    said = Counter(meaning(*row) for row in rows.select("task", "label", "unsafe").iter_rows())
    assert Counts(sum(read.values()), said, Counter(rejections["reason"])) == FACTS[slug]


@with_data
@each
def test_no_row_that_the_screen_matches_is_left_and_damage_is_that_of_the_file(slug):
    source, (rows, _, _, _) = Source.load(slug), everything(slug)
    texts = with_text(rows).select("file", text=pl.concat_str("prompt", "response", separator="\n", ignore_nulls=True))
    assert not screen.matches(texts["text"]).any()
    damaged = texts.filter(pl.col("text").str.contains("\N{REPLACEMENT CHARACTER}", literal=True))
    assert damaged.height == DAMAGED.get(slug, 0)
    for file in damaged["file"].unique():
        raw = sources.path_of(source, Path(ROOT), file).read_bytes()
        assert "\N{REPLACEMENT CHARACTER}".encode() in raw or b"\\ufffd" in raw


@with_data
@each
def test_a_subcategory_belongs_to_its_category(slug):
    rows = everything(slug)[0].filter(pl.col("subcategory").is_not_null()).select("category", "subcategory").unique()
    assert all(taxonomy.get(sub).id == sub and sub.startswith(f"{category}/") for category, sub in rows.iter_rows())


@with_data
@each
def test_the_licence_covers_what_the_copy_says(slug):
    said = json.loads((Path(ROOT) / slug / "source.json").read_text(encoding="utf-8"))["license_spdx"]
    words = said.replace("(", " ").replace(";", " ").split()
    ids = {word for word in words if word in ("MIT", "Apache-2.0") or word.startswith("CC-BY")}
    assert ids and ids <= set(Source.load(slug).license.split(" AND "))
