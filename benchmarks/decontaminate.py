"""Decontamination: recall on planted items, false hits on sets that share nothing with the exams, and speed.

Items of exams are planted verbatim, in capitals without punctuation, re-wrapped, embedded in other text, spaced out
(Chinese), and lightly edited: one word (or Chinese character) of every eight replaced, inserted or deleted. Pictures
are resized, recompressed, and put on a larger canvas. Beside us: sets of 13-word runs in Python, one hit is enough,
which is what n-gram decontamination usually means. Items that are too short to check are left out, and counted.

Hits in other sets are false where less than 0.65 of the item stands there in its own order: what is left may be read as
true. Pages of text that differ in what they ask share a frame; a hash alone takes some for one page.

Without `--data` the items are those of the seed, and no false hits are counted. The last line is one JSON object.
"""

import argparse
import difflib
import io
import json
import platform
import random
import re
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is called like the room that it measures

from catalog.text import with_text  # noqa: E402
from corpus import decontaminate, sources  # noqa: E402
from corpus.pictures import signals  # noqa: E402
from synth.images import RenderSpec, render  # noqa: E402
from synth.images.spec import font_digest  # noqa: E402

EXAMS = ["mt-bench-questions", "truthfulqa-judge", "theoremqa", "cyberseceval-frr", "flames-1k-zh", "cvalues-zh"]
CLEAN = ["ethics-train", "cold-zh", "gsm8k-train", "anthropic-evals", "bbq", "safetybench-zh", "crows-pairs"]
CLEAN += ["agieval", "gaokao-bench", "hh-rlhf-harmless-test", "multijail", "xsafety"]
SEED = ["seed", "seed-knowledge", "seed-value"]
PLANTED, QUICK, EVERY, N, IN_ORDER = 400, 100, 8, 13, 0.65
FILLER = {
    False: "lamps and paper boats near a little bridge while rain falls on bread ",
    True: "桥边的灯和纸船在雨里。",
}
FRAME = "Please answer as a careful expert and write the list out in full, one line for every step:\n1.\n2.\n3.\n4."
ODD = {False: ["river", "green", "often", "table"], True: list("山水田风云")}


def read(slugs: list[str], root: Path) -> pl.DataFrame:
    """Rows of sources: sample_id, source, prompt, response."""
    found = []
    for source in map(sources.Source.load, slugs):
        for file in sources.files(source, root):
            for batch in sources.read(source, root, file):
                found.append(with_text(batch.rows).select("sample_id", "source", "prompt", "response"))
    return pl.concat(found).unique("sample_id", keep="first", maintain_order=True)


def is_chinese(text: str) -> bool:
    """Whether most of its tokens are Chinese characters."""
    return len(re.findall(r"[\u4e00-\u9fff]", text)) * 2 > len(text.split())


def edited(text: str, drawn: random.Random) -> str:
    """One token in every eight replaced, inserted or deleted."""
    chinese = is_chinese(text)
    tokens = list(text) if chinese else text.split()
    for start in reversed(range(0, max(len(tokens) - EVERY + 1, 1), EVERY)):
        at = start + drawn.randrange(min(EVERY, len(tokens) - start))
        new = drawn.choice(ODD[chinese])
        tokens[at : at + 1] = drawn.choice([[new], [new, tokens[at]], []])
    return ("" if chinese else " ").join(tokens)


def wrapped(text: str, drawn: random.Random) -> str:
    """Lines of eight tokens."""
    chinese = is_chinese(text)
    tokens = list(text) if chinese else text.split()
    lines = [tokens[at : at + EVERY] for at in range(0, len(tokens), EVERY)]
    return "\n".join(("" if chinese else " ").join(line) for line in lines)


KINDS: dict[str, Callable[[str, random.Random], str]] = {
    "verbatim": lambda text, drawn: text,
    "case_punctuation": lambda text, drawn: re.sub(r"[.,!?;:，。！？；：]", "", text).upper(),
    "wrapped": wrapped,
    "embedded": lambda text, drawn: FILLER[is_chinese(text)] * 6 + text + FILLER[is_chinese(text)] * 6,
    "spaced_out": lambda text, drawn: " ".join(text) if is_chinese(text) else text.replace(" ", "  "),
    "edited": edited,
}


