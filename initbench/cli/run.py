"""`initbench run`: from a config to tables, plots and a verdict."""

from __future__ import annotations

import textwrap
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import emit_json, note, progress, table

if TYPE_CHECKING:
    from ..lab.result import CellResult, Result
    from ..spec import Experiment

EXPLAINED = 12
"""Cells whose verdict is spelled out; of more, the table says enough."""
FAILED_CELLS = 3


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("run")(run)


def run(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML config.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The results folder; default results/<name>/."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="KEY=VALUE", help="Override a key, e.g. -s network.depth=10."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "-j",
            "--jobs",
            min=1,
            max=1024,
            help="Processes; default: all cores where it pays. Changes no result.",
        ),
    ] = None,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="NAME", help="serial (this process) or process.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and stop.")] = False,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Whether to draw plots/.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No notes and no progress.")] = False,
) -> None:
    """Measure what CONFIG describes: tables, plots and a verdict in the results folder."""  # fmt: skip
    from ..lab import plan, runner

    jobs = _jobs(jobs, executor)
    experiment = plan.open_experiment(config, overrides or [])
    if dry_run:
        _say_plan(experiment, as_json)
        return
    out = out if out is not None else Path("results") / experiment.name
    if not quiet:
        for text in experiment.notes:
            note(f"note: {text}")
    with progress(experiment.name, quiet) as update:
        result = runner.run(experiment, out, jobs, update)
    drawn = _draw(out, result, plots)
    _say_broken_theory(result, context.find_root().params["debug"])
    if as_json:
        emit_json(_document(result, out, drawn))
    else:
        _say_result(result, out, drawn, quiet)
    if result.failed:
        raise typer.Exit(FAILED_CELLS)


def _jobs(jobs: int | None, executor: str | None) -> int | None:
    if executor not in (None, "serial", "process"):
        raise typer.BadParameter(
            f"{executor!r} is not an executor of this version: serial, process", param_hint="--executor"
        )
    if executor == "serial":
        if jobs is not None and jobs > 1:
            raise typer.BadParameter(f"--executor serial runs in one process, not in {jobs}", param_hint="--jobs")
        return 1
    if executor == "process" and jobs is None:
        from ..lab.executors import available_cores

        return available_cores()
    return jobs


def _draw(out: Path, result: Result, wanted: bool) -> list[str]:
    """Draw the plots from the tables just written; the names of the pictures. Cells that all failed leave nothing to
    draw. No picture of an earlier run stays beside tables that it does not show."""
    from .pictures import draw_folder, remove_pictures

    if wanted and len(result.failed) < len(result.results):
        return draw_folder(out, ("png", "svg"))
    if (out / "plots").is_dir():
        remove_pictures(out)
    return []


def _say_broken_theory(result: Result, debug: bool) -> None:
    """An internal error is said whatever is asked for; it costs no measurement, so the run has not failed."""
    errors = [cell.theory.error for cell in result.results if cell.theory and cell.theory.error]
    if not errors:
        return
    if debug:
        note("".join(traceback.format_exception(errors[0])).rstrip())
    cells = f"{len(errors)} cell{'s' if len(errors) > 1 else ''}"
    what = f"{type(errors[0]).__name__}: {errors[0]}"
    hint = "the measurements are whole; please report it; `initbench --debug run ...` shows where"
    note(f"internal error in the theory of {cells}: {what} ({hint})")


def _say_plan(experiment: Experiment, as_json: bool) -> None:
    from ..engine.sizes import human, needed_bytes
    from ..lab.plan import plan, seconds

    cells = plan(experiment)
    networks = len(experiment.seeds)
    rows = [
        {
            "cell": planned.id,
            "settings": dict(planned.grid.axes),
            "engine": planned.choice.engine,
            "reason": planned.choice.reason,
            "seeds": networks,
            "bytes": needed_bytes(planned.cell),
            "core_seconds": round(seconds(planned.cell, networks), 2),
        }
        for planned in cells
    ]
    if as_json:
        emit_json({"name": experiment.name, "cells": rows, "notes": list(experiment.notes)})
        return
    total = sum(seconds(planned.cell, networks) for planned in cells)
    memory = max(needed_bytes(planned.cell) for planned in cells)
    typer.echo(
        f"{experiment.name}: {len(cells)} cell{'s' if len(cells) > 1 else ''} x {networks} seeds, "
        f"about {total:.1f} s of one core, at least {human(memory)} of memory a worker"
    )
    for planned in cells[:EXPLAINED]:
        why = f"{planned.choice.engine}: {planned.choice.reason}"
        typer.echo(f"  {planned.id}  {planned.grid.label or experiment.name}  ({why})")
    if len(cells) > EXPLAINED:
        typer.echo(f"  and {len(cells) - EXPLAINED} more")


def _document(result: Result, out: Path, drawn: list[str]) -> dict[str, Any]:
    cells = result.tables["cells.csv"].records()
    return {
        "name": result.experiment.name,
        "out": str(out),
        "cells": [{**row, "sentences": list(cell.sentences)} for row, cell in zip(cells, result.results, strict=True)],
        "expect": [
            {"name": outcome.expectation.name, "status": outcome.status, "message": outcome.message}
            for outcome in result.outcomes
        ],
        "plots": drawn,
        "manifest": result.manifest,
    }


def _say_result(result: Result, out: Path, drawn: list[str], quiet: bool) -> None:
    from ..lab.theory_words import theory_summary
    from .results import say_outcomes

    typer.echo(f"{result.experiment.name}: {result.manifest['title']}")
    if result.experiment.description and not quiet:
        typer.echo(textwrap.fill(result.experiment.description, 100))
    typer.echo("")
    axes = [key.rpartition(".")[2] for key in result.experiment.axes]
    header = (*axes, "forward", "a layer", "backward", "a layer", "verdict")
    table(header, [_row(cell) for cell in result.results], left=len(axes))
    for cell in result.results[:EXPLAINED]:
        _explain(cell)
    if len(result.results) > EXPLAINED:
        typer.echo(f"\n(and {len(result.results) - EXPLAINED} cells more, in cells.csv)")
        typer.echo(theory_summary(result.results))
    say_outcomes(result.outcomes)
    if not quiet:
        reasons = "; ".join(f"{choice['engine']} ({choice['reason']})" for choice in result.manifest["engines"])
        note(f"\nengine: {reasons}; {result.manifest['seconds']:.1f} s")
        note(f"written: {out}/" + (f" with plots/{', '.join(drawn)}" if drawn else ""))


def _row(cell: CellResult) -> tuple[str, ...]:
    axes = [text for _, text in cell.planned.grid.axes]
    if cell.verdict is None:
        return (*axes, "", "", "", "", "failed")
    forward, backward = cell.verdict.forward, cell.verdict.backward
    numbers = (forward.ratio, forward.rate, backward.ratio, backward.rate)
    others = [flag for flag in cell.verdict.flags if flag != cell.verdict.verdict]
    return (
        *axes,
        *map(_number, numbers),
        cell.verdict.verdict + (f" ({', '.join(others)})" if others else ""),
    )


def _number(value: float) -> str:
    return "" if value != value else f"{value:.4g}"


def _explain(cell: CellResult) -> None:
    label = cell.planned.grid.label
    typer.echo(f"\n{label}" if label else "")
    if cell.failure is not None:
        typer.echo(f"  failed: {cell.failure.reason}")
    for sentence in cell.sentences:
        typer.echo(f"  {sentence}")
