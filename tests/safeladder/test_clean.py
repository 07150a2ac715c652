"""Copies of copies, copies without text, and what their labels become."""

import json

import polars as pl
import pytest
import yaml

from catalog import with_text
from catalog.labels import SAFETY


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Run the ingest-to-release part of the factory over rows of a source of one's own."""
    from catalog import Store, execute
    from corpus import sources
    from safeladder.pipeline import clean, copies, exams, ingest, release
    from safeladder.recipe import DedupConfig, ExamConfig, FilterConfig, ReleaseConfig, SplitConfig

    def run(rows, *, filter=None, dedup=None, exam=None, against=None):
        (tmp_path / "data" / "mine").mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "mine" / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        description = {
            "slug": "mine",
            "title": "Rows of a test",
            "home": "https://example.org/mine",
            "license": "MIT",
            "tier": "open",
            "citation": "none",
            "languages": ["en"],
            "label_origin": "human",
            "files": [
                {
                    "glob": "rows.jsonl",
                    "format": "jsonl",
                    "rows": [
                        {
                            "prompt": "q",
                            "response": "a",
                            "task": "safety",
                            "label": {"from": "label", "map": {label: label for label in SAFETY}},
                        }
                    ],
                }
            ],
        }
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(description))
        mine = sources.Source.from_yaml(path)
        monkeypatch.setattr(sources.Source, "load", staticmethod(lambda slug: mine))
        store = Store(tmp_path / "store")
        chain = [
            *ingest.stages(["mine"], tmp_path / "data"),
            clean.filter_stage(FilterConfig(**filter or {}), ["ingest:mine"], workers=1),
            copies.dedup_stage(DedupConfig(**dedup or {}), licenses={"mine": "MIT"}, against=against),
        ]
        if exam:
            chain.append(exams.stage(ExamConfig(exams=(str(exam),))))
        chain.append(clean.split_stage(SplitConfig(), after=chain[-1].name, seed=0))
        chain.append(release.stage(ReleaseConfig(name="r"), store, after=[stage.name for stage in chain]))
        execute(store, name="t", recipe={}, stages=chain)
        return store

    return run


WORDS = "the quick brown fox jumps over the lazy dog and then walks home along the quiet river to sleep until noon"


def test_a_copy_of_a_near_copy_names_the_row_that_stays(source):
    longest = f"{WORDS} again today"
    store = source(
        [
            {"q": "Tell me a story.", "a": longest, "label": "Safe without risk"},
            {"q": "Tell me a story.", "a": f"{WORDS} again", "label": "Safe without risk"},
            {"q": "Tell me a story. ", "a": f"{WORDS} AGAIN", "label": "Safe without risk"},
        ]
    )
    rejected = store.read("rejections")
    assert sorted(rejected["reason"]) == ["exact_duplicate", "near_duplicate"]
    (kept,) = store.read("release_rows")["sample_id"]
    assert set(rejected["matched_id"]) == {kept}
    assert all(0.8 <= similarity <= 1 for similarity in rejected["similarity"])


def test_exact_copies_with_different_answers_are_a_conflict_and_no_guess(source):
    with pytest.raises(RuntimeError, match="nothing to release"):
        source(
            [
                {"q": "Tell me a story.", "a": WORDS, "label": "Safe without risk"},
                {"q": "tell me a story.", "a": WORDS, "label": "Unsafe"},
            ]
        )


def test_a_minimal_pair_with_two_answers_stays_whole(source):
    store = source(
        [
            {"q": "Tell me a story.", "a": f"{WORDS} again today", "label": "Safe without risk"},
            {"q": "Tell me a story.", "a": f"{WORDS} again", "label": "Unsafe"},
        ]
    )
    assert store.read("release_rows").height == 2 and store.read("rejections").is_empty()
    assert store.read("splits")["split"].n_unique() == 1


def test_personal_data_goes_with_its_row_or_without_it(source):
    rows = [
        {"q": "Write me a letter.", "a": f"{WORDS}. 请拨打13912345678联系我。", "label": "Safe without risk"},
        {"q": "Write me a poem.", "a": "Roses stand beside the open gate.", "label": "Safe without risk"},
    ]
    store = source(rows, filter={"pii": "scrub"})
    (gone,) = store.read("rejections").to_dicts()
    made = store.read("lineage").filter(pl.col("relation") == "scrub@1").to_dicts()
    assert gone["reason"] == "pii_phone" and [link["parent_id"] for link in made] == [gone["sample_id"]]
    kept = with_text(store.read("samples").join(store.read("release_rows"), on="sample_id"))
    assert sorted(kept["response"]) == [rows[1]["a"], f"{WORDS}. 请拨打[PHONE]联系我。"]
    assert gone["sample_id"] not in kept["sample_id"]


