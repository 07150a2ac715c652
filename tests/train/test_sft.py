"""The cold start learns what it is shown, and counts only the completion."""

import math

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from train.config import PerKind, SFTConfig
from train.sampling import generate
from train.sft import IGNORED, _padded, _tokens, finetune

PAIRS = [("User: What is 3 + 4?\nAssistant:", " 7"), ("User: 怎么煮鸡蛋？\nAssistant:", " 煮八分钟")]
CONFIG = SFTConfig(rows=PerKind(harmful=0, benign=1, math=1), epochs=100, batch=2, learning_rate=1e-2)


def test_only_the_completion_and_its_end_are_counted(policy):
    tokenizer = AutoTokenizer.from_pretrained(policy)
    rows = [_tokens(tokenizer, pair) for pair in PAIRS]
    batch = _padded(rows, tokenizer.pad_token_id)
    for i, (_, completion) in enumerate(PAIRS):
        counted = batch["labels"][i][batch["labels"][i] != IGNORED].tolist()
        assert tokenizer.decode(counted) == completion + "<eos>"
    assert (batch["input_ids"][batch["attention_mask"] == 0] == tokenizer.pad_token_id).all()


def test_it_learns_to_say_what_it_was_shown_and_says_it_again_with_the_same_seed(policy, tmp_path):
    loss = finetune(policy, tmp_path / "a", PAIRS, CONFIG, seed=3)
    finetune(policy, tmp_path / "b", PAIRS, CONFIG, seed=3)
    assert loss < 5 < math.log(586)  # of a model that knows nothing; the frozen small embeddings allow no less than 4
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "a", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "a")
    samples = generate(model, tokenizer, [prompt for prompt, _ in PAIRS], max_new_tokens=12, temperature=0)
    assert [tokenizer.decode(s.ids, skip_special_tokens=True) for s in samples] == [reply for _, reply in PAIRS]
    start = AutoModelForCausalLM.from_pretrained(policy, dtype=torch.float32)
    assert model.get_input_embeddings().weight.equal(start.get_input_embeddings().weight)


def test_no_pairs_is_an_error(policy, tmp_path):
    with pytest.raises(ValueError, match="no pairs"):
        finetune(policy, tmp_path / "x", [], CONFIG)
