"""One request over HTTP: retried while the server is busy or broken, and answered by a reply whatever happens."""

import asyncio
import json
import random
import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from synth.inference import wire
from synth.inference.request import Reply, Request

AGAIN = {408, 409, 425, 429}
MISCONFIGURED = {401, 403, 404}
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
JSON = {"Content-Type": "application/json"}
WORD = re.compile("[A-Za-z0-9_.-]{1,40}")


class EndpointLost(RuntimeError):
    """The server gives no answers any more, or never will: the job stops, and what was answered is kept."""


class _Failed(Exception):
    """A try that gave no answer. `wait` is what the server asked for, in seconds."""

    def __init__(self, failure: str, detail: str, *, wait: float | None = None) -> None:
        super().__init__(failure)
        self.failure, self.detail, self.wait = failure, detail, wait


class Asker:
    """Asks one server.

    Args:
        base: Address without `/v1`.
        model: Name the server knows.
        key: Bearer token, or None.
        picture: Gives the file of a `media_id`.
        timeout_s: Longest wait for a whole answer.
        attempts: Tries of one request.
        patience: Requests in a row that may end without an answer before the server counts as lost.
    """

    def __init__(
        self,
        base: str,
        *,
        model: str,
        key: str | None,
        picture: wire.Picture,
        timeout_s: float,
        attempts: int,
        patience: int,
    ) -> None:
        import aiohttp

        self._model, self._picture, self._attempts, self._patience = model, picture, attempts, patience
        self._base, self._lost_in_a_row = base, 0
        self._session = aiohttp.ClientSession(
            headers=JSON | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(10.0, timeout_s)),
            connector=aiohttp.TCPConnector(limit=0),  # whoever calls limits the requests in flight
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy(base),
        )

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, request: Request) -> Reply:
        """The reply to a request; one that got no answer says why in `failure`.

        Raises:
            EndpointLost: If the server refuses the key or does not know the model, or if too many requests in a row
                got no answer.
        """
        pictures = {}
        for media_id in request.media_ids:
            try:
                pictures[media_id] = self._picture(media_id)
            except (LookupError, OSError, RuntimeError) as error:
                return Reply(id=request.id, failure="no_picture", detail=f"{type(error).__name__} for {media_id}")
        body = wire.body(request, model=self._model, picture=pictures.__getitem__)
        sent = json.dumps(body, ensure_ascii=False).encode()
        for tried in range(1, self._attempts + 1):
            try:
                answer = await self._post(request, sent)
            except _Failed as failed:
                if failed.failure == "refused_by_server" or tried == self._attempts:
                    return self._given_up(request, failed)
                await asyncio.sleep(_backoff(tried) if failed.wait is None else failed.wait)
            else:
                break
        self._lost_in_a_row = 0
        return answer

    def _given_up(self, request: Request, failed: _Failed) -> Reply:
        if failed.failure != "refused_by_server":
            self._lost_in_a_row += 1
        if self._lost_in_a_row >= self._patience:
            raise EndpointLost(
                f"{self._lost_in_a_row} requests in a row got no answer from {self._base}, the last one: "
                f"{failed.failure} ({failed.detail}); what was answered is kept: run the same command when the "
                "server is well"
            ) from None
        return Reply(id=request.id, failure=failed.failure, detail=failed.detail)

    async def _post(self, request: Request, sent: bytes) -> Reply:
        import aiohttp

        to = self._base + wire.path(request)
        try:
            async with self._session.post(to, data=sent, allow_redirects=False) as response:
                body = await response.read()
        except TimeoutError as error:
            raise _Failed("timeout", type(error).__name__) from None
        except (aiohttp.ClientError, OSError) as error:
            garbled = isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError)
            raise _Failed("malformed" if garbled else "connection", type(error.__cause__ or error).__name__) from None
        if response.status in MISCONFIGURED:
            raise EndpointLost(
                f"{self._base} answers {response.status} to {wire.path(request)} for the model {self._model!r}: "
                "look at its address, the model's name and the key; `safeladder doctor synth` asks it what it serves"
            )
        if response.status != 200:
            detail = f"HTTP {response.status}{_said(body)}"
            if response.status in AGAIN:
                raise _Failed("busy", detail, wait=_asked_to_wait(response.headers))
            raise _Failed("server_error" if response.status >= 500 else "refused_by_server", detail)
        try:
            return wire.reply(request, json.loads(body))
        except wire.Malformed as error:
            raise _Failed("malformed", str(error)) from None
        except (ValueError, RecursionError):
            raise _Failed("malformed", "the body is no JSON") from None


def _proxy(base: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(base)
    if proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _backoff(tried: int) -> float:
    """Seconds: twice as long after each try, and up to one more, so that requests do not come back all at once."""
    return min(FIRST_WAIT_S * 2 ** (tried - 1) + random.random(), LONGEST_WAIT_S)


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    try:
        return min(max(0.0, float(headers["Retry-After"])), LONGEST_WAIT_S)
    except (KeyError, ValueError):
        return None


def _said(body: bytes) -> str:
    """What kind of error it is, never the message: it may quote the request, which must get into no log."""
    try:
        error = json.loads(body)
        error = error.get("error") or error
        told = {name: str(error[name]) for name in ("type", "code", "param") if error.get(name) is not None}
    except (ValueError, RecursionError, TypeError, AttributeError):
        return ""
    words = [f"{name} {word}" for name, word in told.items() if WORD.fullmatch(word)]
    return f", {', '.join(words)}" if words else ""
