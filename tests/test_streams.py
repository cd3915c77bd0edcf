"""One stream per (root seed, seed, purpose), and no two of them alike; and the numbers that are made of its words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from initbench.streams import BLOCK, Ahead, Purpose, fill_normal, fill_normals, fill_uniform, fill_uniforms, stream

FIRST = [3214522588, 462021197, 3307027982]
LAST = [141316646, 2075877859, 3913397253]


def test_purposes_are_numbered_for_good() -> None:
    """The numbers are part of every stored result."""
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "INPUTS": 1,
        "WEIGHTS": 2,
        "BIASES": 3,
        "GRADIENT": 4,
        "SHARED_INPUTS": 5,
        "EXAMPLES": 6,
        "MINIBATCHES": 7,
        "READOUT": 8,
    }


def test_the_contract() -> None:
    """SeedSequence(root, spawn_key=(purpose, seed)) into SFC64:
    written down once more, so that no change goes unseen.
    """
    for purpose in Purpose:
        sequence = np.random.SeedSequence(7, spawn_key=(int(purpose), 123))
        expected = np.random.Generator(np.random.SFC64(sequence)).standard_normal(5)
        np.testing.assert_array_equal(stream(7, 123, purpose).standard_normal(5), expected)


def test_the_first_numbers() -> None:
    """Frozen: another generator, or another version of it, would change every result ever stored."""
    assert stream(0, 0, Purpose.WEIGHTS).integers(0, 2**32, 3).tolist() == FIRST
    assert stream(2**128 - 1, 2**32 - 1, Purpose.INPUTS).integers(0, 2**32, 3).tolist() == LAST


def test_no_two_streams_share_a_number() -> None:
    draws = [
        stream(root, seed, purpose).integers(0, 2**63, 4)
        for root, seed, purpose in product((0, 1, 2, 3, 2**64, 2**128 - 1), (0, 1, 2, 3, 2**32 - 1), Purpose)
    ]
    numbers = np.concatenate(draws)
    assert len(np.unique(numbers)) == len(numbers)  # by chance: 600^2 / 2 / 2^63 = 2e-14


def test_streams_are_not_correlated() -> None:
    """Neighbouring seeds and purposes: correlations of 4000 draws within 4.9 / sqrt(4000), a false alarm of 1e-6
    each.
    """
    draws = np.array([stream(0, seed, purpose).standard_normal(4000) for seed in range(4) for purpose in Purpose])
    off_diagonal = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    assert np.abs(off_diagonal).max() < 4.9 / np.sqrt(4000)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_stream_starts_again(purpose: Purpose) -> None:
    assert stream(1, 2, purpose).random() == stream(1, 2, purpose).random()


# --- the samplers -----------------------------------------------------------------------------------------------------

ALARM = 1e-6
"""The probability that a right sampler leaves one band."""
Z = float(stats.norm.isf(ALARM / 2))  # 4.89
DRAWS = 1 << 22
DTYPES = [np.float32, np.float64]
NORMAL_MOMENTS = ((0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0))  # of x^k: mean and variance, k = 1 to 4
UNIFORM_MOMENTS = tuple((1 / (k + 1), 1 / (2 * k + 1) - 1 / (k + 1) ** 2) for k in range(1, 5))
Array = np.ndarray[Any, Any]


def generator(seed: int) -> np.random.Generator:
    return stream(11, seed, Purpose.WEIGHTS)


def normals(size: int | tuple[int, ...], dtype: Any, seed: int = 0, stddev: float = 1.0) -> Array:
    out = np.full(size, np.nan, dtype)
    fill_normal(generator(seed), out, stddev)
    return out


def uniforms(size: int | tuple[int, ...], dtype: Any, seed: int = 0) -> Array:
    out = np.full(size, np.nan, dtype)
    fill_uniform(generator(seed), out)
    return out


def departures(draws: Array, cdf: Callable[[Array], Array], moments: Sequence[tuple[float, float]]) -> list[str]:
    """The bands that whole blocks of draws leave: none for a right sampler, but with probability 12 ALARM.

    With n = 2^22 draws the shape's band (Dvoretzky, Kiefer, Wolfowitz and Massart) is 0.0013 of probability; those of
    the first four moments are 0.0024, 0.0034, 0.009 and 0.023 for a normal law. Correlations, within 4.89 / sqrt(n): of
    the two numbers of a pair, of their squares, of a number with the other's square, of neighbours and of their
    squares.
    """
    x = draws.astype(np.float64)
    n = x.size
    left = [
        f"moment {k}"
        for k, (mean, variance) in enumerate(moments, start=1)
        if not abs((x**k).mean() - mean) <= Z * math.sqrt(variance / n)
    ]
    expected = cdf(np.sort(x))
    steps = np.arange(n + 1) / n
    if not max((steps[1:] - expected).max(), (expected - steps[:-1]).max()) <= math.sqrt(math.log(2 / ALARM) / 2 / n):
        left.append("shape")
    halves = x.reshape(-1, 2, BLOCK // 2)
    first, second = halves[:, 0].ravel(), halves[:, 1].ravel()
    pairs = {
        "halves": (first, second),
        "squares of halves": (first**2, second**2),
        "half and square": (first, second**2),
        "square and half": (first**2, second),
        "neighbours": (x[:-1], x[1:]),
        "squares of neighbours": (x[:-1] ** 2, x[1:] ** 2),
        "next but one": (x[:-2], x[2:]),
    }
    return left + [name for name, (a, b) in pairs.items() if not abs(np.corrcoef(a, b)[0, 1]) <= Z / math.sqrt(a.size)]


def tails(draw: Callable[[int], Array]) -> list[str]:
    """The counts, of 2^25 numbers, that leave a Poisson band: 1063 expected beyond 4 standard deviations on either
    side, 19.2 beyond 5 on both.
    """
    counts = np.zeros(3, int)
    for seed in range(8):
        x = draw(seed)
        counts += [np.count_nonzero(tail) for tail in (x > 4, x < -4, np.abs(x) > 5)]
    expected = 8 * DRAWS * stats.norm.sf([4, 4, 5]) * [1, 1, 2]
    low, high = stats.poisson.ppf(ALARM / 2, expected), stats.poisson.isf(ALARM / 2, expected)
    inside = (low <= counts) & (counts <= high)
    return [name for name, within in zip(("above 4", "below -4", "beyond 5"), inside, strict=True) if not within]


def box_muller(
    seed: int,
    size: int,
    radius: Callable[[Array], Array] = lambda u: np.sqrt(-2 * np.log(u)),
    turn: float = 2 * math.pi,
    bits: int = 32,
    same_word: bool = False,
    same_half: bool = False,
) -> Array:
    """A sampler with one thing wrong, in blocks as the right one has them."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**32, (size // BLOCK, 2, BLOCK // 2), dtype=np.uint64)
    r = radius(((words[:, 0] >> np.uint64(32 - bits)) + 0.5) * 2.0**-bits)
    angle = turn * 2.0**-32 * words[:, 0 if same_word else 1]
    return np.stack([r * np.cos(angle), r * (np.cos if same_half else np.sin)(angle)], axis=1).ravel()


