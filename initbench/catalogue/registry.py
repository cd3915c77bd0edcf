"""What every named thing shares: parameters with their checks, records, and registries that find a record by name.

A record is data: its name, its parameters, its law and where the law comes from. Help, `list`, `explain`, the JSON
Schema and the tests are all made from the records, so adding one is adding one record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from ..errors import ParameterError, PluginError, UnknownNameError, did_you_mean
from ..values import frozen
from . import plugins
from .plugins import Plugin

Value = float | int | bool | str | None
Params = tuple[tuple[str, Value], ...]  # in the record's own order, every default filled in


@frozen
class Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = Required()


@frozen
class Parameter:
    """One parameter of a named thing.

    kind: "number", "integer", "boolean", "choice" or "text". minimum and maximum are inclusive, `above` and `below`
    exclusive.
    `optional` allows null.
    """

    name: str
    default: Value | Required = REQUIRED
    kind: str = "number"
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    meaning: str = ""

    @property
    def allowed(self) -> str:
        """What the parameter takes, in words: `a number > 0`."""
        if self.kind == "choice":
            words = "one of " + ", ".join(self.choices)
        else:
            article = {"integer": "an integer", "boolean": "true or false", "text": "a text"}
            words = article.get(self.kind, "a finite number")
            limits = ((">=", self.minimum), ("<=", self.maximum), (">", self.above), ("<", self.below))
            bounds = [f"{sign} {limit:g}" for sign, limit in limits if limit is not None]
            words = " ".join([words, " and ".join(bounds)]).strip()
        return words + (" or null" if self.optional else "")

    def check(self, value: Any) -> Value:
        """The value, an integer turned into a float where a number is meant.

        Raises ParameterError with the allowed values where it does not hold.
        """
        if value is None and self.optional:
            return None
        if not self._holds(value):
            hint = did_you_mean(value, self.choices) if isinstance(value, str) else ""
            raise ParameterError(self.name, f"{value!r} is not allowed: {self.name} must be {self.allowed}{hint}")
        checked: Value = float(value) if self.kind == "number" else value
        return checked

    def _holds(self, value: Any) -> bool:
        if self.kind == "choice":
            return value in self.choices
        if self.kind == "boolean":
            return isinstance(value, bool)
        if self.kind == "text":
            return isinstance(value, str)
        number = int if self.kind == "integer" else (int, float)
        if isinstance(value, bool) or not isinstance(value, number):
            return False
        try:
            finite = math.isfinite(value)
        except OverflowError:  # an integer beyond the floats
            finite = False
        return (
            finite
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


class Record(Protocol):
    """What a registry needs to know of a record."""

    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...
    @property
    def parameters(self) -> tuple[Parameter, ...]: ...


R = TypeVar("R", bound=Record)


class Registry(Generic[R]):
    """Records by name and alias, in the order in which they were given; then those of installed plug-ins.

    adopt: makes a record of what a plug-in's entry point stands for, or raises PluginError; None where a kind has no
    plug-ins. reserved: names that none of them may have. Plug-ins are loaded when they are asked for, one by one.
    """

    def __init__(
        self,
        kind: str,
        records: Iterable[R],
        adopt: Callable[[Plugin, Any], R] | None = None,
        reserved: Collection[str] = (),
    ) -> None:
        self.kind = kind
        self._adopt, self._reserved = adopt, frozenset(reserved)
        self._adopted: dict[str, R | PluginError] = {}
        self._records: dict[str, R] = {}
        self._aliases: dict[str, str] = {}
        for record in records:
            for name in (record.name, *record.aliases):
                if name in self._records or name in self._aliases:
                    raise ValueError(f"the {kind} {name!r} stands in the catalogue twice")
            self._records[record.name] = record
            self._aliases.update(dict.fromkeys(record.aliases, record.name))

    def __iter__(self) -> Iterator[R]:
        """Our own records."""
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, name: str) -> bool:
        """Whether a record of ours or a plug-in, sound or not, claims this name."""
        return self._is_ours(name) or name in self._declared

    @property
    def plural(self) -> str:
        """What `initbench list` calls the records: `activations`, `losses`."""
        return self.kind + ("es" if self.kind.endswith("s") else "s")

    @property
    def names(self) -> tuple[str, ...]:
        """Every name and alias that a config may write. Plug-ins are not loaded for it: some may turn out broken."""
        others = (name for name in self._declared if not self._refusal(name))
        return (*self._records, *self._aliases, *others)

    def find(self, name: str) -> R:
        """The record of a name or alias; a plug-in is loaded.

        Raises UnknownNameError with the nearest name, PluginError.
        """
        if self._is_ours(name):
            return self._records[self._aliases.get(name, name)]
        if name in self._declared:
            return self._plugin(name)
        raise UnknownNameError(
            f"{name!r} is not one of the {self.plural}{did_you_mean(name, self.names)} "
            f"(`initbench list {self.plural}` shows all)"
        )

    def choose(self, name: str) -> R:
        """As find, for a name that a config says: a plug-in must not claim it beside ours."""
        if name in self._declared and (refusal := self._refusal(name)):
            raise refusal
        return self.find(name)

    def bind(self, name: str, params: Mapping[str, Any]) -> tuple[R, Params]:
        """The record of a name with its parameters checked and every default filled in.

        Raises UnknownNameError, PluginError, or ParameterError for the first parameter that does not hold.
        """
        record = self.find(name)
        return record, bind_parameters(record.name, record.parameters, params)

    def ordered(self, names: Collection[str]) -> tuple[str, ...]:
        """Records' names in the catalogue's order: ours as they stand there, then plug-ins by the alphabet."""
        ours = [name for name in self._records if name in names]
        return (*ours, *sorted(set(names) - set(ours)))

    def plugins(self) -> Iterator[R | PluginError]:
        """Every declared plug-in, loaded: its record, or what is wrong with it."""
        for name in self._declared:
            try:
                yield self._plugin(name)
            except PluginError as error:
                yield error

    def every(self) -> tuple[R, ...]:
        """Our own records, then those of all plug-ins that can be loaded."""
        return (*self, *(found for found in self.plugins() if not isinstance(found, PluginError)))

    @property
    def _declared(self) -> Mapping[str, tuple[Plugin, ...]]:
        return plugins.declared(self.kind) if self._adopt else {}

    def _is_ours(self, name: str) -> bool:
        return name in self._records or name in self._aliases

    def _plugin(self, name: str) -> R:
        """The record of a plug-in, made once; what went wrong is not tried again."""
        if name not in self._adopted:
            try:
                self._adopted[name] = self._load(name)
            except PluginError as error:
                self._adopted[name] = error
        found = self._adopted[name]
        if isinstance(found, PluginError):
            raise found
        return found

    def _load(self, name: str) -> R:
        refusal = self._refusal(name)
        if refusal:
            raise refusal
        plugin = self._declared[name][0]
        assert self._adopt is not None
        return self._adopt(plugin, plugin.load())

    def _refusal(self, name: str) -> PluginError | None:
        return plugins.refusal(self._declared[name], (*self._records, *self._aliases), self._reserved)


def bind_parameters(owner: str, parameters: tuple[Parameter, ...], given: Mapping[str, Any]) -> Params:
    """The given parameters checked, with defaults filled in, in the record's order. Raises the first ParameterError."""
    bound, errors = try_bind(owner, parameters, given)
    if errors:
        raise errors[0]
    return bound


