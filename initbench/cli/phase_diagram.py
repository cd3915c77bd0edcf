"""`initbench theory --phase-diagram`: the plane of sigma_w and sigma_b as a picture, with its numbers beside it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .console import emit_json

if TYPE_CHECKING:
    from ..catalogue.activations import Activation

POINTS = 200
"""Along each axis."""


def draw_phase_diagram(
    activation: Activation,
    sigma_w: str | None,
    sigma_b: str | None,
    q0: float,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw it into `out` and its numbers into a .json beside it. Raises StorageError."""
    x, y, out = _range("--sigma-w-range", sigma_w), _range("--sigma-b-range", sigma_b), _file(activation, out)

    import numpy as np

    from ..figures import phase, phase_series
    from ..figures.render import encode, to_json
    from ..lab.store import publish_all
    from ..theory.critical import critical_line
    from ..theory.plane import divergence, phase_diagram
    from ..theory.window import window

    right, top = window(activation, q0)
    x, y = x or (0.0, right), y or (0.0, top)
    plane = phase_diagram(activation, np.linspace(*x, POINTS), np.linspace(*y, POINTS), q0)
    edges = divergence(activation, plane, q0)
    series = phase_series.compute(activation, plane, critical_line(activation), edges, q0)
    numbers = out.with_suffix(".json")
    picture = encode(phase.draw(series), out.suffix[1:], series)
    publish_all(out.parent, {out.name: picture, numbers.name: to_json(series)})
    if as_json:
        emit_json({"picture": str(out), "data": str(numbers), "sigma_w": list(x), "sigma_b": list(y), "q0": q0})
    elif not quiet:
        typer.echo(f"{out}, {numbers.name}")


def _range(option: str, text: str | None) -> tuple[float, float] | None:
    """`0,4` as two numbers."""
    if text is None:
        return None
    parts = text.split(",")
    try:
        low, high = (float(part) for part in parts)
    except ValueError:
        low, high = math.nan, math.nan
    if not 0 <= low < high < math.inf:
        raise typer.BadParameter(f"{text!r} is not allowed: two numbers A,B with 0 <= A < B", param_hint=option)
    return low, high


def _file(activation: Activation, out: Path | None) -> Path:
    """The picture's file: where it was asked for, else named after the activation, in the current folder."""
    if out is None:
        return Path(f"phase-{re.sub(r'[^A-Za-z0-9._=-]+', '_', activation.label).strip('_')}.png")
    if out.suffix not in (".png", ".svg"):
        raise typer.BadParameter(f"{str(out)!r} is not allowed: a file that ends in .png or .svg", param_hint="-o")
    return out
