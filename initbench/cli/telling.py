"""What a run has to tell: on the console in a table and sentences, or as one JSON document."""

from __future__ import annotations

import textwrap
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .check import outcome_rows, say_outcomes
from .console import note, table

if TYPE_CHECKING:
    from ..lab.result import CellResult, Result

EXPLAINED = 12
"""Cells whose verdict is spelled out; of more, the table says enough."""
ROWS = 40
"""Rows of the table; the rest are in cells.csv."""
NAMED = 20
"""Failed cells that are named, wherever in the grid they are; the rest are in failures.csv."""


def say_broken_theory(result: Result, debug: bool) -> None:
    """An internal error is said whatever is asked for; it costs no measurement, so the run has not failed."""
    errors = result.theory_errors
    if not errors:
        return
    if debug:
        note("".join(traceback.format_exception(errors[0])).rstrip())
    cells = f"{len(errors)} cell{'s' if len(errors) > 1 else ''}"
    what = f"{type(errors[0]).__name__}: {errors[0]}"
    hint = "the measurements are whole; please report it; `initbench --debug run ...` shows where"
    note(f"internal error in the theory of {cells}: {what} ({hint})")


def document(result: Result, out: Path, drawn: list[str]) -> dict[str, Any]:
    """Everything, for --json."""
    cells = result.tables["cells.csv"].records()
    return {
        "name": result.experiment.name,
        "out": str(out),
        "cells": [{**row, "sentences": list(cell.sentences)} for row, cell in zip(cells, result.results, strict=True)],
        "expect": outcome_rows(result.outcomes),
        "plots": drawn,
        "manifest": result.manifest,
    }


def say_result(result: Result, out: Path, drawn: list[str], quiet: bool) -> None:
    """The table, the first cells in sentences, every failure, and what became of the expectations."""
    from ..lab.words import in_turn

    typer.echo(f"{result.experiment.name}: {result.manifest['title']}")
    if result.experiment.description and not quiet:
        typer.echo(textwrap.fill(result.experiment.description, 100))
    typer.echo("")
    _say_table(result)
    explained = result.results[:EXPLAINED]
    for cell, sentences in zip(explained, in_turn(cell.sentences for cell in explained), strict=True):
        _explain(cell, sentences)
    if len(result.results) > EXPLAINED:
        _say_rest(result)
    say_outcomes(result.outcomes)
    if not quiet:
        reasons = "; ".join(f"{choice['engine']} ({choice['reason']})" for choice in result.manifest["engines"])
        took = "nothing had to run" if result.unchanged else f"{result.manifest['seconds']:.1f} s"
        note(f"\nengine: {reasons}; {took}")
        note(f"written: {out}/" + (f" with plots/{', '.join(drawn)}" if drawn else ""))


def _say_table(result: Result) -> None:
    from ..lab.overview import overview

    axes = result.experiment.axes
    header, rows = overview(result.tables["cells.csv"], axes)
    table(header, rows[:ROWS], left=len(axes))
    if len(rows) > ROWS:
        typer.echo(f"and {len(rows) - ROWS} more in cells.csv")


def _say_rest(result: Result) -> None:
    """Cells that are not spelled out: how many there are, those that failed by name, and theory in numbers."""
    from ..lab.theory_words import theory_summary

    typer.echo(f"\n(and {len(result.results) - EXPLAINED} cells more, in cells.csv)")
    explained = {cell.planned.id for cell in result.results[:EXPLAINED]}
    failed = [cell for cell in result.failed if cell.planned.id not in explained]
    for cell in failed[:NAMED]:
        typer.echo(f"failed: {cell.planned.grid.label}: {cell.failure.reason if cell.failure else ''}")
    if len(failed) > NAMED:
        typer.echo(f"and {len(failed) - NAMED} more failed, in failures.csv")
    if summary := theory_summary(result.tables["cells.csv"]):
        typer.echo(summary)


def _explain(cell: CellResult, sentences: tuple[str, ...]) -> None:
    label = cell.planned.grid.label
    typer.echo(f"\n{label}" if label else "")
    if cell.failure is not None:
        typer.echo(f"  failed: {cell.failure.reason}")
    for sentence in sentences:
        typer.echo(f"  {sentence}")
