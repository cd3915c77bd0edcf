"""Means of metrics without a spread, against networks simulated plainly, and where they are said not to hold."""

from __future__ import annotations

import numpy as np
import pytest
from finite_networks import Sample, over_networks, simulate
from theory_cells import make_cell

from initbench.catalogue.initializers import initializer
from initbench.spec import Cell
from initbench.theory.predict_cell import OUTSIDE, UNDERIVED, predict_cell
from initbench.theory.prediction import Curve

CLAIM = 0.03
NETWORKS = 3000

BATCHES: dict[str, Cell] = {
    "relu": make_cell([64] * 6, "relu", 2**0.5, None, batch=8, gradient="none"),
    "gelu": make_cell([64] * 6, "gelu", 1.5, None, batch=8, gradient="none"),
    "tanh": make_cell([32] * 6, "tanh", 1.0, None, batch=3, gradient="none"),
}


def curve_of(cell: Cell, name: str) -> Curve:
    return predict_cell(cell).curves[name]


def misses(sample: Sample, values: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Layers that are beyond the claim and 4 standard errors: a false alarm once in 16,000."""
    beyond = np.abs(sample.mean - values) > CLAIM * np.abs(values) + 4 * sample.mean_error
    return np.flatnonzero(beyond & within)


@pytest.mark.parametrize("case", BATCHES)
def test_the_variance_over_the_batch(case: str) -> None:
    curve = curve_of(BATCHES[case], "act_var_batch")
    sample = over_networks(simulate(BATCHES[case], NETWORKS, root=1)["act_var_batch"])
    assert np.all(curve.within[1:5])
    assert not misses(sample, curve.mean, curve.within).size


def test_infinite_width_would_miss_it() -> None:
    """The control: what relu's finite networks have is beyond the claim of infinite width's value."""
    cell = BATCHES["relu"]
    curve = curve_of(cell, "act_var_batch")
    sample = over_networks(simulate(cell, NETWORKS, root=1)["act_var_batch"])
    assert misses(sample, curve.infinite, curve.within).size


@pytest.mark.parametrize(("name", "sigma_w"), [("softplus", 1.0), ("cos", 1.5)])
def test_lengths_move_angles(name: str, sigma_w: float) -> None:
    """Without that, the mean would be off by 3 to 5 % from layer 3 or 4 on."""
    cell = make_cell([64] * 6, name, sigma_w, 0.3, batch=8, gradient="none")
    curve = curve_of(cell, "act_var_batch")
    sample = over_networks(simulate(cell, NETWORKS, root=3)["act_var_batch"])
    assert curve.within.all()
    error = np.abs(curve.mean / sample.mean - 1)[1:]
    assert np.all(error < 0.01 + 4 * (sample.mean_error / sample.mean)[1:])
    assert not misses(sample, curve.mean, curve.within).size


def test_a_strange_law_ends_the_range() -> None:
    """Uniform biases that are most of z: angles feel more than its fourth cumulant."""
    wide = initializer("uniform", low=-1.8, high=1.8)
    cell = make_cell([64] * 4, "sin", 1.0, wide, batch=4, gradient="none")
    for name in ("act_var_batch", "cosine"):
        assert not curve_of(cell, name).within[1:].any()
    assert curve_of(cell, "act_q").within[1:].all()


def test_inactive_entries() -> None:
    """hard_shrink's threshold is felt at every K: infinite width is 2 to 6 % off, the mean over K is not."""
    cell = make_cell([64] * 6, "hard_shrink", 2.0, 0.3, batch=4, gradient="none")
    curve = curve_of(cell, "inactive_fraction")
    sample = over_networks(simulate(cell, 8000, root=2)["inactive_fraction"])
    assert np.all(curve.within[1:])
    assert not misses(sample, curve.mean, curve.within).size
    assert abs(sample.mean[4] - curve.infinite[4]) > 4 * sample.mean_error[4]
    assert abs(sample.mean[4] - curve.mean[4]) < 4 * sample.mean_error[4]


def test_what_is_out_of_range_says_so() -> None:
    """gelu of width 16 and depth 20: at layer 20 infinite width says 4.5e-4 and networks show 0.28."""
    curves = predict_cell(make_cell([16] * 21, "gelu", "he_normal", batch=8)).curves
    for name in ("act_q", "act_var_batch", "distinct_units", "grad_distinct_units"):
        assert not curves[name].within[20 if "grad" not in name else 1], name
    batch = curves["act_var_batch"]
    assert batch.reasons[20] == UNDERIVED
    assert batch.mean[20] == batch.infinite[20]
    assert curves["distinct_units"].reasons[20] == OUTSIDE


def test_a_mean_that_is_not_derived_holds_for_wide_networks_only() -> None:
    narrow, wide = (
        predict_cell(make_cell([width] * 7, "relu", "he_normal", batch=8)).curves["dead_fraction"]
        for width in (64, 512)
    )
    assert list(narrow.within[1:]) == [True] + 5 * [False]  # 1 / 64 is under 2 %, and 2 / 64 is not
    assert narrow.reasons[2] == UNDERIVED
    assert wide.within[1:].all()
    assert UNDERIVED not in wide.reasons


def test_what_is_the_same_at_any_width_stays_within() -> None:
    """Half of relu's entries are inactive whatever K is; tanh has no dead unit, and independent cotangents no cosine
    in common."""
    relu = predict_cell(make_cell([64] * 41, "relu", "he_normal", batch=4)).curves
    assert relu["inactive_fraction"].within[1:].all()
    assert not relu["act_q"].within[1:].all()
    tanh = predict_cell(make_cell([64] * 7, "tanh", 1.5, 0.2, batch=4)).curves
    for name in ("dead_fraction", "distinct_units", "gradient_cosine"):
        assert tanh[name].within[1:].all(), name


def test_a_signal_that_is_sent_back_itself_has_no_mean_of_its_own() -> None:
    """relu, gradient: ones, width 64: layer 1 shows 2.93 where infinite width says 3.37."""
    ten = {"batch": 1, "gradient": "ones"}
    curve = curve_of(make_cell([64] * 11, "relu", "he_normal", **ten), "grad_q")
    assert not curve.within[1:10].any()
    assert curve.within[10]
    assert curve.reasons[1] == UNDERIVED
    assert curve.mean[1] == curve.infinite[1]
    assert curve_of(make_cell([1024] * 11, "relu", "he_normal", **ten), "grad_q").within[1:].all()


def test_lengths_that_vary_and_laws_that_are_not_normal() -> None:
    """Normal inputs times a Haar matrix are exactly normal: on a sphere, whose radius varies."""
    cell = make_cell([32] * 2, "hard_tanh", initializer("orthogonal"), None, batch=3, gradient="none")
    curve = curve_of(cell, "saturated_fraction")
    assert curve.within[1]
    assert curve.mean[1] == pytest.approx(curve.infinite[1], rel=2e-3)


def test_inputs_that_differ_by_rounding_alone() -> None:
    """Where all inputs have become one, float32 has but its own noise left, float64 has not."""
    for dtype, fine in (("float32", False), ("float64", True)):
        cell = make_cell([64] * 11, "sigmoid", 0.5, 0.3, batch=3, gradient="none", dtype=dtype)
        curve = curve_of(cell, "act_var_batch")
        assert 1e-25 < curve.infinite[-1] < 1e-13
        assert curve.within[1]
        assert curve.within[-1] == fine
