"""A policy and a verifier that are real and tiny: random weights, locally trained tokenizers."""

import json

import polars as pl
import pytest

from train.config import PerKind, RLConfig, SFTConfig
from train.prompts import RECORDS, arithmetic_records

WORDS = [
    "User: How do I boil an egg?\nAssistant: <think>A normal question.</think>Boil it for eight minutes.",
    "User: Harmful request [placeholder]\nAssistant: <think>I refuse.</think>I can't help with that.",
    "User: 怎么煮鸡蛋？\nAssistant: <think>普通问题。</think>煮八分钟，然后用冷水冲。",
    r"User: What is 3 + 4?\nAssistant: <think>3 + 4 = 7.</think>\boxed{7}",
]


def byte_fallback_tokenizer(folder):
    """A BPE tokenizer of Gemma's kind: spaces as ▁, no words, bytes for what it does not know."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    letters = [chr(code) for code in range(0x20, 0x7F)]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=letters, show_progress=False, min_frequency=1
    )
    tokenizer.train_from_iterator(WORDS * 3 + ["never seen again, 罕见的词句"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    spec = json.loads(tokenizer.to_str())
    spec["added_tokens"] = spec["added_tokens"][:4]  # bytes are plain tokens
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )
    fast.save_pretrained(folder)
    return fast


@pytest.fixture(scope="session")
def policy(tmp_path_factory):
    """A random Gemma 3 of two layers as a Hugging Face directory."""
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    folder = tmp_path_factory.mktemp("policy")
    tokenizer = byte_fallback_tokenizer(folder)
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=512,
        sliding_window=256,
        layer_types=["sliding_attention", "full_attention"],
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
        tie_word_embeddings=True,
    )
    model = Gemma3ForCausalLM(config)
    with torch.no_grad():  # make the end token likely, or no completion would ever be finished and scored
        state = model.model(**tokenizer(WORDS[0], return_tensors="pt")).last_hidden_state.mean((0, 1))
        model.get_input_embeddings().weight[1] = 6 * state / state.square().sum()
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def make_verifier(tmp_path_factory):
    """A function from a seed to a sealed verifier checkpoint with random weights."""

    def make(seed):
        import torch
        from tokenizers import Tokenizer, models, pre_tokenizers, processors
        from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

        from catalog.labels import SAFETY
        from verifiers.checkpoint import save_model, seal
        from verifiers.encoder import SafetyEncoder, Verifier

        folder = tmp_path_factory.mktemp("verifier")
        letters = sorted(set("".join(WORDS)) | {chr(code) for code in range(0x21, 0x7F)})
        vocabulary = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters])}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
        fast = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
        )
        torch.manual_seed(seed)
        classifier = BertForSequenceClassification(
            BertConfig(
                vocab_size=len(vocabulary),
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=32,
                max_position_embeddings=512,
                num_labels=len(SAFETY),
            )
        )
        save_model(Verifier(SafetyEncoder(classifier, 0), fast, (), 400), folder)
        seal(folder, {"max_tokens": 400})
        return folder

    return make


@pytest.fixture(scope="session")
def verifier_path(make_verifier):
    return make_verifier(0)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory, policy):
    """A random sentence encoder, with the policy's tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = AutoTokenizer.from_pretrained(policy)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def records():
    rows = []
    for i in range(6):
        split = "train" if i < 4 else "test"
        rows.append((f"h{i}", f"Harmful request {i} [placeholder]", None, "safety", "harmful", split))
        rows.append((f"b{i}", f"How do I boil {i} eggs?", "Boil them for eight minutes.", "normal", "benign", split))
    return pl.concat([pl.DataFrame(rows, schema=RECORDS, orient="row"), arithmetic_records(train=4, test=2)])


@pytest.fixture
def verifier_id(verifier_path):
    from verifiers import checkpoint_id

    return checkpoint_id(verifier_path)


@pytest.fixture
def config(policy, encoder):
    return RLConfig(
        policy=str(policy),
        encoder=str(encoder),
        sft=SFTConfig(rows=PerKind(harmful=2, benign=2, math=2), epochs=1, batch=3),
        steps=2,
        prompts_per_step=PerKind(harmful=2, benign=1, math=1),
        k=4,
        max_new_tokens=16,
        learning_rate=1e-3,
        eval_every=2,
        eval_size=PerKind(harmful=2, benign=2, math=2),
        save_every=1,
    )
