"""Labelled rows for the tests of this floor, mild in both languages."""

from typing import Any

import polars as pl
import pytest

from catalog.ids import chat, prompt_id, sample_id
from catalog.labels import SAFETY, is_unsafe
from catalog.schema import BATCH
from catalog.text import with_text
from synth.inference.serve import serving
from tests.synth.inference import tiny


def make_row(prompt: str, response: str | None, label: str | None, **others: Any) -> dict[str, Any]:
    messages = chat(prompt, response, images=others.pop("images", ()))
    facts = dict.fromkeys(BATCH.names) | {
        "sample_id": sample_id(messages),
        "prompt_id": prompt_id(messages),
        "messages": messages,
        "source": "shelf",
        "task": "safety",
        "label": label,
        "unsafe": is_unsafe(label) if label in SAFETY else None,
        "origin": "human",
        "split": "train",
    }
    return facts | others


def make_table(*rows: dict[str, Any]) -> pl.DataFrame:
    return with_text(pl.DataFrame(list(rows), schema=dict(pl.Schema(BATCH)) | {"split": pl.String}))


@pytest.fixture
def corpus() -> pl.DataFrame:
    """Thirty-two rows: eight subjects in two languages, each with a harmless and a placeholder reply."""
    subjects = (
        ("dough", "Why does dough rise overnight?", "面团", "面团为什么会发酵？"),
        ("violins", "Which wood makes violins sing?", "小提琴", "小提琴用哪种木头？"),
        ("planets", "How far away is Neptune?", "行星", "海王星离我们多远？"),
        ("roses", "When should roses be pruned?", "玫瑰", "玫瑰何时修剪？"),
        ("bridges", "What holds suspension bridges up?", "吊桥", "吊桥靠大风支撑吗？"),
        ("turtles", "Where do turtles sleep?", "乌龟", "乌龟睡在哪里？"),
        ("chess", "Can pawns move backwards?", "象棋", "兵能后退吗？"),
        ("glaciers", "Are glaciers older than forests?", "冰川", "冰川有多古老？"),
    )
    rows = []
    for number, (thing, english, other, chinese) in enumerate(subjects):
        split = ("train", "test")[number % 2]
        rows += [
            make_row(english, f"A good library has shelves on {thing}.", "Safe without risk"),
            make_row(f"How do I misuse {thing}?", f"Step 1: [placeholder] {thing}.", "Unsafe", category="illicit"),
            make_row(chinese, f"图书馆里有许多介绍{other}的书，可以慢慢地看一看。", "Safe without risk"),
            make_row(f"怎么滥用{other}？", f"第一步：【占位】{other}。", "Unsafe", category="illicit"),
        ]
        for made in rows[-4:]:
            made.update(split=split, source_group=thing)
    return make_table(*rows)


@pytest.fixture
def row():
    return make_row


@pytest.fixture
def table():
    return make_table


# Real vLLM servers on tiny random models. Tests that use them carry `xdist_group("vllm")`: one worker starts them.
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
