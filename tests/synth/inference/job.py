"""A job of image and text requests, in a process of its own that can be killed: `job.py FOLDER URL OUT COUNT TASKS`."""

import hashlib
import io
import json
import sys
from pathlib import Path

from PIL import Image

from synth.inference import Endpoint, Executor, Request, Sampling, complete


def pictures(count: int) -> dict[str, bytes]:
    """Small pictures, each of another colour, by their digest."""
    made = {}
    for n in range(count):
        png = io.BytesIO()
        Image.new("RGB", (56, 56), (n * 37 % 256, n * 91 % 256, n * 53 % 256)).save(png, format="PNG")
        made[hashlib.sha256(png.getvalue()).hexdigest()] = png.getvalue()
    return made


PICTURES = pictures(50)


def requests(count: int) -> list[Request]:
    """Every second one shows a picture."""
    ids = sorted(PICTURES)
    made = []
    for n in range(count):
        parts = [{"type": "text", "text": f"Describe number {n}. 描述一下。", "media_id": None}]
        if n % 2:
            parts.insert(0, {"type": "image", "text": None, "media_id": ids[n % len(ids)]})
        sampling = Sampling(max_tokens=12, seed=n, temperature=0.8)
        made.append(Request(id=f"row-{n:04d}", messages=({"role": "user", "content": parts},), sampling=sampling))
    return made


def main(folder: str, url: str, out: str, count: int, tasks: int) -> None:
    engine = Endpoint(url=url, model="tiny-vl", concurrency=64 // tasks, timeout_s=20, attempts=8)
    executor = Executor(tasks=tasks)
    picture = PICTURES.__getitem__
    replies = complete(requests(count), engine, folder=Path(folder), picture=picture, executor=executor)
    Path(out).write_text(json.dumps([reply.model_dump() for reply in replies]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
