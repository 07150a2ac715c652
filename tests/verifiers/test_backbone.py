"""A verifier on a language model: where the reply begins, where the labels are read, and plain loading."""

import polars as pl
import pytest
import torch
from scipy.special import softmax
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.synth.inference import tiny
from verifiers import VerifierConfig, load_verifier, train_verifier
from verifiers.backbone import load_tokenizer


@pytest.fixture(scope="module")
def language_model(tmp_path_factory):
    return tiny.text(tmp_path_factory.mktemp("qwen3"))


@pytest.fixture(scope="module")
def causal(language_model, rows, tmp_path_factory):
    config = VerifierConfig(
        backbone=str(language_model),
        max_tokens=128,
        train_tokens=128,
        frozen_layers=0,
        epochs=3,
        learning_rate=3e-3,
        batch_tokens=1024,
    )
    return train_verifier(rows, config=config, workdir=tmp_path_factory.mktemp("work"), release_id="r" * 64)


def test_it_learns_and_names_categories(causal, rows):
    test = rows.filter(pl.col("split") == "test")
    verdicts = load_verifier(causal).score(test["prompt"].to_list(), test["response"].to_list())
    assert ((verdicts["p_unsafe"] >= 0.5) == test["unsafe"]).mean() > 0.95
    assert set(verdicts.filter(test["language"] == "zh")["category"]) == {"fraud"}


def test_a_verdict_does_not_depend_on_its_neighbours(causal):
    verifier, prompts, replies = load_verifier(causal), ["how do i?", "怎么"], ["step one", "抱歉我不能帮忙" * 3]
    together = verifier.predict(prompts, replies)
    for n, (prompt, reply) in enumerate(zip(prompts, replies, strict=True)):
        alone = verifier.predict([prompt], [reply])
        assert alone.logit_NL[0] == pytest.approx(together.logit_NL[n], abs=1e-4)
        assert alone.category_N[0] == together.category_N[n]


def test_plain_transformers_gives_the_same_probabilities(causal):
    prompts, replies = ["how do i make the thing?", "怎么做"], ["step one placeholder", "抱歉"]
    inputs = AutoTokenizer.from_pretrained(causal)(prompts, replies, padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits = AutoModelForSequenceClassification.from_pretrained(causal, dtype=torch.float32)(**inputs).logits
    told = load_verifier(causal).score(prompts, replies)["probs"].to_list()
    assert softmax(logits.numpy(), axis=1).tolist() == [pytest.approx(probs, abs=1e-5) for probs in told]


def test_what_moves_from_the_prompt_to_the_reply_reads_differently(language_model, causal):
    end = load_tokenizer(language_model).eos_token
    ids = load_tokenizer(language_model)(["a b"], ["c"])["input_ids"][0]
    assert load_tokenizer(language_model).convert_ids_to_tokens(ids).count(end) == 2
    one, other = load_verifier(causal).predict(["step one", "step"], [" two", " one two"]).logit_NL
    assert one != pytest.approx(other)


@pytest.mark.parametrize(
    ("prompt", "reply"), [(" \n", "step one"), ("how do i?", "\u3000"), (None, "one"), ("how", "")]
)
def test_what_is_blank_is_not_judged(causal, prompt, reply):
    (verdict,) = load_verifier(causal).score([prompt], [reply]).iter_rows(named=True)
    assert verdict["abstained"] and verdict["p_unsafe"] is None and not verdict["truncated"]


def test_a_tokenizer_that_cannot_end_a_text_is_an_error(tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(tiny.text(tmp_path / "model"))
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path / "without")
    with pytest.raises(ValueError, match="end-of-sequence"):
        load_tokenizer(tmp_path / "without")
