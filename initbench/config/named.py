"""Names with parameters: found in the catalogue, with every problem of them noted at its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..catalogue.activations import ACTIVATIONS, Activation
from ..catalogue.initializers import INITIALIZERS, Initializer
from ..catalogue.inputs import INPUTS, Inputs, inputs
from ..catalogue.registry import Params, Record, Registry, try_bind, unknown_parameter
from ..catalogue.training import DATASETS, LOSSES, OPTIMIZERS, Data, Loss, Optimizer
from ..errors import ParameterError, PluginError
from .document import Mapping, Node, Scalar, plain
from .messages import Findings, refused, shorten, shown

KINDS: dict[str, Registry[Any]] = {
    "network.activation": ACTIVATIONS,
    "network.initializer": INITIALIZERS,
    "network.bias": INITIALIZERS,
    "input.distribution": INPUTS,
    "training.data": DATASETS,
    "training.optimizer": OPTIMIZERS,
    "training.loss": LOSSES,
    "training.readout.initializer": INITIALIZERS,
}
"""The settings that name a record of the catalogue."""
PER_LAYER = frozenset({"network.activation", "network.initializer", "network.bias"})
"""Those that can be a list with one for each layer."""

NO_BIAS = "none"
MAX_PARAMETERS = 50  # of one entry: more than any record has


def article(kind: str) -> str:
    """`an activation`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


class Binder:
    """Turns nodes into what the catalogue makes of them; equal choices become one object.

    base: the folder that data files are found from. data: whether they are read at all.
    """

    def __init__(self, base: Path | None, findings: Findings, data: bool = True) -> None:
        self.base = base
        self.data = data
        self.findings = findings
        self._made: dict[tuple[str, str, str], Any] = {}

    def bind(self, kind: str, key: str, node: Node, bad: Any) -> Any:
        """What a node chooses, as an object of its kind, None for no bias; `bad` and problems noted otherwise."""
        name, _ = _parts(node)
        if kind == "network.bias" and _no_bias(node):
            return None
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            self._shape(kind, key, node, name)
            return bad
        bound = self.parameters(kind, key, node)
        if bound is None:
            return bad
        record, params = bound
        memory = (KINDS[kind].kind, record.name, repr(params))
        if memory not in self._made:
            try:
                self._made[memory] = self._make(kind, record, params)
            except ParameterError as error:
                self._note(key, node, error)
                return bad
            except PluginError as error:
                self.findings.add(node.place, key, str(error))
                return bad
        return self._made[memory]

    def parameters(self, kind: str, key: str, node: Node) -> tuple[Record, Params] | None:
        """The record that a node names and all its parameters, or None with the problems noted."""
        name, given = _parts(node)
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            return None
        registry = KINDS[kind]
        if name.value not in registry:
            extra = (NO_BIAS,) if kind == "network.bias" else ()
            hint = self.findings.hint(name.value, (*registry.names, *extra))
            kinds = registry.plural
            what = f"{shown(name)} is not one of the {kinds}{hint} (`initbench list {kinds}` shows all)"
            self.findings.add(name.place, key, what)
            return None
        try:
            record: Record = registry.choose(name.value)
        except PluginError as broken:
            self.findings.add(name.place, key, str(broken))
            return None
        if len(given) > MAX_PARAMETERS:
            message = f"{len(given)} parameters; {record.name} takes {len(record.parameters)}"
            self.findings.add(node.place, key, message)
            return None
        params, errors = try_bind(name.value, record.parameters, {key: plain(value) for key, value in given})
        for error in errors:
            self._note(key, node, error)
        return None if errors else (record, params)

    def _make(self, kind: str, record: Any, params: Params) -> Any:
        if kind == "network.activation":
            made = Activation(record, params)
            made.formula  # noqa: B018  # building it says whether the parameters go together
            return made
        if kind == "input.distribution":
            if not self.data:
                return Inputs(record, params)
            return inputs(record.name, self.base, **dict(params))
        if kind == "training.data" and self.data and record.ready is not None:
            record.ready()
        made_of = {"training.data": Data, "training.optimizer": Optimizer, "training.loss": Loss}
        return made_of.get(kind, Initializer)(record, params)

    def _shape(self, kind: str, key: str, node: Node, name: Node | None) -> None:
        what = article(
            {"network.bias": "initializer", "input.distribution": "input distribution"}.get(kind, KINDS[kind].kind)
        )
        if isinstance(node, Mapping):
            if name is None:
                self.findings.add(node.place, key, f"name is missing; needed is {{name: {what}, its parameters}}")
            else:
                self.findings.add(name.place, f"{key}.name", refused(name, f"the name of {what}"))
            return
        none = ", or none" if kind == "network.bias" else ""
        several = ", or a list of network.depth of those" if key in PER_LAYER else ""
        allowed = f"the name of {what}, or {{name: ..., its parameters}}{several}{none}"
        self.findings.add(node.place, key, refused(node, allowed))

    def _note(self, key: str, node: Node, error: ParameterError) -> None:
        """A problem with a parameter: at its value, at its key where that is unknown, else at the entry."""
        entry = node.entries.get(error.parameter) if isinstance(node, Mapping) else None
        message = str(error)
        if entry is None:
            self.findings.add(node.place, key, message)
            return
        value = repr(plain(entry.node))
        if len(value) > 80:
            message = message.replace(value, shorten(value))
        place = entry.node.place
        unknown = unknown_parameter(error.parameter)
        if message.startswith(unknown):
            message = f"unknown parameter{message.removeprefix(unknown)}"  # the key of the problem names it
            place = entry.place
        self.findings.add(place, f"{key}.{error.parameter}", message)


def _parts(node: Node) -> tuple[Node | None, Sequence[tuple[str, Node]]]:
    """The name of an entry, and the parameters that it gives."""
    if isinstance(node, Mapping):
        return node.get("name"), [(key, entry.node) for key, entry in node.entries.items() if key != "name"]
    return node, ()


def _no_bias(node: Node) -> bool:
    return isinstance(node, Scalar) and (node.value is None or node.value == NO_BIAS)
