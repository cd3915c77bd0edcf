"""Weights that are never drawn, one layer at a time: a matrix that gives every answer they gave, and its law.

ALARM is the probability that right weights leave one band.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from initbench.engine import factor
from initbench.engine.implicit import GaussianWeights, HaarWeights
from initbench.engine.signal import Signal
from initbench.streams import Purpose, stream

Array = np.ndarray[Any, Any]

ALARM = 1e-6
STDDEV, GAIN = 0.7, 1.3
SHAPES = [(16, 16), (24, 10), (10, 24)]
DTYPES = [np.float32, np.float64]
LAWS = ["normal", "orthogonal"]


def generators(seeds: int, first: int = 0) -> list[np.random.Generator]:
    return [stream(5, seed, Purpose.WEIGHTS) for seed in range(first, first + seeds)]


def weights(law: str, shape: tuple[int, int], seeds: int, scale: float | None = None, first: int = 0) -> Any:
    if law == "normal":
        return GaussianWeights(STDDEV if scale is None else scale, *shape, generators(seeds, first))
    return HaarWeights(GAIN if scale is None else scale, *shape, generators(seeds, first))


def forward(w: Any, h: Array, fan_out: int) -> Array:
    out = np.full((*h.shape[:2], fan_out), np.nan, h.dtype)
    assert w.apply(Signal(h), out) is out
    return out


def backward(w: Any, d: Array, fan_in: int) -> Array:
    out = np.full((*d.shape[:2], fan_in), np.nan, d.dtype)
    assert w.apply_transpose(Signal(d.copy()), out) is out
    return out


def gaussian(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def rounding(dtype: Any, hard: bool = False) -> float:
    """Of an answer, in units of its row's length and the matrix's size.

    Five roundings of rows that float32 products may leave as far from orthonormal as EASY; in float64 a few of sums of
    24 terms, or, for signals that are nearly singular, what a Gram matrix and R^-1 make of them.
    """
    if dtype == np.float32:
        return 5 * factor.EASY * 2.0**-24
    return 8 * factor.TRUSTED**2 * 2.0**-53 if hard else 500 * 2.0**-53


def assert_rows_agree(found: Array, expected: Array, lengths: Array, size: float, allowed: float) -> None:
    """Row by row: an error of `allowed` row lengths, for a matrix whose entries or singular values are of `size`."""
    error = np.abs(found.astype(np.float64) / size - expected / size).max(axis=2)
    assert (error <= allowed * lengths).all(), (error / np.where(lengths > 0, lengths, 1)).max()


def lengths(x: Array) -> Array:
    largest = np.abs(x).max(axis=2, keepdims=True).astype(np.float64)
    unit = np.where(largest > 0, largest, 1.0)
    return np.asarray(largest[:, :, 0] * np.linalg.norm(x / unit, axis=2))


# --- algebra ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 2, 5, "most"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("law", LAWS)
def test_one_matrix_gives_both_answers(law: str, shape: tuple[int, int], batch: Any, dtype: Any) -> None:
    """h W and d W^T, and the matrix is semi-orthogonal where it should be; 20 networks at once, or 400 where some of
    their frames must come near to singular.
    """
    fan_in, fan_out = shape
    if batch == "most":
        batch = min(fan_in, fan_out) if law == "normal" else min(fan_in, fan_out, max(fan_in, fan_out) // 2)
    hard = batch > 5
    seeds = 400 if hard else 20
    h, d = gaussian(seeds, batch, fan_in).astype(dtype), gaussian(seeds, batch, fan_out, seed=1).astype(dtype)
    size = STDDEV if law == "normal" else GAIN
    w = weights(law, shape, seeds)
    z = forward(w, h, fan_out)
    d += z  # gradients know what came forward
    e = backward(w, d, fan_in)
    matrix = w.as_array()
    assert matrix.shape == (seeds, *shape)
    assert_rows_agree(z, h @ matrix, lengths(h), size, rounding(dtype, hard))
    assert_rows_agree(e, d @ matrix.transpose(0, 2, 1), lengths(d), size, rounding(dtype, hard))
    if law == "orthogonal":
        assert_semi_orthogonal(matrix, GAIN, rounding(dtype, hard))


def assert_semi_orthogonal(matrix: Array, gain: float, allowed: float) -> None:
    wide = matrix if matrix.shape[1] >= matrix.shape[2] else matrix.transpose(0, 2, 1)
    gram = wide.transpose(0, 2, 1) @ wide / gain**2
    np.testing.assert_allclose(gram, np.zeros_like(gram) + np.eye(gram.shape[1]), atol=allowed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("law", LAWS)
def test_a_matrix_before_the_backward_pass(law: str, shape: tuple[int, int], dtype: Any) -> None:
    h = gaussian(20, 4, shape[0]).astype(dtype)
    w = weights(law, shape, 20)
    z = forward(w, h, shape[1])
    matrix = w.as_array()
    size = STDDEV if law == "normal" else GAIN
    assert_rows_agree(z, h @ matrix, lengths(h), size, rounding(dtype))
    if law == "orthogonal":
        assert_semi_orthogonal(matrix, GAIN, rounding(dtype))


def near(gap: float, batch: int, units: int, seed: int) -> Array:
    return gaussian(6, 1, units, seed=seed + 100) + math.sqrt(2 * gap) * gaussian(6, batch, units, seed=seed)


def rows_of(*scales: float) -> Callable[[int, int, int], Array]:
    return lambda batch, units, seed: gaussian(6, batch, units, seed=seed) * np.array(scales)[:batch, None]


ROBUST: dict[str, Callable[[int, int, int], Array]] = {
    "repeated rows": lambda batch, units, seed: gaussian(6, 2, units, seed=seed).repeat(2, axis=1)[:, :batch],
    "one row for all": lambda batch, units, seed: gaussian(6, 1, units, seed=seed).repeat(batch, axis=1),
    "one row for all networks": lambda batch, units, seed: rows_of(1)(1, units, seed)[:1].repeat(6, 0).repeat(batch, 1),
    "ones": lambda batch, units, seed: np.ones((6, batch, units)),
    "rank 2": lambda batch, units, seed: gaussian(6, batch, 2, seed=seed) @ gaussian(6, 2, units, seed=seed + 1),
    "a zero row": rows_of(1, 0, 1, 1),
    "a zero row first": rows_of(0, 1, 1, 1),
    "one row alive": rows_of(0, 0, 1, 0),
    "zeros": rows_of(0, 0, 0, 0),
    "scales apart": rows_of(1e-12, 1, 1e12, 1e-6),
    **{f"cosines of 1 - {gap}": partial(near, gap) for gap in (1e-2, 1e-4, 1e-6)},
    **{f"size {size}": rows_of(*[size] * 4) for size in (1e-30, 1e30, 1e-37)},
    "one unit each": lambda batch, units, seed: np.eye(batch, units)[None].repeat(6, axis=0),
}
FLOAT64_ONLY: dict[str, Callable[[int, int, int], Array]] = {
    **{f"cosines of 1 - {gap}": partial(near, gap) for gap in (1e-9, 1e-12, 1e-14)},
    **{f"size {size}": rows_of(*[size] * 4) for size in (1e-100, 1e-158, 1e-200, 1e100, 1e150)},
}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, dtype) for dtype in DTYPES for name in ROBUST] + [(name, np.float64) for name in FLOAT64_ONLY],
)
@pytest.mark.parametrize("law", LAWS)
@np.errstate(all="ignore")
def test_any_signal(law: str, name: str, dtype: Any) -> None:
    """Forward, backward, and both; finite, and what one matrix gives; zeros and repeated rows exactly so."""
    make = (ROBUST | FLOAT64_ONLY)[name]
    size = STDDEV if law == "normal" else GAIN
    for shape in SHAPES:
        for hard_h, hard_d in ((True, False), (False, True), (True, True)):
            h = (make(4, shape[0], 1) if hard_h else gaussian(6, 4, shape[0])).astype(dtype)
            d = (make(4, shape[1], 2) if hard_d else gaussian(6, 4, shape[1], seed=3)).astype(dtype)
            w = weights(law, shape, 6)
            z = forward(w, h, shape[1])
            e = backward(w, d, shape[0])
            matrix = w.as_array()
            assert np.isfinite(z).all()
            assert np.isfinite(e).all()
            assert_rows_agree(z, h @ matrix, lengths(h), size, rounding(dtype, hard=True))
            assert_rows_agree(e, d @ matrix.transpose(0, 2, 1), lengths(d), size, rounding(dtype, hard=True))
            assert (z[~h.any(axis=2)] == 0).all()
            assert (e[~d.any(axis=2)] == 0).all()
            if law == "orthogonal":
                assert_semi_orthogonal(matrix, GAIN, rounding(dtype, hard=True))


@pytest.mark.parametrize(
    ("dtype", "scale"), [(np.float32, 1e-30), (np.float32, 1e30), (np.float64, 1e-150), (np.float64, 1e150)]
)
@pytest.mark.parametrize("law", LAWS)
def test_weights_of_any_size(law: str, dtype: Any, scale: float) -> None:
    h, d = gaussian(6, 4, 16).astype(dtype), gaussian(6, 4, 16, seed=1).astype(dtype)
    w = weights(law, (16, 16), 6, scale)
    z, e = forward(w, h, 16), backward(w, d, 16)
    matrix = w.as_array()
    assert_rows_agree(z, h @ matrix, lengths(h), scale, rounding(dtype))
    assert_rows_agree(e, d @ matrix.transpose(0, 2, 1), lengths(d), scale, rounding(dtype))
    usual = weights(law, (16, 16), 6, 1.0)
    np.testing.assert_allclose(z / np.float64(scale), forward(usual, h, 16), atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("law", LAWS)
def test_rows_whose_length_leaves_float32(law: str) -> None:
    """Entries of 1e38 in rows of length 1.6e39: the answers of a matrix that makes them smaller are finite."""
    h, d = (1e38 * gaussian(3, 4, 256, seed=seed).clip(-3, 3).astype(np.float32) for seed in (0, 1))
    w = weights(law, (256, 256), 3, 1e-2)
    with np.errstate(all="ignore"):
        z, e = forward(w, h, 256), backward(w, d, 256)
        matrix = w.as_array()
    allowed = rounding(np.float32)
    assert_rows_agree(z, h.astype(np.float64) @ matrix, lengths(h), 1e-2, allowed)
    assert_rows_agree(e, d.astype(np.float64) @ matrix.transpose(0, 2, 1), lengths(d), 1e-2, allowed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("law", LAWS)
@np.errstate(all="ignore")
def test_networks_do_not_know_one_another(law: str, dtype: Any) -> None:
    """Healthy, singular, dead, tiny, huge and broken ones in one stack: each as alone, to the last bit."""
    shape = (24, 16)
    parts = [np.asarray(make(4, shape[0], 7)[:1]) for make in ROBUST.values()]
    nan, infinite = gaussian(1, 4, shape[0]), gaussian(1, 4, shape[0])
    nan[0, 2, 3], infinite[0, 0, 0] = np.nan, np.inf
    h = np.concatenate([gaussian(1, 4, shape[0]), nan, *parts, infinite]).astype(dtype)
    ds = [np.asarray(make(4, shape[1], 8)[:1]) for make in reversed(ROBUST.values())]
    d = np.concatenate([gaussian(1, 4, shape[1]), gaussian(1, 4, shape[1]), *ds, gaussian(1, 4, shape[1])])
    d[5, 1, 1] = np.inf
    d = d.astype(dtype)
    together = weights(law, shape, len(h))
    z, e = forward(together, h, shape[1]), backward(together, d, shape[0])
    for s in range(len(h)):
        alone = weights(law, shape, 1, first=s)
        np.testing.assert_array_equal(forward(alone, h[s : s + 1], shape[1])[0], z[s])
        np.testing.assert_array_equal(backward(alone, d[s : s + 1], shape[0])[0], e[s])
        if np.isfinite(h[s]).all() and np.isfinite(d[s]).all():
            np.testing.assert_array_equal(alone.as_array()[0], single(law, shape, s, h, d))
    healthy = np.isfinite(h).all(axis=(1, 2))
    assert (np.isfinite(z).all(axis=(1, 2)) == healthy).all()
    assert np.isnan(z[~healthy]).all()
    assert np.isfinite(e[healthy & np.isfinite(d).all(axis=(1, 2))]).all()
    assert not np.isfinite(e[5]).any()


def single(law: str, shape: tuple[int, int], s: int, h: Array, d: Array) -> Array:
    """The same matrix, made again."""
    w = weights(law, shape, 1, first=s)
    forward(w, h[s : s + 1], shape[1])
    backward(w, d[s : s + 1], shape[0])
    return np.asarray(w.as_array()[0])


# --- law --------------------------------------------------------------------------------------------------------------


def answered(law: str, shape: tuple[int, int], seeds: int, batch: int, dtype: Any) -> Array:
    """Matrices that were asked forward with the same inputs in every network, and backward with what came out."""
    h = (gaussian(1, batch, shape[0]) + 1).repeat(seeds, axis=0).astype(dtype)
    w = weights(law, shape, seeds)
    z = forward(w, h, shape[1])
    backward(w, (np.tanh(2 * z) + 0.5).astype(dtype), shape[0])
    return np.asarray(w.as_array())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(64, 64), (80, 50), (50, 80)])
def test_entries_are_those_of_a_drawn_matrix(shape: tuple[int, int], dtype: Any) -> None:
    """Mean, variance and shape of some 300,000 entries: what dense weights are held to, with the same bands.

    A standard deviation wrong by 3 %, or a mean by 0.02 standard deviations, is seen.
    """
    entries = answered("normal", shape, 80, 8, dtype).ravel() / STDDEV
    n = entries.size
    z = float(stats.norm.isf(ALARM / 2))
    assert abs(entries.mean()) < z / math.sqrt(n)
    assert abs((entries**2).mean() - 1) < z * math.sqrt(2 / n)
    expected, steps = special.ndtr(np.sort(entries)), np.arange(n + 1) / n
    gap = max((steps[1:] - expected).max(), (expected - steps[:-1]).max())
    assert gap < math.sqrt(math.log(2 / ALARM) / (2 * n))
    assert (special.ndtr(np.sort(1.04 * entries)) - steps[1:]).max() > 0.005  # what it would be for 4 % more


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(6, 6), (8, 5), (5, 8)])
@pytest.mark.parametrize("law", LAWS)
def test_entries_are_uncorrelated(law: str, shape: tuple[int, int], dtype: Any) -> None:
    """All pairs of entries over 4000 networks, and their variances; ALARM is for all of them together.

    For orthogonal matrices an entry's variance is 1 / max(N_in, N_out), and its square is Beta distributed.
    """
    seeds, batch = 4000, 2
    flat = answered(law, shape, seeds, batch, dtype).reshape(seeds, -1)
    longer = max(shape)
    variance = STDDEV**2 if law == "normal" else GAIN**2 / longer
    fourth = 3.0 if law == "normal" else 3 * longer / (longer + 2)
    flat /= math.sqrt(variance)
    number = flat.shape[1]
    z = float(stats.norm.isf(ALARM / (number * (number + 1)) / 2))
    # E (w v)^2 of two entries is at most 3 longer / (longer + 2): for one row or column 1, for one entry `fourth`
    moments = flat.T @ flat / seeds - np.eye(number)
    spread = np.sqrt(np.where(np.eye(number, dtype=bool), fourth - 1, max(1.0, longer / (longer - 1))))
    assert (np.abs(moments) < z * spread / math.sqrt(seeds)).all()
    assert (np.abs(flat.mean(axis=0)) < z / math.sqrt(seeds)).all()
    # the square of every entry against its own law, the largest distance of all
    squares = np.sort(flat**2, axis=0)
    cdf = stats.chi2(1).cdf(squares) if law == "normal" else stats.beta(0.5, (longer - 1) / 2).cdf(squares / longer)
    distance = np.abs(cdf - (np.arange(seeds)[:, None] + 0.5) / seeds).max() - 0.5 / seeds
    assert distance < math.sqrt(math.log(2 * number / ALARM) / (2 * seeds))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_traces_of_haar_matrices(batch: int, dtype: Any) -> None:
    """E tr W = 0, E (tr W)^2 = 1, E (tr W)^4 = 3 and E tr W^2 = 1, E (tr W^2)^2 = 3 on O(8) (Diaconis and Shahshahani).

    Of the matrix itself and of a rotated one; a QR without its sign fix has E tr W far from 0.
    """
    seeds = 4000
    matrices = answered("orthogonal", (8, 8), seeds, batch, dtype) / GAIN
    z = float(stats.norm.isf(ALARM / 2))
    turn = np.linalg.qr(gaussian(8, 8, seed=9))[0]
    for turned in (matrices, matrices @ turn):
        trace = np.trace(turned, axis1=1, axis2=2)
        square = np.trace(turned @ turned, axis1=1, axis2=2)
        for sample, mean, second in ((trace, 0, 1), (trace**2, 1, 3), (square, 1, 3)):
            assert abs(sample.mean() - mean) < z * math.sqrt((second - mean**2) / seeds)
    assert (np.linalg.det(matrices) > 0).mean() == pytest.approx(0.5, abs=z / math.sqrt(4 * seeds))


@pytest.mark.parametrize("law", LAWS)
def test_the_law_is_the_same_by_householder(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pivot is trusted: all factors, and all frames, come from a QR with signs of its own choice."""
    monkeypatch.setattr(factor, "PIVOT", 2.0)
    test_entries_are_uncorrelated(law, (6, 6), np.float64)
    if law == "orthogonal":
        for batch in (1, 4):
            test_traces_of_haar_matrices(batch, np.float32)


