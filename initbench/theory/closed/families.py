"""Which activation has a closed form: told by its values, so that it does not matter what a library calls it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ...catalogue.activations import Activation
from .erf import Erf
from .form import ClosedForm
from .homogeneous import Ray, Step
from .powers import Exponential, Square
from .waves import Wave

Array = np.ndarray[Any, Any]

_PROBES = np.concatenate([s * np.geomspace(1e-6, 1e3, 46) for s in (-1, 1)] + [np.linspace(-5.13, 4.87, 41)])
_ERF = np.frompyfunc(math.erf, 1, 1)  # SciPy's would have to be imported for every activation that is none
_ULPS = 8 * np.finfo(np.float64).eps


@lru_cache(maxsize=256)
def closed_form(activation: Activation) -> ClosedForm | None:
    """The closed form of an activation, None where it has none.

    An activation is of a family if value and slope agree to the last digits at a hundred points and where they break.
    """
    formula = activation.formula
    with np.errstate(over="ignore", invalid="ignore"):
        value, slope = activation.both(_PROBES)
        for form, kinks, jumps, ours, its_slope in _families(activation):
            agrees = _agree(value, ours) and _agree(slope, its_slope)
            if agrees and set(formula.kinks) <= kinks and set(formula.jumps) <= jumps:
                return form
    return None


def _agree(ours: Array, theirs: Array) -> bool:
    return bool(np.all((np.abs(ours - theirs) <= _ULPS * np.abs(theirs)) | (ours == theirs)))


def _families(activation: Activation) -> Iterator[tuple[ClosedForm, set[float], set[float], Array, Array]]:
    """Every candidate, with its kinks, its jumps, and its value and slope at the probes."""
    z, zero = _PROBES, {0.0}
    left, right = activation.value(np.array([-1.0, 1.0])).tolist()
    side = np.where(z > 0, right, -left)
    yield Ray(-left, right), zero, set(), side * z, side
    yield Step(left, right), zero, zero, np.where(z > 0, right, left), np.zeros_like(z)
    yield Wave(odd=True), set(), set(), np.sin(z), np.cos(z)
    yield Wave(odd=False), set(), set(), np.cos(z), -np.sin(z)
    yield Square(), set(), set(), z * z, 2 * z
    yield Exponential(), set(), set(), np.exp(z), np.exp(z)
    yield Erf(), set(), set(), np.asarray(_ERF(z), dtype=np.float64), 2 / np.sqrt(np.pi) * np.exp(-z * z)
