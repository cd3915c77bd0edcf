"""What `check` found, in Markdown, for a job's summary or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..lab.baselines.drift import EXACT
from ..lab.markdown import code, escape, table

if TYPE_CHECKING:
    from ..lab.baselines.drift import Drift
    from ..lab.expectations import Outcome

NAMED = 4
"""Things without a counterpart that are named."""


def summary(
    folder: Path,
    outcomes: Sequence[Outcome],
    baseline: Path | None,
    drift: Drift | None,
    meant: str,
    unjudged: str = "",
) -> str:
    """Every expectation, the drift and its worst offenders. meant: the command to run if a drift was meant; unjudged:
    why neither pass nor fail can be said, empty where it can."""
    parts = [f"## initbench check: {escape(str(folder))}\n"]
    if outcomes:
        rows = [[outcome.status, outcome.expectation.name, outcome.message] for outcome in outcomes]
        passed = sum(outcome.status == "passed" for outcome in outcomes)
        parts.append(f"{passed} of {len(outcomes)} expectations hold.\n")
        parts.append(table(["status", "expectation", "found"], rows))
    if drift is not None:
        parts += _drift(baseline, drift, meant)
    if unjudged:
        parts.append(f"Nothing to judge: {escape(unjudged)}.\n")
    return "\n".join(parts) + "\n"


def _drift(baseline: Path | None, drift: Drift, meant: str) -> Iterator[str]:
    yield f"### {headline(drift)}: {escape(str(baseline))}\n"
    yield f"{escape(counts(drift))}. {drift.mode.capitalize()}: {escape(drift.why)}; {escape(drift.rule)}.\n"
    yield from (f"- {escape(line)}\n" for line in unmatched(drift))
    if same := nothing_differs(drift):
        yield f"{same.capitalize()}.\n"
    elif drift.worst:
        rows = [
            [one.place, str(one.here), str(one.there), f"{one.apart:.3g}", f"{one.allowed:.3g}", one.unit]
            for one in drift.worst
        ]
        yield ("The worst:" if drift.off else "The nearest to a drift:") + "\n"
        yield table(["what", "here", "baseline", "apart", "allowed", "in"], rows)
    if drift.drifted:
        yield f"If the change was meant: {code(meant)}\n"


def headline(drift: Drift) -> str:
    """The outcome in a few words."""
    if not drift.comparisons:
        return "Nothing to compare with the baseline"
    return "Drift from the baseline" if drift.drifted else "No drift from the baseline"


def counts(drift: Drift) -> str:
    """What was compared, and how much of it is off."""
    kinds = {"cell": drift.cells, "layer": drift.layers, "metric": drift.metrics}
    what = ", ".join(_plural(count, kind) for kind, count in kinds.items() if count)
    return f"{what or 'no cell'}: {_plural(drift.comparisons, 'comparison')}, {drift.off} off"


def nothing_differs(drift: Drift) -> str:
    """What is said where all that was compared is equal; empty where it is not. Samples are compared without what
    rounding may do."""
    if not drift.comparisons or drift.worst or drift.drifted:
        return ""
    return f"no number that was compared differs {'at all' if drift.mode == EXACT else 'by more than rounding may do'}"


def unmatched(drift: Drift) -> Iterator[str]:
    """What has no counterpart, and what was not compared, a line each."""
    for where, names in (("only here", drift.only_here), ("only in the baseline", drift.only_there)):
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            yield f"{where}: {', '.join(names[:NAMED])}{more}"
    yield from (f"not compared: {what}" for what in drift.left_out)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
