"""More than a `max_` leaves, less than a `min_` leaves what it asks about alone, and what stands on a bound stays."""

import polars as pl
import pytest

from corpus.filters import control_characters, cut_off, language, leftover_markup, mojibake

ENGLISH = "The locksmith reads the name and compares it with the bell beside the door of the house"
CHINESE = "锁匠先看住户的证件核对门牌和姓名确认无误之后才动手开锁然后再请住户在单子上签名并且把旧锁带走"


def judged(judge, *texts):
    column = pl.Series("text", texts, dtype=pl.String)
    if judge in (mojibake, cut_off):
        return column.to_frame().select(judge(pl.col("text")).alias("why"))["why"].to_list()
    return judge(column).to_list()


@pytest.mark.parametrize(
    ("judge", "on_the_bound", "beyond"),
    [
        (control_characters, "锁" * 95 + "\u200b" * 5, "锁" * 94 + "\u200b" * 5),  # 5% of the characters
        (control_characters, "a\u200b" * 4, "a\u200b" * 5),  # five of them
        (mojibake, "锁" * 998 + "\ufffd" * 2, "锁" * 997 + "\ufffd" * 2),  # 2 in 1,000
        (mojibake, "a\ufffd", "a\ufffd\ufffd"),
        (leftover_markup, "锁" * 228 + "<br>" * 3, "锁" * 227 + "<br>" * 3),  # 12 of 240 characters
        (leftover_markup, "a lock<br><br>", "a lock<br><br><br>"),
        (language, "Der Schlüssel passt nu", "Der Schlüssel passt nie"),  # 19 letters, 20 letters
    ],
    ids=["hidden share", "hidden", "broken share", "broken", "markup share", "markup", "letters"],
)
def test_what_stands_on_the_bound_stays(judge, on_the_bound, beyond):
    kept, gone = judged(judge, on_the_bound, beyond)
    assert kept is None and gone is not None


@pytest.mark.parametrize("sentence", [ENGLISH, CHINESE])
def test_a_reply_of_fewer_than_200_characters_is_complete(sentence):
    whole = (sentence * 5)[:200]
    assert judged(cut_off, whole[1:], whole) == [False, True]
