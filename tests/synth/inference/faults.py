"""A server between a client and its model that breaks what it is told to break.

Without a model behind it, it answers with a text made of the digest of the request, so that the same request has the
same answer; with one, it hands the request on. What it breaks depends on the request and on how often it was tried:
the same faults come in any order of the requests.
"""

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aiohttp import ClientSession, ClientTimeout, web

FAULTS = ("busy", "server_error", "cut", "malformed", "slow")


class Server:
    """What the server saw.

    Args:
        upstream: Base address of the model behind it, or None.
        share: Part of the requests that meet faults, 0 to 1.
        times: Faults that such a request meets before it is answered.
        kinds: Which faults.
        delay_s: How long an answer takes.
        slow_s: How long a slow one takes; more than the client waits.
        write: What it answers to a request, where that matters.
        key: Key of the model behind it.
    """

    def __init__(
        self,
        upstream: str | None = None,
        *,
        share: float = 0.0,
        times: int = 1,
        kinds: tuple[str, ...] = FAULTS,
        delay_s: float = 0.0,
        slow_s: float = 5.0,
        write: Callable[[dict], str] | None = None,
        key: str = "",
    ) -> None:
        self.write = write
        self.sent = JSON | ({"Authorization": f"Bearer {key}"} if key else {})
        self.upstream, self.share, self.times, self.kinds = upstream, share, times, kinds
        self.delay_s, self.slow_s = delay_s, slow_s
        self.tries: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.bodies: list[dict] = []
        self.most_at_once = self.at_once = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        sent = await request.read()
        key = hashlib.sha256(sent).hexdigest()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.tries[key] += 1
        self.headers.append(dict(request.headers))
        if len(self.bodies) < 100:
            self.bodies.append(json.loads(sent))
        try:
            chosen = int(key[:8], 16) / 2**32 < self.share and self.tries[key] <= self.times
            if chosen:
                fault = self.kinds[(int(key[8:16], 16) + self.tries[key]) % len(self.kinds)]
                self.faults[fault] += 1
                return await self.broken(fault, request)
            answer = await self.answer(request.path, sent, key)
            self.answered[key] += 1
            return answer
        finally:
            self.at_once -= 1

    async def broken(self, fault: str, request: web.Request) -> web.StreamResponse:
        if fault == "busy":
            return web.Response(status=429, headers={"Retry-After": "0.1"})
        if fault == "server_error":
            return web.json_response({"error": {"message": "engine step failed"}}, status=500)
        if fault == "cut":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"choices": [')
            request.transport.abort()
            return response
        if fault == "malformed":
            return web.Response(text='{"choices": [{"mess', content_type="application/json")
        if fault == "null":
            return web.json_response(None)
        if fault == "bad_request":
            text = await request.text()
            said = json.loads(text).get("messages", [{"content": "?"}])[-1]["content"]
            error = {"message": f"cannot read {said} in {text}", "type": "BadRequestError", "param": said, "code": 400}
            return web.json_response({"error": error}, status=400)
        if fault == "gzip":
            return web.Response(body=b"it is not", headers={"Content-Encoding": "gzip"})
        if fault == "dribble":
            response = web.StreamResponse()
            await response.prepare(request)
            with suppress(ConnectionError):
                for _ in range(int(self.slow_s / 0.1)):
                    await response.write(b" ")
                    await asyncio.sleep(0.1)
            return response
        if fault == "unknown":
            return web.json_response({"error": {"message": "no such model"}}, status=404)
        assert fault == "slow", fault
        await asyncio.sleep(self.slow_s)
        return web.Response(status=504)

    async def answer(self, path: str, sent: bytes, key: str) -> web.Response:
        if self.upstream:
            async with self.session.post(self.upstream + path, data=sent, headers=self.sent) as found:
                return web.Response(body=await found.read(), status=found.status, content_type="application/json")
        await asyncio.sleep(self.delay_s)
        body = json.loads(sent)
        texts = [self.write(body) if self.write else f"{key[:12]} {n} 好" for n in range(body["n"])]
        chat = path.endswith("chat/completions")
        choices = [
            ({"message": {"role": "assistant", "content": text}} if chat else {"text": text})
            | {"index": n, "finish_reason": "stop"}
            for n, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 7, "completion_tokens": 3 * len(texts)}
        return web.json_response({"model": body["model"], "choices": choices, "usage": usage})


JSON = {"Content-Type": "application/json"}


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Run the server on a free port of loopback, in a thread."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        server.session = ClientSession(timeout=ClientTimeout(total=None))
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/{path:.*}", server.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            await server.session.close()

    def run() -> None:
        asyncio.set_event_loop(loop)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    task = loop.create_task(serve())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(15)
        loop.close()