def runs(text: str) -> set[tuple[str, ...]]:
    """Runs of 13 words, as the peer has them."""
    words = re.sub(r"[^\w\s]", " ", text.lower()).split()
    return {tuple(words[at : at + N]) for at in range(len(words) - N + 1)}


def text_figures(made: decontaminate.Exam, planted: int) -> dict[str, Any]:
    """Recall of each kind, ours and the peer's; edited ones only of items that are not too short to be edited."""
    drawn = random.Random(0)
    index = decontaminate.index([made])
    there = made.items.filter(pl.col("text_unchecked").is_null())
    drawn_items = there.sample(min(planted, there.height), seed=0)
    known = set().union(*(runs(text) for text in made.items["text"]))
    found: dict[str, Any] = {}
    for kind, change in KINDS.items():
        items = drawn_items.filter(~pl.col("whole_only")) if kind == "edited" else drawn_items
        texts = [change(text, drawn) for text in items["text"]]
        rows = pl.DataFrame({"sample_id": items["item_id"], "prompt": texts}, schema_overrides={"prompt": pl.String})
        met = decontaminate.find(rows, index)["sample_id"].n_unique()
        peer = sum(not known.isdisjoint(runs(text)) for text in texts)
        found[kind] = {
            "planted": len(texts),
            "ours": round(met / len(texts), 4),
            "runs_of_13": round(peer / len(texts), 4),
        }
    found["too_short_to_check"] = made.items.height - there.height
    return found


def false_rows(hits: pl.DataFrame, rows: pl.DataFrame, exams: dict[str, pl.DataFrame]) -> int:
    """Rows of which no hit holds `IN_ORDER` of its item in the item's own order."""
    texts = {(name, item): text for name, items in exams.items() for item, text in items.iter_rows()}
    true = set(hits.filter(pl.col("kind") == "verbatim")["sample_id"])
    for hit in hits.join(rows, on="sample_id").filter(pl.col("kind") == "near").iter_rows(named=True):
        item = _tokens(texts[hit["exam"], hit["item_id"]])
        span = _tokens(hit[hit["column"]][hit["start"] : hit["end"]])
        blocks = difflib.SequenceMatcher(None, item, span, autojunk=False).get_matching_blocks()
        if sum(block.size for block in blocks) >= IN_ORDER * len(item):
            true.add(hit["sample_id"])
    return hits["sample_id"].n_unique() - len(true)


def _tokens(text: str) -> list[str]:
    return re.findall(r"[\u4e00-\u9fff]|[^\W_]+", text.lower())


def page_figures(pages: int) -> dict[str, float]:
    """Share of drawn pages that are taken for another one of the same frame, by hash alone and with what they say."""
    font = font_digest("Noto Sans SC")
    asked = read(SEED, Path()).filter(pl.col("prompt").str.len_chars().is_between(8, 40))["prompt"]
    texts = [f"{text}\n{FRAME}" for text in asked.unique(maintain_order=True).sample(2 * pages, seed=0)]
    specs = [RenderSpec(font_sha256=font, text=text, size=24, width=500, layout="window") for text in texts]
    seen = signals((str(number), render(spec)) for number, spec in enumerate(specs)).with_columns(text=pl.Series(texts))
    items = seen[:pages].select(
        item_id="media_id", text=pl.lit(None, pl.String), picture="hash", inner="inner", small="small", shown="text"
    )
    index = decontaminate.index([decontaminate.exam("pages", items)])
    rows = seen[pages:].select(sample_id="media_id", images=pl.concat_list("media_id"))
    looks = {"by_hash_alone": seen[pages:].drop("text"), "with_their_text": seen[pages:]}
    return {
        name: decontaminate.find(rows, index, signals=looked)["sample_id"].n_unique() / pages
        for name, looked in looks.items()
    }


