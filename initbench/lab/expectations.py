"""Are a config's expectations met? Evaluated on the tables alone, so that `run` and `check` say the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from ..spec import Expectation
from ..values import frozen
from .csvtext import Table, Value
from .departure import ROUNDING
from .ends import asked, asked_at_ends
from .extremes import OVER, Extremes
from .ratios import theory_of, with_sources
from .sinks import Kept, Row
from .steps import TABLES as STEPS
from .steps import Steps, statistic

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"


@frozen
class Outcome:
    """What became of one expectation. status: passed | failed | unknown (nothing to judge by); message: with both
    numbers.

    measured: the value that decided it, None if there is none; predicted: what theory says of it, nan if nothing.
    """

    expectation: Expectation
    status: str
    message: str
    measured: Value = None
    predicted: float = math.nan


@frozen
class _Measured:
    """One number (or text) that an expectation is held against.

    stderr: nan where there is none. theory: what theory says of it (a mean or a spread); for near_theory stderr is its
    spread. missing: why it cannot be judged, if it cannot.
    """

    place: str
    value: Value
    stderr: float = math.nan
    theory: float = math.nan
    missing: str = ""


class Evidence(Kept):
    """A sink that keeps what expectations speak of, and all of cells.csv: the rest may be more than memory holds."""

    def __init__(self, expectations: Sequence[Expectation]) -> None:
        super().__init__()
        self._expectations = expectations
        metrics = with_sources(expectation.metric for expectation in expectations)
        theory = {one.metric for one in expectations if one.test == "near_theory" or one.metric.startswith("theory_")}
        self._extremes, self._steps = Extremes(one for one in expectations if one.step is None), Steps(expectations)
        self._all = {"cells.csv"}
        if any(one.metric.startswith("theory_") for one in expectations):
            self._all.add("theory.csv")  # why a whole cell has none
        if self._extremes:
            self._all.add("layers.csv")
        self._all.update(filter(self._steps.wanted, STEPS))
        self._metrics = {"summary.csv": metrics, "theory.csv": theory}
        self._ends = {"summary.csv": asked_at_ends(expectations)}

    def wanted(self, name: str) -> frozenset[str] | None:
        """The metrics whose rows of a table are asked for; None for all rows."""
        return None if name in self._all else frozenset(self._metrics.get(name, ()))

    def asks(self, name: str) -> bool:
        wanted = self.wanted(name)
        return wanted is None or bool(wanted)

    def add(self, name: str, rows: Iterable[Row]) -> None:
        wanted = self.wanted(name)
        if name == "layers.csv":
            self._extremes.add(self._columns[name], rows if wanted is None else ())
        elif name in STEPS:
            self._steps.add(name, self._columns[name], rows if wanted is None else ())
        elif wanted is None:
            super().add(name, rows)
        elif wanted:
            super().add(name, asked(rows, self._columns[name], wanted, self._ends.get(name, frozenset())))

    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcome of every expectation, once all tables are here."""
        if not self._expectations:
            return ()
        index = _Index(self.tables, self._extremes, self._steps)
        return tuple(_outcome(expectation, index) for expectation in self._expectations)

    @property
    def cells(self) -> dict[str, Table]:
        """cells.csv, the one table that is still spoken of once all is judged."""
        return {"cells.csv": self.tables["cells.csv"]}


def _outcome(expectation: Expectation, evidence: _Index) -> Outcome:
    measured = list(evidence.find(expectation))
    if not measured:
        return Outcome(expectation, UNKNOWN, f"nothing to compare: {evidence.why_nothing(expectation)}")
    if missing := next((number.missing for number in measured if number.missing), ""):
        return Outcome(expectation, UNKNOWN, f"nothing to compare: {missing}")
    absent = [number for number in measured if number.value is None]
    if absent:
        place = f" ({absent[0].place})" if absent[0].place else ""
        return Outcome(expectation, FAILED, f"{expectation.metric} is blank{place}")
    judged = [(number, *_holds(expectation, number)) for number in measured]
    if expectation.refuted:
        # The test is the popular claim: it is refuted where any measurement contradicts it. nan contradicts nothing.
        against = [entry for entry in judged if not entry[1] and entry[0].value == entry[0].value]
        number, _, limit = (against or judged)[0]
        word = "refuted" if against else "the claim holds, it was expected to be refuted"
        return _judged(expectation, bool(against), number, f"{word}: {_said(expectation, number, limit)}")
    number, holds, limit = max(judged, key=lambda entry: (not entry[1], _excess(expectation, entry[0])))
    return _judged(expectation, holds, number, _said(expectation, number, limit))


