"""The edge of chaos, against published numbers and against predictions on it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from activation_cases import CASES

from initbench.catalogue.activations import Activation, activation
from initbench.errors import ParameterError, UnknownNameError
from initbench.theory.critical import critical_line, critical_sigma_w
from initbench.theory.mean_field import predict


@pytest.mark.parametrize(
    ("name", "sigma_w", "slope"),
    [
        ("tanh", 1.30414584006, None),
        ("elu", 1.22925112414, None),
        ("erf", 1.15279541349, None),
        ("silu", 1.67953160069, 1.0987),
        ("gelu", 1.54700947042, 1.095),
        ("selu", 0.937475582105, None),
        ("hard_tanh", 1.06860884367, None),
        ("mish", 1.46343920779, 1.0245),
    ],
)
def test_critical_weights_of_hayou_2019(name: str, sigma_w: float, slope: float | None) -> None:
    """sigma_b = 0.2; the length is stable where no slope is given."""
    (point,) = critical_sigma_w(name, 0.2)
    assert point.sigma_w == pytest.approx(sigma_w, rel=1e-11)
    assert point.stable == (slope is None)
    assert point.slope < 1 if slope is None else point.slope == pytest.approx(slope, abs=5e-4)


def test_the_critical_point_of_schoenholz_2017() -> None:
    (point,) = critical_sigma_w("tanh", math.sqrt(0.05))
    assert (point.sigma_w**2, point.q) == pytest.approx((1.76095463961, 0.570047881641), rel=1e-11)


def test_gelu_is_stable_from_larger_biases_on() -> None:
    (point,) = critical_sigma_w("gelu", 0.5)
    assert (point.sigma_w, point.q) == pytest.approx((1.39986821641, 6.43410248669), rel=1e-11)
    assert point.stable


@pytest.mark.parametrize(
    ("name", "sigma_w", "q", "stable"),
    [
        ("relu", math.sqrt(2), None, True),
        ("abs", 1, None, True),
        ("linear", 1, None, True),
        ("leaky_relu", math.sqrt(2 / 1.0001), None, True),
        ("tanh", 1, 0, True),
        ("lecun_tanh", 1.5 / 1.7159, 0, True),
        ("gelu", 2, 0, False),
        ("silu", 2, 0, False),
        ("mish", 5 / 3, 0, False),
        ("selu", 1 / math.sqrt(1.0507009873554805**2 * (1 + 1.6732632423543772**2) / 2), 0, True),
    ],
)
def test_without_biases(name: str, sigma_w: float, q: float | None, stable: bool) -> None:
    (point,) = critical_sigma_w(name, 0.0)
    assert (point.sigma_w, point.q, point.stable) == (pytest.approx(sigma_w, rel=1e-10), q, stable)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "linear", "sign", "softplus", "square"])
def test_where_no_weights_are_critical(name: str) -> None:
    assert critical_sigma_w(name, 0.0 if name in {"sign", "softplus", "square"} else 0.1) == ()


def test_several_critical_weights_for_one_sigma_b() -> None:
    """Along exp, sigma_b^2 = q - 1 is monotone; along hard_silu's line sigma_b comes back, so some sigma_b have two."""
    for sigma_b in (0.05, 0.3, 0.65):
        points = critical_sigma_w("hard_silu", sigma_b)
        q = np.exp(np.linspace(np.log(1e-6), np.log(1e6), 20_000))
        line = critical_line("hard_silu")
        curve = np.interp(q, np.concatenate([a.q for a in line]), np.concatenate([a.sigma_b for a in line]))
        assert len(points) == np.count_nonzero(np.diff(np.sign(curve - sigma_b)))


@pytest.mark.parametrize("case", CASES[:37], ids=[case.label for case in CASES[:37]])
def test_on_the_line_gradients_keep_their_size(case: Activation) -> None:
    for arc in critical_line(case):
        assert np.all(arc.sigma_b >= 0)
        middle = len(arc.q) // 2
        sigma_w, sigma_b, q = (float(a[middle]) for a in (arc.sigma_w, arc.sigma_b, arc.q))
        field = predict(case, sigma_w, sigma_b, 1.0 if math.isnan(q) else q)
        if math.isnan(q):
            assert field.phase == "critical"
            continue
        point = min(field.fixed_points, key=lambda point: abs(point.q - q))
        assert point.q == pytest.approx(q, rel=1e-6)
        assert point.chi == pytest.approx(1, rel=1e-6)
        assert point.stable == arc.stable


def test_arcs_meet_where_stability_changes() -> None:
    unstable, stable = critical_line("gelu")
    assert (unstable.stable, stable.stable) == (False, True)
    assert (unstable.q[-1], unstable.sigma_w[-1], unstable.sigma_b[-1]) == pytest.approx(
        (stable.q[0], stable.sigma_w[0], stable.sigma_b[0]), rel=1e-12
    )
    (edge,) = critical_sigma_w("gelu", float(stable.sigma_b[0]))
    assert edge.slope == pytest.approx(1, abs=1e-8)


def test_the_line_passes_through_the_points() -> None:
    (arc,) = critical_line("tanh")
    for sigma_b in (0.05, 0.2, 0.5):
        (point,) = critical_sigma_w("tanh", sigma_b)
        assert np.interp(sigma_b, arc.sigma_b, arc.sigma_w) == pytest.approx(point.sigma_w, rel=1e-3)


def test_relus_line_is_a_point() -> None:
    (arc,) = critical_line("relu")
    assert (arc.sigma_w.tolist(), arc.sigma_b.tolist()) == ([pytest.approx(math.sqrt(2))], [0])
    assert critical_line("sign") == ()


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="sigma_b must be a number >= 0"):
        critical_sigma_w("tanh", -0.1)
    with pytest.raises(UnknownNameError):
        critical_line("tahn")
    assert critical_sigma_w(activation("threshold", threshold=0.0, value=0.0), 0.0)[0].q is None
