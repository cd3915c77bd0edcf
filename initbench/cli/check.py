"""`initbench check`: results held against what their config expects, and against a baseline."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..values import frozen
from . import github
from .console import emit_json, note

if TYPE_CHECKING:
    from ..lab.baselines.drift import Drift
    from ..lab.check import Stored
    from ..lab.expectations import Outcome

CHECK_FAILED = 1
Places = Mapping[str, tuple[int, int]]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("check")(check)


@frozen
class Findings:
    """What a check came to. drift: None where there was no baseline to compare with; copied: the files that --update
    made the baseline."""

    folder: Path
    outcomes: tuple[Outcome, ...]
    baseline: Path | None
    drift: Drift | None
    copied: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether anything does not hold. A drift that was made the baseline does."""
        from ..lab.expectations import FAILED

        off = self.drift is not None and self.drift.drifted and bool(self.drift.comparisons)
        return any(outcome.status == FAILED for outcome in self.outcomes) or (off and not self.copied)

    @property
    def unjudged(self) -> str:
        """Why neither pass nor fail can be said, empty where it can."""
        from ..lab.expectations import UNKNOWN

        if self.failed:
            return ""
        if any(outcome.status == UNKNOWN for outcome in self.outcomes):
            return f"{self.folder}: an expectation has nothing to be held against"
        if self.drift is not None and not self.drift.comparisons and not self.copied:
            why = "; ".join(self.drift.left_out) or "no cell has a counterpart"
            return f"{self.folder}: nothing in it can be compared with {self.baseline}: {why}"
        if not self.outcomes and self.baseline is None:
            return f"{self.folder}: its config expects nothing; write `expect:` and run it again, or give --baseline"
        return ""

    @property
    def meant(self) -> str:
        """The command to run if a drift was meant."""
        return shlex.join(["initbench", "check", str(self.folder), "--baseline", str(self.baseline), "--update"])


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="DIR", help="Results that these must not drift from.")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Make DIR's tables and plots the baseline.")] = False,
    statistical: Annotated[
        bool, typer.Option("--statistical", help="Compare as two samples of one law, whatever the machine.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The config that GitHub annotations point at [DIR/config.yaml]."),
    ] = None,
    summary: Annotated[
        str, typer.Option("--summary", metavar="FILE", help="Append what was found, as Markdown.", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show only what failed.")] = False,
) -> None:
    """Hold the tables of DIR against the `expect:` of its config, and against a baseline; exit 1 where one does not
    hold, 4 where there is nothing to judge."""
    from ..config import claim_places
    from ..errors import JudgeError, UsageError
    from ..lab.check import judged, stored_results

    if baseline is None and (update or statistical):
        raise UsageError(f"{'--update' if update else '--statistical'} needs --baseline DIR")
    places = None if config is None else claim_places(config)  # a mistyped name is said before anything is judged
    stored = stored_results(folder)
    outcomes = judged(stored)
    drift = None if baseline is None else _drift(stored, baseline, statistical, update)
    if summary:  # "" is what a variable gives that is not set
        _append(Path(summary), "")  # what cannot be written is said while the baseline is still the old one
    found = Findings(folder, outcomes, baseline, drift, _updated(folder, baseline) if update and baseline else ())
    if as_json:
        emit_json(document(found))
    else:
        say_outcomes([outcome for outcome in outcomes if not quiet or outcome.status != "passed"], len(outcomes))
        _say_drift(found, quiet)
    if summary:
        _append(Path(summary), _markdown(found))
    if github.wanted():
        kept = folder / "config.yaml"
        for line in annotated(found, config or kept, _kept_places(kept) if places is None else places):
            typer.echo(line, err=as_json)
    if found.failed:
        raise typer.Exit(CHECK_FAILED)
    if found.unjudged:
        raise JudgeError(found.unjudged)


def _drift(stored: Stored, baseline: Path, statistical: bool, update: bool) -> Drift | None:
    """The drift; None for a baseline that is about to be made, or made again of one that cannot be read."""
    from ..errors import StorageError
    from ..lab.baselines.baseline import drift_of

    try:
        return drift_of(stored, baseline, statistical)
    except StorageError as error:
        if not update:
            raise
        if baseline.is_dir() and any(baseline.iterdir()):
            note(f"note: not compared: {error}")
        return None


def _updated(folder: Path, baseline: Path) -> tuple[str, ...]:
    from ..lab.baselines.accept import accept

    return accept(folder, baseline)


def say_outcomes(outcomes: Sequence[Outcome], of: int | None = None) -> None:
    """The outcome of every expectation, a line each. of: how many there are, where those that passed are left out."""
    if not outcomes:
        return
    whole = len(outcomes) if of is None else of
    others = sum(outcome.status != "passed" for outcome in outcomes)
    typer.echo(f"\nexpectations: {whole - others} of {whole} hold")
    for outcome in outcomes:
        name = outcome.expectation.name
        said = f"{name}: {outcome.message}" if name else outcome.message
        typer.echo(f"  {outcome.status:8}{_line(said)}")


def _say_drift(found: Findings, quiet: bool) -> None:
    from .check_summary import counts, headline, nothing_differs, unmatched

    drift = found.drift
    if drift is not None and not (quiet and (found.copied or not drift.drifted)):
        typer.echo(f"\n{headline(drift)} {found.baseline}: {counts(drift)}")
        for line in (f"{drift.mode}: {drift.why}", drift.rule, *unmatched(drift)):
            typer.echo(f"  {_line(line)}")
        if same := nothing_differs(drift):
            typer.echo(f"  {same}")
        elif drift.worst:
            typer.echo("  the worst:" if drift.off else "  the nearest to a drift:")
        for offence in drift.worst:
            typer.echo(f"    {_line(offence.message)}")
        if drift.drifted and not found.copied:
            typer.echo(f"  if the change was meant: {found.meant}")
    if found.copied and not quiet:
        plots = sum(name.startswith("plots/") for name in found.copied)
        names = [name for name in found.copied if not name.startswith("plots/")]
        typer.echo(f"\n{found.baseline} holds {found.folder} now: {', '.join(names)}, {plots} files of plots")


def _line(text: str) -> str:
    """Texts of a config, in one line: at the start of a line of its own, one might be a command to GitHub."""
    return " ".join(text.split())


def document(found: Findings) -> dict[str, Any]:
    """Everything, as --json gives it."""
    drift = found.drift
    told = None
    if drift is not None:
        told = {"drifted": drift.drifted, **asdict(drift)}
        told["worst"] = [{**asdict(offence), "message": offence.message} for offence in drift.worst]
    return {
        "expect": outcome_rows(found.outcomes),
        "drift": told,
        "updated": list(found.copied),
        "unjudged": found.unjudged,
    }


def outcome_rows(outcomes: Sequence[Outcome]) -> list[dict[str, str]]:
    """The outcome of every expectation, as --json gives it."""
    return [
        {"name": outcome.expectation.name, "status": outcome.status, "message": outcome.message} for outcome in outcomes
    ]


def _kept_places(config: Path) -> Places:
    """Where the claims stand in the config that results keep: nowhere, if it is not kept, or cannot be read."""
    from ..config import claim_places
    from ..errors import ConfigError, StorageError

    try:
        return claim_places(config)
    except (ConfigError, StorageError):
        return {}


def annotated(found: Findings, config: Path, places: Places) -> Iterator[str]:
    """A workflow command for everything that does not hold, at its place in the config. places: line and column of the
    expectations, by name; of one that is not among them, the file is named alone."""
    for outcome in [outcome for outcome in found.outcomes if outcome.status != "passed"]:
        name = outcome.expectation.name
        yield github.error(config, places.get(name, (0, 0)), name, f"{outcome.status}: {outcome.message}")
    drift = found.drift
    if drift is not None and (drift.drifted or not drift.comparisons) and not found.copied:
        from .check_summary import counts, headline, unmatched

        worst = [offence.message for offence in drift.worst if drift.off]
        lines = (counts(drift), *unmatched(drift), *worst, f"if the change was meant: {found.meant}")
        yield github.error(config, (1, 0), f"{headline(drift)} {found.baseline}", "\n".join(lines))


def _markdown(found: Findings) -> str:
    from .check_summary import summary

    return summary(found.folder, found.outcomes, found.baseline, found.drift, found.meant, found.unjudged)


def _append(file: Path, text: str) -> None:
    """After what is there, from a line of its own on."""
    unended = bool(text) and file.is_file() and file.read_bytes()[-1:] not in (b"", b"\n")
    with file.open("a", encoding="utf-8") as target:
        target.write(f"\n{text}" if unended else text)
