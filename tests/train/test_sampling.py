"""Own generation against transformers' own, and its three promises: order, seed, end."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from train.sampling import generate

PROMPTS = ["User: What is 3 + 4?\nAssistant:", "User: 怎么煮鸡蛋？\nAssistant:", "Hi"]


@pytest.fixture(scope="module")
def parts(policy):
    model = AutoModelForCausalLM.from_pretrained(policy, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(policy)


def greedy(model, tokenizer, prompt, tokens):
    """One token after the other, without cache or padding."""
    ids = tokenizer(prompt).input_ids
    start = len(ids)
    while len(ids) < start + tokens and ids[-1] != tokenizer.eos_token_id:
        with torch.no_grad():
            ids.append(model(torch.tensor([ids])).logits[0, -1].argmax().item())
    return ids[start:]


def test_padding_and_leaving_rows_change_nothing(parts):
    model, tokenizer = parts
    prompts = PROMPTS * 3
    samples = generate(model, tokenizer, prompts, max_new_tokens=20, temperature=0)
    assert [sample.ids for sample in samples] == [greedy(model, tokenizer, prompt, 20) for prompt in prompts]
    small = generate(model, tokenizer, prompts, max_new_tokens=20, temperature=0, batch=2)
    assert small == samples


def test_a_sample_ends_with_the_end_token_or_is_truncated(parts):
    model, tokenizer = parts
    samples = generate(model, tokenizer, PROMPTS * 20, max_new_tokens=6, seed=1)
    assert {sample.truncated for sample in samples} == {True, False}
    for sample in samples:
        assert sample.truncated == (tokenizer.eos_token_id not in sample.ids)
        assert sample.truncated or sample.ids.index(tokenizer.eos_token_id) == len(sample.ids) - 1
        assert len(sample.ids) == 6 or not sample.truncated


def test_the_seed_decides_and_the_mode_of_the_model_is_left_as_it_was(parts):
    model, tokenizer = parts
    model.train()
    first, again, other = (generate(model, tokenizer, PROMPTS, max_new_tokens=12, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert model.training


def test_nothing_in_nothing_out(parts):
    assert generate(*parts, [], max_new_tokens=4) == []
