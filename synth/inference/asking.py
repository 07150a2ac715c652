"""One request over HTTP: retried while the server is busy or broken, and answered by a reply whatever happens."""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synth.inference import wire
from synth.inference.request import Reply, Request

if TYPE_CHECKING:
    import httpx2

logging.getLogger("stamina").setLevel(logging.ERROR)  # it warns of every retry; those are expected here

AGAIN = {408, 409, 425, 429}
MISCONFIGURED = {401, 403, 404}
LONGEST_WAIT_S = 60.0
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
        import httpx2

        self._model, self._picture, self._attempts, self._patience = model, picture, attempts, patience
        self._base, self._timeout_s, self._lost_in_a_row = base, timeout_s, 0
        self._client = httpx2.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout_s, connect=min(10.0, timeout_s)),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, request: Request) -> Reply:
        """The reply to a request; one that got no answer says why in `failure`.

        Raises:
            EndpointLost: If the server refuses the key or does not know the model, or if too many requests in a row
                got no answer.
        """
        import stamina

        pictures = {}
        for media_id in request.media_ids:
            try:
                pictures[media_id] = self._picture(media_id)
            except (LookupError, OSError, RuntimeError) as error:
                return Reply(id=request.id, failure="no_picture", detail=f"{type(error).__name__} for {media_id}")
        sent = wire.body(request, model=self._model, picture=pictures.__getitem__)
        try:
            async for attempt in stamina.retry_context(
                on=_backoff, attempts=self._attempts, timeout=None, wait_initial=0.5, wait_max=LONGEST_WAIT_S
            ):
                with attempt:
                    answer = await self._post(request, sent)
        except _Failed as failed:
            if failed.failure != "refused_by_server":
                self._lost_in_a_row += 1
            if self._lost_in_a_row >= self._patience:
                raise EndpointLost(
                    f"{self._lost_in_a_row} requests in a row got no answer from {self._base}, the last one: "
                    f"{failed.failure} ({failed.detail}); what was answered is kept: run the same command when the "
                    "server is well"
                ) from None
            return Reply(id=request.id, failure=failed.failure, detail=failed.detail)
        self._lost_in_a_row = 0
        return answer

    async def _post(self, request: Request, sent: Mapping[str, Any]) -> Reply:
        import httpx2

        try:
            async with asyncio.timeout(self._timeout_s):  # the client's own counts from one byte to the next
                response = await self._client.post(wire.path(request), json=sent)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise _Failed("timeout", type(error).__name__) from None
        except httpx2.DecodingError as error:
            raise _Failed("malformed", type(error).__name__) from None
        except httpx2.TransportError as error:
            raise _Failed("connection", type(error).__name__) from None
        if response.status_code in MISCONFIGURED:
            raise EndpointLost(
                f"{self._base} answers {response.status_code} to {wire.path(request)} for the model {self._model!r}: "
                "look at its address, the model's name and the key; `safeladder doctor synth` asks it what it serves"
            )
        if response.status_code != 200:
            detail = f"HTTP {response.status_code}{_said(response)}"
            if response.status_code in AGAIN:
                raise _Failed("busy", detail, wait=_asked_to_wait(response))
            raise _Failed("server_error" if response.status_code >= 500 else "refused_by_server", detail)
        try:
            return wire.reply(request, response.json())
        except wire.Malformed as error:
            raise _Failed("malformed", str(error)) from None
        except (ValueError, RecursionError):
            raise _Failed("malformed", "the body is no JSON") from None


def _backoff(error: Exception) -> bool | float:
    if not isinstance(error, _Failed) or error.failure == "refused_by_server":
        return False
    return True if error.wait is None else error.wait


def _asked_to_wait(response: "httpx2.Response") -> float | None:
    try:
        return min(max(float(response.headers["retry-after"]), 0.0), LONGEST_WAIT_S)
    except (KeyError, ValueError):
        return None


def _said(response: "httpx2.Response") -> str:
    """What kind of error it is, never the message: it may quote the request, which must get into no log."""
    try:
        error = response.json()
        error = error.get("error") or error
        told = {name: str(error[name]) for name in ("type", "code", "param") if error.get(name) is not None}
    except (ValueError, RecursionError, TypeError, AttributeError):
        return ""
    words = [f"{name} {word}" for name, word in told.items() if WORD.fullmatch(word)]
    return f", {', '.join(words)}" if words else ""
