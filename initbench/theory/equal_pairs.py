"""Pairs of equal length along a trajectory: polynomials in the logarithm of their angle (`angle_ratios`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .angle_panels import CLOSEST, NODES, PANELS, WIDEST, WIDTH
from .angle_ratios import closest, has_ratios, in_closed_form, ratios
from .chebyshev import clenshaw, polynomials

Array = np.ndarray[Any, Any]

_ROWS = 250  # of mean squares that are asked for together
_FARTHEST = 2 * math.sin(WIDEST / 2) ** 2  # 1 - cos t


class Pairs(Protocol):
    """What is asked about pairs along a trajectory, see `angles`."""

    def gap(self, row: int, e: Array) -> Array: ...
    def gap_of_one(self, row: int, e: float) -> float: ...
    def products(self, rows: Array, e: Array) -> Array: ...


def equal_pairs(activation: Activation, q: Array, slope_square: Array, rest: Callable[[], Pairs]) -> EqualPairs | None:
    """Those of an activation at mean squares q and averages <phi'^2>, (R,) each; None where it has no polynomials."""
    if not has_ratios(activation):
        return None
    return EqualPairs(activation, q, *closest(activation, q, slope_square), rest)


@frozen
class EqualPairs:
    """R rows of mean squares q, each of them that of all inputs.

    flat, steep: gap / e goes to flat + steep / t as t -> 0, (R,) each. rest: makes what is asked where nothing is
    found, and at angles beyond WIDEST where there is no formula. panels: by panel and part of the rows, the
    coefficients that were asked for, from the last to the first, (rows, NODES).
    """

    activation: Activation
    q: Array
    flat: Array
    steep: Array
    rest: Callable[[], Pairs]
    panels: dict[tuple[int, int], Array] = field(default_factory=dict)

    def gap(self, row: int, e: Array) -> Array:
        near = e <= _FARTHEST
        t = 2 * np.arcsin(np.sqrt(np.where(near, e, 1.0) / 2))
        place = np.log(np.maximum(t / CLOSEST, 1.0)) / WIDTH
        panel = np.minimum(place.astype(int), PANELS - 1)
        falling = np.stack([self._falling(one, row) for one in panel.tolist()])
        ratio = np.vecdot(polynomials(2 * (place - panel) - 1, NODES), falling[:, ::-1])
        ratio = np.where(t < CLOSEST, 1 + (ratio - 1) * t / CLOSEST, ratio)
        over = np.divide(e, t, out=np.zeros_like(e), where=t > 0)
        found = np.asarray(ratio * (self.flat[row] * e + self.steep[row] * over))
        lost = ~(near & np.isfinite(found))
        if lost.any():
            known = in_closed_form(self.activation, float(self.q[row]), e)
            found[lost] = (self._rest.gap(row, e) if known is None else known)[lost]
        return found

    def gap_of_one(self, row: int, e: float) -> float:
        flat, steep = self._rows
        found = math.nan
        if e <= _FARTHEST:
            t = 2 * math.asin(math.sqrt(e / 2))
            place = math.log(t / CLOSEST) / WIDTH if t > CLOSEST else 0.0
            panel = min(int(place), PANELS - 1)
            ratio = clenshaw(self._falling(panel, row).tolist(), 2 * (place - panel) - 1)
            if t < CLOSEST:
                ratio = 1 + (ratio - 1) * t / CLOSEST
            found = ratio * (flat[row] * e + (steep[row] * e / t if t else 0.0))
        if math.isfinite(found) or math.isnan(e):
            return found
        known = in_closed_form(self.activation, float(self.q[row]), np.array([e]))
        return float(self._rest.gap_of_one(row, e) if known is None else known[0])

    def products(self, rows: Array, e: Array) -> Array:
        return np.asarray(self._rest.products(rows, e))

    @cached_property
    def _rest(self) -> Pairs:
        return self.rest()

    @cached_property
    def _rows(self) -> tuple[list[float], list[float]]:
        return [float(one) for one in self.flat], [float(one) for one in self.steep]

    def _falling(self, panel: int, row: int) -> Array:
        """A panel's coefficients from the last to the first, (NODES,); they are asked for with those of rows nearby."""
        part, place = divmod(row, _ROWS)
        if (panel, part) not in self.panels:
            found = ratios(self.activation, self.q[part * _ROWS : (part + 1) * _ROWS], panel)
            self.panels[panel, part] = found[:, ::-1]
        return np.asarray(self.panels[panel, part][place])
