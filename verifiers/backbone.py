"""What a verifier starts from: a pretrained encoder or language model, made ready to classify a prompt with its reply.

Either kind becomes the plain sequence classifier of transformers. An encoder reads its labels at the first token; a
language model, whose tokens see only what stands before them, at the last one.
"""

from pathlib import Path
from typing import Any

import torch
from tokenizers.processors import TemplateProcessing
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from catalog.labels import SAFETY
from verifiers.config import VerifierConfig
from verifiers.encoder import SafetyEncoder
from verifiers.quiet import quiet


def load_tokenizer(backbone: Path) -> Any:
    """The backbone's tokenizer; a special token ends the prompt and another one the reply.

    Tokenizers of encoders do that by themselves. One of a language model joins the two texts, so that nothing says
    where the reply begins: it is given a template with its end-of-sequence token behind each, which is saved with it.

    Raises:
        ValueError: If such a template is needed, and the tokenizer has no end-of-sequence token.
    """
    tokenizer = AutoTokenizer.from_pretrained(backbone)
    sides = tokenizer(["1"], ["1"]).sequence_ids(0)
    if sides[-1] is None:
        return tokenizer
    begin = [token for token in [tokenizer.bos_token] if token]
    end = tokenizer.eos_token
    if end is None:
        raise ValueError(f"the tokenizer of {backbone.name} has no end-of-sequence token, nor marks the end of a pair")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=[*begin, "$A", end],
        pair=[*begin, "$A", end, "$B", end],
        special_tokens=[(token, tokenizer.convert_tokens_to_ids(token)) for token in {*begin, end}],
    )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = end
    tokenizer.padding_side = "right"
    return tokenizer


def new_model(backbone: Path, tokenizer: Any, categories: int, *, config: VerifierConfig) -> SafetyEncoder:
    """The backbone with fresh heads, its lowest layers frozen as the config says.

    Raises:
        ValueError: If `max_tokens` or `frozen_layers` is more than the backbone has.
    """
    torch.manual_seed(config.seed)
    with quiet():
        classifier = AutoModelForSequenceClassification.from_pretrained(
            backbone,
            num_labels=len(SAFETY),
            id2label=dict(enumerate(SAFETY)),
            label2id={label: i for i, label in enumerate(SAFETY)},
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
        )
    classifier.config.pad_token_id = tokenizer.pad_token_id  # by which a language model finds the last token
    longest = getattr(classifier.config, "max_position_embeddings", None)
    if longest is not None and config.max_tokens > longest:
        raise ValueError(f"max_tokens is {config.max_tokens}, but the backbone reads at most {longest} tokens")
    model = SafetyEncoder(classifier, categories)
    _freeze(classifier, config.frozen_layers)
    return model


def _freeze(classifier: Any, frozen: int) -> None:
    """Everything below layer number `frozen` keeps its weights, embeddings included: backward stops there."""
    base, depth = classifier.base_model, classifier.config.num_hidden_layers
    if not frozen:
        return
    if frozen >= depth:
        raise ValueError(f"frozen_layers is {frozen}, but the backbone has {depth} layers; at least one must learn")
    layers = next(part for part in base.modules() if isinstance(part, nn.ModuleList) and len(part) == depth)
    first_to_learn = next(layers[frozen].parameters())
    for parameter in base.parameters():  # in the order in which the input meets them
        if parameter is first_to_learn:
            return
        parameter.requires_grad_(False)
