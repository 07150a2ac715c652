"""The attacks by name, with what is known about each."""

from synth.attacks import ciphers, encodings, gaps, letter_forms, noise, orders, pieces
from synth.attacks.ascii_art import ascii_art
from synth.attacks.bidi import bidi, without_bidi
from synth.attacks.code_book import code_book, from_code_book
from synth.attacks.definition import Attack, Family
from synth.attacks.disemvowel import disemvowel
from synth.attacks.homoglyphs import homoglyphs, without_homoglyphs
from synth.attacks.leetspeak import leetspeak
from synth.attacks.many_shot import many_shot
from synth.attacks.morse import morse
from synth.attacks.past_tense import past_tense
from synth.attacks.split_characters import split_characters, without_splits
from synth.attacks.word_swap import from_word_swap, word_swap
from synth.language import Language

_BOTH: tuple[Language, ...] = ("en", "zh")
_EN: tuple[Language, ...] = ("en",)
_ZH: tuple[Language, ...] = ("zh",)

_ANDRIUSHCHENKO = "Andriushchenko and Flammarion 2024, arXiv 2407.11969"
_BOUCHER = "Boucher et al. 2022, arXiv 2106.09898"
_DANIEL = "Daniel and Pal 2024, arXiv 2405.14490"
_YONG = "Yong et al. 2023, arXiv 2310.02446"
_DING = "Ding et al. 2023, arXiv 2311.08268"
_GAO = "Gao et al. 2025, arXiv 2510.05025"
_GROENDAHL = "Gröndahl et al. 2018, arXiv 1808.09115"
_HANDA = "Handa et al. 2024, arXiv 2402.10601; Zhang et al. 2024, arXiv 2405.14023"
_HUANG = "Huang 2024, arXiv 2411.01084"
_HUANG_LI = "Huang et al. 2024, arXiv 2410.01294"
_HUGHES = "Hughes et al. 2024, arXiv 2412.03556"
_JIANG = "Jiang et al. 2024, arXiv 2402.11753"
_KANG = "Kang et al. 2023, arXiv 2302.05733"
_LI_INCEPTION = "Li et al. 2023, arXiv 2311.03191"
_LI_STRUCTURE = "Li et al. 2024, arXiv 2406.08754"
_LIU_FLIP = "Liu et al. 2024, arXiv 2410.02832"
_LIU_STUDY = "Liu et al. 2023, arXiv 2305.13860"
_LV = "Lv et al. 2024, arXiv 2402.16717"
_REN = "Ren et al. 2024, arXiv 2403.07865"
_RUSERT = "Rusert 2024, arXiv 2404.08538"
_SHEN = "Shen et al. 2023, arXiv 2308.03825"
_WEI = "Wei et al. 2023, arXiv 2307.02483"
_WEI_EMOJI = "Wei et al. 2024, arXiv 2411.01077"
_WEI_SHOTS = "Wei et al. 2023, arXiv 2310.06387"
_YANG = "Yang et al. 2025, arXiv 2505.24341"
_YUAN = "Yuan et al. 2023, arXiv 2308.06463"
_ZENG = "Zeng et al. 2024, arXiv 2401.06373"
_ZOU = "Zou et al. 2023, arXiv 2307.15043"


def _words(name: str, source: str, note: str = "Own wordings in both languages", family: Family = "framing") -> Attack:
    """The request as it stands, with words of `words.yaml` around it."""
    return Attack(name, 1, family, _BOTH, note, source, stands=True)


_UTF_8 = "Chinese is encoded as UTF-8 first"
_BLOCK = "A Han character moves within its Unicode block"

