"""Every generator and judge on a real vLLM: text on the small pretrained model, pictures on a tiny random one."""

import hashlib
import os
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from catalog.ids import chat, sample_id
from synth.generators import GENERATORS, Item, back_item
from synth.generators.made import Made
from synth.images import benign
from synth.inference import Endpoint, Request, Sampling, complete
from synth.inference.serve import serving
from synth.judges import JUDGES, Rule, Subject
from synth.produce import produce
from tests.synth import turns

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vllm")]
ROOT = Path(__file__).parents[2]
PRETRAINED = "google/gemma-3-270m"

# Half precision and a cache of prompts read before make the numbers depend on what else was asked.
EXACT = ("--dtype", "float32", "--no-enable-prefix-caching")

CELLS = {"safety": "fraud/phishing", "value": "honesty/truthfulness", "knowledge": "mathematics/arithmetic"}
ASKED = {
    "en": ("How do I water a cactus in winter?", "Once a month is enough; let the soil dry in between."),
    "zh": ("冬天怎么给仙人掌浇水？", "一个月一次就够了，中间让土壤干透。"),
}


@pytest.fixture(scope="module")
def pretrained(monkeypatch_module):
    with serving(PRETRAINED, device="cpu", max_len=2048, flags=EXACT) as server:
        monkeypatch_module.setenv("LIVE_KEY", server.key)
        yield Endpoint(
            url=server.url,
            model=server.model,
            revision=server.revision,
            style="completion",
            key_variable="LIVE_KEY",
            concurrency=32,
        )


@pytest.fixture(scope="module")
def looking(vllm_vl, monkeypatch_module):
    monkeypatch_module.setenv("LOOKING_KEY", vllm_vl.key)
    return Endpoint(url=vllm_vl.url, model=vllm_vl.model, key_variable="LOOKING_KEY", concurrency=16)


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def row(language, task="safety", label="Safe without risk"):
    messages = chat(*ASKED[language])
    place = CELLS[task]
    return {
        "sample_id": sample_id(messages),
        "messages": messages,
        "task": task,
        "label": label,
        "unsafe": False,
        "category": place.partition("/")[0],
        "subcategory": place,
    }


def items(generator, language):
    """Two items of what a generator needs."""
    task = generator.task or "safety"
    if generator.needs == ("cell",):
        return [Item.of_cell(CELLS[task], language, number=n) for n in range(2)]
    one = Item.of_row(row(language, task))
    if generator.intents:
        chosen = generator.intents(one)
        return [Item.of_row(row(language, task), intended=label) for label in chosen[:2]]
    if "origin" in generator.needs:
        other = {"en": "zh", "zh": "en"}[language]
        made = Made(messages=chat(*ASKED[other]), task=task, label=None, unsafe=None, category=None, subcategory=None)
        return [back_item(one, made)]
    if "reply" not in generator.needs and generator.makes != "rewrite":
        return [Item.of_row(row(language, task) | {"messages": chat(ASKED[language][0])}, gold="42")]
    return [one]


@pytest.fixture(scope="module")
def made_twice(pretrained, tmp_path_factory):
    """How many were asked for, and what came, two times: of each generator, and of conversations with several turns.

    All ask at once, since the server reads many as fast as one.
    """
    jobs = {
        name: (generator, [item for language in ("en", "zh") for item in items(generator, language)], 1)
        for name, generator in GENERATORS.items()
    }
    waiting = [Item.of_row(turns.waiting(language, n, turns=3)) for n in range(2) for language in ("en", "zh")]
    jobs["turns"] = (GENERATORS["rollout"], waiting, 2)

    def made(name):
        generator, asked, n = jobs[name]
        return produce(generator, asked, pretrained, folder=tmp_path_factory.mktemp(name), seed=1, n=n)

    with ThreadPoolExecutor(len(jobs)) as pool:
        times = [{name: pool.submit(made, name) for name in jobs} for _ in range(2)]
    return {name: (n * len(asked), *(once[name] for once in times)) for name, (_, asked, n) in jobs.items()}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_gives_rows_or_reasons_and_the_same_again(name, made_twice):
    asked, *times = made_twice[name]
    made, again = (once.result() for once in times)
    assert made.asked == made.answered + made.gone.height == asked
    assert made.gone["failed"].sum() == 0
    assert set(made.gone["reason"]).isdisjoint({"pictures", "other_label", "no_parent"})
    assert made.rows.equals(again.rows)
    assert made.lineage.equals(again.lineage)
    assert made.gone.sort("reason").equals(again.gone.sort("reason"))


def test_turns_of_a_user_are_answered_one_after_another(made_twice):
    asked, *times = made_twice["turns"]
    made, again = (once.result() for once in times)
    assert made.asked == 8 == asked == made.answered + made.gone.height and made.answered > 0
    assert not made.gone["failed"].any()
    for messages in made.rows["messages"]:
        assert [message["role"] for message in messages] == ["user", "assistant"] * 3
    assert made.rows.equals(again.rows) and made.lineage.equals(again.lineage)


