"""What a student is told of theory beside the verdict."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..catalogue.metrics import METRICS
from .csvtext import Table
from .departure import SQUARES, Departure
from .predicted import Beside

DEPARTS = 3.0
"""|theory_z| from which a cell departs: under a true theory, 3 cells in 1000 do."""

_FIRST = ("act_q", "preact_q", "grad_q", *SQUARES)
"""The metrics whose reasons say most about why there is no theory, in that order."""


def theory_sentences(beside: Beside, backward: bool) -> tuple[str, ...]:
    """Whether a cell is as theory predicts, then what theory has to say of it. backward: whether it has gradients."""
    return tuple(_sentences(beside, backward))


def theory_summary(cells: Table) -> str:
    """How many cells are as theory predicts, from cells.csv: for runs of more cells than can be spelled out."""
    measured = [row["theory_z"] for row in cells.records() if row["status"] != "failed"]
    compared = [float(z) for z in measured if z is not None]
    away = sum(abs(z) > DEPARTS for z in compared)
    counts = (
        (len(compared) - away, "as theory predicts"),
        (away, "not as theory predicts"),
        (len(measured) - len(compared), "without a theory to compare with"),
    )
    return "cells: " + ", ".join(f"{count} {what}" for count, what in counts if count) if measured else ""


def _sentences(beside: Beside, backward: bool) -> Iterator[str]:
    if beside.error is not None:
        error = f"{type(beside.error).__name__}: {beside.error}".rstrip(": ")
        yield f"Theory: an internal error ({error}); the measurements stand. Please report it."
        return
    departure = beside.comparison.departure
    if departure is None:
        yield _silent(beside)
    else:
        yield _compared(departure)
        if backward:
            yield from _left_out(beside)
    yield from (f"  {note}" for note in beside.prediction.notes)


def _compared(departure: Departure) -> str:
    if not departure.count:
        return "As theory predicts, to rounding: it gives these means no spread."
    if abs(departure.z) <= DEPARTS:
        means = (
            f"{departure.count} of {departure.predicted}" if departure.count < departure.predicted else departure.count
        )
        return f"As theory predicts (theory_z {round(departure.z, 1) + 0.0}, over {means} means)."
    return (
        f"Not as theory predicts (theory_z {departure.z:.3g}): {departure.metric} of layer {departure.layer} is "
        f"{departure.measured:.4g} where theory has {departure.theory:.4g} +- {departure.stderr:.2g}."
    )


def _silent(beside: Beside) -> str:
    """Why nothing is compared: the reason of the last layer of the metric that says most."""
    known = beside.prediction.curves
    curves = {name: known[name] for name in _FIRST if name in known}
    why = next(filter(None, (_reason(beside, name) for name in curves)), "")
    if any(np.isfinite(curve.mean[1:]).any() for curve in (curves or known).values()):
        return f"Not held against theory's means: {why or 'it derives no spread over seeds'}."
    return f"Theory says nothing here{': ' * bool(why)}{why}."


def _left_out(beside: Beside) -> Iterator[str]:
    """A remark where forward means are all that was compared, and why, unless a note says so."""
    names = [name for name in beside.prediction.curves if METRICS.find(name).needs == "gradient"]
    if not names or any(_heard(beside, name) for name in names):
        return
    why = next(filter(None, (_reason(beside, name) for name in names)), "")
    told = any(why in note for note in beside.prediction.notes)
    yield f"  Not compared: {', '.join(names)}{'' if told else f': {why}'}."


def _heard(beside: Beside, metric: str) -> bool:
    """Whether a mean of some layer could be held against theory."""
    curve = beside.prediction.curves[metric]
    known = np.flatnonzero(np.isfinite(curve.mean) & np.isfinite(curve.sd) & curve.within)
    return any(layer and (metric, int(layer)) not in beside.comparison.skipped for layer in known)


def _reason(beside: Beside, metric: str) -> str:
    reasons = beside.prediction.curves[metric].reasons
    skipped = beside.comparison.skipped.get((metric, len(reasons) - 1), "").removeprefix("not compared: ")
    return reasons[-1] or skipped
