"""Each filter gives the reason it promises, in English and in Chinese, and keeps everything else."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters import detect, language, length, pii, repeated_lines, repeated_phrases
from corpus.normalize import normalized


def reasons(filter_, texts, **options):
    return pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).select(filter_(pl.col("text"), **options))["text"]


def normal(*texts):
    return pl.Series(texts, dtype=pl.String).to_frame("t").select(normalized(pl.col("t")))["t"].to_list()


def text(*texts):
    return pl.Series("text", texts, dtype=pl.String)


def named(expression):
    return lambda column, **options: expression(column, **options).alias("text")


def test_length_counts_characters_not_bytes():
    found = reasons(named(length), ["锁", "锁匠", " a ", None], min_chars=2)
    assert found.to_list() == ["too_short", None, "too_short", "too_short"]
    assert reasons(named(length), ["x" * 10, "锁" * 11], max_chars=10).to_list() == [None, "too_long"]


def test_repeated_lines_needs_enough_lines_to_judge():
    found = reasons(named(repeated_lines), ["a\na\na\na", "a\na\na", "a\nb\nc\nd\n\n\n", "锁\n锁\n锁\n门"])
    # the last one repeats 2 of 4 lines, which is not more than half
    assert found.to_list() == ["repeated_lines", None, None, None]


def test_one_phrase_over_and_over_is_found_without_line_breaks_in_both_languages():
    looping = ["I am not able to say. " * 8, "我不知道应该怎么回答这个问题。" * 6, "哈" * 80]
    normal = [
        "A locksmith opens a locked door for its owner, after looking at a paper that says who lives there.",
        "锁匠在看过住户的证件之后，才会替他打开锁上的门；如果证件上的名字不对，他就不会动手，而是请住户先去找房东或者警察说明情况。",
    ]
    assert repeated_phrases(text(*looping, *normal, None)).to_list() == ["repeated_phrases"] * 3 + [None] * 3


def test_language_goes_by_the_script_of_the_running_text():
    texts = {
        "这台 MacBook Air 的 USB-C 口能接 HDMI 显示器吗？": "zh",
        "謝謝，請問圖書館幾點開門？": "zh",
        "標題：Notes\nThis page is written in plain English and lists the tasks of the coming week.": "en",
        "What does the word 钥匙 mean in this sentence about a locked door?": "en",
        "会議の資料を確認しました": "ja",
        "자물쇠를 바꾸는 방법을 알려 주세요": "ko",
        "Как перевести слово 钥匙 в этом предложении на русский язык?": "ru",
        "Wie wechselt man das Schloss an einer alten Haustür aus?": "de",
        "2024 -- 100% (12/31)": "und",
        "🔒🔑": "und",
    }
    assert detect(text(*texts)).to_list() == list(texts.values())


def test_other_languages_leave_and_no_answer_stays():
    texts = text(
        "Please tell me how to replace the lock of a door.",
        "请告诉我怎么换锁",
        "会議の資料を確認しました",
        "12 34",
        None,
    )
    assert language(texts).to_list() == [None, None, "language_ja", None, None]
    assert language(texts, allowed=("ja",)).to_list()[:3] == ["language_en", "language_zh", None]


def test_shouting_is_still_english():
    assert detect(text("PLEASE TELL ME HOW TO REPLACE THE LOCK OF A DOOR")).to_list() == ["en"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("登记的身份证号11010519491231002X请核对", "pii_id_number"),  # printed in the standard: MOD 11-2 gives X
        ("登记的身份证号110105194912310021请核对", None),  # the same with a wrong check character
        ("电话13800138000请拨打", "pii_phone"),
        ("手机：１３８００１３８０００（全角）", "pii_phone"),
        ("+86 138-0013-8000", "pii_phone"),
        ("座机010-62345678转3", "pii_phone"),
        ("call (212) 867-4309 today", "pii_phone"),
        ("call (212) 555-0143 today", None),  # kept free for films
        ("ring +44 20 7123 4567 today", "pii_phone"),
        ("the answer is 0.13800138000", None),
        ("sha256 ab13800138000cd", None),
        ("邮箱是zhang.wei@mailbox.cn谢谢", "pii_email"),
        ("write to zhang.wei@example.com", None),
        ("write to root@server.test", None),
        ("卡号4539578763621486已过期", "pii_card"),  # Visa length and prefix, Luhn sum 80
        ("卡号4539578763621487已过期", None),
        ("the product is 1234567812345670", None),  # Luhn holds, but no issuer begins with 1
        ("没有个人信息的一句话。", None),
        (None, None),
    ],
)
def test_personal_data_is_found_beside_any_script_and_only_where_it_is_real(value, reason):
    assert pii(text(value)).to_list() == [reason]


def test_normalising_keeps_numbers_and_punctuation_and_drops_what_cannot_be_seen():
    assert normal("ＡＩ\u200b安全  很重要 ", "Cafe\u0301\n", "1|2|300$", "\u200d\ufeff", None) == [
        "ai安全 很重要",
        "café",
        "1|2|300$",
        "",
        None,
    ]


@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=20))
def test_normalising_twice_is_normalising_once(texts):
    once = normal(*texts)
    assert normal(*once) == once


@given(st.lists(st.one_of(st.none(), st.text(max_size=200), st.text("12345-@.+ １３锁a", max_size=60)), max_size=12))
def test_no_text_breaks_a_filter_and_each_is_judged_on_its_own(texts):
    column = pl.Series("text", texts, dtype=pl.String)
    for judge in (pii, language, repeated_phrases):
        together = judge(column).to_list()
        assert together == [judge(text(value)).to_list()[0] for value in texts]
