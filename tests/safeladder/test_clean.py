"""Copies of copies, copies without text, and what their labels become."""

import json

import pytest
import yaml

from catalog.labels import SAFETY


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Run the ingest-to-release part of the factory over rows of a source of one's own."""
    from catalog import Store, execute
    from corpus import sources
    from safeladder.pipeline import clean, ingest, release
    from safeladder.recipe import DedupConfig, FilterConfig, ReleaseConfig, SplitConfig

    def run(rows):
        (tmp_path / "data" / "mine").mkdir(parents=True)
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
            clean.filter_stage(FilterConfig(), ["ingest:mine"], workers=1),
            clean.dedup_stage(DedupConfig()),
            clean.split_stage(SplitConfig(), seed=0),
        ]
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
