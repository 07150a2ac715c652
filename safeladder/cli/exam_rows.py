"""Rows that are no release yet, from a file, for `exam check --input`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


def of_file(path: Path) -> "tuple[pl.DataFrame, Callable[[str], bytes], pl.DataFrame]":
    """Rows of a file: `sample_id`, text columns and `images`; where its pictures are, and what is known of their text.

    Args:
        path: JSON lines, CSV or Parquet with id, and prompt, response, text, messages, image or images.

    Returns:
        The rows, with pictures by the digest of their file; what gives the bytes of one; and no text of any.

    Raises:
        FileNotFoundError: If the file is not there.
        ReadError: If a record cannot be read, or a picture that it names is not there.
    """
    import polars as pl

    from catalog.ids import media_id
    from corpus.decontaminate import TEXTS
    from corpus.readers import ReadError

    if not path.is_file():
        raise FileNotFoundError(f"no file {path} (--input)")
    found = [_row(path, line, fields) for line, fields in _records(path)]
    kinds: dict[str, pl.DataType] = dict.fromkeys(("sample_id", *TEXTS, "text"), pl.String()) | {
        "images": pl.List(pl.String())
    }
    rows = pl.DataFrame(found, schema=kinds)
    rows = rows.with_columns(prompt=pl.concat_str("prompt", "text", separator="\n", ignore_nulls=True)).drop("text")
    named = rows["images"].explode().drop_nulls().unique().sort().to_list()
    for name in named:
        if not (path.parent / name).is_file():
            raise ReadError(f"{path}: a picture that it names is not there; paths are relative to the file")
    digests = {name: media_id((path.parent / name).read_bytes()) for name in named}
    files = {digest: path.parent / name for name, digest in digests.items()}
    rows = rows.with_columns(pl.col("images").list.eval(pl.element().replace_strict(digests, return_dtype=pl.String)))
    return rows, lambda name: files[name].read_bytes(), pl.DataFrame(schema={"media_id": pl.String, "text": pl.String})


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    from corpus.readers import BadRecord, ReadError, records

    for record in records(path):
        if isinstance(record, BadRecord):
            raise ReadError(f"{path}, record {record.line}: {record.detail}")
        yield record.line, record.fields


def _row(path: Path, line: int, fields: dict[str, Any]) -> dict[str, Any]:
    from corpus.decontaminate import TEXTS
    from corpus.readers import ReadError

    messages = fields["messages"] if isinstance(fields.get("messages"), list) else []
    parts = (fields, _of_messages(messages))
    found = {name: [part[name] for part in parts if isinstance(part.get(name), str)] for name in (*TEXTS, "text")}
    texts = {name: "\n".join(said) for name, said in found.items() if said}
    images = fields.get("images") or fields.get("image") or []
    images = images if isinstance(images, list) else [images]
    if not images and any(part.get("type") != "text" for message in messages for part in _parts(message)):
        raise ReadError(f"{path}, record {line}: pictures inside `messages` are not read; name their files in `images`")
    if not texts and not images:
        raise ReadError(f"{path}, record {line}: expected prompt, response, text, messages or image")
    name = line if fields.get("id") is None else fields["id"]
    return {"sample_id": str(name), **texts, "images": [str(image) for image in images]}


def _of_messages(messages: list[Any]) -> dict[str, str]:
    """Text of messages: the last reply is the response, all before it the prompt."""
    said = [(message.get("role"), _text(message)) for message in messages if isinstance(message, dict)]
    response = {"response": said.pop()[1]} if said and said[-1][0] == "assistant" else {}
    return response | ({"prompt": "\n".join(text for _, text in said)} if said else {})


def _text(message: dict[str, Any]) -> str:
    return "\n".join(part["text"] for part in _parts(message) if isinstance(part.get("text"), str))


def _parts(message: Any) -> list[dict[str, Any]]:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
