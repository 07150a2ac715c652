"""What is a copy, which copy stays, and that nothing leaves for a likeness that is not there."""

from itertools import combinations
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import chat, prompt_id, sample_id
from catalog.schema import BATCH
from catalog.text import with_text
from corpus.dedup import (
    PARTING,
    exact_duplicates,
    keep_rank,
    label_conflicts,
    near_duplicates,
    similar_pairs,
    with_looks,
)


def row(prompt, response="Fine.", *, images=(), **columns):
    messages = chat(prompt, response, images=images)
    ids = {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages)}
    return dict.fromkeys(BATCH.names) | ids | {"messages": messages, "source": "s", "file": "f", "line": 1} | columns


def batch(*rows):
    frame = with_text(pl.DataFrame(rows, schema=dict(pl.DataFrame(BATCH.empty_table()).schema)))
    return frame.with_row_index("row").with_columns(keep_rank(frame))


def gone(frame):
    return {row: matched for row, matched in exact_duplicates(frame).select("row", "matched_id").iter_rows()}


def near(texts, **options):
    """Positions that leave, with the positions they are matched to; the earlier text is preferred."""
    ids = pl.Series([str(i) for i in range(len(texts))])
    found = near_duplicates(pl.Series(texts, dtype=pl.String), ids, pl.Series(range(len(texts))), **options)
    return {gone: int(kept) for gone, kept in found.select("row", "matched_id").iter_rows()}


def pairs(texts, **options):
    return {
        (left, right): similarity
        for left, right, similarity in similar_pairs(pl.Series(texts, dtype=pl.String), **options).iter_rows()
    }


def words(rng, count):
    return ["".join(rng.choices("abcdefgh", k=6)) for _ in range(count)]


# Exact


def test_rows_that_differ_only_in_numbers_are_not_copies():
    frame = batch(
        row("1|2|300$"), row("4|5|600$"), row("1|2|300$ "), row("2024年共有1200人。"), row("2025年共有1200人。")
    )
    assert gone(frame) == {0: frame["sample_id"][2]}  # the longer of the two copies stays


def test_width_case_and_invisible_characters_make_no_difference_and_scripts_do():
    texts = [
        "ＡＩ安全很重要",
        "ai\u200b安全很重要",
        "我喜欢跑步",
        "데이터를 확인한다",
        "データの確認",
        "？！……",
        "。。。",
    ]
    frame = batch(*[row(text, "") for text in texts])
    assert {frozenset((gone_row, 0, 1)) for gone_row in gone(frame)} == {frozenset((0, 1))}


def test_pictures_and_their_order_are_content():
    question = "What is in the picture?"
    images = [("a",), ("a",), ("b",), ("a", "b"), ("b", "a"), ()]
    frame = batch(*[row(question, images=names, line=i) for i, names in enumerate(images)])
    assert list(gone(frame)) == [1]


def test_a_picture_without_words_can_be_a_copy_but_silence_cannot():
    frame = batch(row("", None, images=("a",)), row(" ", None, images=("a",)), row("", None), row(" \u200b", None))
    assert len(gone(frame)) == 1 and set(gone(frame)) <= {0, 1}


def test_people_are_preferred_to_machines_then_longer_text_then_smaller_id():
    frame = batch(
        row("Open the lock", origin="construction"),
        row("open the lock", origin="human"),
        row("Open  the  lock", origin="machine"),
        row("OPEN THE LOCK", origin="review"),
        row("open THE lock"),
    )
    assert keep_rank(frame).arg_sort().to_list()[:2] == [3, 1]
    # machine and construction weigh the same: the longer one is preferred
    assert keep_rank(frame).to_list()[2] < keep_rank(frame).to_list()[0]
    assert gone(frame) == dict.fromkeys([0, 1, 2, 4], frame["sample_id"][3])


def test_of_two_sources_the_one_with_the_freer_licence_is_preferred():
    frame = batch(
        row("Open the lock, please", source="nc"),
        row("open the lock", source="sa"),
        row("OPEN the lock", source="free"),
    )
    licenses = {"nc": "Apache-2.0 AND CC-BY-NC-4.0", "sa": "MIT AND CC-BY-SA-4.0", "free": "MIT"}
    assert keep_rank(frame, licenses=licenses).to_list() == [2, 1, 0]
    labelled = frame.with_columns(origin=pl.Series(["human", None, None]))
    assert keep_rank(labelled, licenses=licenses).to_list()[0] == 0  # a label weighs more


