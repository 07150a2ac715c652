"""A verifier over HTTP, in the words of vLLM's classification API: an exchange in, the probability of each label out.

`POST /classify` takes `{"model", "messages"}`, the exchange as a chat: what stands between prompt and reply is the
checkpoint's business, so the server puts it there. Of an exchange that the verifier does not judge `label` is null and
`probs` is empty; `truncated` says that it is too long. It is read whole or not at all.
"""

import asyncio
import hmac
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from catalog.labels import SAFETY
from verifiers.checkpoint import checkpoint_id, load_verifier
from verifiers.encoder import Verifier, encode
from verifiers.score import conversation

AT_ONCE = 32  # exchanges that are read together; what comes next, the end too, waits for no more than these
BODY = 2**20  # bytes; what is longer would hold up the others and be too long for any verifier
GRACE_S = 10.0
LOOK_S = 0.5
TAKES = (
    "expected a JSON object with `messages`, the exchange, and `model`, and nothing else: one text is no exchange, and "
    "what is too long is not cut"
)


class _Asked(NamedTuple):
    prompt: str | None
    response: str | None
    told: asyncio.Future[tuple[dict[str, Any], int]]  # the entry of the answer, and how many tokens were read for it


def serve_verifier(
    checkpoint: Path, *, host: str = "127.0.0.1", port: int = 0, key: str, ready: Callable[[str, str], object]
) -> None:
    """Judge what is asked until SIGTERM, Ctrl-C or the end of the process that started this one.

    It listens once it has judged a first exchange. `/health` alone answers without the key, and no text of a request
    gets into a log.

    Args:
        checkpoint: Folder of the verifier; its id is the name of the model.
        host: Address to listen at.
        port: 0 takes a free one.
        key: What is wanted as a bearer token.
        ready: Told the base address and the name of the model.

    Raises:
        BadCheckpoint: See `read_manifest`.
        OSError: If the port is taken.
    """
    starter = os.getppid()
    model, verifier = checkpoint_id(checkpoint), load_verifier(checkpoint)
    verifier.score(["1"], ["1"])
    asyncio.run(_serve(_app(verifier, model, key), host, port, lambda url: ready(url, model), starter))


async def _serve(app: web.Application, host: str, port: int, ready: Callable[[str], object], starter: int) -> None:
    over = asyncio.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(told, over.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        ready(f"http://{host}:{runner.addresses[0][1]}")
        while os.getppid() == starter and not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), LOOK_S)
    finally:
        await runner.cleanup()


def _app(verifier: Verifier, model: str, key: str) -> web.Application:
    expected = f"Bearer {key}".encode()
    waiting: asyncio.Queue[_Asked] = asyncio.Queue()

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if request.path != "/health" and not hmac.compare_digest(shown, expected):
            return _error(401, "wrong or missing key")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _error(error.status, error.reason)
        except Exception as error:  # its message may hold a text
            return _error(500, type(error).__name__)

    async def health(request: web.Request) -> web.Response:
        return web.Response()

    async def models(request: web.Request) -> web.Response:
        served = {"id": model, "object": "model", "owned_by": "safeladder", "max_model_len": verifier.max_tokens}
        return web.json_response({"object": "list", "data": [served]})

    async def classify(request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except (ValueError, RecursionError, web.RequestPayloadError):
            return _error(400, TAKES)
        if not isinstance(body, dict) or not {"messages"} <= set(body) <= {"messages", "model"}:
            return _error(400, TAKES)
        if body.get("model") not in (None, model):
            return _error(404, f"the model here is {model}")
        try:
            prompt, response = conversation(body["messages"])
        except ValueError as error:
            return _error(400, str(error))
        asked = _Asked(prompt, response, asyncio.get_running_loop().create_future())
        waiting.put_nowait(asked)
        entry, tokens = await asked.told
        usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
        named = {"id": f"classify-{uuid.uuid4().hex}", "object": "list", "created": int(time.time()), "model": model}
        return web.json_response(named | {"data": [entry], "usage": usage})

    async def judging(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_judge(verifier, waiting))
        yield
        task.cancel()

    app = web.Application(middlewares=[guarded], client_max_size=BODY)
    app.add_routes([web.get("/health", health), web.get("/v1/models", models), web.post("/classify", classify)])
    app.cleanup_ctx.append(judging)
    return app


async def _judge(verifier: Verifier, waiting: asyncio.Queue[_Asked]) -> None:
    """What came while the last exchanges were read is read together."""
    while True:
        asked = [await waiting.get()]
        while len(asked) < AT_ONCE and not waiting.empty():
            asked.append(waiting.get_nowait())
        await _tell(verifier, asked)


async def _tell(verifier: Verifier, asked: list[_Asked]) -> None:
    try:
        entries = await asyncio.to_thread(_entries, verifier, asked)
    except Exception as error:
        if len(asked) == 1:
            asked[0].told.set_exception(error)
            return
        for one in asked:  # one of them is at fault, not all
            await _tell(verifier, [one])
    else:
        for one, entry in zip(asked, entries, strict=True):
            one.told.set_result(entry)


def _entries(verifier: Verifier, asked: list[_Asked]) -> list[tuple[dict[str, Any], int]]:
    verdicts = verifier.score([one.prompt for one in asked], [one.response for one in asked])
    rows = list(verdicts.select("label", "probs", "abstained", "truncated").iter_rows(named=True))
    judged = [one for one, row in zip(asked, rows, strict=True) if not row["abstained"]]  # the others may be endless
    prompts, responses = [one.prompt for one in judged], [one.response for one in judged]
    tokens = map(len, encode(verifier.tokenizer, prompts, responses, max_tokens=verifier.max_tokens))
    return [
        (
            {"index": 0, **row, "probs": row["probs"] or [], "num_classes": len(SAFETY)},
            0 if row["abstained"] else next(tokens),
        )
        for row in rows
    ]


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "error", "code": status}}, status=status)
