"""From the results of cells to the rows of the tables, cell by cell, in grid order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from ..catalogue.metrics import METRICS
from ..engine.histogram import GRADIENT_BINS, activation_bins
from ..spec import Cell, Experiment
from ..values import frozen
from . import columns
from .csvtext import Lines, Value, encode_rows
from .lines import layer_lines, summary_lines, theory_lines
from .predicted import theory_rows
from .result import CellResult
from .sinks import Row, Sink
from .summary import LayerRows, summary_rows, value
from .trained import curve_rows, search_rows, step_rows
from .verdict import Drift


@frozen
class Wanted:
    """What is asked for of the rows of a cell.

    trains: whether networks are trained; layers: whether there is a layers.csv. text: whether the lines of the files
    are; values: the tables of which the values are.
    """

    trains: bool
    layers: bool
    text: bool = False
    values: frozenset[str] = frozenset(columns.TABLES)


def wanted_of(experiment: Experiment, text: bool = False, values: Iterable[str] = columns.TABLES) -> Wanted:
    """What is asked for of an experiment's cells."""
    trains = experiment.cells[0].cell.training is not None
    return Wanted(trains, experiment.keep_layers, text, frozenset(values))


def tables_of(result: CellResult, wanted: Wanted) -> dict[str, Lines]:
    """The rows of a cell, by the name of the table; those that have some."""
    if result.failure is not None:
        return _failed(result, result.failure.reason, wanted.trains)
    makers = {**_ROWS, **(_LAYERS if wanted.layers else {}), **(_OF_TRAINING if wanted.trains else {})}
    tables = {name: _lines(name, result, make, wanted) for name, make in makers.items()}
    return {name: lines for name, lines in tables.items() if any(lines.text or ()) or lines.values}


def _lines(name: str, result: CellResult, make: Callable[[CellResult], Iterable[Row]], wanted: Wanted) -> Lines:
    if wanted.text and name in _TEXT:
        return Lines(_TEXT[name](result), make(result) if name in wanted.values else None)
    values = make(result)
    return Lines((encode_rows(values),) if wanted.text else None, values if name in wanted.values else None)