@pytest.mark.parametrize("dtype", DTYPES)
def test_normals_are_normal(dtype: Any) -> None:
    assert departures(normals(DRAWS, dtype), special.ndtr, NORMAL_MOMENTS) == []


@pytest.mark.parametrize("dtype", DTYPES)
def test_normal_tails(dtype: Any) -> None:
    assert tails(lambda seed: normals(DRAWS, dtype, seed)) == []


def test_the_control_of_the_wrong_samplers_is_right() -> None:
    assert departures(box_muller(0, DRAWS), special.ndtr, NORMAL_MOMENTS) == []


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        ({"radius": lambda u: np.sqrt(-np.log(u))}, {"moment 2", "moment 4", "shape"}),
        ({"radius": lambda u: 0.98 * np.sqrt(-2 * np.log(u))}, {"moment 2", "moment 4"}),
        ({"radius": lambda u: np.full_like(u, math.sqrt(2))}, {"moment 4", "shape", "squares of halves"}),
        ({"turn": math.pi}, {"moment 1", "shape"}),
        ({"turn": 1.96 * math.pi}, {"half and square"}),
        ({"same_word": True}, {"shape"}),
        ({"same_half": True}, {"halves", "squares of halves"}),
    ],
)
def test_wrong_normals_are_seen(wrong: dict[str, Any], seen: set[str]) -> None:
    """The controls: a radius without its factor of 2, or 2 % short; a radius of one size; an angle that stops short
    of a turn; one word for radius and angle; the cosine twice.
    """
    assert seen <= set(departures(box_muller(1, DRAWS // 4, **wrong), special.ndtr, NORMAL_MOMENTS))


def test_a_radius_of_16_bits_is_seen() -> None:
    """The control of the tails: it ends at 4.9 standard deviations."""
    assert "beyond 5" in tails(lambda seed: box_muller(seed, DRAWS, bits=16))


class Words:
    """A bit generator that gives the words it was made with, and its own Generator."""

    def __init__(self, words: Sequence[int] | Array) -> None:
        self.bit_generator = self
        self._words = np.array(words, np.uint32).view(np.uint64)

    def random_raw(self, size: int) -> Array:
        assert size == self._words.size
        return self._words.copy()


def from_words(radii: Sequence[int] | Array, angles: Sequence[int] | Array, stddev: float = 1.0) -> Array:
    """(2, pairs): the numbers made of given words."""
    block = np.full(2 * len(radii), np.nan, np.float32)
    fill_normal(Words(np.concatenate([radii, angles])), block, stddev)  # type: ignore[arg-type]
    return block.reshape(2, -1)


def test_every_radius_is_finite() -> None:
    """k = 0 is the largest, sqrt(66 ln 2) = 6.76; k = 2^32 - 1 the smallest; none rises with k."""
    ends = np.arange(1 << 16)
    between = np.unique(np.geomspace(1, 2**32 - 1, 1 << 16).astype(np.uint64))
    k = np.unique(np.concatenate([ends, between, 2**32 - 1 - ends]).astype(np.uint32))
    parts = [from_words(part, np.zeros_like(part)) for part in np.array_split(k, len(k) // BLOCK * 2 + 2)]
    radius, zero = np.concatenate(parts, axis=1)
    assert np.isfinite(radius).all()
    assert (k[0], k[-1]) == (0, 2**32 - 1)
    assert (zero == 0).all()
    assert (np.diff(radius) <= 0).all()
    assert radius[0] == pytest.approx(math.sqrt(66 * math.log(2)), rel=1e-6)
    assert 0 <= radius[-1] < 4e-4
    # u = (k + 1/2) 2^-32 has float32's 24 digits, and so has its logarithm: |r dr| = |du / u| + |ln u| 2^-24
    u = (k + 0.5) * 2.0**-32
    np.testing.assert_allclose(radius**2, -2 * np.log(u), rtol=8 * 2.0**-24, atol=4 * 2.0**-24)
    # the control: u = k 2^-32 has no logarithm at 0
    with np.errstate(divide="ignore"):
        assert np.isinf(np.log(np.float32(0) * np.float32(2.0**-32)))


def test_every_angle_is_one_turn() -> None:
    k = np.concatenate([np.arange(2048), np.arange(2048) << 21, 2**32 - 1 - np.arange(2048)]).astype(np.uint32)
    radii = np.full(len(k), 2**31)
    cosine, sine = from_words(radii, k).astype(np.float64) / math.sqrt(-2 * math.log(0.5 + 2.0**-33))
    angle = 2 * math.pi * 2.0**-32 * k
    # the angle has 24 digits, an error of 2^-24 of up to a turn and another of its factor; then the functions' own
    allowed = 2 * (2 * math.pi) * 2.0**-24 + 6 * 2.0**-24
    np.testing.assert_allclose(cosine, np.cos(angle), atol=allowed)
    np.testing.assert_allclose(sine, np.sin(angle), atol=allowed)
    np.testing.assert_allclose(np.hypot(cosine, sine), 1, atol=8 * 2.0**-24)


def test_no_words_make_a_number_that_is_not_finite() -> None:
    """Radii from end to end against angles from end to end, at the scales that the engine meets."""
    edges = np.array([0, 1, 2, 2**16, 2**24, 2**31, 2**32 - 129, 2**32 - 2, 2**32 - 1])
    radii, angles = (grid.ravel() for grid in np.meshgrid(edges, np.append(edges, [2**30, 3 * 2**30, 12345])))
    for stddev in (1e-45, 1e-38, 1e-30, 1.0, 1e30, 5e37):
        assert np.isfinite(from_words(radii, angles, stddev)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fill", [fill_normal, fill_uniform])
def test_arrays_of_any_size_are_filled(fill: Any, dtype: Any) -> None:
    """And nothing beside them; odd sizes, and sizes around the blocks."""
    for size in (
        0,
        1,
        2,
        3,
        4,
        5,
        15,
        16,
        17,
        31,
        33,
        100,
        101,
        *(m * BLOCK + k for m in (1, 2) for k in range(-3, 4)),
    ):
        whole = np.full(size + 2, np.nan, dtype)
        fill(generator(size), whole[1 : size + 1])
        assert np.isnan(whole[[0, -1]]).all()
        assert np.isfinite(whole[1:-1]).all()
        assert size > 1000 or len(np.unique(whole[1:-1])) == size  # by chance: 19 * 100^2 / 2 / 2^24 = .6 % at most


@pytest.mark.parametrize("fill", [fill_normal, fill_uniform])
def test_small_arrays_have_the_law_of_large_ones(fill: Any) -> None:
    """Each place in arrays of 1 to 7 numbers, 20,000 times: mean and variance within 4.89 standard errors."""
    mean, fourth = (0.0, 3.0) if fill is fill_normal else (0.5, 1.8)
    variance = 1.0 if fill is fill_normal else 1 / 12
    for size in (1, 2, 3, 7):
        rng, draws = generator(size), np.empty((20_000, size), np.float32)
        for row in draws:
            fill(rng, row)
        centred = draws.astype(np.float64) - mean
        assert (np.abs(centred.mean(axis=0)) < Z * math.sqrt(variance / 20_000)).all()
        ratio = (centred**2).mean(axis=0) / variance
        assert (np.abs(ratio - 1) < Z * math.sqrt((fourth - 1) / 20_000)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fill", [fill_normal, fill_uniform])
def test_draws_depend_on_nothing_but_stream_and_size(fill: Any, dtype: Any) -> None:
    shape = (3, 5, 4 * BLOCK // 11)
    size = math.prod(shape)
    flat = np.empty(size, dtype)
    fill(generator(0), flat)
    stacked = np.empty(shape, dtype)
    fill(generator(0), stacked)
    np.testing.assert_array_equal(stacked.ravel(), flat)
    # whole blocks do not know what follows them
    for blocks in (1, 2):
        part = np.empty(blocks * BLOCK, dtype)
        fill(generator(0), part)
        np.testing.assert_array_equal(part, flat[: blocks * BLOCK])
    # nor does a number know where in memory it stands
    for length in (5, 64, 1001):
        first = np.empty(length, dtype)
        fill(generator(1), first)
        for offset in range(1, 20):
            moved = np.empty(offset + length, dtype)[offset:]
            fill(generator(1), moved)
            np.testing.assert_array_equal(moved, first)
    # nor which others are drawn with it
    together = fill_normals if fill is fill_normal else fill_uniforms
    for length in (1, 7, 64, 1001, BLOCK // 2 + 1, BLOCK + 5):
        stack, alone = np.empty((4, length), dtype), np.empty((4, length), dtype)
        together([generator(s) for s in range(4)], stack)
        for s in range(4):
            fill(generator(s), alone[s])
        np.testing.assert_array_equal(stack, alone)
    # one call after another goes on in the stream
    rng, again = generator(0), np.empty((2, 64), dtype)
    fill(rng, again[0])
    fill(rng, again[1])
    assert not np.isin(again[0], again[1]).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stddev", [1e-30, 1e-3, 0.7, 1e30])
def test_normals_scale_with_their_standard_deviation(dtype: Any, stddev: float) -> None:
    """Three roundings apart from the numbers of standard deviation 1."""
    unit, scaled = normals(100_001, dtype), normals(100_001, dtype, stddev=stddev)
    smallest = float(np.finfo(dtype).smallest_subnormal)
    rounding = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(scaled.astype(np.float64) / stddev, unit, rtol=rounding, atol=2 * smallest / stddev)


def test_float64_is_numpys_own() -> None:
    np.testing.assert_array_equal(normals(1001, np.float64), generator(0).standard_normal(1001))
    np.testing.assert_array_equal(uniforms(1001, np.float64), generator(0).random(1001))


@pytest.mark.parametrize("dtype", DTYPES)
def test_uniforms_are_uniform(dtype: Any) -> None:
    """And multiples of 2^-24 or 2^-53 in [0, 1), every digit of them fair."""
    digits = 24 if dtype == np.float32 else 53
    draws = uniforms(DRAWS, dtype)
    assert departures(draws, lambda x: x, UNIFORM_MOMENTS) == []
    whole = draws.astype(np.float64) * 2.0**digits
    assert (whole == np.floor(whole)).all()
    assert draws.min() >= 0
    assert draws.max() < 1
    numbers = whole.astype(np.uint64)
    for digit in range(digits):
        ones = int(((numbers >> np.uint64(digit)) & np.uint64(1)).sum())
        assert abs(ones - DRAWS / 2) < Z * math.sqrt(DRAWS / 4)


@pytest.mark.parametrize(
    ("wrong", "seen"),
    [
        (lambda u: 0.99 * u, "shape"),
        (lambda u: np.floor(u * 2**8) / 2**8, "shape"),
        (lambda u: u**1.02, "moment 1"),
        (lambda u: u.reshape(-1, 2)[:, :1].repeat(2, axis=1).ravel(), "neighbours"),
        (lambda u: np.where(np.arange(u.size) % 2, 1 - np.roll(u, 1), u), "neighbours"),
    ],
)
def test_wrong_uniforms_are_seen(wrong: Callable[[Array], Array], seen: str) -> None:
    """The controls: a range 1 % short, 8 digits, a bent law, a word used twice."""
    draws = wrong(np.random.default_rng(2).random(DRAWS // 4))
    assert seen in departures(draws, lambda x: x, UNIFORM_MOMENTS)


def test_the_largest_and_the_smallest_uniform() -> None:
    block = np.full(4, np.nan, np.float32)
    fill_uniform(Words([0, 255, 256, 2**32 - 1]), block)  # type: ignore[arg-type]
    np.testing.assert_array_equal(block, [0, 0, 2.0**-24, 1 - 2.0**-24])


@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=12), seeds=st.integers(1, 5))
def test_numbers_drawn_ahead_are_the_same(sizes: list[int], seeds: int) -> None:
    ahead, plain = Ahead(generators(seeds)), generators(seeds)
    for size in sizes:
        arrays = [np.empty((seeds, size), np.float32) for _ in range(4)]
        fill_normals(ahead, arrays[0], 3.0)
        fill_normals(plain, arrays[1], 3.0)
        fill_uniforms(ahead, arrays[2])
        fill_uniforms(plain, arrays[3])
        assert arrays[0].tobytes() == arrays[1].tobytes()
        assert arrays[2].tobytes() == arrays[3].tobytes()


def generators(seeds: int) -> list[np.random.Generator]:
    return [stream(7, seed, Purpose.WEIGHTS) for seed in range(seeds)]
