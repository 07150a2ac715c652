"""Personal data is found where it stands, beside any script, only where it is real; scrubbing changes nothing else."""

import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.pii import find_pii, pii
from corpus.filters.scrub import scrub


def text(*texts):
    return pl.Series("text", texts, dtype=pl.String)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("登记的身份证号11010519491231002X请核对", "pii_id_number"),  # printed in the standard: MOD 11-2 gives X
        ("登记的身份证号110105194912310021请核对", None),  # the same with a wrong check character
        ("登记的身份证号110105 19491231 002X请核对", "pii_id_number"),
        ("登记的身份证号010105194912310025请核对", None),  # no province begins with 0
        ("电话13800138000请拨打", "pii_phone"),
        ("手机：１３８００１３８０００（全角）", "pii_phone"),
        ("+86 138-0013-8000", "pii_phone"),
        ("打0086-138–0013–8000找我", "pii_phone"),  # with en dashes
        ("13800138000,13900139001", "pii_phone"),
        ("Tel13800138000", "pii_phone"),
        ("座机010-62345678转3", "pii_phone"),
        ("座机(0351) 6234567", "pii_phone"),
        ("座机+86 21 6234 5678", "pii_phone"),
        ("编号019-62345678", None),  # no city has 019
        ("call (212) 867-4309 today", "pii_phone"),
        ("call +12128674309 today", "pii_phone"),
        ("call (212) 555-0143 today", None),  # kept free for films
        ("ring +44 20 7123 4567 today", "pii_phone"),
        ("ring +442071234567 today", "pii_phone"),
        ("the answer is 0.13800138000", None),
        ("the price is 13800138000.50", None),
        ("sha256 ab13800138000cd", None),
        ("id 55cbde2a-0949-4077-9941-e3d3ddb43", None),
        ("打13888888888", None),  # one digit: an example
        ("邮箱是zhang.wei@mailbox.cn谢谢", "pii_email"),
        ("邮箱是zhang.wei＠mailbox.cn谢谢", "pii_email"),
        ("write to zhang.wei@example.com", None),
        ("write to root@server.test", None),
        ("clone git@github.com:a/b.git", None),
        ("see logo@2x.png", None),
        ("卡号4539578763621486已过期", "pii_card"),  # Visa length and prefix, Luhn sum 80
        ("卡号4539 5787 6362 1486 123已过期", "pii_card"),  # and what stands on its back
        ("卡号4539578763621487已过期", None),
        ("the product is 1234567812345670", None),  # Luhn holds, but no issuer begins with 1
        ("card 4111 1111 1111 1111", None),  # every shop's test card
        ("账号GB29NWBK60161331926819请核对", "pii_iban"),  # the example of the standard
        ("IBAN DE89 3704 0044 0532 0130 00 BIC", "pii_iban"),
        ("IBAN GB28NWBK60161331926819", None),
        ("SSN 536-90-4399", "pii_ssn"),
        ("他的SSN是536-90-4399。", "pii_ssn"),
        ("SSN 666-90-4399, 536-00-4399, 936-90-4399", None),  # never issued
        ("SSN 078-05-1120", None),  # printed in ten thousand wallets
        ("服务器93.184.216.34的日志", "pii_ip"),
        ("host 2606:2800:220:1:248:1893:25c8:1946 is up", "pii_ip"),
        ("host 192.168.0.17, 127.0.0.1, 10.1.2.3", None),
        ("host 203.0.113.7 and 2001:db8::7", None),  # for documentation
        ("version 93.184.216.34 and v93.184.216.34", None),
        ("版本93.184.216.34", None),
        ("see section 1.2.3.4", None),
        ("at 12:30:45 std::vector 2001", None),
        ("没有个人信息的一句话。", None),
        (None, None),
    ],
)
def test_personal_data_is_found_beside_any_script_and_only_where_it_is_real(value, reason):
    assert pii(text(value)).to_list() == [reason]


def test_each_finding_says_what_and_where_in_the_text_as_it_is():
    found = find_pii(text("没有", None, "𠮷田：ａ１３８００１３８０００，１３８００１３８０００和zhang@example.com"))
    # 𠮷 is one code point; behind a full-width letter a number is part of a word.
    assert found.rows() == [(2, "PHONE", 16, 27), (2, "EMAIL", 28, 45)]
    assert find_pii(text("zhang@example.com, (212) 555-0143"), fictitious=False).is_empty()


def test_one_number_is_one_thing():
    assert find_pii(text("身份证11010519491231002X 卡4539578763621486"))["type"].to_list() == ["ID", "CARD"]


def test_scrubbing_puts_a_placeholder_and_changes_nothing_else():
    column = text("找 张三：13800138000\t或zhang@example.com 。", None, "没有", "")
    assert scrub(column).to_list() == ["找 张三：[PHONE]\t或[EMAIL] 。", None, "没有", ""]


def id_number(source):
    body = f"{source.choice(['110105', '440301', '310115'])}{source.randint(1950, 2005)}{source.randint(1, 12):02d}"
    body += f"{source.randint(1, 28):02d}{source.randint(0, 999):03d}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    left = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[left % 11]


@pytest.mark.parametrize("frame", ["{}", "Write it down: {}, please.", "记下来{}谢谢"])
def test_every_identity_number_that_holds_is_found_and_none_that_does_not(frame):
    source = random.Random(frame)
    good = [id_number(source) for _ in range(100)]
    bad = [number[:16] + str((int(number[16]) + 1) % 10) + number[17] for number in good]
    assert pii(text(*map(frame.format, good))).to_list() == ["pii_id_number"] * 100
    assert pii(text(*map(frame.format, bad))).null_count() == 100


@given(st.lists(st.one_of(st.none(), st.text(max_size=80), st.text("1389-@.+ ()１锁aXx:", max_size=60)), max_size=8))
def test_no_text_breaks_it_and_what_is_not_found_stays(texts):
    column = text(*texts)
    found = find_pii(column)
    assert pii(column).to_list() == [pii(text(value)).to_list()[0] for value in texts]
    for row, (before, after) in enumerate(zip(texts, scrub(column).to_list(), strict=True)):
        marks = found.filter(pl.col("row") == row).select("start", "end", "type").rows()
        edges = [0, *(edge for start, end, _ in marks for edge in (start, end))]
        assert edges == sorted(edges)
        if before is not None:
            kept = [before[end:start] for end, start in zip(edges[::2], [*edges[1::2], len(before)], strict=True)]
            placed = [f"[{kind}]" for *_, kind in marks]
            assert after == "".join(part for pair in zip(kept, [*placed, ""], strict=True) for part in pair)