# fmt: off
_TABLE = (
    Attack("base64", 1, "encoding", _BOTH, _UTF_8, _WEI, encodings.base64_encoded, encodings.base64_decoded),
    Attack("hexadecimal", 1, "encoding", _BOTH, _UTF_8, _HUANG, encodings.hexadecimal, encodings.from_hexadecimal),
    Attack("binary", 1, "encoding", _BOTH, _UTF_8, _HUANG, encodings.binary, encodings.from_binary),
    Attack("percent", 1, "encoding", _BOTH, _UTF_8, _HUANG, encodings.percent, encodings.from_percent),
    Attack("unicode_escapes", 1, "encoding", _BOTH, "Any character has a code point", _YUAN,
           encodings.unicode_escapes, encodings.from_unicode_escapes),
    Attack("morse", 1, "encoding", _EN, "Chinese telegraph codes would need a table of thousands", _YUAN, morse),

    Attack("rot13", 1, "cipher", _EN, "Half an alphabet of 26; caesar is for Chinese too", _WEI,
           ciphers.rot13, ciphers.from_rot13),
    Attack("caesar", 1, "cipher", _BOTH, _BLOCK, _YUAN, ciphers.caesar, ciphers.from_caesar),
    Attack("atbash", 1, "cipher", _BOTH, _BLOCK, _YUAN, ciphers.atbash, ciphers.from_atbash),
    Attack("vigenere", 1, "cipher", _BOTH, _BLOCK, _HUANG, ciphers.vigenere, ciphers.from_vigenere),
    Attack("code_book", 1, "cipher", _BOTH, "Every character has a number", _HUANG_LI, code_book, from_code_book),
    Attack("word_swap", 1, "cipher", _BOTH, "Two Han characters side by side count as a word", _HANDA,
           word_swap, from_word_swap),
    Attack("odd_even", 1, "cipher", _BOTH, "Characters are counted", _LV, orders.odd_even, orders.from_odd_even),
    Attack("flipped_characters", 1, "cipher", _BOTH, "Characters are counted", _LIU_FLIP,
           orders.flipped_characters, orders.from_flipped_characters),
    Attack("flipped_words", 1, "cipher", _EN, "Chinese has no spaces between words", _LIU_FLIP,
           orders.flipped_words, orders.from_flipped_words),

    Attack("leetspeak", 1, "disguise", _EN, "Han characters have no digit that looks like them", _WEI, leetspeak),
    Attack("disemvowel", 1, "disguise", _EN, "Han characters have no vowels to leave out", _WEI, disemvowel),
    Attack("homoglyphs", 1, "disguise", _BOTH,
           "Chinese uses the Kangxi radicals, 214 characters; a text without one of them does not apply", _BOUCHER,
           homoglyphs, without_homoglyphs),
    Attack("fullwidth", 1, "disguise", _EN, "Han characters are of full width already", _DANIEL,
           letter_forms.fullwidth, letter_forms.without_fullwidth),
    Attack("math_letters", 1, "disguise", _EN, "Han characters have no such forms", _DANIEL,
           letter_forms.math_letters, letter_forms.without_math_letters),
    Attack("split_characters", 1, "disguise", _ZH, "Latin letters have no halves", _YANG,
           split_characters, without_splits),
    Attack("zero_width", 1, "disguise", _BOTH, "Works between any two characters", _BOUCHER,
           gaps.zero_width, gaps.without_zero_width),
    Attack("emoji", 1, "disguise", _BOTH, "Works between any two characters", _WEI_EMOJI,
           gaps.emoji, gaps.without_emoji),
    Attack("spaced", 1, "disguise", _BOTH, "Works between any two characters", _GROENDAHL,
           gaps.spaced, gaps.without_spaces),
    Attack("bidi", 1, "disguise", _BOTH, "Works on any characters", _BOUCHER, bidi, without_bidi),
    Attack("vertical", 1, "disguise", _BOTH, "One character a line", _RUSERT, orders.vertical, orders.from_vertical),
    Attack("ascii_art", 1, "disguise", _BOTH, "Draws two Han characters from a font", _JIANG, ascii_art),

    Attack("past_tense", 1, "framing", _BOTH, "Chinese verbs have no tense: time words carry it", _ANDRIUSHCHENKO,
           past_tense),
    _words("role_play", f"{_WEI}; {_SHEN}"),
    _words("refusal_suppression", _WEI),
    _words("prefix_injection", _WEI),
    _words("style_rules", _WEI),
    _words("developer_mode", f"{_WEI}; {_SHEN}"),
    _words("secret_language", _YUAN, "Talks of a cipher and uses none (SelfCipher); own wordings in both languages"),
    _words("fiction", _LIU_STUDY),
    _words("thought_experiment", _LIU_STUDY),
    _words("authority", _ZENG),
    _words("nested_scenes", _LI_INCEPTION),
    _words("rare_language", _YONG, "Asks for an answer in a language with few speakers; the request is not translated"),

    Attack("many_shot", 1, "context", _BOTH, "Harmless dialogues of our own in both languages", _WEI_SHOTS,
           frame=many_shot, stands=True),
    _words("distractors", _WEI, family="context"),
    _words("code_comment", _DING, family="context"),
    _words("table_cell", _DING, family="context"),
    Attack("json_form", 1, "context", _BOTH, "Own forms in both languages", _LI_STRUCTURE,
           pieces.json_string, pieces.from_json_string),
    Attack("payload_splitting", 1, "context", _BOTH, "Cuts between any two characters", _KANG,
           pieces.payload_splitting, pieces.from_payload_splitting),
    Attack("code_pieces", 1, "context", _BOTH, "Cuts between any two characters", _REN,
           pieces.code_pieces, pieces.from_code_pieces),

    Attack("suffix_noise", 1, "noise", _BOTH, "The noise is ASCII in both; it is not optimised", _ZOU,
           noise.suffix_noise, stands=True),
    Attack("invisible_suffix", 1, "noise", _BOTH, "The noise belongs to no script; it is not optimised", _GAO,
           noise.invisible_suffix, noise.without_invisible_suffix, stands=True),
    Attack("typos", 1, "noise", _BOTH, "Swaps two Han characters side by side", f"{_HUGHES}; {_YANG}", noise.typos),
    Attack("random_case", 1, "noise", _EN, "Han characters have no upper and lower case", _HUGHES, noise.random_case),
)
# fmt: on

ATTACKS: dict[str, Attack] = {attack.name: attack for attack in _TABLE}
