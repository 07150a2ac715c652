"""Markup that acts when a page shows it, markup that leaks, and markup that a scraper forgot."""

import re

import polars as pl

# Code is shown and not run; what stands in it is what the text is about.
CODE = r"(?s)```.*?(?:```|\z)|~~~.*?(?:~~~|\z)|`[^`\n]+`"
# A text that speaks of markup outside its tags shows it as an example.
_SPEAKS = (
    r"(?i)html|xss|javascript|markup|(?:^|[^a-z])(?:css|tags?|scripts?)(?:[^a-z]|$)|web ?page|snippet|source code"
    r"|iframe|inject|sanitiz|payload|标签|標籤|代码|代碼|网页|網頁|前端|脚本|腳本|注入|浏览器|瀏覽器"
)
_NO_PROSE = re.compile(r"(?is)<script.*?(?:</script>|\Z)|<[a-z/!][^<>]{0,2000}>|\]\([^\s)]*")
_OPENS = re.compile(r"(?i)<script(?:\s[^<>]*)?>")
_SOURCE = re.compile(r"(?i)<script\s[^<>]*src\s*=")
_ACTIVE = re.compile(
    r"""(?ix)<(?:iframe|object|embed|applet|frame|portal)\s[^<>]*(?:src|srcdoc|data|code)\s*=
      | <meta\s[^<>]*http-equiv\s*=\s*["']?refresh | <base\s[^<>]*href
      | <[a-z][^<>]*[\s/"']on[a-z]{3,20}\s*=\s*["']?[^\s"'<>]
      | <[a-z][^<>]*\s(?:href|src|(?:form)?action|data)\s*=\s*["']?\s*(?:javascript|vbscript|data:text/html)
      | \]\(\s*(?:javascript|vbscript|data:text/html)[:;,]"""
)
_ONE = r"""\s*[=:]\s*["']?[01](?:px)?[\s"'/>;]"""
_PIXEL = re.compile(rf"(?i)<img\s(?=[^<>]*(?<![\w-])width{_ONE})(?=[^<>]*(?<![\w-])height{_ONE})[^<>]*src\s*=")
# An image is fetched without a click, and what stands in its address is sent along.
_LEAK = re.compile(
    r"""(?ix)!\[[^\]\n]{0,200}\]\(\s*<?https?://[^\s()<>]{1,300}[?&/=](?:
        [^\s()]{0,200}[{\[<$%](?:[a-z_]{2,40}|\.\.\.)[}\]>%]?
      | [^\s()]{0,200}?(?:q|data|d|text|msg|message|content|secret|token|info|prompt|history|chat|payload|leak|key|user)
        =(?!\d{0,9}[&)])[^\s()&]{6,}
    )"""
)
_WORTH_READING = (
    r"(?i)<(?:script|iframe|object|embed|applet|frame|portal|meta|base)[\s>]|<[a-z][^<>]*[\s/\x22']on[a-z]{3,20}\s*="
    r"|javascript\s*:|vbscript\s*:|data:text/html|<img\s|!\["
)

_NAMES = (
    "div|span|p|br|hr|a|td|tr|th|table|tbody|thead|ul|ol|li|dl|dt|dd|font|center|img|h[1-6]|nav|header|footer|section"
    "|article|aside|main|button|input|label|form|style|link|meta|body|html|head|iframe|figure|noscript|option|select"
)
_VALUE = r"(?:\x22[^\x22<>]*\x22|'[^'<>]*'|[^\s<>]+)"
TAGS = rf"(?i)</?(?:{_NAMES})(?:\s+[a-z:@\-]+(?:\s*=\s*{_VALUE})?)*\s*/?>|<!--|-->|<!DOCTYPE"
ENTITIES = (
    r"&(?:nbsp|amp|lt|gt|quot|apos|[lr][sd]quo|[mn]dash|hellip|copy|middot|bull|raquo|laquo|#\d{2,6}|#x[0-9a-f]{2,5});"
)


def active_markup(text: pl.Series) -> pl.Series:
    """Say why a text is rejected for markup that acts when it is shown; null keeps it.

    Scripts, frames and embedded objects, handlers (`onerror=`), `javascript:` and `data:text/html` addresses, page
    refreshes; images of one pixel; Markdown images whose address carries data away. What stands in code (fences,
    back ticks) is kept, and so is a text that speaks of HTML, scripts or web pages outside its tags.

    Not caught: handlers behind broken quoting, encoded or split up by comments; style sheets that load; templates of
    frameworks; an attack that says "web page" in its prose; an image whose path, and not its query, carries data.

    Args:
        text: String column. Null counts as empty.

    Returns:
        String column: ``"active_markup"``, ``"tracking_pixel"``, ``"leaking_image"`` or null.
    """
    worth = text.str.contains(_WORTH_READING).fill_null(False).arg_true()
    shown = text.gather(worth).str.replace_all(CODE, " ")
    reasons = pl.Series(text.name, [None], dtype=pl.String).new_from_index(0, len(text))
    return reasons.scatter(worth, pl.Series([_acts(value) for value in shown], dtype=pl.String))


def leftover_markup(text: pl.Series, *, max_share: float = 0.05, min_count: int = 3) -> pl.Series:
    """Say why a text is rejected for the markup that a scraper left in it; null keeps it.

    Counted are tags of HTML, comments and entities (`&nbsp;`) outside code. A text that speaks of HTML is kept.

    Not caught: tags of other languages and of prompts (`<document>`), menus and footers without tags, wiki markup, a
    few tags in a long text.

    Args:
        text: String column. Null counts as empty.
        max_share: Largest share (0 to 1) of a text's characters outside code that may be tags and entities.
        min_count: Texts with fewer tags and entities are kept.

    Returns:
        String column: ``"leftover_markup"`` or null.
    """
    worth = text.str.contains(r"<[a-zA-Z/!]|&[a-zA-Z#]").fill_null(False).arg_true()
    shown = text.gather(worth).str.replace_all(CODE, " ").alias("shown").to_frame()
    marks = rf"{TAGS}|{ENTITIES}"
    left = pl.col("shown").str.replace_all(marks, "")
    chars = pl.col("shown").str.len_chars()
    much = (pl.col("shown").str.count_matches(marks) >= min_count) & (chars - left.str.len_chars() > max_share * chars)
    much &= ~left.str.contains(_SPEAKS)
    found = shown.select(pl.when(much).then(pl.lit("leftover_markup")))
    reasons = pl.Series(text.name, [None], dtype=pl.String).new_from_index(0, len(text))
    return reasons.scatter(worth, found.to_series())


def _script(shown: str) -> bool:
    """Whether a script stands there, closed or with a source; in one look, as many may be opened and none closed."""
    opens = _OPENS.search(shown)
    closed = opens is not None and "</script" in shown[opens.end() :].lower()
    return closed or _SOURCE.search(shown) is not None


def _acts(shown: str) -> str | None:
    if _LEAK.search(shown):
        return "leaking_image"
    active = _script(shown) or _ACTIVE.search(shown)
    if active and not re.search(_SPEAKS, _NO_PROSE.sub(" ", shown)):
        return "active_markup"
    return "tracking_pixel" if _PIXEL.search(shown) else None
