"""Stored results told again: the sentences of a run, from its tables alone, or from its store where the raw rows were
left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalogue.metrics import METRICS
from ..engine import Trace
from ..spec import Cell, Experiment, GridCell
from .columns import LAYERS, THEORY
from .conclude import conclude
from .csvtext import Value
from .departure import compare
from .keepers import Reader
from .plan import Planned, plan
from .predicted import Beside, Theory, blank
from .stored import header, read_failures, stream
from .summary import Summary
from .tables import Tables
from .trained import Ending
from .trained_words import trained_sentences

if TYPE_CHECKING:
    import pandas as pd

    from ..theory.prediction import Curve

Row = tuple[Value, ...]
NOT_COMPARED = "not compared: "
"""What a reason starts with that is the comparison's, not theory's."""


def retold(folder: Path, experiment: Experiment, tables: Tables, most: int) -> tuple[tuple[str, ...], ...]:
    """What `run` said of the first `most` cells of a folder, most important first, remarks indented.

    A cell has no sentence where neither layers.csv nor the store holds its networks.
    Raises StorageError.
    """
    rows = tables.cells.head(most)
    reasons = read_failures(folder) if (rows["status"] == "failed").any() else {}
    wanted = [cell for cell, status in zip(rows["cell"], rows["status"], strict=True) if status != "failed"]
    traces = dict(_traces(folder, experiment, tables, wanted))
    planned = _planned(experiment, tables, most)
    theory = _Theory(folder, planned)
    endings = _endings(rows)
    told: list[tuple[str, ...]] = []
    for cell in rows["cell"]:
        parts = traces.get(cell, ())
        if cell in wanted and parts and cell in planned:
            again = conclude(planned[cell], parts, experiment.seeds, experiment.verdict, theory)
            end = again.ending or endings.get(cell)  # layers.csv knows nothing of training
            told.append((*again.sentences, *(() if again.ending else trained_sentences(planned[cell].cell, end))))
        else:
            told.append((f"failed: {reasons[cell]}",) if cell in reasons else ())
    return tuple(told)


def _endings(rows: pd.DataFrame) -> dict[str, Ending]:
    """How training ended in every row of cells.csv; empty where nothing was trained."""
    names = [field.name for field in fields(Ending)[1:]]
    if names[0] not in rows:
        return {}
    numbers = rows[names].itertuples(index=False, name=None)
    return {cell: Ending(0, *row) for cell, row in zip(rows["cell"], numbers, strict=True)}


class _Theory(Theory):
    """Theory, and for networks that were fed data, which need not be there any more, what theory.csv has of it: all
    but its remarks."""

    def __init__(self, folder: Path, planned: Mapping[str, Planned]) -> None:
        super().__init__()
        self._path = folder / "theory.csv"
        self._ids = {one.cell: cell for cell, one in planned.items()}

    def beside(self, cell: Cell, summary: Summary) -> Beside:
        if cell.batch.inputs.record.table is None or not self._path.exists():
            return super().beside(cell, summary)
        prediction = replace(blank(cell, ""), curves=_curves(self._rows[self._ids[cell]], cell.network.depth))
        return Beside(prediction, compare(cell, prediction, summary))

    @cached_property
    def _rows(self) -> dict[str, list[Row]]:
        """Of the cells that are told: layer, metric, infinite_width, mean, sd, within, reason."""
        found = groupby(stream(self._path), key=lambda row: str(row[0]))
        wanted = set(self._ids.values())
        return {cell: [row[-len(THEORY) :] for row in rows] for cell, rows in found if cell in wanted}


def _curves(rows: Sequence[Row], depth: int) -> dict[str, Curve]:
    """The curves of a cell's rows of theory.csv. Why one was not compared is found again by whoever compares."""
    from ..theory.prediction import Curve

    curves = {}
    for metric in dict.fromkeys(str(row[1]) for row in rows):
        numbers = np.full((3, depth + 1), np.nan)
        within, reasons = np.zeros(depth + 1, bool), [""] * (depth + 1)
        for at, _, infinite, mean, sd, known, reason in (row for row in rows if row[1] == metric):
            layer = int(_number(at))
            numbers[:, layer] = _number(infinite), _number(mean), _number(sd)
            within[layer] = known == "yes"
            reasons[layer] = "" if str(reason or "").startswith(NOT_COMPARED) else str(reason or "")
        curves[metric] = Curve(numbers[0], numbers[1], numbers[2], within, tuple(reasons))
    return curves


def _planned(experiment: Experiment, tables: Tables, most: int) -> Mapping[str, Planned]:
    """The cells of the first rows, by the id that the tables have: with another version they would have another."""
    grid: dict[Row, GridCell] = {}
    for one in experiment.cells:
        grid.setdefault(tuple(_bare(text) for _, text in one.axes), one)
    rows = tables.cells.head(most)
    keys = zip(*(rows[axis] for axis in tables.axes), strict=True) if tables.axes else [()] * len(rows)
    found = {
        cell: grid[key]
        for cell, key in zip(rows["cell"], (tuple(map(_bare, key)) for key in keys), strict=True)
        if key in grid
    }
    chosen = plan(replace(experiment, cells=tuple(found.values())))
    return {cell: replace(one, id=cell) for cell, one in zip(found, chosen, strict=True)}


def _bare(text: str) -> str:
    """A swept value without the mark that tables put before what a spreadsheet would take for a formula."""
    return text.removeprefix("'")


def _traces(
    folder: Path, experiment: Experiment, tables: Tables, wanted: list[str]
) -> Iterator[tuple[str, tuple[Trace, ...]]]:
    """The measurements of these cells, in pieces."""
    if tables.layers is not None:
        yield from _of_rows(folder / "layers.csv", len(tables.axes), set(wanted))
        return
    reader = Reader(folder)
    for cell in wanted:
        parts, _ = reader.find(cell, experiment.seeds)
        if {seed for part in parts for seed in part.seeds} >= set(experiment.seeds):
            yield cell, parts


def _of_rows(path: Path, axes: int, wanted: set[str]) -> Iterator[tuple[str, tuple[Trace, ...]]]:
    """The traces that rows of layers.csv were written from. A cell's rows stand together; of a large table only the
    beginning is read."""
    names = header(path)[1 + axes + len(LAYERS) :]
    left = set(wanted)
    for cell, rows in groupby(stream(path), key=lambda row: str(row[0])):
        if not left:
            return
        if cell in left:
            left.discard(cell)
            yield cell, (_trace(names, [row[1 + axes :] for row in rows]),)


def _trace(names: tuple[str, ...], rows: list[Row]) -> Trace:
    """One cell. rows: seed, layer, fan_in, fan_out, metrics, with all layers of a seed together."""
    seeds = tuple(dict.fromkeys(int(_number(row[0])) for row in rows))
    values = [[row[len(LAYERS) :] for row in group] for _, group in groupby(rows, key=lambda row: row[0])]
    present = np.array([[[number is not None for number in layer] for layer in seed] for seed in values], bool)
    numbers = np.array([[[_number(number) for number in layer] for layer in seed] for seed in values], np.float64)
    order = [names.index(name) for name in METRICS.ordered(names)]
    metrics = tuple(names[k] for k in order)
    shape = (len(seeds), len(rows) // len(seeds), len(names))
    return Trace(seeds, metrics, numbers.reshape(shape)[:, :, order], present.reshape(shape)[:, :, order])


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