def picture_figures(pictures: int) -> dict[str, float]:
    """Recall of drawn pictures after each edit, and false hits of as many others."""
    image = {f"{number}": _drawing(number) for number in range(2 * pictures)}
    exam_ids = [str(number) for number in range(pictures)]
    seen = signals((name, _png(image[name])) for name in exam_ids)
    items = seen.select(item_id="media_id", text=pl.lit(None, pl.String), picture="hash", inner="inner", small="small")
    index = decontaminate.index([decontaminate.exam("pictures", items)])
    edits: dict[str, Callable[[Image.Image], bytes]] = {
        "resized": lambda picture: _png(picture.resize((200, 150))),
        "recompressed": lambda picture: _png(picture, quality=40),
        "canvas": lambda picture: _png(_on_canvas(picture)),
        "cut": lambda picture: _png(picture.crop((16, 12, 320, 240))),
    }
    figures = {}
    for kind, edit in edits.items():
        rows = pl.DataFrame({"sample_id": exam_ids, "images": [[name] for name in exam_ids]})
        looked = signals((name, edit(image[name])) for name in exam_ids)
        hits = decontaminate.find(rows, index, signals=looked)
        figures[kind] = hits.filter(pl.col("sample_id") == pl.col("item_id"))["sample_id"].n_unique() / pictures
    others = [name for name in image if name not in exam_ids]
    rows = pl.DataFrame({"sample_id": others, "images": [[name] for name in others]})
    hits = decontaminate.find(rows, index, signals=signals((name, _png(image[name])) for name in others))
    return {**figures, "false": hits["sample_id"].n_unique() / len(others)}


def _drawing(seed: int) -> Image.Image:
    drawn, picture = np.random.default_rng(seed), Image.new("RGB", (320, 240), "white")
    for _ in range(25):
        x, y, w, h = drawn.integers(0, [320, 240, 120, 90])
        ImageDraw.Draw(picture).ellipse((x, y, x + w, y + h), fill=tuple(drawn.integers(0, 256, 3).tolist()))
    return picture


def _on_canvas(picture: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", (500, 400), "navy")
    canvas.paste(picture, (60, 90))
    return canvas


def _png(picture: Image.Image, quality: int | None = None) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=quality) if quality else picture.save(sink, "PNG")
    return sink.getvalue()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="local copies of public sets; without it, the seed")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} planted items")
    options = parser.parse_args()
    planted = QUICK if options.quick else PLANTED
    slugs = EXAMS if options.data else SEED
    asked = read(slugs, options.data or Path()).unique("prompt", keep="first", maintain_order=True)
    exams = {
        slug: part.select(item_id="sample_id", text="prompt").drop_nulls("text")
        for (slug,), part in asked.partition_by("source", as_dict=True).items()
    }
    plain = [decontaminate.exam(slug, items) for slug, items in exams.items()]
    salts = {"words": decontaminate.SALTED_WORDS, "characters": decontaminate.SALTED_CHARACTERS}
    salted = [decontaminate.exam(slug, items, salt=bytes(range(16)), **salts) for slug, items in exams.items()]
    figures: dict[str, Any] = {
        "plain": {one.name: text_figures(one, planted) for one in plain},
        "salted": {one.name: text_figures(one, planted) for one in salted},
        "pictures": picture_figures(20 if options.quick else 100),
        "other_pages_taken_for_one": page_figures(20 if options.quick else 100),
    }
    rows = read(CLEAN[:3] if options.quick else CLEAN, options.data) if options.data else asked
    index = decontaminate.index(plain)
    decontaminate.find(rows[:10], index)  # compiled before it is timed
    began = time.process_time()
    hits = decontaminate.find(rows, index)
    seconds = time.process_time() - began
    figures["rows_per_cpu_second"] = round(rows.height / seconds)
    known = set().union(*(runs(text) for one in plain for text in one.items["text"]))
    sample = rows.sample(min(5000, rows.height), seed=0)
    began = time.process_time()
    for texts in sample.select("prompt", "response").iter_rows():
        [known.isdisjoint(runs(text)) for text in texts if text]
    peer = (time.process_time() - began) / sample.height
    if options.data:
        false = hits.join(rows.select("sample_id", "source"), on="sample_id").group_by("exam", "source", "kind")
        figures["hits_on_other_sets"] = false.agg(pl.col("sample_id").n_unique().alias("rows")).sort("exam").to_dicts()
        figures["rows_hit_falsely"] = false_rows(hits, rows, exams)
        figures["share_of_rows_hit"] = round(hits["sample_id"].n_unique() / rows.height, 6)
    for name, value in figures.items():
        print(name, json.dumps(value))
    result = {
        "ratios": {"runs_of_13_in_python": round(peer * rows.height / seconds, 1)},
        "figures": figures,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("polars", "numba")}},
        "sizes": {"items": index.items.height, "rows": rows.height, "planted_of_each_exam": planted},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