def test_a_row_that_holds_an_exam_item_is_kept_out_with_its_place(source, tmp_path):
    item = "A traveller carries three numbered keys and must open two doors before the guard comes back at seven"
    (tmp_path / "keys.jsonl").write_text(json.dumps({"id": "k1", "text": item}))
    rows = [
        {"q": f"Please answer this. {item.upper()}. Thank you.", "a": WORDS, "label": "Safe without risk"},
        {"q": "Tell me a story.", "a": "Roses stand beside the open gate.", "label": "Safe without risk"},
    ]
    store = source(rows, exam=tmp_path / "keys.jsonl")
    (gone,) = store.read("rejections").to_dicts()
    assert (gone["stage"], gone["reason"], gone["similarity"]) == ("decontaminate", "holds_exam_item", 1.0)
    assert gone["detail"] == "keys item k1: verbatim in prompt 20-120"
    assert store.read("release_rows").height == 1


def test_labels_that_contradict_are_rows_to_review(source):
    rows = [
        {"q": "Tell me a story.", "a": WORDS, "label": "Safe without risk"},
        {"q": "tell me a story.", "a": WORDS, "label": "Unsafe"},
        {"q": "Tell me a poem.", "a": "Roses stand beside the open gate.", "label": "Safe without risk"},
    ]
    store = source(rows)
    (conflict,) = store.read("label_conflicts").to_dicts()
    assert {conflict["label"], conflict["matched_label"]} == {"Safe without risk", "Unsafe"}
    assert conflict["source"] == "mine" and conflict["sample_id"] != conflict["matched_id"]


def test_new_rows_are_compared_with_a_release_that_is_there(source):
    old = [{"q": "Tell me a story.", "a": f"{WORDS} again today", "label": "Safe without risk"}]
    store = source(old)
    (release_id,) = store.read("release_rows")["release_id"].unique()
    (known,) = store.read("release_rows")["sample_id"]
    new = [
        {"q": "Tell me a story.", "a": f"{WORDS} again", "label": "Safe without risk"},
        {"q": "Tell me a poem.", "a": "Roses stand beside the open gate.", "label": "Safe without risk"},
    ]
    store = source(new, against=release_id)
    (gone,) = store.read("rejections").to_dicts()
    assert gone["matched_id"] == known and gone["reason"] == "near_duplicate"


def test_noise_leaves_where_it_is_no_attack_and_not_what_a_row_is_about(source):
    cipher = "Guvf vf n pvcure gung n ernqre znl jnag gb gel, nf nggnpxf qb."
    store = source(
        [
            {"q": cipher, "a": WORDS, "label": "Safe without risk"},
            {"q": "Tell me a story.", "a": "……！", "label": "Safe without risk"},
            {"q": "Tell me a poem.", "a": "？？！！", "label": "Illogical completion"},
        ]
    )
    (gone,) = store.read("rejections").to_dicts()
    kept = with_text(store.read("samples").join(store.read("splits"), on="sample_id"))
    assert gone["reason"] == "no_words" and set(kept["prompt"]) == {cipher, "Tell me a poem."}


def test_filters_of_replies_leave_a_prompt_alone_be():
    from corpus import steps
    from safeladder.pipeline.clean import reasons
    from safeladder.recipe import FilterConfig

    batch = pl.DataFrame(
        {"prompt": ["Tell me a story."], "reply": ["Tell me a story."], "whole": ["Tell me a story."]}
    ).with_columns(response=pl.lit(None, pl.String), sense=pl.lit(None, pl.String))
    for reason in reasons(FilterConfig(min_words_with_letter_ratio=0.5, placeholders=True)):
        found = batch.select(reason).to_series() if isinstance(reason, pl.Expr) else reason(batch)
        assert found.to_list() == [None], reason
    assert steps.ILLOGICAL in SAFETY


@pytest.mark.slow
def test_what_says_the_same_in_other_words_leaves_where_that_is_asked_for(source):
    rows = [
        {
            "q": "How do I bake bread at home?",
            "a": "Knead the dough, let it rise, bake it.",
            "label": "Safe without risk",
        },
        {"q": "How can I bake bread at home?", "a": "Knead dough, let it rise, bake.", "label": "Safe without risk"},
        {"q": "怎样在海边找到贝壳？", "a": "退潮以后沿着沙滩慢慢走。", "label": "Safe without risk"},
    ]
    store = source(rows, dedup={"semantic": 0.95})
    (gone,) = store.read("rejections").to_dicts()
    assert gone["reason"] == "same_meaning" and 0.95 <= gone["similarity"] < 1
    assert gone["matched_id"] in store.read("release_rows")["sample_id"]
    assert store.read("release_rows").height == 2
