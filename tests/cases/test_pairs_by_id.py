"""Answers of two models meet by the id of their prompt, never by their place; who has no partner is set aside."""

import json

import pytest

A, B = "a.jsonl", "b.jsonl"


@pytest.fixture
def merge(describe, ingested, ask):
    """(prompt, answers) that came together, and (line, file that lacked an answer) of the others."""

    def run(first, second, count=8):
        lookups = [
            {"field": "id", "file": file, "key": "id", "value": "text", "into": into}
            for file, into in ((A, "first"), (B, "second"))
        ]
        row = {"prompt": "q", "response": "A: {first} B: {second}", "source_id": "id"}
        records = [{"id": i, "q": f"第{i}题"} for i in range(1, count + 1)]
        path = describe(row, records=records, glob="rows.jsonl", lookups=lookups)
        for file, ids in ((A, first), (B, second)):
            lines = (json.dumps({"id": i, "text": f"{file[0]}{i}"}) + "\n" for i in ids)
            (path.parent / file).write_text("".join(lines))
        store = ingested(path)
        pairs = ask(store, "select source_id, response from rows join occurrences using (sample_id) order by line")
        lacking = ask(store, "select line, reason, detail from rejections order by line")
        (numbers,) = ask(store, "select rows_in, rows_out, rejected, failed from stages")
        return pairs, lacking, numbers

    return run


def test_a_missing_batch_moves_nothing_up(merge):
    pairs, lacking, numbers = merge(range(1, 9), [1, 2, 5, 6, 8, 7])
    assert pairs == [(str(i), f"A: a{i} B: b{i}") for i in (1, 2, 5, 6, 7, 8)]
    assert [(line, reason) for line, reason, _ in lacking] == [(3, "unknown_key"), (4, "unknown_key")]
    assert all(B in detail and A not in detail for _, _, detail in lacking)
    assert numbers == (8, 6, 2, 0)


def test_what_both_lack_is_told_once_and_answers_without_a_prompt_make_no_row(merge):
    pairs, lacking, numbers = merge([2, 1, 9], [1, 3], count=4)
    assert pairs == [("1", "A: a1 B: b1")]
    assert [[file for file in (A, B) if file in detail] for _, _, detail in lacking] == [[B], [A], [A, B]]
    assert numbers == (4, 1, 3, 0)
