"""Moments of Jacobians and cosines of gradients: published values, networks made here, and what is blank.

At width n the moments are off by a few L / n; 6 L / n of the value is allowed, and four standard errors. The engine is
not used: matrices are drawn and multiplied here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from theory_cells import SCALARS, make_cell

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import Initializer, initializer
from initbench.catalogue.inputs import inputs
from initbench.spec import Cell
from initbench.streams import Purpose, stream
from initbench.theory.predict_cell import predict_cell
from initbench.theory.prediction import Curve

Array = np.ndarray[Any, Any]

METRICS = ("jacobian_m1", "jacobian_var", "gradient_cosine")
MIXED = [activation(name) for name in ("tanh", "relu", "gelu", "leaky_relu")]
FANS = (240, 160, 320, 80, 240)


def curve(cell: Cell, name: str) -> Curve:
    return predict_cell(cell).curves[name]


def orthogonal(gain: float) -> Initializer:
    return initializer("orthogonal", gain=gain)


def at_rest(name: str, q: float, depth: int, weights: str) -> Cell:
    """A network whose preactivations have the mean square q in every layer, critical there: chi = 1."""
    z = np.linspace(-9, 9, 20001) * math.sqrt(q)
    density = np.exp(-z * z / (2 * q)) / np.exp(-z * z / (2 * q)).sum()
    phi = activation(name)
    squared = float((phi.slope(z) ** 2) @ density)
    sigma_w = squared**-0.5
    bias = math.sqrt(q - float(phi.value(z) ** 2 @ density) / squared)
    law = orthogonal(sigma_w) if weights == "orthogonal" else sigma_w
    start = inputs("sphere", mean_square=(q - bias**2) / sigma_w**2)
    return make_cell((50,) * (depth + 1), phi, law, bias, source=start, batch=2)


@pytest.mark.parametrize(
    ("name", "gain", "weights", "per_layer"),
    [
        ("linear", 1.0, "gaussian", 1.0),
        ("linear", 1.0, "orthogonal", 0.0),
        ("relu", 2**0.5, "gaussian", 2.0),
        ("relu", 2**0.5, "orthogonal", 1.0),
        ("relu", 0.9, "gaussian", 2.0),
    ],
)
def test_published_variances(name: str, gain: float, weights: str, per_layer: float) -> None:
    """Pennington et al. 2017: L (mu_2 / mu_1^2 - 1 - s_1) over m1^2, at any gain."""
    law = orthogonal(gain) if weights == "orthogonal" else gain
    cell = make_cell((50,) * 17, name, law, batch=2)
    np.testing.assert_allclose(curve(cell, "jacobian_var").mean[1:], per_layer * np.arange(1, 17), atol=1e-12)
    chi = gain**2 * (0.5 if name == "relu" else 1.0)
    np.testing.assert_allclose(curve(cell, "jacobian_m1").mean[1:], chi ** np.arange(1, 17), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "depths", "published"),
    [
        ("tanh", (2, 4, 8, 16), (0.27395, 0.54791, 1.0958, 2.1916)),
        ("hard_tanh", (16,), (0.76271,)),
    ],
)
def test_published_variances_at_criticality(name: str, depths: tuple[int, ...], published: tuple[float, ...]) -> None:
    """q* = 0.25 and Haar weights: five digits were published. With Gaussian weights it is L more."""
    haar, gaussian = (curve(at_rest(name, 0.25, 16, law), "jacobian_var").mean for law in ("orthogonal", "gaussian"))
    for depth, value in zip(depths, published, strict=True):
        assert haar[depth] == pytest.approx(value, rel=3e-5)
        assert gaussian[depth] == pytest.approx(value + depth, rel=3e-5)
    np.testing.assert_allclose(curve(at_rest(name, 0.25, 16, "gaussian"), "jacobian_m1").mean[1:], 1, rtol=1e-3)


def test_hard_tanh_is_cut_with_probability_1_minus_p() -> None:
    p = math.erf(1 / math.sqrt(2 * 0.25))
    assert curve(at_rest("hard_tanh", 0.25, 5, "orthogonal"), "jacobian_var").mean[5] == pytest.approx(5 * (1 - p) / p)


def measured(cell: Cell, seed: int) -> dict[str, list[float]]:
    """METRICS of one network, layer by layer, with J drawn out for the first input and one cotangent for all."""
    rng = np.random.default_rng([5, seed])
    h = cell.batch.inputs.draw(rng, cell.batch.batch_size, cell.batch.features)
    j = np.eye(h.shape[1])
    out: dict[str, list[float]] = {name: [] for name in METRICS}
    weights, slopes = [], []
    for layer in cell.network.layers:
        w = layer.initializer.sample(rng, layer.fan_in, layer.fan_out, np.float64)
        assert layer.bias is not None
        b = np.empty(layer.fan_out)
        layer.bias.law(layer.fan_in, layer.fan_out).fill(rng, b)
        h, slope = layer.activation.both(h @ w + b)
        weights.append(w)
        slopes.append(slope)
        j = (j @ w) * slope[0]
        squares = np.linalg.eigvalsh(j.T @ j)
        out["jacobian_m1"].append(squares.mean())
        out["jacobian_var"].append(squares.var() / squares.mean() ** 2)
    d = np.broadcast_to(rng.standard_normal(h.shape[1]), h.shape)
    for w, slope in zip(weights[::-1], slopes[::-1], strict=True):
        d = d * slope
        unit = d / np.linalg.norm(d, axis=1)[:, None]
        out["gradient_cosine"].insert(0, (unit @ unit.T)[np.triu_indices(len(d), 1)].mean())
        d = d @ w.T
    return out


CASES = {
    "gaussian": make_cell(FANS, MIXED, 1.3, 0.2, batch=3, gradient="shared"),
    "uniform": make_cell(FANS, MIXED, "he_uniform", 0.2, batch=3, gradient="shared"),
    "haar": make_cell(FANS, MIXED, orthogonal(1.3), 0.2, batch=3, gradient="shared"),
}


def departures(cell: Cell, theory: Cell, seeds: int) -> list[str]:
    """Metrics and layers of a cell that are further from a prediction than chance and width explain."""
    networks = [measured(cell, seed) for seed in range(seeds)]
    found = []
    for name in METRICS:
        for row in range(cell.network.depth):
            values = np.array([one[name][row] for one in networks])
            expected = curve(theory, name).infinite[row + 1]
            error, allowed = values.std(ddof=1) / math.sqrt(seeds), 6 * cell.network.depth / 240 * expected
            if abs(values.mean() - expected) > 4 * error + allowed * (0.2 if name == "jacobian_m1" else 1):
                found.append(f"{name}[{row + 1}]: {values.mean():.4g} +- {error:.2g}, theory {expected:.4g}")
    return found


@pytest.mark.parametrize("name", CASES)
def test_networks_of_layers_that_all_differ(name: str) -> None:
    assert departures(CASES[name], CASES[name], 12) == []


def test_the_other_weights_would_be_seen() -> None:
    """The control: Haar weights against the prediction for independent ones, and the other way round."""
    assert any("jacobian_var" in one for one in departures(CASES["haar"], CASES["gaussian"], 6))
    assert any("jacobian_var" in one for one in departures(CASES["gaussian"], CASES["haar"], 6))


@pytest.mark.parametrize("depth", [1, 2, 5, 10, 20])
def test_the_gradients_of_a_plain_relu_network_are_not_halved(depth: int) -> None:
    """prod (1 - arccos(c_l) / pi) from c = 0, for which 2^-L was published: .5, .3016, .1046, .0337, .0082."""
    cell = make_cell((50,) * (depth + 1), "relu", "he_normal", source=inputs("pair", cosine=0.0), batch=2)
    c, product = 0.0, 1.0
    for _ in range(depth):
        product *= 1 - math.acos(c) / math.pi
        c = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
    shared = curve(replace(cell, gradient="shared"), "gradient_cosine")
    assert shared.infinite[1] == pytest.approx(product, rel=1e-9)
    assert product == pytest.approx({1: 0.5, 2: 0.3016, 5: 0.1046, 10: 0.0337, 20: 0.0082}[depth], abs=6e-5)
    assert curve(replace(cell, gradient="gaussian"), "gradient_cosine").infinite[1] == 0


def test_what_is_blank_says_why() -> None:
    relu = predict_cell(make_cell((16,) * 4, "relu", "he_normal", batch=1)).curves
    for name in ("jacobian_max", "jacobian_min", "jacobian_condition"):
        assert np.isnan(relu[name].infinite).all()
        assert all(relu[name].reasons)
    assert "begins above" in relu["jacobian_m1"].reasons[0]
    assert relu["gradient_cosine"].reasons[1] == "a single input has no pairs"
    ones = curve(make_cell((16,) * 4, "relu", "he_normal", gradient="ones"), "gradient_cosine")
    assert "not derived" in ones.reasons[1]
    nothing = predict_cell(make_cell((16,) * 4, "relu", "he_normal", gradient="none")).curves["gradient_cosine"]
    assert nothing.reasons[1] == "no gradient is sent back"
    dead = predict_cell(make_cell((16,) * 4, "tanh", "zeros", gradient="shared")).curves
    assert (dead["jacobian_m1"].mean[1:] == 0).all()
    assert np.isnan(dead["jacobian_var"].mean).all()
    assert all(dead["jacobian_var"].reasons)
    ends = make_cell((16,) * 4, "relu", [initializer(name) for name in ("he_normal", "identity", "he_normal")])
    assert curve(ends, "jacobian_var").reasons[2].startswith("layer 2: weights drawn from identity")
    assert curve(ends, "jacobian_var").infinite[1] == pytest.approx(2)


def test_sparse_weights_have_a_spectrum_of_their_own() -> None:
    laws = [initializer(name) for name in ("he_normal", "he_normal")] + [initializer("sparse", sparsity=0.9)]
    cell = make_cell((100,) * 4, "relu", laws, metrics=SCALARS)
    variance = curve(cell, "jacobian_var")
    np.testing.assert_allclose(variance.infinite[1:3], [2, 4])
    assert variance.reasons[3].startswith("layer 3: weights with so few")
    assert np.isfinite(curve(cell, "jacobian_m1").infinite[3])
    own = curve(cell, "layer_jacobian_mean")
    assert own.reasons[3].startswith("layer 3: weights with so few")
    assert np.isfinite(own.infinite[1:3]).all()


def test_groups_of_inputs_are_averaged() -> None:
    """Two inputs of different lengths have Jacobians of their own: the mean of both is what is predicted."""
    both = curve(make_cell((40,) * 4, "tanh", 1.5, source="gaussian", batch=2, resample=False), "jacobian_m1")
    rows = inputs("gaussian").draw(stream(0, 0, Purpose.SHARED_INPUTS), 2, 40)  # the batch that all seeds share
    single = [
        curve(
            make_cell((40,) * 4, "tanh", 1.5, source=inputs("sphere", mean_square=float(np.mean(row**2))), batch=1),
            "jacobian_m1",
        ).infinite
        for row in rows
    ]
    np.testing.assert_allclose(both.infinite[1:], np.mean(single, axis=0)[1:], rtol=1e-9)
    assert abs(single[0][3] / single[1][3] - 1) > 1e-3