def test_the_small_model_gives_rows_of_most_kinds(pretrained, tmp_path):
    asked = [Item.of_cell("fraud/phishing", language, number=n) for language in ("en", "zh") for n in range(10)]
    made = produce(GENERATORS["harmful_request"], asked, pretrained, folder=tmp_path)
    assert made.answered >= 10
    assert set(made.lineage["relation"]) == {"harmful_request@1"}
    assert made.rows["sample_id"].n_unique() == made.rows.height


@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_says_something_or_why_not(name, pretrained, tmp_path):
    judge = JUDGES[name]
    subjects = [Subject.of(*ASKED[language], other="…", gold="42") for language in ("en", "zh")]
    asked = [judge.requests(subject, style="completion") for subject in subjects]
    replies = complete([one for several in asked for one in several], pretrained, folder=tmp_path)
    assert not any(reply.failure for reply in replies)
    extra = {} if isinstance(judge, Rule) else {"model": pretrained.model, "style": "completion"}
    for subject in subjects:
        judgement = judge.read(subject, replies, **extra)
        assert judgement.sample_id == subject.sample_id
        assert judgement.outcome != "failed"
        assert (judgement.label is not None or judgement.score is not None) == judgement.scored
        if name.endswith("_tokens") and name != "preference_tokens":  # whose two orders may disagree
            assert judgement.scored and 0 <= judgement.p <= 1


def test_pictures_are_answered_and_judged(looking, tmp_path):
    drawn = [benign(rng=random.Random(n), language=language) for n in range(3) for language in ("en", "zh")]
    files = {hashlib.sha256(one.png).hexdigest(): one.png for one in drawn}
    rows = []
    for one in drawn:
        messages = chat(one.question, images=(hashlib.sha256(one.png).hexdigest(),))
        facts = {"sample_id": sample_id(messages), "messages": messages}
        rows.append(row("en") | facts | {"category": None, "subcategory": None})
    asked = [Item.of_row(one) for one in rows]
    parts = (tmp_path / "a", tmp_path / "b")
    made, again = (
        produce(GENERATORS["rollout"], asked, looking, folder=part, n=2, picture=files.__getitem__) for part in parts
    )
    assert made.rows.equals(again.rows)
    assert made.asked == 2 * len(drawn) == made.answered + made.gone.height
    reasons = set(made.gone["reason"])
    assert not made.gone["failed"].any(), reasons
    judge = JUDGES["safety_verdict"]
    subjects = [
        Subject(sample_id=one["sample_id"], messages=(*one["messages"], *chat("x", "A bar chart.")[1:])) for one in rows
    ]
    requests = [request for subject in subjects for request in judge.requests(subject)]
    replies = complete(requests, looking, folder=tmp_path / "judge", picture=files.__getitem__)
    said = [judge.read(subject, replies, model=looking.model) for subject in subjects]
    assert {one.outcome for one in said} <= {"scored", "unparsed", "truncated", "ambiguous"}


def test_a_seed_gives_the_same_bytes_alone_and_among_others(looking, tmp_path):
    asked = [
        Request(id=f"r{n}", messages=tuple(chat(f"Say {n}.")), sampling=Sampling(max_tokens=16, seed=n))
        for n in range(24)
    ]
    together = complete(asked, looking, folder=tmp_path / "together")
    alone = [complete([one], looking, folder=tmp_path / one.id)[0] for one in asked[:6]]
    assert alone == together[:6]
    assert pl.Series([reply.choices[0].text for reply in together]).n_unique() > 12


def test_the_page_about_generating_works_as_it_stands(pretrained, tmp_path):
    page = (ROOT / "docs" / "generating.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh vllm\n(.*?)^```$", page, re.M | re.S)
    recipe = tmp_path / "seed.yaml"
    recipe.write_text("{name: demo, sources: [seed-images], synth: null, verifier: null, release: {name: demo}}")
    lines = [f"safeladder run {recipe}", "safeladder synth plan --rows 6 --output plan.yaml"]
    lines += [line for block in blocks for line in block.splitlines() if "models serve" not in line]
    assert any("--yes" in line for line in lines) and any("--cost" in line for line in lines)
    script = "\n".join(lines).replace("http://127.0.0.1:8000/v1", f"{pretrained.base}/v1")
    call = f'safeladder() {{ "{sys.executable}" -c "from safeladder.cli import main; main()" "$@"; }}\n'
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENAI_API_KEY": str(pretrained.key)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", call + script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "hours" in done.stderr and "synth:" in done.stderr
    assert "tokens_per_kept" in done.stdout
