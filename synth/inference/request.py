"""What is asked of a model, and what it answered."""

from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalog.ids import digest


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sampling(_Plain):
    """How a model draws its answers."""

    max_tokens: int = Field(256, ge=1, description="Most tokens of an answer")
    temperature: float = Field(1.0, ge=0, description="0 takes the most probable token each time")
    top_p: float = Field(1.0, gt=0, le=1, description="Nucleus: the most probable tokens up to this mass")
    n: int = Field(1, ge=1, description="Answers to one request")
    seed: int = Field(0, description="Same seed, same request, same server: same answers")
    stop: tuple[str, ...] = Field((), description="Texts before which an answer ends")
    logprobs: int | None = Field(None, ge=0, le=20, description="Most probable tokens given at each position")
    answer_schema: dict[str, Any] | None = Field(None, description="JSON schema that the answer is held to")


class Request(_Plain):
    """One question to a model.

    Args:
        id: Unique within a job; the reply has it.
        messages: A chat, in the shape of a sample's messages: `{"role", "content": [{"type", "text", "media_id"}]}`.
        prompt: A text to go on from, for a model without a chat template. Exactly one of the two is given.
        sampling: How the answer is drawn.
        classify: The chat is not to be answered, but to be given a label by a classifier.
    """

    id: str
    messages: tuple[dict[str, Any], ...] | None = None
    prompt: str | None = None
    sampling: Sampling = Sampling()
    classify: bool = False

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.messages is None) == (self.prompt is None):
            raise ValueError("a request has either messages (chat) or a prompt (completion)")
        if self.classify and self.messages is None:
            raise ValueError("what is to be classified is a chat: give messages")
        return self

    @cached_property
    def digest(self) -> str:
        """Digest of all that decides the answer besides the model: the id is not in it."""
        # One that asks for no label has the digest that its answers on disk were kept under before there were labels.
        return digest(self.model_dump(mode="json", exclude={"id"} if self.classify else {"id", "classify"}))

    @property
    def media_ids(self) -> list[str]:
        """Pictures in the order in which they stand."""
        parts = (part for message in self.messages or () for part in message["content"])
        return [part["media_id"] for part in parts if part["type"] == "image"]


class Token(_Plain):
    """A token of an answer, with its log-probability (natural logarithm) and the most probable ones in its place."""

    text: str
    logprob: float
    top: dict[str, float] = {}


class Choice(_Plain):
    """One answer.

    Args:
        text: What was written; of a classifier the label, empty where it gave none.
        finish_reason: Why it ends there; `length` where the text, or what a classifier was to read, is too long.
        tokens: The tokens of the text, where they were asked for.
        reasoning: What a reasoning parser of the server took out of the text.
        probs: Of a classifier: the probability of each label, in the order of the classifier.
    """

    text: str
    finish_reason: str | None = None
    tokens: tuple[Token, ...] | None = None
    reasoning: str | None = None
    probs: tuple[float, ...] | None = None


class Reply(_Plain):
    """What came back for a request: answers, or the word that says why there are none.

    Args:
        id: Id of the request.
        choices: `n` answers; none where it failed.
        model: What the server says it is.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written, over all answers.
        failure: None, or why: `refused_by_server` (4xx), `busy` (still, after all tries), `server_error` (5xx),
            `timeout`, `connection`, `malformed` (no answer of this dialect), `no_picture` (it could not be read).
        detail: More of it, without any text of the request.
    """

    id: str
    choices: tuple[Choice, ...] = ()
    model: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failure: str | None = None
    detail: str | None = None
