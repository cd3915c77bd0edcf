"""What a plug-in's entry point stands for, held against what a record of the catalogue is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from ..errors import PluginError, UnknownNameError
from .plugins import Plugin, plain, said
from .registry import Parameter, Record, Registry, Required

R = TypeVar("R")
N = TypeVar("N", bound=Record)

PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
KINDS = ("number", "integer", "boolean", "choice", "text")
MOST_PARAMETERS = 50


def record_of(plugin: Plugin, loaded: Any, kind: type[R]) -> R:
    """The record that a plug-in declares, its parameters' defaults checked. The functions in it are left as they are.

    Raises PluginError where it is no record of the kind, has another name than its entry point, or has wrong fields.
    """
    if type(loaded) is not kind:
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise plugin.refused(f"is {a(loaded)}, not {article} {kind.__name__} (from initbench.plugins)")
    record: Any = loaded
    if record.name != plugin.name:
        raise plugin.refused(f"is a record with the name {record.name!r}, not that of its entry point")
    if record.aliases != ():
        raise plugin.refused("has aliases; a plug-in has the one name of its entry point")
    for field in ("equation", "source", "purpose"):
        if not isinstance(getattr(record, field), str):
            raise plugin.refused(f"has {a(getattr(record, field))} for its {field}, which is a text")
    parameters = record.parameters
    if not isinstance(parameters, tuple) or len(parameters) > MOST_PARAMETERS:
        raise plugin.refused(f"has parameters that are no tuple of at most {MOST_PARAMETERS} Parameters")
    made: R = replace(record, parameters=tuple(_parameters(plugin, parameters)), origin=plugin.origin)
    return made


def _parameters(plugin: Plugin, parameters: tuple[Any, ...]) -> Iterator[Parameter]:
    seen = set()
    for parameter in parameters:
        if type(parameter) is not Parameter:
            raise plugin.refused(f"has {a(parameter)} among its parameters, which are Parameters")
        name = parameter.name
        if not isinstance(name, str) or not PARAMETER_NAME.fullmatch(name) or name == "name" or name in seen:
            raise plugin.refused(f"has the parameter {name!r}: names are small letters, digits and _, each once")
        if parameter.kind not in KINDS or not isinstance(parameter.meaning, str):
            raise plugin.refused(f"has the parameter {name!r} of a kind that is none of {', '.join(KINDS)}")
        seen.add(name)
        try:
            whole = _whole(parameter)
        except Exception as error:
            raise plugin.refused(f"has the parameter {name!r}, which does not hold: {said(error)}") from error
        yield whole


def _whole(parameter: Parameter) -> Parameter:
    """A parameter whose limits can be said and whose default holds, in the type that a given value would have."""
    assert parameter.allowed
    if isinstance(parameter.default, Required):
        return parameter
    return replace(parameter, default=parameter.check(parameter.default))


def restored(registry: Registry[N], name: str, broken: Callable[[str, Callable[..., Any]], N]) -> N:
    """The record of a name that another process found. What is wrong with it here is raised when it is used: while a
    worker reads a task, an error would cost the worker.

    broken: (name, build) -> a record of that name.
    """
    try:
        return registry.find(name)
    except (PluginError, UnknownNameError) as error:
        return broken(name, partial(_raise, PluginError(f"in a worker process: {error}")))


def _raise(error: PluginError, *_: Any, **__: Any) -> Any:
    raise error


def number(plugin: Plugin, what: str, value: Any) -> float:
    """A real number, or an array that is one, as a float. Raises PluginError for anything else."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, Real | np.bool_):
        raise plugin.error(f"{what} is {a(value)}, not a number")
    try:
        return float(value)
    except OverflowError:
        raise plugin.error(f"{what} is beyond the floats") from None


def a(value: Any) -> str:
    """What something is, for a message: `a list`, `an array`, `None`."""
    if type(value) is np.ndarray:
        return "an array"
    name = plain(type(value).__name__, 80) or "?"
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
