"""Where the networks of an experiment stand in the plane of sigma_w and sigma_b, and what mean-field theory says of
these points."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..catalogue.activations import Activation
from ..spec import GridCell
from ..values import frozen
from .layers import LayerLaw, layer_laws
from .mean_field import MeanField, predict

ALIKE = 1e-9
"""Relative difference up to which the sigma of two layers are one."""


@frozen
class Point:
    """One point of the plane, and the settings that stand there, by their labels."""

    activation: str
    sigma_w: float
    sigma_b: float
    field: MeanField
    settings: tuple[str, ...]


@frozen
class Points:
    """points: in the order of the grid. more: points beyond those. nowhere: settings that are no point, with why."""

    points: tuple[Point, ...]
    more: int
    nowhere: tuple[tuple[str, str], ...]


def points(cells: Sequence[GridCell], most: int) -> Points:
    """The points of all cells; the prediction of the first `most` different ones, for q0 = 1.

    A network is a point where all layers but the first, whose fan_in is that of the input, have the same activation,
    sigma_w and sigma_b, by laws without a mean.
    """
    found: dict[tuple[Activation, float, float], list[str]] = {}
    nowhere = []
    for grid in cells:
        laws = layer_laws(grid.cell.network.layers)
        if why := _no_point(laws):
            nowhere.append((grid.label, why))
        else:
            point = (laws[-1].activation, _rounded(math.sqrt(laws[-1].cw)), _rounded(math.sqrt(laws[-1].cb)))
            found.setdefault(point, []).append(grid.label)
    chosen = tuple(
        Point(activation.label, sigma_w, sigma_b, predict(activation, sigma_w, sigma_b), tuple(labels))
        for (activation, sigma_w, sigma_b), labels in list(found.items())[:most]
    )
    return Points(chosen, len(found) - len(chosen), tuple(nowhere))


def _rounded(sigma: float) -> float:
    """Twelve digits: sqrt(2 / n) sqrt(n) and sqrt(2) are one weight scale."""
    return float(f"{sigma:.12g}")


def _no_point(laws: Sequence[LayerLaw]) -> str:
    """Why a network is no point of the plane; empty where it is one."""
    inner = laws[1:] or laws
    for law in inner:
        if law.unsupported:
            return law.unsupported
        alike = math.isclose(law.cw, inner[-1].cw, rel_tol=ALIKE) and math.isclose(law.cb, inner[-1].cb, rel_tol=ALIKE)
        if law.activation != inner[-1].activation or not alike:
            return "its layers differ in activation, sigma_w or sigma_b"
    return ""
