"""Every command in the docs is run, as it stands there.

The word after `sh` says what a block needs: `data` a data root, `server` the Argilla server, `services` S3 and
PostgreSQL, `vllm` a model that answers, `long` more than a minute (its commands then stand on the same page with
`--quick`), `train` a training, here one of tiny models under the names of the real ones: the demo trains those.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.conftest import policy  # noqa: F401
from tests.verifiers.conftest import tiny_bert
from train import RLConfig
from verifiers import VerifierConfig

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(sh|python)(?: (\w+))?\n(.*?)^```$", re.M | re.S)
BLOCKS = [
    pytest.param(page, language, needs, text, id=f"{page.name}:{page.read_text()[: match.start()].count(chr(10)) + 1}")
    for page in PAGES
    for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
    for language, needs, text in [match.groups()]
]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="session")
def tiny_models(policy, tmp_path_factory):  # noqa: F811
    """A cache where every model that the docs train is a tiny one."""
    cache = tmp_path_factory.mktemp("cache")
    backbone, trained = (
        cache / "models" / name.replace("/", "--") for name in (VerifierConfig().backbone, RLConfig().policy)
    )
    tiny_bert(backbone, layers=3, positions=512)
    trained.symlink_to(policy)
    return cache


@pytest.fixture(scope="session")
def shell(demo, tmp_path_factory):
    """Run a block in the folder of the demo, with `safeladder` and `python` those of this environment."""
    bin_folder = tmp_path_factory.mktemp("bin")
    for name, code in {
        "safeladder": f'exec "{sys.executable}" -c "from safeladder.cli import main; main()" "$@"',
        "python": f'exec "{sys.executable}" "$@"',
    }.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{code}\n")
        (bin_folder / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HF_DATASETS_CACHE": str(demo["folder"] / "cache"),
    }

    def run(command, **more):
        return subprocess.run(command, cwd=demo["folder"], env=environment | more, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(("page", "language", "needs", "text"), BLOCKS)
def test_what_the_docs_show_works(page, language, needs, text, shell, request):
    if needs == "data" and not os.environ.get("SAFELADDER_DATA"):
        pytest.skip("needs a data root: set SAFELADDER_DATA")
    if needs == "services":
        pytest.skip("needs S3 and PostgreSQL of the user's own; tests/catalog/test_remote.py runs it on test servers")
    if needs == "vllm":
        pytest.skip("tests/synth/test_live.py and tests/verifiers/test_serve_vllm.py run it")
    if needs == "long":
        pytest.skip("takes more than a minute; its --quick form on the same page is run")
    if "make demo" in text:
        pytest.skip("the demo fixture runs what `make demo` runs; `make test` is running")
    command = ["bash", "-euo", "pipefail", "-c", text] if language == "sh" else [sys.executable, "-c", text]
    tiny = {"SAFELADDER_CACHE": str(request.getfixturevalue("tiny_models"))} if needs == "train" else {}
    done = shell(command, **tiny)
    assert done.returncode == 0, f"{page.name}:\n{text}\n{done.stdout}\n{done.stderr}"


def test_make_demo_runs_the_command_that_these_tests_ran():
    shown = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "safeladder run examples/demo.yaml" in shown


def test_every_long_command_stands_on_its_page_with_quick_too():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        long = [line for _, needs, block in BLOCK.findall(text) if needs == "long" for line in block.splitlines()]
        for line in long:
            quick = f"{line.replace('eight-sets', 'demo')} --quick"
            assert quick in text.splitlines(), line


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
