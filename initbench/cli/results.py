"""`initbench plot`: the pictures of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("plot")(plot)


def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    formats: Annotated[str, typer.Option("--format", metavar="LIST", help="png, svg or both.")] = "png,svg",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing.")] = False,
) -> None:
    """Draw the plots of DIR again, from its stored tables alone."""
    from .pictures import draw_folder

    chosen = tuple(dict.fromkeys(part.strip() for part in formats.split(",") if part.strip()))
    if not chosen or set(chosen) - {"png", "svg"}:
        raise typer.BadParameter(f"{formats!r} is not allowed: png, svg or png,svg", param_hint="--format")
    drawn = draw_folder(folder, chosen)
    if not quiet:
        typer.echo(f"{folder / 'plots'}: {', '.join(drawn)}")
