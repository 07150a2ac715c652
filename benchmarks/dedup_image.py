"""Near-duplicate pictures: ours, imagehash and imagededup on pictures with planted edits, in one run.

The pictures are drawn here: pages and charts of `synth.images`, and fields of noise that look like clouds and stone;
with `--data`, pictures of public sets too. Some of them are edited in every way of `EDITS`; the others are there to be
confused, and so are the hard ones: pages that differ in one word, bar charts that differ in their data.

A pair of an original and its edit is right; a pair of two pictures that come from different originals is wrong, unless
their pixels are equal. F1 is taken over all edits. Time is CPU, from files to pairs: hashing (files to hashes, decoding
included) and search (hashes to pairs), and the whole of both.

Text is known where a page or a harmless picture was drawn, as its render spec says it, and of no edited copy; we are
scored without it too.

Peers, as they come: imagehash 64-bit `phash`, all pairs, at most 8 bits (and the number of bits that would have been
best for it); imagededup `PHash().find_duplicates`, in an environment of its own. What only its CNN, its plots and its
scores need (torch, torchvision, matplotlib, scikit-learn) is stubs there, so no import of these is counted. The last
line is one JSON object.
"""

import argparse
import io
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageEnhance

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is called like a script, the floors are packages

from catalog.environments import ensure, folder_of, install  # noqa: E402
from catalog.media import open_image  # noqa: E402
from corpus.pictures import near_pictures, signals  # noqa: E402
from synth.images import RenderSpec, benign, render, visible_text  # noqa: E402
from synth.images.spec import font_digest  # noqa: E402

EDITED, OTHERS, HARD = 500, 1500, 100
QUICK = (110, 400, 40)
SETS = ("figstep", "mm-eureka-k12", "theoremqa", "jade-hal-vqa")
FROM_SETS = 60  # pictures of each that are edited
IMAGEHASH_BITS, IMAGEDEDUP_BITS = 8, 10
PEER = """imagededup==0.3.3.post2
numpy==2.4.6
pillow==13.0.0
pywavelets==1.9.0
scipy==1.17.1
tqdm==4.70.1
"""
PEER_RUN = """
import json, resource, sys, types
class Kind(type):
    def __getattr__(cls, name): return Kind(name, (Thing,), {})
class Thing(metaclass=Kind):
    def __init__(self, *given, **named): pass
class Stub(types.ModuleType):
    __path__ = []
    def __getattr__(self, name): return Kind(name, (Thing,), {})
for name in ("torch", "torch.nn", "torch.utils", "torch.utils.data", "torchvision", "torchvision.models",
             "torchvision.transforms", "torchvision.transforms.transforms", "torchvision.models.vision_transformer",
             "matplotlib", "matplotlib.pyplot", "matplotlib.gridspec", "sklearn", "sklearn.metrics",
             "sklearn.metrics.pairwise"):
    sys.modules[name] = Stub(name)
from imagededup.methods import PHash
def seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
started = seconds()
tool = PHash(verbose=False)
hashes = tool.encode_images(image_dir=sys.argv[1])
hashed = seconds()
found = tool.find_duplicates(encoding_map=hashes, max_distance_threshold=int(sys.argv[2]))
spent = [hashed - started, seconds() - hashed]
pairs = sorted({tuple(sorted((one, other))) for one, others in found.items() for other in others})
print(json.dumps({"spent": spent, "pairs": pairs}))
"""


class Drawn(NamedTuple):
    """A file: which picture it comes from, by which edit (None: the original), and the text known to stand in it."""

    data: bytes
    origin: str
    edit: str | None = None
    text: str | None = None


def _turned(image: Image.Image) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[274] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=92, exif=exif)
    return out.getvalue()


def _cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))


def _framed(image: Image.Image, share: float, colour: str) -> Image.Image:
    width, height = (round(side * share / 2) for side in image.size)
    out = Image.new("RGB", (image.width + 2 * width, image.height + 2 * height), colour)
    out.paste(image, (width, height))
    return out


