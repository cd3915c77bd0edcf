"""The gains of an activation against closed forms, and against torch's own table."""

from __future__ import annotations

import math

import pytest

from initbench.catalogue.activations import activation
from initbench.theory.gains import keeping_gain, torchs_gain

ERF = 2 / math.pi * math.asin(2 / 3)


@pytest.mark.parametrize(
    ("name", "params", "sigma_w", "slope", "chi"),
    [
        ("linear", {}, 1.0, 1.0, 1.0),
        ("relu", {}, math.sqrt(2), 1.0, 1.0),
        ("leaky_relu", {"negative_slope": 0.5}, math.sqrt(2 / 1.25), 1.0, 1.0),
        ("abs", {}, 1.0, 1.0, 1.0),
        ("sign", {}, 1.0, 0.0, 0.0),
        # <z^4> = 3 q^2 and <(2 z)^2> = 4 q
        ("square", {}, math.sqrt(1 / 3), 2.0, 4 / 3),
        # <exp(2 z)> = exp(2 q), also of the slope
        ("exponential", {}, math.exp(-1), 2.0, 1.0),
        # (2 / pi) arcsin(2 q / (1 + 2 q)) and (4 / pi) / sqrt(1 + 4 q): Williams 1997
        ("erf", {}, ERF**-0.5, None, 4 / math.pi / 5**0.5 / ERF),
    ],
)  # fmt: skip
def test_the_gain_that_keeps_a_mean_square(
    name: str, params: dict[str, float], sigma_w: float, slope: float | None, chi: float
) -> None:
    gain = keeping_gain(activation(name, **params))
    assert gain is not None
    assert gain.sigma_w == pytest.approx(sigma_w, rel=1e-10)
    assert gain.chi == pytest.approx(chi, rel=1e-10, abs=1e-12)
    if slope is not None:
        assert gain.slope == pytest.approx(slope, rel=1e-9, abs=1e-12)
        assert gain.stable is (slope <= 1)


def test_selu_keeps_it_with_gain_1() -> None:
    """Klambauer et al. 2017: the fixed point (0, 1), where chi is 1.0716."""
    gain = keeping_gain(activation("selu"))
    assert gain is not None
    assert gain.sigma_w == pytest.approx(1, rel=1e-10)
    assert gain.chi == pytest.approx(1.0715749925, rel=1e-9)


def test_nothing_keeps_what_is_always_0() -> None:
    assert keeping_gain(activation("hard_shrink", threshold=1e3)) is None


CASES = [
    ("linear", {}, "linear", None),
    ("jax:identity", {}, "linear", None),
    ("sigmoid", {}, "sigmoid", None),
    ("keras:tanh", {}, "tanh", None),
    ("torch:relu", {}, "relu", None),
    ("keras:relu", {}, "relu", None),
    ("selu", {}, "selu", None),
    ("leaky_relu", {"negative_slope": 0.3}, "leaky_relu", 0.3),
    ("keras:leaky_relu", {}, "leaky_relu", 0.2),
]


@pytest.mark.parametrize(("name", "params", "nonlinearity", "slope"), CASES)
def test_torchs_gain_is_torchs(name: str, params: dict[str, float], nonlinearity: str, slope: float | None) -> None:
    torch = pytest.importorskip("torch")
    said = torch.nn.init.calculate_gain(nonlinearity, slope)
    assert torchs_gain(activation(name, **params)) == pytest.approx(said, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("gelu", {}),
        ("prelu", {}),
        ("elu", {}),
        ("keras:relu", {"negative_slope": 0.1}),
        ("keras:relu", {"max_value": 6}),
    ],
)
def test_torch_has_no_gain(name: str, params: dict[str, float]) -> None:
    assert torchs_gain(activation(name, **params)) is None
