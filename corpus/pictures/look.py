"""What is known of each picture: its pixels, its hash, and a small grey copy, made once and compared later."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from catalog.media import BadImage
from corpus.pictures import hashing
from corpus.workers import each

SCHEMA = pl.Schema(
    {
        "media_id": pl.String,
        "pixels": pl.Binary,
        "hash": pl.Binary,
        "informative": pl.Boolean,
        "inner": pl.Binary,
        "small": pl.Binary,
        "reason": pl.String,
    }
)
JOB = 64  # pictures that a worker takes at a time
WINDOW = 256_000_000  # bytes of files held at a time

Job = list[tuple[int, str, bytes]]


def signals(
    data: Mapping[str, bytes] | Iterable[tuple[str, bytes]],
    *,
    workers: int = 1,
    tick: Callable[[int, int | None], object] = lambda done, total: None,
) -> pl.DataFrame:
    """Look at every picture once.

    Pixels are those of the upright picture, transparency on white (`catalog.media.open_image`).

    Args:
        data: Files by media_id, or pairs of both; an iterator is read as it is needed.
        workers: Processes; they change no result.
        tick: Told how many pictures are done, and of how many where that is known.

    Returns:
        One row for each picture, in their order: `media_id`; `pixels`, a digest of size and RGB, equal for equal pixels
        (`corpus.pictures.pixels`); `hash`, 256 bits of the whole picture; `informative`, false where it is flat, so
        that its hash says nothing; `inner`, the hash without even borders; `small`, 32 x 32 grey values of what `inner`
        is taken from; `reason`, null, or why the picture cannot be opened (`catalog.media.BadImage`), and then the
        others are null.
    """
    total = len(data) if isinstance(data, Mapping) else None
    pairs = data.items() if isinstance(data, Mapping) else data
    found: list[tuple[int, pl.DataFrame]] = []
    done = 0
    for window in _windows(pairs):
        jobs = [window[at : at + JOB] for at in range(0, len(window), JOB)]
        for first, part in each(_look, jobs, workers=workers):
            found.append((first, part))
            done += part.height
            tick(done, total)
    return pl.concat([SCHEMA.to_frame(), *(part for _, part in sorted(found, key=lambda pair: pair[0]))])


def _windows(pairs: Iterable[tuple[str, bytes]]) -> Iterator[Job]:
    window: Job = []
    held = 0
    for number, (media_id, file) in enumerate(pairs):
        window.append((number, media_id, file))
        held += len(file)
        if held >= WINDOW:
            yield window
            window, held = [], 0
    yield window


def _look(job: Job) -> tuple[int, pl.DataFrame]:
    from corpus.pictures import pixels
    from corpus.pictures.small import small_copies

    rows: list[dict[str, Any]] = []
    wholes, inners = [], []
    for _, media_id, file in job:
        try:
            words_HW = pixels.words(file)
        except BadImage as bad:
            rows.append({"media_id": media_id, "reason": bad.reason})
            continue
        whole, inner = small_copies(words_HW, hashing.SIDE)
        wholes.append(whole)
        inners.append(inner)
        rows.append({"media_id": media_id, "pixels": pixels.digest(words_HW)})
    if wholes:
        whole_NSS, inner_NSS = np.stack(wholes), np.stack(inners)
        says = hashing.informative(whole_NSS).tolist()
        made = zip(hashing.hashes(whole_NSS), hashing.hashes(inner_NSS), says, inner_NSS, strict=True)
        for row, (code, inner, clear, small) in zip((row for row in rows if "pixels" in row), made, strict=True):
            row |= {"hash": code.tobytes(), "inner": inner.tobytes(), "informative": clear}
            row |= {"small": small.tobytes()}
    return job[0][0], pl.DataFrame(rows, schema=SCHEMA)
