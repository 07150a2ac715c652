"""The door of the floor: cheap to open, honest about what is there."""

import subprocess
import sys

import pytest

import train


def test_opening_the_floor_loads_nothing_heavy():
    code = "import sys, train; print([m for m in ('torch', 'trl', 'transformers', 'altair') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_name_is_there():
    assert all(getattr(train, name) is not None for name in train.__all__)
    assert callable(train.evaluate_policy) and callable(train.refuses)
    with pytest.raises(AttributeError, match="run_lr"):
        _ = train.run_lr
