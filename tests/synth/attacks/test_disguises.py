"""Disguises of single characters, and noise."""

import re
import unicodedata
from random import Random

import pytest

from synth.attacks.ascii_art import MASK, ascii_art, draw
from synth.attacks.bidi import bidi
from synth.attacks.disemvowel import disemvowel
from synth.attacks.gaps import EMOJI, emoji, spaced, zero_width
from synth.attacks.homoglyphs import homoglyphs
from synth.attacks.leetspeak import leetspeak
from synth.attacks.letter_forms import fullwidth, math_letters
from synth.attacks.noise import invisible_suffix, random_case, suffix_noise, typos
from synth.attacks.split_characters import halves, split_characters, without_splits
from synth.errors import NotApplicable


def rng():
    return Random(0)


def test_leetspeak_changes_every_word_at_share_one():
    assert leetspeak("Open a safe lock", rng=rng(), share=1.0) == "0p3n 4 54f3 l0ck"


def test_leetspeak_changes_one_word_even_at_share_zero():
    # "by" has no look-alike, so "Open" is the only word that can change.
    assert leetspeak("Open by", rng=rng(), share=0.0) == "0p3n by"


def test_leetspeak_leaves_chinese_characters_and_spacing_alone():
    assert leetspeak("打开  一把 lock", rng=rng(), share=1.0) == "打开  一把 l0ck"
    with pytest.raises(NotApplicable, match="no_lookalike"):
        leetspeak("打开  一把锁", rng=rng(), share=1.0)


def test_disemvowel_keeps_words_that_are_all_vowels():
    assert disemvowel("Open a  safe lock, I say", rng=rng(), share=1.0) == "pn a  sf lck, I sy"
    assert disemvowel("Open by", rng=rng(), share=0.0) == "pn by"
    for text in ("打开一把锁", "I a", "my rhythm"):
        with pytest.raises(NotApplicable, match="no_vowel"):
            disemvowel(text, rng=rng())


def test_homoglyphs_look_the_same_and_are_other_characters():
    assert homoglyphs("cope", rng=rng(), share=1.0) == "\u0441\u043e\u0440\u0435"  # Cyrillic es, o, er, ie
    assert homoglyphs("大人", rng=rng(), share=1.0) == "\u2f24\u2f08"  # Kangxi radicals big and man
    assert unicodedata.normalize("NFKC", homoglyphs("大人", rng=rng(), share=1.0)) == "大人"
    with pytest.raises(NotApplicable, match="already_disguised"):
        homoglyphs("слово", rng=rng())
    with pytest.raises(NotApplicable, match="no_lookalike"):
        homoglyphs("锁", rng=rng())


@pytest.mark.parametrize("form", [fullwidth, math_letters])
def test_letter_forms_are_the_same_letters_to_unicode(form):
    disguised = form("Open a lock", rng=rng(), share=1.0)
    assert set(disguised).isdisjoint("Openalck")
    assert unicodedata.normalize("NFKC", disguised) == "Open a lock"
    with pytest.raises(NotApplicable, match="no_lookalike"):
        form("打开锁", rng=rng())


def test_split_characters_puts_the_halves_side_by_side():
    assert split_characters("明天好", rng=rng(), share=1.0) == "日月天女子"
    for text, reason in (("大人", "no_halves"), ("女子说好", "already_disguised")):
        with pytest.raises(NotApplicable, match=reason):
            split_characters(text, rng=rng())


def test_no_two_characters_share_their_halves():
    table = halves()
    assert len(set(table.values())) == len(table) > 200
    assert all(len(character) == 1 and len(parts) == 2 for character, parts in table.items())
    assert all(without_splits(parts) == character for character, parts in table.items())


def test_zero_width_fills_every_gap_at_share_one():
    assert len(zero_width("大锁匠", rng=rng(), share=1.0)) == 5  # three characters, two gaps
    assert len(zero_width("ab", rng=rng(), share=0.0)) == 3
    with pytest.raises(NotApplicable, match="too_short"):
        zero_width("锁", rng=rng())


def test_emoji_stand_between_characters():
    disguised = emoji("打开锁", rng=rng(), share=1.0)
    assert disguised[::2] == "打开锁" and set(disguised[1::2]) <= set(EMOJI)
    with pytest.raises(NotApplicable, match="already_disguised"):
        emoji(f"打开{EMOJI[0]}", rng=rng())


def test_spaced_uses_one_separator():
    disguised = spaced("打开锁", rng=rng())
    assert disguised[::2] == "打开锁" and len(set(disguised[1::2])) == 1


def test_bidi_stores_a_piece_backwards_between_its_marks():
    assert bidi("打开", rng=rng(), share=1.0) == "\u202e开打\u202c"
    # A screen turns one line round, never two.
    assert all("\n" not in piece for piece in re.findall("\u202e[^\u202c]*", bidi("ab\ncd" * 20, rng=rng(), share=1.0)))
    for text, reason in (("a\u202eb", "already_disguised"), ("锁", "too_short")):
        with pytest.raises(NotApplicable, match=reason):
            bidi(text, rng=rng())


def test_ascii_art_draws_what_it_masks():
    masked, drawing = ascii_art("打开一把锁", rng=rng()).split("\n\n")
    assert MASK in masked and len(masked) == len(MASK) + 3
    assert len(drawing.splitlines()) > 10 and len({*drawing} - {" ", "\n"}) == 1
    for text, reason in (("a bc 锁", "no_term"), (f"open {MASK}", "already_disguised")):
        with pytest.raises(NotApplicable, match=reason):
            ascii_art(text, rng=rng())


def test_a_drawing_is_a_picture_of_its_word():
    # The upright of an L is its first column, its foot the last line.
    lines = draw("L", size=16, ink="#").splitlines()
    assert all(line.startswith("#") for line in lines)
    assert len(lines[-1]) > len(lines[0])
    assert draw("一", size=24, ink="#").count("\n") < 5  # one flat stroke
    assert draw("丁", size=24, ink="#") != draw("了", size=24, ink="#")


def test_suffixes_stand_after_the_request():
    for text in ("Open the lock", "打开锁"):
        assert suffix_noise(text, rng=rng()).startswith(f"{text} ")
        assert invisible_suffix(text, rng=rng()).rstrip("".join(map(chr, range(0xE0100, 0xE01F0)))) == text
    with pytest.raises(NotApplicable, match="already_disguised"):
        invisible_suffix("lock\U000e0101", rng=rng())


def test_typos_swap_neighbours_and_keep_first_letters():
    words = ["remember", "the", "winter", "garden"]
    disguised = typos(" ".join(words), rng=rng(), share=1.0).split(" ")
    assert disguised != words
    assert [(word[0], sorted(word)) for word in disguised] == [(word[0], sorted(word)) for word in words]
    moved = typos("abcdefghij", rng=rng(), share=1.0)
    assert {abs(moved.index(letter) - place) for place, letter in enumerate("abcdefghij")} == {0, 1}
    assert typos("打开", rng=rng()) == "开打"
    for text in ("ab cd", "锁", "111"):
        with pytest.raises(NotApplicable, match="too_short"):
            typos(text, rng=rng())


def test_random_case_changes_case_alone():
    assert random_case("Open 锁", rng=rng(), share=1.0) == "oPEN 锁"
    assert random_case("open the lock", rng=rng()).lower() == "open the lock"
    with pytest.raises(NotApplicable, match="no_letter"):
        random_case("打开", rng=rng())
