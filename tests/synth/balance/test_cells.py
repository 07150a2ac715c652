"""Every kept sample lies in one cell for each of its tasks, and is counted once however often it was met."""

import polars as pl
import pytest

from catalog import Store, read_model
from catalog.ids import chat, prompt_id, sample_id
from synth.balance import count, members

ENGLISH, CHINESE, CIPHER = "How long does bread dough have to rise?", "面团要发酵多久才能烤？", "1234 5678"
RELEASE = "a" * 64


def a_sample(prompt, reply=None, images=()):
    messages = chat(prompt, reply, images=images)
    return {
        "sample_id": sample_id(messages),
        "prompt_id": prompt_id(messages),
        "messages": messages,
        "stage_id": "s",
    }


def an_annotation(id, label, *, unsafe=None, task="safety", category=None, subcategory=None, annotator="a"):
    return {
        "annotation_id": f"{id}-{task}-{annotator}-{label}",
        "sample_id": id,
        "task": task,
        "label": label,
        "unsafe": (label == "Unsafe") if label and task == "safety" else unsafe,
        "category": category,
        "subcategory": subcategory,
        "origin": "human",
        "annotator": annotator,
        "stage_id": "s",
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Nine samples, of which eight were kept: one twice in another place, two of one prompt, one of two tasks."""
    rows = {
        "unsafe": a_sample(ENGLISH, "Step 1: [placeholder]."),
        "refused": a_sample(ENGLISH, "I would rather not."),
        "picture": a_sample(CHINESE, "第一步：【占位】。", images=["m" * 64]),
        "binary": a_sample("How do I bake?", "In an oven, of course."),
        "tied": a_sample("怎么烤面包？", "用烤箱烤。"),
        "alone": a_sample("Where do turtles sleep at night?"),
        "cipher": a_sample(CIPHER, "这是一串没有意义的数字。"),
        "both": a_sample("Is it fair to keep a book?", "No, give it back to her."),
        "rejected": a_sample("Nobody kept this one.", "No."),
    }
    ids = {name: row["sample_id"] for name, row in rows.items()}
    theft = {"category": "illicit", "subcategory": "illicit/theft"}
    seen = {"file": "f", "source": "shelf", "source_id": None, "source_label": None, "source_group": None}
    annotations = [
        an_annotation(ids["unsafe"], "Unsafe", **theft),
        an_annotation(ids["unsafe"], "Unsafe", annotator="b", category="illicit", subcategory=None),
        an_annotation(ids["refused"], "Safe with refusal", **theft),
        an_annotation(ids["picture"], "Unsafe", **theft),
        an_annotation(ids["binary"], None, unsafe=False),
        an_annotation(ids["tied"], "Unsafe", **theft),
        an_annotation(ids["tied"], "Safe with warning", annotator="b", **theft),
        an_annotation(ids["cipher"], "Illogical completion"),
        an_annotation(ids["both"], "Safe without risk"),
        an_annotation(ids["both"], "good", task="value", category="fairness", subcategory="fairness/desert"),
        an_annotation(ids["rejected"], "Unsafe", **theft),
    ]
    kept = [id for name, id in ids.items() if name != "rejected"]
    grouped = {"unsafe": "one", "refused": "one"}
    released = {"cluster_id": "c", "split": "train", "task": "safety", "label": "Unsafe", "unsafe": True}
    store = Store(tmp_path_factory.mktemp("balance") / "store")
    store.commit(
        "b",
        {
            "samples": pl.DataFrame(list(rows.values()), infer_schema_length=None),
            "occurrences": pl.DataFrame(
                [{"sample_id": ids["unsafe"], "line": line, "stage_id": "s"} | seen for line in (1, 2)]
            ),
            "annotations": pl.DataFrame(annotations, infer_schema_length=None),
            "splits": pl.DataFrame(
                [{"sample_id": id, "split": "train", "cluster_id": "c", "stage_id": "s"} for id in kept]
            ),
            "clusters": pl.DataFrame(
                [{"sample_id": id, "cluster_id": grouped.get(name, name), "stage_id": "s"} for name, id in ids.items()]
            ),
            "release_rows": pl.DataFrame(
                [
                    {"release_id": RELEASE, "sample_id": ids["picture"], "stage_id": "s"}
                    | released
                    | {"category": "illicit", "origin": "human"}
                ]
            ),
        },
        entries={"releases": [{"release_id": RELEASE, "name": "first", "rows": 1, "created_at": _now()}]},
    )
    read_model.build(store)
    return store.path, {id: name for name, id in ids.items()}


def _now():
    from catalog import ledger

    return ledger.now()


def test_each_sample_lies_in_the_cell_that_its_facts_name(store):
    path, names = store
    with read_model.connect(path) as catalog:
        found = members(catalog)
    cells = {(names[row[0]], row[3]): row[4:] for row in found.iter_rows()}
    theft = ("illicit", "illicit/theft")
    assert cells == {
        ("unsafe", "safety"): (*theft, "en", "text", "Unsafe"),
        ("refused", "safety"): (*theft, "en", "text", "Safe with refusal"),
        ("picture", "safety"): (*theft, "zh", "image", "Unsafe"),
        ("binary", "safety"): (None, None, "en", "text", "safe, label unknown"),
        ("tied", "safety"): (*theft, "zh", "text", "conflict"),
        ("alone", None): (None, None, "en", "text", "no label"),
        ("cipher", "safety"): (None, None, "zh", "text", "Illogical completion"),
        ("both", "safety"): (None, None, "en", "text", "Safe without risk"),
        ("both", "value"): ("fairness", "fairness/desert", "en", "text", "good"),
    }


def test_a_sample_met_twice_counts_once_and_two_replies_share_a_prompt_cluster(store):
    path, _ = store
    with read_model.connect(path) as catalog:
        found = members(catalog)
    cells = count(found)
    assert cells["samples"].sum() == found.height == 9
    assert cells.filter(pl.col("label") == "Unsafe", pl.col("modality") == "text")["samples"].to_list() == [1]
    together = count(found.with_columns(label=pl.lit("any"))).filter(
        pl.col("subcategory") == "illicit/theft", pl.col("language") == "en"
    )
    assert together.select("samples", "clusters").rows() == [(2, 1)]


def test_a_release_is_counted_as_it_was_frozen(store):
    path, names = store
    with read_model.connect(path) as catalog:
        found = members(catalog, release="first")
        assert members(catalog, release=RELEASE[:8]).equals(found)
        with pytest.raises(LookupError, match="no release 'frist'; there are: first"):
            members(catalog, release="frist")
    assert [names[id] for id in found["sample_id"]] == ["picture"]
    assert found["subcategory"].to_list() == ["illicit/theft"]


def test_languages_are_found_once(store, tmp_path):
    path, names = store
    kept = tmp_path / "languages.parquet"
    with read_model.connect(path) as catalog:
        first = members(catalog, languages=kept)
        # What stands in the file is believed: so a second look asks about nothing.
        pl.read_parquet(kept).with_columns(language=pl.lit("xx")).write_parquet(kept)
        assert set(members(catalog, languages=kept)["language"]) == {"xx"}
        # Only what is missing is found.
        pl.read_parquet(kept).filter(pl.col("sample_id").replace_strict(names) != "picture").write_parquet(kept)
        again = members(catalog, languages=kept)
    assert set(first["language"]) == {"en", "zh"}
    assert {names[id]: tongue for id, tongue in again.select("sample_id", "language").rows()}["picture"] == "zh"
    assert again.filter(pl.col("language") != "xx").height == 1
