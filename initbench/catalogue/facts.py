"""Everything the catalogue knows of a name, as plain data: what `list --json` and `explain` show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ..errors import ParameterError, PluginError, UnknownNameError, did_you_mean
from .activations import ACTIVATIONS, ActivationRecord, activation
from .initializers import INITIALIZERS, InitializerRecord, initializer
from .initializers.explain import facts as initializer_facts
from .inputs import INPUTS
from .metrics import METRICS, MetricRecord
from .registry import Parameter, Registry, Required
from .training import DATASETS, LOSSES, OPTIMIZERS

Facts = dict[str, Any]
REGISTRIES: Mapping[str, Registry[Any]] = {
    registry.plural: registry for registry in (INITIALIZERS, ACTIVATIONS, INPUTS, METRICS, DATASETS, OPTIMIZERS, LOSSES)
}


def facts_of_kind(kind: str, fan_in: int, fan_out: int) -> tuple[list[Facts], list[str]]:
    """The facts of every record of a kind (`initializers`, ...), with initializers' moments at those fans.

    Records with required parameters have no moments. Second, what is wrong with plug-ins that cannot be shown.
    Raises UnknownNameError for an unknown kind.
    """
    if kind not in REGISTRIES:
        raise UnknownNameError(
            f"{kind!r} is not a kind{did_you_mean(kind, REGISTRIES)} (there are {', '.join(REGISTRIES)})"
        )
    found = [_facts(kind, record, fan_in, fan_out, {}) for record in REGISTRIES[kind]]
    broken = []
    for record in REGISTRIES[kind].plugins():
        if isinstance(record, PluginError):
            broken.append(str(record))
            continue
        try:
            found.append(_facts(kind, record, fan_in, fan_out, {}))
        except PluginError as error:
            broken.append(str(error))
        except ParameterError as error:
            broken.append(f"the {REGISTRIES[kind].kind} {record.name!r} of {record.origin}: {error}")
    return found, broken


def explain_name(name: str, fan_in: int, fan_out: int, params: Mapping[str, Any]) -> list[Facts]:
    """The facts of a name, one entry for each kind that has it (`uniform` is an initializer and an input).

    params: chosen parameters. Raises UnknownNameError, PluginError, or ParameterError where no kind of that name takes
    them.
    """
    found = [kind for kind, registry in REGISTRIES.items() if name in registry]
    if not found:
        every = [known for registry in REGISTRIES.values() for known in registry.names]
        raise UnknownNameError(
            f"{name!r} is in no catalogue{did_you_mean(name, every)} (`initbench list initializers` and so on show all)"
        )
    if params:
        found = [kind for kind in found if kind in ("initializers", "activations")] or found
    return [_facts(kind, REGISTRIES[kind].choose(name), fan_in, fan_out, params) for kind in found]


def _facts(kind: str, record: Any, fan_in: int, fan_out: int, params: Mapping[str, Any]) -> Facts:
    needed = {parameter.name for parameter in record.parameters if isinstance(parameter.default, Required)}
    complete = needed <= set(params)
    facts: Facts = {
        "kind": REGISTRIES[kind].kind,
        "name": record.name,
        "label": record.name,
        "aliases": list(record.aliases),
        "equation": record.equation,
        "source": record.source,
        "purpose": record.purpose,
        "parameters": [_parameter(parameter) for parameter in record.parameters],
    }
    if origin := getattr(record, "origin", ""):
        facts["package"] = origin
    more: dict[type, Callable[..., Facts]] = {
        InitializerRecord: _initializer,
        ActivationRecord: _activation,
        MetricRecord: _metric,
    }
    if (complete or params) and type(record) in more:
        facts |= more[type(record)](record, fan_in, fan_out, params)
    return facts


def _initializer(record: InitializerRecord, fan_in: int, fan_out: int, params: Mapping[str, Any]) -> Facts:
    known = asdict(initializer_facts(initializer(record.name, **params), fan_in, fan_out))
    shown = ("fan_in", "fan_out", "mean", "stddev", "variance", "low", "high", "kurtosis", "sigma_w")
    return {
        "label": known["label"],
        "note": known["note"],
        "moments": {name: known[name] for name in shown},
    }


def _activation(record: ActivationRecord, _in: int, _out: int, params: Mapping[str, Any]) -> Facts:
    chosen = activation(record.name, **params)
    formula = chosen.formula
    numbers = {"lower": formula.lower, "upper": formula.upper, "steepest slope": formula.steepest}
    return {
        "label": chosen.label,
        "moments": {
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "saturates": formula.saturates,
            "kinks": list(formula.kinks),
            "jumps": list(formula.jumps),
        },
    }


def _metric(record: MetricRecord, *_: Any) -> Facts:
    return {"default": record.default, "needs": record.needs}


def _parameter(parameter: Parameter) -> Facts:
    required = isinstance(parameter.default, Required)
    return {
        "name": parameter.name,
        "required": required,
        "default": None if required else parameter.default,
        "allowed": parameter.allowed,
        "meaning": parameter.meaning,
    }
