"""Noise is told from language, in both languages, and what only looks like noise stays."""

import base64
import codecs
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.gibberish import gibberish

ENGLISH = "The locksmith looks at a paper that says who lives there, and only then opens the door for its owner."
CHINESE = (
    "锁匠先看住户的证件，核对门牌和姓名，确认无误之后才动手开锁；如果证件上的名字不对，他会请住户去找房东说明情况。"
)


def why(*texts):
    return gibberish(pl.Series("text", texts, dtype=pl.String)).to_list()


def mashed(keys, seed, words=12):
    rng = Random(seed)
    return " ".join("".join(rng.choices(keys, k=rng.randint(3, 9))) for _ in range(words))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("asdfgh jklasd fghjkl sdfghj klasdf ghjk", "gibberish"),
        ("xq zzv lorp fnebt wtrk pldm gghrt sdfkl vbnq", "gibberish"),
        ("Sdlkfj qwpoeiru zxmcnv, tyghbn vmcxz lkjhd.", "gibberish"),
        (CHINESE.encode().decode("gbk", errors="ignore"), "gibberish"),
        ("门\ue000锁\ue001坏\ue002了", "broken_characters"),
        ("ĠtheĠlockĠisĠold", "broken_characters"),
        ("▁the▁lock▁is▁old▁and▁the▁door▁too", "broken_characters"),
        ("<0xE9><0x94><0x81>", "broken_characters"),
    ],
)
def test_noise_is_found(text, reason):
    assert why(text) == [reason]


def test_random_characters_in_a_common_range_are_no_chinese():
    rng = Random(7)
    common = [bytes([rng.randrange(0xB0, 0xD7), rng.randrange(0xA1, 0xFF)]).decode("gb2312") for _ in range(60)]
    assert why("".join(common)) == ["gibberish"]


@pytest.mark.parametrize("keys", ["asdfghjkl", "abcdefghijklmnopqrstuvwxyz", "qwrtpsdfghjklzxcvbnm"])
def test_most_of_what_random_keys_give_is_found(keys):
    found = why(*(mashed(keys, seed) for seed in range(50)))
    assert found.count("gibberish") >= 45


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        CHINESE,
        "鎖匠先看住戶的證件，核對門牌和姓名，確認無誤之後才動手開鎖；如果證件上的名字不對，他會請住戶去找房東說明情況。",
        ENGLISH.upper(),
        "窗前一盏灯，照我读书声。夜深人不寐，风雨到天明。",  # verse, written here
        "Der Schlosser öffnet die Tür erst, wenn er den Ausweis des Bewohners gesehen hat.",
        "Fundi wa kufuli hufungua mlango baada ya kuona kitambulisho cha mwenye nyumba.",
        "Thợ khóa chỉ mở cửa sau khi xem giấy tờ của chủ nhà.",
        "鍵屋は身分証を確認してからドアを開けます。名前が違うときは大家さんに聞いてください。",
        r"\begin{pmatrix} 3 & 1 \\ 4 & 1 \end{pmatrix}, \quad \mathrm{NaCl} + \sqrt{x^2+y^2}",
        "def lock(door):\n    for key in door.keys():\n        if key.fits(door):\n            return True",
        "tRNA、rRNA 和 mRNA",
        "HTTP, SQL, DNS, TLS, SSH, NTP, BGP",
        "42",
        "C",
        "👍👍",
        "5d41402abc4b2a76b9719d911017c592",
        "pls thx brb lol omg",
        "The key is XQZV-KJWD-PLMT-GHRB; type it into the box that opens after the restart, then wait.",
        "哈哈哈哈哈哈",
        "",
        None,
    ],
)
def test_what_only_looks_odd_stays(text):
    assert why(text) == [None]


@pytest.mark.parametrize("plain", [ENGLISH, CHINESE])
def test_a_reply_in_a_cipher_says_something(plain):
    coded = [base64.b64encode(plain.encode()).decode()]
    if plain is ENGLISH:
        coded += [codecs.encode(plain, "rot13"), plain[::-1]]
    assert why(*coded) == [None] * len(coded)


@given(st.lists(st.one_of(st.none(), st.text(max_size=60), st.text("asdfjkl锁匠\ufffd ", max_size=60)), max_size=8))
def test_no_text_breaks_it_and_each_is_judged_on_its_own(texts):
    assert why(*texts) == [why(text)[0] for text in texts]
