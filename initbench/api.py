"""The front door for notebooks: the same things as the commands, without the console, writing only where told to."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .figures import Figure
    from .lab.compare import Comparison
    from .lab.ranking import Ranking
    from .lab.result import Result
    from .lab.tables import Tables

Source = str | PathLike[str] | dict[str, Any]


def run(
    config: Source,
    out: str | PathLike[str] | None = None,
    jobs: int | None = None,
    overrides: Sequence[str] = (),
) -> Result:
    """Carry out a config: a file's path, or a mapping of the same shape.

    out: a folder for the tables; nothing is written without it. jobs: processes, by default all cores where they pay.
    overrides: `key=value` texts, as after -s. Raises ConfigError with every problem, StorageError.
    """
    from .lab import plan, runner

    source = config if isinstance(config, dict) else Path(config)
    experiment = plan.open_experiment(source, overrides)
    return runner.run(experiment, None if out is None else Path(out), jobs)


def load(folder: str | PathLike[str]) -> Tables:
    """The stored tables of a results folder: .layers .summary .cells .theory as DataFrames, .manifest.

    Raises StorageError.
    """
    from .lab.tables import read_tables

    return read_tables(Path(folder))


def plot(result: Result | Tables | str | PathLike[str], stem: str = "variance") -> Figure:
    """One picture of a result, of loaded tables or of a results folder, as a Matplotlib Figure.

    stem: variance | gradients | histograms | health | cosine. Raises UsageError for a picture that the tables cannot
    give.
    """
    from . import figures
    from .lab.result import Result
    from .lab.tables import Tables

    source = result.frames if isinstance(result, Result) else result
    return figures.figure(source if isinstance(source, Tables) else load(source), stem)


def compare(
    a: Result | str | PathLike[str],
    b: Result | str | PathLike[str],
    metrics: Sequence[str] = (),
    layer: int | str | None = None,
) -> Comparison:
    """Two results or results folders side by side: .settings that differ, .pairs of cells with their .differences.

    metrics: only these; layer: there (a number, "first" or "last") instead of at the end of each metric's way.
    Raises UsageError, StorageError, JudgeError where nothing can be compared.
    """
    from .lab import compare

    return compare.compare(a, b, metrics, layer)


def rank(*results: Result | str | PathLike[str]) -> Ranking:
    """All cells of one or more results or results folders in order: .standings, best first, with ties; .rules says by
    what.

    Raises UsageError, StorageError, JudgeError where there are fewer than two cells.
    """
    from .lab import ranking

    return ranking.rank(*results)
