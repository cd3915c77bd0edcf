"""Which initializer for an activation: the gains that theory singles out, and the usual names ranked by their drift.

A gain here is sigma_w = sqrt(fan_in Var W), the factor of `lecun_normal`; biases are 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ..blas import alone
from ..catalogue.activations import Activation
from ..catalogue.initializers import Initializer, initializer
from ..errors import ParameterError
from ..values import frozen
from . import reasons
from .critical import CriticalPoint, critical_sigma_w
from .drift import FACTOR, Drifts, drifts, worst_drift
from .gains import KeepingGain, keeping_gain, torchs_gain
from .maps import found, homogeneous

NAMES = (
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "glorot_normal",
    "glorot_uniform",
    "orthogonal",
    "fan_in_uniform",
)
"""The usual bare names. Of those with one scale, the first is the one that is recommended."""
KEEPS, CRITICAL, UNSTABLE = "keeps the mean square", "chi = 1", "chi = 1, but unstable"
TORCH, TUNED = "torch's gain", "least drift over this depth"
SAME = 1e-4  # relative difference of scales that count as one
DIGITS, ROUGH = 6, 3  # of a gain, and of one that is searched for: what is predicted is what is printed
ALIKE = 0.01  # relative difference of the drifts of candidates that share a rank
WORTH = 2.0  # what is no common choice is shown where it drifts less than any other by this factor
NARROWER = 1.1  # a drift that is smaller by this factor is worth a sentence
REACH = np.geomspace(0.4, 60.0, 61)  # of the search for a gain, in units of 1 / (the activation's steepest slope)
SIGMA_BS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
"""The biases that are looked at."""


@frozen
class Candidate:
    """Initializers of one scale, which do the same in wide layers, and what the first of them is predicted to do.

    bias: None for biases of 0. meanings: what the scale is known for. rank: from 1; candidates that drift alike share
    one; 0 for what is not ranked.
    """

    sigma_w: float
    initializers: tuple[Initializer, ...]
    bias: Initializer | None
    meanings: tuple[str, ...]
    drifts: Drifts
    rank: int = 0

    @property
    def good(self) -> bool:
        """Whether it may be recommended: its drift can be believed, is none that a verdict would call vanishing or
        exploding, and it is not critical at a length that networks leave. What keeps both means is good however far
        narrow networks spread."""
        if UNSTABLE in self.meanings or not self.drifts.trusted:
            return False
        return self.drifts.typical <= FACTOR or {KEEPS, CRITICAL} <= set(self.meanings)


@frozen
class Recommendation:
    """What `recommend` answers.

    keeping: the gain with sigma_w^2 <phi^2> = 1 at q = 1, None where there is none. critical: every gain with chi = 1.
    torch: torch.nn.init.calculate_gain, None where torch has none.
    ranking: by drift, the smallest first. best: the first that is good, None where none is.
    biased: the best with random biases, where it is good and much better than `best`. reasons: why, in sentences.
    """

    activation: Activation
    depth: int
    width: int
    keeping: KeepingGain | None
    critical: tuple[CriticalPoint, ...]
    torch: float | None
    ranking: tuple[Candidate, ...]
    best: Candidate | None
    biased: Candidate | None
    reasons: tuple[str, ...]


@alone()
def recommend(activation: str | Activation, depth: int = 50, width: int = 512) -> Recommendation:
    """Rank the usual initializers for an activation over `depth` equal layers of `width` units, both >= 2.

    What ranks them is predicted by the theory of finite width, network by network (drift.drifts), for one input of
    mean square 1. Raises UnknownNameError, ParameterError.
    """
    activation = found(activation)
    for name, value in (("depth", depth), ("width", width)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 2:
            raise ParameterError(name, f"{value!r} is not allowed: {name} must be an integer >= 2")
    keeping, critical, torch = keeping_gain(activation), critical_sigma_w(activation, 0.0), torchs_gain(activation)
    scales = [(KEEPS, keeping.sigma_w)] if keeping else []
    scales += [(CRITICAL if point.stable else UNSTABLE, point.sigma_w) for point in critical]
    scales += [(TORCH, torch)] if torch else []
    ranking = _ranked(_candidates(activation, scales, depth, width))
    tuned = _tuned(activation, depth, width)
    if tuned.good and tuned.drifts.typical * WORTH < ranking[0].drifts.typical:
        ranking = _ranked([*ranking, tuned])
    best = next((one for one in ranking if one.good), None)
    biased = _biased(activation, depth, width)
    if biased is not None and best is not None and biased.drifts.typical * WORTH >= best.drifts.typical:
        biased = None
    why = [*reasons.of(activation, depth, keeping, critical, torch), *_of_best(activation, best, depth, width)]
    return Recommendation(activation, depth, width, keeping, critical, torch, ranking, best, biased, tuple(why))


def _of_best(activation: Activation, best: Candidate | None, depth: int, width: int) -> Iterator[str]:
    """What is said of the recommended scale alone."""
    if best is None:
        return
    if TUNED in best.meanings:
        yield f"sigma_w = {best.sigma_w:.5g} balances signals against gradients over {depth} layers."
    if best.drifts.typical > FACTOR:
        yield "Means stay, but single networks stray far from them: wider layers narrow that."
    for one in best.initializers:
        if one.name == "orthogonal":
            typical, normal = drifts(activation, one, None, depth, width).typical, best.drifts.typical
            if typical * NARROWER < normal:
                yield f"Of this scale, {one.label} spreads least: x{typical:.3g} in place of x{normal:.3g}."


def _usual(activation: Activation) -> list[Initializer]:
    """The usual names and, for a rectifier with a slope below 0, He's law for that slope."""
    slopes = homogeneous(activation)
    own = []
    if slopes is not None and slopes[1] == 1 and slopes[0] not in (-1, 0, 1):
        own = [initializer(name, negative_slope=slopes[0]) for name in ("he_normal", "he_uniform")]
    return own + [initializer(name) for name in NAMES]


