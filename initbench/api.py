"""The front door for notebooks: the same things as the commands, without the console, writing only where told to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .figures import Figure
    from .figures.report import Content
    from .lab.account import Account
    from .lab.comparing.compare import Comparison
    from .lab.comparing.ranking import Ranking
    from .lab.result import Result
    from .lab.tables import Tables
    from .spec import Experiment

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
    return _carried_out(_opened(config, overrides), out, jobs)


def sweep(
    config: Source,
    grid: Mapping[str, Any] | None = None,
    out: str | PathLike[str] | None = None,
    jobs: int | None = None,
    overrides: Sequence[str] = (),
) -> Result:
    """Carry out a config over a grid: that of its `sweep:` section, with the axes of `grid`, as
    {"network.depth": [10, 50]} or {"network.initializer.stddev": {"logspace": [-3, 0, 7]}}.

    The rest is as in run. Raises ConfigError with every problem, UsageError without an axis, StorageError.
    """
    from .errors import UsageError

    experiment = _opened(config, overrides, grid)
    if not experiment.axes:
        raise UsageError('a sweep needs an axis: give grid={"network.depth": [10, 50]}, or a `sweep:` section')
    return _carried_out(experiment, out, jobs)


def _opened(config: Source, overrides: Sequence[str], grid: Mapping[str, Any] | None = None) -> Experiment:
    from .lab.plan import open_experiment

    return open_experiment(config if isinstance(config, dict) else Path(config), overrides, grid)


def _carried_out(experiment: Experiment, out: str | PathLike[str] | None, jobs: int | None) -> Result:
    from .lab import runner

    return runner.run(experiment, None if out is None else Path(out), jobs)


def load(folder: str | PathLike[str]) -> Tables:
    """The stored tables of a results folder: .layers .summary .cells .theory as DataFrames, .manifest.

    Raises StorageError.
    """
    from .lab.tables import read_tables

    return read_tables(Path(folder))


def plot(result: Result | Tables | str | PathLike[str], stem: str = "variance") -> Figure:
    """One picture of a result, of loaded tables or of a results folder, as a Matplotlib Figure.

    stem: variance | gradients | histograms | health | cosine | heatmap | training | training_layers | trainability.
    Raises UsageError for a picture that the tables cannot give.
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

    metrics: only these, or of trained networks `final_loss`, `final_accuracy`, `test_loss`, `test_accuracy`; layer:
    there (a number, "first" or "last") instead of at the end of each metric's way.
    Raises UsageError, StorageError, JudgeError where nothing can be compared.
    """
    from .lab.comparing import compare

    return compare.compare(a, b, metrics, layer)


def rank(*results: Result | str | PathLike[str]) -> Ranking:
    """All cells of one or more results or results folders in order, as their networks start: .standings, best first,
    with ties; .rules says by what.

    Raises UsageError, StorageError, JudgeError where there are fewer than two cells.
    """
    from .lab.comparing import ranking

    return ranking.rank(*results)


def report(folder: str | PathLike[str], markdown: bool = False, beside: str | PathLike[str] | None = None) -> str:
    """A results folder as one HTML page, which needs no script and no network.

    markdown: in GitHub's Markdown, for a pull request; its pictures are links to those in the folder's plots/, as they
    are seen from `beside`, the folder that the text will be in, by default the results folder. Those that show other
    numbers than the tables are left out, and named.
    Raises StorageError.
    """
    from .figures.report import EXPLAINED, page
    from .lab.account import account

    folder = Path(folder)
    found = account(folder, EXPLAINED)
    if not markdown:
        return page(_content(found))
    from .lab.briefing import briefing

    plots = Path(os.path.relpath(folder / "plots", folder if beside is None else beside)).as_posix()
    questions, unlinked = _pictures(found, folder)
    return briefing(found, {f"{plots}/{stem}.png": question for stem, question in questions.items()}, unlinked)


def _pictures(found: Account, folder: Path) -> tuple[dict[str, str], list[str]]:
    """The question of every picture that shows these tables, by its stem; and in Markdown, which are left out."""
    from . import figures
    from .figures.stale import FILES, outdated
    from .lab.markdown import code
    from .lab.store import read_all

    files = read_all(folder / "plots", [name for name in FILES if not name.endswith(".svg")])
    drawn = [stem for stem in figures.EVERY if f"{stem}.png" in files]
    old = outdated(found.tables, files, found.absent)
    linked = [stem for stem in figures.available(found.tables) if stem in drawn and stem not in old]
    lost = [stem for stem in drawn if stem not in (*old, *linked)]
    command = f"initbench run CONFIG -o {folder}" if found.absent else f"initbench plot {folder}"
    again = f"{code(command)} draws {'it' if len(old) == 1 else 'them'} again"
    unlinked = [f"Left out, as not drawn from these tables: {_named(old)}. {again}."] if old else []
    if lost:
        unlinked.append(f"Left out, as the tables that they were drawn from are not kept here: {_named(lost)}.")
    return {stem: str(figures.series(found.tables, stem)["question"]) for stem in linked}, unlinked


def _named(stems: Sequence[str]) -> str:
    return ", ".join(f"{stem}.png" for stem in stems)


def _content(found: Account) -> Content:
    """What a page shows: the figures' room asks nothing of the lab but its tables."""
    from .figures.report import EXPLAINED, Claim, Content
    from .lab.overview import overview
    from .lab.theory_words import theory_summary
    from .theory.points import points

    return Content(
        tables=found.tables,
        experiment=found.experiment,
        overview=overview(found.cells, found.tables.axes),
        source=found.source,
        resolved=found.resolved,
        sentences=found.sentences,
        claims=tuple(Claim(one.expectation.name, one.status, one.message) for one in found.outcomes),
        beside_theory=theory_summary(found.cells),
        points=points(found.experiment.cells, EXPLAINED),
        absent=found.absent,
    )
