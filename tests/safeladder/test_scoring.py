"""The score stage: a verdict belongs to the row that was asked, each row is asked once, a bad row stops nobody."""

import polars as pl
import pytest

from safeladder.pipeline import verify


class Judge:
    """Says of a reply how long it is; notes what it was asked, and raises on what it is told to."""

    def __init__(self, *, bad=(), dies_after=None, drops=False):
        self.asked, self.bad, self.dies_after, self.drops = [], bad, dies_after, drops

    def score(self, prompts, responses):
        if self.dies_after is not None and len(self.asked) >= self.dies_after:
            raise OSError("killed")
        if any(word in response for response in responses for word in self.bad):
            raise KeyError(responses[0])
        self.asked += prompts
        said = pl.DataFrame({"p_unsafe": [float(len(response)) for response in responses]})
        return said[1:] if self.drops else said


@pytest.fixture
def rows(monkeypatch):
    """Twenty-five rows in batches of ten."""
    monkeypatch.setattr(verify, "SCORED_AT_ONCE", 10)
    replies = [f"回答{'长' * n}" for n in range(25)]
    return pl.DataFrame({"sample_id": [f"id-{n:02d}" for n in range(25)], "response": replies}).with_columns(
        prompt=pl.col("sample_id")
    )


def score(judge, rows, folder, **options):
    return verify.score_rows(
        judge, rows, folder=folder, **{"may_fail": 0.1, "tick": lambda done, total: None} | options
    )


def by_id(scored):
    return dict(scored.select("sample_id", "p_unsafe").rows())


def test_a_killed_stage_asks_only_what_is_left(rows, tmp_path):
    whole, _ = score(Judge(), rows, tmp_path / "whole")
    assert by_id(whole) == {f"id-{n:02d}": n + 2 for n in range(25)}
    with pytest.raises(OSError):
        score(Judge(dies_after=20), rows, tmp_path / "work")
    (tmp_path / "work" / ".half.scored.9999999").write_bytes(b"half")
    again = Judge()
    scored, failed = score(again, rows, tmp_path / "work")
    assert again.asked == rows["sample_id"].to_list()[20:]
    assert scored.equals(whole) and failed.is_empty()
    assert len(list((tmp_path / "work").iterdir())) == 3


def test_a_row_that_fails_is_set_apart_and_the_others_keep_their_verdicts(rows, tmp_path):
    scored, failed = score(Judge(bad=["回答长长长长长长长长长长长长长长长长长长长长长长长长"]), rows, tmp_path)
    assert failed.select("sample_id", "reason", "detail").rows() == [("id-24", "failed", "KeyError")]
    assert by_id(scored) == {f"id-{n:02d}": n + 2 for n in range(24)}


def test_a_verifier_that_gives_too_few_verdicts_is_no_answer(rows, tmp_path):
    with pytest.raises(RuntimeError, match="that is not the rows"):
        score(Judge(drops=True), rows, tmp_path)
    assert not list(tmp_path.glob("*.scored"))


def test_when_all_are_tried_again_all_may_fail_again(rows, tmp_path):
    scored, failed = score(Judge(bad=["回答"]), rows[:3], tmp_path, may_fail=1.0)
    assert scored.is_empty() and failed["sample_id"].to_list() == ["id-00", "id-01", "id-02"]
