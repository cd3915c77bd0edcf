"""Everything that the catalogue knows of one initializer at given fans, as plain data."""

from __future__ import annotations

import math

from ...values import frozen
from ..registry import Parameter, Required, Value
from .record import Initializer


@frozen
class ParameterFacts:
    """One parameter: the value chosen, the default (None where there is none), what is allowed, in words."""

    name: str
    value: Value
    default: Value
    required: bool
    allowed: str
    meaning: str


@frozen
class Facts:
    """An initializer of (fan_in, fan_out) matrices: what `initbench explain` shows.

    Every field is a JSON value, None where there is no finite number. mean, stddev, variance, kurtosis, low
    and high are of the entries as they are drawn; low and high are None where there is no bound.
    sigma_w: sqrt(fan_in * variance), the weight scale of mean-field theory.
    """

    name: str
    label: str
    aliases: tuple[str, ...]
    equation: str
    source: str
    purpose: str
    note: str
    parameters: tuple[ParameterFacts, ...]
    fan_in: int
    fan_out: int
    elementwise: bool
    random: bool
    mean: float | None
    stddev: float | None
    variance: float | None
    low: float | None
    high: float | None
    kurtosis: float | None
    sigma_w: float | None


def facts(initializer: Initializer, fan_in: int, fan_out: int) -> Facts:
    """The facts of an initializer at these fans, both >= 1.

    Raises ParameterError where the parameters do not fit together.
    """
    record, law = initializer.record, initializer.law(fan_in, fan_out)
    chosen = dict(initializer.params)
    low, high = law.bounds
    return Facts(
        name=record.name,
        label=initializer.label,
        aliases=record.aliases,
        equation=record.equation,
        source=record.source,
        purpose=record.purpose,
        note=record.note,
        parameters=tuple(_parameter(parameter, chosen[parameter.name]) for parameter in record.parameters),
        fan_in=fan_in,
        fan_out=fan_out,
        elementwise=law.elementwise,
        random=law.random,
        mean=_finite(law.mean),
        stddev=_finite(math.sqrt(law.variance)),
        variance=_finite(law.variance),
        low=_finite(low),
        high=_finite(high),
        kurtosis=_finite(law.kurtosis),
        sigma_w=_finite(math.sqrt(law.variance * fan_in)),
    )


def _parameter(parameter: Parameter, value: Value) -> ParameterFacts:
    required = isinstance(parameter.default, Required)
    default = None if isinstance(parameter.default, Required) else parameter.default
    return ParameterFacts(parameter.name, value, default, required, parameter.allowed, parameter.meaning)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
