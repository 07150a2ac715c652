"""Metrics against numbers worked by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from verifiers import expected_calibration_error
from verifiers.metrics import (
    binary_metrics,
    bootstrap_weights,
    calibration_error,
    label_metrics,
    threshold_at_fpr,
)


def once(n: int) -> np.ndarray:
    return np.ones((1, n))


def test_binary_metrics_by_hand():
    p, unsafe = np.array([0.9, 0.6, 0.5, 0.2]), np.array([1, 0, 1, 0])
    found = {name: value.item() for name, value in binary_metrics(p, unsafe, once(4)).items()}
    # flagged at 0.5: .9 .6 .5, two of them unsafe; both unsafe rows flagged
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == 1
    assert found["f1"] == pytest.approx(0.8)
    # pairs (unsafe, safe): .9>.6 .9>.2 .5<.6 .5>.2
    assert found["auroc"] == pytest.approx(3 / 4)
    # precision 1 at the first unsafe, 2/3 at the second
    assert found["auprc"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.25 + 0.04) / 4)


scored = st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40)


@given(scored)
def test_a_weighting_counts_as_that_many_copies_and_agrees_with_scikit_learn(rows):
    p, unsafe, weight = (np.array(column) for column in zip(*rows, strict=True))
    p = p / 8
    copies_p, copies = np.repeat(p, weight), np.repeat(unsafe, weight)
    found = {name: value.item() for name, value in binary_metrics(p, unsafe, weight[None].astype(float)).items()}
    if len(set(copies)) < 2:
        assert all(np.isnan(found[name]) for name in ("f1", "precision", "recall", "auroc", "auprc"))
        return
    assert found["auroc"] == pytest.approx(reference.roc_auc_score(copies, copies_p))
    assert found["auprc"] == pytest.approx(reference.average_precision_score(copies, copies_p))
    assert found["f1"] == pytest.approx(reference.f1_score(copies, copies_p >= 0.5))
    assert found["recall"] == pytest.approx(reference.recall_score(copies, copies_p >= 0.5))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(copies, copies_p))
    if (copies_p >= 0.5).any():
        assert found["precision"] == pytest.approx(reference.precision_score(copies, copies_p >= 0.5))
    else:
        assert np.isnan(found["precision"])
    error = calibration_error(p, unsafe, weight[None].astype(float)).item()
    assert error == pytest.approx(expected_calibration_error(copies_p, copies))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_six_way_metrics_agree_with_scikit_learn(rows):
    said, truth = (np.array(column) for column in zip(*rows, strict=True))
    found = label_metrics(said, truth, once(len(rows)), labels=6)
    assert found["accuracy"].item() == pytest.approx(reference.accuracy_score(truth, said))
    macro = reference.f1_score(truth, said, labels=np.unique(truth), average="macro")
    assert found["macro_f1"].item() == pytest.approx(macro)


def test_a_resample_draws_whole_clusters():
    cluster = np.array(["a", "b", "a", "c", "b", "a"])
    weights = bootstrap_weights(cluster, resamples=200, seed=0)
    assert (weights[0] == 1).all()
    for name in "abc":
        assert (weights[:, cluster == name] == weights[:, cluster == name][:, :1]).all()
    # three draws of clusters in every resample
    assert (weights[1:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert (weights == bootstrap_weights(cluster, resamples=200, seed=0)).all()
    assert (weights != bootstrap_weights(cluster, resamples=200, seed=1)).any()


def test_rows_of_one_cluster_widen_the_interval():
    # 40 rows, recall 1/2. As 40 clusters the share of hits varies with sqrt(.25/20); as 4 clusters far more.
    p, unsafe = np.tile([0.9, 0.1, 0.1, 0.1], 10), np.tile([1, 1, 0, 0], 10)
    p[:20] = np.where(unsafe[:20], 0.9, 0.1)
    p[20:] = 0.1
    alone, together = (
        np.nanstd(binary_metrics(p, unsafe, bootstrap_weights(c, resamples=500, seed=0))["recall"])
        for c in (np.arange(40), np.arange(40) // 10)
    )
    assert together > 1.8 * alone


def test_a_threshold_holds_its_false_positive_rate():
    p_safe = np.arange(200) / 200
    # 5% of 200 may be flagged: the 10 highest, .95 to .995; the threshold lies just above .945
    assert threshold_at_fpr(p_safe, 0.05) == pytest.approx(0.945)
    assert (p_safe >= threshold_at_fpr(p_safe, 0.05)).sum() == 10


def test_a_threshold_that_the_rows_cannot_show_is_none():
    assert threshold_at_fpr(np.linspace(0, 0.9, 99), 0.01) is None
    assert threshold_at_fpr(np.ones(200), 0.01) is None


def test_no_rows_give_no_figures():
    found = binary_metrics(np.zeros(0), np.zeros(0), np.ones((1, 0)))
    assert all(np.isnan(value.item()) for value in found.values())
