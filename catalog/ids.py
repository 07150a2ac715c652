"""Content-addressed ids: the same content has the same id on every machine and in every run."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Message = Mapping[str, Any]


def canonical(value: Any) -> bytes:
    """One byte string per value: sorted keys, no spaces, text exactly as it is, UTF-8.

    Raises:
        ValueError: If a string holds a lone surrogate, which UTF-8 cannot carry, or a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string holds a lone surrogate, which no UTF-8 file can store") from None


def digest(value: Any) -> str:
    """Sha256 (64 hex digits) of the canonical form of a value made of dicts, lists, strings and numbers."""
    return hashlib.sha256(canonical(value)).hexdigest()


def media_id(data: bytes) -> str:
    """Sha256 of a file as stored."""
    return hashlib.sha256(data).hexdigest()


def _content(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [
        {
            "role": message["role"],
            "content": [
                {"type": "image", "media_id": part["media_id"]}
                if part["type"] == "image"
                else {"type": "text", "text": part["text"]}
                for part in message["content"]
            ],
        }
        for message in messages
    ]


def sample_id(messages: Iterable[Message]) -> str:
    """Id of an exchange: roles and parts in order, reply included; labels and source stay out.

    Args:
        messages: `{"role", "content": [{"type": "text", "text"} | {"type": "image", "media_id"}]}` in order.

    Raises:
        ValueError: If a text holds a lone surrogate.
    """
    return digest(_content(messages))


def prompt_id(messages: Sequence[Message]) -> str:
    """Id of what was asked: the messages before the last reply. Splits, twins and decontamination go by it."""
    answered = bool(messages) and messages[-1]["role"] == "assistant"
    return digest(_content(messages[:-1] if answered else messages))


def chat(prompt: str, response: str | None = None, *, images: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Structured messages of a single turn.

    Args:
        prompt: What the user wrote.
        response: What the assistant answered, or None for a prompt alone.
        images: `media_id` of each picture, shown before the text.
    """
    parts: list[dict[str, Any]] = [{"type": "image", "text": None, "media_id": image} for image in images]
    parts.append({"type": "text", "text": prompt, "media_id": None})
    messages = [{"role": "user", "content": parts}]
    if response is not None:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": response, "media_id": None}]})
    return messages