def test_pictures_that_show_the_same_are_the_same_where_their_pixels_are_known():
    asked = "What is in the picture?"
    frame = batch(*(row(asked, images=names, line=n) for n, names in enumerate([("a",), ("again",), ("b",), ("new",)])))
    pictures = pl.DataFrame({"media_id": ["a", "again", "b"], "pixels": ["p", "p", "q"]})
    assert len(gone(frame)) == 0 and len(gone(with_looks(frame, pictures))) == 1
    assert with_looks(frame, pictures)["looks"].to_list() == [["p"], ["p"], ["q"], ["new"]]


def test_a_label_that_contradicts_its_copy_is_shown():
    frame = batch(
        row("Is it safe?", task="safety", unsafe=False, origin="human"),
        row("is it safe?", task="safety", unsafe=True, origin="machine"),
        row("IS IT SAFE?", task="safety", origin="machine"),
        row("Is it SAFE?", task="value", label="bad", origin="machine"),
        row("is IT safe?", task="safety", label="Safe without risk", unsafe=False, origin="machine"),
    )
    found = label_conflicts(frame).to_dicts()
    assert [(conflict["row"], conflict["unsafe"], conflict["matched_unsafe"]) for conflict in found] == [
        (1, True, False)
    ]
    assert found[0]["matched_id"] == frame["sample_id"][0]


@given(
    st.lists(st.tuples(st.text("aA1 锁\u200b", max_size=4), st.sampled_from(["human", "machine", None])), max_size=15)
)
def test_the_order_of_rows_decides_nothing(drawn):
    frame = batch(*[row(text, None, origin=origin, line=i) for i, (text, origin) in enumerate(drawn)])
    turned = frame.reverse()
    assert gone(frame) == gone(turned)
    assert len(
        set(gone(frame).values()) & set(frame.filter(~pl.col("row").is_in(list(gone(frame))))["sample_id"])
    ) == len(set(gone(frame).values()))


# Near

TICKETS = [
    "Bicycle stand 1506 was moved from the north gate on Monday",
    "Bicycle stand 1507 was moved from the north gate on Monday",
    "Bicycle stand 1514 was moved from the river gate on Friday",
]


@pytest.mark.parametrize(
    # 11 words; the first two differ in the third word, the last two also in the ninth and eleventh
    ("n", "first", "second"),
    [(1, 10 / 12, 8 / 14), (2, 8 / 12, 5 / 15), (3, 6 / 12, 2 / 16), (5, 4 / 10, 0)],
)
def test_similarity_is_the_jaccard_of_word_runs(n, first, second):
    for other, expected in ((TICKETS[1], first), (TICKETS[2], second)):
        found = pairs([TICKETS[0], other], threshold=0.05, n=n)
        assert found == ({(0, 1): pytest.approx(expected)} if expected else {})


def test_a_text_shorter_than_the_run_is_its_whole_self():
    texts = ["Thank you", "thank you", "Thank you very much", "Well done", "", " \u200b", None, None]
    for n in (1, 2, 3, 5):
        assert near(texts, threshold=0.7, n=n) == {1: 0}


def test_chinese_is_compared_by_characters():
    # 9 of 11 character pairs are shared: 10 in each text
    assert pairs(["请把自行车停在北门的旁边", "请把自行车停在北门的旁"], threshold=0.5) == {
        (0, 1): pytest.approx(10 / 11)
    }
    assert near(["请把自行车停在北门的旁边", "把北门旁边的自行车请停在"], threshold=0.7) == {}


def test_a_row_leaves_for_a_kept_row_and_never_through_a_chain():
    # 100 words each, 94 shared with the next: neighbours 90/102 = .882, two apart 84/108 = .778
    rng = Random(1)
    stream = words(rng, 130)
    chain = [" ".join(stream[6 * i : 6 * i + 100]) for i in range(6)]
    assert near(chain, threshold=0.8) == {1: 0, 3: 2, 5: 4}
    joined = pairs(chain, threshold=0.8)
    assert set(joined) == {(i, i + 1) for i in range(5)}
    assert all(similarity == pytest.approx(90 / 102) for similarity in joined.values())


def test_thousands_of_rows_from_one_template_leave_in_good_time():
    template = " ".join(words(Random(2), 80))
    rows = [f"{template} stand {i} was moved" for i in range(2000)]
    assert near(rows) == dict.fromkeys(range(1, 2000), 0)
    assert near(["Sorry, no."] * 2000) == dict.fromkeys(range(1, 2000), 0)
    assert len(pairs(rows, threshold=0.7)) < 20_000


