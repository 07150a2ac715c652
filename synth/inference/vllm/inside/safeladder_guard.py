"""Asks for the key on every path. vLLM itself asks on some alone: tokens, scores and classes would be free to all."""

import hmac
import os
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Guard:
    """ASGI middleware; `/health` alone answers without a key."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._expected = f"Bearer {os.environ['VLLM_API_KEY']}".encode()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if scope["type"] != "lifespan" and scope["path"] != "/health":
            shown = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(shown, self._expected):
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b'{"error": "wrong or missing key"}'})
                return
        await self._app(scope, receive, send)
