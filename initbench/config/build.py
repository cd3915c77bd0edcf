"""A document made into an Experiment, or into every reason why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..catalogue.metrics import DEFAULT_METRICS, METRICS
from ..errors import PluginError
from ..spec import Cell, Experiment, GridCell, VerdictRules
from ..values import frozen
from .axes import text_of_value
from .cells import Assembler
from .check import check
from .document import Mapping, Node, Place, Scalar, Sequence, locate
from .expect import Evidence, read_expectations
from .messages import Findings, shorten, shown
from .named import KINDS, NO_BIAS
from .overrides import Override, conflicts
from .resolved import resolved_text
from .schema import NAME, Config
from .settings import BAD, REQUIRED, Point, Settings, split
from .sweep import Plan, cached_text, read_plan, swept_keys

Inspect = Callable[[Cell], Iterable[tuple[str, str]]]
"""What the layer above has to say about a cell: (key, message) for each problem."""


@frozen
class Source:
    """Where a config came from: its name in messages, its default name, the folder of its data, its text.

    data: whether the data that it names is read and checked.
    """

    name: str
    stem: str
    base: Path | None
    text: str | None
    data: bool = True


def build(
    root: Mapping, overrides: Iterable[Override], source: Source, inspect: Inspect, findings: Findings
) -> Experiment:
    """The experiment of a document, every override already in it.

    Raises ConfigError with all problems.
    """
    config = check(root, findings, swept_keys(root))
    settings = Settings(root, source.base, findings, source.data)
    plan = read_plan(root, settings, findings)
    conflicts(overrides, plan.axes, findings)
    name = _name(root, source, findings)
    metrics = _metrics(root, findings)
    seeds = _seeds(root, findings)
    root_seed = config.root_seed if config else 0
    _check_base(settings, plan)
    cells, notes = _Grid(root, settings, plan, metrics, root_seed, findings).cells(inspect)
    judged = () if findings.about("network", "input", "gradient", "training", "dtype", "engine", "sweep") else cells
    evidence = Evidence(judged, metrics, len(seeds), config is None or config.output.layers)
    expect = read_expectations(root, evidence, findings)
    findings.raise_any()
    assert config is not None
    return Experiment(
        name=name,
        description=config.description or "",
        cells=cells,
        seeds=seeds,
        verdict=VerdictRules(config.verdict.factor, config.verdict.saturated, config.verdict.dead),
        keep_layers=config.output.layers,
        expect=expect,
        source="" if source.text is None else source.text,
        resolved=resolved_text(root, config, settings, plan, name, metrics, cells),
        notes=notes,
    )


def _name(root: Mapping, source: Source, findings: Findings) -> str:
    node = root.get("name")
    given = node.value if isinstance(node, Scalar) else None
    if given is not None:
        return str(given)
    if not re.fullmatch(NAME.strip("^$"), source.stem):
        stem = repr(shorten(source.stem))
        what = f"missing; the file's own name {stem} will not do: add a name of letters, digits and . _ -"
        findings.add(root.place, "name", what)
    return source.stem


def _metrics(root: Mapping, findings: Findings) -> tuple[str, ...]:
    """The metrics that are measured, in the catalogue's order."""
    node = root.get("metrics")
    if not isinstance(node, Sequence):
        return DEFAULT_METRICS
    chosen: dict[str, Place] = {}
    for index, item in enumerate(node.items):
        word = item.value if isinstance(item, Scalar) else None
        key = f"metrics[{index}]"
        if not isinstance(word, str):
            continue  # the schema has refused it
        if word not in METRICS:
            hint = findings.hint(word, METRICS.names)
            what = f"{shown(item)} is not one of the metrics{hint} (`initbench list metrics` shows all)"
            findings.add(item.place, key, what)
            continue
        try:
            name = METRICS.choose(word).name
        except PluginError as error:
            findings.add(item.place, key, str(error))
            continue
        if name in chosen:
            findings.add(item.place, key, f"{word!r} stands twice in the list")
        chosen.setdefault(name, item.place)
    return METRICS.ordered(chosen)


def _seeds(root: Mapping, findings: Findings) -> tuple[int, ...]:
    node = root.get("seeds")
    if isinstance(node, Sequence):
        seen: dict[int, None] = {}
        for index, item in enumerate(node.items):
            value = item.value if isinstance(item, Scalar) else None
            if type(value) is int:
                if value in seen:
                    findings.add(item.place, f"seeds[{index}]", f"the seed {value} stands twice in the list")
                seen[value] = None
        return tuple(seen)
    value = node.value if isinstance(node, Scalar) else Config.model_fields["seeds"].default
    return tuple(range(value)) if type(value) is int and len(findings) == 0 else ()


