"""x = R Q, whatever x is: R R^T is the Gram matrix, Q has orthonormal rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from initbench.engine import factor
from initbench.engine.factor import directions, factors, left_factor
from initbench.engine.signal import Signal

Array = np.ndarray[Any, Any]

STACK = 3
UNITS = 64
ROUNDING = {
    np.float32: 5 * factor.EASY * 2.0**-24,  # of R^-1 x in float32, in five roundings
    np.float64: 8 * factor.TRUSTED**2 * 2.0**-53,  # of a Gram matrix's sums of 64 terms, grown twice by R^-1
}
"""How far Q Q^T may be from the identity in any entry."""


def gaussian(batch: int) -> Array:
    return np.random.default_rng(batch).standard_normal((STACK, batch, UNITS))


def near(batch: int, gap: float) -> Array:
    """Rows with cosines of about 1 - gap."""
    return gaussian(batch + 1)[:, :1] + np.sqrt(2 * gap) * gaussian(batch)


def leaning(batch: int, pivot: float) -> Array:
    """Every row leans on all those before it: each squared pivot is `pivot`, and R^-1 grows like a product of them."""
    r = np.eye(batch) * np.sqrt(pivot)
    r[0, 0] = 1
    for i in range(1, batch):
        r[i, :i] = -np.sqrt((1 - pivot) / i)
    return np.asarray(r @ np.linalg.qr(gaussian(UNITS))[0][:, :batch])


def scaled(*scales: float) -> Array:
    return gaussian(len(scales)) * np.array(scales)[:, None]


SIGNALS: dict[str, Array] = {
    "one row": gaussian(1),
    "few rows": gaussian(5),
    "as many rows as units": gaussian(UNITS),
    **{f"cosines of 1 - {gap}": near(16, gap) for gap in (1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-12, 1e-14)},
    **{
        f"{batch} rows that lean, {pivot}": leaning(batch, pivot) for batch in (6, 16, 48) for pivot in (0.02, 0.2, 0.9)
    },
    "repeated rows": gaussian(3).repeat(3, axis=1),
    "one row many times": gaussian(1).repeat(9, axis=1),
    "a row of zeros": scaled(1, 0, 1),
    "first row zero": scaled(0, 1, 1),
    "all zero": scaled(0, 0, 0),
    "ones": np.ones((STACK, 7, UNITS)),
    **{f"of size {size}": scaled(*(size,) * 4) for size in (1e-30, 1e-37, 1e-41, 1e30, 1e37)},
    "of many sizes": scaled(1e-30, 1e30, 1, 1e-10),
}
FAR = {f"of size {size}": scaled(*(size,) * 4) for size in (1e-150, 1e-158, 1e-161, 1e-300, 1e155, 1e300)}
CASES = [(name, dtype) for dtype in (np.float32, np.float64) for name in SIGNALS] + [(name, np.float64) for name in FAR]


def signal(name: str, dtype: Any) -> Array:
    return np.asarray((SIGNALS | FAR)[name].astype(dtype))


def departure(q: Array) -> float:
    """How far rows are from orthonormal."""
    wide = q.astype(np.float64)
    return float(np.abs(wide @ wide.transpose(0, 2, 1) - np.eye(q.shape[1])).max())


def relative(found: Array, expected: Array) -> float:
    """The largest error of a row over the row's largest entry."""
    size = np.abs(expected).max(axis=-1, keepdims=True)
    unit = np.where(size > 0, size, 1.0)
    return float(np.abs(found / unit - expected / unit).max())


@pytest.mark.parametrize(("name", "dtype"), CASES)
@np.errstate(over="ignore", invalid="ignore", under="ignore")
def test_factors(name: str, dtype: Any) -> None:
    x = signal(name, dtype)
    r, q = factors(Signal(x))
    assert q.dtype == dtype
    assert r.dtype == np.float64
    assert (r == np.tril(r)).all()
    assert departure(q) < ROUNDING[dtype]
    assert relative(r @ q.astype(np.float64), x.astype(np.float64)) < ROUNDING[dtype]


