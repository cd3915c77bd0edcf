"""Every metric at infinite width against networks simulated plainly, and what is blank.

The networks are wide; theory is off by what finite width adds, a few times sum 1 / n over their layers: 8 sum 1 / n of
the value is allowed, and five standard errors, which 30 networks exceed once in 10^5 comparisons (t law with 29 degrees
of freedom); there are 600. Two controls, with a standard deviation taken for a variance and with the fans exchanged,
must fail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from theory_cells import make_cell, sigma
from theory_nets import simulate

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.spec import Cell
from initbench.streams import Purpose, stream
from initbench.theory.curves import ROUNDED, Line, forward_lines
from initbench.theory.dead import dead_fraction
from initbench.theory.gradients import backward_lines
from initbench.theory.kernel import trajectory
from initbench.theory.predict_cell import predict_cell

Array = np.ndarray[Any, Any]

FANS = (200, 400, 250, 300)
HALVED = tuple(fan // 2 for fan in FANS)  # a QR costs the cube
NETWORKS = 30
MIXED = [activation(name) for name in ("tanh", "leaky_relu", "gelu")]


def lines_of(cell: Cell) -> dict[str, Line]:
    t = trajectory(cell)
    dead = dead_fraction(t, cell.dtype)
    return forward_lines(t, cell.dtype, dead) | backward_lines(t, dead)


def departures(cell: Cell, measured: dict[str, Array], lines: dict[str, Line]) -> list[str]:
    """Metrics and layers that are further from theory than chance and width explain."""
    widths = [cell.network.features, *(layer.fan_out for layer in cell.network.layers)]
    allowed = 8 * sum(1 / n for n in widths)
    found = []
    for name, values in measured.items():
        for row, theory in enumerate(lines[name].values):
            mean, error = values[:, row].mean(), values[:, row].std(ddof=1) / np.sqrt(len(values))
            size = max(abs(theory), 0.1 if name == "cosine" else 0.0)
            count = 10 / (len(values) * widths[row]) if name.endswith("fraction") else 1e-12  # of what is never seen
            if np.isfinite(theory) and abs(mean - theory) > 5 * error + allowed * size + count:
                found.append(f"{name}[{row}]: {mean:.4g} +- {error:.2g}, theory {theory:.4g}")
    return found


CASES = {
    "tanh": make_cell(FANS, "tanh", 1.5, 0.3, batch=3),
    "relu": make_cell(FANS, "relu", "he_normal", batch=3),
    "gelu, one input": make_cell(FANS, "gelu", 1.5, 0.2, batch=1),
    "sigmoid, uniform": make_cell(FANS, "sigmoid", initializer("glorot_uniform", gain=4), 0.5, batch=3),
    "haar": make_cell(HALVED, "tanh", initializer("orthogonal", gain=1.4), 0.2, batch=3),
    "mixed": make_cell(
        FANS, MIXED, [sigma(s, n) for s, n in zip((1.2, 1.7, 1.0), FANS[:-1], strict=True)], 0.1, batch=3
    ),
    "close pair": make_cell(FANS, "elu", 1.3, 0.1, source=inputs("pair", cosine=0.95), batch=2),
    "opposite": make_cell(FANS, "hard_tanh", 1.3, 0.1, source=inputs("pair", cosine=-0.8), batch=2),
    "offset inputs": make_cell(FANS, "softsign", 2.0, source=inputs("gaussian", mean=1.0), batch=3),
}


@pytest.mark.parametrize("gradient", ["gaussian", "shared", "ones"])
@pytest.mark.parametrize("name", CASES)
def test_every_metric_is_what_wide_networks_show(name: str, gradient: str) -> None:
    cell = replace(CASES[name], gradient=gradient)
    assert departures(cell, simulate(cell, NETWORKS), lines_of(cell)) == []


def test_controls_fail() -> None:
    cell = CASES["relu"]
    measured = simulate(cell, NETWORKS)
    wrong_power = make_cell(FANS, "relu", initializer("normal", stddev=2 / FANS[0]), batch=3)
    assert len(departures(cell, measured, lines_of(wrong_power))) > 10
    exchanged = make_cell(FANS, "relu", initializer("he_normal", mode="fan_out"), batch=3)
    assert len(departures(cell, measured, lines_of(exchanged))) > 10


def test_a_shared_batch_is_itself_at_layer_0() -> None:
    cell = make_cell((30, 20), "relu", batch=20, resample=False, root_seed=3)
    x = stream(3, 0, Purpose.SHARED_INPUTS).standard_normal((20, 30))
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    lines = lines_of(cell)
    assert lines["act_mean"].values[0] == pytest.approx(x.mean(), rel=1e-12)
    assert lines["act_var"].values[0] == pytest.approx(x.var(), rel=1e-12)
    assert lines["act_q"].values[0] == pytest.approx(np.mean(x**2), rel=1e-12)
    assert lines["act_var_batch"].values[0] == pytest.approx(x.var(axis=0).mean(), rel=1e-12)
    assert lines["cosine"].values[0] == pytest.approx((unit @ unit.T)[np.triu_indices(20, 1)].mean(), rel=1e-10)


def test_reasons_stand_where_numbers_are_missing_and_nowhere_else() -> None:
    weights = [initializer(name) for name in ("he_normal", "he_normal", "ones")]
    cells = [*CASES.values(), make_cell((8,) * 4, "relu", weights), make_cell((8, 8), "sign", 1.0, gradient="ones")]
    for cell in [*cells, make_cell((8, 8), "relu", batch=1, gradient="none")]:
        for name, line in lines_of(cell).items():
            for value, reason in zip(line.values, line.reasons, strict=True):
                assert np.isnan(value) == bool(reason), (name, value, reason)


def test_reasons_are_the_right_ones() -> None:
    lines = lines_of(make_cell((8, 8, 8), "relu", batch=1, gradient="none"))
    assert lines["preact_q"].reasons == ("the input has no preactivations", "", "")
    assert set(lines["cosine"].reasons) == {"a single input has no pairs"}
    assert lines["saturated_fraction"].reasons[1:] == ("relu does not saturate",) * 2
    assert set(lines["grad_q"].reasons) == {"no gradient is sent back"}
    refused = lines_of(make_cell((8, 8, 8), "relu", [initializer("he_normal"), initializer("ones")]))
    assert refused["act_q"].reasons[:2] == ("", "")
    assert refused["act_q"].reasons[2].startswith("layer 2: weights drawn from ones")
    assert all(reason.startswith("layer 2: weights drawn from ones") for reason in refused["grad_q"].reasons[1:])
    dark = lines_of(make_cell((8, 8), "relu", initializer("zeros")))
    assert dark["cosine"].reasons[1] == "activations are all 0"
    jumping = lines_of(make_cell((8, 8), "sign", 1.0, gradient="ones"))
    assert jumping["grad_q"].reasons[1].startswith("the value of sign jumps")


def count_columns(x: Array, tolerance: float) -> int:
    """How many columns of (B, N) differ by more than a relative tolerance, one against all."""
    kept: list[Array] = []
    for column in x.T:
        size = np.linalg.norm(column)
        if all(np.linalg.norm(column - one) > tolerance * max(size, np.linalg.norm(one)) for one in kept):
            kept.append(column)
    return len(kept)


def test_distinct_units_by_chance() -> None:
    """Of 3,000 normal numbers, 4.5e6 pairs fall within 1e-5 of one another with probability 1e-5 / pi: 14.3 of them,
    Poisson. The mean of 10 draws has a standard error of 1.2; five of them."""
    lines = lines_of(make_cell((4, 3000), "tanh", batch=1, dtype="float32"))
    z = np.sort(np.random.default_rng(0).standard_normal((10, 3000)), axis=1)
    together = (np.diff(z, axis=1) <= 1e-5 * np.maximum(abs(z[:, 1:]), abs(z[:, :-1]))).sum(axis=1)
    assert 3000 - together.mean() == pytest.approx(lines["distinct_units"].values[1], abs=5 * 1.2)
    assert lines_of(make_cell((4, 3000), "tanh", batch=2, dtype="float32"))["distinct_units"].values[1] == 3000


def test_distinct_units_of_symmetric_networks() -> None:
    assert lines_of(make_cell((4, 30, 30), "tanh", initializer("zeros")))["distinct_units"].values[1:].tolist() == [
        1,
        1,
    ]
    biased = lines_of(make_cell((4, 30, 30), "tanh", initializer("zeros"), 0.5))
    assert biased["distinct_units"].values[1:] == pytest.approx(30, rel=1e-6)


def test_units_without_gradient_are_one() -> None:
    """relu with one input: half of 20 units is dead, and they count as one."""
    lines = lines_of(make_cell((20, 20, 20), "relu", batch=1))
    rng = np.random.default_rng(0)
    drawn = [
        count_columns(np.where(rng.random((1, 20)) < 0.5, rng.standard_normal((1, 20)), 0.0), 1e-12) for _ in range(400)
    ]
    # sd of a binomial(20, 1/2) is 2.24: the mean of 400 has 0.11
    assert np.mean(drawn) == pytest.approx(lines["grad_distinct_units"].values[1], abs=5 * 0.11)
    assert lines_of(make_cell((20, 20), "sign", 1.0))["grad_distinct_units"].values[1] == 1
    assert (
        lines_of(make_cell((20, 20), "hard_tanh", 1.0))["grad_distinct_units"]
        .reasons[1]
        .startswith("hard_tanh is flat")
    )


def test_what_rounding_leaves_of_a_cosine_is_0() -> None:
    """tanh keeps inputs at right angles there; a shared cotangent's two gradients under cos have nothing in common."""
    tanh = predict_cell(make_cell([64] * 9, "tanh", 1.5, None, batch=2)).curves["cosine"]
    assert (tanh.infinite[1:] == 0).all()
    assert (tanh.mean[1:] == 0).all()
    cos = lines_of(make_cell([64] * 9, "cos", 1.5, None, batch=2, gradient="shared"))["gradient_cosine"]
    small = cos.values[np.abs(cos.values) < ROUNDED]
    assert small.size
    assert (small == 0).all()


def test_a_small_cosine_that_is_no_rounding_stays() -> None:
    pair = inputs("pair", cosine=1e-9, mean_square=1.0)
    tanh = lines_of(make_cell([64] * 3, "tanh", 1.0, None, pair, batch=2))["cosine"]
    assert 1e-10 < tanh.values[1] < 1e-9