def _check_base(settings: Settings, plan: Plan) -> None:
    """The settings outside the sweep, unless they are to be completed by it."""
    for key, node in settings.base.items():
        if not any(axis.startswith(f"{key}.") for axis in plan.axes):
            settings.value(key, node)


class _Grid:
    """The cells of a plan, with problems reported once for all cells that share them."""

    def __init__(
        self,
        root: Mapping,
        settings: Settings,
        plan: Plan,
        metrics: tuple[str, ...],
        root_seed: int,
        findings: Findings,
    ) -> None:
        self.root = root
        self.settings = settings
        self.plan = plan
        self.findings = findings
        self.assembler = Assembler(settings, metrics, root_seed, self._note)
        self._faults: dict[tuple[Place, str, str], int] = {}
        self._texts: dict[Node, str] = {}

    def _note(self, place: Place, key: str, message: str) -> None:
        fault = (place, key, message)
        self._faults[fault] = self._faults.get(fault, 0) + 1

    def cells(self, inspect: Inspect) -> tuple[tuple[GridCell, ...], tuple[str, ...]]:
        """The cells, equal ones once, and notes about those."""
        if not self.plan.whole:
            return (), ()
        found: dict[tuple[object, ...], GridCell] = {}
        twins: list[tuple[str, str]] = []
        total = 0
        for point in self.plan.points():
            total += 1
            grid_cell = self._cell(point, len(found), inspect)
            if grid_cell is None:
                continue
            first = found.setdefault(self.assembler.key(grid_cell.cell), grid_cell)
            if first is not grid_cell:
                twins.append((grid_cell.label, first.label))
        if total == 0:
            place, _ = locate(self.root, ("sweep", "exclude"), key=True)
            self.findings.add(place, "sweep.exclude", "nothing is left of the grid")
        for (place, key, message), count in self._faults.items():
            share = f" (in {count} of {total} cells)" if count > 1 else ""
            self.findings.add(place, key, message + share)
        return tuple(found.values()), _collapsed(twins, total)

    def _cell(self, point: Point, index: int, inspect: Inspect) -> GridCell | None:
        full = self.settings.overlay(point)
        missing = [key for key in self._needed() if key not in full]
        for key in missing:
            place, _ = locate(self.root, key.split(".")[:-1], key=True)
            self._note(place, key, "missing for the points of include, which take it from the config itself")
        cell = self.assembler.build(full)
        if cell is None or missing:
            return None
        for key, message in inspect(cell):
            self._note(self._origin(key, full), key, message)
        axes = tuple((key, self._text(key, point, full)) for key in self.plan.keys)
        return GridCell(index, axes, cell)

    def _needed(self) -> tuple[str, ...]:
        return tuple(key for key in REQUIRED if key in self.plan.axes)

    def _origin(self, key: str, full: Point) -> Place:
        if key in full and (key in self.settings.given or full[key] is not self.settings.base.get(key)):
            return full[key].place
        return locate(self.root, key.split("."), key=True)[0]

    def _text(self, key: str, point: Point, full: Point) -> str:
        """An axis's value as text; where a point leaves the key out, the config's own value or a default."""
        if key in point:
            return cached_text(point[key], self._texts)
        setting, parameter = split(key) or (key, "")
        if not parameter:
            return self._base_text(setting)
        node = full[setting]
        bound = self.settings.binder.parameters(setting, setting, node) if setting in KINDS else None
        values = dict(bound[1]) if bound else {}
        return text_of_value(values[parameter]) if parameter in values else ""

    def _base_text(self, setting: str) -> str:
        """What the config itself has for a setting. Names are shortened as in titles, however they were written."""
        node = self.settings.base[setting]
        if setting not in KINDS:
            return cached_text(node, self._texts)
        value = self.settings.value(setting, node)
        if isinstance(value, tuple):
            return f"[{', '.join(map(_label, value))}]"
        return cached_text(node, self._texts) if value is BAD else _label(value)


def _label(choice: Any) -> str:
    return NO_BIAS if choice is None else str(choice.label)


def _collapsed(twins: list[tuple[str, str]], total: int) -> tuple[str, ...]:
    if not twins:
        return ()
    shown_twins = "; ".join(f"{later} is {first}" for later, first in twins[:3])
    more = f"; and {len(twins) - 3} more" if len(twins) > 3 else ""
    return (f"{len(twins)} of {total} grid points are equal to an earlier one and run once: {shown_twins}{more}",)
