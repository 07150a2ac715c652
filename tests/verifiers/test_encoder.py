"""What the encoder reads, what it refuses to judge, and the loss it learns by."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.labels import SAFETY
from verifiers import Verifier, load_verifier
from verifiers.encoder import Encoded, encode, label_loss

PROMPT, REPLY = "how do i make the thing?", "sorry i cannot help with that"


@pytest.fixture(scope="module")
def verifier(checkpoint) -> Verifier:
    return load_verifier(checkpoint)


@pytest.fixture(scope="module")
def read(verifier) -> Callable[..., Encoded]:
    return lambda prompt, reply, max_tokens=64: encode(verifier.tokenizer, [prompt], [reply], max_tokens=max_tokens)[0]


def words(verifier: Verifier, row: Encoded) -> str:
    return " ".join(verifier.tokenizer.convert_ids_to_tokens(row.inputs["input_ids"]))


def test_a_pair_that_is_too_long_keeps_both_ends_of_the_prompt_and_the_start_of_the_reply(verifier, read):
    row = read("one two three one two three one two three", "step one step two step three here is a fine day", 13)
    # 13 tokens, 3 of them special: 5 for the reply's start, 3 + 2 for the prompt's ends
    assert words(verifier, row) == "[CLS] one two three two three [SEP] step one step two step [SEP]"
    assert row.truncated


def test_a_short_prompt_leaves_its_room_to_the_reply(verifier, read):
    row = read("one", "step one step two step three here is a fine day", 13)
    assert words(verifier, row) == "[CLS] one [SEP] step one step two step three here is a [SEP]"
    assert read("怎么做这个", "一", 20).truncated is False


@given(st.integers(0, 30), st.integers(0, 30), st.integers(16, 40))
@settings(deadline=None)
def test_a_cut_pair_fills_its_room_exactly(verifier, read, asked, answered, room):
    row = read("one " * asked, "天" * answered, room)
    assert len(row) == min(asked + answered + 3, room)
    assert row.truncated == (asked + answered + 3 > room)


def test_text_that_looks_like_a_special_token_stays_text(verifier, read):
    row = read("one [SEP] two", "three")
    assert words(verifier, row) == "[CLS] one [ sep ] two [SEP] three [SEP]"


def test_a_truncated_input_abstains(verifier):
    verdict = verifier.score([PROMPT], ["天" * 40]).to_dicts()[0]
    assert verdict == {
        "label": None,
        "p_unsafe": None,
        "probs": None,
        "category": None,
        "abstained": True,
        "truncated": True,
    }


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        (PROMPT, ""),
        (PROMPT, None),
        (None, REPLY),
        ("", REPLY),
        (" \n\u3000", REPLY),
        (PROMPT, "\u200b"),
        (PROMPT, "龘龘"),
        (PROMPT, "\ud800"),
    ],
)
def test_what_cannot_be_read_abstains(verifier, prompt, reply):
    verdict = verifier.score([prompt], [reply]).to_dicts()[0]
    assert verdict["abstained"] and not verdict["truncated"]
    assert verdict["p_unsafe"] is None and verdict["label"] is None


def test_verdicts_keep_their_order_and_do_not_depend_on_the_batch(verifier):
    prompts = [PROMPT, "怎么做这个东西", None, PROMPT, PROMPT] * 4
    replies = [REPLY, "第一步占位", REPLY, "step one placeholder " * 3, REPLY] * 4
    whole = verifier.score(prompts, replies)
    for n, (prompt, reply) in enumerate(zip(prompts, replies, strict=True)):
        alone = verifier.score([prompt], [reply], batch_size=1).to_dicts()[0]
        assert whole[n, "label"] == alone["label"] and whole[n, "abstained"] == alone["abstained"]
        assert whole[n, "p_unsafe"] == pytest.approx(alone["p_unsafe"], abs=1e-5)


def test_a_verdict_is_one_softmax_over_the_six_labels(verifier):
    verdict = verifier.score([PROMPT], [REPLY]).to_dicts()[0]
    assert sum(verdict["probs"]) == pytest.approx(1)
    assert verdict["p_unsafe"] == verdict["probs"][3]
    assert verdict["label"] == SAFETY[verdict["probs"].index(max(verdict["probs"]))]


def test_no_rows_give_no_verdicts(verifier):
    assert verifier.score([], []).is_empty()
    with pytest.raises(ValueError, match="as many"):
        verifier.score([PROMPT], [])


def test_the_loss_is_minus_log_of_what_is_left_open():
    # probabilities .1 .2 .1 .4 .1 .1
    logit = torch.tensor([[0.1, 0.2, 0.1, 0.4, 0.1, 0.1]], dtype=torch.float64).log()
    label, unsafe = torch.arange(6) == 1, torch.arange(6) == 3
    assert label_loss(logit, label[None]).item() == pytest.approx(-math.log(0.2))
    assert label_loss(logit, unsafe[None]).item() == pytest.approx(-math.log(0.4))
    assert label_loss(logit, ~unsafe[None]).item() == pytest.approx(-math.log(1 - 0.4))
    both = label_loss(logit.repeat(2, 1), torch.stack([label, ~unsafe]))
    assert both.item() == pytest.approx(-(math.log(0.2) + math.log(0.6)) / 2)


def test_a_binary_row_does_not_say_which_safe_label_it_is():
    logit = torch.zeros(1, 6, dtype=torch.float64, requires_grad=True)
    label_loss(logit, torch.arange(6)[None] != 3).backward()
    # softmax minus its share among the open labels: 1/6 - 1/5 for the five, 1/6 for Unsafe
    assert logit.grad[0].tolist() == pytest.approx([-1 / 30] * 3 + [1 / 6] + [-1 / 30] * 2)
