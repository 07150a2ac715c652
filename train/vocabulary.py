"""Cut a byte-fallback BPE vocabulary, such as Gemma's 262k, to what a corpus needs.

On a CPU the logits over a large vocabulary cost more than the model. The result is an ordinary Hugging Face
directory that splits the corpus exactly as before; other text still tokenises, in smaller pieces.
"""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

BATCH = 2_000
ROLES = ("pad", "bos", "eos")


class TrimReport(NamedTuple):
    """What was cut, and whether the corpus still reads the same."""

    before: int  # tokens
    after: int
    parameters: int
    identical_share: float  # share of the texts that split exactly as before, 0 to 1


def trim_vocabulary(source: Path, target: Path, texts: Iterable[str]) -> TrimReport:
    """Write a copy of a model whose vocabulary is what `texts` need, closed under the merges that lead there.

    Byte tokens, special tokens and the Latin-1 characters always stay. The same model and texts give the same files.

    Args:
        source: Hugging Face directory of a causal language model with a BPE tokenizer that falls back to bytes.
        target: New directory.
        texts: Everything that must split as before.

    Raises:
        ValueError: If the tokenizer is of another kind, or there are no texts.
        FileExistsError: If the target is there.
    """
    from tokenizers import Tokenizer

    corpus = sorted(set(texts))
    if not corpus:
        raise ValueError("no texts to trim the vocabulary by")
    full = Tokenizer.from_file(str(source / "tokenizer.json"))
    spec = json.loads(full.to_str())
    if spec["model"]["type"] != "BPE" or not spec["model"].get("byte_fallback"):
        raise ValueError(f"{source.name} has no BPE tokenizer with byte fallback; use the model untrimmed")
    before = full.get_vocab_size(with_added_tokens=True)
    kept = _kept(full, spec, corpus)
    new_id = {old: new for new, old in enumerate(kept)}
    target.mkdir(parents=True)
    for path in source.glob("*.json"):  # tokenizer_config, special_tokens_map, ...
        if (
            path.name not in ("tokenizer.json", "config.json", "generation_config.json")
            and "safetensors" not in path.name
        ):
            shutil.copy(path, target)
    (target / "tokenizer.json").write_text(json.dumps(_trimmed(spec, new_id), ensure_ascii=False), encoding="utf-8")
    parameters = _write_model(source, target, kept)
    small = Tokenizer.from_file(str(target / "tokenizer.json"))
    same = sum(
        [new_id.get(i) for i in old.ids] == new.ids
        for start in range(0, len(corpus), BATCH)
        for old, new in zip(*(t.encode_batch(corpus[start : start + BATCH]) for t in (full, small)), strict=True)
    )
    return TrimReport(before, len(kept), parameters, same / len(corpus))


def _kept(full: Any, spec: dict[str, Any], corpus: list[str]) -> list[int]:
    vocabulary: dict[str, int] = spec["model"]["vocab"]
    token = {i: t for t, i in vocabulary.items()}
    used = {
        i
        for start in range(0, len(corpus), BATCH)
        for encoding in full.encode_batch(corpus[start : start + BATCH])
        for i in encoding.ids
    }
    kept = used | _named_specials(spec)
    kept |= {i for t, i in vocabulary.items() if t.startswith("<0x") or (len(t) == 1 and ord(t) < 0x100) or t == "▁"}
    rank = {tuple(pair): r for r, pair in enumerate(spec["model"]["merges"])}
    for i in used & token.keys():
        kept |= {vocabulary[piece] for piece in _pieces(token[i], rank) if piece in vocabulary}
    return sorted(kept)


def _named_specials(spec: dict[str, Any]) -> set[int]:
    """Ids of the special tokens that mean something; thousands of placeholders are marked as special, too."""
    names = {"<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"}
    processor = spec.get("post_processor") or {}
    for part in [processor, *processor.get("processors", [])]:
        names |= set(part.get("special_tokens") or ())
    if spec["model"].get("unk_token"):
        names.add(spec["model"]["unk_token"])
    return {added["id"] for added in spec["added_tokens"] if added["content"] in names}


def _pieces(token: str, rank: dict[tuple[str, ...], int]) -> set[str]:
    """Every piece on the way that BPE takes from the characters of a token to the token."""
    parts = list(token)
    pieces = set(parts)
    while len(parts) > 1:
        best, k = min((rank.get((parts[k], parts[k + 1]), len(rank)), k) for k in range(len(parts) - 1))
        if best == len(rank):
            break
        parts[k : k + 2] = [parts[k] + parts[k + 1]]
        pieces.add(parts[k])
    return pieces


def _trimmed(spec: dict[str, Any], new_id: dict[int, int]) -> dict[str, Any]:
    vocabulary = {t: new_id[i] for t, i in spec["model"]["vocab"].items() if i in new_id}
    spec["model"]["vocab"] = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
    spec["model"]["merges"] = [
        [a, b] for a, b in spec["model"]["merges"] if a in vocabulary and b in vocabulary and a + b in vocabulary
    ]
    spec["added_tokens"] = [{**a, "id": new_id[a["id"]]} for a in spec["added_tokens"] if a["id"] in new_id]
    processor = spec.get("post_processor") or {}
    for part in [processor, *processor.get("processors", [])]:
        for special in (part.get("special_tokens") or {}).values():
            special["ids"] = [new_id[i] for i in special["ids"]]
    return spec


def _write_model(source: Path, target: Path, kept: list[int]) -> int:
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(source, dtype="auto")
    heads = [model.get_input_embeddings()]
    if not model.config.tie_word_embeddings:
        heads.append(model.get_output_embeddings())
    rows = [head.weight.data[torch.tensor(kept)].clone() for head in heads]
    model.resize_token_embeddings(len(kept), mean_resizing=False)
    for head, row in zip([model.get_input_embeddings(), model.get_output_embeddings()], rows, strict=False):
        head.weight.data.copy_(row)
    model.tie_weights()
    new_id = {old: new for new, old in enumerate(kept)}
    for role in ROLES:
        for config in (model.config, model.generation_config):
            old = getattr(config, f"{role}_token_id", None)
            if isinstance(old, list):
                setattr(config, f"{role}_token_id", [new_id[i] for i in old if i in new_id])
            elif old is not None:
                setattr(config, f"{role}_token_id", new_id[old])
    model.save_pretrained(target)
    return sum(p.numel() for p in model.parameters())
