"""Requests per second at 64 in flight: `synth.inference.complete` beside a bare asyncio client and stock datatrove.

All three ask the same vLLM server the same chats in turns, and the median of the rounds counts. Stock datatrove runs
its `InferenceRunner` with checkpoints, as a job must that may be killed. The server is one for all and wants a key,
which stock datatrove cannot send to a server on the same host: the header is added to its requests, nothing else.

By default the model is tiny and random, so that the server is as fast as it gets and whatever a client costs shows.
The last line is one JSON object: `ratios` (how many times the peer's throughput ours is), `figures`, `versions`,
`sizes`.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is called like the room that it measures

from synth.inference import Endpoint, Request, Sampling, complete, wire  # noqa: E402
from synth.inference.environment import VERSION  # noqa: E402
from synth.inference.serve import Server, serving  # noqa: E402
from tests.synth.inference import tiny  # noqa: E402

IN_FLIGHT = 64
CHUNK = 100  # documents between two checkpoints of stock datatrove; its default of 6,000 keeps none in a job this small


def requests(count: int, tokens: int, round_: int) -> list[Request]:
    """Chats that all get exactly so many tokens at most; no two are the same, so that no cache helps."""
    return [
        Request(
            id=f"r{round_}-{n}",
            messages=(
                {"role": "user", "content": [{"type": "text", "text": f"Tell {n} of {round_}.", "media_id": None}]},
            ),
            sampling=Sampling(max_tokens=tokens, seed=n),
        )
        for n in range(count)
    ]


def ours(server: Server, asked: list[Request], folder: Path) -> int:
    """Our layer: every reply on disk at the end."""
    engine = Endpoint(url=server.url, model=server.model, concurrency=IN_FLIGHT, key_variable="BENCHMARK_KEY")
    replies = complete(asked, engine, folder=folder)
    return sum(reply.completion_tokens for reply in replies)


def bare(server: Server, asked: list[Request], folder: Path) -> int:
    """As little as can be done: the answers' texts in a list."""
    import httpx2

    async def run() -> int:
        gate = asyncio.Semaphore(IN_FLIGHT)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        headers = {"Authorization": f"Bearer {server.key}"}
        base = server.url.removesuffix("/v1")
        async with httpx2.AsyncClient(base_url=base, timeout=600, limits=limits, headers=headers) as client:

            async def ask(request: Request) -> dict[str, Any]:
                async with gate:
                    sent = wire.body(request, model=server.model, picture=lambda media_id: b"")
                    answer = await client.post(wire.path(request), json=sent)
                    found: dict[str, Any] = answer.json()
                    return found

            answers = await asyncio.gather(*map(ask, asked))
        return sum(answer["usage"]["completion_tokens"] for answer in answers)

    return asyncio.run(run())


def stock(server: Server, asked: list[Request], folder: Path) -> int:
    """datatrove's own runner with its checkpoints, writing JSON lines."""
    from datatrove.data import Document
    from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.logging import logger

    async def rollout(document: Document, generate: Any) -> Any:
        return await generate(dict(document.metadata["sent"]))

    logger.disable("datatrove")
    with key_sent(server.key):
        config = InferenceConfig(
            server_type="endpoint",
            endpoint_url=server.url.removesuffix("/v1"),
            model_name_or_path=server.model,
            max_concurrent_generations=IN_FLIGHT,
            metric_interval=3600,
        )
        writer = JsonlWriter(str(folder / "out"), output_filename="${rank}_${chunk_index}.jsonl", compression=None)
        runner = InferenceRunner(
            rollout, config, writer, checkpoints_local_dir=str(folder / "kept"), records_per_chunk=CHUNK
        )
        documents = [
            Document(
                text=request.id,
                id=request.id,
                metadata={"sent": wire.body(request, model=server.model, picture=lambda media_id: b"")},
            )
            for request in asked
        ]
        runner.run(documents)
    logger.enable("datatrove")
    lines = [json.loads(line) for path in (folder / "out").glob("*.jsonl") for line in path.open()]
    assert len(lines) == len(asked), f"stock datatrove wrote {len(lines)} of {len(asked)} rows"
    return sum(line["metadata"]["rollout_results"][0]["usage"]["completion_tokens"] for line in lines)


