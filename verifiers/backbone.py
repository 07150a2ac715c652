"""What a verifier starts from: a pretrained encoder or language model, made ready to classify a prompt with its reply.

Either kind becomes the plain sequence classifier of transformers. Most encoders read their labels at the first token; a
language model, whose tokens see only what stands before them, at the last one.
"""

from pathlib import Path
from typing import Any

import torch
from tokenizers.processors import TemplateProcessing
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast

from catalog.labels import SAFETY
from verifiers.config import VerifierConfig
from verifiers.encoder import SafetyEncoder
from verifiers.quiet import quiet

PAD = "<|padding|>"


def load_tokenizer(backbone: Path) -> Any:
    """The backbone's tokenizer; a special token ends the prompt and another one the reply.

    Tokenizers of encoders do that by themselves. One of a language model joins the two texts, so that nothing says
    where the reply begins: it is given a template with its end-of-sequence token behind each. It then pads on the
    right, and not with that token: transformers reads the labels at the last token that is no padding.

    Raises:
        ValueError: If such a template is needed, and the tokenizer has no end-of-sequence token.
    """
    found = AutoTokenizer.from_pretrained(backbone)
    sides = found(["1"], ["1"]).sequence_ids(0)
    marked = sides[-1] is None and None in sides[sides.index(0) : sides.index(1)]
    if marked and found.pad_token is not None and found.padding_side == "right":
        return found
    begin, end = found.bos_token, found.eos_token
    if end is None:
        raise ValueError(f"the tokenizer of {backbone.name} has no end-of-sequence token, nor marks the end of a pair")
    first = [begin] if begin else []
    found.backend_tokenizer.post_processor = TemplateProcessing(
        single=[*first, "$A", end],
        pair=[*first, "$A", end, "$B", end],
        special_tokens=[(token, found.convert_tokens_to_ids(token)) for token in {*first, end}],
    )
    return PreTrainedTokenizerFast(  # the plain class: others build the template and the side anew when they are loaded
        tokenizer_object=found.backend_tokenizer,
        bos_token=begin,
        eos_token=end,
        unk_token=found.unk_token,
        pad_token=PAD if found.pad_token in (None, begin, end) else found.pad_token,
        padding_side="right",
        model_max_length=found.model_max_length,
        model_input_names=["input_ids", "attention_mask"],
    )


def new_model(backbone: Path, tokenizer: Any, categories: int, *, config: VerifierConfig) -> SafetyEncoder:
    """The backbone with fresh heads, its lowest layers frozen as the config says.

    Raises:
        ValueError: If `max_tokens` or `frozen_layers` is more than the backbone has, or it is no encoder or language
            model of text alone.
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
    shape = classifier.config
    if shape.is_encoder_decoder or not hasattr(shape, "hidden_size"):
        raise ValueError(f"{type(classifier).__name__} is no encoder or language model of text alone")
    if len(tokenizer) > classifier.get_input_embeddings().num_embeddings:
        classifier.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    shape.pad_token_id = tokenizer.pad_token_id  # by which a language model finds the last token
    longest = getattr(shape, "max_position_embeddings", None)
    if longest is not None and 0 < longest < config.max_tokens:
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
    lists = [part for part in base.modules() if isinstance(part, nn.ModuleList) and len(part) == depth]
    if not lists:
        raise ValueError(f"the layers of {type(base).__name__} cannot be told apart: set frozen_layers to 0")
    layers = lists[0]
    first_to_learn = next(layers[frozen].parameters())
    for parameter in base.parameters():  # in the order in which the input meets them
        if parameter is first_to_learn:
            return
        parameter.requires_grad_(False)