@pytest.mark.parametrize(("name", "dtype"), CASES)
@np.errstate(over="ignore", invalid="ignore", under="ignore")
def test_left_factors_and_their_directions(name: str, dtype: Any) -> None:
    """R alone is a factor of the Gram matrix to float64's rounding; `directions` finds the Q that belongs to it."""
    x = signal(name, dtype)
    r = left_factor(Signal(x))
    wide = x.astype(np.float64)
    size = np.abs(wide).max(axis=2, keepdims=True)
    unit = np.where(size > 0, size, 1.0)
    gram = (wide / unit) @ (wide / unit).transpose(0, 2, 1)
    np.testing.assert_allclose((r / unit) @ (r / unit).transpose(0, 2, 1), gram, rtol=0, atol=1e-13 * UNITS)
    q = directions(x, r)
    assert departure(q) < 1e-13
    # a rotation is as well determined as the factors: half of float64's digits where x is nearly singular, and x itself
    # comes out with no less than that
    assert relative(r @ q, wide) < 1e-7


@pytest.mark.parametrize(
    "name", ["one row", "few rows", "of many sizes", *(name for name in SIGNALS if "of size" in name)]
)
def test_what_is_easy_is_done_for_all_networks_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow way is for those that need it: a scale alone needs nothing."""
    monkeypatch.setattr(factor, "_householder", None)
    factors(Signal(signal(name, np.float64)))


@pytest.mark.parametrize(
    "name",
    ["repeated rows", "cosines of 1 - 1e-12", "16 rows that lean, 0.02", "48 rows that lean, 0.2", "of size 1e-158"],
)
def test_cholesky_alone_would_fail(name: str) -> None:
    """The control: it finds no factor, or one that the test above refuses."""
    x = signal(name, np.float64)
    try:
        r = np.linalg.cholesky(x @ x.transpose(0, 2, 1))
    except np.linalg.LinAlgError:
        return
    assert departure(np.linalg.inv(r) @ x) > ROUNDING[np.float64]


def test_pivots_alone_would_fail() -> None:
    """The control: where every row leans on all those before it, no pivot is small and yet nothing is orthonormal."""
    x = leaning(8, 0.02)
    r = np.linalg.cholesky(x @ x.transpose(0, 2, 1))
    assert (np.diagonal(r, axis1=1, axis2=2) ** 2 > 1e4 * factor.PIVOT).all()
    assert departure(np.linalg.inv(r) @ x) > ROUNDING[np.float64]
    assert departure(factors(Signal(x))[1]) < 1e-13


def test_float32_alone_would_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factor, "EASY", np.inf)
    _, q = factors(Signal(signal("cosines of 1 - 1e-06", np.float32)))
    assert departure(q) > ROUNDING[np.float32]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hard", [False, True])
def test_factors_in_a_complement(dtype: Any, hard: bool) -> None:
    """Frames beyond which x lies stay beyond Q, also where R^-1 makes rounding grow and where x leaves Q open."""
    frames = np.linalg.qr(gaussian(UNITS).transpose(0, 2, 1))[0][:, :8].astype(dtype)
    x = (near(8, 3e-6) if hard else gaussian(8)).astype(dtype)
    x -= (x @ frames.transpose(0, 2, 1)) @ frames
    for rows in (x, np.zeros_like(x), x[:, [0, 0, 1, 1]]):
        r, q = factors(Signal(rows), frames)
        assert departure(np.concatenate([frames, q], axis=1)) < ROUNDING[dtype]
        assert relative(r @ q.astype(np.float64), rows.astype(np.float64)) < ROUNDING[dtype]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_do_not_know_one_another(dtype: Any) -> None:
    """Easy, hard, singular, broken and tiny ones in one stack: each as alone, to the last bit, and nan for nan."""
    parts = [gaussian(6)[:1], near(6, 1e-12)[:1], near(6, 1e-3)[:1], gaussian(2).repeat(3, axis=1)[:1]]
    parts += [np.full((1, 6, UNITS), np.nan), leaning(6, 0.02)[:1], np.zeros((1, 6, UNITS)), 1e-40 * gaussian(6)[:1]]
    broken = gaussian(6)[:1].copy()
    broken[0, 3, 5] = np.inf
    parts.append(broken)
    x = np.concatenate(parts).astype(dtype)
    with np.errstate(all="ignore"):
        r, q = factors(Signal(x))
        left = left_factor(Signal(x))
        for s in range(len(x)):
            own_r, own_q = factors(Signal(x[s : s + 1]))
            np.testing.assert_array_equal(own_r[0], r[s])
            np.testing.assert_array_equal(own_q[0], q[s])
            np.testing.assert_array_equal(left_factor(Signal(x[s : s + 1]))[0], left[s])
    finite = np.isfinite(x).all(axis=(1, 2))
    assert (np.isfinite(q).all(axis=(1, 2)) == finite).all()
    assert np.isnan(q[~finite]).all()
