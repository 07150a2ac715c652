"""The servers that datatrove's loop asks: one that runs already, or vLLM that lives as long as the loop."""

import asyncio
from contextlib import ExitStack
from subprocess import Popen

from datatrove.pipeline.inference.run_inference import InferenceConfig
from datatrove.pipeline.inference.servers import EndpointServer
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.inference.types import ServerError

from synth.inference.asking import Asker
from synth.inference.endpoint import Endpoint, Engine, Workers
from synth.inference.kept import keep, running
from synth.inference.request import Reply, Request
from synth.inference.serve import POLL_S, Server, serving
from synth.inference.wire import Picture


class _Strict:
    """What both kinds of server share: how a request is made, and what `ready` means."""

    _asker: Asker | None = None

    def _make_asker(self) -> Asker:
        raise NotImplementedError

    async def _make_request(self, payload: Request) -> Reply:
        if self._asker is None:
            self._asker = self._make_asker()
        return await self._asker.ask(payload)

    async def server_cleanup(self) -> None:
        if self._asker is not None:
            asker, self._asker = self._asker, None
            await asker.close()
        await super().server_cleanup()  # type: ignore[misc]


class Remote(_Strict, EndpointServer):
    """A server that runs already."""

    def __init__(self, config: InferenceConfig, rank: int, *, engine: Endpoint, picture: Picture) -> None:
        InferenceServer.__init__(self, config, rank)  # EndpointServer's would make a client of its own
        self.endpoint_url, self.client = engine.base, None
        self._engine, self._picture = engine, picture

    def _make_asker(self) -> Asker:
        return _asker(self._engine, self._engine.base, self._engine.model, self._engine.key, self._picture)

    async def is_ready(self) -> bool:
        return True  # its requests are retried; a probe would need rights that a key may not have


class Own(_Strict, InferenceServer):
    """vLLM in an environment of its own, started by the worker and ended with it."""

    def __init__(self, config: InferenceConfig, rank: int, *, engine: Workers, picture: Picture) -> None:
        super().__init__(config, rank)
        self._engine, self._picture = engine, picture
        self._serving = ExitStack()
        self._loading: Popen | None = None
        self._cancelled = False
        self._server: Server | None = None

    async def start_server(self) -> None:
        """Returns when the server has given a token; at once if one of this engine is kept."""
        self._server = running(self._engine)
        if self._server is not None:
            return
        flags = ["--dtype", self._engine.dtype, "--tensor-parallel-size", str(self._engine.tensor_parallel)]
        for name, value in self._engine.flags.items():
            flags += [f"--{name}" if value else f"--no-{name}"] if isinstance(value, bool) else [f"--{name}", value]
        server = serving(
            self._engine.model,
            device=self._engine.device,
            max_len=self._engine.max_len,
            flags=flags,
            progress=lambda line: None,
            begun=self._begun,
        )
        try:
            self._server = await asyncio.to_thread(self._serving.enter_context, server)
            keep(self._engine, self._server, self._serving)
        except asyncio.CancelledError:  # the thread goes on until the model is loaded, or its server ends
            self._cancelled = True
            if self._loading is not None:
                self._loading.terminate()
            raise
        except Exception as error:
            self._server_ready.set_exception(ServerError(error))  # the loop would only say that it did not start
            raise

    def _begun(self, process: Popen) -> None:
        self._loading = process
        if self._cancelled:
            process.terminate()

    async def monitor_health(self) -> None:
        """Raises when the server ends by itself."""
        assert self._server is not None
        while self._server.process.poll() is None:  # a wait in a thread would keep Ctrl-C from ending the job
            await asyncio.sleep(POLL_S)
        raise self._server.ended()

    async def is_ready(self) -> bool:
        return True  # it has given a token

    async def server_cleanup(self) -> None:
        await asyncio.to_thread(self._serving.close)
        await super().server_cleanup()

    def _make_asker(self) -> Asker:
        assert self._server is not None
        base = self._server.url.removesuffix("/v1")
        return _asker(self._engine, base, self._server.model, self._server.key, self._picture)


def _asker(engine: Engine, base: str, model: str, key: str | None, picture: Picture) -> Asker:
    return Asker(
        base,
        model=model,
        key=key,
        picture=picture,
        timeout_s=engine.timeout_s,
        attempts=engine.attempts,
        patience=max(16, engine.concurrency),
    )
