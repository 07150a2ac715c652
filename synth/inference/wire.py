"""The OpenAI dialect, and vLLM's word for classifiers: a request as JSON, and JSON as a reply."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from synth.inference.request import Choice, Reply, Request, Token

Picture = Callable[[str], bytes]  # the file of a `media_id`

_SIGNATURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


class Malformed(ValueError):
    """The server answered with something that is no answer."""


def path(request: Request) -> str:
    """Which of the three APIs a request goes to."""
    if request.classify:
        return "/classify"
    return "/v1/chat/completions" if request.messages is not None else "/v1/completions"


def body(request: Request, *, model: str, picture: Picture) -> dict[str, Any]:
    """What is sent: standard fields, so that any server of this dialect takes it.

    Args:
        request: What is asked.
        model: Name the server knows.
        picture: Gives the file of a `media_id`; pictures travel inside the request, as data URLs.
    """
    messages = [
        {"role": message["role"], "content": _content(message["content"], picture)}
        for message in request.messages or ()
    ]
    if request.classify:
        return {"model": model, "messages": messages}
    s = request.sampling
    sent: dict[str, Any] = {
        "model": model,
        "max_tokens": s.max_tokens,
        "temperature": s.temperature,
        "top_p": s.top_p,
        "n": s.n,
        "seed": s.seed,
    }
    if s.stop:
        sent["stop"] = list(s.stop)
    if s.answer_schema is not None:
        sent["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": s.answer_schema, "strict": True},
        }
    if request.messages is None:
        return sent | {"prompt": request.prompt} | ({} if s.logprobs is None else {"logprobs": s.logprobs})
    sent["messages"] = messages
    return sent | ({} if s.logprobs is None else {"logprobs": True, "top_logprobs": s.logprobs})


def _content(parts: list[dict[str, Any]], picture: Picture) -> str | list[dict[str, Any]]:
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return [
        {"type": "text", "text": part["text"]}
        if part["type"] == "text"
        else {"type": "image_url", "image_url": {"url": _data_url(picture(part["media_id"]))}}
        for part in parts
    ]


def _data_url(data: bytes) -> str:
    mime = next((mime for start, mime in _SIGNATURES.items() if data.startswith(start)), "application/octet-stream")
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def reply(request: Request, answer: Any) -> Reply:
    """What came back.

    Raises:
        Malformed: If it is not an answer with as many choices as were asked for.
    """
    try:
        if request.classify:
            choices = tuple(_class(found) for found in answer["data"])
        else:
            listed = sorted(answer["choices"], key=lambda choice: choice.get("index") or 0)
            choices = tuple(_choice(choice) for choice in listed)
        usage = answer.get("usage") or {}
        made = Reply(
            id=request.id,
            choices=choices,
            model=answer.get("model"),
            prompt_tokens=usage.get("prompt_tokens") or 0,
            completion_tokens=usage.get("completion_tokens") or 0,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"no answer in the JSON ({type(error).__name__})") from None
    if len(choices) != request.sampling.n:
        raise Malformed(f"{len(choices)} choices for {request.sampling.n}")
    return made


def _choice(choice: Mapping[str, Any]) -> Choice:
    if "message" in choice:
        message = choice["message"]
        text, reasoning = message["content"], message.get("reasoning") or message.get("reasoning_content")
        tokens = _chat_tokens(choice.get("logprobs"))
    else:
        text, reasoning, tokens = choice["text"], None, _completion_tokens(choice.get("logprobs"))
    return Choice(
        text=_clean(text or ""),
        finish_reason=choice.get("finish_reason"),
        tokens=tokens,
        reasoning=None if reasoning is None else _clean(reasoning),
    )


def _class(found: Mapping[str, Any]) -> Choice:
    """A label and its probabilities; a server of ours that cannot judge gives neither, and says if it was too long."""
    label = _clean(found["label"] or "")
    return Choice(text=label, probs=found["probs"], finish_reason="length" if found.get("truncated") else "stop")


def _chat_tokens(found: Mapping[str, Any] | None) -> tuple[Token, ...] | None:
    if not found or found.get("content") is None:
        return None
    return tuple(
        Token(
            text=_clean(token["token"]),
            logprob=token["logprob"],
            top={_clean(other["token"]): other["logprob"] for other in token.get("top_logprobs") or ()},
        )
        for token in found["content"]
    )


def _completion_tokens(found: Mapping[str, Any] | None) -> tuple[Token, ...] | None:
    if not found or found.get("tokens") is None:
        return None
    tops = found.get("top_logprobs") or [{}] * len(found["tokens"])
    return tuple(
        Token(text=_clean(text), logprob=logprob, top={_clean(k): v for k, v in (top or {}).items()})
        for text, logprob, top in zip(found["tokens"], found["token_logprobs"], tops, strict=True)
    )


def _clean(text: str) -> str:
    """Text without lone surrogates, which no file and no hash takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
