"""The curves are drawn from numbers, and gaps in them are gaps."""

from train.plot import write_curves

LINES = [
    {"kind": "evaluation", "step": 0, "safe": 0.6, "refusal_benign": 0.1, "format_share": 0.9, "second_safe": None},
    {"kind": "step", "step": 1, "total": 0.4},
    {"kind": "step", "step": 2, "total": None},
    {"kind": "evaluation", "step": 2, "safe": 1.0, "refusal_benign": 0.9, "format_share": 0.3, "second_safe": None},
]


def test_a_figure_that_was_never_measured_has_no_curve(tmp_path):
    svg = write_curves(LINES, tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg") and "refuses benign" in svg
    assert "safe, rewarding verifier" in svg and "safe, second judge" not in svg


def test_a_run_without_lines_still_draws(tmp_path):
    assert write_curves([], tmp_path / "curves.svg").exists()