@contextmanager
def key_sent(key: str) -> Iterator[None]:
    """Stock datatrove sends no key to this host: a header is added to what it writes, and its probe is spared."""
    from datatrove.pipeline.inference.servers import EndpointServer

    connect, probe = asyncio.open_connection, EndpointServer.is_ready

    async def connected(*where: Any, **how: Any) -> Any:
        reader, writer = await connect(*where, **how)
        write, line = writer.write, f"Authorization: Bearer {key}\r\nConnection: close".encode()
        writer.write = lambda data: write(data.replace(b"Connection: close", line, 1))
        return reader, writer

    async def ready(self: Any) -> bool:
        return True

    asyncio.open_connection, EndpointServer.is_ready = connected, ready  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        asyncio.open_connection, EndpointServer.is_ready = connect, probe  # type: ignore[method-assign]


QWEN3_8B = {
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_window_layers": 36,
}
CLIENTS = {"ours": ours, "bare asyncio client": bare, "stock InferenceRunner": stock}


def measure(server: Server, *, count: int, tokens: int, rounds: int) -> dict[str, Any]:
    """Requests per second of each client, in turns; one round before does not count."""
    os.environ["BENCHMARK_KEY"] = server.key
    rates: dict[str, list[float]] = {name: [] for name in CLIENTS}
    written: dict[str, int] = {}
    for round_ in range(rounds + 1):
        for place, name in enumerate([*CLIENTS][round_ % len(CLIENTS) :] + [*CLIENTS][: round_ % len(CLIENTS)]):
            asked = requests(count if round_ else IN_FLIGHT, tokens, 10 * round_ + place)
            with tempfile.TemporaryDirectory() as folder:
                began = time.monotonic()
                written[name] = CLIENTS[name](server, asked, Path(folder))
                if round_:
                    rates[name].append(count / (time.monotonic() - began))
    middle = {name: statistics.median(found) for name, found in rates.items()}
    figures: dict[str, Any] = {f"{name}, requests/s": round(rate, 1) for name, rate in middle.items()}
    figures |= {f"{name}, requests/s by round": [round(one, 1) for one in found] for name, found in rates.items()}
    figures |= {f"{name}, tokens/s": round(rate * written[name] / count) for name, rate in middle.items()}
    figures |= {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    ratios = {name: round(middle["ours"] / rate, 3) for name, rate in middle.items() if name != "ours"}
    return {
        "ratios": ratios,
        "figures": figures,
        "versions": {name: version(name) for name in ("datatrove", "httpx2")} | {"vllm": VERSION},
        "sizes": {"requests": count, "tokens": tokens, "in_flight": IN_FLIGHT, "rounds": rounds, "chunk": CHUNK},
    }


def real_size(folder: Path, shape: dict[str, int] = QWEN3_8B) -> tuple[str, ...]:
    """Give a tiny model's folder the shape of a large one; vLLM draws the weights. Returns the options it needs."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | shape | {"layer_types": None}))
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    return "--load-format", "dummy", "--dtype", "bfloat16"


def main() -> None:
    """Serve, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="400 requests and two rounds instead of 2,000 and three")
    parser.add_argument("--model", help="what vLLM serves; by default a tiny random Qwen3")
    parser.add_argument(
        "--real-size",
        action="store_true",
        help="random weights of the shape of Qwen3 8B: nothing to download",
    )
    parser.add_argument("--tokens", type=int, default=32, help="tokens of an answer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, flags = options.model or str(tiny.text(Path(folder) / "tiny")), ()
        if options.real_size:
            flags = real_size(Path(model))
        with serving(model, max_len=1024, flags=flags, progress=lambda line: print(line, file=sys.stderr)) as server:
            found = measure(
                server, count=400 if options.quick else 2000, tokens=options.tokens, rounds=2 if options.quick else 3
            )
    found["sizes"]["model"] = options.model or f"random Qwen3, {'8B' if options.real_size else 'tiny'}"
    for title in ("figures", "ratios"):
        print(title)
        for name, value in found[title].items():
            print(f"  {name:<44}{value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
