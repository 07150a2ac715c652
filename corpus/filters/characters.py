"""Characters that no reader sees as they are: control codes, turned direction, hidden text, wrong encodings."""

import polars as pl

CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f\u0080-\u0084\u0086-\u009f]"
OVERRIDES = r"[\u202d\u202e]"
DIRECTIONS = r"[\u202a\u202b\u2066-\u2068]"
RIGHT_TO_LEFT = r"[\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{Nko}]"
INVISIBLE = r"[\u00ad\u034f\u115f\u1160\u180e\u200b-\u200d\u2060-\u2064\u3164\ufeff\uffa0\U000e0020-\U000e007f]"
# Joiners inside emoji, and between letters of scripts that need them, belong to the writing; so do flags' tags.
NEEDED = (
    r"[\p{So}\p{Sk}\ufe0f]\u200d|[\p{Arabic}\p{Devanagari}\p{Bengali}\p{Tamil}\p{Telugu}\p{Sinhala}][\u200c\u200d]"
    r"|\U0001f3f4[\U000e0020-\U000e007f]{3,7}"
)

# UTF-8 read as Latin-1 or Windows-1252, replacement characters, and what Chinese programs make of such characters and
# of empty memory. UTF-8 read as GBK is Chinese characters, rare ones: that is for the gibberish filter.
_UPPER = r"[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
MOJIBAKE = rf"\ufffd|锟斤拷|锟斤|烫烫烫|屯屯屯|[ÂÃÐÑ]{_UPPER}|â€{_UPPER}?|ï»¿|ï¼{_UPPER}|[ã-é]{_UPPER}{{2}}"


def control_characters(text: pl.Series, *, max_invisible: float = 0.05, min_invisible: int = 5) -> pl.Series:
    """Say why a text is rejected for characters that steer a terminal or a page, or hide; null keeps it.

    Meant for replies and sources: in a prompt such characters can be the attack that a corpus wants.

    Not caught: variation selectors that carry bytes behind an emoji; letters that look like others (homoglyphs);
    combining marks piled up; a few invisible characters in a long text; marks of direction (U+200E, U+200F).

    Args:
        text: String column. Null counts as empty.
        max_invisible: Largest share (0 to 1) of characters without width, those that emoji and scripts need left out.
        min_invisible: Texts with fewer such characters are kept.

    Returns:
        String column: ``"control_characters"`` (NUL, escapes and other codes but white space),
        ``"bidirectional_controls"`` (an override, or an embedding in a text without right-to-left letters),
        ``"hidden_characters"`` or null.
    """
    worth = text.str.contains(f"{CONTROLS}|{OVERRIDES}|{DIRECTIONS}|{INVISIBLE}").fill_null(False).arg_true()
    found = text.gather(worth).alias("text").to_frame()
    value = pl.col("text")
    turned = value.str.contains(OVERRIDES) | (value.str.contains(DIRECTIONS) & ~value.str.contains(RIGHT_TO_LEFT))
    hidden = value.str.replace_all(NEEDED, "").str.count_matches(INVISIBLE)
    much = (hidden >= min_invisible) & (hidden > max_invisible * value.str.len_chars())
    why = (
        pl.when(value.str.contains(CONTROLS))
        .then(pl.lit("control_characters"))
        .when(turned)
        .then(pl.lit("bidirectional_controls"))
        .when(much)
        .then(pl.lit("hidden_characters"))
    )
    reasons = pl.Series(text.name, [None], dtype=pl.String).new_from_index(0, len(text))
    return reasons.scatter(worth, found.select(why).to_series())


def mojibake(text: pl.Expr, *, max_share: float = 0.002, min_count: int = 2) -> pl.Expr:
    """Say why a text is rejected for having been read in a wrong encoding; null keeps it.

    Not caught: one broken letter; UTF-8 read as GBK or Big5, and GBK read as Latin-1 (both are letters, in a strange
    order: the gibberish filter's work); text that was broken twice.

    Args:
        text: String column. Null counts as empty.
        max_share: Largest share (0 to 1) of broken sequences among a text's characters.
        min_count: Texts with fewer broken sequences are kept.

    Returns:
        String expression: ``"mojibake"`` or null.
    """
    broken = text.str.count_matches(MOJIBAKE)
    return pl.when((broken >= min_count) & (broken > max_share * text.str.len_chars())).then(pl.lit("mojibake"))
