"""Requests per second at 64 in flight: `synth.inference.complete` beside a bare asyncio client and stock datatrove.

All three ask the same vLLM server the same requests in turns, and the median of the rounds' ratios counts. Two kinds:
`answers` of 32 tokens, and `verdicts` as a judge asks for them, one token with its log-probabilities. The bare client
is aiohttp, as ours is inside, and keeps nothing. Stock datatrove runs its `InferenceRunner` with checkpoints, as a job
must that may be killed: it commits every answer to an SQLite file and waits for the disk each time, so that it stalls
where the server is faster than that; `commits/s` says how fast the disk was. Ours hands each answer to the system and
lets it write: as safe when the process is killed, not when the power fails. The server is one for all and wants a key,
which stock datatrove cannot send to a server on the same host: the header is added to its requests, nothing else.

By default the model is tiny and random, so that the server is as fast as it gets and whatever a client costs shows.
`--model google/gemma-3-270m --completion` asks a pretrained one. The last line is one JSON object: `ratios` (how many
times the peer's throughput ours is), `figures`, `versions`, `sizes`.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is called like the room that it measures

from synth.inference import Endpoint, Request, Sampling, complete, wire  # noqa: E402
from synth.inference.environment import VERSION  # noqa: E402
from synth.inference.serve import Server, serving  # noqa: E402
from tests.synth.inference import tiny  # noqa: E402

IN_FLIGHT = 64
WRITERS = 2  # processes that make the disk busy
CHUNK = 100  # documents between two checkpoints of stock datatrove; its default of 6,000 keeps none in a job this small


def requests(kind: str, count: int, *, tokens: int, completion: bool, round_: str) -> list[Request]:
    """No two are the same, so that no cache helps."""
    asked = []
    for n in range(count):
        drawn = Sampling(max_tokens=tokens, seed=n) if kind == "answers" else Sampling(max_tokens=1, logprobs=5, seed=n)
        text, id_ = f"Tell {n} of {round_}.", f"{kind}-{round_}-{n}"
        if completion:
            asked.append(Request(id=id_, prompt=text, sampling=drawn))
        else:
            content = [{"type": "text", "text": text, "media_id": None}]
            asked.append(Request(id=id_, messages=({"role": "user", "content": content},), sampling=drawn))
    return asked


def ours(server: Server, asked: list[Request], folder: Path) -> int:
    """Our layer: every reply on disk at the end."""
    engine = Endpoint(url=server.url, model=server.model, concurrency=IN_FLIGHT, key_variable="BENCHMARK_KEY")
    replies = complete(asked, engine, folder=folder)
    return sum(reply.completion_tokens for reply in replies)


def bare(server: Server, asked: list[Request], folder: Path) -> int:
    """As little as can be done: the answers' texts in a list."""
    import aiohttp

    async def run() -> int:
        gate = asyncio.Semaphore(IN_FLIGHT)
        headers = {"Authorization": f"Bearer {server.key}"}
        connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=600)
        async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as session:

            async def ask(request: Request) -> dict[str, Any]:
                to = server.url.removesuffix("/v1") + wire.path(request)
                async with gate, session.post(to, json=sent(server, request)) as answer:
                    found: dict[str, Any] = await answer.json()
                    return found

            answers = await asyncio.gather(*map(ask, asked))
        return sum(answer["usage"]["completion_tokens"] for answer in answers)

    return asyncio.run(run())


def sent(server: Server, request: Request) -> dict[str, Any]:
    """The JSON that all three send."""
    return wire.body(request, model=server.model, picture=lambda media_id: b"")


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
            use_chat=asked[0].messages is not None,
            max_concurrent_generations=IN_FLIGHT,
            metric_interval=3600,
        )
        writer = JsonlWriter(str(folder / "out"), output_filename="${rank}_${chunk_index}.jsonl", compression=None)
        runner = InferenceRunner(
            rollout, config, writer, checkpoints_local_dir=str(folder / "kept"), records_per_chunk=CHUNK
        )
        documents = [Document(text=one.id, id=one.id, metadata={"sent": sent(server, one)}) for one in asked]
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
KINDS = ("answers", "verdicts")
CLIENTS = {"ours": ours, "bare asyncio client": bare, "stock InferenceRunner": stock}


