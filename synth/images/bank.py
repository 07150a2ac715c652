"""Pictures that are not drawn here: from a folder, or from a diffusion model."""

from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from catalog.ids import digest, media_id
from catalog.media import SUFFIXES, open_image
from synth.errors import NotApplicable
from synth.images.leakage import content_terms
from synth.images.topic import topic
from synth.phrases import phrase

ImageSource = Callable[[str, Random], tuple[bytes, dict[str, Any]]]
"""`(topic, rng) -> (file, spec)`; the spec says where the file is from. Raises `NotApplicable("no_picture")`."""

_SUFFIXES = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}


class Pictured(NamedTuple):
    """A picture of a topic from a source, and the neutral question that stands beside it."""

    spec: dict[str, Any]
    data: bytes
    text: str


def pictured(prompt: str, source: ImageSource, *, rng: Random, held_out: bool) -> Pictured:
    """As `split_risk`, with a picture of the topic instead of its words.

    Args:
        prompt: A how-to request of one sentence, in English or Chinese.
        source: Where pictures come from.
        rng: Chooses picture and question.
        held_out: Use the questions kept for calibration and test.

    Raises:
        NotApplicable: `no_topic`, `too_long` or `other_language`; `no_picture` where the source has none.
        BadImage: If the source gives a file that is no picture (`catalog.media`).
    """
    deed, tongue = topic(prompt)
    data, spec = source(deed, rng)
    open_image(data)
    return Pictured(spec, data, phrase("split_risk", tongue, rng=rng, held_out=held_out))


def from_folder(folder: Path) -> ImageSource:
    """Pictures of a folder whose file names say what they show: `door lock.png`, `门锁 2.jpg`.

    A picture fits a topic that holds every content term of its name. Of those that fit, the files stand on a ring in
    the order of their digests, and the first after a digest drawn by the random state is taken: a file more or less
    in the folder changes few choices.

    Args:
        folder: Files in formats that the store takes; those in folders below are not looked at.

    Raises:
        FileNotFoundError: If there is no such folder, or no picture in it.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise FileNotFoundError(f"{folder}: no picture here; expected files ending in {', '.join(sorted(_SUFFIXES))}")
    ring = sorted((media_id(path.read_bytes()), path.name, content_terms(_shows(path))) for path in files)

    def source(topic: str, rng: Random) -> tuple[bytes, dict[str, Any]]:
        terms = content_terms(topic)
        fitting = [(sha256, name) for sha256, name, named in ring if named and named <= terms]
        if not fitting:
            raise NotApplicable("no_picture")
        start = bisect_left(fitting, (digest([topic, rng.random()]), ""))
        sha256, name = fitting[start % len(fitting)]
        data = (folder / name).read_bytes()
        if media_id(data) != sha256:
            raise ValueError(f"{folder / name} has changed since the folder was read: read it again")
        return data, {"kind": "folder", "file": name, "sha256": sha256}

    return source


def _shows(path: Path) -> str:
    return path.stem.rstrip("0123456789 _-").replace("_", " ")


def from_diffusers(model: str, *, revision: str, steps: int = 30, side: int = 768, device: str = "cuda") -> ImageSource:
    """Pictures that a diffusion model paints of a topic; needs `diffusers` and a GPU.

    The spec records model, revision, prompt, seed and versions. A GPU of another make may paint other pixels, so such
    a picture is known by its digest and cannot be drawn again to the bit.

    Args:
        model: Folder or name of the weights.
        revision: Their revision.
        steps: Denoising steps.
        side: Width and height in pixels, a multiple of 8.
        device: As torch names it.

    Raises:
        ImportError: If `diffusers` is not installed.
    """
    try:
        import diffusers
    except ImportError:
        raise ImportError("pictures from a diffusion model need another package: pip install diffusers") from None
    import io

    import torch

    pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(model, revision=revision).to(device)

    def source(topic: str, rng: Random) -> tuple[bytes, dict[str, Any]]:
        seed = rng.randrange(2**31)
        painted = pipeline(
            prompt=topic,
            num_inference_steps=steps,
            width=side,
            height=side,
            generator=torch.Generator("cpu").manual_seed(seed),  # the same noise on every device
        )
        png = io.BytesIO()
        painted.images[0].save(png, format="PNG")
        spec = {
            "kind": "diffusers",
            "model": model,
            "revision": revision,
            "prompt": topic,
            "seed": seed,
            "steps": steps,
        }
        versions = {"diffusers": diffusers.__version__, "torch": torch.__version__}
        return png.getvalue(), spec | {"side": side, "versions": versions}

    return source
