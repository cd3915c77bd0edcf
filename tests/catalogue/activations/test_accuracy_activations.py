"""Values and slopes of the smooth activations against many-digit arithmetic, down to where they underflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from initbench.catalogue.activations import activation

mp = pytest.importorskip("mpmath", reason="mpmath judges the last digits")
Real = Any
Function = Callable[[Real], Real]


def _sigmoid(z: Real) -> Real:
    return 1 / (1 + mp.exp(-z))


def _gelu_argument(z: Real) -> Real:
    return 2 * mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)


SELU = (mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717"))
EXACT: dict[str, Function] = {
    "tanh": mp.tanh,
    "lecun_tanh": lambda z: mp.mpf("1.7159") * mp.tanh(2 * z / 3),
    "tanhshrink": lambda z: z - mp.tanh(z),
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda z: -mp.log1p(mp.exp(-z)),
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "squareplus": lambda z: (z + mp.sqrt(z * z + 4)) / 2,
    "softsign": lambda z: z / (1 + abs(z)),
    "arctan": mp.atan,
    "erf": mp.erf,
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: SELU[0] * (z if z > 0 else SELU[1] * mp.expm1(z)),
    "silu": lambda z: z * _sigmoid(z),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda z: z * _sigmoid(_gelu_argument(z)),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "exponential": mp.exp,
    "sin": mp.sin,
    "cos": mp.cos,
}
SLOPES: dict[str, Function] = {  # the others are differentiated, with digits enough for the tails of tanh
    "erf": lambda z: 2 / mp.sqrt(mp.pi) * mp.exp(-z * z),
    "gelu": lambda z: mp.erfc(-z / mp.sqrt(2)) / 2 + z * mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi),
}


def _points(dtype: Any) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(5)
    far = 85 if dtype == np.float32 else 60
    small = 10.0 ** rng.uniform(-12, 0, 8) * rng.choice([-1, 1], 8)
    return np.concatenate([rng.normal(0, 2, 8), rng.uniform(-far, far, 8), [-37.5, 13.9, 0.97, -0.97], small]).astype(
        dtype
    )


def _errors(points: np.ndarray[Any, Any], results: np.ndarray[Any, Any], f: Function) -> list[float]:
    """Each error in roundings of the result and of the argument: |error| / (eps (|f| + |z f'|))."""
    info = np.finfo(results.dtype)
    errors = []
    for number, result in zip(points.tolist(), results.tolist(), strict=True):
        z = mp.mpf(number)
        exact = f(z)
        allowed = info.eps * (abs(exact) + abs(z * mp.diff(f, z)))
        if 4 * info.tiny < abs(exact) < info.max:
            errors.append(float(abs(result - exact) / allowed))
    return errors


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_errors_are_a_few_roundings_in_the_tails_too(name: str, dtype: Any) -> None:
    points = _points(dtype)
    value, slope = activation(name).both(points)
    f = EXACT[name]
    with mp.workdps(40 if name in SLOPES else 160):
        assert max(_errors(points, value, f)) < 3
        assert max(_errors(points, slope, SLOPES.get(name, lambda z: mp.diff(f, z)))) < 3


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-13)])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu", "mish", "softsign", "log_sigmoid"])
def test_saturated_slopes_keep_their_digits(name: str, dtype: Any, tolerance: float) -> None:
    """The slopes that vanish are what is measured: none may be 0 or rough before it underflows."""
    z = np.array([-40, -20, -8, -4, 4, 8, 20, 40], dtype)
    slope = activation(name).slope(z)
    with mp.workdps(160):
        exact = [float(mp.diff(EXACT[name], mp.mpf(number))) for number in z.tolist()]
    np.testing.assert_allclose(slope, exact, rtol=tolerance)
