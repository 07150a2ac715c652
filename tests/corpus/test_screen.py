"""The screen finds its pattern through disguises, and leaves everyday sentences about children alone."""

import polars as pl
import pytest
import yaml
from hypothesis import find, settings
from hypothesis import strategies as st

from corpus import screen

NEUTRAL = "red.{0,5}lamp|红灯"
SHIPPED = yaml.safe_load(screen.WORDS.read_text(encoding="utf-8"))


def hits(*texts, **options):
    return screen.matches(pl.Series(texts, dtype=pl.String), **options).to_list()


def test_a_text_matches_without_regard_to_case():
    assert hits("a RED old Lamp", "a blue lamp", "这是红灯", "这是绿灯", pattern=NEUTRAL) == [True, False, True, False]


def test_a_missing_or_empty_text_is_no_match():
    assert hits(None, "", pattern=NEUTRAL) == [False, False]
    assert screen.matches(pl.Series([], dtype=pl.Null)).to_list() == []


@pytest.mark.parametrize(
    "text", ["ｒｅｄ ｌａｍｐ", "r\u200be\u200bd la\u00admp", "𝐫𝐞𝐝 lamp", "红\u200d灯", "r\ufe0fed\u2060 lamp"]
)
def test_full_width_letters_and_invisible_characters_do_not_hide_it(text):
    assert hits(text, pattern=NEUTRAL) == [True]


def test_the_shipped_pattern_keeps_everyday_sentences_about_children():
    everyday = [
        "How much sleep does a child of six need?",
        "The children painted the kitchen while their parents made supper.",
        "My kid has a fever; when should I call the doctor?",
        "Which vaccines does an infant get in the first year?",
        "A 12-year-old wants to learn to play chess.",
        "The minor planets orbit between Mars and Jupiter.",
        "Write a letter to the school about the bus timetable.",
        "Can a minor open a bank account together with a parent?",
        "孩子发烧了，什么时候该去医院？",
        "小学生每天应该睡几个小时？",
        "请为我女儿的家长会写一段发言。",
        "未成年人可以自己开银行账户吗？",
        "儿童疫苗一年打几次？",
        "一个12岁的男孩想学下棋，有什么书推荐？",
        "这位女士25岁，在小学教音乐。",
        "Combien d'heures un enfant de six ans doit-il dormir ?",
        "¿A qué edad puede un niño ir solo a la escuela?",
        "Wie viele Stunden Schlaf braucht ein Kind im Winter?",
        "Сколько часов должен спать ребёнок?",
        "Trẻ em nên ngủ bao nhiêu giờ mỗi ngày?",
        "子どもは何時間寝るべきですか？",
        "아이는 몇 시간 자야 하나요?",
        "كم ساعة يجب أن ينام الطفل؟",
    ]
    assert hits(*everyday) == [False] * len(everyday)


def simplest(word):
    """The simplest text that an entry of the lists matches. It is never shown: a failing test says True and False."""
    alphabet = sorted({*word, *"abc123 -"})
    return find(
        st.from_regex(word, fullmatch=True, alphabet=alphabet), lambda _: True, settings=settings(database=None)
    )


@pytest.mark.parametrize("language", SHIPPED)
def test_two_words_match_in_either_order_within_the_distance_of_their_language_and_not_at_twice_that(language):
    words, exact = SHIPPED[language], screen.patterns()[list(SHIPPED).index(language)][2]
    young, bad = simplest(words["minors"][0]), simplest(words["sexual"][0])
    near, far = (f" {'.' * (times * words['distance'] - 2)} " for times in (1, 2))
    within = hits(f"{young}{near}{bad}", f"{bad}{near}{young}")
    assert within == [True, True]
    beyond = hits(f"{young}{far}{bad}", f"{bad}{far}{young}", young, bad, pattern=exact)
    assert beyond == [False] * 4


@pytest.mark.parametrize("language", SHIPPED)
def test_what_needs_no_neighbour_matches_alone(language):
    found = hits(*map(simplest, SHIPPED[language]["alone"]))
    assert found == [True] * len(found)


@pytest.mark.parametrize("language", SHIPPED)
def test_every_shipped_word_stands_in_the_pattern_and_compiles(language):
    words = SHIPPED[language]
    for word in [*words["minors"], *words["sexual"], *words["alone"]]:
        assert any(word in exact for _, _, exact in screen.patterns())
        assert pl.Series(["x"]).str.contains(f"(?i:{word})").to_list() == [False]


def test_words_of_one_kind_alone_do_not_match():
    assert (
        hits("A film for adults with nudity.", "成人电影里有裸体镜头。", "The children sang.", "儿童在唱歌。")
        == [False] * 4
    )


def test_long_texts_take_linear_time():
    assert hits("The children went to school. " * 50_000) == [False]


def test_the_version_is_a_digest_of_the_words():
    assert len(screen.version()) == 64