@pytest.mark.parametrize(
    ("dtype", "gap"), [(np.float32, 1e-6), (np.float32, 1e-2), (np.float64, 1e-6), (np.float64, 1e-12)]
)
@pytest.mark.parametrize("law", LAWS)
def test_nearly_equal_rows_stay_apart_as_they_must(law: str, dtype: Any, gap: float) -> None:
    """|z_1 - z_2|^2 over |h_1 - h_2|^2, forward and backward, at cosines down to 1 - 1e-12: nothing small is lost.

    For a normal law it is stddev^2 chi^2_N, for an orthogonal one gain^2 exactly. The differences themselves are known
    to the dtype's rounding over sqrt(gap), in each of N = 32 units.
    """
    seeds, units = 400, 32
    base = gaussian(seeds, 1, units)
    h, d = ((base + math.sqrt(2 * gap) * gaussian(seeds, 3, units, seed=seed)).astype(dtype) for seed in (1, 2))
    w = weights(law, (units, units), seeds)
    answers = ((h, forward(w, h, units)), (d, backward(w, d, units)))
    blur = 20 * float(np.finfo(dtype).eps) / math.sqrt(gap)
    assert blur < 0.02
    for given, answer in answers:
        ratio = (np.diff(answer.astype(np.float64), axis=1)[:, 0] ** 2).sum(axis=1)
        ratio /= (np.diff(given.astype(np.float64), axis=1)[:, 0] ** 2).sum(axis=1)
        if law == "orthogonal":
            np.testing.assert_allclose(ratio, GAIN**2, rtol=6 * blur + rounding(dtype, hard=True))
            continue
        band = stats.chi2(seeds * units).ppf([ALARM / 2, 1 - ALARM / 2]) / (seeds * units)
        assert band[0] - 2 * blur < ratio.mean() / (units * STDDEV**2) < band[1] + 2 * blur
        spread = float((ratio / STDDEV**2).var() / (2 * units))
        assert 0.5 < spread < 1.7  # of 400: 1 +- .07 x 4.9, and the tail of chi^2_32


@pytest.mark.parametrize("law", LAWS)
def test_a_rank_cut_off_would_be_seen(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: directions that hold less than 1e-5 of a row are dropped, and nearly equal rows become equal."""
    whole = factor.factors

    def cut(x: Signal, beyond: Array | None = None) -> tuple[Array, Array]:
        r, q = whole(x, beyond)
        return np.where(np.abs(r) < 1e-5 * np.abs(r).max(axis=(1, 2), keepdims=True), 0.0, r), q

    monkeypatch.setattr("initbench.engine.implicit.factors", cut)
    with pytest.raises(AssertionError):
        test_nearly_equal_rows_stay_apart_as_they_must(law, np.float64, 1e-12)
