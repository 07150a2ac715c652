"""From the fields of a record to the messages of a row."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from catalog.ids import chat
from corpus.sources.rules import Dialogue, Fixed, Row, Turns
from corpus.sources.template import Rejected, as_text, fill, look_up, names

Fields = Mapping[str, Any]
Messages = list[dict[str, Any]]
Look = Callable[[Any], str]
ROLES = ("system", "user", "assistant")


def messages_of(row: Row, fields: Fields, look: Look) -> Messages:
    """The exchange of a row.

    Args:
        row: Its description.
        fields: The record.
        look: Gives the `media_id` of a picture by its path inside the source, or by its bytes; or raises `Rejected`.

    Raises:
        Rejected: `null_...`, `empty_...` or `wrong_type` for a text, `unparsed` for a dialogue, and what `look` finds
            wrong.
    """
    match row.messages:
        case Dialogue() as rule:
            return _dialogue(rule, fields)
        case Turns() as rule:
            return _turns(rule, fields, look)
        case str(name):
            return _conversation(look_up(fields, name), look)
    assert row.prompt is not None
    prompt = text_of(row.prompt, fields, "prompt")
    response = None if row.response is None else text_of(row.response, fields, "response")
    system = [] if row.system is None else [_said("system", text_of(row.system, fields, "system"))]
    pictures = [look(image) for rule in row.images for image in _images(rule, fields)]
    return system + chat(prompt, response, images=pictures)


def text_of(rule: str | Fixed, fields: Fields, role: str) -> str:
    """The text that a rule gives.

    Raises:
        Rejected: `null_...`, `empty_...` with the role, `wrong_type` or `missing_field`.
    """
    if isinstance(rule, Fixed):
        return rule.text
    value: Any = fill(rule, fields) if "{" in rule else look_up(fields, rule)
    if value is None:
        raise Rejected(f"null_{role}", f"field {rule!r} is null")
    if not isinstance(value, str):
        raise Rejected("wrong_type", f"field {rule!r}: expected text, found {type(value).__name__}")
    if not value.strip():
        raise Rejected(f"empty_{role}", f"field {rule!r} holds no character but white space")
    return value


def _images(rule: str, fields: Fields) -> list[Any]:
    """Pictures by a rule: a path, or a field with the bytes of one or a list of several."""
    optional, rule = rule.endswith("?"), rule.removesuffix("?")
    if optional and any(look_up(fields, name) in (None, "", []) for name in names(rule)):
        return []
    value = None if "{" in rule else look_up(fields, rule)
    if isinstance(value, list) and value:
        return value
    return [value if isinstance(value, bytes | Mapping) else text_of(rule, fields, "image")]


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text, "media_id": None}]}


def _dialogue(rule: Dialogue, fields: Fields) -> Messages:
    text = text_of(rule.dialogue, fields, "dialogue")
    before, *rest = _speakers(tuple(rule.turns)).split(text)
    speakers, said = rest[::2], rest[1::2]
    roles = [rule.turns[speaker] for speaker in speakers]
    if before or not roles or roles[0] == "assistant":
        raise Rejected("unparsed", f"field {rule.dialogue!r} does not begin with one who asks")
    for i, (role, following) in enumerate(pairwise(roles)):
        if role == following:
            raise Rejected("unparsed", f"field {rule.dialogue!r}: turns {i} and {i + 1} are by the same speaker")
    if not all(turn.strip() for turn in said):
        raise Rejected("empty_message", f"field {rule.dialogue!r} holds an empty turn")
    return [_said(role, turn) for role, turn in zip(roles, said, strict=True)]


@lru_cache(maxsize=64)
def _speakers(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|\n\n)({'|'.join(map(re.escape, names))})[:：] ?")


def _turns(rule: Turns, fields: Fields, look: Look) -> Messages:
    turns = look_up(fields, rule.list)
    if not isinstance(turns, list) or not turns:
        raise Rejected("no_messages", f"field {rule.list!r}: expected a list of turns, found {type(turns).__name__}")
    found = []
    for i, turn in enumerate(turns):
        if not isinstance(turn, dict):
            raise Rejected("bad_message", f"turn {i}: expected an object, found {type(turn).__name__}")
        speaker = as_text(turn.get(rule.role))
        if speaker not in rule.turns:
            raise Rejected("bad_message", f"turn {i}: its {rule.role!r} is none of the {len(rule.turns)} known ones")
        found.append(_message(i, {"role": rule.turns[speaker], "content": turn.get(rule.text)}, look))
    return found


def _conversation(value: Any, look: Look) -> Messages:
    if not isinstance(value, list) or not value:
        raise Rejected("no_messages", f"expected a list of messages, found {type(value).__name__}")
    return [_message(i, message, look) for i, message in enumerate(value)]


def _message(i: int, message: Any, look: Look) -> dict[str, Any]:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise Rejected("bad_message", f"message {i}: expected an object with a role of {', '.join(ROLES)}")
    extra = sorted(key for key, value in message.items() if value is not None and key not in ("role", "content"))
    if extra:
        raise Rejected("bad_message", f"message {i}: {len(extra)} keys beside role and content, which would be lost")
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list):
        raise Rejected("bad_message", f"message {i}: expected content as text or a list of parts")
    merged: list[dict[str, Any]] = []
    for part in (_part(i, part, look) for part in parts):
        if merged and merged[-1]["type"] == part["type"] == "text":
            merged[-1] = {**part, "text": merged[-1]["text"] + part["text"]}  # one text, however it was cut
        else:
            merged.append(part)
    if not any(part["type"] == "image" or part["text"].strip() for part in merged):
        raise Rejected("empty_message", f"message {i} holds no character but white space")
    return {"role": message["role"], "content": merged}


def _part(i: int, part: Any, look: Look) -> dict[str, Any]:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text, "media_id": None}
        case {"type": "image", "image": str(path)}:
            return {"type": "image", "text": None, "media_id": look(path)}
    raise Rejected("bad_message", f"message {i}: expected parts of type text (`text`) or image (`image`, a path)")
