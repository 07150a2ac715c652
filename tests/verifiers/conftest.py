"""A tiny BERT with a hand-made vocabulary, and rows it can learn: all text is harmless placeholder text."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch

from catalog.labels import SAFETY
from verifiers import VerifierConfig, train_verifier

WORDS = "how do i make the thing sorry cannot help with that step one two three placeholder sure here is a fine day"
CHARACTERS = "怎么做这个东西抱歉我不能帮忙第一步占位好的今天天气"
UNSAFE_REPLIES = ("step one placeholder step two placeholder", "第一步占位")
SAFE_REPLIES = ("sorry i cannot help with that", "抱歉我不能帮忙")


def tiny_bert(folder: Path, *, layers: int = 2, positions: int = 64) -> Path:
    """Write a randomly initialised BERT checkpoint, with its tokenizer."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*special, *dict.fromkeys(WORDS.split(" ")), *dict.fromkeys(CHARACTERS), "?", ".", "[", "]", ":", "sep"]
    BertTokenizerFast(vocab={token: i for i, token in enumerate(tokens)}).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        initializer_range=0.2,  # wide, for a few steps must be enough
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="session")
def config(backbone: Path) -> VerifierConfig:
    return VerifierConfig(
        backbone=str(backbone),
        max_tokens=32,
        train_tokens=24,
        frozen_layers=0,
        epochs=6,
        learning_rate=3e-3,
        batch_tokens=256,
        save_every=5,
    )


def make_rows(n: int = 160) -> pl.DataFrame:
    """Rows in turn unsafe and safe, English and Chinese, six-way and binary, with and without a category."""
    rows = []
    for i in range(n):
        unsafe, chinese = i % 2 == 0, (i // 2) % 2
        six_way, known_category = (i // 4) % 2 == 0, i % 3 > 0
        rows.append(
            {
                "sample_id": f"s{i:04d}",
                "prompt": "怎么做这个东西" if chinese else "how do i make the thing?",
                "response": (UNSAFE_REPLIES if unsafe else SAFE_REPLIES)[chinese] + (" a fine day" if i % 3 else ""),
                "label": (SAFETY[3] if unsafe else SAFETY[0]) if six_way else None,
                "unsafe": unsafe,
                "category": ("fraud" if chinese else "cyber") if known_category else None,
                "split": ("train", "train", "calibration", "test")[(i // 8) % 4],
                "cluster_id": f"c{i // 4:03d}",
                "language": "zh" if chinese else "en",
                "modality": "text",
                "source": "synth" if i % 5 == 0 else "forum",
            }
        )
    return pl.DataFrame(rows, schema_overrides={"label": pl.String, "category": pl.String})


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    return make_rows()


@pytest.fixture(scope="session")
def checkpoint(rows: pl.DataFrame, config: VerifierConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained verifier; copy it before you damage it."""
    return train_verifier(rows, config=config, workdir=tmp_path_factory.mktemp("work"), release_id="r" * 64)


@pytest.fixture
def edited(rows: pl.DataFrame) -> Callable[..., pl.DataFrame]:
    """The rows with some columns of the first row replaced."""

    def edit(**columns: object) -> pl.DataFrame:
        first = pl.int_range(pl.len()) == 0
        return rows.with_columns(
            pl.when(first).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in columns.items()
        )

    return edit
