"""Difficulty is the share of judged rollouts that were wrong; what nobody judged is no answer."""

import polars as pl

from catalog import Store, read_model
from catalog.ids import chat, prompt_id, sample_id
from synth.balance import distance_from_even, rollouts, share_wrong


def test_shares_by_hand():
    # p: 1 of 4 wrong; q: all of 4 judged wrong, one not judged; r: 3 judged, too few to say.
    rows = [("p", w) for w in (True, False, False, False)]
    rows += [("q", w) for w in (True, True, None, True, True)] + [("r", True)] * 3
    found = share_wrong(pl.DataFrame(rows, schema={"prompt_id": pl.String, "wrong": pl.Boolean}, orient="row"))
    assert found.rows() == [("p", 0.25, 4, 0), ("q", 1.0, 4, 1), ("r", None, 3, 0)]


def test_a_verifier_is_unsure_near_one_half_and_an_abstention_is_no_answer():
    assert distance_from_even(pl.Series([0.5, 0.9, 0.1, None])).round(9).to_list() == [0.0, 0.4, 0.4, None]


def test_rollouts_come_from_the_lineage_with_the_label_of_their_judge(tmp_path):
    replies = {"好": "Safe with refusal", "坏": "Unsafe", "？": None, "旁": "Unsafe"}
    rows, annotations = [], []
    for reply, label in replies.items():
        messages = chat("请问怎么烤面包？", reply)
        id = sample_id(messages)
        rows.append({"sample_id": id, "prompt_id": prompt_id(messages), "messages": messages, "stage_id": "s"})
        if label:
            facts = dict.fromkeys(("category", "subcategory")) | {"unsafe": label == "Unsafe", "origin": "machine"}
            facts |= {"annotation_id": id, "sample_id": id, "task": "safety", "label": label, "annotator": "judge@1"}
            annotations.append(facts | {"stage_id": "s"})
    edge = {"parent_id": "p", "seed": 0, "detail": "{}", "stage_id": "s"}
    relations = ["rollout@1", "rollout@1", "rollout", "steered@1"]
    store = Store(tmp_path / "store")
    store.commit(
        "b",
        {
            "samples": pl.DataFrame(rows, infer_schema_length=None),
            "annotations": pl.DataFrame(
                annotations, schema_overrides={"category": pl.String, "subcategory": pl.String}
            ),
            "lineage": pl.DataFrame(
                [{"child_id": row["sample_id"], "relation": r} | edge for row, r in zip(rows, relations, strict=True)]
            ),
        },
    )
    read_model.build(store)
    with read_model.connect(store.path) as catalog:
        found = rollouts(catalog)
    wrong = dict(found.select("sample_id", "wrong").rows())
    assert wrong == {rows[0]["sample_id"]: False, rows[1]["sample_id"]: True, rows[2]["sample_id"]: None}
    assert share_wrong(found, least=2).select("wrong", "judged", "not_judged").rows() == [(0.5, 2, 1)]
