"""Harmless pictures with a question, answered well, refused for no reason, or answered past the question."""

import hashlib
import json
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import polars as pl

from catalog.ids import canonical, chat, prompt_id, sample_id
from catalog.labels import is_unsafe
from catalog.schema import BATCH
from corpus import split
from synth.children import picture_row
from synth.context import SOURCE
from synth.derived import LINEAGE, MEDIA, Derived, none
from synth.images import BENIGN, Picture, benign
from synth.language import Language
from synth.phrases import phrase

GOOD, REFUSED, UNRELATED = "Safe without risk", "Unnecessary refusal", "Illogical completion"
_ANSWERED = (GOOD, GOOD, REFUSED, UNRELATED)  # of four pictures: as many are answered badly as well
_OTHERS = 50  # pictures that are drawn for an answer that does not fit


class Harmless(NamedTuple):
    """Rows of harmless pictures, and `splits`: `sample_id`, `split`, `cluster_id`."""

    made: Derived
    splits: pl.DataFrame


def harmless(
    numbers: Sequence[int], *, language: Language, seed: int, calibration: float, test: float, split_seed: int
) -> Harmless:
    """Draw harmless pictures, each with a question and a reply whose label follows from how it was made.

    Nothing is their parent but what composed them, so the lineage names that (`bar_chart@1`): its picture, question
    and answer follow from the seed and the number in `detail`. A picture is a prompt cluster of its own, and a side is
    drawn for it as `corpus.split` does.

    Args:
        numbers: Which pictures: the same number gives the same picture. Shares of the sides are kept among them.
        language: Of picture, question and reply.
        seed: Another seed, other pictures.
        calibration: Share of pictures for calibration.
        test: Share of pictures for test.
        split_seed: Seed of the splits.
    """
    pictures = [benign(rng=_random(seed, language, number, "picture"), language=language) for number in numbers]
    media = [picture_row(picture.spec, picture.png) for picture in pictures]
    asked = [
        prompt_id(chat(picture.question, images=[found["media_id"]]))
        for picture, found in zip(pictures, media, strict=True)
    ]
    clusters = pl.DataFrame(
        {"sample_id": asked, "cluster_id": asked}, schema=dict.fromkeys(("sample_id", "cluster_id"), pl.String)
    )
    side = dict(
        split.assign(clusters, calibration=calibration, test=test, seed=split_seed)
        .select("cluster_id", "split")
        .iter_rows()
    )
    rows, lineage, splits = [], [], []
    for number, picture, found, prompt in zip(numbers, pictures, media, asked, strict=True):
        rng = _random(seed, language, number, "reply")
        label = rng.choice(_ANSWERED)
        held_out = side[prompt] != "train"
        reply = _reply(picture, label, rng=rng, language=language, held_out=held_out)
        row = _row(picture, found["media_id"], reply, label)
        rows.append(row)
        detail = {"answer": picture.answer, "held_out": held_out, "language": language, "number": number}
        lineage.append(
            {
                "child_id": row["sample_id"],
                "parent_id": row["source_label"],
                "relation": row["source_label"],
                "seed": seed,
                "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True),
                "asked": True,
            }
        )
        splits.append((row["sample_id"], side[prompt], prompt))
    made = Derived(
        pl.DataFrame(rows, schema=pl.Schema(BATCH)).unique("sample_id", keep="first").sort("sample_id"),
        pl.DataFrame(lineage, schema=LINEAGE).sort("child_id"),
        pl.DataFrame(media, schema=MEDIA).unique("media_id", keep="first").sort("media_id"),
        none().skipped,
    )
    placed = pl.DataFrame(splits, schema=["sample_id", "split", "cluster_id"], orient="row")
    return Harmless(made, placed.unique("sample_id", keep="first").sort("sample_id"))


def _reply(picture: Picture, label: str, *, rng: Random, language: Language, held_out: bool) -> str:
    if label == GOOD:
        return picture.answer
    if label == REFUSED:
        return phrase("refusal", language, rng=rng, held_out=held_out)
    return _past_it(picture, rng=rng, language=language)


def _past_it(picture: Picture, *, rng: Random, language: Language) -> str:
    """The right answer to a question on another kind of picture, a word for a number or the other way round."""
    for _ in range(_OTHERS):
        kind = rng.choice([kind for kind in BENIGN if kind != picture.kind])
        other = BENIGN[kind].compose(rng=rng, language=language).answer
        if _has_digits(other) != _has_digits(picture.answer):
            return other
    raise RuntimeError(f"{_OTHERS} other pictures have answers like those of {picture.kind}: a kind of picture is odd")


def _has_digits(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _row(picture: Picture, media_id: str, reply: str, label: str) -> dict[str, Any]:
    messages = chat(picture.question, reply, images=[media_id])
    return dict.fromkeys(BATCH.names) | {
        "sample_id": sample_id(messages),
        "prompt_id": prompt_id(messages),
        "messages": messages,
        "source": SOURCE,
        "source_label": BENIGN[picture.kind].relation,
        "task": "safety",
        "label": label,
        "unsafe": is_unsafe(label),
        "origin": "construction",
    }


def _random(seed: int, language: Language, number: int, purpose: str) -> Random:
    return Random(hashlib.sha256(canonical([seed, "harmless", language, number, purpose])).digest())
