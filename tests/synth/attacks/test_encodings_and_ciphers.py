"""Encodings and ciphers, against values worked out by hand or by another implementation."""

import base64
from random import Random

import pytest

from synth.attacks import ATTACKS
from synth.attacks.ciphers import atbash, caesar, rot13, vigenere
from synth.attacks.code_book import code_book, from_code_book
from synth.attacks.encodings import base64_decoded, binary, from_binary, hexadecimal, percent, unicode_escapes
from synth.attacks.morse import CODES, morse
from synth.attacks.orders import flipped_characters, flipped_words, odd_even, vertical
from synth.attacks.word_swap import from_word_swap, word_swap
from synth.errors import NotApplicable


def rng():
    return Random(0)


def test_base64_keeps_the_request_on_its_last_line():
    for text in ("How do I open a safe lock?", "请问怎么打开一把大锁？"):
        disguised = ATTACKS["base64"].apply(text, rng=rng())
        assert base64.b64decode(disguised.splitlines()[-1]).decode() == text
    with pytest.raises(NotApplicable, match="not_encoded"):
        base64_decoded("no such thing here")


def test_bytes_are_those_of_utf_8():
    assert hexadecimal("A锁", rng=rng()) == "41 e9 94 81"  # U+9501 is E9 94 81 in UTF-8
    assert percent("A锁", rng=rng()) == "%41%E9%94%81"
    assert binary("A锁", rng=rng()) == "01000001 11101001 10010100 10000001"
    with pytest.raises(NotApplicable, match="not_encoded"):
        from_binary("11111111")  # never a byte of UTF-8


def test_code_points_have_four_digits_or_eight():
    assert unicode_escapes("A锁🙂", rng=rng()) == r"\u0041\u9501\U0001f642"


def test_morse_knows_letters_digits_and_signs():
    assert morse("SOS, at 5", rng=rng()) == "... --- ... --..-- / .- - / ....."
    assert len(CODES) == len(set(CODES.values())) == 52
    with pytest.raises(NotApplicable, match="no_code"):
        morse("打开", rng=rng())


def test_caesar_says_by_how_much():
    assert caesar("Zebra 锁!", rng=rng()) == "(13) Mroen 锎!"  # the seed gives 13; U+9501 + 13 is U+950E
    assert ord("锎") - ord("锁") == 13
    assert rot13("Zebra 锁!", rng=rng()) == "Mroen 锁!"
    with pytest.raises(NotApplicable, match="no_letter"):
        caesar("1 + 1", rng=rng())


def test_a_han_character_stays_one_at_the_ends_of_its_block():
    assert (
        caesar("\u9fff一", rng=rng()) == "(13) \u4e0c\u4e0d"
    )  # the last one goes round to the twelfth after the first
    assert atbash("一\u9fff", rng=rng()) == "\u9fff一"


def test_atbash_turns_the_alphabet_round():
    assert atbash("Wizard", rng=rng()) == "Draziw"


def test_vigenere_moves_by_the_letters_of_its_key():
    for seed in range(20):
        if (found := vigenere("AAAAA 一!", rng=Random(seed))).startswith("(lemon)"):
            assert found == "(lemon) LEMON \u4e0b!"  # l is 11: U+4E00 + 11
            return
    pytest.fail("no seed gave this key")


def test_orders_move_characters():
    assert odd_even("abcde", rng=rng()) == "acebd"
    assert flipped_characters("打开锁", rng=rng()) == "锁开打"
    assert flipped_words("open the lock", rng=rng()) == "lock the open"
    assert vertical("打开", rng=rng()) == "打\n开"
    with pytest.raises(NotApplicable, match="unchanged"):
        ATTACKS["flipped_characters"].apply("level", rng=rng())


def test_a_code_book_has_a_number_for_each_character():
    book, numbers = code_book("大人大", rng=rng()).split("\n")
    first, second, third = numbers.split(" ")
    assert first == third != second
    assert f'"{first}": "大"' in book and f'"{second}": "人"' in book
    for broken in ("", "{}\n1", "[]\n0", '{"1": 2}\n1', "1 2 3"):
        with pytest.raises(NotApplicable, match="not_encoded"):
            from_code_book(broken)
    with pytest.raises(NotApplicable, match="too_long"):
        code_book("".join(map(chr, range(0x4E00, 0x4E00 + 901))), rng=rng())


def test_word_swap_lists_which_word_stands_for_which():
    key, swapped = word_swap("Open the lock, open it", rng=rng()).split("\n")
    stands_for = dict(pair.split(" = ") for pair in key.split(", "))
    assert sorted(stands_for.values()) == ["Open", "lock", "open"]  # "the" and "it" are too short
    assert not any(f" {term}" in f" {swapped}" for term in stands_for.values())
    key, swapped = word_swap("打开大锁", rng=rng()).split("\n")
    assert sorted(key.replace(" = ", ", ").split(", ")[1::2]) == sorted(["打开", "大锁"])
    assert from_word_swap(f"{key}\n{swapped}") == "打开大锁"
    for text, reason in (("a [b] cdef", "already_disguised"), ("a b 锁", "no_term")):
        with pytest.raises(NotApplicable, match=reason):
            word_swap(text, rng=rng())
