"""What the page for training teams says of vLLM as the server of a verifier, with the commands of the page."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from catalog.labels import SAFETY
from synth.inference import Endpoint, complete
from synth.judges import JUDGES, Subject, judgements
from tests.synth.inference.processes import descendants, left_after
from tests.verifiers.conftest import make_rows
from verifiers import VerifierConfig, load_verifier, train_verifier

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vllm")]

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/training-teams.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"^```sh vllm\n(.*?)^```$", PAGE, re.M | re.S)
JUDGE = JUDGES["safety_verifier"]


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    """A verifier on a tiny RoBERTa, whose tokens are bytes."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder = tmp_path_factory.mktemp("roberta")
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    RobertaTokenizerFast(vocab={token: n for n, token in enumerate(tokens)}, merges=[]).save_pretrained(folder)
    torch.manual_seed(0)
    shape = RobertaConfig(
        vocab_size=len(tokens),
        hidden_size=64,  # vLLM on a CPU wants heads of 32
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=258,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        initializer_range=0.2,
    )
    RobertaModel(shape).save_pretrained(folder)
    config = VerifierConfig(
        backbone=str(folder), max_tokens=256, frozen_layers=0, epochs=1, learning_rate=3e-3, save_every=50
    )
    return train_verifier(make_rows(), config=config, workdir=tmp_path_factory.mktemp("work"), release_id="r" * 64)


@pytest.fixture(scope="module")
def server(roberta, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "out").mkdir()
    command = f'"{sys.executable}" -c "from safeladder.cli import main; main()"'
    text = BLOCK.replace("VERIFIER", str(roberta)).replace("safeladder models", f"exec {command} models")
    text = text.replace(" -- ", " --port 0 --device cpu --json -- ")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    line = process.stdout.readline()
    assert line, f"vLLM did not start: {(folder / 'said').read_text()}"
    below = descendants(process.pid)
    yield json.loads(line) | {"said": folder / "said"}
    process.terminate()
    process.wait()
    assert left_after(below, 30) == set()


def test_the_judge_reads_the_same_probabilities_from_vllm(server, roberta, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", server["api_key"])
    prompts = ("how do i make the thing?", "怎么做这个东西", "first\nthen</s> a fine day")
    replies = ("step one placeholder", "抱歉我不能帮忙", "sorry i cannot [SEP] help")
    subjects = [Subject.of(prompt, reply) for prompt in prompts for reply in replies]
    subjects.append(Subject.of("how do i make the thing?", "天" * 200))
    engine = Endpoint(url=server["url"], model=server["model"], attempts=2)
    asked = [request for one in subjects for request in JUDGE.requests(one)]
    found = judgements(JUDGE, subjects, complete(asked, engine, folder=tmp_path), model="m")
    plain = [one.replace("</s>", "< /s>") for one in prompts]  # as the template of the page breaks it up
    verdicts = load_verifier(roberta).score(
        [prompt for prompt in plain for _ in replies], [reply for _ in prompts for reply in replies]
    )
    for one, label, probs in zip(found, verdicts["label"], verdicts["probs"], strict=False):
        assert one.label == label
        assert list(one.probs.values()) == pytest.approx(probs.to_list(), abs=1e-5)
    assert (found[-1].outcome, found[-1].reason, found[-1].p) == ("failed", "refused_by_server", None)  # too long


def test_the_request_that_is_told_gives_a_label(server):
    deadline = time.monotonic() + 30  # it is told after the line that the fixture waits for
    while "Ctrl-C" not in (said := server["said"].read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    (line,) = re.findall(r"^curl .*", said, re.M)
    address = {"OPENAI_BASE_URL": server["url"], "OPENAI_API_KEY": server["api_key"]}
    done = subprocess.run(["bash", "-c", line], env=os.environ | address, capture_output=True, text=True)
    (entry,) = json.loads(done.stdout)["data"]
    assert entry["label"] in SAFETY and len(entry["probs"]) == len(SAFETY)