def _candidates(activation: Activation, scales: Iterable[tuple[str, float]], depth: int, width: int) -> list[Candidate]:
    """The usual names by their scale, and for other scales a normal and an orthogonal law with that gain."""
    groups: dict[float, list[Initializer]] = {}
    for one in _usual(activation):
        scale = math.sqrt(width * one.law(width, width).variance)
        groups.setdefault(_near(groups, scale), []).append(one)
    for _, scale in scales:
        group = groups.setdefault(_near(groups, scale), [])
        names = {one.name for one in group}
        normal, orthogonal = _with_gain(scale)
        group[:0] = [] if names & {"he_normal", "lecun_normal"} else [normal]
        group += [] if "orthogonal" in names else [orthogonal]
    meanings = {scale: tuple(what for what, own in scales if _near([scale], own) == scale) for scale in groups}
    return [
        Candidate(scale, tuple(group), None, meanings[scale], drifts(activation, group[0], None, depth, width))
        for scale, group in groups.items()
    ]


def _with_gain(scale: float) -> tuple[Initializer, Initializer]:
    gain = float(f"{scale:.{DIGITS}g}")
    return initializer("lecun_normal", gain=gain), initializer("orthogonal", gain=gain)


def _near(known: Iterable[float], scale: float) -> float:
    """The known scale that is this one, or this one."""
    return next((one for one in known if math.isclose(one, scale, rel_tol=SAME)), scale)


def _tuned(activation: Activation, depth: int, width: int) -> Candidate:
    """The gain of the least drift, searched for around 1 / (the steepest slope)."""
    steepest = activation.formula.steepest
    grid = REACH / (steepest if 0 < steepest < math.inf else 1.0)
    for _ in range(2):
        at = int(np.argmin(worst_drift(activation, grid, depth, width)))
        scale = grid[at]
        grid = np.geomspace(grid[max(at - 1, 0)], grid[min(at + 1, grid.size - 1)], 33)
    scale = float(f"{scale:.{ROUGH}g}")
    pair = _with_gain(scale)
    return Candidate(scale, pair, None, (TUNED,), drifts(activation, pair[0], None, depth, width))


def _biased(activation: Activation, depth: int, width: int) -> Candidate | None:
    """The best of the weights that are critical with random biases, at a length that is stable."""
    found = []
    for sigma_b in SIGMA_BS:
        for point in critical_sigma_w(activation, sigma_b):
            if point.stable:
                pair, bias = _with_gain(point.sigma_w), initializer("normal", stddev=sigma_b)
                drift = drifts(activation, pair[0], bias, depth, width)
                found.append(Candidate(point.sigma_w, pair, bias, (CRITICAL,), drift))
    best = min(found, key=lambda one: one.drifts.typical, default=None)
    return best if best is not None and best.good else None


def _ranked(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """By the drift of the worse direction, then of the other, then by scale."""

    def key(one: Candidate) -> tuple[float, float, float]:
        worse, better = one.drifts.forward.typical, one.drifts.backward.typical
        return (max(worse, better), min(worse, better), one.sigma_w)

    ranked: list[Candidate] = []
    first = math.nan  # of those that share a rank
    for place, one in enumerate(sorted(candidates, key=key), start=1):
        drift = one.drifts.typical
        tied = drift == first or drift <= first * (1 + ALIKE)
        rank, first = (ranked[-1].rank, first) if tied else (place, drift)
        ranked.append(replace(one, rank=rank))
    return tuple(ranked)
