"""A trimmed vocabulary reads its corpus as before, and still reads everything else."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from train.vocabulary import trim_vocabulary

CORPUS = [
    "User: How do I boil an egg?\nAssistant: <think>A normal question.</think>Boil it for eight minutes.",
    "User: 怎么煮鸡蛋？\nAssistant: <think>普通问题。</think>煮八分钟，然后用冷水冲。",
]


@pytest.fixture(scope="module")
def trimmed(policy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trim") / "small"
    return folder, trim_vocabulary(policy, folder, CORPUS)


def test_the_corpus_splits_as_before_and_the_model_says_the_same(policy, trimmed):
    folder, report = trimmed
    assert report.identical_share == 1.0 and report.after < report.before
    full, small = (AutoTokenizer.from_pretrained(path) for path in (policy, folder))
    big, cut = (AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32) for path in (policy, folder))
    assert report.after == len(small) == cut.get_input_embeddings().num_embeddings
    assert report.parameters == sum(p.numel() for p in cut.parameters())
    for text in CORPUS:
        old, new = full(text, return_tensors="pt"), small(text, return_tensors="pt")
        names = full.convert_ids_to_tokens(old.input_ids[0]), small.convert_ids_to_tokens(new.input_ids[0])
        assert names[0] == names[1]
        kept = torch.tensor(full.convert_tokens_to_ids(small.convert_ids_to_tokens(range(len(small)))))
        with torch.no_grad():
            assert torch.allclose(big(**old).logits[..., kept], cut(**new).logits, atol=1e-5)


@pytest.mark.parametrize("text", ["never seen again, 罕见的词句", "Zürich 漢字 🙂", "a  b\n\nc", ""])
def test_other_text_comes_back_whole_through_bytes(trimmed, text):
    tokenizer = AutoTokenizer.from_pretrained(trimmed[0])
    assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text
    assert tokenizer.unk_token_id not in tokenizer(text).input_ids


def test_special_tokens_keep_their_roles(trimmed):
    tokenizer = AutoTokenizer.from_pretrained(trimmed[0])
    model = AutoModelForCausalLM.from_pretrained(trimmed[0])
    assert tokenizer("x").input_ids[0] == tokenizer.bos_token_id == model.config.bos_token_id
    assert tokenizer.eos_token_id == model.config.eos_token_id == model.generation_config.eos_token_id
    assert tokenizer.pad_token_id == model.config.pad_token_id


def test_the_same_texts_give_the_same_files(policy, trimmed, tmp_path):
    again = tmp_path / "again"
    trim_vocabulary(policy, again, CORPUS[::-1] * 2)
    for name in ("tokenizer.json", "model.safetensors", "config.json"):
        assert (again / name).read_bytes() == (trimmed[0] / name).read_bytes()


def test_what_it_cannot_trim_is_an_error(policy, tmp_path):
    with pytest.raises(ValueError, match="no texts"):
        trim_vocabulary(policy, tmp_path / "a", [])
    spec = json.loads((policy / "tokenizer.json").read_text(encoding="utf-8"))
    spec["model"]["byte_fallback"] = False
    source = tmp_path / "other"
    source.mkdir()
    (source / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")
    with pytest.raises(ValueError, match="byte fallback"):
        trim_vocabulary(source, tmp_path / "b", CORPUS)
