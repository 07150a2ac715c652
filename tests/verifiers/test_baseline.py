"""The baseline learns, reads Chinese, and keeps prompt and reply apart."""

import polars as pl
import pytest

from verifiers.baseline import calibrated, fit_baseline, probability


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_learns_from_replies_in_either_language(rows, language):
    mine = rows.filter(pl.col("language") == language)
    model = fit_baseline(mine.filter(split="train"))
    test = mine.filter(split="test")
    assert ((probability(model.logits(test)) >= 0.5) == test["unsafe"].to_numpy()).all()


def test_a_word_in_the_prompt_is_not_the_same_word_in_the_reply(rows):
    model = fit_baseline(rows.filter(split="train"))
    step, plain = "第一步占位", "今天天气"
    said = pl.DataFrame({"prompt": [step, plain], "response": [plain, step]})
    asked, answered = model.logits(said)
    assert answered > asked


def test_its_probability_is_that_of_its_log_odds(rows):
    logit = fit_baseline(rows.filter(split="train")).logits(rows)
    assert probability(logit).min() >= 0 and probability(logit).max() <= 1
    assert ((probability(logit) > 0.5) == (logit > 0)).all()
    assert calibrated(logit, rows["unsafe"].to_numpy()) > 0
