"""What a run would do, and what is there of it: `--dry-run` and `initbench status`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import emit_json

if TYPE_CHECKING:
    from ..lab.pending import Work
    from ..spec import Experiment

SHOWN = 12
"""Cells that are spelled out; of more, the counts say enough."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("status")(status)


def say_plan(experiment: Experiment, out: Path, force: bool, as_json: bool) -> None:
    """Cells times seeds, what is there already and why the rest must run, and what it takes.

    Raises UsageError for a path that is none of a results folder, StorageError.
    """
    from ..engine.sizes import needed_bytes
    from ..lab.keepers import Reader
    from ..lab.pending import pending
    from ..lab.plan import plan, seconds
    from ..lab.store import refuse_unfit
    from ..lab.stored import read_failures

    refuse_unfit(out)
    networks = len(experiment.seeds)
    cells = plan(experiment)
    before = pending(cells, experiment.seeds, Reader(out))
    work = pending(cells, experiment.seeds, Reader(out, force=True)) if force else before
    failed = read_failures(out)
    why = [_why(was, each, failed.get(each.planned.id)) for was, each in zip(before, work, strict=True)]
    if as_json:
        rows = [
            {
                **_row(each, networks),
                "stored": was.stored,
                "why": reason or None,
                "engine": each.planned.choice.engine,
                "reason": each.planned.choice.reason,
                "bytes": needed_bytes(each.planned.cell),
                "core_seconds": round(seconds(each.planned.cell, each.networks), 2),
            }
            for was, each, reason in zip(before, work, why, strict=True)
        ]
        emit_json({"name": experiment.name, "out": str(out), "cells": rows, "notes": list(experiment.notes)})
        return
    typer.echo(_headline(experiment, out, before, work))
    todo = [(each, reason) for each, reason in zip(work, why, strict=True) if each.blocks]
    for each, reason in todo[:SHOWN]:
        choice = each.planned.choice
        label = each.planned.grid.label or experiment.name
        typer.echo(f"  {each.planned.id}  {label}  {reason} ({choice.engine}: {choice.reason})")
    if len(todo) > SHOWN:
        typer.echo(f"  and {len(todo) - SHOWN} more")


def _why(before: Work, work: Work, failed: str | None) -> str:
    """Why a cell must run; empty where it need not. before: its work without --force; failed: why it failed, if so."""
    if work.blocks and before.stored > work.stored:
        return "stored, but --force"
    return f"failed: {failed}" if work.blocks and failed else work.why


def _headline(experiment: Experiment, out: Path, before: Sequence[Work], work: Sequence[Work]) -> str:
    """How much there is, how much of it is done, and what the rest takes. before: the work without --force."""
    from ..engine.sizes import human, needed_bytes
    from ..lab.plan import CONCLUDING, seconds, stored_bytes

    networks = len(experiment.seeds)
    size = f"{experiment.name}: {len(work)} cell{'s' if len(work) > 1 else ''} x {networks} seeds"
    said = f"{size}, {sum(not each.blocks for each in before)} done already in {out}/; "
    todo = [each for each in work if each.blocks]
    if not todo:
        return f"{said}no network has to run"
    total = sum(seconds(each.planned.cell, each.networks) for each in todo) + CONCLUDING * len(todo)
    takes = f"about {total:.1f} s" if total >= 1 else "under a second"
    memory = max(needed_bytes(each.planned.cell) for each in todo)
    disk = sum(stored_bytes(each.planned.cell, networks, experiment.keep_layers) for each in work)
    rest = "the rest" if work is before else "with --force, all of it"
    return (
        f"{said}{rest} takes {takes} of one core, "
        f"at least {human(memory)} of memory a worker; all of it about {human(disk)} of disk"
    )


def _row(work: Work, networks: int) -> dict[str, Any]:
    return {
        "cell": work.planned.id,
        "settings": dict(work.planned.grid.axes),
        "seeds": networks,
        "stored": work.stored,
        "missing": work.networks,
        "why": work.why or None,
        "damaged": [str(damage) for damage in work.damaged],
    }


def status(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Tell which cells of DIR are done, failed, missing, or stale (stored, and of no cell of its config)."""
    from ..lab.status import folder_status

    found = folder_status(folder)
    states = {"done": found.done, "failed": found.failed, "missing": found.missing}
    if as_json:
        networks = found.networks
        listed = {name: [_row(each, networks) for each in works] for name, works in states.items()}
        emit_json({"name": found.name, **listed, "stale": list(found.stale), "tables": found.tables})
        return
    counts = [f"{len(works)} {name}" for name, works in states.items()]
    typer.echo(f"{found.name}: {', '.join(counts)}, {len(found.stale)} stale; tables: {found.tables}")
    for name, works in states.items():
        for each in works[:SHOWN] if name != "done" else ():
            why = found.reasons.get(each.planned.id) or each.why
            if name == "failed" and not each.blocks:
                why += " (all its seeds are stored: a run without --force takes them)"
            typer.echo(f"  {name}  {each.planned.id}  {each.planned.grid.label or found.name}  {why}")
        if name != "done" and len(works) > SHOWN:
            typer.echo(f"  and {len(works) - SHOWN} more {name}")
    for cell in found.stale[:SHOWN]:
        typer.echo(f"  stale  {cell}")
    if len(found.stale) > SHOWN:
        typer.echo(f"  and {len(found.stale) - SHOWN} more stale")
