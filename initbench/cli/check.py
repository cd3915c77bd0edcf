"""`initbench check`: results held against what their config expects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import emit_json

if TYPE_CHECKING:
    from ..lab.expectations import Outcome

CHECK_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("check")(check)


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show only what failed.")] = False,
) -> None:
    """Hold the tables of DIR against the `expect:` of its config; exit 1 where one fails, 4 where there is nothing
    to judge."""
    from ..errors import JudgeError
    from ..lab.check import check_folder
    from ..lab.expectations import FAILED, UNKNOWN

    outcomes = check_folder(folder)
    if as_json:
        emit_json(
            [
                {"name": outcome.expectation.name, "status": outcome.status, "message": outcome.message}
                for outcome in outcomes
            ]
        )
    else:
        say_outcomes([outcome for outcome in outcomes if not quiet or outcome.status != "passed"])
    if any(outcome.status == FAILED for outcome in outcomes):
        raise typer.Exit(CHECK_FAILED)
    if not outcomes:
        raise JudgeError(f"{folder}: its config expects nothing; write `expect:` and run it again")
    if any(outcome.status == UNKNOWN for outcome in outcomes):
        raise JudgeError(f"{folder}: an expectation has nothing to be held against")


def say_outcomes(outcomes: Sequence[Outcome]) -> None:
    """The outcome of every expectation, a line each."""
    if not outcomes:
        return
    passed = sum(outcome.status == "passed" for outcome in outcomes)
    typer.echo(f"\nexpectations: {passed} of {len(outcomes)} hold")
    for outcome in outcomes:
        name = outcome.expectation.name
        typer.echo(
            f"  {outcome.status:8}{name}: {outcome.message}" if name else f"  {outcome.status:8}{outcome.message}"
        )
