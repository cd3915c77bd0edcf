"""Holds stored results against what their config expects."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import config
from ..errors import ConfigError, StorageError
from ..spec import Experiment
from .csvtext import Table, Value
from .expectations import Outcome, evaluate
from .steps import TABLES as STEPS
from .stored import other, verify
from .tables import read_tables

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "run the config again"


def check_folder(folder: Path) -> tuple[Outcome, ...]:
    """The outcome of every expectation of a results folder, from its tables and its resolved config alone.

    Raises StorageError where the folder or a file of it is missing or damaged.
    """
    stored = read_tables(folder)
    verify(folder, stored.manifest, "resolved.yaml")
    experiment = stored_experiment(folder)
    frames = {
        "cells.csv": stored.cells,
        "summary.csv": stored.summary,
        "layers.csv": stored.layers,
        "theory.csv": stored.theory,
        "training.csv": stored.training,
        "training_layers.csv": stored.training_layers,
    }
    tables = {name: _table(frame) for name, frame in frames.items() if frame is not None}
    if any(one.step is not None for one in experiment.expect):
        tables |= {name: _told_apart(folder / name, tables[name]) for name in STEPS if name in tables}
    return evaluate(experiment.expect, tables)


def stored_experiment(folder: Path) -> Experiment:
    """The experiment that results are of. A stored config that does not hold is damage, not a mistake of its reader.

    Raises StorageError.
    """
    resolved = folder / "resolved.yaml"
    if not resolved.is_file():
        raise StorageError(f"{resolved}: missing; {REMEDY}")
    try:
        # The data may be gone, or stand elsewhere: what was expected of the results is the same.
        return config.load(resolved, data=False)
    except ConfigError as error:
        first = error.problems[0]
        what = f"{first.key}: {first.message}" if first.key else first.message
        line = f" at line {first.line}" if first.line else ""
        raise StorageError(f"{resolved}: damaged{line} ({what}); {REMEDY}") from error


def _table(frame: pd.DataFrame) -> Table:
    columns = [list(map(_value, frame[name].tolist())) for name in frame.columns]
    return Table(tuple(frame.columns), list(zip(*columns, strict=True)))


def _value(value: Any) -> Value:
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value


def _told_apart(path: Path, table: Table) -> Table:
    """The table with nan where its file says so: a frame has nan for what diverged and for what does not exist."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            next(lines)
            rows = [
                tuple(math.nan if value is None and text == "nan" else value for text, value in zip(*both, strict=True))
                for both in zip(lines, table.rows, strict=True)
            ]
    except (OSError, ValueError, StopIteration) as error:  # it was there, and whole, a moment ago
        raise other(path) from error
    return Table(table.columns, rows)
