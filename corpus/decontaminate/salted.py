"""Salted exams: a file that finds its items in other people's rows and does not hold their texts."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus.decontaminate.exam import ITEMS, LONGEST, Exam
from corpus.pictures.hashing import BYTES
from corpus.readers import ReadError

FORMAT, VERSION = "safeladder-salted-exam-", "2"  # 1 had no runs with holes


def is_salted(path: Path) -> bool:
    """Whether a file begins as a salted exam does."""
    with path.open("rb") as file:
        return FORMAT.encode() in file.read(200)


def save(exam: Exam, path: Path, *, pictures: bool = True) -> None:
    """Write an exam without its texts: JSON lines, first what it is, then an item a line.

    An item that is looked for by parts takes 8 bytes and their base64 for every token and hole (none, or after 1 to
    n - 1 tokens of a run).
    """
    head = {
        "format": FORMAT + VERSION,
        "name": exam.name,
        "salt": exam.salt.hex(),
        "hash": "siphash-2-4",
        "items": exam.items.height,
    }
    lines = [head, *(_line(row, pictures=pictures) for row in exam.items.iter_rows(named=True))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _line(row: dict[str, Any], *, pictures: bool) -> dict[str, Any]:
    runs = row["runs"]
    line = {key: row[key] for key in ("item_id", "n", "whole_only", "text_unchecked", "picture_unchecked")}
    line["runs"] = None if runs is None else base64.b64encode(np.array(runs, "<u8").tobytes()).decode()
    for key in ("picture", "inner"):
        line[key] = row[key].hex() if pictures and row[key] is not None else None
    if row["picture"] is not None and not pictures:
        line["picture_unchecked"] = "kept_back"
    return line


def load(path: Path, *, name: str | None = None) -> Exam:
    """Read a salted exam.

    Raises:
        ReadError: If the file is of another format, or not whole, or a line is not as `save` writes it.
    """
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for number, written in enumerate(file, start=1):
            try:
                line = json.loads(written)
                if number == 1:
                    head = {key: line[key] for key in ("format", "name", "salt", "items")}
                    salt = bytes.fromhex(head["salt"])
                    if not isinstance(head["name"], str):
                        raise ValueError
                    continue
                runs = line["runs"] and np.frombuffer(base64.b64decode(line["runs"], validate=True), "<u8")
                pictures = {key: line[key] and bytes.fromhex(line[key]) for key in ("picture", "inner")}
                if not 1 <= line["n"] <= LONGEST or any(hash_ and len(hash_) != BYTES for hash_ in pictures.values()):
                    raise ValueError
                # As many runs as `hashing.runs` makes of some number of tokens.
                if runs is not None and (not len(runs) or (not line["whole_only"] and (len(runs) - 1) % line["n"])):
                    raise ValueError
                if runs is None and not (line["text_unchecked"] or line["picture"] or line["picture_unchecked"]):
                    raise ValueError  # nothing would find it, and nothing says so
                rows.append(
                    {
                        **{key: line[key] for key in ITEMS if key not in ("text", "small", "shown")},
                        "runs": runs,
                        **pictures,
                    }
                )
            except (ValueError, KeyError, TypeError) as error:
                kind = type(error).__name__
                raise ReadError(
                    f"{path}, line {number}: not a line of a salted exam ({kind}); ask for it again"
                ) from None
    if head["format"] != FORMAT + VERSION:
        raise ReadError(
            f"{path}: format {head['format']}, expected {FORMAT}{VERSION}; ask for it as this release writes it"
        )
    if len(rows) != head["items"] or len({row["item_id"] for row in rows}) != len(rows):
        raise ReadError(f"{path}: expected {head['items']} items, each once; there are {len(rows)}; ask for it again")
    return Exam(name or head["name"], salt, pl.DataFrame(rows, schema=ITEMS))
