"""Text columns of a batch: derived from the messages when it is read, never stored twice."""

import polars as pl

_TEXTS = (
    pl.element()
    .struct.field("content")
    .list.eval(pl.element().struct.field("text").filter(pl.element().struct.field("type") == "text"))
)
_IMAGES = (
    pl.element()
    .struct.field("content")
    .list.eval(pl.element().struct.field("media_id").filter(pl.element().struct.field("type") == "image"))
)


def with_text(batch: pl.DataFrame) -> pl.DataFrame:
    """Add `prompt`, `response` and `images` to a batch that has `messages`.

    `prompt` joins the text parts of everything before the last reply with line breaks, `response` is the last reply
    or null where there is none, `images` lists the `media_id` of every picture in order.
    """
    answered = pl.col("messages").list.last().struct.field("role") == "assistant"
    asked = pl.col("messages").list.head(pl.col("messages").list.len() - answered.fill_null(False).cast(pl.UInt32))
    reply = (
        pl.col("messages")
        .list.last()
        .struct.field("content")
        .list.eval(pl.element().struct.field("text").filter(pl.element().struct.field("type") == "text"))
    )
    return batch.with_columns(
        prompt=asked.list.eval(_TEXTS.list.join("\n")).list.join("\n"),
        response=pl.when(answered).then(reply.list.join("\n")),
        images=pl.col("messages").list.eval(_IMAGES.list.explode(empty_as_null=False)),
    )
