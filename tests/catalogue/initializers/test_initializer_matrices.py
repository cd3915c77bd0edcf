"""Identity, orthogonal and sparse matrices: equality, Haar's law one entry a matrix, and counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from initializer_bands import Array, Z, departures, distance, dkw, normal
from scipy import stats

from initbench.catalogue.initializers import Law, initializer

FANS = [(6, 4), (4, 6), (5, 5), (7, 1), (1, 7), (1, 1)]
IDENTITIES = [
    ("identity", {}, 1.0),
    ("identity", {"gain": -0.5}, -0.5),
    ("keras:identity", {}, 1.0),
    ("keras:identity", {"gain": 3}, 3.0),
    ("torch:eye_", {}, 1.0),
]
ORTHOGONALS = [
    ("orthogonal", {}, 1.0),
    ("orthogonal", {"gain": 1.5}, 1.5),
    ("keras:orthogonal", {"gain": -2}, -2.0),
    ("torch:orthogonal_", {"gain": 5 / 3}, 5 / 3),
    ("jax:orthogonal", {"scale": 0.3}, 0.3),
]


def entry_moments(entries: Array) -> tuple[float, float, float]:
    mean, variance = float(entries.mean()), float(entries.var())
    fourth = float(np.mean((entries - mean) ** 4))
    return mean, variance, fourth / variance**2 if variance else math.nan


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@pytest.mark.parametrize(("name", "params", "gain"), IDENTITIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_identity(name: str, params: dict[str, Any], gain: float, fan_in: int, fan_out: int, dtype: Any) -> None:
    choice = initializer(name, **params)
    weights, law = (
        choice.sample(np.random.default_rng(0), fan_in, fan_out, dtype),
        choice.law(fan_in, fan_out),
    )
    assert np.array_equal(weights, gain * np.eye(fan_in, fan_out, dtype=dtype))
    assert (law.mean, law.variance, law.kurtosis) == pytest.approx(
        entry_moments(weights.astype(np.float64)), rel=1e-12, nan_ok=True
    )
    assert law.bounds == (weights.min(), weights.max())
    assert not law.random
    assert not law.elementwise


@pytest.mark.parametrize(("fan_in", "fan_out"), [*FANS, (60, 40), (40, 60)])
@pytest.mark.parametrize(("name", "params", "gain"), ORTHOGONALS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_orthogonal_rows_or_columns(
    name: str, params: dict[str, Any], gain: float, fan_in: int, fan_out: int, dtype: Any
) -> None:
    choice = initializer(name, **params)
    weights = choice.sample(np.random.default_rng(1), fan_in, fan_out, dtype)
    assert weights.dtype == dtype
    gram = weights.T @ weights if fan_in >= fan_out else weights @ weights.T
    assert np.allclose(gram, gain**2 * np.eye(len(gram)), atol=20 * np.finfo(dtype).eps * gain**2)
    law = choice.law(fan_in, fan_out)
    # The mean square of the entries of one matrix is exactly the law's variance: its lines have length gain.
    assert np.mean(weights.astype(np.float64) ** 2) == pytest.approx(law.variance, rel=1e-5)
    assert (law.mean, law.bounds) == (0, (-abs(gain), abs(gain)))
    assert law.random
    assert not law.elementwise


def many(law: Law, shape: tuple[int, int], count: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    matrices = np.empty((count, *shape))
    for matrix in matrices:
        law.fill(rng, matrix)
    return matrices


def without_sign_fix(shape: tuple[int, int], count: int, seed: int) -> Array:
    """What a careless orthogonal initializer draws: LAPACK's Q as it comes."""
    longer, shorter = max(shape), min(shape)
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((count, longer, shorter)))[0]
    return q if shape[0] >= shape[1] else q.transpose(0, 2, 1)


def haar_departures(matrices: Array, gain: float) -> list[str]:
    """Entries one a matrix, and traces, of `count` matrices; each band has the false alarm rate 1e-6.

    An entry's square over gain^2 is Beta(1/2, (n - 1)/2) and its sign is even: a DKW band on every entry,
    0.02 at 20,000 matrices. The trace of a square Haar matrix has mean 0 and mean square 1; the band of the
    latter is that of a fourth moment of 3.
    """
    count, rows, columns = matrices.shape
    beta = stats.beta(0.5, (max(rows, columns) - 1) / 2)

    def cdf(x: Array) -> Array:
        return np.asarray(0.5 + 0.5 * np.sign(x) * beta.cdf((x / gain) ** 2))

    left = [
        f"entry {i},{j}"
        for i in range(rows)
        for j in range(columns)
        if distance(matrices[:, i, j], cdf) > dkw(count, 1e-6 / (rows * columns))
    ]
    if rows == columns:
        traces = np.trace(matrices, axis1=1, axis2=2) / gain
        left += ["trace"] if abs(traces.mean()) > Z / math.sqrt(count) else []
        left += ["trace squared"] if abs(np.mean(traces**2) - 1) > Z * math.sqrt(2 / count) else []
    return left


@pytest.mark.parametrize("shape", [(4, 4), (5, 2), (2, 5), (3, 1)])
def test_orthogonal_matrices_are_haar(shape: tuple[int, int]) -> None:
    law = initializer("orthogonal", gain=1.5).law(*shape)
    assert haar_departures(many(law, shape, 20_000, seed=2), 1.5) == []


@pytest.mark.parametrize("shape", [(4, 4), (5, 2), (2, 5)])
def test_orthogonal_matrices_without_the_sign_fix_are_told_apart(shape: tuple[int, int]) -> None:
    left = haar_departures(without_sign_fix(shape, 20_000, seed=3), 1.0)
    assert "entry 0,0" in left
    if shape[0] == shape[1]:
        assert "trace" in left


