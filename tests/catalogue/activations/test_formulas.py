"""What every activation promises, checked on numbers: slope, kinks, range, steepness, far ends, dtypes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from activation_cases import CASES, LABELS, WAVES, away, breaks, extremes, grid

from initbench.catalogue.activations import Activation, activation

Array = np.ndarray[Any, Any]
every_case = pytest.mark.parametrize("case", CASES, ids=LABELS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@every_case
def test_slope_is_the_central_difference(case: Activation) -> None:
    z = away(np.linspace(-9.007, 9.003, 2001), case, 1e-3)
    h = 1e-5
    value, slope = case.both(z)
    numeric = (case.value(z + h) - case.value(z - h)) / ((z + h) - (z - h))
    scale = np.maximum(1, np.maximum(np.abs(value), np.abs(slope)))
    # h^2 / 6 times the third derivative (at most 5 here), and two roundings divided by 2 h
    assert np.all(np.abs(numeric - slope) <= 1e-9 * scale)


def _largest_jumps(f: Any, low: Array, high: Array) -> tuple[Array, Array]:
    """Each cell halved 34 times towards its larger change: (the change that remains, where)."""
    at_low, at_high = f(low), f(high)
    for _ in range(34):
        middle = (low + high) / 2
        at_middle = f(middle)
        left = np.abs(at_middle - at_low) >= np.abs(at_high - at_middle)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
        at_low, at_high = np.where(left, at_low, at_middle), np.where(left, at_middle, at_high)
    return np.abs(at_high - at_low) / np.maximum(1, np.abs(at_high)), high


@every_case
def test_no_kink_or_jump_is_left_undeclared(case: Activation) -> None:
    edges = np.linspace(-12.01, 12.02, 1500)
    for f, declared in ((case.slope, case.formula.kinks), (case.value, case.formula.jumps)):
        jump, where = _largest_jumps(f, edges[:-1], edges[1:])
        found = where[jump > 1e-7]
        known = np.array(declared)
        assert all(known.size and np.abs(known - place).min() < 1e-9 for place in found), found


@every_case
def test_declared_kinks_and_jumps_are_there(case: Activation) -> None:
    for f, declared in ((case.slope, case.formula.kinks), (case.value, case.formula.jumps)):
        for place in declared:
            sides = np.nextafter(place, [-np.inf, np.inf])
            left, right = f(sides)
            assert abs(right - left) > 1e-10, place
    assert sorted(case.formula.kinks) == list(case.formula.kinks)


@every_case
def test_range_and_steepness_are_exact(case: Activation) -> None:
    z = np.concatenate([np.linspace(-40, 40, 400_001), breaks(case) + 1e-9, breaks(case) - 1e-9])
    far = np.array([-1e300, -1e5, 1e5, 1e300])
    value, slope = case.both(np.concatenate([z, far]))
    formula = case.formula
    slack = 1e-13 * max(1, np.abs(value[np.isfinite(value)]).max() * 1e-300)
    assert value.min() >= formula.lower - slack
    assert value.max() <= formula.upper + slack
    for bound, extreme in ((formula.lower, value.min()), (formula.upper, value.max())):
        assert abs(extreme) > 1e4 if np.isinf(bound) else abs(extreme - bound) < 2e-5
    steepest = np.abs(slope).max()
    if np.isinf(formula.steepest):
        assert steepest > 1e4
    else:
        assert formula.steepest * (1 - 1e-8) <= steepest <= formula.steepest * (1 + 1e-14)


@every_case
def test_saturates_where_an_end_is_flat_and_the_middle_alive(case: Activation) -> None:
    value, slope = case.both(np.array([-1e30, 1e30]))
    flat = (np.abs(slope) < 1e-20) & np.isfinite(value) & (np.abs(value) > 1e-12)
    alive = np.all(case.slope(np.array([-1e-3, 1e-3])) != 0)
    assert case.formula.saturates == bool(flat.any() and alive)


@every_case
def test_float32_is_float64_rounded(case: Activation) -> None:
    z = away(grid(np.float32), case, 1e-3)
    exact = z.astype(np.float64)
    value, slope = case.both(z)
    value64, slope64 = case.both(exact)
    curve = (case.slope(exact * (1 + 1e-6)) - case.slope(exact * (1 - 1e-6))) / 2e-6  # z phi''(z)
    info = np.finfo(np.float32)
    with np.errstate(over="ignore"):
        shown = np.abs(value64) < info.max
    # a rounding of z moves the result by eps z phi'(z); the rest are roundings of the result
    assert np.all(
        (np.abs(value - value64) <= 4 * info.eps * (np.abs(value64) + np.abs(exact * slope64)) + info.tiny)[shown]
    )
    shown &= np.abs(slope64) < info.max
    assert np.all((np.abs(slope - slope64) <= 4 * info.eps * (np.abs(slope64) + np.abs(curve)) + info.tiny)[shown])


@both_dtypes
@every_case
def test_extremes_give_limits_without_warnings(case: Activation, dtype: Any) -> None:
    z = extremes(dtype)
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        value, slope = case.both(z)
        ends = case.both(np.array([-np.inf, np.inf], dtype))
        nan = case.both(np.array([np.nan], dtype))
    assert not np.isnan(value).any()
    assert not np.isnan(slope).any()
    assert np.isnan(nan[0]).all()
    if case.name in WAVES:
        assert np.isnan(ends[0]).all()
        return
    last = case.both(np.array([-np.finfo(dtype).max, np.finfo(dtype).max], dtype))
    for end, near in zip(ends, last, strict=True):
        assert not np.isnan(end).any()
        grows = np.abs(near) > 1e6
        assert np.all(np.isinf(end) == grows)
        np.testing.assert_array_equal(np.sign(end[grows]), np.sign(near[grows]))
        np.testing.assert_allclose(end[~grows], near[~grows], rtol=2 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)


@both_dtypes
@every_case
def test_shape_and_dtype_are_kept_and_the_argument_left_alone(case: Activation, dtype: Any) -> None:
    for shape in ((), (0,), (1,), (7,), (2, 3, 4)):
        z = np.asarray(np.random.default_rng(3).normal(size=shape), dtype)
        before = z.copy()
        value, slope = case.both(z)
        for result in (value, slope, case.value(z), case.slope(z)):
            assert isinstance(result, np.ndarray)
            assert (result.shape, result.dtype) == (shape, dtype)
            assert not np.shares_memory(result, z)
        assert not np.shares_memory(value, slope)
        np.testing.assert_array_equal(z, before)


@both_dtypes
@every_case
def test_together_and_alone_give_the_same_bits(case: Activation, dtype: Any) -> None:
    z = np.concatenate([grid(dtype), extremes(dtype)])
    value, slope = case.both(z)
    np.testing.assert_array_equal(value, case.value(z))
    np.testing.assert_array_equal(slope, case.slope(z))


@both_dtypes
@pytest.mark.parametrize("name", ["relu", "torch:relu", "keras:relu", "jax:relu"])
def test_what_passes_is_where_the_slope_is_1(name: str, dtype: Any) -> None:
    case = activation(name)
    z = np.concatenate([grid(dtype), extremes(dtype), [np.nan, np.inf, -np.inf]]).astype(dtype)
    assert case.formula.passes is not None
    passes = case.formula.passes(z)
    assert passes.dtype == np.bool_
    np.testing.assert_array_equal(passes, case.slope(z))


@every_case
def test_slopes_are_given_as_booleans_only_where_they_are_1_or_0(case: Activation) -> None:
    if case.formula.passes is not None:
        z = np.concatenate([grid(np.float64), extremes(np.float64)])
        np.testing.assert_array_equal(case.formula.passes(z), case.slope(z))


@both_dtypes
@every_case
def test_a_number_does_not_depend_on_its_neighbours(case: Activation, dtype: Any) -> None:
    z = np.concatenate([grid(dtype)[:333], extremes(dtype)])
    value, slope = case.both(z)
    start = 0
    for length in (1, 2, 3, 5, 7, 9, 15, 17, 31, 33, 63, 65, 67):
        part = slice(start, start + length)
        np.testing.assert_array_equal(case.value(z[part]), value[part])
        np.testing.assert_array_equal(case.slope(z[part]), slope[part])
        start += length
    np.testing.assert_array_equal(case.value(z[::3]), value[::3])
    np.testing.assert_array_equal(case.slope(z[1::2]), slope[1::2])
    folded = z[:360].reshape(20, 18)
    np.testing.assert_array_equal(case.value(folded.T), value[:360].reshape(20, 18).T)
    np.testing.assert_array_equal(case.slope(folded.T), slope[:360].reshape(20, 18).T)


def test_far_out_facts() -> None:
    one32 = lambda number: np.array([number], np.float32)  # noqa: E731
    assert activation("tanh").slope(one32(20))[0] == pytest.approx(1.6993417e-17, rel=1e-6)
    assert activation("softplus").value(np.array([1000.0]))[0] == 1000
    assert activation("sigmoid").value(np.array([-800.0]))[0] == 0
    assert activation("sigmoid").slope(one32(40))[0] == pytest.approx(4.2483543e-18, rel=1e-6)
    assert activation("gelu").value(np.array([-10.0]))[0] == pytest.approx(-7.619853024160525e-23, rel=1e-13)
    assert activation("gelu").value(np.array([-40.0]))[0] == 0
    assert activation("lecun_tanh").value(np.array([1.0]))[0] == pytest.approx(1, abs=3e-5)


def test_integers_and_lists_are_computed_in_float64() -> None:
    assert activation("sigmoid").value([0, 1]).dtype == np.float64  # type: ignore[arg-type]
    assert activation("linear").slope(np.arange(3)).dtype == np.float64
