"""What a reader should be told beside the curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from .exact import Growth, gradient_growth, growth
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
    exact = growth(t)
    if "act_q" in curves and t.known:
        yield from _median("act_q", t.known, curves["act_q"], None if exact is None else exact.after(*_input(t)))
    if "grad_q" in curves:
        yield from _median("grad_q", 1, curves["grad_q"], gradient_growth(t))
    if exact is not None and exact.dead[-1] > DEAD:
        yield (
            f"{exact.dead[-1]:.2g} of all networks die: every unit of some layer is 0, and so is all above it, which "
            f"happens to a layer of {int(t.width[1:].min())} units with probability 2^-{int(t.width[1:].min())}."
        )
    for name, first in (("act_q", "From layer {} on"), ("grad_q", "From layer {} down")):
        if name in curves:
            yield from _range(name, first, curves[name])


def _input(t: Trajectory) -> tuple[float, float]:
    """Mean and variance of ln act_q_0 of one input, over its groups and, as if lognormal, within them."""
    logs, within = np.log(t.start.q), math.log1p(t.start.q_spread)
    mean = float(t.over_batch(logs))
    return mean - within / 2, float(t.over_batch((logs - mean) ** 2)) + within


def _median(name: str, layer: int, curve: Curve, exact: Growth | None) -> Iterator[str]:
    found = _logarithms(float(curve.mean[layer]), float(curve.sd[layer]), layer, exact)
    if found is None or not math.log(TELLING) <= found[0] < np.inf:
        return
    factor, variance = found
    about = "about" if curve.within[layer] else "roughly"
    median = "their median" if exact is None or exact.dead[layer] < DEAD else "the median of those that do not die"
    yield (
        f"{name} of layer {layer}: the mean over networks is {about} {_exp(factor)} times {median}. Every layer "
        f"multiplies it by a random factor: a few networks carry the mean, and a typical one has less, which is no "
        f"fault of the initializer. The variance of ln {name} is {about} {variance:.2g}; it falls as 1 / width."
    )


def _logarithms(mean: float, sd: float, layer: int, exact: Growth | None) -> tuple[float, float] | None:
    """ln of the mean over the median, and the variance of the logarithm.

    Where the logarithm's mean is known, its exponential is about the median. Elsewhere a mean square is taken to be
    lognormal over networks, a product of a random factor a layer: then, with r its relative variance, the median is
    mean / sqrt(1 + r). That is no more than rough where r is large, since the factors are not lognormal.
    """
    if not 0 < mean < np.inf:
        return None
    if exact is not None:
        return math.log(mean) - float(exact.mean[layer]), float(exact.variance[layer])
    if not 0 < sd < np.inf:
        return None
    half = math.log(math.hypot(1.0, sd / mean))
    return half, 2 * half


def _exp(x: float) -> str:
    return f"{math.exp(x):.3g}" if x < 700 else f"1e{x / math.log(10):.0f}"


def _range(name: str, first: str, curve: Curve) -> Iterator[str]:
    outside = np.flatnonzero(~curve.within & np.isfinite(curve.mean))
    if len(outside):
        layer = int(outside[-1] if "down" in first else outside[0])
        yield f"{first.format(layer)}, {name}: {curve.reasons[layer]}."
