"""What a reader should be told beside the curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from .exact import growth
from .kernel import Trajectory
from .prediction import Curve

TELLING = 1.5
"""Mean over median from which the two are told apart."""
DEAD = 1e-3
"""Share of networks with a dead layer from which it is said."""


def notes(t: Trajectory, curves: Mapping[str, Curve]) -> tuple[str, ...]:
    """Where theory ends, where a typical network leaves the mean, where numbers are out of range."""
    return tuple(_notes(t, curves))


def _notes(t: Trajectory, curves: Mapping[str, Curve]) -> Iterator[str]:
    if 0 < t.known < t.depth:
        yield f"Theory ends below {t.reason}."
    for name, layer in (("act_q", t.known), ("grad_q", 1)):
        if name in curves and layer:
            yield from _median(name, layer, curves[name])
    if (exact := growth(t)) is not None and exact.dead[-1] > DEAD:
        yield (
            f"{exact.dead[-1]:.2g} of all networks die: every unit of some layer is 0, and so is all above it, which "
            f"happens to a layer of {int(t.width[1:].min())} units with probability 2^-{int(t.width[1:].min())}."
        )
    for name, first in (("act_q", "From layer {} on"), ("grad_q", "From layer {} down")):
        if name in curves:
            yield from _range(name, first, curves[name])


def _median(name: str, layer: int, curve: Curve) -> Iterator[str]:
    """Mean squares over networks are nearly lognormal: a product of a random factor a layer. Then, with r their
    relative variance, the median is mean / sqrt(1 + r)."""
    mean, sd = float(curve.mean[layer]), float(curve.sd[layer])
    if not (0 < mean < np.inf and 0 < sd < np.inf):
        return
    factor = np.sqrt(1 + (sd / mean) ** 2)
    if factor < TELLING:
        return
    yield (
        f"{name} of layer {layer}: the mean over networks is about {factor:.3g} times their median. Every layer "
        f"multiplies it by a random factor: a few networks carry the mean, and a typical one has less, which is no "
        f"fault of the initializer. The variance of ln {name} is about {2 * np.log(factor):.2g}; it falls as 1 / width."
    )


def _range(name: str, first: str, curve: Curve) -> Iterator[str]:
    outside = np.flatnonzero(~curve.within & np.isfinite(curve.mean))
    if len(outside):
        layer = int(outside[-1] if "down" in first else outside[0])
        yield f"{first.format(layer)}, {name}: {curve.reasons[layer]}."
