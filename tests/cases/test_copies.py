"""Rows that look like copies to a careless key, and copies that a careless pair of eyes misses."""

from random import Random

import polars as pl
import pytest

from catalog.ids import chat, prompt_id, sample_id
from catalog.schema import BATCH
from catalog.text import with_text
from corpus.dedup import exact_duplicates, keep_rank, near_duplicates, similar_pairs
from corpus.filters import no_words


def exact(texts):
    """Which text goes for which; the first of several copies is preferred."""
    rows = []
    for line, text in enumerate(texts):
        messages = chat(text)
        ids = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages)}
        rows.append(dict.fromkeys(BATCH.names) | ids | {"messages": messages, "source": "s", "file": "f", "line": line})
    frame = with_text(pl.DataFrame(rows, schema=dict(pl.DataFrame(BATCH.empty_table()).schema)))
    frame = frame.with_row_index("row").with_columns(rank=pl.int_range(pl.len()))
    first = dict(zip(frame["sample_id"].reverse(), reversed(texts), strict=True))
    return {
        texts[row]: first[matched]
        for row, matched in exact_duplicates(frame).select("row", "matched_id").iter_rows()
        if texts[row] != first[matched] or texts.index(first[matched]) != row
    }


def near(texts, **options):
    ids = pl.Series([str(place) for place in range(len(texts))])
    found = near_duplicates(pl.Series(texts, dtype=pl.String), ids, pl.Series(range(len(texts))), **options)
    return {row: int(matched) for row, matched in found.select("row", "matched_id").iter_rows()}


# Numbers are the content of tables.


def test_tables_that_differ_only_in_numbers_are_not_one_row():
    tables = ["a|7|12€", "b|8|13€", "a|7|12€ ", "3号车14点开，限坐40人。", "5号车16点开，限坐25人。"]
    assert exact(tables) == {"a|7|12€ ": "a|7|12€"}
    assert near(["1|2|300$", "4|5|600$", "7|8|900$", "1|2|300$"]) == {3: 0}
    pairs = ["Gate 3 opens at 9:00 and lets 40 in.", "Gate 5 opens at 8:30 and lets 25 in."]
    pairs += ["2019年共有900人参加。", "2021年共有750人参加。"]
    assert near(pairs) == {}
    told = similar_pairs(pl.Series(pairs), threshold=0.05, n=1).rows()  # what is alike is told as it is, not as a copy
    assert told and all(similarity < 1 for _, _, similarity in told)


# A key is made of every script.


def test_every_script_has_a_key_of_its_own():
    texts = ["我喜欢傍晚去湖边散步", "上线之前必须写好测试", "設定の内容を保存する", "내일은 눈이 온다"]
    texts += ["我喜欢傍晚去湖边散步 ", "ＡＩ很有用", "AI很有用", "？！……", "。。。", "Привет, мир"]
    assert exact(texts) == {"我喜欢傍晚去湖边散步 ": "我喜欢傍晚去湖边散步", "AI很有用": "ＡＩ很有用"}
    assert near(texts) == {4: 0, 6: 5}
    silent = pl.DataFrame({"text": texts}).filter(no_words(pl.col("text")).is_not_null())["text"].to_list()
    assert silent == ["？！……", "。。。"]


# Short rows are their whole selves.

TEMPLATE = [
    "Parcel number 1306 was left with the south office on Tuesday",
    "Parcel number 1307 was left with the south office on Tuesday",
    "Parcel number 1315 was left with the lake office on Sunday",
]
SHORT = ["Good night", "Good night", "Good night to you", "Well met"]


@pytest.mark.parametrize(("n", "first", "second"), [(1, 10 / 12, 8 / 14), (2, 8 / 12, 5 / 15), (3, 6 / 12, 2 / 16)])
def test_similarity_of_short_template_rows_is_what_it_is_at_every_length(n, first, second):
    told = {
        (left, right): similarity
        for left, right, similarity in similar_pairs(pl.Series(TEMPLATE), threshold=0.01, n=n).iter_rows()
    }
    assert told[0, 1] == pytest.approx(first)
    assert told.get((0, 2), told.get((1, 2))) == pytest.approx(second)


@pytest.mark.parametrize("n", [1, 2, 3, 5, None])
def test_at_seven_tenths_only_what_is_alike_leaves(n):
    gone = near([*TEMPLATE, *SHORT, "", "  "], threshold=0.7, n=n)
    assert gone == ({1: 0, 4: 3} if n == 1 else {4: 3})


# A chain holds nobody together.


@pytest.mark.parametrize("n", [1, 3, 5, None])
def test_a_row_leaves_for_a_kept_row_not_through_a_chain(n):
    rng = Random(3)
    words = ["".join(rng.choices("bdfgklmnprst", k=5)) for _ in range(140)]
    chain = [" ".join(words[6 * step : 6 * step + 100]) for step in range(6)]
    assert near(chain, threshold=0.8, n=n) == {1: 0, 3: 2, 5: 4}
    characters = [chr(0x4E00 + rng.randrange(3000)) for _ in range(140)]
    assert near(["".join(characters[6 * s : 6 * s + 100]) for s in range(6)], threshold=0.8, n=n) == {1: 0, 3: 2, 5: 4}


def test_which_copy_stays_does_not_depend_on_the_order_of_the_file():
    rows = [
        {"origin": origin, "text": text}
        for origin, text in (("machine", "Open the gate, please"), ("human", "open the gate"))
    ]
    for listed in (rows, rows[::-1]):
        frame = pl.DataFrame(
            [
                {"sample_id": row["text"], "origin": row["origin"], "prompt": row["text"], "response": None}
                | {"source": "s", "file": "f", "line": 1}
                for row in listed
            ],
            schema_overrides={"response": pl.String},
        )
        assert frame["origin"][keep_rank(frame).arg_min()] == "human"
