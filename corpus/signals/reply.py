"""How a reply reads: whether it declines, breaks off or says its prompt back, and how many of its words are abuse."""

import polars as pl

from corpus import filters

READ = ("en", "zh")  # languages that the phrases and the lexicon know
NO_REFUSAL = "none"


def of_reply(prompt: pl.Series, reply: pl.Series) -> pl.DataFrame:
    """What the words of replies tell, each row by itself.

    Args:
        prompt: String column.
        reply: String column of the same length. Null or blank is no reply.

    Returns:
        `refusal` (`plain`, `then_answers` or `none`), `toxicity` (share of words, 0 to 1) and `cut_off`, null where
        there is no reply or it is not known to be English or Chinese; and `repeats_prompt`, null without a reply.
    """
    said = pl.col("reply").str.strip_chars().str.len_chars() > 0
    rows = pl.DataFrame({"prompt": prompt, "reply": reply}).with_columns(reply=pl.when(said).then("reply"))
    known = filters.detect(rows["reply"]).is_in(READ)
    echo = filters.repeats_prompt(rows["prompt"], rows["reply"])
    refusal, toxicity = filters.refusal_kind(rows["reply"]), filters.toxicity(rows["reply"])
    return rows.select(
        refusal=pl.when(known).then(refusal.fill_null(NO_REFUSAL)),
        toxicity=pl.when(known).then(toxicity),
        cut_off=pl.when(known).then(filters.cut_off(pl.col("reply"))),
        repeats_prompt=pl.when(pl.col("reply").is_not_null()).then(echo.is_not_null()),
    )
