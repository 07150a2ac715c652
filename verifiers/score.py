"""Score a file of JSON lines: one reply per row, in the same order, whatever is in the row.

A row is `{"id", "prompt", "response"}` or `{"id", "messages"}`; a reply is `{"id", "label", "p_unsafe", "probs",
"abstained", "truncated"}`. Three outcomes: scored; abstained (every judgement null), because the input is too long,
blank, has no reply, or shows a picture whose text is not given; failed, because the line is no such row, and then the
reply has `error` beside nulls and says what was expected. One bad row does not stop the others.

This verifier reads text. A row with a picture is scored only where the text standing in it is given: `image_text`
beside `image`, or `text` in an image part of `messages`. It is read before the prompt.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verifiers.encoder import Verifier

CHUNK = 2048
REPLY = ("label", "p_unsafe", "probs", "abstained", "truncated")


@dataclass(frozen=True)
class ScoreCounts:
    """Row accounting of one file: rows = scored + abstained + failed."""

    scored: int = 0
    abstained: int = 0
    failed: int = 0

    @property
    def rows(self) -> int:
        return self.scored + self.abstained + self.failed


@dataclass(frozen=True)
class Row:
    """One line as it was read: what to judge, or why it cannot be read."""

    id: Any
    prompt: str | None = None
    response: str | None = None
    error: str | None = None


def score_file(verifier: "Verifier", input: Path, output: Path) -> ScoreCounts:
    """Score JSON lines; blank lines are skipped. The output appears whole or not at all.

    Args:
        verifier: As `load_verifier` gives it.
        input: UTF-8 JSON lines. Ids are given back as they are; doubled ones are allowed.
        output: One reply per row.

    Returns:
        How many rows were scored, abstained and failed.
    """
    scored = abstained = failed = 0
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with input.open("rb") as lines, beside.open("w", encoding="utf-8", newline="\n") as replies:
        read = _rows(lines)
        while rows := list(islice(read, CHUNK)):
            verdicts = verifier.score([row.prompt for row in rows], [row.response for row in rows])
            for row, verdict in zip(rows, verdicts.select(REPLY).iter_rows(named=True), strict=True):
                failed += row.error is not None
                abstained += verdict["abstained"] and row.error is None
                scored += not verdict["abstained"]
                reply = {"id": row.id, **verdict} | ({"error": row.error} if row.error else {})
                replies.write(json.dumps(reply, ensure_ascii=True) + "\n")
    beside.replace(output)
    return ScoreCounts(scored, abstained, failed)


def _rows(lines: Any) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read(number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _read(number: int, line: bytes) -> Row:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return Row(None, error=f"line {number}: expected a JSON object in UTF-8")
    if not isinstance(record, dict) or "id" not in record:
        return Row(None, error=f'line {number}: expected an object with "id"')
    try:
        prompt, response = _exchange(record)
    except ValueError as error:
        return Row(record["id"], error=f"line {number}: {error}")
    return Row(record["id"], prompt, response)


def _exchange(record: dict[str, Any]) -> tuple[str | None, str | None]:
    """Prompt and reply of a record; a prompt of None cannot be read in full, so the verifier abstains."""
    if "messages" in record:
        return conversation(record["messages"])
    for field in ("prompt", "response"):
        if field not in record or not isinstance(record[field], str | None):
            raise ValueError(f'expected "{field}" as text or null, or "messages"')
    prompt, shown = record["prompt"], record.get("image_text")
    if not isinstance(shown, str | None):
        raise ValueError('expected "image_text" as text or null')
    if record.get("image") is not None and not shown:
        return None, record["response"]
    return "\n".join(text for text in (shown, prompt) if text), record["response"]


def conversation(messages: Any) -> tuple[str | None, str | None]:
    """Prompt and reply of a chat; the prompt is None where a picture's text is unknown, the reply where there is none.

    Raises:
        ValueError: If it is no list of messages; the message says what was expected.
    """
    if not isinstance(messages, list) or not all(
        isinstance(m, dict) and isinstance(m.get("role"), str) and "content" in m for m in messages
    ):
        raise ValueError('expected "messages" as a list of objects with "role" and "content"')
    contents = [_content(message["content"]) for message in messages]
    answered = bool(messages) and messages[-1]["role"] == "assistant"
    asked = contents[:-1] if answered else contents
    response = contents[-1][1] if answered else None
    shown = [text for pictures, _ in asked for text in pictures]
    if not all(shown):
        return None, response
    return "\n".join([*map(str, shown), *(text for _, text in asked if text)]), response


def _content(content: Any) -> tuple[list[str | None], str]:
    """Texts of the pictures (None where not given) and the joined text parts of one message."""
    if content is None or isinstance(content, str):
        return [], content or ""
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise ValueError("expected the content of a message as text or a list of parts")
    pictures: list[str | None] = []
    texts: list[str] = []
    for part in content:
        text = part.get("text")
        if not isinstance(text, str | None) or (part.get("type") == "text" and text is None):
            raise ValueError('expected "text" in a part of a message as text')
        (texts if part.get("type") == "text" else pictures).append(text)  # type: ignore[arg-type]
    return pictures, "\n".join(texts)
