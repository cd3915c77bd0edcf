"""The state of the inputs: exact for rows that are given, the law's own moments for rows that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from theory_cells import make_cell

from initbench.catalogue.inputs import INPUTS, inputs
from initbench.streams import Purpose, stream
from initbench.theory.groups import GROUPS
from initbench.theory.inputs import _LAWS, input_state, of_rows


def test_a_small_batch_is_followed_row_by_row() -> None:
    x = np.array([[3.0, 4.0], [4.0, 3.0], [0.0, -2.0]])
    state = of_rows(x)
    assert state.q == pytest.approx([12.5, 12.5, 2.0], rel=1e-15)
    assert state.weight == pytest.approx([1 / 3] * 3)
    assert list(zip(state.a, state.b, strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert 1 - state.e == pytest.approx([24 / 25, -4 / 5, -3 / 5], rel=1e-15)
    assert state.fourth == pytest.approx([337 / 625, 337 / 625, 1.0], rel=1e-15)
    assert state.measured == pytest.approx(
        {
            "act_mean": 2.0,
            "act_var": 9 - 4,
            "act_q": 9.0,
            "act_var_batch": (25 / 3 - 49 / 9 + 29 / 3 - 25 / 9) / 2,
            "cosine": (24 / 25 - 4 / 5 - 3 / 5) / 3,
        },
        rel=1e-14,
    )


def test_what_four_entries_of_two_rows_have_in_common() -> None:
    x = np.random.default_rng(6).standard_normal((5, 7)) + 0.5
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = [(a, b) for a in range(5) for b in range(5) if a != b]
    state = of_rows(x)
    assert state.cubes == pytest.approx(np.mean([np.sum(unit[a] ** 3 * unit[b]) for a, b in pairs]))
    assert state.squares == pytest.approx(np.mean([np.sum(unit[a] ** 2 * unit[b] ** 2) for a, b in pairs]))
    assert of_rows(x[:1]).cubes == 0


def test_near_rows_keep_the_digits_of_their_angle() -> None:
    x = np.array([[1.0, 0.0], [np.cos(1e-9), np.sin(1e-9)]])
    assert of_rows(x).e == pytest.approx([5e-19], rel=1e-6)


def test_rows_of_zeros_and_of_equals() -> None:
    state = of_rows(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]))
    assert state.q.tolist() == [0.0, 1.0, 1.0]
    assert state.e.tolist() == [0.0, 0.0, 0.0]
    assert state.fourth == pytest.approx([0, 0.5, 0.5])
    assert state.measured["cosine"] == pytest.approx(1.0)


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 1e-6), ("float64", 1e-15)])
def test_the_shared_batch_is_the_one_that_is_measured(dtype: str, digits: float) -> None:
    cell = make_cell((32, 8), batch=6, resample=False, root_seed=7, dtype=dtype)
    x = stream(7, 0, Purpose.SHARED_INPUTS).standard_normal((6, 32))
    state = input_state(cell)
    assert not state.drawn
    assert state.q == pytest.approx(np.mean(x**2, axis=1), rel=digits)
    other = input_state(make_cell((32, 8), batch=6, resample=False, root_seed=8))
    assert np.abs(state.q - other.q).max() > 1e-3  # the root seed counts


def test_many_rows_are_grouped_without_moving_the_means() -> None:
    x = np.random.default_rng(0).standard_normal((200, 40)) * np.linspace(0.5, 2, 200)[:, None]
    state = of_rows(x)
    q = np.mean(x**2, axis=1)
    assert len(state.weight) == 3 * GROUPS
    assert len(state.e) == GROUPS
    assert state.weight @ state.q == pytest.approx(q.mean(), rel=1e-3)
    assert state.weight.sum() == pytest.approx(1)
    gram = x @ x.T / 40
    common = np.sqrt(state.q[state.a] * state.q[state.b]) * (1 - state.e)
    assert state.pair_weight @ common == pytest.approx(gram[np.triu_indices(200, 1)].mean(), abs=1e-12)
    apart = (np.sqrt(state.q[state.a]) - np.sqrt(state.q[state.b])) ** 2
    differences = np.sqrt(q)[:, None] - np.sqrt(q)
    assert state.pair_weight @ apart == pytest.approx((differences[np.triu_indices(200, 1)] ** 2).mean(), rel=0.01)
    assert state.measured["act_q"] == pytest.approx(q.mean())
    # Something curved in q, such as a saturating length map: off by its second derivative times the groups' variance.
    assert state.weight @ np.tanh(state.q) == pytest.approx(np.tanh(q).mean(), rel=1e-4)


def test_a_group_error_falls_as_the_square_of_the_number() -> None:
    """200 of 64 groups hold 3 or 4 rows: the curved mean is off by about 1e-4; by one group alone it is off by far."""
    x = np.random.default_rng(0).standard_normal((200, 40)) * np.linspace(0.5, 2, 200)[:, None]
    q = np.mean(x**2, axis=1)
    assert abs(np.tanh(q.mean()) - np.tanh(q).mean()) > 0.05


LAWS = [
    inputs("gaussian"),
    inputs("gaussian", mean=1.0, stddev=0.5),
    inputs("uniform"),
    inputs("uniform", low=0.0, high=1.0),
    inputs("sphere", mean_square=2.0),
    inputs("pair", cosine=0.3, mean_square=0.5),
    inputs("ones"),
    inputs("constant", value=-3.0),
    inputs("gaussian", stddev=0.0),
]


@pytest.mark.parametrize("source", LAWS, ids=lambda source: source.label)
def test_a_law_enters_by_its_moments(source: object) -> None:
    """5,000 pairs: five standard errors of each mean and of each variance (sqrt(2 / 5000) = 2 % each), a false alarm in
    a million runs; the moments of the ratios are those of wide inputs, off by about 1 / N = 1/150 of themselves."""
    batch, features, draws = 2, 150, 5_000
    state = input_state(make_cell((features, 8), source=source, batch=batch))
    assert state.drawn
    rng = np.random.default_rng(1)
    x = np.stack([source.draw(rng, batch, features) for _ in range(draws)])
    squares = np.vecdot(x, x)
    q = squares[:, 0] / features
    q0 = state.q[0]
    assert q.mean() == pytest.approx(q0, abs=5 * np.sqrt(state.q_spread / draws) * q0 + 1e-12)
    assert q.var() == pytest.approx(state.q_spread * q0**2, rel=0.1, abs=1e-20)
    assert x.mean() == pytest.approx(state.mean[0], abs=5 * np.sqrt(q0 / x.size) + 1e-15)
    assert x.mean(axis=(1, 2)).var() == pytest.approx(state.mean_spread, rel=0.1, abs=1e-20)
    if q0 == 0:
        return
    cosine = np.vecdot(x[:, 0], x[:, 1]) / np.sqrt(squares[:, 0] * squares[:, 1])
    error = 5 * np.sqrt(state.cosine_spread / draws) + 2 * (1 - state.e[0] != 0) * state.cosine_spread + 1e-12
    assert 1 - cosine.mean() == pytest.approx(state.e[0], abs=error)
    assert cosine.var() == pytest.approx(state.cosine_spread, rel=0.1, abs=1e-12)
    fourth = (x[:, 0] ** 4).sum(axis=1) / squares[:, 0] ** 2
    assert fourth.mean() == pytest.approx(state.fourth[0], rel=0.02)
    a, b = (x[:, k] / np.sqrt(squares[:, k, None]) for k in (0, 1))
    for found, expected in (((a**3 * b).sum(axis=1), state.cubes), ((a**2 * b**2).sum(axis=1), state.squares)):
        assert found.mean() == pytest.approx(
            expected, abs=5 * found.std() / np.sqrt(draws) + expected / features + 1e-12
        )


def test_rows_drawn_from_a_table_are_its_groups(tmp_path: object) -> None:
    table = np.random.default_rng(2).standard_normal((300, 10)) + 1
    np.save(f"{tmp_path}/table.npy", table)
    source = inputs("npy", path=f"{tmp_path}/table.npy", pick="random")
    state = input_state(make_cell((10, 8), source=source, batch=5))
    assert state.drawn
    assert (state.batch, state.features) == (5, 10)
    assert state.weight @ state.q == pytest.approx(np.mean(table**2), rel=0.01)
    assert not state.measured
    first = input_state(make_cell((10, 8), source=inputs("npy", path=f"{tmp_path}/table.npy"), batch=5))
    assert not first.drawn  # the same rows whatever the seed
    assert first.q == pytest.approx(np.mean(table[:5] ** 2, axis=1))


@pytest.mark.parametrize("batch", [1, 4, 12])
def test_the_mean_of_rows_without_replacement(tmp_path: object, batch: int) -> None:
    """Against 8,000 draws, whose variance has an error of 1.6 %; all 12 rows together have no spread."""
    np.save(f"{tmp_path}/table.npy", np.random.default_rng(4).standard_normal((12, 3)))
    source = inputs("npy", path=f"{tmp_path}/table.npy", pick="random")
    state = input_state(make_cell((3, 8), source=source, batch=batch))
    rng = np.random.default_rng(5)
    means = [source.draw(rng, batch, 3).mean() for _ in range(8_000)]
    assert np.var(means) == pytest.approx(state.mean_spread, rel=0.08, abs=1e-30)


def test_one_row_of_a_table_has_no_pairs(tmp_path: object) -> None:
    np.save(f"{tmp_path}/table.npy", np.random.default_rng(2).standard_normal((300, 10)))
    source = inputs("npy", path=f"{tmp_path}/table.npy", pick="random")
    state = input_state(make_cell((10, 8), source=source, batch=1))
    assert len(state.e) == len(state.a) == 0
    assert state.weight.sum() == pytest.approx(1)


def test_every_law_is_known() -> None:
    """A new law without its moments would enter by one batch, as if all seeds shared it."""
    assert {record.name for record in INPUTS if record.draw is not None} == set(_LAWS)
