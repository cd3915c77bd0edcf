"""A prediction as a whole: its curves and bands, what is blank or out of range and why, and what is said of it."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from activation_cases import REQUIRED
from theory_cells import SCALARS, make_cell

from initbench.catalogue.activations import ACTIVATIONS, activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.catalogue.metrics import DEFAULT_METRICS
from initbench.spec import Cell
from initbench.theory.predict_cell import BEYOND, OUTSIDE, SHARED, predict_cell
from initbench.theory.prediction import Prediction
from initbench.theory.unspread import NO_SPREAD, NOT_NORMAL

Array = np.ndarray[Any, Any]


def check(prediction: Prediction, cell: Cell) -> None:
    """What holds of every prediction: shapes, order, and reasons where something is missing."""
    assert list(prediction.curves) == [name for name in SCALARS if name in cell.metrics]
    for name, curve in prediction.curves.items():
        rows = cell.network.depth + 1
        assert {len(column) for column in (curve.infinite, curve.mean, curve.sd, curve.within, curve.reasons)} == {rows}
        assert curve.within.dtype == bool
        for infinite, mean, sd, within, reason in zip(
            curve.infinite, curve.mean, curve.sd, curve.within, curve.reasons, strict=True
        ):
            told = np.isnan(infinite) or np.isnan(sd) or not within
            assert bool(reason) == told, (name, infinite, mean, sd, within, reason)
            assert np.isnan(mean) == np.isnan(infinite)
            assert not (within and np.isnan(infinite))


@pytest.mark.parametrize("name", [record.name for record in ACTIVATIONS])
def test_every_activation_has_a_prediction(name: str) -> None:
    chosen = activation(name, **REQUIRED.get(name, {}))
    cell = make_cell((40,) * 4, chosen, 1.3, 0.1, batch=3, resample=False)
    prediction = predict_cell(cell)
    check(prediction, cell)
    assert np.isfinite(prediction.curves["preact_q"].infinite[1])


CELLS = [
    make_cell((16, 8, 32, 16), "relu", "he_normal"),
    make_cell((16, 8, 32, 16), "relu", "he_normal", gradient="ones"),
    make_cell((16, 8, 32, 16), "tanh", "glorot_uniform", gradient="shared", metrics=DEFAULT_METRICS),
    make_cell((16, 16), "tanh", initializer("orthogonal"), gradient="none"),
    make_cell((16,) * 4, "relu", [initializer(name) for name in ("he_normal", "identity", "he_normal")]),
    make_cell((16,) * 4, "relu", "ones", batch=1),
    make_cell((16,) * 4, "relu", "zeros"),
    make_cell((16,) * 4, "relu", "zeros", 0.3),
    make_cell((16,) * 4, "tanh", "he_normal", source="ones", batch=5),
    make_cell((16,) * 4, "tanh", "he_normal", source=inputs("constant", value=0.0)),
    make_cell((16,) * 4, "exponential", 2.0),
    make_cell((16,) * 4, "sign", 1.0),
    make_cell((16,) * 4, "relu", initializer("normal", stddev=1e30), dtype="float32"),
    make_cell((1, 1, 1), "tanh", 1.0, batch=2),
    make_cell((1, 1), "relu", 1.0, batch=1),
    make_cell((16,) * 40, "relu", "he_normal", batch=1),
]


@pytest.mark.parametrize("cell", CELLS)
def test_cells_of_all_kinds(cell: Cell) -> None:
    check(predict_cell(cell), cell)


def test_only_the_metrics_of_the_cell() -> None:
    cell = make_cell((8, 8), "relu", metrics=("act_q", "grad_q"))
    assert list(predict_cell(cell).curves) == ["act_q", "grad_q"]


def test_finite_networks_have_their_own_mean_and_spread() -> None:
    curves = predict_cell(make_cell((50,) * 6, "tanh", 1.5, 0.3, batch=1)).curves
    act_q = curves["act_q"]
    assert act_q.mean[5] != act_q.infinite[5]
    assert act_q.mean[5] == pytest.approx(act_q.infinite[5], rel=0.05)
    assert 0.05 < act_q.sd[5] / act_q.mean[5] < 0.2
    assert act_q.within.all()
    assert set(act_q.reasons) == {""}


def test_what_has_no_spread_says_so() -> None:
    curve = predict_cell(make_cell((50,) * 3, "relu", batch=4)).curves["inactive_fraction"]
    assert curve.mean[1:] == pytest.approx(0.5)
    assert np.isnan(curve.sd).all()
    assert curve.reasons[1:] == (NO_SPREAD,) * 2


def test_a_shared_batch_has_no_spread_at_layer_0() -> None:
    curves = predict_cell(make_cell((50,) * 3, "relu", batch=4, resample=False)).curves
    for name in ("act_q", "act_var", "act_var_batch"):
        assert curves[name].sd[0] == 0
        assert curves[name].reasons[0] == ""
    assert curves["act_mean"].reasons[0] in {SHARED, ""}


def test_the_variance_of_few_entries_that_every_seed_draws() -> None:
    """Two inputs of 32 entries: 1/64 of q + c q goes with the square of their mean."""
    curve = predict_cell(make_cell((32,) * 3, "relu", batch=2, source=inputs("pair", cosine=0.9))).curves["act_var"]
    assert curve.infinite[0] == 1
    assert curve.mean[0] == pytest.approx(1 - 1.9 / 64)
    assert curve.within[0]
    rng = np.random.default_rng(0)
    measured = [inputs("pair", cosine=0.9).draw(rng, 2, 32).var() for _ in range(4_000)]
    assert np.mean(measured) == pytest.approx(curve.mean[0], abs=5 * np.std(measured) / np.sqrt(4_000))


def test_float32_ends_where_float64_goes_on() -> None:
    """relu at sigma_w = 10: q = 100 * 50^(l - 1) passes 1e75 in layer 44; nothing is compared from there on."""
    cell = make_cell((400,) * 81, "relu", 10.0, batch=1, dtype="float32")
    act_q = predict_cell(cell).curves["preact_q"]
    last = 1 + math.floor(73 / math.log10(50))
    assert not act_q.within[last + 1 :].any()
    assert act_q.reasons[last + 1] == BEYOND
    assert act_q.infinite[60] == pytest.approx(100 * 50.0**59)
    double = predict_cell(make_cell((400,) * 81, "relu", 10.0, batch=1)).curves["preact_q"]
    assert BEYOND not in double.reasons


def test_gradients_of_networks_that_overflow_are_none() -> None:
    curves = predict_cell(make_cell((400,) * 81, "relu", 10.0, batch=1, dtype="float32")).curves
    assert not curves["grad_q"].within.any()
    assert curves["grad_q"].reasons[1] == BEYOND


def test_vanishing_is_out_of_range_and_0_is_not() -> None:
    small = predict_cell(make_cell((64,) * 60, "linear", 0.05, batch=1, dtype="float32")).curves["act_q"]
    assert BEYOND in small.reasons
    assert small.reasons[10] == ""
    zero = predict_cell(make_cell((64,) * 4, "linear", "zeros", batch=1, dtype="float32")).curves["act_q"]
    assert (zero.mean[1:] == 0).all()
    assert zero.within.all()


@pytest.mark.parametrize("batch", [1, 4])
def test_inputs_below_weights_without_theory_have_theirs(batch: int) -> None:
    own, usual = (predict_cell(make_cell((32,) * 4, "relu", weights, batch=batch)) for weights in ("ones", "he_normal"))
    for metric in ("act_mean", "act_var", "act_q", "act_var_batch", "cosine"):
        for field in ("infinite", "mean", "sd", "within", "reasons"):
            first, other = (getattr(one.curves[metric], field)[0] for one in (own, usual))
            assert first == other or (np.isnan(first) and np.isnan(other))
        assert np.isnan(own.curves[metric].mean[1:]).all()
        assert not own.curves[metric].within[1:].any()
    assert own.notes == ()


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("sigma_w", [1e-50, 1e45])
@pytest.mark.parametrize("name", ["relu", "abs"])
def test_spreads_do_not_vanish_with_the_squares_of_mean_squares(name: str, sigma_w: float, batch: int) -> None:
    """Mean squares from 1e-300 to 1e270: their squares are no float64s, and their relative spreads are as ever."""
    far, near = (predict_cell(make_cell((64,) * 4, name, sigma, batch=batch)).curves for sigma in (sigma_w, 1.5))
    for metric in ("preact_mean", "preact_var", "preact_q", "act_mean", "act_var", "act_q"):
        size = (sigma_w / 1.5) ** (np.arange(4.0) * (1 if metric.endswith("mean") else 2))
        np.testing.assert_allclose(far[metric].mean[1:], (near[metric].mean * size)[1:], rtol=1e-11)
        np.testing.assert_allclose(far[metric].sd[1:], (near[metric].sd * size)[1:], rtol=1e-9, err_msg=metric)
        assert far[metric].within[1:3].all()


def test_what_is_no_mean_square_needs_normal_preactivations() -> None:
    cell = make_cell((64,) * 12, "relu", initializer("torch:linear"), initializer("torch:linear"), batch=4)
    curves = predict_cell(cell).curves
    assert curves["act_q"].within[1:9].all()
    excess = -1.2 * (1 / 192 / curves["preact_q"].infinite[9]) ** 2
    assert curves["inactive_fraction"].reasons[9].startswith(NOT_NORMAL.format(excess)[:-2])
    assert not curves["inactive_fraction"].within[9]


def test_deep_narrow_networks_are_out_of_range() -> None:
    curves = predict_cell(make_cell((10,) * 31, "tanh", 1.0, batch=2)).curves
    assert curves["grad_q"].reasons[1] == OUTSIDE
    assert not curves["grad_q"].within[1]


def test_mean_and_median_are_told_apart() -> None:
    """He and relu, depth 20 by width 20: the mean stays 1 and the median falls to about exp(-5 L / (2 n))."""
    prediction = predict_cell(make_cell((20,) * 21, "relu", "he_normal", batch=1))
    assert prediction.curves["act_q"].mean[20] == pytest.approx(1.0)
    said = next(note for note in prediction.notes if note.startswith("act_q of layer 20"))
    factor = float(said.split("about ")[1].split(" times")[0])
    assert math.log(factor) == pytest.approx(5 * 20 / (2 * 20), rel=0.25)
    assert any(note.startswith("grad_q of layer 1") for note in prediction.notes)
    assert predict_cell(make_cell((500,) * 6, "relu", "he_normal", batch=1)).notes == ()


def test_dead_networks_are_counted() -> None:
    """Of 10 layers of 4 units each, one is dead with probability 1 - (1 - 2^-4)^10 = 0.48."""
    notes = predict_cell(make_cell((4,) * 11, "relu", "he_normal", batch=1)).notes
    assert any(note.startswith("0.48 of all networks die") for note in notes)


def test_notes_say_where_theory_ends_and_what_is_out_of_range() -> None:
    weights = [initializer(name) for name in ("he_normal", "ones", "he_normal")]
    ends = predict_cell(make_cell((64,) * 4, "relu", weights)).notes
    assert ends[0].startswith("Theory ends below layer 2: weights drawn from ones are not random")
    narrow = predict_cell(make_cell((10,) * 31, "tanh", 1.0, batch=2)).notes
    assert any(note.startswith("From layer ") and OUTSIDE in note for note in narrow)


@pytest.mark.parametrize(("name", "sigma_w", "sigma_b"), [("tanh", 1.5, 0.3), ("relu", 2**0.5, 0), ("gelu", 1.4, 0.3)])
def test_a_thousand_layers_in_a_moment(name: str, sigma_w: float, sigma_b: float) -> None:
    """Some 15 to 40 ms of processor time once an activation is known; the bound leaves room for slow machines."""
    cell = make_cell((256,) * 1001, name, sigma_w, sigma_b, batch=64)
    predict_cell(cell)

    def seconds() -> float:
        begin = time.process_time()
        predict_cell(cell)
        return time.process_time() - begin

    assert min(seconds() for _ in range(3)) < 0.25
