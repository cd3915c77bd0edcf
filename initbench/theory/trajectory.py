"""The length and the correlation maps, iterated over the layers: fast, for networks of a thousand of them.

Mean squares come first (`lengths`). Correlations come second, at mean squares that are known: one step is a sum over
the terms of a power series. Whatever has converged is not computed again while the layers stay alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .angles import pairs_at
from .equal_pairs import Pairs
from .gaussian import FIELDS, Moments
from .inputs import InputState
from .layers import LayerLaw, activations
from .lengths import SETTLED, averages, lengths

Array = np.ndarray[Any, Any]

_BLOCK = 1 << 22  # numbers at a time
_TERMS = 1000  # about so many for one input


@frozen
class Path:
    """q (L + 1, S), e (L + 1, P), the fields of Moments (12, L + 1, S) and of PairMoments (4, L + 1, P)."""

    q: Array
    e: Array
    moments: Array
    pairs: Array


def follow(laws: tuple[LayerLaw, ...], start: InputState, products: bool = True) -> Path:
    """The network's path from its inputs through L layers. Row 0 has the inputs' own q, e, <x^2>, products and gaps.

    products: whether the last two fields of PairMoments are asked for; nan where they are not.
    """
    with np.errstate(all="ignore"):
        found, codes = activations(laws)
        alike = _alike(laws, codes)
        q, origin = lengths(laws, start.q, found, codes, alike)
        m = _moments(found, codes, q, origin)
        m[FIELDS.index("square"), 0] = start.q
        e, pairs = _angles(_Network(laws, found, codes, alike, origin), start, m, products)
    return Path(q, e, m, pairs)


@frozen
class _Network:
    """laws of L layers, their activations and the number of each layer's among them (L,); alike, see `_alike`; origin:
    the layer whose mean squares every layer repeats, (L + 1,)."""

    laws: tuple[LayerLaw, ...]
    found: Sequence[Activation]
    codes: Array
    alike: Sequence[bool]
    origin: Array


def _alike(laws: tuple[LayerLaw, ...], codes: Array) -> list[bool]:
    """alike[k]: whether layer k + 1 repeats layer k once that repeats layer k - 1: all three have one activation, and
    the first two one variance of weights and of biases."""
    kinds, found = codes.tolist(), [False, False]
    for k, (below, law) in enumerate(pairwise(laws[1:]), start=2):
        alike = below is law or (below.cw, below.cb) == (law.cw, law.cb)
        found.append(alike and kinds[k] == kinds[k - 1] == kinds[k - 2])
    return found[: len(laws)]


def _moments(found: Sequence[Activation], codes: Array, q: Array, origin: Array) -> Array:
    """All averages, (12, L + 1, S); row 0 is nan."""
    table = np.full((len(FIELDS), *q.shape), np.nan)
    own = origin[1:] == np.arange(1, len(origin))
    for code, activation in enumerate(found):
        rows = 1 + np.flatnonzero(own & (codes == code))
        distinct, place = np.unique(q[rows], return_inverse=True)
        table[:, rows] = averages(activation, distinct)[:, place.reshape(len(rows), -1)]
    return table if own.all() else table[:, origin]


def _angles(net: _Network, start: InputState, m: Array, products: bool) -> tuple[Array, Array]:
    """e, (L + 1, P), and product, gap, slope product and square product, (4, L + 1, P)."""
    a, b, depth = start.a, start.b, len(net.laws)
    q = np.concatenate([start.q[None], m[FIELDS.index("q"), 1:]])
    root = np.sqrt(q)
    both, apart = root[:, a] * root[:, b], (root[:, a] - root[:, b]) ** 2 / 2
    pairs = np.full((4, depth + 1, len(a)), np.nan)
    walk = _Walk(net, both, apart, np.empty((depth + 1, len(a))), pairs[1], np.arange(depth + 1))
    walk.e[0], walk.gap[0] = start.e, apart[0] + start.e * both[0]
    both[both == 0] = np.inf  # no signal has no angle: e = 0
    if not len(a):
        return walk.e, pairs
    for rows in _blocks(net.origin, max(1, _BLOCK // (_TERMS * len(start.q)))) if depth else ():
        codes, origin = net.codes[rows - 1], net.origin[rows]
        known = [_known_pairs(one, start, m, origin[codes == code]) for code, one in enumerate(net.found)]
        walk.through(rows, known)
        for code, (one, place) in enumerate(known if products else ()):
            own = rows[(codes == code) & (walk.repeats[rows] == rows)]
            pairs[2:, own] = one.products(place[net.origin[own]], walk.e[own])
    square = m[FIELDS.index("square")]
    pairs[0] = (square[:, a] + square[:, b]) / 2 - walk.gap
    return walk.e, pairs[:, walk.repeats] if products else pairs


@frozen
class _Step:
    """What a step does with the 1 - c of all pairs or, faster, with that of a single one.

    clip: into 0 to 2. rests: whether the second repeats the first. hold: the second, but 2 where the first is 2.
    gap: of some pairs, a row of theirs and 1 - c.
    """

    clip: Callable[[Any], Any]
    rests: Callable[[Any, Any], bool]
    hold: Callable[[Any, Any], Any]
    gap: Callable[[Pairs, int, Any], Any]


_ALL = _Step(
    clip=lambda e: np.minimum(np.maximum(e, 0.0), 2.0),
    rests=lambda before, e: bool((np.abs(e - before) <= SETTLED * e).all()),
    hold=lambda before, e: np.where(before == 2, 2.0, e),
    gap=lambda pairs, row, e: pairs.gap(row, e),
)
_ONE = _Step(
    clip=lambda e: min(max(e, 0.0), 2.0),  # nan stays nan
    rests=lambda before, e: abs(e - before) <= SETTLED * e,
    hold=lambda before, e: 2.0 if before == 2 else e,
    gap=lambda pairs, row, e: pairs.gap_of_one(row, e),
)


@frozen
class _Walk:
    """What is found on the way, (L + 1, P) each: e, and gap <(phi_a - phi_b)^2> / 2. repeats: the layer that every
    layer repeats, (L + 1,). both: sqrt(q_a q_b), apart: (sqrt(q_a) - sqrt(q_b))^2 / 2, (L + 1, P)."""

    net: _Network
    both: Array
    apart: Array
    e: Array
    gap: Array
    repeats: Array

    def through(self, rows: Array, known: Sequence[tuple[Pairs, Array]]) -> None:
        """Through the layers `rows`, one after another. known: pairs of every activation, and where in them a layer's
        mean squares stand."""
        net, single = self.net, self.e.shape[1] == 1
        step = _ONE if single else _ALL
        both, apart, e, gap = (
            (found[rows[0] - 1 : rows[-1] + 1, 0].tolist() if single else list(found[rows[0] - 1 : rows[-1] + 1]))
            for found in (self.both, self.apart, self.e, self.gap)
        )
        places = [place.tolist() for _, place in known]
        codes, origin, repeats = net.codes.tolist(), net.origin.tolist(), rows.tolist()
        mirrored = _mirrored(net) if (self.e[0] == 2).any() else [False] * len(net.laws)
        settled = False
        for i, k in enumerate(rows.tolist(), start=1):
            if settled and net.alike[k - 1] and origin[k] == origin[k - 1]:
                e[i], gap[i], repeats[i - 1] = e[i - 1], gap[i - 1], repeats[i - 2]
                continue
            # cw <phi_a phi_b> + cb = (q_a + q_b) / 2 - cw gap = (1 - e) sqrt(q_a q_b)
            e[i] = step.clip((net.laws[k - 1].cw * gap[i - 1] - apart[i]) / both[i])
            if mirrored[k - 1]:  # rounding would grow where the map is unstable
                e[i] = step.hold(e[i - 1], e[i])
            if origin[k] < k:
                settled = step.rests(e[i - 1], e[i])
            code = codes[k - 1]
            gap[i] = step.gap(known[code][0], places[code][origin[k]], e[i])
        self.e[rows], self.gap[rows] = (np.array(found[1:]).reshape(len(rows), -1) for found in (e, gap))
        self.repeats[rows] = repeats


def _mirrored(net: _Network) -> list[bool]:
    """mirrored[k]: whether opposite inputs give opposite preactivations in layer k + 1 if they do so in layer k."""
    odd = [_odd(activation) for activation in net.found]
    codes = net.codes.tolist()
    return [law.cb == 0 and (k == 0 or odd[codes[k - 1]]) for k, law in enumerate(net.laws)]


def _odd(activation: Activation) -> bool:
    z = np.linspace(0, 10, 101)
    return np.array_equal(activation.value(-z), -activation.value(z))


def _blocks(origin: Array, size: int) -> list[Array]:
    """Layers from 1 up, in order, with at most `size` different ones together."""
    different = np.cumsum(origin[1:] == np.arange(1, len(origin)))
    cuts = np.flatnonzero(np.diff((different - 1) // size)) + 1
    return np.split(np.arange(1, len(origin)), cuts)


def _known_pairs(activation: Activation, start: InputState, m: Array, origins: Array) -> tuple[Pairs, Array]:
    """The pairs of an activation at the layers that some layers repeat, and the row of such a layer in them."""
    own = origins[np.diff(origins, prepend=-1) > 0]
    place = np.zeros(m.shape[1], np.intp)
    place[own] = np.arange(len(own))
    return pairs_at(activation, Moments(*m[:, own]), start.a, start.b), place
