"""Holds stored results against what their config expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .. import config
from ..catalogue.activations import ACTIVATIONS
from ..catalogue.initializers import INITIALIZERS
from ..catalogue.metrics import METRICS
from ..errors import ConfigError, StorageError
from ..spec import Expectation, Experiment
from ..values import frozen
from .columns import TABLES
from .csvtext import Row, Value
from .expectations import UNKNOWN, Evidence, Outcome
from .extremes import OVER
from .partial import kept_tables
from .steps import table_of
from .store import MARK
from .stored import RESOLVED, header, read_manifest, stream, verify
from .tables import Tables

REMEDY = "run the config again"


@frozen
class Stored:
    """A results folder, read. absent: the tables that its run wrote and that it does not keep."""

    folder: Path
    experiment: Experiment
    tables: Tables
    absent: frozenset[str]


def stored_results(folder: Path) -> Stored:
    """A results folder, of which tables may be missing.

    Raises StorageError where it, its config or cells.csv is missing, or a file of it is damaged.
    """
    tables, absent = kept_tables(folder, pictured=False)
    verify(folder, tables.manifest, RESOLVED)
    return Stored(folder, stored_experiment(folder), tables, absent)


def check_folder(folder: Path) -> tuple[Outcome, ...]:
    """The outcome of every expectation of a results folder, from its tables and its resolved config alone.

    Raises StorageError as `stored_results` does.
    """
    return judged(stored_results(folder))


def judged(stored: Stored) -> tuple[Outcome, ...]:
    """What became of the expectations; of tables that may have millions of rows only those that they speak of are
    kept. One that needs a table that is absent is unknown."""
    tables, expect = stored.tables, stored.experiment.expect
    columns = frozenset(tables.cells.columns)
    gone = [min(_needed(one, columns) & stored.absent, default="") for one in expect]
    evidence = Evidence([one for one, table in zip(expect, gone, strict=True) if not table])
    evidence.open("summary.csv", tuple(tables.summary.columns))  # where the folder does not keep it, it has no rows
    for name in TABLES if expect else ():
        path, wanted = stored.folder / name, evidence.wanted(name)
        if path.exists():
            evidence.open(name, header(path))
            evidence.add(name, rows_of(path, tables, wanted) if wanted is None or wanted else ())
    outcomes = iter(evidence.outcomes())
    return tuple(
        Outcome(one, UNKNOWN, f"not judged: {table} is not there") if table else next(outcomes)
        for one, table in zip(expect, gone, strict=True)
    )


def rows_of(path: Path, tables: Tables, wanted: frozenset[str] | None = None) -> Iterator[Row]:
    """The rows of a sound table, its swept keys as text. wanted: only rows with these metrics."""
    cells = tables.cells
    texts: dict[Value, Row] = {row[0]: row for row in zip(*(cells[key] for key in ("cell", *tables.axes)), strict=True)}
    for row in stream(path, wanted):
        start = texts[row[0]]
        yield (*start, *row[len(start) :])


def _needed(expectation: Expectation, columns: frozenset[str]) -> frozenset[str]:
    """The tables that an expectation is judged by, cells.csv aside. columns: of cells.csv."""
    if expectation.step is not None:
        return frozenset({table_of(expectation.metric)})
    if expectation.metric in columns:
        return frozenset()
    return frozenset({"summary.csv", "layers.csv"} if expectation.over in OVER else {"summary.csv"})


def stored_experiment(folder: Path) -> Experiment:
    """The experiment that results are of. A stored config that does not hold is damage, not a mistake of its reader,
    unless plug-ins that it was made with are missing here.

    Raises StorageError.
    """
    resolved = folder / RESOLVED
    if not resolved.is_file():
        raise StorageError(f"{resolved}: missing; {REMEDY}")
    try:
        # The data may be gone, or stand elsewhere: what was expected of the results is the same.
        return config.load(resolved, data=False)
    except ConfigError as error:
        if lost := _lost(folder):
            which = "which is" if len(lost) == 1 else "which are"
            raise StorageError(f"{folder}: needs {' and '.join(lost)}, {which} not installed here") from error
        first = error.problems[0]
        what = f"{first.key}: {first.message}" if first.key else first.message
        line = f" at line {first.line}" if first.line else ""
        raise StorageError(f"{resolved}: damaged{line} ({what}); {REMEDY}") from error


def _lost(folder: Path) -> list[str]:
    """The plug-ins that results were made with and that are not here: `the activation 'softclip' of mypackage 1.0`."""
    try:
        needed = read_manifest(folder / MARK).get("plugins")
    except StorageError:  # of a run that never came to its end, or damaged as well
        return []
    registries = {registry.kind: registry for registry in (ACTIVATIONS, INITIALIZERS, METRICS)}
    lost = []
    for what, origin in needed.items() if isinstance(needed, dict) else ():
        kind, _, name = what.partition(" ")
        if kind in registries and name not in registries[kind]:
            lost.append(f"the {kind} {name!r} of {origin}")
    return lost
