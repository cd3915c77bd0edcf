"""What a run would do, and what is there of it: `--dry-run` and `initbench status`."""

from __future__ import annotations

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
    """Cells times seeds, what is there already and why the rest must run, and what it takes."""
    from ..engine.sizes import human, needed_bytes
    from ..lab.keepers import Reader
    from ..lab.pending import pending
    from ..lab.plan import plan, seconds, stored_bytes

    networks = len(experiment.seeds)
    work = pending(plan(experiment), experiment.seeds, Reader(out, force))
    if as_json:
        rows = [
            {
                **_row(each, networks),
                "engine": each.planned.choice.engine,
                "reason": each.planned.choice.reason,
                "bytes": needed_bytes(each.planned.cell),
                "core_seconds": round(seconds(each.planned.cell, each.networks), 2),
            }
            for each in work
        ]
        emit_json({"name": experiment.name, "out": str(out), "cells": rows, "notes": list(experiment.notes)})
        return
    total = sum(seconds(each.planned.cell, each.networks) for each in work)
    memory = max(needed_bytes(each.planned.cell) for each in work)
    disk = sum(stored_bytes(each.planned.cell, networks, experiment.keep_layers) for each in work)
    done = sum(not each.blocks for each in work)
    typer.echo(
        f"{experiment.name}: {len(work)} cell{'s' if len(work) > 1 else ''} x {networks} seeds, "
        f"{done} done already in {out}/; the rest takes about {total:.1f} s of one core, "
        f"at least {human(memory)} of memory a worker; all of it about {human(disk)} of disk"
    )
    todo = [each for each in work if each.blocks]
    for each in todo[:SHOWN]:
        choice = each.planned.choice
        label = each.planned.grid.label or experiment.name
        typer.echo(f"  {each.planned.id}  {label}  {each.why} ({choice.engine}: {choice.reason})")
    if len(todo) > SHOWN:
        typer.echo(f"  and {len(todo) - SHOWN} more")


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
            typer.echo(f"  {name}  {each.planned.id}  {each.planned.grid.label or found.name}  {why}")
        if name != "done" and len(works) > SHOWN:
            typer.echo(f"  and {len(works) - SHOWN} more {name}")
    for cell in found.stale[:SHOWN]:
        typer.echo(f"  stale  {cell}")
    if len(found.stale) > SHOWN:
        typer.echo(f"  and {len(found.stale) - SHOWN} more stale")
