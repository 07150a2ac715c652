"""From the fields of a record to messages and labels, as a description says."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog import labels
from catalog.ids import chat
from corpus.sources.description import Choice, Files, Fixed, Row
from corpus.sources.template import Rejected, as_text, fill, look_up, parse

Fields = Mapping[str, Any]
Messages = list[dict[str, Any]]
Look = Callable[[str], str]
ROLES = ("system", "user", "assistant")


def expand(entry: Files, fields: Fields, table: Mapping[str, Any]) -> Fields:
    """The fields of a record with those that `parse` and `lookup` add.

    Raises:
        Rejected: `unparsed`, `unknown_key`, `missing_field` or `wrong_type`.
    """
    added: dict[str, Any] = {}
    for name, template in entry.parse.items():
        value = look_up(fields, name)
        found = parse(template, value) if isinstance(value, str) else None
        if found is None:
            raise Rejected("unparsed", f"field {name!r} has not the shape of its template")
        added |= found
    if entry.lookup:
        key = as_text(look_up(fields, entry.lookup.field))
        if key is None or key not in table:
            raise Rejected("unknown_key", f"field {entry.lookup.field!r} names no row of {entry.lookup.file}")
        added[entry.lookup.into] = table[key]
    return {**fields, **added} if added else fields


def messages_of(row: Row, fields: Fields, look: Look) -> Messages:
    """The exchange of a row.

    Args:
        row: Its description.
        fields: The record.
        look: Gives the `media_id` of a picture by its path inside the source, or raises `Rejected`.

    Raises:
        Rejected: `null_...`, `empty_...` or `wrong_type` for a text, and what `look` finds wrong.
    """
    if row.messages is not None:
        return _conversation(look_up(fields, row.messages), look)
    assert row.prompt is not None
    prompt = _text(row.prompt, fields, "prompt")
    response = None if row.response is None else _text(row.response, fields, "response")
    return chat(prompt, response, images=[look(_text(image, fields, "image")) for image in row.images])


def _text(rule: str | Fixed, fields: Fields, role: str) -> str:
    if isinstance(rule, Fixed):
        return rule.text
    if "{" in rule:
        value: Any = fill(rule, fields)
    else:
        value = look_up(fields, rule)
    if value is None:
        raise Rejected(f"null_{role}", f"field {rule!r} is null")
    if not isinstance(value, str):
        raise Rejected("wrong_type", f"field {rule!r}: expected text, found {type(value).__name__}")
    if not value.strip():
        raise Rejected(f"empty_{role}", f"field {rule!r} holds no character but white space")
    return value


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


def short(rule: str | Fixed | None, fields: Fields) -> str | None:
    """An id, a label or a group as text; null stays null."""
    if rule is None or isinstance(rule, Fixed):
        return rule.text if rule else None
    return fill(rule, fields)


def answer(row: Row, fields: Fields) -> tuple[str | None, bool | None, str | None]:
    """(label, unsafe, category) of a row.

    Raises:
        Rejected: `unknown_label` for a value that the description does not name.
    """
    label = _choose(row.label, fields, labels.TASKS.get(row.task or "", ()))
    unsafe = _choose(row.unsafe, fields, ())
    if row.task == "safety":
        if label is not None:
            unsafe = labels.is_unsafe(label)
        elif unsafe:
            label = labels.UNSAFE
    return label, unsafe, _choose(row.category, fields, (None, *labels.CATEGORIES))


def _choose(rule: str | bool | Choice | None, fields: Fields, allowed: tuple[str | None, ...]) -> Any:
    if not isinstance(rule, Choice):
        return rule
    value = as_text(look_up(fields, rule.field))
    if rule.map is not None and value in rule.map:
        return rule.map[value]
    if rule.map is None and value in allowed:
        return value
    known = len(rule.map) if rule.map is not None else len(allowed)
    found = "null" if value is None else f"a text of {len(value)} characters"
    raise Rejected("unknown_label", f"field {rule.field!r} holds {found}, none of the {known} values that are known")
