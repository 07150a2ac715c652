"""Whom to ask: an OpenAI-compatible endpoint, or vLLM started for the job."""

import os
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from catalog.ids import digest
from catalog.models import resolve, weights_digest
from synth.inference.environment import device_here

Style = Literal["chat", "completion"]


class _Engine(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="Name the server knows it by; for `vllm` a directory, pack or hub id")
    style: Style = Field("chat", description="completion for a base model without a chat template")
    revision: str | None = Field(None, description="Which weights: a commit, or anything that changes when they do")
    concurrency: int = Field(64, ge=1, description="Requests in flight")
    timeout_s: float = Field(600, gt=0, description="Longest wait for one answer, in seconds")
    attempts: int = Field(6, ge=1, description="Tries of a request that meets a busy or broken server")

    @property
    def identity(self) -> str:
        """Digest of what decides an answer besides the request: where the server stands does not."""
        return digest({"model": self.model, "revision": self.revision, "style": self.style} | self._build())

    @property
    def name(self) -> str:
        """How messages call it."""
        return repr(self.model)

    def _build(self) -> dict[str, Any]:
        return {}


class Endpoint(_Engine):
    """A server that runs already.

    The key is taken from the environment when it is used, so that it stands in no file.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # a wrong address may hold a key

    url: str = Field(description="Base address, with or without /v1")
    key_variable: str = Field("OPENAI_API_KEY", description="Environment variable that holds the key, if one is needed")

    @field_validator("url")
    @classmethod
    def _an_address_alone(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("an address looks like http://127.0.0.1:8000/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "an address is written into files and messages, so it holds no user, password or query; give a key by: "
                "export OPENAI_API_KEY=..."
            )
        return url

    @property
    def name(self) -> str:
        return f"{self.model!r} at {self.url}"

    @property
    def base(self) -> str:
        return self.url.rstrip("/").removesuffix("/v1")

    @property
    def key(self) -> str | None:
        return os.environ.get(self.key_variable)


class Workers(_Engine):
    """vLLM that each worker starts for itself, on loopback, and takes down at the end."""

    device: Literal["cpu", "gpu"] | None = Field(None, description="By default what is there")
    max_len: int = Field(4096, ge=16, description="Context of the server, in tokens")
    tensor_parallel: int = Field(1, ge=1, description="GPUs that share one copy of the model")
    dtype: str = Field("auto", description="As vLLM names it")
    flags: dict[str, str | bool] = Field({}, description="Further options of `vllm serve`, without the dashes")

    def _build(self) -> dict[str, Any]:
        weights = {"weights": _weights(self.model), "device": self.device or _device_here()}
        return weights | {"dtype": self.dtype, "max_len": self.max_len, "flags": self.flags}


_device_here = cache(device_here)


@cache
def _weights(model: str) -> str:
    """Digest of the files; they are large, and read once."""
    return weights_digest(resolve(model))


Engine = Endpoint | Workers
