"""`initbench report`: a results folder as one page, or as Markdown for a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PAGE, MARKDOWN = "report.html", "report.md"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("report")(report)


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where to; default report.html (or .md) in DIR.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="GitHub's Markdown, with links to DIR/plots, for a pull request.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing.")] = False,
) -> None:
    """Write DIR as one page: the question, the verdict, pictures, tables, theory, papers. It needs no network."""
    from .. import api
    from ..lab.store import make_folder, publish

    target = out or folder / (MARKDOWN if markdown else PAGE)
    text = api.report(folder, markdown, target.parent)
    make_folder(target.parent)
    publish(target, text.encode())
    if not quiet:
        typer.echo(str(target))
