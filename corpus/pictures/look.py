"""What is known of each picture: its pixels, its hash, and a small grey copy, made once and compared later."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from catalog.media import BadImage, open_image
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
EVEN = 12  # grey levels that a border may vary by: JPEG leaves some
BORDERS = 3  # one inside the other
LEAST = 0.5  # of each side that has to stay when a border is taken off
LINES = 16  # that are looked at together
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
        One row for each picture, in their order: `media_id`; `pixels`, sha256 of size and RGB bytes; `hash`, 256 bits
        of the whole picture; `informative`, false where it is flat, so that its hash says nothing; `inner`, the hash
        without even borders; `small`, 64 x 64 grey values of what `inner` is taken from; `reason`, null, or why the
        picture cannot be opened (`catalog.media.BadImage`), and then the others are null.
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
    rows: list[dict[str, Any]] = []
    wholes, inners = [], []
    for _, media_id, file in job:
        try:
            image = open_image(file)
        except BadImage as bad:
            rows.append({"media_id": media_id, "reason": bad.reason})
            continue
        whole, inner = _small(image)
        wholes.append(whole)
        inners.append(inner)
        rows.append({"media_id": media_id, "pixels": _pixels(image)})
    if wholes:
        whole_NSS, inner_NSS = np.stack(wholes), np.stack(inners)
        says = hashing.informative(whole_NSS).tolist()
        made = zip(hashing.hashes(whole_NSS), hashing.hashes(inner_NSS), says, inner_NSS, strict=True)
        for row, (code, inner, clear, small) in zip((row for row in rows if "pixels" in row), made, strict=True):
            row |= {"hash": code.tobytes(), "inner": inner.tobytes(), "informative": clear}
            row |= {"small": small.tobytes()}
    return job[0][0], pl.DataFrame(rows, schema=SCHEMA)


def _pixels(image: Image.Image) -> bytes:
    return hashlib.sha256(b"%d x %d\n" % image.size + image.tobytes()).digest()


def _small(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Small grey copies of the whole picture, and of what lies inside an even border."""
    grey = image.convert("L")
    side = (hashing.SIDE, hashing.SIDE)
    whole = np.asarray(grey.resize(side, Image.Resampling.BOX))
    box = _inside(np.asarray(grey))
    if box == (0, 0, *grey.size):
        return whole, whole
    return whole, np.asarray(grey.resize(side, Image.Resampling.BOX, box=box))


def _inside(grey: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is left when even borders are taken off, one inside the other.

    The next border stays where too little would be left without it.
    """
    height, width = grey.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(BORDERS):
        rest = grey[top:bottom, left:right]
        (more_left, less_right), (more_top, less_bottom) = _span(rest.T), _span(rest)
        inside = left + more_left, top + more_top, left + less_right, top + less_bottom
        if inside[2] - inside[0] < LEAST * width or inside[3] - inside[1] < LEAST * height:
            break
        if inside == (left, top, right, bottom):
            break
        left, top, right, bottom = inside
    return left, top, right, bottom


def _span(lines: np.ndarray) -> tuple[int, int]:
    """First line, and the one after the last, that are not of one grey like the outermost line on their side."""
    return _even(lines), len(lines) - _even(lines[::-1])


def _even(lines: np.ndarray) -> int:
    """How many lines at the beginning are of one grey; no line is looked at far behind the first that is not."""
    if np.ptp(lines[0]) > EVEN:
        return 0
    lowest, highest = int(lines[0].min()), int(lines[0].max())
    for at in range(0, len(lines), LINES):
        some = lines[at : at + LINES]
        low, high = some.min(axis=1).astype(int), some.max(axis=1).astype(int)
        other = np.maximum(high, highest) - np.minimum(low, lowest) > EVEN
        if other.any():
            return at + int(other.argmax())
    return len(lines)
