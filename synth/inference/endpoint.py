"""Whom to ask: an OpenAI-compatible endpoint, or vLLM started for the job."""

import os
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from catalog.ids import digest

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

    def _build(self) -> dict[str, Any]:
        return {}


class Endpoint(_Engine):
    """A server that runs already.

    The key is taken from the environment when it is used, so that it stands in no file.
    """

    url: str = Field(description="Base address, with or without /v1")
    key_variable: str = Field("OPENAI_API_KEY", description="Environment variable that holds the key, if one is needed")

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
        return {"dtype": self.dtype, "max_len": self.max_len, "flags": self.flags}


Engine = Endpoint | Workers
