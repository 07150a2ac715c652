"""An exam: benchmark items that no lesson may hold, as they are or as salted hashes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from catalog.ids import media_id
from corpus.decontaminate.hashing import Key, Tokens, runs, tokens
from corpus.pictures import signals, texts
from corpus.readers import BadRecord, ReadError, records

WORDS, CHARACTERS = 3, 3  # tokens of a run, where an item is mostly words, and where it is mostly single characters
SALTED_WORDS, SALTED_CHARACTERS = 4, 5
LONGEST = 64  # tokens of a run
PLAIN_SALT = bytes(16)
# What a word and a character weigh: below CHECKED an item says too little, below EDITED only the whole of it counts.
WORD, CHARACTER, CHECKED, EDITED = 3, 2, 12, 24

ITEMS = pl.Schema(
    {
        "item_id": pl.String(),
        "text": pl.String(),  # null in a salted exam, and for an item that is a picture alone
        "n": pl.Int64(),  # tokens of a run
        "runs": pl.List(pl.UInt64),  # hash of every run, in the order of `hashing.runs`; null without a text
        "whole_only": pl.Boolean(),  # too short to be known by a part of it
        "picture": pl.Binary(),  # perceptual hash, 32 bytes
        "inner": pl.Binary(),  # the same without even borders
        "small": pl.Binary(),  # what `inner` is taken from; null in a salted exam
        "shown": pl.String(),  # text that stands in the picture; null where it is not known, and in a salted exam
        "text_unchecked": pl.String(),  # why its text cannot be looked for
        "picture_unchecked": pl.String(),  # why its picture cannot be looked for
    }
)


class Exam(NamedTuple):
    """Items (columns `ITEMS`) under a name, hashed with a salt of 16 bytes."""

    name: str
    salt: bytes
    items: pl.DataFrame


def key_of(salt: bytes) -> Key:
    """The two halves of a salt.

    Raises:
        ValueError: If it does not have 16 bytes.
    """
    if len(salt) != 16:
        raise ValueError(
            f"a salt has 16 bytes (32 hexadecimal digits), not {len(salt)}; `openssl rand -hex 16` makes one"
        )
    low, high = np.frombuffer(salt, np.dtype("<u8")).astype(np.uint64)
    return low, high


def exam(
    name: str,
    items: pl.DataFrame,
    *,
    salt: bytes = PLAIN_SALT,
    words: int = WORDS,
    characters: int = CHARACTERS,
) -> Exam:
    """An exam from its items.

    Args:
        name: What hits call it.
        items: `item_id`, `text`, and, where items have pictures, `picture`, `inner`, `small`, `shown` and
            `picture_unchecked` as in `ITEMS`.
        salt: 16 bytes.
        words: Words of a run, 2 or more.
        characters: Characters of a run for items in scripts without spaces, 2 or more.

    Raises:
        ValueError: If there is no item, an id is null or stands twice, or an option is out of range.
    """
    for tokens_of_a_run in (words, characters):
        if not 2 <= tokens_of_a_run <= LONGEST:
            raise ValueError(f"a run has 2 to {LONGEST} tokens, not {tokens_of_a_run}")
    if items.is_empty():
        raise ValueError(f"exam {name} has no items")
    twice = items.filter(pl.col("item_id").is_duplicated() | pl.col("item_id").is_null())
    if twice.height:
        raise ValueError(f"exam {name}: {twice.height} items have no id of their own, such as {twice['item_id'][0]!r}")
    found = tokens(items["text"], key_of(salt))
    count_D = np.diff(found.first_D)
    alone_D = _alone(found)
    weight_D = WORD * (count_D - alone_D) + CHARACTER * alone_D
    n_D = np.clip(np.where(2 * alone_D > count_D, characters, words), 1, np.maximum(count_D, 1))
    whole_only_D = weight_D < EDITED
    hash_S, start_S = runs(found, n_D, np.where(whole_only_D, 1, n_D), key_of(salt))
    written = items["text"].is_not_null()
    added = {name: pl.lit(None, kind) for name, kind in ITEMS.items() if name not in items.columns}
    return Exam(
        name,
        salt,
        items.with_columns(**added)
        .with_columns(
            n=pl.Series(n_D),
            runs=pl.Series(np.split(hash_S, start_S[1:-1]), dtype=pl.List(pl.UInt64)),
            whole_only=pl.Series(whole_only_D),
            text_unchecked=pl.when(pl.Series(weight_D < CHECKED) & written).then(pl.lit("too_short_to_check")),
        )
        .with_columns(runs=pl.when(written & pl.col("text_unchecked").is_null()).then("runs"))
        .select(pl.col(name).cast(kind) for name, kind in ITEMS.items()),
    )


def _alone(found: Tokens) -> np.ndarray:
    before_T = np.concatenate([np.zeros(1, np.int64), np.cumsum(found.alone_T)])
    return np.diff(before_T[found.first_D])


def read(path: Path, *, name: str | None = None, ocr: Path | None = None) -> Exam:
    """An exam from a file: JSON lines, CSV, TSV or Parquet; or a salted one (`corpus.decontaminate.salted`).

    Columns: `id` (the number of the record where there is none), `text` or `prompt`, and `image`: path of a picture,
    relative to the file, or its bytes.

    Args:
        path: The file.
        name: What hits call it; the file's name without its suffix by default.
        ocr: Folder where the text of pictures is kept (`corpus.pictures.texts`); without it, none is read in them.

    Raises:
        ModuleNotFoundError: If pictures are to be read without the extra for it.
        ReadError: If the file or a record of it cannot be read: an exam is whole or none.
        ValueError: If the items make no exam.
    """
    from corpus.decontaminate.salted import is_salted, load

    if is_salted(path):
        return load(path, name=name)
    rows = list(_rows(path))
    images = {row["item_id"]: row["image"] for row in rows if row["image"] is not None}
    looked = signals(images).join(_shown(images, ocr), on="media_id")
    pictures = looked.select(
        item_id="media_id",
        picture=pl.when("informative").then("hash"),
        inner=pl.when("informative").then("inner"),
        small=pl.when("informative").then("small"),
        shown="text",
        picture_unchecked=pl.coalesce("reason", pl.when(~pl.col("informative")).then(pl.lit("flat_picture"))),
    )
    items = pl.DataFrame(rows, schema={"item_id": pl.String, "text": pl.String, "image": pl.Binary}, strict=False)
    return exam(name or path.name.split(".")[0], items.drop("image").join(pictures, on="item_id", how="left"))


def _shown(images: dict[str, bytes], folder: Path | None) -> pl.DataFrame:
    """Text of pictures by the id of their item; the folder keeps it under the digest of the picture."""
    ids = pl.DataFrame(
        {"media_id": list(images), "digest": [media_id(file) for file in images.values()]},
        schema={"media_id": pl.String, "digest": pl.String},
    )
    if folder is None:
        return ids.select("media_id", text=pl.lit(None, pl.String))
    read = texts({media_id(file): file for file in images.values()}, folder=folder)
    return ids.join(read.select("text", digest="media_id"), on="digest", how="left").drop("digest")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for record in records(path):
        if isinstance(record, BadRecord):
            raise ReadError(f"{path}, record {record.line}: {record.detail}")
        row = record.fields
        text = next((row[key] for key in ("text", "prompt") if isinstance(row.get(key), str)), None)
        image = _bytes(path, record.line, row.get("image"))
        if text is None and image is None:
            raise ReadError(f"{path}, record {record.line}: an item has a `text` or `prompt`, an `image`, or both")
        yield {"item_id": str(record.line if row.get("id") is None else row["id"]), "text": text, "image": image}


def _bytes(path: Path, line: int, image: Any) -> bytes | None:
    if isinstance(image, dict):
        image = image.get("bytes") or image.get("path")
    if isinstance(image, bytes) or not image:
        return image or None
    if not isinstance(image, str):
        raise ReadError(f"{path}, record {line}: an `image` is a path, relative to the file, or bytes")
    if not (path.parent / image).is_file():
        raise ReadError(f"{path}, record {line}: its picture is not there; paths are relative to the file")
    return (path.parent / image).read_bytes()