def test_a_longer_and_a_shorter_text_around_the_change_of_run_length_still_meet():
    stream = words(Random(3), 33)
    # 31 and 33 words: the shorter decides for pairs of words, 30 of 32 shared
    assert pairs([" ".join(stream[:31]), " ".join(stream)], threshold=0.8) == {(0, 1): pytest.approx(30 / 32)}


def reference(texts, threshold):
    """Pairs by plain sets of word pairs."""
    split = [text.split() for text in texts]
    sets = [{tuple(text[i : i + 2]) for i in range(max(1, len(text) - 1))} if text else set() for text in split]
    return {
        (i, j): len(sets[i] & sets[j]) / len(sets[i] | sets[j])
        for i, j in combinations(range(len(texts)), 2)
        if sets[i] and sets[j] and len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j])
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join), max_size=25),
    st.sampled_from([0.5, 0.7, 0.8]),
)
def test_the_walk_is_the_one_that_plain_python_makes(texts, threshold):
    alike = reference(texts, threshold)
    expected = {}
    for j in range(len(texts)):
        kept = [i for i in range(j) if i not in expected and (i, j) in alike]
        if kept:
            expected[j] = kept[0]
    assert near(texts, threshold=threshold, n=2) == expected
    for pair, similarity in pairs(texts, threshold=threshold, n=2).items():
        assert similarity == pytest.approx(alike[pair])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=40), st.text("ab 锁门\u200b", max_size=12)), max_size=20),
    st.randoms(),
)
def test_no_text_breaks_it_and_the_order_of_rows_decides_nothing(texts, random):
    frame = (
        pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).with_columns(id=pl.lit("x")).with_row_index("rank")
    )
    turned = frame[random.sample(range(len(texts)), len(texts))]
    found, again = (
        {
            (part["rank"][row], similarity)
            for row, similarity in near_duplicates(part["text"], part["id"], part["rank"])
            .select("row", "similarity")
            .iter_rows()
        }
        for part in (frame, turned)
    )
    assert found == again


@pytest.mark.parametrize("options", [{"threshold": 0.0}, {"threshold": 1.1}, {"n": 0}])
def test_a_threshold_that_means_nothing_is_refused(options):
    with pytest.raises(ValueError):
        near(["a", "b"], **options)


QUESTION = (
    "Which of the four doors does the guard open first, if the bell has rung twice and the river gate is locked? "
)


@pytest.mark.parametrize(
    ("first", "second", "copy"),
    [
        ("B", "C", False),
        ("The north door", "The south door", False),
        ("The north door", "the  north door", True),
        ("因为钟响了两次，所以先开北门。", "因为钟响了两次，所以先开南门。", False),
        (" ".join("abcdefghijklmnopqrstuvwxyz"), " ".join("abcdefghijklmnopqrstuvwxyz!"), True),
    ],
)
def test_another_answer_to_a_long_question_is_no_copy(first, second, copy):
    rows = [PARTING.join([QUESTION * 3, answer]) for answer in (first, second)]
    assert near(rows) == ({1: 0} if copy else {})
    assert near([f"{QUESTION * 3} {first}", f"{QUESTION * 3} {second}"]) == {1: 0}  # as one text they are
    assert near([QUESTION * 3, rows[0]]) == {}  # nor is a question without an answer


def test_similarity_of_two_parts_is_that_of_the_part_that_differs_more():
    # 8 pairs of words in the reply, of which the change of its last word leaves 7: 7 / 9
    reply = "one two three four five six seven eight nine"
    rows = [PARTING.join(["Count to nine, please.", text]) for text in (reply, reply[:-4] + "ten")]
    ids = pl.Series(["a", "b"])
    (found,) = near_duplicates(pl.Series(rows), ids, pl.Series([0, 1]), threshold=0.7)["similarity"]
    assert found == pytest.approx(7 / 9)


def test_every_pair_at_the_threshold_passes_the_check_before_the_sets():
    # 1e-6 of pairs at the threshold may not: P(fewer than k of 128 agree), summed exactly
    from math import comb

    from corpus.dedup.minhash import agreement

    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0):
        least = agreement(threshold)
        missed = sum(comb(128, k) * threshold**k * (1 - threshold) ** (128 - k) for k in range(least))
        assert missed <= 1e-6 < missed + comb(128, least) * threshold**least * (1 - threshold) ** (128 - least)
