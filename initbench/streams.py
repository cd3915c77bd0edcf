"""One random stream per (seed, purpose).

A stream depends on the root seed, the seed's number and the purpose alone: never on the position in a grid, on the
other seeds,
on the chunk or the worker that runs it. So a seed can be run alone, or again, and two cells that share a seed see
the same inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of every result: never renumber."""

    INPUTS = 1
    WEIGHTS = 2
    BIASES = 3
    GRADIENT = 4
    SHARED_INPUTS = 5  # `resample: false`: one batch for all seeds
    EXAMPLES = 6  # what is trained on and tested with, and which is which: one set for all seeds
    MINIBATCHES = 7
    READOUT = 8


def stream(root_seed: int, seed: int, purpose: Purpose) -> np.random.Generator:
    """The generator of one purpose in one network.

    root_seed: 0 <= root_seed < 2**128. seed: the network's number, 0 <= seed < 2**32.
    """
    sequence = np.random.SeedSequence(entropy=root_seed, spawn_key=(int(purpose), seed))
    return np.random.Generator(np.random.SFC64(sequence))


BLOCK = 1 << 16
"""Numbers drawn at a time: the words, radii and angles of a block stay in cache."""
SMALLEST = 1e-27
"""From here to its reciprocal, a factor meets no edge of float32's range on its way into a number."""


AHEAD = 1 << 11
"""Words of 64 bits that a stack's generators draw at a time, where they draw ahead."""


class Ahead(Sequence[np.random.Generator]):
    """The generators of a stack, whose words are drawn for several small arrays at a time: asking one generator costs
    as much as some four hundred words. The numbers are those that they would draw without this, as long as nothing
    else draws from them: a leaf."""

    def __init__(self, rngs: Sequence[np.random.Generator]) -> None:
        self._rngs = rngs
        self._left = np.empty((len(rngs), 0), np.uint64)

    def __len__(self) -> int:
        return len(self._rngs)

    def __getitem__(self, place: Any) -> Any:
        return self._rngs[place]

    def words(self, pairs: int) -> Array:
        """The next words of 32 bits, (S, 2 pairs)."""
        left = self._left.shape[1]
        if left < pairs:
            fresh = _raw(self._rngs, max(AHEAD, pairs - left))
            self._left = np.concatenate([self._left, fresh], axis=1) if left else fresh
        words, self._left = self._left[:, :pairs], self._left[:, pairs:]
        return words.view(np.uint32)


def fill_normal(rng: np.random.Generator, out: Array, stddev: float = 1.0) -> None:
    """Fill a C-contiguous float32 or float64 array with N(0, stddev^2).

    float32: Box and Muller 1958 on whole blocks, four times cheaper than NumPy's ziggurat since log, sqrt, sin and cos
    are SIMD there; radii reach 6.7 standard deviations. float64: the ziggurat.
    """
    fill_normals((rng,), out[None], stddev)


def fill_normals(rngs: Sequence[np.random.Generator], out: Array, stddev: float = 1.0) -> None:
    """As fill_normal for a stack, (S, ...): each out[s] from its own generator, the same numbers as one by one."""
    if out.dtype != np.float32:
        for rng, array in zip(rngs, out, strict=True):
            rng.standard_normal(out=array)
        out *= stddev
        return
    for block, words in _drawn(rngs, out):
        _box_muller(words, block, stddev)


def fill_uniform(rng: np.random.Generator, out: Array, low: float = 0.0, high: float = 1.0) -> None:
    """Fill a C-contiguous float32 or float64 array with U[low, high); the bounds are numbers of its dtype."""
    fill_uniforms((rng,), out[None], low, high)


def fill_uniforms(rngs: Sequence[np.random.Generator], out: Array, low: float = 0.0, high: float = 1.0) -> None:
    """As fill_uniform for a stack, (S, ...): each out[s] from its own generator, the same numbers as one by one.

    No number leaves [low, high]. float32: 32 bits, rounded to nearest, where low = -high; else 24 bits of the width.
    """
    number = out.dtype.type
    width = number(high) - number(low)
    if out.dtype != np.float32:
        for rng, array in zip(rngs, out, strict=True):
            rng.random(out=array)
        _stretch(out, number(low), width)
        return
    centred = low == -high and high > SMALLEST
    for block, drawn in _drawn(rngs, out):
        words = drawn[:, : block.shape[1]]
        if centred:
            np.copyto(block, words.view(np.int32), casting="unsafe")
            block *= number(high * 2.0**-31)
        else:
            words >>= np.uint32(8)
            np.copyto(block, words, casting="unsafe")
            block *= number(2.0**-24)
            _stretch(block, number(low), width)


def _stretch(block: Array, low: Any, width: Any) -> None:
    """[0, 1) to [low, low + width), in place.

    No number needs clipping: the largest, 1 - 2^-24 in float32, times the width rounds to the number just below the
    width, hence below high - low; added to low, that rounds to high at most.
    """
    if width != 1:
        block *= width
    if low:
        block += low


def _drawn(rngs: Sequence[np.random.Generator], out: Array) -> Iterator[tuple[Array, Array]]:
    """Cut a stack into blocks of at most BLOCK numbers, (s, n), several small arrays at a time or parts of a large one,
    with random 32-bit words for each, (s, 2 pairs), enough for its numbers; each row from its own generator."""
    flat = out.reshape(len(rngs), -1)
    size = flat.shape[1]
    together = max(1, BLOCK // max(1, size))
    # not isinstance, which costs as much as a small array where a class is an abstract one's
    ahead = rngs.words((size + 1) // 2) if type(rngs) is Ahead else None
    for first in range(0, len(rngs), together):
        group = slice(first, first + together)
        if ahead is not None:
            yield flat[group], ahead[group]
            continue
        for start in range(0, size, BLOCK):
            block = flat[group, start : start + BLOCK]
            yield block, _raw(rngs[group], (block.shape[1] + 1) // 2).view(np.uint32)


def _raw(rngs: Sequence[np.random.Generator], number: int) -> Array:
    """Random words of 64 bits, (S, number), each row from its own generator."""
    if len(rngs) == 1:
        return np.asarray(rngs[0].bit_generator.random_raw(number))[None]
    words = np.empty((len(rngs), number), np.uint64)
    for rng, row in zip(rngs, words, strict=True):
        row[:] = rng.bit_generator.random_raw(number)
    return words


def _box_muller(words: Array, block: Array, stddev: float) -> None:
    pairs = words.shape[1] // 2
    # r = sqrt(-2 ln u), u = (k + 1/2) 2^-32
    radius = words[:, :pairs].astype(np.float32)
    radius += np.float32(0.5)
    radius *= np.float32(2.0**-32)
    np.log(radius, out=radius)
    together = SMALLEST < stddev * stddev < 1 / SMALLEST
    radius *= np.float32(-2.0 * stddev * stddev if together else -2.0)
    np.sqrt(radius, out=radius)
    if not together:
        radius *= np.float32(stddev)
    # r cos(pi v), r sin(pi v), v = k 2^-31 in [-1, 1)
    angle = words[:, pairs:].view(np.int32).astype(np.float32)
    angle *= np.float32(np.pi * 2.0**-31)
    cosine, sine = block[:, :pairs], block[:, pairs:]
    np.cos(angle, out=cosine)
    np.sin(angle[:, : sine.shape[1]], out=sine)
    cosine *= radius
    sine *= radius[:, : sine.shape[1]]
