"""Initializers of plug-ins: records as ours, what they draw watched."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from ..adopt import a, number, record_of
from ..plugins import Plugin
from .laws import Array, Constant, Law, Normal, Uniform
from .matrices import Identity, Orthogonal, Sparse
from .record import InitializerRecord
from .sampled import Sample, Sampled
from .truncated import TruncatedNormal

LAWS = (Sampled, Constant, Normal, Uniform, TruncatedNormal, Identity, Orthogonal, Sparse)
MOST_LAWS = 1000
"""Laws of one plug-in that are remembered: its code is not asked again for every layer."""


def adopt_initializer(plugin: Plugin, loaded: Any) -> InitializerRecord:
    """The record of a plug-in; its laws are checked when they are made, and so is every matrix.

    Raises PluginError where it is no InitializerRecord.
    """
    record = record_of(plugin, loaded, InitializerRecord)
    if not callable(record.build):
        raise plugin.refused(f"has {a(record.build)} for its build, which is a function of the fans and its parameters")
    if not isinstance(record.note, str):
        raise plugin.refused(f"has {a(record.note)} for its note, which is a text")
    return replace(record, build=_Laws(plugin, record.build))


class _Laws:
    """The laws that a plug-in makes of fans and parameters, with a memory."""

    def __init__(self, plugin: Plugin, build: Callable[..., Any]) -> None:
        self._plugin, self._build = plugin, build
        self._made: dict[tuple[Any, ...], Law] = {}

    def __call__(self, fan_in: int, fan_out: int, **params: Any) -> Law:
        """Raises PluginError, and ParameterError where `build` does."""
        key = (fan_in, fan_out, *params.items())
        if key not in self._made:
            if len(self._made) >= MOST_LAWS:
                self._made.clear()
            law = self._plugin.call("build", self._build, fan_in, fan_out, **params)
            self._made[key] = self._checked(law, (fan_in, fan_out))
        return self._made[key]

    def _checked(self, law: Any, fans: tuple[int, int]) -> Law:
        plugin = self._plugin
        if type(law) not in LAWS:
            names = ", ".join(kind.__name__ for kind in LAWS)
            raise plugin.error(f"build gave {a(law)}, not one of {names}")
        if (getattr(law, "fan_in", fans[0]), getattr(law, "fan_out", fans[1])) != fans:
            raise plugin.error(f"build gave a law for other fans than {fans}")
        made = _sampled(plugin, law) if type(law) is Sampled else law
        if type(law) is not Sampled:
            for field in fields(law):
                number(plugin, f"{field.name} of its {type(law).__name__} law", getattr(law, field.name))
        if not math.isfinite(made.mean) or not 0 <= made.variance < math.inf:
            raise plugin.error(f"its law has the mean {made.mean:g} and the variance {made.variance:g}")
        return made


def _sampled(plugin: Plugin, law: Sampled) -> Sampled:
    if not callable(law.sample):
        raise plugin.error(f"sample is {a(law.sample)}, not a function")
    for name in ("elementwise", "random"):
        if not isinstance(getattr(law, name), bool):
            raise plugin.error(f"{name} is {a(getattr(law, name))}, not True or False")
    return Sampled(
        sample=_Watched(plugin, law.sample),
        mean=number(plugin, "mean", law.mean),
        variance=number(plugin, "variance", law.variance),
        elementwise=law.elementwise,
        random=law.random,
        bounds=_bounds(plugin, law.bounds),
        kurtosis=number(plugin, "kurtosis", law.kurtosis),
    )


def _bounds(plugin: Plugin, bounds: Any) -> tuple[float, float]:
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise plugin.error(f"bounds is {a(bounds)}, not (low, high)")
    low, high = (number(plugin, "one of bounds", bound) for bound in bounds)
    if not low <= high:
        raise plugin.error(f"bounds are {low:g} and {high:g}: no number lies between them")
    return low, high


class _Watched:
    """A plug-in's `sample`, each draw checked.

    It gets a generator of its own, made from the network's stream: however much it draws, or whatever it does to the
    generator, the layers above see the same numbers. The first matrix is drawn twice and must come out the same: the
    engine draws matrices again for the backward pass.
    """

    def __init__(self, plugin: Plugin, sample: Sample) -> None:
        self._plugin, self._sample = plugin, sample
        self._tried = False

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        words = rng.bit_generator.random_raw(4)
        drawn = self._draw(words, shape, dtype)
        if not self._tried:
            if self._draw(words, shape, dtype).tobytes() != drawn.tobytes():
                raise self._plugin.error("sample gave two arrays from one generator: it must draw from rng alone")
            self._tried = True
        return drawn

    def _draw(self, words: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """A copy of what is drawn. Raises PluginError unless it is an array of that shape and dtype without nan."""
        rng = np.random.Generator(np.random.PCG64(words))
        drawn = self._plugin.call("sample", self._sample, rng, shape, dtype)
        if not isinstance(drawn, np.ndarray):
            raise self._plugin.error(f"sample gave {a(drawn)}, not a NumPy array")
        if drawn.shape != shape:
            raise self._plugin.error(f"sample gave an array of shape {drawn.shape}, not {shape}")
        if drawn.dtype != dtype:
            raise self._plugin.error(f"sample gave {drawn.dtype}, not {dtype}: its third argument says which")
        copy = np.array(drawn, order="C")
        with np.errstate(all="ignore"):
            if np.isnan(copy.sum()) and np.isnan(copy).any():  # the first is cheap, and is nan for inf - inf too
                raise self._plugin.error("sample gave nan")
        return copy
