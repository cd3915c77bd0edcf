"""How many units differ, against a comparison of every column with every other."""

from __future__ import annotations

import engine_reference as ref
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.engine import distinct
from initbench.engine.statistics import row_squares

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])


def count(z: np.ndarray) -> int:
    """distinct_units of one (B, N) layer."""
    return int(distinct.distinct_units(z[None], row_squares(z[None]), distinct.TOLERANCE[z.dtype])[0])


def planted(rng: np.random.Generator, batch: int, originals: int, copies: int, noise: float, dtype: str) -> np.ndarray:
    """Columns of which `copies` repeat another one but for a relative `noise`, in random order.

    Noise beyond the tolerance grows with every copy, so that copies of one column stay as far from each other as from
    it.
    """
    columns = rng.standard_normal((batch, originals)) * 10.0 ** rng.uniform(-2, 2, originals)
    chosen = rng.integers(0, originals, copies)
    error = rng.standard_normal((batch, copies))
    sizes = noise * (3.0 ** np.arange(copies) if noise > ref.TOLERANCE[dtype] else np.ones(copies))
    error *= sizes * np.linalg.norm(columns[:, chosen], axis=0) / np.linalg.norm(error, axis=0)
    z = np.concatenate([columns, columns[:, chosen] + error], axis=1)
    return z[:, rng.permutation(z.shape[1])].astype(dtype)


@BOTH
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    batch=st.integers(2, 12),
    originals=st.integers(1, 30),
    copies=st.integers(0, 30),
    size=st.sampled_from([0.0, 1 / 3, 3.0, 100.0]),
)
def test_against_every_pair(dtype: str, seed: int, batch: int, originals: int, copies: int, size: float) -> None:
    """Copies within a third of the tolerance are one unit (two of them differ by two thirds), beyond three times it
    they are not.
    """
    tolerance = ref.TOLERANCE[dtype]
    z = planted(np.random.default_rng(seed), batch, originals, copies, size * tolerance, dtype)
    assert count(z) == ref.distinct(z, tolerance)
    assert count(z) == (originals if size < 1 else originals + copies)


@BOTH
def test_exact_cases(dtype: str) -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((6, 40)).astype(dtype)
    assert count(z) == 40
    assert count(np.zeros((6, 40), dtype)) == 1
    assert count(np.repeat(z[:, :1], 40, axis=1)) == 1
    assert count(z[:, :1]) == 1
    assert count(np.concatenate([z, z, z], axis=1)) == 40
    assert count(np.concatenate([z, -z], axis=1)) == 80  # a column and its negative are two units
    assert count(np.concatenate([z, 2 * z], axis=1)) == 80  # and so are a column and its double
    half = z.copy()
    half[:, ::2] = 0
    assert count(half) == 21
    assert count(z[:1]) == 40  # one input


@BOTH
def test_order_does_not_matter(dtype: str) -> None:
    rng = np.random.default_rng(1)
    z = planted(rng, 8, 50, 30, 0.0, dtype)
    assert {count(z[:, rng.permutation(80)]) for _ in range(20)} == {50}


@BOTH
@pytest.mark.parametrize("exponent", [-14, -7, 7, 14])
def test_scale_does_not_matter(dtype: str, exponent: int) -> None:
    z = planted(np.random.default_rng(2), 8, 50, 30, 0.0, dtype)
    assert count((z * 2.0**exponent).astype(dtype)) == 50


def test_small_units_beside_a_large_one() -> None:
    """What is near is measured by the two columns, not by the largest of all."""
    rng = np.random.default_rng(3)
    z = rng.standard_normal((6, 30))
    z[:, 0] *= 1e7
    assert count(z.astype(np.float32)) == 30
    z[:, 5] = z[:, 9]
    assert count(z.astype(np.float32)) == 29


def test_networks_of_a_chunk_are_counted_alone() -> None:
    rng = np.random.default_rng(4)
    z = np.stack([planted(rng, 5, 20 + k, 20 - k, 0.0, "float32") for k in range(6)])
    assert list(distinct.distinct_units(z, row_squares(z), 1e-5)) == [20 + k for k in range(6)]


def families(units: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    z = rng.standard_normal((8, units)).astype(np.float32)
    few = np.repeat(z[:, :16], units // 16, axis=1)
    half = z * (rng.random(units) < 0.5)
    spread = z.copy()
    spread[:, 0] *= 1e7
    broken = z.copy()
    broken[2, ::3] = np.inf
    return {
        "random": z,
        "all equal": np.repeat(z[:, :1], units, axis=1),
        "all zero": np.zeros_like(z),
        "sixteen kinds": few[:, rng.permutation(units)],
        "half zero": half,
        "one pair": np.concatenate([z[:, 1:], z[:, 1:2]], axis=1),
        "one large": spread,
        "not finite": broken,
    }


@pytest.mark.parametrize("name", families(16))
def test_wide_layers_cost_no_square(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """4096 units have 8 million pairs; what is compared in full stays within a few per unit, in few rounds."""
    units = 4096
    compared: list[int] = []
    equal = distinct._equal

    def counting(a: np.ndarray, b: np.ndarray, tolerance: float) -> np.ndarray:
        compared.append(len(a))
        return equal(a, b, tolerance)

    monkeypatch.setattr(distinct, "_equal", counting)
    with np.errstate(invalid="ignore"):
        found = count(families(units)[name])
    if name != "not finite":
        kinds = {"random": units, "all equal": 1, "all zero": 1, "sixteen kinds": 16, "one large": units}
        expected = kinds.get(name, len(np.unique(families(units)[name], axis=1).T))
        assert found == expected
    assert sum(compared) <= 4 * units
    assert len(compared) <= 100
