"""Answers to one prompt, and questions about one picture, stand on one side of a split in whatever order they come."""

import random

import pytest
from PIL import Image

from catalog import with_text
from corpus.clusters import prompt_clusters
from corpus.split import assign

# Prompt and picture; those with the same letter belong together.
RECORDS = [
    *[{"group": "a", "q": "怎么换锁？", "p": ""}] * 3,
    *[{"group": "b", "q": "What is written on the sign?", "p": "one.png"}] * 2,
    *[{"group": "b", "q": "这是什么？", "p": "one.png"}] * 2,
    *[{"group": "c", "q": "Who made this bridge?", "p": "two.png"}] * 2,
    *[{"group": "c", "q": "Is it older than a hundred years?", "p": "two.png"}] * 2,
    *[{"group": "c", "q": "Is it older than a hundred years?", "p": ""}] * 2,
    *[{"group": "d", "q": "How do I bake bread?", "p": ""}] * 3,
]


@pytest.fixture
def rows(describe, ingested):
    """Rows of the records, in an order of their own."""

    def read(seed):
        numbered = [{**record, "n": i, "a": f"答{i}"} for i, record in enumerate(RECORDS)]
        random.Random(seed).shuffle(numbered)
        row = {"prompt": "q", "response": "a", "images": ["{p}?"], "source_id": "n", "source_label": "group"}
        path = describe(row, records=numbered)
        for name, colour in {"one.png": "navy", "two.png": "red"}.items():
            Image.new("RGB", (5, 4), colour).save(path.parent / name)
        return with_text(ingested(path, into=f"store-{seed}").read("working"))

    return read


def sides(rows, seed):
    """(record, group, cluster, split) in the order of the records."""
    found = assign(prompt_clusters(rows), calibration=0, test=0.4, seed=seed)
    joined = rows.join(found, on="sample_id").select("source_id", "source_label", "cluster_id", "split")
    return sorted(joined.rows(), key=lambda row: int(row[0]))


@pytest.mark.parametrize("seed", [1, 2])
def test_groups_are_whole_and_the_order_of_rows_moves_none(rows, seed):
    one, again, shuffled = sides(rows(0), seed), sides(rows(0), seed), sides(rows(1), seed)
    assert one == again == shuffled and len(one) == len(RECORDS)
    assert len({(group, cluster) for _, group, cluster, _ in one}) == 4
    assert len({(group, split) for _, group, _, split in one}) == 4
