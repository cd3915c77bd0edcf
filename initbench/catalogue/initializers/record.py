"""What an initializer is: a record that turns fans and parameters into a law of weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ...values import frozen
from ..registry import Parameter, Params, label
from .laws import Law


@frozen
class InitializerRecord:
    """A named law.

    build: (fan_in, fan_out, **parameters) -> Law. equation: the law in one line. source: the paper or the
    library. purpose: what it is meant for, in a sentence. note: what it is easily mistaken for, if anything.
    origin: the package and version of a plug-in, set when it is loaded; empty for our own.
    """

    name: str
    build: Callable[..., Law]
    equation: str
    source: str
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""
    origin: str = ""


@frozen
class Initializer:
    """A record with its parameters: what one layer's weights, or biases, are drawn from."""

    record: InitializerRecord
    params: Params

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def label(self) -> str:
        """`normal(stddev=0.01)`"""
        return label(self.record, self.params)

    @cached_property
    def _keywords(self) -> dict[str, Any]:
        return dict(self.params)

    def law(self, fan_in: int, fan_out: int) -> Law:
        """The law of a (fan_in, fan_out) matrix. Raises ParameterError where the parameters do not fit."""
        return self.record.build(fan_in, fan_out, **self._keywords)

    def sample(
        self, rng: np.random.Generator, fan_in: int, fan_out: int, dtype: Any = np.float32
    ) -> np.ndarray[Any, Any]:
        """One weight matrix, (fan_in, fan_out), of float32 or float64."""
        out = np.empty((fan_in, fan_out), dtype)
        self.law(fan_in, fan_out).fill(rng, out)
        return out

    def mean(self, fan_in: int, fan_out: int) -> float:
        """The mean of the entries of a (fan_in, fan_out) matrix."""
        return self.law(fan_in, fan_out).mean

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of the entries of a (fan_in, fan_out) matrix, about their mean."""
        return self.law(fan_in, fan_out).variance

    def __reduce__(self) -> tuple[Any, ...]:
        # Records hold functions: a worker finds them again by name.
        return _restore, (self.record.name, self.params)


def _restore(name: str, params: Params) -> Initializer:
    from ..adopt import restored
    from . import INITIALIZERS

    return Initializer(restored(INITIALIZERS, name, _broken), params)


def _broken(name: str, build: Callable[..., Any]) -> InitializerRecord:
    return InitializerRecord(name, build, "", "", "")
