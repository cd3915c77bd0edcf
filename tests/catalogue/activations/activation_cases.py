"""Every record with parameters, as the tests of this folder go through them, and the numbers to try."""

from __future__ import annotations

from typing import Any

import numpy as np

from initbench.catalogue.activations import ACTIVATIONS, Activation, activation

REQUIRED: dict[str, dict[str, Any]] = {
    "threshold": {"threshold": 0.25, "value": -1.5},
    "keras:threshold": {"threshold": 0.25, "default_value": -1.5},
    "torch:threshold": {"threshold": 0.25, "value": -1.5},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("threshold", {"threshold": 1.0, "value": 1.0}),
    ("threshold", {"threshold": -1.0, "value": -1.0}),
    ("threshold", {"threshold": 0.0, "value": 0.0}),
    ("leaky_relu", {"negative_slope": 0.0}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("leaky_relu", {"negative_slope": 1.0}),
    ("leaky_relu", {"negative_slope": 2.5}),
    ("leaky_relu", {"negative_slope": -1.5}),
    ("prelu", {"negative_slope": -0.5}),
    ("elu", {"alpha": 0.0}),
    ("elu", {"alpha": 0.5}),
    ("elu", {"alpha": 2.0}),
    ("celu", {"alpha": 0.25}),
    ("celu", {"alpha": 3.0}),
    ("softplus", {"beta": 0.2}),
    ("softplus", {"beta": 5.0}),
    ("squareplus", {"b": 0.5}),
    ("squareplus", {"b": 9.0}),
    ("hard_shrink", {"threshold": 0.0}),
    ("hard_shrink", {"threshold": 1.5}),
    ("soft_shrink", {"threshold": 0.0}),
    ("soft_shrink", {"threshold": 1.5}),
    ("keras:relu", {"negative_slope": 0.1}),
    ("keras:relu", {"max_value": 2.0}),
    ("keras:relu", {"max_value": 6.0, "negative_slope": 0.2}),
    ("keras:relu", {"threshold": 1.0}),
    ("keras:relu", {"threshold": 1.0, "negative_slope": 0.1, "max_value": 4.0}),
    ("keras:relu", {"threshold": 2.0, "negative_slope": 1.5, "max_value": 1.0}),
    ("keras:relu", {"max_value": 0.0, "negative_slope": 0.5}),
    ("keras:leaky_relu", {"negative_slope": 0.3}),
    ("keras:gelu", {"approximate": True}),
    ("keras:elu", {"alpha": 0.3}),
    ("keras:celu", {"alpha": 2.0}),
    ("keras:squareplus", {"b": 1.0}),
    ("keras:hard_shrink", {"threshold": 1.0}),
    ("keras:soft_shrink", {"threshold": 1.0}),
    ("torch:gelu", {"approximate": "tanh"}),
    ("torch:softplus", {"beta": 2.0, "threshold": 3.0}),
    ("torch:softplus", {"beta": 0.5, "threshold": -1.0}),
    ("torch:hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("torch:hardtanh", {"min_val": 0.0, "max_val": 6.0}),
    ("torch:hardtanh", {"min_val": 1.0, "max_val": 2.0}),
    ("torch:hardshrink", {"lambd": 1.0}),
    ("torch:softshrink", {"lambd": 1.0}),
    ("torch:rrelu", {"lower": 0.1, "upper": 0.9}),
    ("torch:prelu", {"init": -0.1}),
    ("torch:elu", {"alpha": 2.0}),
    ("torch:celu", {"alpha": 2.0}),
    ("torch:leaky_relu", {"negative_slope": -0.2}),
    ("jax:gelu", {"approximate": False}),
    ("jax:elu", {"alpha": 2.0}),
    ("jax:celu", {"alpha": 2.0}),
    ("jax:leaky_relu", {"negative_slope": 0.4}),
    ("jax:squareplus", {"b": 0.1}),
]
CASES: list[Activation] = [
    *(activation(record.name, **REQUIRED.get(record.name, {})) for record in ACTIVATIONS),
    *(activation(name, **params) for name, params in VARIANTS),
]
LABELS = [case.label for case in CASES]
WAVES = ("sin", "cos")  # have no limit at infinity


def breaks(case: Activation) -> np.ndarray[Any, Any]:
    """Where the value or the slope jumps."""
    return np.array(sorted({*case.formula.kinks, *case.formula.jumps}))


def away(z: np.ndarray[Any, Any], case: Activation, distance: float) -> np.ndarray[Any, Any]:
    """The numbers that are not near a kink or a jump."""
    near = breaks(case)
    return z[np.all(np.abs(z[:, None] - near[None, :]) > distance, axis=1)] if near.size else z


def grid(dtype: Any = np.float64) -> np.ndarray[Any, Any]:
    """Numbers of every size, denser where things happen; never a round one."""
    rng = np.random.default_rng(7)
    sizes = 10.0 ** rng.uniform(-8, 2, 400) * rng.choice([-1, 1], 400)
    return np.concatenate([rng.normal(0, 2, 600), rng.uniform(-30, 30, 400), sizes]).astype(dtype)


def extremes(dtype: Any) -> np.ndarray[Any, Any]:
    """Finite numbers far out and close to 0."""
    info = np.finfo(dtype)
    some = [info.max, info.max / 2, 1e30, 1e20, 1e15, 1e4, 1000, 800, 745.2, 710, 104, 89, 88.5, 40, 20]
    close = [1, 1e-3, 1e-8, 1e-20, 1e-30, info.tiny, info.smallest_subnormal, 0]
    z = np.array([*some, *close], dtype)
    return np.concatenate([z, -z])
