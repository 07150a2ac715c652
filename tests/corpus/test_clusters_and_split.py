"""Rows that have seen one another stand on one side of the exam, whatever else is in the corpus."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ids import chat, prompt_id, sample_id
from catalog.schema import BATCH
from catalog.text import with_text
from corpus.clusters import prompt_clusters
from corpus.dedup.components import join
from corpus.split import assign


def row(prompt, response="Fine.", *, images=(), source="s", source_group=None):
    messages = chat(prompt, response, images=images)
    ids = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages)}
    return dict.fromkeys(BATCH.names) | ids | {"messages": messages, "source": source, "source_group": source_group}


def batch(*rows):
    return with_text(pl.DataFrame(rows, schema=dict(pl.DataFrame(BATCH.empty_table()).schema)))


def groups(*rows, **options):
    """The rows by position, as clusters put them together."""
    frame = batch(*rows)
    found = dict(prompt_clusters(frame, **options).select("sample_id", "cluster_id").iter_rows())
    together = {}
    for at, sample in enumerate(frame["sample_id"]):
        together.setdefault(found[sample], []).append(at)
    return sorted(together.values())


def test_answers_to_one_prompt_stay_together_however_it_is_spelt():
    assert groups(row("怎么换锁？", "甲"), row("怎么换锁?", "乙"), row("怎么修锁？", "丙")) == [[0, 1], [2]]


def test_prompts_that_nearly_say_the_same_stay_together():
    long = "Please tell me how to replace the old lock of the front door with a new one from the shop"
    assert groups(row(long), row(long + " today"), row("Please tell me how to bake bread")) == [[0, 1], [2]]


def test_the_grouping_of_a_source_counts_inside_that_source_only():
    rows = [
        row("a?", source_group="1"),
        row("b?", source_group="1"),
        row("c?", source="t", source_group="1"),
        row("d?"),
    ]
    assert groups(*rows) == [[0, 1], [2], [3]]


def test_one_picture_under_many_questions_joins_them():
    assert groups(row("What is it?", images=["p"]), row("Who is it?", images=["q", "p"]), row("Why?")) == [[0, 1], [2]]


def test_one_sentence_over_many_pictures_joins_nothing():
    frame = "The picture shows a list. Please fill in every item of the list in detail."
    rows = [row(frame, images=[name]) for name in "pqr"]
    assert groups(*rows, row(frame), row("Something else entirely is asked here")) == [[0], [1], [2], [3], [4]]


def test_a_prompt_with_its_picture_stays_with_the_same_prompt_without():
    assert groups(row("[prompt 5]", images=["two"]), row("[prompt 5]", "x"), row("[prompt 4]", images=["two"])) == [
        [0, 1, 2]
    ]


def test_silence_is_not_a_shared_prompt():
    assert groups(row(""), row(" \u200b"), row("", "x")) == [[0, 2], [1]]


def test_the_cluster_is_named_by_its_smallest_prompt_and_every_sample_is_there_once():
    frame = batch(row("a?", source_group="1"), row("b?", source_group="1"), row("b?", source_group="2"))
    found = prompt_clusters(frame)
    assert found["sample_id"].to_list() == sorted(set(frame["sample_id"]))
    assert set(found["cluster_id"]) == {min(frame["prompt_id"])}
    assert prompt_clusters(batch()).height == 0


@given(
    st.lists(
        st.tuples(
            st.text("ab 锁门", max_size=5),
            st.lists(st.sampled_from("pqr"), max_size=2),
            st.sampled_from(["1", "2", None]),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_the_order_of_rows_decides_nothing(drawn, random):
    rows = [row(text, images=images, source_group=group) for text, images, group in drawn]
    shuffled = random.sample(rows, len(rows))
    found = prompt_clusters(batch(*rows))
    assert found.equals(prompt_clusters(batch(*shuffled)))
    assert found.join(batch(*rows).unique("sample_id"), on="sample_id").group_by("prompt_id").agg(
        pl.col("cluster_id").n_unique()
    )["cluster_id"].max() in (1, None)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_components_are_those_of_walking_from_number_to_number(edges):
    import numpy as np

    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    root = join(np.arange(20), ends[:, 0], ends[:, 1])
    reached = {i: {i} for i in range(20)}
    for _ in range(20):
        for left, right in edges:
            reached[left] = reached[right] = reached[left] | reached[right]
    expected = [min(reached[i]) for i in range(20)]
    for _ in range(20):
        expected = [expected[i] for i in expected]
    assert root.tolist() == expected


# Split


def clusters(count):
    return pl.DataFrame(
        {"sample_id": [f"s{i}" for i in range(2 * count)], "cluster_id": [f"c{i // 2}" for i in range(2 * count)]}
    )


def test_no_cluster_stands_on_two_sides_and_the_shares_come_out():
    found = assign(clusters(4000), calibration=0.15, test=0.2, seed=1)
    assert found.group_by("cluster_id").agg(pl.col("split").n_unique())["split"].to_list() == [1] * 4000
    shares = dict(found["split"].value_counts(normalize=True).iter_rows())
    # a share of 4000 clusters has a standard deviation below .0064
    assert shares == {
        "train": pytest.approx(0.65, abs=0.03),
        "calibration": pytest.approx(0.15, abs=0.03),
        "test": pytest.approx(0.2, abs=0.03),
    }


def test_a_side_depends_on_the_cluster_and_the_seed_alone():
    everything = assign(clusters(50), seed=1)
    few = assign(clusters(50)[::-1][:31], seed=1)
    assert few.join(everything, on=["sample_id", "cluster_id", "split"]).height == 31
    assert assign(clusters(50), seed=2)["split"].to_list() != everything["split"].to_list()


@pytest.mark.parametrize("shares", [{"test": 0.9}, {"calibration": -0.1}, {"calibration": 0.5, "test": 0.5}])
def test_shares_that_leave_nothing_to_train_on_are_refused(shares):
    with pytest.raises(ValueError, match="nothing to train on"):
        assign(clusters(3), seed=0, **shares)
