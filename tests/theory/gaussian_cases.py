"""Every registered activation and some that a user might add, with averages of them by another rule: tanh-sinh.

Nothing here uses initbench.theory; only the activations themselves are shared with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from initbench.catalogue.activations import ACTIVATIONS, Activation, ActivationRecord, Formula, activation

Array = np.ndarray[Any, Any]

REQUIRED: dict[str, dict[str, Any]] = {
    "threshold": {"threshold": 0.25, "value": -1.5},
    "keras:threshold": {"threshold": 0.25, "default_value": -1.5},
    "torch:threshold": {"threshold": 0.25, "value": -1.5},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("threshold", {"threshold": 1.0, "value": 1.0}),
    ("threshold", {"threshold": -1.0, "value": -1.0}),
    ("leaky_relu", {"negative_slope": -1.5}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.25}),
    ("softplus", {"beta": 5.0}),
    ("softplus", {"beta": 1000.0}),
    ("squareplus", {"b": 0.1}),
    ("hard_shrink", {"threshold": 1.5}),
    ("keras:relu", {"max_value": 6.0, "negative_slope": 0.2}),
    ("keras:relu", {"threshold": 1.0, "negative_slope": 0.1, "max_value": 4.0}),
    ("torch:softplus", {"beta": 2.0, "threshold": 3.0}),
    ("torch:hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("torch:hardtanh", {"min_val": 1.0, "max_val": 2.0}),
]
REGISTERED: list[Activation] = [
    *(activation(record.name, **REQUIRED.get(record.name, {})) for record in ACTIVATIONS),
    *(activation(name, **params) for name, params in VARIANTS),
]
BARE = [case for case in REGISTERED if ":" not in case.name or case.params]  # the others differ in nothing but the name
WAVES = ("sin", "cos")
FIELDS = ("mean", "square", "fourth", "slope_square", "slope_fourth", "mixed")
DERIVATIVES = ("d_mean", "d_square", "d2_square", "d_slope_square", "d2_slope_square")


def label(case: Activation) -> str:
    return case.label


def plugin(name: str, value: Callable[[Array], Array], slope: Callable[[Array], Array], **facts: Any) -> Activation:
    """An activation as a user might write it: nothing but value and slope; overflow stays silent."""

    def silent(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
        def quiet(z: Array) -> Array:
            with np.errstate(all="ignore"):
                return function(z)

        return quiet

    formula = Formula(silent(value), silent(slope), **facts)
    return Activation(ActivationRecord(name, lambda: formula, name, "", ""), ())


def tanh_sinh(cuts: Array) -> tuple[Array, Array]:
    """Nodes and weights between sorted cuts: exact for what is analytic between them, whatever happens at the ends."""
    t = np.linspace(-3.2, 3.2, 73)
    y = np.tanh(np.pi / 2 * np.sinh(t))
    w = (t[1] - t[0]) * np.pi / 2 * np.cosh(t) / np.cosh(np.pi / 2 * np.sinh(t)) ** 2
    half = np.diff(cuts)[:, None] / 2
    return (cuts[:-1, None] + half * (1 + y)).ravel(), (half * w).ravel()


def normal_nodes(case: Activation, *roots: float) -> tuple[Array, Array]:
    """Nodes x and weights of a Gaussian average over f(root x) and f(-root x), for one or several roots at once."""
    breaks = np.array([sign * end for end in {*case.formula.kinks, *case.formula.jumps} for sign in (-1, 1)])
    cuts = [np.arange(-10, 10.1, 0.5)]
    for root in roots:
        own = breaks / root
        powers = 2.0 ** np.arange(-12, 18) / root
        cuts += [own, powers, -powers]
        # beyond a cut far out, the weight falls within 1 / cut
        cuts += [own + np.sign(own) * step for step in (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0)]
    ends = np.unique(np.concatenate(cuts))
    x, w = tanh_sinh(ends[np.abs(ends) <= 38])
    return x, w * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def reference(case: Activation, q: float) -> tuple[dict[str, float], dict[str, float]]:
    """All fields of Moments at q, and the size by which the error of each is measured."""
    x, w = normal_nodes(case, np.sqrt(q))
    with np.errstate(all="ignore"):
        v, s = case.both(np.sqrt(q) * x)
        powers = dict(zip(FIELDS, (v, v**2, v**4, s**2, s**4, v**2 * s**2), strict=True))
        averages = {name: float(np.sum(f * w)) for name, f in powers.items()}
        sizes = {name: float(np.sum(np.abs(f) * w)) for name, f in powers.items()}
        for name in DERIVATIVES:
            order, field = (2, name[3:]) if name.startswith("d2") else (1, name[2:])
            hermite = (x**2 - 1) / 2 if order == 1 else (x**4 - 6 * x**2 + 3) / 4
            averages[name] = float(np.sum(powers[field] * hermite * w)) / q**order
            sizes[name] = float(np.sum(np.abs(powers[field] * hermite) * w)) / q**order
    return averages, sizes
