"""`initbench run` and `initbench sweep`: from a config to tables, plots and a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..values import frozen
from . import options
from .console import emit_json, note
from .planned import say_plan
from .progress import progress
from .telling import document, say_broken_theory, say_result

if TYPE_CHECKING:
    from ..lab.result import Result
    from ..spec import Experiment

FAILED_CELLS = 3


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("run")(run)
    app.command("sweep")(sweep)


def run(
    context: typer.Context,
    config: options.Config,
    out: options.Out = None,
    overrides: options.Overrides = None,
    jobs: options.Jobs = None,
    executor: options.Executor = None,
    scheduler: options.Scheduler = None,
    dry_run: options.DryRun = False,
    force: options.Force = False,
    parquet: options.Parquet = False,
    plots: options.Plots = True,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure what CONFIG describes: tables, plots and a verdict in the results folder. What the folder holds already
    is kept."""
    from ..lab.plan import open_experiment

    experiment = open_experiment(config, overrides or [])
    wanted = Wanted(out, *_where(jobs, executor, scheduler), dry_run, force, parquet, plots, as_json, quiet)
    _carry_out(experiment, wanted, context.find_root().params["debug"])


def sweep(
    context: typer.Context,
    config: options.Config,
    grid: options.Grid = None,
    out: options.Out = None,
    overrides: options.Overrides = None,
    jobs: options.Jobs = None,
    executor: options.Executor = None,
    scheduler: options.Scheduler = None,
    dry_run: options.DryRun = False,
    force: options.Force = False,
    parquet: options.Parquet = False,
    plots: options.Plots = True,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run CONFIG over a grid: that of its `sweep:` section, with the axes of --grid. Interrupted, the same command goes
    on where it stopped."""
    from ..errors import UsageError
    from ..lab.plan import open_experiment

    experiment = open_experiment(config, overrides or [], options.axes(grid or []))
    if not experiment.axes:
        raise UsageError(f"{config}: a sweep needs an axis: give --grid network.depth=10,50, or a `sweep:` section")
    wanted = Wanted(out, *_where(jobs, executor, scheduler), dry_run, force, parquet, plots, as_json, quiet)
    _carry_out(experiment, wanted, context.find_root().params["debug"])


@frozen
class Wanted:
    """What the options ask for."""

    out: Path | None
    jobs: int | None
    scheduler: str | None
    apart: bool | None
    dry_run: bool
    force: bool
    parquet: bool
    plots: bool
    as_json: bool
    quiet: bool


def _carry_out(experiment: Experiment, wanted: Wanted, debug: bool) -> None:
    from ..lab import runner

    out = wanted.out if wanted.out is not None else Path("results") / experiment.name
    if not wanted.quiet:
        for text in experiment.notes:
            note(f"note: {text}")
    if wanted.dry_run:
        say_plan(experiment, out, wanted.force, wanted.as_json)
        return
    with progress(experiment.name, wanted.quiet) as update:
        result = runner.run(
            experiment, out, wanted.jobs, update, wanted.force, wanted.scheduler, wanted.parquet, wanted.apart
        )
    for damage in result.damaged:  # said even when quiet: somebody's disk is not well
        note(f"note: {damage}; its seeds were computed again")
    drawn = draw(out, result, wanted.plots)
    say_broken_theory(result, debug)
    if wanted.as_json:
        emit_json(document(result, out, drawn))
    else:
        say_result(result, out, drawn, wanted.quiet)
    if result.failed:
        raise typer.Exit(FAILED_CELLS)


def _where(jobs: int | None, executor: str | None, scheduler: str | None) -> tuple[int | None, str | None, bool | None]:
    """How many processes, the Dask scheduler if one is asked for, and whether they are others than this one."""
    if executor not in (None, "serial", "process", "dask"):
        raise typer.BadParameter(f"{executor!r} is not an executor: serial, process, dask", param_hint="--executor")
    if scheduler is not None and executor not in (None, "dask"):
        raise typer.BadParameter(f"--executor {executor} has no scheduler", param_hint="--scheduler")
    if executor == "serial":
        if jobs is not None and jobs > 1:
            raise typer.BadParameter(f"--executor serial runs in one process, not in {jobs}", param_hint="--jobs")
        return 1, None, False
    dask = executor == "dask" or scheduler is not None
    if (executor == "process" or dask) and jobs is None:
        from ..lab.executors import available_cores

        jobs = available_cores()
    return jobs, (scheduler or "local") if dask else None, True if executor == "process" else None


def draw(out: Path, result: Result, wanted: bool) -> list[str]:
    """Draw the plots from the tables just written; the names of the pictures. Cells that all failed leave nothing to
    draw. No picture or report of an earlier run stays beside tables that it does not show; those that were drawn from
    these very tables stay, wanted or not."""
    from ..lab.store import remove
    from ..lab.unchanged import PLOTS
    from .pictures import BOTH, draw_folder, drawn_before, remove_pictures
    from .report import MARKDOWN, PAGE

    if not result.unchanged:
        remove(out, (PAGE, MARKDOWN))
    if wanted and len(result.failed) < len(result.results):
        before = drawn_before(out, BOTH, result.manifest) if result.unchanged else []
        return before or draw_folder(out, BOTH)
    kept = result.unchanged and PLOTS in result.manifest  # a run that was killed leaves pictures of other tables
    if not kept and (out / "plots").is_dir():
        remove_pictures(out)
    return []
