"""Activations of plug-ins: records as ours, their functions watched."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..adopt import a, number, record_of
from ..plugins import Plugin
from .record import ActivationRecord, Array, Formula, Function

PART = 16
"""Numbers that are applied alone, once, to see whether a function looks at each by itself."""
SAME = 1e-3
"""How far they may be off then, relative to the largest: vector and scalar code need not round alike."""


def adopt_activation(plugin: Plugin, loaded: Any) -> ActivationRecord:
    """The record of a plug-in; its formulas are checked when they are made and whenever they are used.

    Raises PluginError where it is no ActivationRecord.
    """
    record = record_of(plugin, loaded, ActivationRecord)
    if not callable(record.build):
        raise plugin.refused(f"has {a(record.build)} for its build, which is a function of its parameters")
    return replace(record, build=partial(_build, plugin, record.build))


def _build(plugin: Plugin, build: Callable[..., Any], **params: Any) -> Formula:
    """The formula that a plug-in makes of its parameters. Raises PluginError, and ParameterError where `build` does."""
    formula = plugin.call("build", build, **params)
    if type(formula) is not Formula:
        raise plugin.error(f"build gave {a(formula)}, not a Formula")
    for name in ("value", "slope"):
        if not callable(getattr(formula, name)):
            raise plugin.error(f"{name} is {a(getattr(formula, name))}, not a function")
    lower, upper, steepest = (number(plugin, name, getattr(formula, name)) for name in ("lower", "upper", "steepest"))
    if not lower <= upper:
        raise plugin.error(f"lower is {lower:g} and upper {upper:g}: no value lies between them")
    if not 0 < steepest < math.inf:
        raise plugin.error(f"steepest is {steepest:g}, not a finite number > 0")
    if not isinstance(formula.saturates, bool):
        raise plugin.error(f"saturates is {a(formula.saturates)}, not True or False")
    value, slope = _watched(plugin, "value", formula.value), _watched(plugin, "slope", formula.slope)
    return Formula(
        value=value,
        slope=slope,
        both=None if formula.both is None else _watched_both(plugin, formula.both),
        kinks=_places(plugin, "kinks", formula.kinks),
        jumps=_places(plugin, "jumps", formula.jumps),
        lower=lower,
        upper=upper,
        steepest=steepest,
        saturates=formula.saturates,
    )


def _places(plugin: Plugin, name: str, values: Any) -> tuple[float, ...]:
    if not isinstance(values, tuple | list):
        raise plugin.error(f"{name} is {a(values)}, not a tuple of numbers")
    places = tuple(number(plugin, f"one of {name}", value) for value in values)
    if not all(map(math.isfinite, places)):
        raise plugin.error(f"{name} is {places}: every place is a finite number")
    return places


def _watched(plugin: Plugin, name: str, function: Callable[[Array], Any]) -> Function:
    """`value` or `slope`, with every result checked: any shape of float32 or float64 -> the same."""
    apply = _ElementWise(plugin, (name,), lambda z: (function(z),))
    return lambda z: apply(z)[0]


def _watched_both(plugin: Plugin, both: Callable[[Array], Any]) -> Callable[[Array], tuple[Array, Array]]:
    def pair(z: Array) -> Any:
        found = both(z)
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(f"it gave {a(found)}, not (value, slope)")
        return found

    apply = _ElementWise(plugin, ("value", "slope"), pair)

    def watched(z: Array) -> tuple[Array, Array]:
        value, slope = apply(z)
        return value, slope

    return watched


class _ElementWise:
    """A plug-in's function of an array. It sees a flat copy, and its results are copied: it can work in place, keep
    arrays and give the same one again. The first time, a part of z is applied alone too, and must give the same."""

    def __init__(self, plugin: Plugin, names: tuple[str, ...], function: Callable[[Array], tuple[Any, ...]]) -> None:
        self._plugin, self._names, self._function = plugin, names, function
        self._tried = False

    def __call__(self, z: Array) -> tuple[Array, ...]:
        flat = np.ascontiguousarray(z).reshape(-1)
        results = self._results(flat)
        if not self._tried and flat.size > PART:
            self._try_part(flat, results)
            self._tried = True
        return tuple(result.reshape(z.shape) for result in results)

    def _results(self, z: Array) -> tuple[Array, ...]:
        found = self._plugin.call(" and ".join(self._names), self._function, z.copy())
        return tuple(self._checked(name, z, result) for name, result in zip(self._names, found, strict=True))

    def _checked(self, name: str, z: Array, result: Any) -> Array:
        """A copy of one result, (n,) as z. Raises PluginError unless it is a number of z's kind for every number."""
        if not isinstance(result, np.ndarray):
            raise self._plugin.error(f"{name} gave {a(result)}, not a NumPy array")
        if result.shape != z.shape:
            raise self._plugin.error(f"{name} gave an array of shape {result.shape} for one of {z.shape}")
        if result.dtype != z.dtype:
            raise self._plugin.error(f"{name} gave {result.dtype} for {z.dtype}: it must keep the dtype of z")
        copy = np.array(result, order="C")
        with np.errstate(all="ignore"):
            if np.isnan(copy.sum()):  # so is inf - inf
                self._refuse_nan(name, z, copy)
        return copy

    def _refuse_nan(self, name: str, z: Array, result: Array) -> None:
        wrong = np.flatnonzero(np.isnan(result) & np.isfinite(z))
        if len(wrong):
            raise self._plugin.error(f"{name} is nan at z = {z[wrong[0]]:.6g}")

    def _try_part(self, z: Array, results: tuple[Array, ...]) -> None:
        for name, part, whole in zip(self._names, self._results(z[:PART]), results, strict=True):
            with np.errstate(all="ignore"):
                largest = np.abs(whole[:PART], where=np.isfinite(whole[:PART]), out=np.zeros(PART, whole.dtype)).max()
                if not np.allclose(part, whole[:PART], rtol=SAME, atol=SAME * float(largest), equal_nan=True):
                    raise self._plugin.error(f"{name} of a number depends on the others, or on chance")
