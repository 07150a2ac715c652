"""One child of one row: its request attacked, its reply edited, or its request lifted into a picture."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

from catalog.ids import digest
from catalog.media import probe
from synth.attacks import Attack
from synth.context import Context
from synth.counterfactuals import Edit, Outcome
from synth.errors import NotApplicable
from synth.images import RenderSpec, Scene, lift, visible_text

Row = Mapping[str, Any]
Part = dict[str, Any]
Messages = list[dict[str, Any]]


class Child(NamedTuple):
    """What a transform made of a row. `donor_id` names a second parent; `media` is a row of the
    table, and `data`, its file."""

    messages: Messages
    label: str | None
    unsafe: bool | None
    detail: dict[str, Any]
    donor_id: str | None = None
    media: dict[str, Any] | None = None


def attacked(row: Row, attack: Attack, *, rng: Random) -> Child:
    """The same reply to the disguised request, hence the same label."""
    messages = _ask(row["messages"], lambda request: [_text(attack.apply(request, rng=rng))])
    return Child(messages, row["label"], row["unsafe"], {})


def edited(row: Row, edit: Edit, outcome: Outcome, *, rng: Random, seed: int, context: Context | None = None) -> Child:
    """The same request with an edited reply, and the label that follows from it: `edit.outcome` of the row.

    An edit that takes the reply of another row needs the context to find one in.
    """
    if row["response"] is None:
        raise NotApplicable("no_reply")
    takes = edit.kind is None and context is not None
    donor = context.donor(row, digest([seed, row["sample_id"], edit.relation])) if takes and context else None
    foreign, donor_id = (donor["response"], donor["sample_id"]) if donor else (None, None)
    held_out = row["split"] != "train"
    reply = edit.apply(row["prompt"], row["response"], rng=rng, held_out=held_out, foreign=foreign)
    messages = [*row["messages"][:-1], {"role": "assistant", "content": [_text(reply)]}]
    return Child(messages, *outcome, {"held_out": held_out}, donor_id)


def lifted(row: Row, *, rng: Random) -> Child:
    """The same reply to the request in a picture, hence the same label."""
    if row["images"]:
        raise NotApplicable("has_picture")
    media: list[dict[str, Any]] = []
    held_out = row["split"] != "train"

    def picture(request: str) -> list[Part]:
        spec, png, text = lift(request, rng=rng, held_out=held_out)
        found = picture_row(spec, png)
        media.append(found)
        return [{"type": "image", "text": None, "media_id": found["media_id"]}, _text(text)]

    messages = _ask(row["messages"], picture)
    return Child(messages, row["label"], row["unsafe"], {"held_out": held_out}, media=media[0])


def picture_row(spec: RenderSpec | Scene, png: bytes) -> dict[str, Any]:
    """A row of the media table for a picture that was drawn, and `data`, its file."""
    return probe(png) | {"text": visible_text(spec), "spec": spec.model_dump_json(), "data": png}


def _text(text: str) -> Part:
    return {"type": "text", "text": text, "media_id": None}


def _ask(messages: Messages, rewrite: Callable[[str], list[Part]]) -> Messages:
    """Messages with the text of the last request rewritten; its pictures and all other turns stay."""
    turns = [i for i, message in enumerate(messages) if message["role"] == "user"]
    if not turns:
        raise NotApplicable("no_request")
    request = messages[turns[-1]]
    texts = [part["text"] for part in request["content"] if part["type"] == "text"]
    if len(texts) != 1 or not texts[0].strip():
        raise NotApplicable("no_single_text")
    content = [
        new for part in request["content"] for new in (rewrite(part["text"]) if part["type"] == "text" else [part])
    ]
    return [*messages[: turns[-1]], {"role": "user", "content": content}, *messages[turns[-1] + 1 :]]