def measure(server: Server, *, count: int, tokens: int, completion: bool, rounds: int) -> dict[str, Any]:
    """Requests per second of each client, kind and disk, in turns; one round before does not count."""
    os.environ["BENCHMARK_KEY"] = server.key
    ratios: dict[str, float] = {}
    figures: dict[str, Any] = {}
    for kind, disk in product(KINDS, DISKS):
        rates: dict[str, list[float]] = {name: [] for name in CLIENTS}
        cpu: dict[str, list[float]] = {name: [] for name in CLIENTS}
        case = f"{kind}, {disk}" if disk else kind
        with DISKS[disk]():
            for round_ in range(rounds + 1):
                for place, name in enumerate([*CLIENTS][round_ % len(CLIENTS) :] + [*CLIENTS][: round_ % len(CLIENTS)]):
                    number, of = count if round_ else IN_FLIGHT, f"{disk}{10 * round_ + place}"
                    asked = requests(kind, number, tokens=tokens, completion=completion, round_=of)
                    with tempfile.TemporaryDirectory() as folder:
                        began, before = time.monotonic(), time.process_time()
                        written = CLIENTS[name](server, asked, Path(folder))
                        seconds, spent = time.monotonic() - began, time.process_time() - before
                    if round_:
                        rates[name].append(number / seconds)
                        cpu[name].append(1000 * spent / number)
                        figures[f"{case}, {name}, tokens of an answer"] = round(written / number, 1)
            figures[f"{case}, SQLite commits/s of the disk"] = round(commits())
        for name, found in rates.items():
            figures[f"{case}, {name}, requests/s"] = round(statistics.median(found), 1)
            figures[f"{case}, {name}, requests/s by round"] = [round(one, 1) for one in found]
            figures[f"{case}, {name}, CPU ms of the client per request"] = round(statistics.median(cpu[name]), 2)
            if name != "ours":
                pairs = [own / peer for own, peer in zip(rates["ours"], found, strict=True)]
                ratios[f"{case}, {name}"] = round(statistics.median(pairs), 3)
    figures |= {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    return {
        "ratios": ratios,
        "figures": figures,
        "versions": {name: version(name) for name in ("datatrove", "aiohttp")} | {"vllm": VERSION},
        "sizes": {"requests": count, "tokens": tokens, "in_flight": IN_FLIGHT, "rounds": rounds, "chunk": CHUNK},
    }


@contextmanager
def busy_disk() -> Iterator[None]:
    """Other processes write to the disk where the clients keep their answers, and wait for it."""
    line = (
        "import os, sys; block, parent = bytes(4 << 20), os.getppid()\n"
        "file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_DSYNC)\n"
        "while os.getppid() == parent: os.pwrite(file, block, 0)"
    )
    with tempfile.TemporaryDirectory() as folder:
        writers = [subprocess.Popen([sys.executable, "-c", line, f"{folder}/{n}"]) for n in range(WRITERS)]
        try:
            yield
        finally:
            for writer in writers:
                writer.kill()
                writer.wait()


DISKS = {"": nullcontext, "busy disk": busy_disk}


def commits(number: int = 50) -> float:
    """Transactions of one row per second, where the clients keep their answers."""
    with tempfile.TemporaryDirectory() as folder:
        file = sqlite3.connect(Path(folder) / "rows.sqlite3")
        file.execute("CREATE TABLE rows (text TEXT)")
        began = time.monotonic()
        for _ in range(number):
            file.execute("INSERT INTO rows VALUES ('x')")
            file.commit()
        seconds = time.monotonic() - began
        file.close()
    return number / seconds


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
    parser.add_argument("--quick", action="store_true", help="three rounds instead of seven, with fewer requests")
    parser.add_argument("--model", help="what vLLM serves; by default a tiny random Qwen3")
    parser.add_argument("--completion", action="store_true", help="for a model without a chat template")
    parser.add_argument(
        "--real-size",
        action="store_true",
        help="random weights of the shape of Qwen3 8B: nothing to download",
    )
    parser.add_argument("--tokens", type=int, default=32, help="tokens of an answer")
    parser.add_argument("--requests", type=int, help="in a round; by default 1,000, or 400 with --quick")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, flags = options.model or str(tiny.text(Path(folder) / "tiny")), ()
        if options.real_size:
            flags = real_size(Path(model))
        with serving(model, max_len=1024, flags=flags, progress=lambda line: print(line, file=sys.stderr)) as server:
            found = measure(
                server,
                count=options.requests or (400 if options.quick else 1000),
                tokens=options.tokens,
                completion=options.completion,
                rounds=3 if options.quick else 7,
            )
    found["sizes"]["model"] = options.model or f"random Qwen3, {'8B' if options.real_size else 'tiny'}"
    for title in ("figures", "ratios"):
        print(title)
        for name, value in found[title].items():
            print(f"  {name:<56}{value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