class Tabulate:
    """Adds the rows of cells to the tables in `sinks`: a leaf, one for a run. Tables that are not there in every run
    begin with their first row."""

    def __init__(self, experiment: Experiment, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks
        self._open = set[str]()
        trains = experiment.cells[0].cell.training is not None
        metrics = [name for name in experiment.cells[0].cell.metrics if METRICS.find(name).scalar]
        head = ("cell", *experiment.axes)
        self._columns = {
            "summary.csv": (*head, *columns.SUMMARY),
            "cells.csv": (*head, *columns.CELLS, *(columns.TRAINED if trains else ())),
            "layers.csv": (*head, *columns.LAYERS, *metrics),
            "theory.csv": (*head, *columns.THEORY),
            "histograms.csv": (*head, *columns.HISTOGRAMS),
            "failures.csv": (*head, *columns.FAILURES),
            "training.csv": (*head, *columns.TRAINING),
            "training_layers.csv": (*head, *columns.TRAINING_LAYERS, *metrics),
            "training_search.csv": (*head, *columns.TRAINING_SEARCH),
        }
        for name in ("summary.csv", "cells.csv", *(["layers.csv"] if experiment.keep_layers else [])):
            self._begin(name)

    def add(self, tables: Mapping[str, Lines]) -> None:
        """The rows of one more cell, by table."""
        for name, rows in tables.items():
            if name not in self._open:
                self._begin(name)
            for sink in self._sinks:
                sink.add(name, rows)

    def _begin(self, name: str) -> None:
        self._open.add(name)
        for sink in self._sinks:
            sink.open(name, self._columns[name])

    @property
    def absent(self) -> tuple[str, ...]:
        """The tables that this run has nothing to say in."""
        return tuple(name for name in columns.TABLES if name not in self._open)


def _summary_rows(result: CellResult) -> Sequence[Row]:
    assert result.summary is not None
    assert result.theory is not None
    return list(summary_rows(result.summary, result.theory.prediction, result.planned.cell, result.prefix))


def _summary_text(result: CellResult) -> tuple[bytes, ...]:
    assert result.summary is not None
    assert result.theory is not None
    return (summary_lines(result.summary, result.theory.prediction, result.prefix),)


def _theory_rows(result: CellResult) -> Sequence[Row]:
    assert result.theory is not None
    return list(theory_rows(result.theory, result.planned.cell, result.prefix))


def _theory_text(result: CellResult) -> tuple[bytes, ...]:
    assert result.theory is not None
    return (theory_lines(result.theory, result.prefix),)


def _layer_rows(result: CellResult) -> Iterable[Row]:
    assert result.trace is not None
    return LayerRows(result.trace, result.planned.cell, result.prefix)


def _layer_text(result: CellResult) -> tuple[bytes, ...]:
    assert result.trace is not None
    return result.trace.written or (layer_lines(result.trace, result.planned.cell, result.prefix),)


def _trained_rows(rows: Callable[..., Iterable[Row]], result: CellResult) -> Sequence[Row]:
    return list(rows(result.trace, result.planned.cell, result.ending, result.prefix))


def _cell_rows(result: CellResult) -> list[tuple[Value, ...]]:
    engine = result.planned.choice.engine
    assert result.verdict is not None
    assert result.trace is not None
    assert result.theory is not None
    verdict = result.verdict
    forward, backward = verdict.forward, verdict.backward
    departure = result.theory.comparison.departure
    return [
        (
            *result.prefix,
            *(len(result.trace.seeds), engine, verdict.status),
            *_ratios(forward),
            *_ratios(backward),
            *(value(forward.rate), value(backward.rate)),
            *(forward.state or None, backward.state or None),
            *(" ".join(verdict.flags) or None, verdict.verdict or None),
            *((departure.z, departure.layer) if departure else (None, None)),
            *((*result.ending.row, _memory(result.planned.cell)) if result.ending else ()),
        )
    ]


def _failed(result: CellResult, reason: str, trains: bool) -> dict[str, Lines]:
    """The rows of a cell without measurements."""
    blank: tuple[Value, ...] = (None,) * 9
    nothing: tuple[Value, ...] = (None,) * (2 + (len(columns.TRAINED) if trains else 0))
    row = (*result.prefix, 0, result.planned.choice.engine, "failed", *blank, "failed", *nothing)
    made: dict[str, list[Row]] = {"cells.csv": [row], "failures.csv": [(*result.prefix, reason)]}
    return {name: Lines((encode_rows(rows),), rows) for name, rows in made.items()}


def _memory(cell: Cell) -> Value:
    """xi_c, with which the depth goes to which a network can be trained."""
    from ..theory.memory import correlation_length  # only where something trains

    return correlation_length(cell.network.layers)


def _ratios(drift: Drift) -> tuple[Value, Value]:
    return value(drift.ratio), value(drift.median)


def _histogram_rows(result: CellResult) -> list[tuple[Value, ...]]:
    assert result.trace is not None
    rows: list[tuple[Value, ...]] = []
    for quantity, counts in result.trace.histograms.items():
        for layer in range(1, len(counts)):
            edges = _edges(result.planned.cell, quantity, layer)
            bins = zip(edges[:-1], edges[1:], counts[layer].tolist(), strict=True)
            rows += [(*result.prefix, layer, quantity, low, high, count) for low, high, count in bins]
    return rows


def _edges(cell: Cell, quantity: str, layer: int) -> list[float]:
    bins = GRADIENT_BINS if quantity == "grad" else activation_bins(cell.network.layers[layer - 1].activation.formula)
    return bins.edges


_ROWS: Mapping[str, Callable[[CellResult], Iterable[Row]]] = {
    "cells.csv": _cell_rows,
    "summary.csv": _summary_rows,
    "theory.csv": _theory_rows,
    "histograms.csv": _histogram_rows,
}
_LAYERS: Mapping[str, Callable[[CellResult], Iterable[Row]]] = {"layers.csv": _layer_rows}
_OF_TRAINING: Mapping[str, Callable[[CellResult], Iterable[Row]]] = {
    "training.csv": partial(_trained_rows, curve_rows),
    "training_layers.csv": partial(_trained_rows, step_rows),
    "training_search.csv": partial(_trained_rows, search_rows),
}
_TEXT: Mapping[str, Callable[[CellResult], tuple[bytes, ...]]] = {
    "summary.csv": _summary_text,
    "theory.csv": _theory_text,
    "layers.csv": _layer_text,
}
"""The tables whose text need not be made value by value."""
