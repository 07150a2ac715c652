"""Records that a run needs beside the corpus: sums with known answers, and the pairs of the cold start."""

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import yaml

from catalog import chat, sample_id
from train.config import PerKind
from train.rewards.boxed import read_integer

Pair = tuple[str, str]  # finished prompt, completion
PROMPT = "User: {}\nAssistant:"
RECORDS = {
    "sample_id": pl.String,
    "prompt": pl.String,  # as the user wrote it
    "reference": pl.String,  # benign: a good reply; math: the integer; harmful: null
    "record_label": pl.String,  # row of the mix
    "kind": pl.String,  # harmful, benign or math
    "split": pl.String,  # train or test
}
_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")
_NUMBER = re.compile(r"\d+")


@cache
def _phrases() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8"))


def arithmetic_records(
    *, train: int, test: int, seed: int = 0, languages: Sequence[str] = ("en", "zh")
) -> pl.DataFrame:
    """Sums up to 99 in several wordings, as records of label `knowledge_rule`.

    A fifth of the operand pairs belongs to `test` alone, so no wording of a test sum is ever trained on.

    Args:
        train: Number of training records.
        test: Number of test records.
        seed: Same seed, same records.
        languages: Any of en and zh.

    Raises:
        ValueError: If more are asked for than there are.
    """
    rng, wanted = Random(seed), {"train": train, "test": test}
    rows: list[tuple[str, ...]] = []
    seen: set[str] = set()
    sums = _phrases()["sums"]
    for _ in range(20 * (train + test) + 1_000):
        if not any(wanted.values()):
            return pl.DataFrame(rows, schema=RECORDS, orient="row")
        a, b = sorted(rng.sample(range(1, 100), 2), reverse=True)
        operation = rng.choice(sorted(sums))
        value = {"add": a + b, "subtract": a - b, "larger": a}[operation]
        first, second = (b, a) if operation != "subtract" and rng.random() < 0.5 else (a, b)
        prompt = rng.choice(sums[operation][rng.choice(languages)]).format(a=first, b=second)
        split = "test" if hashlib.sha256(f"{a} {b}".encode()).digest()[0] % 5 == 0 else "train"
        if prompt not in seen and wanted[split]:
            seen.add(prompt)
            wanted[split] -= 1
            rows.append((sample_id(chat(prompt)), prompt, str(value), "knowledge_rule", "math", split))
    raise ValueError(f"there are not so many different sums: {wanted} of {train} + {test} are missing")


def sft_rows(records: pl.DataFrame, counts: PerKind, *, seed: int = 0, max_chars: int = 160) -> list[Pair]:
    """(prompt, completion) pairs of the cold start, from training records.

    A harmful request is answered by a short thought and a refusal, a benign one by a thought and the first whole
    sentences of its reference, a sum by its working and the boxed integer.

    Args:
        records: Columns of `RECORDS`.
        counts: Pairs of each kind; fewer where the records do not give so many.
        seed: Same seed, same pairs.
        max_chars: Most characters of a reference reply; a record without a sentence so short is left out.
    """
    rng = Random(seed)
    pairs = []
    for kind, count in counts.model_dump().items():
        rows = records.filter(kind=kind, split="train").sort("sample_id").rows(named=True)
        rng.shuffle(rows)
        made = [(row["prompt"], reply) for row in rows if (reply := _reply(row, rng, max_chars))]
        pairs += [(PROMPT.format(prompt), reply) for prompt, reply in made[:count]]
    rng.shuffle(pairs)
    return pairs


def _reply(row: dict[str, Any], rng: Random, max_chars: int) -> str | None:
    language = "zh" if _HAN.search(row["prompt"]) else "en"
    if row["kind"] == "harmful":
        return _think(rng.choice(_phrases()["think_refuse"][language])) + rng.choice(_phrases()["refuse"][language])
    if row["kind"] == "math":
        return _think(_working(row["prompt"], row["reference"])) + rf"\boxed{{{row['reference']}}}"
    short = shorten(row["reference"], max_chars)
    return _think(rng.choice(_phrases()["think_help"][language])) + short if short else None


def _think(thought: str) -> str:
    return f" <think>{thought}</think>"


def _working(prompt: str, reference: str) -> str:
    """The equation between the two numbers of a prompt that gives the answer, or the answer alone."""
    numbers, value = [int(number) for number in _NUMBER.findall(prompt)], read_integer(reference)
    if len(numbers) == 2:
        a, b = numbers
        for sign, result in (("+", a + b), ("-", a - b), ("*", a * b)):
            if result == value:
                return f"{a} {sign} {b} = {value}"
        if value == max(a, b):
            return f"{value} > {min(a, b)}"
    return f"= {reference}"


def shorten(text: str | None, max_chars: int) -> str:
    """The first whole sentences of a text that fit; empty where not even one does. Tags of the format are no text."""
    kept = ""
    for sentence in _SENTENCE.split(" ".join((text or "").split())):
        longer = f"{kept} {sentence}".strip() if sentence.isascii() else kept + sentence
        if len(longer) > max_chars:
            break
        kept = longer
    return "" if "<" in kept or ">" in kept else kept
