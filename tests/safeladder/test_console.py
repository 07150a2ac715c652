"""What people see of rows: whole in a pipe, cut and never torn on a terminal."""

import json
import re
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from safeladder.cli.console import emit, progress

ID = "0123456789abcdef" * 4
ROW = {"sample_id": ID, "rows_in": 1440, "seconds": 12345.678, "at": datetime(2026, 11, 25, 12, 0, 1, 500, tzinfo=UTC)}


@pytest.fixture
def shown(monkeypatch, capsys):
    """Print rows as on a terminal of so many columns, or into a pipe; returns the lines."""

    def show(rows, *, width=None, as_json=False):
        if width:
            monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr("sys.stdout.isatty", lambda: width is not None)
        emit(rows, as_json=as_json)
        return re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()

    return show


def test_a_terminal_gets_the_beginning_of_an_id_and_whole_seconds_a_pipe_all_of_them(shown):
    head, line = shown([ROW], width=80)
    assert head.split() == ["sample_id", "rows_in", "seconds", "at"]
    assert line.split() == [ID[:12], "1,440", "12,345.7", "2026-11-25", "12:00:01+00:00"]
    assert {ID, "12:00:01.000500+00:00"} <= set(shown([ROW])[1].split())
    assert json.loads(shown([ROW], width=80, as_json=True)[0])["sample_id"] == ID


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_or_number_is_torn_and_no_line_is_too_long(shown, width):
    row = {
        "stage": "ingest:beavertails",
        "rows_in": 330_000,
        "rows_out": 329_000,
        "state": "finished",
        "reason": "排除",
    }
    lines = shown([row, row], width=width)
    assert all(cell_len(line) <= width for line in lines)
    words = " ".join(lines).split()
    assert all(words.count(word) == 2 for word in ("ingest:beavertails", "330,000", "329,000", "finished", "排除"))


def test_rows_that_do_not_fit_are_shown_a_line_for_each_column(shown):
    lines = shown([{f"column_{i}": f"value_{i}" for i in range(12)}] * 2, width=80)
    assert [line.split() for line in lines[:2]] == [["column_0", "value_0"], ["column_1", "value_1"]]
    assert len(lines) == 2 * 12 + 1 and not lines[12].strip()


def test_text_is_wrapped_beside_an_id_and_chinese_too(shown):
    for text in ("several words " * 8, "怎么换锁" * 20):
        lines = shown([{"sample_id": ID, "prompt": text}], width=80)
        assert lines[0].split() == ["sample_id", "prompt"] and len(lines) > 2
        assert "".join("".join(lines[1:]).split()) == ID[:12] + "".join(text.split())


def test_a_progress_bar_off_a_terminal_prints_nothing(capsys):
    with progress("read") as tick:
        tick(1, 2, "rows")
    assert capsys.readouterr() == ("", "")
