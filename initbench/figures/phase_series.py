"""The data of the phase diagram, in plain numbers: phases, depth scales and the critical line of one activation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from initbench.catalogue.activations import Activation
from initbench.theory.critical import CriticalArc
from initbench.theory.phases import MEANINGS
from initbench.theory.plane import PhaseDiagram

Series = dict[str, Any]
Array = np.ndarray[Any, Any]

LETTERS = {"ordered": "o", "critical": "k", "chaotic": "c", "diverges": "d"}
LEVELS = {"xi_c": (0.5, 1, 2, 3, 5, 10, 30), "xi_q": (0.5, 1, 2, 5)}
"""Layers: the contours. Beyond, those of xi_c lie on the critical line, where it is infinite."""
_DIGITS = 5
_STEPS = 50  # of sigma_b over its axis, at least, along the critical line
_KEY = {
    "line": "critical: chi = 1, gradients keep their size",
    "unstable": "chi = 1 where lengths run away: no choice of weights",
    "xi_c": "xi_c: layers in which correlations come nearer to their end by a factor e",
    "xi_q": "xi_q: layers in which lengths come nearer to theirs by a factor e",
}
_JUMPS = (
    "This activation jumps: the phases go by chi, which takes its slope almost everywhere; inputs are driven apart all "
    "the same."
)


def compute(
    activation: Activation,
    diagram: PhaseDiagram,
    line: Iterable[CriticalArc],
    diverging: Iterable[Iterable[tuple[float, float]]],
    q0: float = 1.0,
) -> Series:
    """What the figure shows, as data that JSON can hold; diverging: see `divergence`.

    phase: a row for every sigma_b, a letter for every sigma_w. xi_c, xi_q: likewise, null where
    it does not exist, and where it is infinite. diverges: for every sigma_b, from where to where in sigma_w signals do.
    critical: parts of the line, within the axes or next to them.
    """
    sigma_w, sigma_b = diagram.sigma_w.tolist(), diagram.sigma_b.tolist()
    return {
        "stem": "phase",
        "question": f"Where do the signals of {activation.label} survive?",
        "run": f"infinitely wide networks, z = h W + b; the first z has the mean square q0 = {q0:g}",
        "xlabel": "sigma_w  (Var W = sigma_w² / fan_in)",
        "ylabel": "sigma_b  (Var b = sigma_b²)",
        "sigma_w": sigma_w,
        "sigma_b": sigma_b,
        "phases": {letter: name for name, letter in LETTERS.items()},
        "phase": ["".join(LETTERS[name] for name in row) for row in diagram.phase.tolist()],
        "diverges": [[[_rounded(end) for end in stretch] for stretch in row] for row in diverging],
        "xi_c": [_row(row) for row in diagram.xi_c],
        "xi_q": [_row(row) for row in diagram.xi_q],
        "levels": {name: list(levels) for name, levels in LEVELS.items()},
        "critical": [part for arc in line for part in _parts(arc, sigma_w, sigma_b)],
        "meaning": MEANINGS | _KEY,
        "footnotes": [_JUMPS] if activation.formula.jumps else [],
    }


def _parts(arc: CriticalArc, sigma_w: list[float], sigma_b: list[float]) -> list[Series]:
    """The stretches of an arc that the axes show, each with a point beyond its ends, so that it meets the frame."""
    x, y = _smooth(arc, (sigma_b[-1] - sigma_b[0]) / _STEPS)
    inside = ((sigma_w[0] <= x) & (x <= sigma_w[-1]) & (sigma_b[0] <= y) & (y <= sigma_b[-1])).tolist()
    parts: list[Series] = []
    end = 0
    while True in inside[end:]:
        first = inside.index(True, end)
        end = inside.index(False, first) if False in inside[first:] else len(inside)
        window = slice(max(first - 1, 0), end + 1)
        parts.append({"stable": arc.stable, "sigma_w": _row(x[window]), "sigma_b": _row(y[window])})
    return parts


def _smooth(arc: CriticalArc, step: float) -> tuple[Array, Array]:
    """sigma_w and sigma_b along an arc, with points put in where sigma_b makes steps larger than `step`.

    Between neighbours, sigma_w and sigma_b^2 are all but straight in q; sigma_b itself is not where it starts from 0.
    """
    gaps = np.minimum(np.ceil(np.abs(np.diff(arc.sigma_b)) / step), _STEPS).astype(int)
    gaps = np.maximum(gaps, 1)
    at = np.concatenate([k + np.arange(gap) / gap for k, gap in enumerate(gaps)] + [[float(gaps.size)]])
    nodes = np.arange(gaps.size + 1)
    return np.interp(at, nodes, arc.sigma_w), np.sqrt(np.interp(at, nodes, arc.sigma_b**2))


def _row(values: Array) -> list[float | None]:
    return [_rounded(value) for value in values.tolist()]


def _rounded(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
