"""Mixed rows go by their running text, and numbers are found that touch Chinese characters."""

import polars as pl

from corpus.filters.language import detect, language
from corpus.filters.pii import find_pii
from corpus.filters.scrub import scrub

MIXED = {
    "这台 ThinkPad X1 Carbon 的 Thunderbolt 接口能给 Dell U2723QE 供电吗？": "zh",
    "没问题，明天见。": "zh",
    "標題：Minutes\nThis page is in plain English. It says who came, and what each of them will do.": "en",
    "更新手続きが最終段階で失敗しました": "ja",
    "本課程介紹圖書館的使用方法，包括借書、還書和預約座位。": "zh",
    "2026 -- 07/31 (50%)": "und",
    "🔑🔒🚪": "und",
    "Please tell me: how would you use the word 缘分 in a letter?": "en",
    "내일은 도서관에서 책을 빌리는 방법을 배웁니다.": "ko",
}


def test_a_mixed_row_has_the_language_of_its_running_text():
    column = pl.Series(list(MIXED), dtype=pl.String)
    assert detect(column).to_list() == list(MIXED.values())
    kept = language(column).is_null().to_list()
    assert kept == [code in ("en", "zh", "und") for code in MIXED.values()]


# Published examples: the number printed in GB 11643, the operator's own line, a reserved domain.
GLUED = [
    ("表上的身份证号11010519491231002X，请再看一遍。", [("ID", 7, 25)]),
    ("请打13800138000找他", [("PHONE", 2, 13)]),
    ("手机：１３８００１３８０００（全角）", [("PHONE", 3, 14)]),
    ("信箱是li.test@example.com谢谢", [("EMAIL", 3, 22)]),
    ("末位小写：11010519491231002x。", [("ID", 5, 23)]),
    ("+86 138-0013-8000 与 138 0013 8000 相同", [("PHONE", 0, 17), ("PHONE", 20, 33)]),
    ("这句话里没有号码。", []),
]


def test_personal_data_that_touches_chinese_is_found_at_its_place():
    found = find_pii(pl.Series([value for value, _ in GLUED]))
    expected = [(row, *finding) for row, (_, findings) in enumerate(GLUED) for finding in findings]
    assert found.rows() == expected


def test_after_masking_no_number_is_left_and_every_other_character_is():
    clean = scrub(pl.Series([value for value, _ in GLUED])).to_list()
    for (value, findings), masked in zip(GLUED, clean, strict=True):
        assert not any(value[start:end] in masked for _, start, end in findings)
        for kind, start, end in reversed(findings):
            value = f"{value[:start]}[{kind}]{value[end:]}"
        assert masked == value
