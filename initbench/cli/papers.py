"""`initbench papers`: published results, listed or run, beside what comes out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..values import frozen
from . import options
from .console import emit_json, note, table
from .progress import progress

if TYPE_CHECKING:
    from ..lab.papers import Comparison, Paper
    from ..lab.result import Result

CHECK_FAILED, FAILED_CELLS = 1, 3
ANSWERS = {True: "yes", False: "NO", None: "?"}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("papers")(papers)


def papers(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Which; without any, a list.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Run all of them.")] = False,
    full: Annotated[bool, typer.Option("--full", help="In the paper's own size, where that is larger.")] = False,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Gets a results folder for each.")] = Path(
        "results/papers"
    ),
    configs: Annotated[
        Path | None, typer.Option("--configs", metavar="DIR", help="Other configs than those that came along.")
    ] = None,
    jobs: options.Jobs = None,
    force: options.Force = False,
    plots: options.Plots = True,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """List published results, or measure those of some names: published, predicted, measured, and whether it passes.

    Each is a config; its results are in DIR/NAME/, and what is there already is kept. --all also writes DIR/README.md,
    a page with all of them. Exit 1 where a number is not met.
    """
    from ..lab.papers import choose, read_papers, shipped

    known = read_papers(configs or shipped())
    if not (names or everything):
        _list(known, as_json)
        return
    chosen = known if everything else choose(known, names or ())
    wanted = _Wanted(out, full, jobs, force, plots, as_json, quiet)
    done = [_carry_out(paper, wanted) for paper in chosen]
    if everything and plots:
        _write_page(done, out)
    if as_json:
        emit_json([_document(one) for one in done])
    elif len(done) > 1:
        _sum_up(done)
    _exit(done)


@frozen
class _Wanted:
    """What the options ask for."""

    out: Path
    full: bool
    jobs: int | None
    force: bool
    plots: bool
    as_json: bool
    quiet: bool


@frozen
class _Done:
    """A paper that was carried out into a folder."""

    paper: Paper
    folder: Path
    result: Result
    drawn: tuple[str, ...]  # files
    comparisons: tuple[Comparison, ...]


def _list(known: tuple[Paper, ...], as_json: bool) -> None:
    if as_json:
        emit_json(
            [
                {
                    "name": paper.name,
                    "paper": paper.source,
                    "place": paper.place,
                    "core_seconds": round(paper.seconds, 2),
                    "claims": len(paper.experiment.expect),
                    "full": paper.full is not None,
                    "description": paper.experiment.description,
                }
                for paper in known
            ]
        )
        return
    rows = [
        (
            paper.name + (" *" if paper.full else ""),
            paper.source,
            str(len(paper.experiment.expect)),
            f"{paper.seconds:.1f}",
            paper.place,
        )
        for paper in known
    ]
    table(("name", "paper", "claims", "s", "figure or table"), rows, left=2)
    note("\ns: roughly, of one core; *: larger with --full; `initbench papers NAME...` or --all runs them")


def _carry_out(paper: Paper, wanted: _Wanted) -> _Done:
    from ..lab import runner
    from ..lab.papers import FULL, compare, read_paper
    from .run import draw
    from .telling import say_broken_theory

    folder = wanted.out / paper.name
    if wanted.full and paper.full is not None:
        folder, paper = wanted.out / FULL / paper.name, read_paper(paper.full)
    with progress(paper.name, wanted.quiet) as update:
        result = runner.run(paper.experiment, folder, wanted.jobs, update, wanted.force)
    drawn = tuple(draw(folder, result, wanted.plots))
    say_broken_theory(result, False)
    done = _Done(paper, folder, result, drawn, compare(result.outcomes))
    if not wanted.as_json:
        _say(done, wanted.quiet)
    return done


def _say(done: _Done, quiet: bool) -> None:
    from ..lab.papers_page import shown

    typer.echo(f"{done.paper.name}: {done.paper.source}, {done.paper.place}")
    if not quiet:
        header = ("claim", "published", "predicted", "measured", "passes")
        rows = [
            (one.claim, *map(shown, (one.published, one.predicted, one.measured)), ANSWERS[one.passes])
            for one in done.comparisons
        ]
        table(header, rows)
    for one in done.comparisons:
        if not one.passes:
            typer.echo(f"  {one.claim}: {one.message}")
    for cell in done.result.failed:
        typer.echo(f"  failed: {cell.planned.grid.label}: {cell.failure.reason if cell.failure else ''}")
    if not quiet:
        note(f"written: {done.folder}/\n")


def _sum_up(done: list[_Done]) -> None:
    claims = [one.passes for each in done for one in each.comparisons]
    typer.echo(f"{len(done)} published results: {claims.count(True)} of {len(claims)} claims hold")


def _write_page(done: list[_Done], out: Path) -> None:
    """The gallery of all of them, beside their folders. Raises StorageError."""
    from ..lab.papers_page import PAGE, Entry, page
    from ..lab.store import publish

    entries = []
    for each in done:
        stems = [Path(name).stem for name in each.drawn if name.endswith(".png")]
        entries.append(Entry(each.paper, each.folder.relative_to(out).as_posix(), stems, each.comparisons))
    publish(out / PAGE, page(entries).encode())


def _document(done: _Done) -> dict[str, Any]:
    return {
        "name": done.paper.name,
        "paper": done.paper.source,
        "place": done.paper.place,
        "out": str(done.folder),
        "claims": [asdict(one) for one in done.comparisons],
        "failed": [cell.planned.grid.label for cell in done.result.failed],
    }


def _exit(done: list[_Done]) -> None:
    from ..errors import JudgeError

    passes = [one.passes for each in done for one in each.comparisons]
    if any(each.result.failed for each in done):
        raise typer.Exit(FAILED_CELLS)
    if False in passes:
        raise typer.Exit(CHECK_FAILED)
    if None in passes:
        raise JudgeError("a claim has nothing to be held against")
