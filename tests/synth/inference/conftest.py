"""Real vLLM servers on tiny random models. Tests that use them carry `xdist_group("vllm")`: one worker starts them."""

import pytest

from synth.inference.serve import serving
from tests.synth.inference import tiny

# Room for what a tiny model keeps of its tokens; two servers stand at once.
SMALL = ("--kv-cache-memory-bytes", str(1 << 28))


@pytest.fixture(scope="session")
def tiny_text(tmp_path_factory):
    """A language model that writes nonsense; its folder."""
    return tiny.text(tmp_path_factory.mktemp("models") / "tiny-text")


@pytest.fixture(scope="session")
def tiny_vl(tmp_path_factory):
    """A model that looks at pictures and writes nonsense; its folder."""
    return tiny.vl(tmp_path_factory.mktemp("models") / "tiny-vl")


@pytest.fixture(scope="session")
def vllm_text(tiny_text):
    """The server of `tiny_text`: `url`, `model`, `key`, `revision`."""
    with serving(str(tiny_text), device="cpu", max_len=2048, flags=SMALL) as server:
        yield server


@pytest.fixture(scope="session")
def vllm_vl(tiny_vl):
    """The server of `tiny_vl`."""
    with serving(str(tiny_vl), device="cpu", max_len=2048, flags=SMALL) as server:
        yield server
