"""A verifier on a language model: where the reply begins, where the labels are read, and plain loading."""

import json

import polars as pl
import pytest
import torch
from scipy.special import softmax
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.synth.inference import tiny
from verifiers import Verifier, VerifierConfig, load_verifier, train_verifier
from verifiers.backbone import load_tokenizer, new_model
from verifiers.checkpoint import save_model, seal
from verifiers.encoder import encode, padded

END, TURN = "<|endoftext|>", "<|im_end|>"
KINDS = {  # how the tokenizers of language models on the hub differ; each is written as its family writes it
    "an end of its own": {"tokenizer_class": "Qwen2Tokenizer", "eos_token": TURN, "pad_token": END},
    "the end pads": {"tokenizer_class": "Qwen2Tokenizer", "eos_token": END, "pad_token": END},
    "no padding": {"tokenizer_class": "GPT2Tokenizer", "bos_token": END, "eos_token": END, "unk_token": END},
    "template built anew": {"tokenizer_class": "GPTNeoXTokenizer", "bos_token": END, "eos_token": END},
    "pads on the left": {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": TURN,
        "pad_token": END,
        "padding_side": "left",
    },
}
SHORT_AND_LONG = ["how do i?", "怎么"], ["step one", "抱歉我不能帮忙" * 3]


@pytest.fixture(scope="module", params=KINDS)
def language_model(request, tmp_path_factory):
    folder = tiny.text(tmp_path_factory.mktemp("qwen3"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 4096} | KINDS[request.param]))
    return folder


@pytest.fixture(scope="module")
def causal(language_model, rows, config, tmp_path_factory):
    other = {"backbone": str(language_model), "max_tokens": 128, "train_tokens": 128, "epochs": 3, "batch_tokens": 1024}
    asked = config.model_copy(update=other)
    return train_verifier(rows, config=asked, workdir=tmp_path_factory.mktemp("work"), release_id="r" * 64)


def test_it_learns_and_names_categories(causal, rows):
    test = rows.filter(pl.col("split") == "test")
    verdicts = load_verifier(causal).score(test["prompt"].to_list(), test["response"].to_list())
    assert ((verdicts["p_unsafe"] >= 0.5) == test["unsafe"]).mean() > 0.95
    assert set(verdicts.filter(test["language"] == "zh")["category"]) == {"fraud"}


def logits(verifier, pairs):
    """Of labels and of categories, as one batch."""
    rows = encode(verifier.tokenizer, *pairs, max_tokens=128)
    with torch.inference_mode():
        return [said.numpy() for said in verifier.model(**padded(verifier.tokenizer, rows, torch.device("cpu")))]


def test_a_verdict_does_not_depend_on_its_neighbours(causal):
    verifier = load_verifier(causal)
    together = logits(verifier, SHORT_AND_LONG)
    for n, pair in enumerate(zip(*SHORT_AND_LONG, strict=True)):
        for alone, among in zip(logits(verifier, [[side] for side in pair]), together, strict=True):
            assert alone[0] == pytest.approx(among[n], abs=1e-4)


def test_what_is_loaded_is_what_was_trained(language_model, tmp_path):
    config = VerifierConfig(backbone=str(language_model), max_tokens=128, frozen_layers=0)
    tokenizer = load_tokenizer(language_model)
    made = Verifier(new_model(language_model, tokenizer, 2, config=config).eval(), tokenizer, ("cyber", "fraud"), 128)
    save_model(made, tmp_path)
    seal(tmp_path, {"max_tokens": 128})
    for before, after in zip(*(logits(one, SHORT_AND_LONG) for one in (made, load_verifier(tmp_path))), strict=True):
        assert after == pytest.approx(before, abs=1e-5)


def test_labels_and_categories_are_read_where_the_reply_ends(language_model):
    config = VerifierConfig(backbone=str(language_model), max_tokens=128, frozen_layers=0)
    tokenizer = load_tokenizer(language_model)
    model = new_model(language_model, tokenizer, 2, config=config).eval()
    batch = padded(tokenizer, encode(tokenizer, *SHORT_AND_LONG, max_tokens=128), torch.device("cpu"))
    states = model.classifier.model(**batch).last_hidden_state.detach()
    last = batch["attention_mask"].sum(1) - 1  # padding stands on the right
    assert batch["input_ids"][[0, 1], last].tolist() == [tokenizer.eos_token_id] * 2
    for head, said in zip((model.classifier.score, model.category), model(**batch), strict=True):
        assert said.detach() == pytest.approx(head(states[[0, 1], last]).detach(), abs=1e-5)


def test_every_token_that_the_vocabulary_knows_is_known(language_model):
    (row,) = encode(load_tokenizer(language_model), ["how"], ["step"], max_tokens=128)
    assert row.unknown == 0 and row.readable


def test_plain_transformers_gives_the_same_probabilities(causal):
    prompts, replies = SHORT_AND_LONG
    inputs = AutoTokenizer.from_pretrained(causal)(prompts, replies, padding=True, return_tensors="pt")
    with torch.inference_mode():
        said = AutoModelForSequenceClassification.from_pretrained(causal, dtype=torch.float32)(**inputs).logits
    told = load_verifier(causal).score(prompts, replies)["probs"].to_list()
    assert softmax(said.numpy(), axis=1).tolist() == [pytest.approx(probs, abs=1e-5) for probs in told]


def test_what_moves_from_the_prompt_to_the_reply_reads_differently(language_model, causal):
    end = load_tokenizer(language_model).eos_token
    ids = load_tokenizer(language_model)(["a b"], ["c"])["input_ids"][0]
    assert load_tokenizer(language_model).convert_ids_to_tokens(ids)[1:].count(end) == 2
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


def test_what_is_no_encoder_or_language_model_is_refused(tmp_path):
    from transformers import BartConfig, BartForSequenceClassification

    shape = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    heads = {"encoder_attention_heads": 1, "decoder_attention_heads": 1, "vocab_size": 600}
    BartForSequenceClassification(BartConfig(**shape, **heads)).save_pretrained(tmp_path)
    tokenizer = load_tokenizer(tiny.text(tmp_path / "qwen3"))
    with pytest.raises(ValueError, match="no encoder or language model"):
        new_model(tmp_path, tokenizer, 0, config=VerifierConfig(backbone=str(tmp_path)))
