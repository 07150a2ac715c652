"""The language of a text is that of its running words, short or mixed; not to know is an answer."""

import csv
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.language import detect, language
from corpus.filters.named_language import short_words


def text(*texts):
    return pl.Series("text", texts, dtype=pl.String)


SHORT = {
    "zh": [
        "这台 MacBook Air 的 USB-C 口能接 HDMI 显示器吗？",
        "謝謝，請問圖書館幾點開門？",
        "你好",
        "OK，没问题",
        "What 是什么意思？",
        "MacBook Pro M3 Max vs Air 哪个好",
        "帮我用 Python 写一个 hello world",
        "请解释 gradient descent 和 backpropagation 的区别",
        "安装 pip install torch torchvision torchaudio 报错",
        "我在学习日语，こんにちは是什么意思？",
        "香港嘅天氣點呀？",
        "Windows 11 Pro N 激活",
        "大家加油_(:зゝ∠)_",
        "路过ヽ( ￣д￣;)ノ",
        "1. （5 分）设复数 $z$ 满足 $(1-i) z=2 i$, 则 $z=(\\quad)$\nA. $-1+i$\nB. $-1-i$\nC. $1+i$\nD. $1-i$",
    ],
    "en": [
        "What does the word 钥匙 mean in this sentence about a locked door?",
        "What is 人工智能?",
        "How do you say 我不知道 in English?",
        "What does こんにちは mean in Japanese?",
        "안녕하세요 means hello in Korean",
        "Translate 你好世界 into English.",
        "標題：Notes\nThis page is written in plain English and lists the tasks of the coming week.",
        "PLEASE TELL ME HOW TO REPLACE THE LOCK OF A DOOR",
        "Hi there",
        "Tell me a joke",
        "Stop it now",
        "Why is the sky blue?",
        "The café's menu – it’s “nice”",
    ],
    "ja": ["会議の資料を確認しました", "JavaScriptでAPIを呼び出す方法を教えてください", "カタカナ"],
    "ko": ["자물쇠를 바꾸는 방법을 알려 주세요", "USB-C 허브를 MacBook Pro에 연결하는 방법"],
    "ru": ["Как перевести слово 钥匙 в этом предложении на русский язык?"],
    "de": ["Wie wechselt man das Schloss an einer alten Haustür aus?"],
    "fr": ["Comment changer la serrure de la porte ?"],
    "es": ["¿Cómo puedo cambiar la cerradura de la puerta?"],
    "nl": ["Hoe vervang ik het slot van een oude voordeur?"],
    "it": ["Come faccio a cambiare la serratura di una porta?"],
    "vi": ["Làm cách nào để thay ổ khóa của một cánh cửa cũ?"],
    "und": ["2024 -- 100% (12/31)", "🔒🔑", "？！", ""],
}
KNOWN_WRONG = {"鲜の每日牛奶": "ja", "東京都": "zh"}  # kana in a Chinese brand; Japanese without kana


@pytest.mark.parametrize(("code", "texts"), SHORT.items())
def test_short_and_mixed_texts_go_by_their_running_words(code, texts):
    assert dict(zip(texts, detect(text(*texts)), strict=True)) == dict.fromkeys(texts, code)


def test_what_is_said_not_to_be_caught_is_not():
    assert detect(text(*KNOWN_WRONG)).to_list() == list(KNOWN_WRONG.values())


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


def test_formulas_and_addresses_are_no_language():
    formula = "(D)$\\left(\\frac{7}{4}, 2\\right) \\cup\\left(\\frac{5}{2}, \\frac{11}{4}\\right)$"
    assert language(text(formula, "https://host.test/eine/lange/deutsche/adresse")).null_count() == 2


NO_EVIDENCE = [
    "Hillary Rodham Clinton",
    "Real Sociedad",
    "Paris, Marseille, Lyon, Toul, Nice, Strasbourg",
    "brand: SAMSUNG\ncapacity: 2TB\nform_factor: M.2\ninterface: PCIe NVMe Gen 4",
    "Barbi = 1.5 * 12 months = <<1.5*12=18>>18 kg\nLuca = 9 * 11 = <<9*11=99>>99 kg",
    "rnbqkbnr/pp1ppppp/8/2p5/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq - 1 2",
    '<img src="url" alt="alternatetext">',
    "Pizza\nNachos\nPopcorn\nChips\nDrinks",
    "Sriracha Tuna Avocado Wraps",
    "Vaccinium macrocarpon",
    "in-tər-prəˈtāSHənz",
    "Schadenfreude",
    "But I am allergic to peas.",
    "I’m sorry, I don’t recognize",
]


@pytest.mark.parametrize("reply", NO_EVIDENCE)
def test_names_code_and_single_words_are_in_no_other_language(reply):
    assert detect(text(reply))[0] in ("und", "en")
    assert language(text(reply, reply + ".\n" + reply)).null_count() == 2


def test_the_short_words_of_other_languages_are_not_english():
    english = "the and of to in is you that it he was for on are as with his they at be this have from or had by but"
    assert not set(english.split()) & set(short_words()["word"])
    assert short_words().is_unique().all()


def test_a_heading_in_another_language_does_not_decide():
    long = "The locksmith looked at the door and said that it would take the whole afternoon. "
    german = "Der Schlosser sah sich die Tür an und sagte, dass es den ganzen Nachmittag dauern werde. "
    assert detect(text("关于门锁的说明\n" + long * 8, "Notes\n" + german * 8, german * 8)).to_list() == [
        "en",
        "de",
        "de",
    ]


@given(st.lists(st.one_of(st.none(), st.text(max_size=80), st.text("the 锁 is の自\né", max_size=40)), max_size=8))
def test_each_text_is_judged_on_its_own(texts):
    assert detect(text(*texts)).to_list() == [detect(text(value)).to_list()[0] for value in texts]


ROOT = os.environ.get("SAFELADDER_DATA")
MULTIJAIL = ["en", "zh", "it", "vi", "ar", "ko", "th", "bn"]


def prompts_by_language():
    """The prompts of XSafety and MultiJail; but Javanese and Swahili, which the model hardly knows."""
    rows = []
    for path in sorted(Path(ROOT).glob("xsafety/*/*.csv")):
        code = {"sp": "es"}.get(path.parent.name, path.parent.name)
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows += [(code, row[0]) for row in csv.reader(file) if row and row[0].strip()]
    with (Path(ROOT) / "multijail" / "data" / "MultiJail.csv").open(encoding="utf-8-sig", newline="") as file:
        rows += [(code, row[code]) for row in csv.DictReader(file) for code in MULTIJAIL]
    return pl.DataFrame(rows, schema=["language", "text"], orient="row")


@pytest.mark.skipif(not ROOT, reason="needs the public sets: set SAFELADDER_DATA to their folder")
def test_public_prompts_in_twelve_languages():
    rows = prompts_by_language()
    rows = rows.with_columns(detect(rows["text"]).alias("code"), language(rows["text"]).alias("reason"))
    right = rows.group_by("language").agg((pl.col("code") == pl.col("language")).mean()).rows()
    assert {code: share for code, share in right if share < 0.99} == {}
    ours = pl.col("language").is_in(["en", "zh"])
    assert rows.filter(ours)["reason"].null_count() == rows.filter(ours).height
    # Texts of fewer than 20 letters are kept.
    assert rows.filter(~ours)["reason"].is_not_null().mean() > 0.98
