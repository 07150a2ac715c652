"""datatrove's inference loop, held to its word: a write that fails stops it, and every document gets a reply.

Its own checkpoints and replay cache are off: they skip rows by count, leave the model out of their key and hold up
the loop while they wait for a queue to run dry. `Journal` stands in their place.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.inference.servers import EndpointServer
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.inference.types import InferenceError, ServerError

from synth.inference.asking import Asker, EndpointLost
from synth.inference.endpoint import Endpoint, Engine, Workers
from synth.inference.journal import Journal, answers_in, replied
from synth.inference.request import Reply, Request
from synth.inference.serve import POLL_S, Server, serving
from synth.inference.wire import Picture

START_S = 3600.0  # a large model loads for long, and a first installation comes before


class Asked(PipelineStep):
    """Reader: the requests of a job that have no answer yet, from the files that `complete` cut them into."""

    name, type = "Requests", "Reader"

    def __init__(self, folder: Path, *, answers: Path) -> None:
        super().__init__()
        self._folder, self._answers = folder, answers

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        for path in sorted(self._folder.glob("asked-*.jsonl"))[rank::world_size]:
            with path.open(encoding="utf-8") as file:
                requests = [Request.model_validate_json(line) for line in file]
            # Answers of any worker count, so that a job may go on with another number of them.
            done = replied(answers_in(self._answers), requests)
            for request in requests:
                if request.id not in done:
                    yield Document(text=request.id, id=request.id, metadata={"request": request})


class StrictRunner(InferenceRunner):
    """Ask for every document's request and write the reply down.

    Args:
        engine: Whom to ask.
        folder: Where the failures of the job lie.
        answers: Where its answers lie.
        picture: Gives the file of a `media_id`.
    """

    def __init__(self, engine: Engine, folder: Path, *, answers: Path, picture: Picture) -> None:
        config = InferenceConfig(
            server_type="endpoint" if isinstance(engine, Endpoint) else "custom",
            model_name_or_path=engine.model,
            endpoint_url=engine.base if isinstance(engine, Endpoint) else None,
            max_concurrent_generations=engine.concurrency,
            metric_interval=3600,
            server_ready_delay_sec=1.0,
            server_start_timeout_sec=START_S,
            server_start_max_retries=0,
        )
        super().__init__(_ask, config, output_writer=None)
        self._engine, self._folder, self._answers, self._picture = engine, folder, answers, picture

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        """Ask for all documents; returns when each has a reply in the journal. Without any no server is started.

        Raises:
            EndpointLost: If the server does not come up or gives no answers any more.
            OSError: If a reply cannot be written.
        """
        documents = list(data)
        if not documents:
            return
        self.output_writer = Journal(self._folder, answers=self._answers, rank=rank)
        try:
            super().run(documents, rank, world_size)
        except InferenceError as error:  # how the loop wraps whatever stopped it
            raise (error.error if isinstance(error.error, Exception) else error) from None
        except ServerError as error:
            raise EndpointLost(str(error.error)) from None

    def _init_server(self, rank: int) -> InferenceServer:
        if isinstance(self._engine, Endpoint):
            return _Remote(self.config, rank, engine=self._engine, picture=self._picture)
        return _Own(self.config, rank, engine=self._engine, picture=self._picture)

    async def _cached_request(
        self, payload: Request, semaphore: asyncio.Semaphore, server: InferenceServer, **_: Any
    ) -> Reply:
        async with semaphore:
            reply: Reply = await server.make_request(payload)
        return reply

    async def _save_document(self, document: Document, output_writer_context: Journal, *_: Any, **__: Any) -> None:
        (reply,) = document.metadata[self.metadata_key]
        output_writer_context.write(document.metadata["request"], reply)


async def _ask(document: Document, generate: Any) -> Reply:
    reply: Reply = await generate(document.metadata["request"])
    return reply


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


class _Remote(_Strict, EndpointServer):
    def __init__(self, config: InferenceConfig, rank: int, *, engine: Endpoint, picture: Picture) -> None:
        InferenceServer.__init__(self, config, rank)  # EndpointServer's would make a client of its own
        self.endpoint_url, self.client = engine.base, None
        self._engine, self._picture = engine, picture

    def _make_asker(self) -> Asker:
        return _asker(self._engine, self._engine.base, self._engine.model, self._engine.key, self._picture)

    async def is_ready(self) -> bool:
        return True  # its requests are retried; a probe would need rights that a key may not have


class _Own(_Strict, InferenceServer):
    """vLLM in an environment of its own, started by the worker and ended with it."""

    def __init__(self, config: InferenceConfig, rank: int, *, engine: Workers, picture: Picture) -> None:
        super().__init__(config, rank)
        self._engine, self._picture = engine, picture
        self._serving = ExitStack()
        self._loading: Popen | None = None
        self._cancelled = False
        self._server: Server | None = None

    async def start_server(self) -> None:
        """Returns when the server has given a token."""
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
