"""Options of `vllm serve`: those that every server here gets, and those that none may have."""

from collections.abc import Iterable

from synth.inference.environment import Device

MEMORY = 1 << 30  # bytes for attention keys and values on a CPU: vLLM would take most of the machine

# A prompt that is read in two steps makes vLLM wind a seeded generator back, which torch cannot do on a CPU: the
# engine would end, with every request in it.
WHOLE_PROMPTS = ("--no-enable-chunked-prefill",)
BATCHED = 8192  # tokens of prompts read in one step

# Whoever asks says how answers are drawn, not a file beside the weights; its special tokens still count.
SAMPLING = ("--generation-config", "vllm")
# Without the second a weak model writes white space until it may write no more. It needs the first.
JSON = ("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}')
# A picture comes with its request: nothing is fetched from the network for it.
PICTURES = ("--allowed-media-domains", "none.invalid")
SILENT = ("--disable-uvicorn-access-log",)
GUARD = ("--middleware", "safeladder_guard.Guard")

CODE, FILE = "--trust-remote-code", "--config"  # refused


def refuse_code(flags: Iterable[str]) -> None:
    """Refuse options that run programs which lie beside the weights.

    Raises:
        ValueError: If there is such an option, or a file is named that may hold one.
    """
    for name in (flag.partition("=")[0].replace("_", "-") for flag in flags if flag.startswith("--")):
        # vLLM takes any beginning of an option's name that fits no other.
        if name.startswith(CODE) or CODE.startswith(name):
            raise ValueError(f"{CODE} runs programs that lie beside the weights: no server here does that")
        if FILE.startswith(name):
            raise ValueError(f"{FILE} names a file of further options, which could hold {CODE}: name the options here")


def options_for(device: Device, max_len: int) -> list[str]:
    """Ours, before those of whoever starts the server: the last one counts."""
    own = [*SAMPLING, *JSON, *PICTURES, *SILENT, *GUARD]
    if device == "cpu":
        own += ["--enforce-eager", "--kv-cache-memory-bytes", str(MEMORY), "--distributed-executor-backend", "uni"]
        own += [*WHOLE_PROMPTS, "--max-num-batched-tokens", str(max(BATCHED, max_len))]
    return own
