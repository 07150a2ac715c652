"""The floor's face is cheap to look at."""

import subprocess
import sys
from pathlib import Path

import pytest

import verifiers

CHEAP = """
import sys, verifiers
verifiers.VerifierConfig(), verifiers.Policy.load("safework-r1")
print([name for name in ("torch", "transformers", "sklearn", "accelerate", "scipy") if name in sys.modules])
"""


def test_looking_at_the_floor_and_its_settings_loads_nothing_heavy():
    root = Path(__file__).parents[2]
    seen = subprocess.run([sys.executable, "-c", CHEAP], cwd=root, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in verifiers.__all__:
        assert getattr(verifiers, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = verifiers.nothing
