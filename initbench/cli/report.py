"""`initbench report`: a results folder as one page, or as Markdown for a pull request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError

PAGE, MARKDOWN = "report.html", "report.md"
ENDS = (".html", ".htm", ".md")
"""What a report may end with where something else could be lost."""


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
    _refuse_misnamed(target, markdown)
    _refuse_others(target)
    text = api.report(folder, markdown, target.parent)
    make_folder(target.parent)
    publish(target, text.encode())
    if not quiet:
        typer.echo(str(target))


def _refuse_misnamed(target: Path, markdown: bool) -> None:
    """Raises UsageError where a file's name says that it holds something else than it would."""
    end = target.suffix.lower()
    if end == ".md" and not markdown:
        raise UsageError(f"{target}: a report is HTML; for Markdown add --markdown")
    if end in (".html", ".htm") and markdown:
        raise UsageError(f"{target}: with --markdown a report is no HTML; name it .md")


def _refuse_others(target: Path) -> None:
    """Raises UsageError where a report would replace another file, or stand among results under a name that may be
    theirs: a table that was left out is no free place."""
    from ..lab.store import MARK

    for place in (target, Path(os.path.realpath(target))):
        if place.suffix.lower() in ENDS:
            continue
        if os.path.exists(place) and not os.path.isdir(place):
            raise UsageError(f"{target}: is there, and is no report ({', '.join(ENDS)}); name another file with -o")
        if any(os.path.exists(folder / MARK) for folder in (place.parent, place.parent.parent)):
            raise UsageError(f"{target}: in a results folder a report ends with {' or '.join(ENDS)}")