def _marked(image: Image.Image) -> Image.Image:
    """A line of small grey letters in a corner."""
    out = image.copy()
    size = max(9, image.height // 32)
    ImageDraw.Draw(out).text((image.width * 0.7, image.height - 1.6 * size), "example.org", "#808080", font_size=size)
    return out


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half_size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "three_quarters": lambda image: image.resize((image.width * 3 // 4, image.height * 3 // 4)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "less_contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "grey": lambda image: image.convert("L"),
    "border_5_black": lambda image: _framed(image, 0.05, "black"),
    "border_15_white": lambda image: _framed(image, 0.15, "white"),
    "crop_3": lambda image: _cut(image, 0.015, 0.015, 0.985, 0.985),
    "crop_5": lambda image: _cut(image, 0.025, 0.025, 0.975, 0.975),
    "crop_10": lambda image: _cut(image, 0.05, 0.05, 0.95, 0.95),
    "crop_5_left": lambda image: _cut(image, 0.05, 0, 1, 1),
    "crop_10_bottom": lambda image: _cut(image, 0, 0, 1, 0.9),
    "crop_uneven": lambda image: _cut(image, 0.02, 0.05, 0.93, 0.99),
    "watermark": _marked,
}
FILES: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg_40": lambda image: _jpeg(image, 40),
    "jpeg_15": lambda image: _jpeg(image, 15),
    "turned_by_tag": _turned,
}


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _is_jpeg(data: bytes) -> bool:
    return data[:2] == b"\xff\xd8"


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def texture(seed: int) -> bytes:
    """A JPEG of noise whose strength falls with its frequency, over a gradient, with a few soft shapes."""
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(300, 600)), int(rng.integers(400, 800))
    distance = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]) + 1 / width
    waves = rng.normal(size=(3, height, width // 2 + 1)) + 1j * rng.normal(size=(3, height, width // 2 + 1))
    field = np.fft.irfft2(waves / distance ** rng.uniform(1.2, 2.2), s=(height, width))
    field = field / field.std(axis=(1, 2), keepdims=True) * rng.uniform(20, 45)
    down, across = np.mgrid[0:height, 0:width]
    field = field[:1] * 0.8 + field * 0.4 + 110 + rng.uniform(-50, 50) * (down / height) + 30 * (across / width)
    for _ in range(int(rng.integers(0, 5))):
        x, y, size = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(20, 120)
        inside = 1 / (1 + np.exp(np.clip((np.hypot(across - x, down - y) - size) / 3, -30, 30)))
        field += inside * rng.uniform(-90, 90, (3, 1, 1))
    return _jpeg(Image.fromarray(field.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)), 92)


def chart(seed: int, values: list[float]) -> bytes:
    """A PNG of a bar chart; the seed decides its look."""
    rng = random.Random(seed)
    image = Image.new("RGB", (640, 420), "white")
    draw = ImageDraw.Draw(image)
    colour = tuple(rng.randrange(40, 200) for _ in range(3))
    draw.text((200, 12), f"Figure {seed}: share by group", "black", font_size=20)
    draw.line((50, 50, 50, 380, 610, 380), "black", 2)
    wide = 540 / len(values)
    for place, value in enumerate(values):
        left = 60 + place * wide
        draw.rectangle((left, 380 - 300 * value, left + wide * 0.7, 380), colour)
    return _png(image)


def page(text: str) -> bytes:
    """A PNG of a page of text."""
    return render(RenderSpec(font_sha256=font_digest("Noto Sans SC"), text=text, size=36))


PROSE = (
    "the garden needs water in summer and the gate stays open until evening when our neighbour walks home with bread "
    "cake apples letters stones books tea and a lamp for his brother who paints boats near that old harbour"
)
WORDS = PROSE.split(" ")


def hard(count: int) -> list[Drawn]:
    """Pairs that look alike and say different things."""
    found = []
    for seed in range(count):
        rng = random.Random(seed)
        words = rng.sample(WORDS, 14)
        other = [*words]
        other[rng.randrange(14)] = rng.choice([word for word in WORDS if word not in words])
        values = [rng.uniform(0.1, 1) for _ in range(rng.randrange(4, 9))]
        changed = [rng.uniform(0.1, 1) for _ in values]
        for name, said in (("a", " ".join(words)), ("b", " ".join(other))):
            found.append(Drawn(page(said), f"page-{seed}-{name}", text=said))
        for name, shown in (("a", values), ("b", changed)):
            found.append(Drawn(chart(seed, shown), f"chart-{seed}-{name}"))
    return found


def original(number: int) -> Drawn:
    """Every other one is a texture; of the others half are pages of prose and half are harmless pictures."""
    rng = random.Random(number)
    origin = f"drawn-{number}"
    if number % 2:
        return Drawn(texture(number), origin)
    if number % 4:
        return Drawn(page(" ".join(rng.choices(WORDS, k=rng.randrange(15, 60)))), origin)
    made = benign(rng=rng, language="zh" if number % 8 else "en")
    return Drawn(made.png, origin, text=visible_text(made.spec))


def edits(data: bytes, origin: str) -> list[Drawn]:
    """A picture in all its edits: drawn pictures stay PNG, photographs stay JPEG, as people save them."""
    image = open_image(data)
    save: Callable[[Image.Image], bytes] = (lambda one: _jpeg(one, 90)) if _is_jpeg(data) else _png
    made = [Drawn(save(edit(image)), origin, name) for name, edit in EDITS.items()]
    return made + [Drawn(file(image), origin, name) for name, file in FILES.items()]


def pictures(edited: int, others: int, hard_ones: int, data: Path | None) -> list[Drawn]:
    """Everything, originals before their edits."""
    found = [original(number) for number in range(edited + others)]
    for each in found[:edited]:
        found += edits(each.data, each.origin)
    found += hard(hard_ones)
    for name in SETS if data else ():
        folder = (data or Path()) / name
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
        random.Random(0).shuffle(paths)
        for number, path in enumerate(paths):
            one = Drawn(path.read_bytes(), f"{name}-{number}")
            found += [one, *(edits(one.data, one.origin) if number < FROM_SETS else ())]
    return found


Pairs = set[tuple[int, int]]


class Spent(NamedTuple):
    """CPU seconds."""

    hashing: float
    search: float

    def stages(self) -> dict[str, float]:
        """And of the whole."""
        return {"whole": sum(self), **self._asdict()}


def looked(drawn: list[Drawn]) -> tuple[pl.DataFrame, float]:
    """Signals, and CPU seconds."""
    started = time.process_time()
    made = signals((str(number), each.data) for number, each in enumerate(drawn))
    return made, time.process_time() - started


def ours(made: pl.DataFrame) -> tuple[Pairs, float]:
    """Pairs (the smaller number first), and CPU seconds."""
    started = time.process_time()
    pairs = near_pictures(made)
    seconds = time.process_time() - started
    found = {(int(left), int(right)) for left, right, _ in pairs.iter_rows()}
    # A copy is paired with the first of its kind, which stands for it in all other pairs.
    first = {int(right): int(left) for left, right, distance in pairs.sort("left").iter_rows() if distance == 0}
    beside: dict[int, set[int]] = {}
    for left, right in found:
        beside.setdefault(left, set()).add(right)
        beside.setdefault(right, set()).add(left)
    for copy, whole in first.items():
        found |= {(min(copy, other), max(copy, other)) for other in beside.get(whole, ()) if other != copy}
    return found, seconds


def by_imagehash(drawn: list[Drawn]) -> tuple[np.ndarray, Spent]:
    """Distances of all pairs."""
    import imagehash

    started = time.process_time()
    found = [imagehash.phash(Image.open(io.BytesIO(each.data))) for each in drawn]
    hashed = time.process_time()
    apart = np.full((len(found), len(found)), 64, np.uint8)
    for number, one in enumerate(found):
        for other in range(number):
            apart[other, number] = one - found[other]
    return apart, Spent(hashed - started, time.process_time() - hashed)


def by_imagededup(drawn: list[Drawn], folder: Path) -> tuple[Pairs, Spent]:
    """Pairs."""
    wanted = folder / "requirements.txt"
    wanted.write_text(PEER)
    place = ensure(folder_of("imagededup", wanted), lambda path: install(path, wanted), what="imagededup, a minute")
    files = folder / "pictures"
    files.mkdir()
    for number, each in enumerate(drawn):
        suffix = "jpg" if _is_jpeg(each.data) else "png"
        (files / f"{number:06}.{suffix}").write_bytes(each.data)
    command = [str(place / "bin" / "python"), "-c", PEER_RUN, str(files), str(IMAGEDEDUP_BITS)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise RuntimeError(f"imagededup failed: {done.stderr[-500:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    pairs = [sorted(int(name.partition(".")[0]) for name in pair) for pair in said["pairs"]]
    return {(left, right) for left, right in pairs}, Spent(*said["spent"])


def score(drawn: list[Drawn], pixels: list[bytes | None], pairs: Pairs) -> dict[str, Any]:
    """Precision, recall, F1, recall for each edit, and wrong pairs among the hard ones."""
    first = {each.origin: number for number, each in reversed(list(enumerate(drawn))) if each.edit is None}
    wanted = {(first[each.origin], number): each.edit for number, each in enumerate(drawn) if each.edit}
    hit = [edit for pair, edit in wanted.items() if pair in pairs]
    wrong = [
        (left, right)
        for left, right in pairs
        if drawn[left].origin != drawn[right].origin and (pixels[left] is None or pixels[left] != pixels[right])
    ]
    precision = len(hit) / max(1, len(hit) + len(wrong))
    recall = len(hit) / len(wanted)
    names = [*EDITS, *FILES]
    planted = sum(edit == names[0] for edit in wanted.values())
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "wrong_pairs": len(wrong),
        "wrong_pages_one_word": sum(_twins(drawn[left], drawn[right], "page") for left, right in wrong),
        "wrong_charts_other_data": sum(_twins(drawn[left], drawn[right], "chart") for left, right in wrong),
        "recall_by_edit": {name: round(hit.count(name) / planted, 3) for name in names},
    }


def _twins(one: Drawn, other: Drawn, kind: str) -> bool:
    return one.origin[:-1] == other.origin[:-1] and one.origin.startswith(f"{kind}-")


def measure(edited: int, others: int, hard_ones: int, data: Path | None) -> dict[str, Any]:
    """Draw, let everyone search, and compare."""
    print("drawing", file=sys.stderr, flush=True)
    drawn = pictures(edited, others, hard_ones, data)
    ours(looked(drawn[:1] + edits(drawn[0].data, ""))[0])  # kernels are compiled once, and not on our time
    print(f"{len(drawn)} pictures; ours", file=sys.stderr, flush=True)
    made, hashing = looked(drawn)
    plain, search = ours(made)
    texts, _ = ours(made.with_columns(text=pl.Series([each.text for each in drawn], dtype=pl.String)))
    pixels = made["pixels"].to_list()
    found = {"ours": score(drawn, pixels, texts), "ours_without_text": score(drawn, pixels, plain)}
    spent = {"ours": Spent(hashing, search)}
    print("imagehash", file=sys.stderr, flush=True)
    apart, spent["imagehash"] = by_imagehash(drawn)
    best = max(range(0, 21, 2), key=lambda bits: score(drawn, pixels, _closer(apart, bits))["f1"])
    found["imagehash"] = score(drawn, pixels, _closer(apart, IMAGEHASH_BITS))
    found["imagehash_best_threshold"] = {"bits": best, **score(drawn, pixels, _closer(apart, best))}
    print("imagededup", file=sys.stderr, flush=True)
    versions = {name: version(name) for name in ("imagehash", "numba", "numpy", "pillow", "polars")}
    with tempfile.TemporaryDirectory(prefix="safeladder-dedup-image-") as folder:
        try:
            pairs, spent["imagededup"] = by_imagededup(drawn, Path(folder))
        except RuntimeError as error:
            found["imagededup"] = {"not_measured": str(error)}
        else:
            found["imagededup"] = score(drawn, pixels, pairs)
            versions["imagededup"] = PEER.splitlines()[0].partition("==")[2]
    for tool, used in spent.items():
        found[tool]["cpu_ms_per_picture"] = {
            stage: round(1000 * seconds / len(drawn), 3) for stage, seconds in used.stages().items()
        }
    return {
        "ratios": {
            tool if stage == "whole" else f"{tool}_{stage}": round(seconds / spent["ours"].stages()[stage], 2)
            for tool, used in spent.items()
            if tool != "ours"
            for stage, seconds in used.stages().items()
        },
        "figures": found,
        "versions": {
            "machine": f"{platform.machine()}, {platform.system()}",
            "python": platform.python_version(),
            **versions,
        },
        "sizes": {
            "pictures": len(drawn),
            "edited": edited,
            "hard_pairs": 2 * hard_ones,
            "edits": len(EDITS) + len(FILES),
        },
    }


def _closer(apart: np.ndarray, bits: int) -> Pairs:
    return set(zip(*(part.tolist() for part in np.nonzero(apart <= bits)), strict=True))


def main() -> None:
    """Measure and print; exit code 1 where a peer has the higher F1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="folder of public sets, to add their pictures")
    parser.add_argument("--quick", action="store_true", help="a fifth of the pictures")
    options = parser.parse_args()
    found = measure(*(QUICK if options.quick else (EDITED, OTHERS, HARD)), options.data)
    for tool, values in found["figures"].items():
        print(tool)
        for name, value in values.items():
            for part, number in value.items() if isinstance(value, dict) else [(name, value)]:
                print(f"    {part:<32}{number}")
    for name, value in {**found["ratios"], **found["versions"], **found["sizes"]}.items():
        print(f"{name:<24}{value}")
    print(json.dumps(found))
    peers = [found["figures"][name].get("f1", 0) for name in ("imagehash", "imagededup")]
    sys.exit(found["figures"]["ours"]["f1"] < max(peers))


if __name__ == "__main__":
    main()