def test_turning_a_haar_matrix_leaves_its_law() -> None:
    """Invariance on both sides: R W S has the entries' law for any fixed rotations R, S."""
    law = initializer("orthogonal").law(4, 3)
    rotation_4, rotation_3 = (stats.ortho_group.rvs(n, random_state=n) for n in (4, 3))
    matrices = many(law, (4, 3), 20_000, seed=4)
    assert haar_departures(rotation_4 @ matrices @ rotation_3, 1.0) == []
    unfixed = without_sign_fix((4, 3), 20_000, seed=4)
    assert haar_departures(rotation_4 @ unfixed @ rotation_3, 1.0) != []


@pytest.mark.parametrize("shape", [(3, 3), (6, 2), (2, 6)])
def test_kurtosis_of_an_orthogonal_entry(shape: tuple[int, int]) -> None:
    law = initializer("orthogonal").law(*shape)
    n = max(shape)
    beta = stats.beta(0.5, (n - 1) / 2)
    assert law.variance == pytest.approx(beta.mean(), rel=1e-12)
    assert law.kurtosis == pytest.approx(beta.moment(2) / beta.mean() ** 2, rel=1e-12)
    assert law.kurtosis == 3 * n / (n + 2)


# The line in which zeros are counted: axis 0 is one output unit's fan_in, axis 1 one input unit's fan_out.
SPARSE = [("sparse", "stddev", 0), ("torch:sparse_", "std", 1)]


@pytest.mark.parametrize(("fan_in", "fan_out"), [(500, 800), (800, 500)])
@pytest.mark.parametrize(("name", "spread", "axis"), SPARSE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse(name: str, spread: str, axis: int, fan_in: int, fan_out: int, dtype: Any) -> None:
    choice = initializer(name, sparsity=0.4321, **{spread: 0.3})
    weights = choice.sample(np.random.default_rng(5), fan_in, fan_out, dtype)
    zeros, line = weights == 0, weights.shape[axis]
    count = math.ceil(0.4321 * line)
    assert np.array_equal(zeros.sum(axis=axis), np.full(weights.shape[1 - axis], count))
    assert np.ptp(zeros.sum(axis=1 - axis)) > 0
    kept = weights[~zeros]
    assert kept.size > 200_000
    assert departures(kept, normal(0, 0.3)) == []
    law = choice.law(fan_in, fan_out)
    share = 1 - count / line
    assert law.variance == pytest.approx(share * 0.09, rel=1e-12)
    assert law.kurtosis == pytest.approx(3 / share, rel=1e-12)
    assert abs(np.mean(weights.astype(np.float64) ** 2) / law.variance - 1) < Z * math.sqrt(2 / kept.size)
    assert (law.mean, law.bounds) == (0, (-math.inf, math.inf))
    assert not law.elementwise


def places_are_even(zeros: Array, axis: int) -> bool:
    """Zeros by place in the line, over all lines: binomial counts. False alarm rate 1e-6 in all."""
    counts, lines = zeros.sum(axis=1 - axis), zeros.shape[1 - axis]
    share = zeros.mean()
    z = (counts - lines * share) / math.sqrt(lines * share * (1 - share))
    return bool(np.abs(z).max() < stats.norm.isf(1e-6 / (2 * z.size)))


@pytest.mark.parametrize(("name", "spread", "axis"), SPARSE)
def test_zeros_fall_anywhere_in_a_line(name: str, spread: str, axis: int) -> None:
    weights = initializer(name, sparsity=0.3).sample(np.random.default_rng(6), 2000, 1500)
    zeros = weights == 0
    assert places_are_even(zeros, axis)
    assert not places_are_even(np.sort(zeros, axis=axis), axis)  # the control: the same counts, always at the end


def test_the_two_sparse_laws_differ() -> None:
    paper = initializer("sparse", sparsity=0.5).sample(np.random.default_rng(7), 40, 60) == 0
    torch = initializer("torch:sparse_", sparsity=0.5).sample(np.random.default_rng(7), 40, 60) == 0
    assert set(paper.sum(axis=0)) == {20}
    assert set(torch.sum(axis=1)) == {30}
    assert set(paper.sum(axis=1)) != {30}
    assert set(torch.sum(axis=0)) != {20}


@pytest.mark.parametrize(("name", "spread", "axis"), SPARSE)
def test_sparse_at_its_ends(name: str, spread: str, axis: int) -> None:
    rng = np.random.default_rng(8)
    full = initializer(name, sparsity=0).sample(rng, 30, 20)
    empty = initializer(name, sparsity=1)
    assert np.count_nonzero(full) == 600
    assert not empty.sample(rng, 30, 20).any()
    assert not empty.law(30, 20).random
    assert empty.law(30, 20).bounds == (0, 0)
    assert math.isnan(empty.law(30, 20).kurtosis)
    still = initializer(name, sparsity=0.5, **{spread: 0})
    assert not still.sample(rng, 30, 20).any()
    assert not still.law(30, 20).random


@pytest.mark.parametrize("name", ["identity", "orthogonal", "torch:sparse_"])
def test_a_law_of_matrices_fills_no_other_shape(name: str) -> None:
    params = {"sparsity": 0.5} if name == "torch:sparse_" else {}
    law = initializer(name, **params).law(3, 4)
    for shape in ((4,), (4, 3)):
        with pytest.raises(ValueError, match="cannot fill"):
            law.fill(np.random.default_rng(0), np.empty(shape))


def test_no_gain_is_no_matrix() -> None:
    law = initializer("orthogonal", gain=0).law(3, 4)
    weights = np.ones((3, 4))
    law.fill(np.random.default_rng(0), weights)
    assert not weights.any()
    assert not law.random