def _judged(expectation: Expectation, holds: bool, number: _Measured, message: str) -> Outcome:
    return Outcome(expectation, PASSED if holds else FAILED, message, number.value, number.theory)


def _said(expectation: Expectation, number: _Measured, limit: str) -> str:
    over = f"{expectation.over} " if number.place.startswith(("layer", "step")) else ""
    place = f" ({number.place})" if number.place else ""
    return f"{over}{expectation.metric} is {_shown(number.value)}{place}, expected {limit}"


def _shown(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _holds(expectation: Expectation, number: _Measured) -> tuple[bool, str]:
    """Whether a number passes, and what was asked for, in words."""
    value, target = number.value, expectation.target
    if expectation.test == "equals":
        return _equal(value, target[0]), _shown(target[0])
    limits = [float(limit) for limit in target]
    measured = float(value) if isinstance(value, int | float) else math.nan
    if expectation.test == "between":
        return limits[0] <= measured <= limits[1], f"between {limits[0]:g} and {limits[1]:g}"
    if expectation.test == "at_least":
        return measured >= limits[0], f"at least {limits[0]:g}"
    if expectation.test == "at_most":
        return measured <= limits[0], f"at most {limits[0]:g}"
    centre, k = limits if expectation.test == "near" else (number.theory, limits[0])
    band = k * number.stderr
    whose = f"{centre:g}" if expectation.test == "near" else f"theory's {centre:.6g}"
    return abs(measured - centre) <= band, f"within {k:g} standard errors ({band:.3g}) of {whose}"


def _equal(value: Value, target: float | str) -> bool:
    if isinstance(target, str) or isinstance(value, str):
        return str(value) == str(target)
    return value == target


def _excess(expectation: Expectation, number: _Measured) -> float:
    """How far a number is from the middle of what is allowed; only to pick which one to show."""
    if not isinstance(number.value, int | float) or isinstance(expectation.target[0], str):
        return 0.0
    limits = [float(limit) for limit in expectation.target]
    centre = sum(limits) / 2 if expectation.test == "between" else limits[0]
    distance = float(number.value) - centre
    if expectation.test == "near_theory":  # the bands of layers differ
        distance = (float(number.value) - number.theory) / (number.stderr or 1.0)
    signed = {"at_least": -distance, "at_most": distance}.get(expectation.test, abs(distance))
    return math.inf if math.isnan(signed) else signed


class _Index:
    """The tables, indexed for expectations: a leaf."""

    def __init__(self, tables: Mapping[str, Table], extremes: Extremes, steps: Steps) -> None:
        cells = tables["cells.csv"]
        self._cells = list(cells.records())
        self._axes = cells.columns[1 : cells.columns.index("n_seeds")]
        self._extremes = extremes if "layers.csv" in tables else None
        self._steps = steps
        self._theory = tables.get("theory.csv")
        self._summary: dict[tuple[Value, Value], list[Row]] = {}
        summary = tables["summary.csv"]
        self._columns, metric = summary.columns, summary.columns.index("metric")
        for row in summary.rows:
            self._summary.setdefault((row[0], row[metric]), []).append(row)

    def find(self, expectation: Expectation) -> Iterator[_Measured]:
        """Every number that the expectation speaks of."""
        for cell in self._cells:
            if any(cell.get(key) != text for key, text in expectation.where):
                continue
            where = ", ".join(str(cell[key]) for key in self._axes)
            if expectation.step is not None:
                yield from self._at_step(cell["cell"], expectation, where)
                continue
            if expectation.metric in cell:
                yield self._column(cell, expectation, where)
                continue
            for row in self._rows(cell["cell"], expectation):
                yield self._layer(row, expectation, where)

    def _at_step(self, cell: Value, expectation: Expectation, where: str) -> Iterator[_Measured]:
        for layer, values in self._steps.find(cell, expectation):
            value, stderr = statistic(values, expectation.over)
            words = ("" if layer is None else f"layer {layer}", f"step {expectation.step}", where)
            none = "one seed has no standard error" if expectation.test == "near" and math.isnan(stderr) else ""
            yield _Measured(", ".join(filter(None, words)), value, stderr, missing=none if value == value else "")

    def _column(self, cell: dict[str, Value], expectation: Expectation, where: str) -> _Measured:
        value = cell[expectation.metric]
        error = "the columns of cells.csv have no standard error" if expectation.test == "near" else ""
        if value is None and expectation.metric.startswith("theory_"):  # a cell without theory is not at fault
            error = f"theory says nothing of {where or 'this cell'} ({self._silence(cell['cell'])})"
        theory = theory_of(expectation.metric, partial(self._every, cell["cell"]))
        return _Measured(where, value, theory=theory, missing=error)

    def _rows(self, cell: Value, expectation: Expectation) -> list[dict[str, Value]]:
        """The summary rows of one cell that the expectation's `layer` chooses."""
        everything = self._every(cell, expectation.metric)
        rows = [row for row in everything if _number(row["layer"]) > 0]
        if expectation.layer == "all":
            return rows
        if expectation.layer in ("first", "last"):
            return rows[:1] if expectation.layer == "first" else rows[-1:]
        return [row for row in everything if row["layer"] == expectation.layer]

    def _every(self, cell: Value, metric: str) -> list[dict[str, Value]]:
        """The summary rows of one cell and metric, in the order of layers."""
        rows = self._summary.get((cell, metric), [])
        return [dict(zip(self._columns, row, strict=True)) for row in rows]

    def _layer(self, row: dict[str, Value], expectation: Expectation, where: str) -> _Measured:
        place = f"layer {int(_number(row['layer']))}" + (f", {where}" if where else "")
        theory = row["theory"] if expectation.test == "near_theory" else math.nan
        if theory is None or math.isinf(_number(theory)):
            why = self._reason(row) if theory is None else "it is beyond all numbers"
            return _Measured(place, None, missing=f"theory has no value at {place}: {why}")
        if _number(row["nonfinite"]) > 0:
            return _Measured(place, math.nan)  # a statistic of the surviving networks alone would flatter
        if expectation.test == "near_theory" and _number(row["n"]) > 0:
            return _beside_theory(row, place, _number(theory))
        if expectation.over in OVER and self._extremes is None:
            return _Measured(place, None, missing=f"the {expectation.over} over seeds needs layers.csv")
        stderr = row["stderr"] if expectation.over == "mean" else None
        if expectation.test == "near" and stderr is None:
            why = "one seed has no standard error" if row["n"] == 1 else f"the {expectation.over} has no standard error"
            return _Measured(place, None, missing=why)
        value = self._over(row, expectation)
        said = {"mean": row["theory"], "sd": row["theory_sd"]}.get(expectation.over)
        return _Measured(place, value, _number(stderr), _number(said))

    def _reason(self, row: dict[str, Value]) -> str:
        """Why theory is blank in a row."""
        return self._reasons.get((row["cell"], row["metric"], row["layer"])) or "no reason is given"

    def _silence(self, cell: Value) -> str:
        """Why nothing of a cell could be compared: the reason that stands in most of its rows."""
        said = Counter(why for (where, _, _), why in self._reasons.items() if where == cell)
        return said.most_common(1)[0][0] if said else "no reason is given"

    @cached_property
    def _reasons(self) -> dict[tuple[Value, Value, Value], str]:
        """theory.csv: (cell, metric, layer) -> why there is nothing, where there is a reason."""
        rows = self._theory.records() if self._theory else iter(())
        return {(row["cell"], row["metric"], row["layer"]): str(row["reason"]) for row in rows if row["reason"]}

    def _over(self, row: dict[str, Value], expectation: Expectation) -> Value:
        """What a row of the summary has of the seeds, or the extremes have."""
        if self._extremes is None or expectation.over not in OVER:
            return row[expectation.over]
        return self._extremes.get(expectation.metric, expectation.over, (row["cell"], row["layer"]))

    def why_nothing(self, expectation: Expectation) -> str:
        chosen = [cell for cell in self._cells if all(cell.get(key) == text for key, text in expectation.where)]
        if not chosen:
            return "no cell has " + ", ".join(f"{key} = {text}" for key, text in expectation.where)
        return f"{expectation.metric} was not measured at layer {expectation.layer}"


def _beside_theory(row: dict[str, Value], place: str, theory: float) -> _Measured:
    """A mean with theory's value of it, and theory's standard error, or the measured one where theory has none."""
    sd, stderr = row["theory_sd"], row["stderr"]
    if sd is not None:
        stderr = _number(sd) / math.sqrt(_number(row["n"]))
    if stderr is None:
        return _Measured(place, None, missing=f"theory has no spread at {place}, and one seed has no standard error")
    rounding = ROUNDING * (_number(row["layer"]) + 1) * abs(theory)
    return _Measured(place, row["mean"], max(_number(stderr), rounding), theory)


def _number(value: Any) -> float:
    """A blank is nan."""
    return math.nan if value is None else float(value)
