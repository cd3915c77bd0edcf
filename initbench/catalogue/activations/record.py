"""What an activation is: a record that turns parameters into a value, a slope and the facts about them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ...values import frozen
from ..registry import Parameter, Params, label

Array = np.ndarray[Any, Any]
Function = Callable[[Array], Array]


@frozen
class Formula:
    """An activation with its parameters put in.

    value, slope: element-wise, float32 to float32 and float64 to float64, any shape; finite wherever the
    limit is, without warnings. At infinity they are the limits; NaN gives a value of NaN (its slope may be
    0). The results are arrays of their own, never z. The slope at a kink is torch's (relu'(0) = 0).
    both: (value, slope) in one go, where that saves work; it must give the same numbers.
    passes: where the slope is 1, as booleans, for an activation whose slope is 1 or 0: a quarter of the memory.
    kinks: where the slope jumps. jumps: where the value jumps. lower, upper: the range of the value.
    steepest: the largest |slope|.
    saturates: the slope tends to 0 where the value tends to a finite limit other than 0, and both sides of
    z = 0 are alive (tanh, sigmoid, hard_tanh, elu: yes; relu, gelu, softplus: no; nor relu6, half of whose
    units are simply inactive).
    """

    value: Function
    slope: Function
    both: Callable[[Array], tuple[Array, Array]] | None = None
    passes: Function | None = None
    kinks: tuple[float, ...] = ()
    jumps: tuple[float, ...] = ()
    lower: float = -math.inf
    upper: float = math.inf
    steepest: float = 1.0
    saturates: bool = False


@frozen
class ActivationRecord:
    """A named activation.

    build: (**parameters) -> Formula. equation: phi(z) in one line. source: the paper or the library.
    purpose: one sentence. origin: the package and version of a plug-in, set when it is loaded; empty for our own.
    """

    name: str
    build: Callable[..., Formula]
    equation: str
    source: str
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    origin: str = ""


@frozen
class Activation:
    """A record with its parameters: what one layer applies to its preactivations."""

    record: ActivationRecord
    params: Params

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:  # theory looks its tables up by activation, many times a cell
        return hash((self.record.name, self.params))

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def label(self) -> str:
        """`leaky_relu(negative_slope=0.1)`"""
        return label(self.record, self.params)

    @cached_property
    def formula(self) -> Formula:
        return self.record.build(**dict(self.params))

    def value(self, z: Array) -> Array:
        """phi(z), element by element, in the dtype of z (float64 for anything but float32)."""
        return np.asarray(self.formula.value(_floating(z)))

    def slope(self, z: Array) -> Array:
        """phi'(z), element by element, in the dtype of z (float64 for anything but float32)."""
        return np.asarray(self.formula.slope(_floating(z)))

    def both(self, z: Array) -> tuple[Array, Array]:
        """(phi(z), phi'(z))."""
        z = _floating(z)
        if self.formula.both is None:
            return np.asarray(self.formula.value(z)), np.asarray(self.formula.slope(z))
        value, slope = self.formula.both(z)
        return np.asarray(value), np.asarray(slope)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (
            self.record.name,
            self.params,
        )  # records hold functions: a worker finds them again by name


def _floating(z: Array) -> Array:
    z = np.asarray(z)
    return z if z.dtype in (np.float32, np.float64) else z.astype(np.float64)


def _restore(name: str, params: Params) -> Activation:
    from ..adopt import restored
    from . import ACTIVATIONS

    return Activation(restored(ACTIVATIONS, name, _broken), params)


def _broken(name: str, build: Callable[..., Any]) -> ActivationRecord:
    return ActivationRecord(name, build, "", "", "")
