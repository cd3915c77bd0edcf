"""The settings that make up a cell: their dotted keys, what a value of each turns into, its problems.

A setting is checked once for each place where it is written, however many cells use it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from .check import report
from .document import Mapping, Node, Place, Scalar, Sequence, locate, plain
from .fields import Strict
from .messages import Findings, refused
from .named import KINDS, PER_LAYER, Binder
from .schema import Config, Gradient, Input, Network
from .schema_training import Readout, Training

SECTIONS: dict[str, type[Strict]] = {
    "network": Network,
    "input": Input,
    "gradient": Gradient,
    "training": Training,
    "training.readout": Readout,
}
TRAINING = "training."
"""What the keys of training start with: they are there where networks are trained."""
KEYS: tuple[str, ...] = (
    *(
        f"{section}.{key}"
        for section, model in SECTIONS.items()
        for key in model.model_fields
        if f"{section}.{key}" not in SECTIONS
    ),
    "dtype",
    "engine",
)
"""What a cell is made of, and so what can be swept."""

REQUIRED = tuple(
    f"{section}.{key}"
    for section, model in SECTIONS.items()
    for key, info in model.model_fields.items()
    if info.is_required()
)
NO_SCIENCE = frozenset({"name", "description", "seeds", "root_seed", "output", "verdict", "expect", "metrics", "sweep"})


class Bad:
    """The type of BAD: the value of a setting whose problems are noted."""


BAD: Final = Bad()

# A setting is checked in the company of values that hold, so that only its own problems come up.
_COMPANY: dict[str, dict[str, Any]] = {
    "network": {"depth": 1, "width": 1, "activation": "", "initializer": ""},
    "input": {},
    "gradient": {},
    "training": {"data": "", "learning_rate": 1.0},
    "training.readout": {},
    "": {"network": {"depth": 1, "width": 1, "activation": "", "initializer": ""}},
}

Point = dict[str, Node]
"""Settings by key with the nodes that give them; a key can reach a parameter: network.initializer.stddev."""


def split(key: str) -> tuple[str, str] | None:
    """A dotted key as (setting, parameter or empty); None where it is neither."""
    if key in KEYS:
        return key, ""
    setting, _, parameter = key.rpartition(".")
    return (setting, parameter) if setting in KINDS and parameter else None


def suggest(key: str, findings: Findings) -> str:
    """`; did you mean 'network.depth'?` for a key that is no setting."""
    tails = [known for known in KEYS if known.endswith(f".{key}")]
    return f"; did you mean {tails[0]!r}?" if tails else findings.hint(key, KEYS)


class Settings:
    """What every setting of a config is worth, with a memory.

    base: the folder that data files are found from. data: whether they are read at all.
    trains: whether the config has a training section.
    """

    def __init__(self, root: Mapping, base: Path | None, findings: Findings, data: bool = True) -> None:
        self.findings = findings
        self.trains = isinstance(root.get("training"), Mapping)
        self.binder = Binder(base, findings, data)
        self.base = _written(root)
        self.given = frozenset(self.base)
        for key in KEYS:
            if key not in self.base and key not in REQUIRED and (self.trains or not key.startswith(TRAINING)):
                self.base[key] = _default(key, root.place)
        self.places: dict[str, Place] = {}  # of the keys in grid and zip
        self._values: dict[tuple[str, Node], Any] = {}
        self._overlays: dict[tuple[Any, ...], Node | None] = {}

    def value(self, key: str, node: Node) -> Any:
        """What a node says for a setting, or BAD with its problems noted."""
        known = self._values.get((key, node), self)
        if known is self:
            known = self._values[key, node] = self._check(key, node)
        return known

    def overlay(self, point: Point) -> Point:
        """The base with a point of the grid put on it: whole entries first, then parameters of them."""
        merged = dict(self.base)
        deeper: list[tuple[str, str, str, Node]] = []
        for key, node in point.items():
            setting, parameter = split(key) or (key, "")
            if parameter:
                deeper.append((key, setting, parameter, node))
            else:
                merged[key] = node
        for key, setting, parameter, node in deeper:
            if setting in merged:
                merged[setting] = self._with_parameter(key, merged[setting], parameter, node)
        return merged

    def _with_parameter(self, key: str, entry: Node, parameter: str, node: Node) -> Node:
        memory = (key, entry, node)
        if memory not in self._overlays:
            named = as_named(entry)
            if named is None:
                self.findings.add(node.place, key, f"{_why_not(key, entry)}; its {parameter} cannot be swept")
            self._overlays[memory] = named.put(parameter, node, self.places.get(key, node.place)) if named else None
        return self._overlays[memory] or entry

    def _check(self, key: str, node: Node) -> Any:
        if key in KINDS:
            return self._named(key, node)
        section, _, field = key.rpartition(".")
        model = SECTIONS.get(section, Config)
        try:
            whole = model.model_validate({**_COMPANY[section], field: plain(node)})
        except ValidationError as error:
            root = Mapping(node.place, {}).put(field, node, node.place)
            report(error, root, self.findings, model, tuple(section.split(".")) if section else ())
            return BAD
        return getattr(whole, field)

    def _named(self, key: str, node: Node) -> Any:
        if not isinstance(node, Sequence) or key not in PER_LAYER:
            return self.binder.bind(key, key, node, BAD)
        if not node.items:
            info = Network.model_fields[key.rpartition(".")[2]].json_schema_extra
            assert isinstance(info, dict)
            self.findings.add(node.place, key, refused(node, str(info["allowed"])))
            return BAD
        values = tuple(self.binder.bind(key, f"{key}[{index}]", item, BAD) for index, item in enumerate(node.items))
        return BAD if any(value is BAD for value in values) else values


def as_named(entry: Node) -> Mapping | None:
    """An entry as {name: ..., parameters}; None where it is something else."""
    if isinstance(entry, Scalar) and isinstance(entry.value, str):
        return Mapping(entry.place, {}).put("name", entry)
    return entry if isinstance(entry, Mapping) else None


def _why_not(key: str, entry: Node) -> str:
    setting = key.rpartition(".")[0]
    what = "a list, one for each layer" if isinstance(entry, Sequence) else "no name and no {name: ...}"
    return f"{setting} is {what}"


def _written(root: Mapping) -> Point:
    """The settings that the document gives."""
    found: Point = {}
    for key in KEYS:
        section, _, field = key.rpartition(".")
        holder = locate(root, section.split("."))[1] if section else root
        node = holder.get(field) if isinstance(holder, Mapping) else None
        if node is not None:
            found[key] = node
    return found


def _default(key: str, place: Place) -> Scalar:
    section, _, field = key.rpartition(".")
    value = SECTIONS.get(section, Config).model_fields[field].default
    return Scalar(place, value, str(value).lower() if isinstance(value, bool) else str(value))
