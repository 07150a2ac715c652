"""datatrove's inference loop, held to its word: a write that fails stops it, and every document gets a reply.

Its own checkpoints and replay cache are off: they skip rows by count, leave the model out of their key, wait for the
disk once per answer and hold up the loop until a queue has run dry. `Journal` stands in their place.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.inference.servers.base import InferenceServer
from datatrove.pipeline.inference.types import ServerError

from synth.inference.asking import EndpointLost
from synth.inference.endpoint import Endpoint, Engine
from synth.inference.journal import Journal, answers_in, replied
from synth.inference.request import Reply, Request
from synth.inference.servers import Own, Remote
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
        except ServerError as error:
            raise EndpointLost(str(error.error)) from None

    async def run_async(self, data_gen: Iterable[Document], rank: int = 0) -> None:
        """The loop; requests in flight when it stops are not reported one by one."""
        asyncio.get_running_loop().set_exception_handler(_not_again)
        await super().run_async(data_gen, rank)

    async def _async_data_gen(self, sync_gen: Iterable[Document]) -> AsyncIterator[Document]:
        for document in sync_gen:  # they are in memory: a hop to a thread for each would hold up the loop
            yield document

    def _init_server(self, rank: int) -> InferenceServer:
        if isinstance(self._engine, Endpoint):
            return Remote(self.config, rank, engine=self._engine, picture=self._picture)
        return Own(self.config, rank, engine=self._engine, picture=self._picture)

    async def _handle_record(
        self,
        doc: Document,
        rank: int,
        chunk_index: int,
        rollout_fn: Any,
        output_writer_context: Journal,
        server: InferenceServer,
        semaphore: asyncio.Semaphore,
    ) -> None:
        request = doc.metadata["request"]
        async with semaphore:
            reply = await rollout_fn(request, server)
        output_writer_context.write(request, reply)


def _not_again(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What stopped the loop is raised once; each request that met the same would be told as never looked at."""
    if not isinstance(context.get("exception"), OSError | ServerError | EndpointLost):
        loop.default_exception_handler(context)


async def _ask(request: Request, server: InferenceServer) -> Reply:
    reply: Reply = await server.make_request(request)
    return reply
