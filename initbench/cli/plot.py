"""`initbench plot`: the pictures of a results folder, drawn again, or held against its tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import emit_json, note

if TYPE_CHECKING:
    from ..figures.differences import Difference
    from ..figures.stale import Picture
    from .pictures import Reviewed

IS_STALE = 1
SHOWN = 20
"""Lines about stale pictures; a folder whose every line is another would fill the screen."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("plot")(plot)


def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    check: Annotated[
        bool,
        typer.Option("--check", help="Draw nothing: are the pictures those of the tables? Exit 1 where one is not."),
    ] = False,
    formats: Annotated[
        str | None,
        typer.Option("--format", metavar="LIST", help="png, svg or both; with --check, those as drawn last."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing, with --check only what is stale.")] = False,
) -> None:
    """Draw the plots of DIR again, from its stored tables alone; or, with --check, compare the data that they show with
    the tables, whichever Matplotlib drew them."""
    chosen = _formats(formats)
    if check:
        _check(folder, chosen, as_json, quiet)
        return
    from .pictures import BOTH, draw_folder

    drawn = draw_folder(folder, chosen or BOTH)
    if as_json:
        emit_json({"folder": str(folder), "files": drawn})
    elif not quiet:
        typer.echo(f"{folder / 'plots'}: {', '.join(drawn)}")


def _formats(text: str | None) -> tuple[str, ...]:
    """What --format lists; none where it is not given. Raises BadParameter."""
    from .pictures import BOTH

    if text is None:
        return ()
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not chosen or set(chosen) - set(BOTH):
        raise typer.BadParameter(f"{text!r} is not allowed: png, svg or png,svg", param_hint="--format")
    return chosen


def _check(folder: Path, formats: Sequence[str], as_json: bool, quiet: bool) -> None:
    """Raises JudgeError where there is nothing to compare; exits with IS_STALE where something is stale."""
    from ..errors import JudgeError
    from ..figures.stale import STALE, UNKNOWN
    from .pictures import review_folder

    reviewed = review_folder(folder, formats)
    states = {picture.status for picture in reviewed.pictures}
    if as_json:
        emit_json(_document(folder, reviewed))
    elif states:
        _say(folder, reviewed, quiet)
    if STALE in states:
        raise typer.Exit(IS_STALE)
    if not states:
        raise JudgeError(f"{folder}: there are no pictures to compare; `{reviewed.remedy}` draws them")
    if states == {UNKNOWN}:
        raise JudgeError(f"{folder}: the tables that its pictures were drawn from are not there to compare with")


def _say(folder: Path, reviewed: Reviewed, quiet: bool) -> None:
    """What is stale, a line each, and the command that mends it; else how many pictures were compared."""
    from ..figures.stale import CURRENT, STALE

    lines = [f"  {one}" for picture in reviewed.pictures for one in picture.stale]
    if lines:
        count = sum(picture.status == STALE for picture in reviewed.pictures)
        typer.echo(f"{folder}: stale: {count} of {_pictures(len(reviewed.pictures))}")
        more = [f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        typer.echo("\n".join([*lines[:SHOWN], *more, f"to draw them again: {reviewed.remedy}"]))
    elif not quiet:
        current = sum(picture.status == CURRENT for picture in reviewed.pictures)
        typer.echo(f"{folder}: current: {_pictures(current)}")
    if not quiet:
        for picture in reviewed.pictures:
            if picture.absent:
                note(f"note: {_not_compared(picture)}")


def _pictures(count: int) -> str:
    return f"{count} picture{'s' if count != 1 else ''}"


def _not_compared(picture: Picture) -> str:
    what = f"{picture.stem} was compared but for theory" if picture.compared else f"{picture.stem} was not compared"
    return f"{what}: {' and '.join(picture.absent)} {'is' if len(picture.absent) == 1 else 'are'} not there"


def _document(folder: Path, reviewed: Reviewed) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "pictures": [
            {
                "stem": picture.stem,
                "status": picture.status,
                "absent": list(picture.absent),
                "stale": [
                    {"file": one.file, "message": one.message, "series": _series(one.difference)}
                    for one in picture.stale
                ],
            }
            for picture in reviewed.pictures
        ],
        "remedy": reviewed.remedy,
    }


def _series(found: Difference | None) -> dict[str, Any] | None:
    """Where in the data; a side that has nothing there is left out."""
    from ..figures.differences import NOTHING

    return None if found is None else {key: value for key, value in vars(found).items() if value is not NOTHING}
