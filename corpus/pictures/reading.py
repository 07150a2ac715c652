"""The text that stands in pictures, read by OCR: each picture once, in shards that outlive a kill."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog.media import BadImage, open_image
from corpus import pieces
from corpus.workers import each

SHARD = 32  # pictures that a kill can cost a worker
SCHEMA = pl.Schema({"media_id": pl.String, "text": pl.String, "reason": pl.String})


def read_text(data: bytes) -> str:
    """Text of a picture, a line for each piece of text that is found; empty where none is.

    The models are those inside the package, for English and Chinese: nothing is downloaded. The picture is read
    upright, transparency on white, at 1280 pixels on its longer side at the most.

    Raises:
        catalog.media.BadImage: If it cannot be opened.
        ModuleNotFoundError: Without the extra, with the command that installs it.
    """
    found = _reader()(np.asarray(open_image(data))[:, :, ::-1])
    return "\n".join(found.txts or ())


def texts(
    data: Mapping[str, bytes],
    *,
    folder: Path,
    workers: int = 1,
    tick: Callable[[int, int], object] = lambda done, total: None,
) -> pl.DataFrame:
    """Texts of pictures, in their order. Those that the folder holds are not read again.

    Args:
        data: Files by media_id.
        folder: Where texts are kept, under the version of the reader: Parquet files of what is returned.
        workers: Processes; one thread each.
        tick: Told how many of the pictures that are new are read, and how many there are.

    Returns:
        `media_id`, `text` (empty where nothing stands there) and `reason`, null or why a picture cannot be opened; then
        the text is null.

    Raises:
        ModuleNotFoundError: As `read_text`, if a picture is new.
    """
    place = folder / _version()
    files = sorted(path for path in place.glob("*.parquet") if not path.name.startswith("."))
    kept = pl.concat([SCHEMA.to_frame(), *map(pl.read_parquet, files)]).unique("media_id")
    new = sorted(set(data) - set(kept["media_id"]))
    shards = [[(name, data[name]) for name in new[at : at + SHARD]] for at in range(0, len(new), SHARD)]
    done = 0
    for part in each(partial(_read_shard, place), shards, workers=workers):
        kept = pl.concat([kept, part])
        done += part.height
        tick(done, len(new))
    asked = pl.DataFrame({"media_id": list(data)}, schema={"media_id": pl.String})
    return asked.join(kept, on="media_id", how="left", maintain_order="left")


def _read_shard(place: Path, shard: list[tuple[str, bytes]]) -> pl.DataFrame:
    rows: list[tuple[str, str | None, str | None]] = []
    for name, file in shard:
        try:
            rows.append((name, read_text(file), None))
        except BadImage as bad:
            rows.append((name, None, bad.reason))
    found = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    name = hashlib.sha256("".join(found["media_id"]).encode()).hexdigest()
    pieces.write(place / f"{name}.parquet", found)
    return found


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"rapidocr-{version('rapidocr')}"
    except PackageNotFoundError:
        raise _missing() from None


def _missing() -> ModuleNotFoundError:
    return ModuleNotFoundError("reading the text of pictures needs an extra: pip install 'safeladder[ocr]'")


@cache
def _reader() -> Any:
    try:
        import onnxruntime  # noqa: F401  # rapidocr does not declare it, and says so only when it reads
        from rapidocr import RapidOCR
    except ModuleNotFoundError:
        raise _missing() from None
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # pictures are read upright
            "Det.limit_type": "max",  # by default a flat page is blown up to a height of 736, ten times the work
            "Det.limit_side_len": 1280,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