def try_bind(
    owner: str, parameters: tuple[Parameter, ...], given: Mapping[str, Any]
) -> tuple[Params, list[ParameterError]]:
    """As bind_parameters, with every error returned: a config reports them all at once."""
    known = {parameter.name: parameter for parameter in parameters}
    takes = f"{owner} takes {', '.join(known)}" if known else f"{owner} takes no parameters"
    errors = [
        ParameterError(str(name), f"{unknown_parameter(str(name))}{did_you_mean(str(name), known)} ({takes})")
        for name in given
        if name not in known
    ]
    bound: list[tuple[str, Value]] = []
    for name, parameter in known.items():
        if name not in given and not isinstance(parameter.default, Required):
            bound.append((name, parameter.default))
        elif name not in given:
            errors.append(ParameterError(name, f"{owner} needs {name}: {parameter.allowed}"))
        else:
            try:
                bound.append((name, parameter.check(given[name])))
            except ParameterError as error:
                errors.append(error)
    return tuple(bound), errors


def unknown_parameter(name: str) -> str:
    """How the message of a parameter that does not exist starts."""
    return f"unknown parameter {name!r}"


def label(record: Record, params: Params) -> str:
    """How a choice is written in tables and titles: `he_normal`, `leaky_relu(negative_slope=0.1)`.

    Only parameters that differ from their defaults are shown.
    """
    defaults = {parameter.name: parameter.default for parameter in record.parameters}
    shown = [f"{name}={_text(value)}" for name, value in params if value != defaults[name]]
    return f"{record.name}({', '.join(shown)})" if shown else record.name


def _text(value: Value) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
