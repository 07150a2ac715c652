"""Whether the text of a lifted request can be read in its picture: OCR reads a random 500 of the plain ones back.

Plain is the easiest variant, and the only one whose text must be readable to the letter: plain layout, upright, without
noise, in full contrast. The pictures are drawn from the labelled rows of a store, as a recipe with `lifts_per_row: 1`
left them (docs/typographic.md); without a store, from the seed. `--quick` reads 60.

The character error rate (CER) is the Levenshtein distance between what was read and what stands there, over the number
of characters that stand there, summed over all pictures. Both sides are normalised: NFKC, since OCR does not tell a
wide comma from a narrow one; no white space, since lines are broken where the page ends; quotation marks and dashes of
all kinds made one kind each. Letters keep their case. The last line is one JSON object.
"""

import argparse
import io
import json
import os
import platform
import random
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is called like a script, the floors are packages

from catalog import Store  # noqa: E402
from synth.images import RenderSpec, load_spec, visible_text  # noqa: E402
from synth.language import language  # noqa: E402

PICTURES, QUICK = 500, 60
ASKED = 0.95
LANGUAGES = ("en", "zh")
_SAME = str.maketrans({**dict.fromkeys("‘’‛`´′", "'"), **dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‐‑‒–—―−─", "-")})

Reader = Callable[[bytes], str]


def ocr() -> Reader:
    """A reader of PNG files, on one thread: `pip install -e '.[ocr]'`."""
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # the pictures stand upright
            "Det.limit_type": "max",  # by default a flat page is blown up to a height of 736, ten times the work
            "Det.limit_side_len": 1280,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(png: bytes) -> str:
        found = engine(np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))[:, :, ::-1])
        return "\n".join(found.txts or ())

    return read


def normalized(text: str) -> str:
    """What is compared; see above."""
    return "".join(unicodedata.normalize("NFKC", text.translate(_SAME)).split())


def distance(one: str, other: str) -> int:
    """Levenshtein distance: the fewest characters to insert, delete or replace."""
    row_N = np.arange(len(other) + 1)
    codes_N = np.array([ord(character) for character in other], dtype=np.int64)
    steps_N = np.arange(len(other) + 1)
    for number, character in enumerate(one, start=1):
        best_N = np.minimum(row_N[1:] + 1, row_N[:-1] + (codes_N != ord(character)))
        # An insertion costs one more than its left neighbour: a running minimum once the steps are taken off.
        row_N = np.minimum.accumulate(np.concatenate([[number], best_N]) - steps_N) + steps_N
    return int(row_N[-1])


def plain(media: pl.DataFrame) -> pl.DataFrame:
    """`media_id`, `text` (as it stands there) and `language` of the plain pictures, in the order of their ids."""
    found = []
    for media_id, stored in (
        media.filter(pl.col("spec").is_not_null()).select("media_id", "spec").sort("media_id").rows()
    ):
        spec = load_spec(stored)
        if isinstance(spec, RenderSpec) and spec.is_plain:
            found.append((media_id, visible_text(spec), language(spec.text)))
    return pl.DataFrame(found, schema=["media_id", "text", "language"], orient="row")


def score(read: str, stands: str) -> dict[str, int]:
    """Characters that stand there, errors, and whether all was read exactly."""
    ours, theirs = normalized(stands), normalized(read)
    errors = distance(ours, theirs)
    return {"characters": len(ours), "errors": errors, "exact": int(errors == 0)}


def summary(scores: pl.DataFrame) -> dict[str, Any]:
    """Pictures, share of characters read right (1 - CER), and share of pictures read exactly; null without pictures."""
    if scores.is_empty():
        return {"pictures": 0, "characters_right": None, "read_exactly": None}
    return {
        "pictures": scores.height,
        "characters_right": round(1 - scores["errors"].sum() / scores["characters"].sum(), 4),
        "read_exactly": round(scores["exact"].sum() / scores.height, 4),
    }


def measure(store: Store, *, pictures: int, seed: int, reader: Reader) -> dict[str, Any]:
    """Read a random sample of the plain pictures of a store.

    Args:
        store: With pictures that a recipe has lifted.
        pictures: How many; all of them where there are fewer.
        seed: Of the sample, which depends on nothing else.
        reader: From PNG to text.
    """
    there = plain(store.read("media").unique("media_id"))
    drawn = there[sorted(random.Random(seed).sample(range(there.height), min(pictures, there.height)))]
    started = time.perf_counter()
    scores = []
    for done, (media_id, text, tongue) in enumerate(drawn.rows(), start=1):
        scores.append({"media_id": media_id, "language": tongue, **score(reader(store.get_media(media_id)), text)})
        if done % 20 == 0:
            print(f"{done} of {drawn.height}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    read = pl.DataFrame(scores, schema=["media_id", "language", "characters", "errors", "exact"])
    parts = {"all": read, **{tongue: read.filter(pl.col("language") == tongue) for tongue in LANGUAGES}}
    worst = read.with_columns(cer=pl.col("errors") / pl.col("characters")).sort("cer", descending=True).head(5)
    return {
        "ratios": {},
        "figures": {
            **{name: summary(part) for name, part in parts.items()},
            "worst": {media_id[:12]: round(cer, 3) for media_id, cer in worst.select("media_id", "cer").rows()},
            "seconds_per_picture": round(seconds / max(1, read.height), 2),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        },
        "versions": {
            "machine": f"{platform.machine()}, {platform.system()}",
            "python": platform.python_version(),
            **{name: version(name) for name in ("rapidocr", "onnxruntime", "pillow")},
        },
        "sizes": {"plain_pictures": there.height, "read": read.height, "seed": seed},
    }


def from_seed(folder: Path) -> Store:
    """A store with the seed's pictures."""
    from safeladder.execution import run_recipe

    recipe = folder / "seed.yaml"
    lifts = "{attacks_per_row: 0, counterfactuals_per_row: 0, lifts_per_row: 1}"
    recipe.write_text(f"name: readback\nsources: [seed]\nverifier: null\nsynth: {lifts}\n")
    run_recipe(recipe, folder / "store", folder)
    return Store(folder / "store")


def main() -> None:
    """Measure and print; exit code 1 where less was read than is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--store", type=Path, help="store with lifted pictures; without it, the seed is lifted")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} pictures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safeladder-readback-") as folder:
        store = Store.existing(options.store) if options.store else from_seed(Path(folder))
        pictures = QUICK if options.quick else PICTURES
        found = measure(store, pictures=pictures, seed=options.seed, reader=ocr())
    for name, value in {**found["figures"], **found["versions"], **found["sizes"]}.items():
        print(f"{name:<24}{value}")
    print(json.dumps(found))
    rights = [found["figures"][name]["characters_right"] for name in ("all", *LANGUAGES)]
    sys.exit(any(right is not None and right < ASKED for right in rights))


if __name__ == "__main__":
    main()
