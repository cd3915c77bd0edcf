"""The plane of sigma_w and sigma_b, against predictions of single points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from activation_cases import CASES, VARIANTS

from initbench.catalogue.activations import Activation, activation
from initbench.errors import ParameterError
from initbench.theory.gaussian import moments
from initbench.theory.mean_field import MeanField, predict
from initbench.theory.plane import PhaseDiagram, divergence, phase_diagram

SIGMA_W = np.array([0.0, 0.55, 1.0, 1.31, 1.9, 2.8, 4.5])
SIGMA_B = np.array([0.0, 0.07, 0.4, 1.6])
FINE, NEAR_ONE = 1e-4, 0.1  # what is promised, and what is promised at kinks and jumps where c_star > 0.98


OWN = [*CASES[:37], *(activation(name, **params) for name, params in VARIANTS)]  # the libraries' are the same formulas


@pytest.mark.parametrize("case", OWN, ids=[case.label for case in OWN])
def test_the_plane_is_made_of_predictions(case: Activation) -> None:
    diagram = phase_diagram(case, SIGMA_W, SIGMA_B)
    rng = np.random.default_rng(0)
    places = [(0, 0), (0, 2), *zip(rng.integers(0, 4, 4).tolist(), rng.integers(0, 7, 4).tolist(), strict=True)]
    for row, column in places:
        _agree(diagram, predict(case, float(SIGMA_W[column]), float(SIGMA_B[row])), row, column, case)


def _agree(diagram: PhaseDiagram, field: MeanField, row: int, column: int, case: Activation) -> None:
    assert diagram.phase[row, column] == field.phase
    rough = field.c_star is not None and 0.98 < field.c_star < 1 and (case.formula.kinks or case.formula.jumps)
    for key in ("q_star", "c_star", "chi", "xi_q", "xi_c"):
        one, many = getattr(field, key), float(getattr(diagram, key)[row, column])
        if one is None:
            assert math.isnan(many), key
        elif key == "c_star" and rough:
            assert 1 - many == pytest.approx(1 - one, rel=NEAR_ONE)
        elif key.startswith("xi"):  # exp(-1 / xi), the slope of the map, is what is read from the table
            assert _slope(many) == pytest.approx(_slope(one), abs=1e-5, rel=NEAR_ONE if rough else FINE)
        else:
            assert many == pytest.approx(one, rel=FINE, abs=1e-6), key


def _slope(scale: float) -> float:
    return math.exp(-1 / scale) if scale > 0 else 0.0


def test_poole_2016_in_one_picture() -> None:
    diagram = phase_diagram("tanh", [1.3, 2.5, 4.0], [0.3])
    assert diagram.q_star.shape == (1, 3)
    np.testing.assert_allclose(diagram.q_star[0], [0.607046791909, 4.07912387528, 12.6041494978], rtol=1e-8)
    np.testing.assert_allclose(diagram.chi[0], [0.939807428682, 1.58522476501, 2.36726103555], rtol=1e-8)
    np.testing.assert_allclose(diagram.c_star[0], [1, 0.122103747306, 0.0296959215803], rtol=1e-6)
    np.testing.assert_allclose(diagram.xi_c[0], [16.1081727435, 5.10891898917, 3.63935102151], rtol=FINE)
    np.testing.assert_allclose(diagram.xi_q[0], [1.33766764254, 0.688341457237, 0.490294745077], rtol=1e-6)


def test_the_start_matters_where_two_lengths_are_stable() -> None:
    for q0 in (0.1, 1.0, 5.0):
        diagram = phase_diagram("gelu", [1.547], [0.2], q0)
        expected = predict("gelu", 1.547, 0.2, q0)
        assert diagram.phase[0, 0] == expected.phase


def test_order_ends_on_the_critical_line() -> None:
    sigma_w = np.linspace(1.0, 1.6, 61)
    diagram = phase_diagram("tanh", sigma_w, [0.2])
    ordered = diagram.phase[0] == "ordered"
    assert sigma_w[ordered].max() < 1.30414584006 < sigma_w[~ordered].min()
    assert np.isfinite(diagram.xi_c).all()


@pytest.mark.parametrize(
    ("sigma_w", "sigma_b", "q0"),
    [([-1.0], [0.0], 1.0), ([1.0], [math.nan], 1.0), ([[1.0]], [0.0], 1.0), ([], [0.0], 1.0), ([1.0], [0.0], 0.0)],
)
def test_what_is_refused(sigma_w: list[float], sigma_b: list[float], q0: float) -> None:
    with pytest.raises(ParameterError):
        phase_diagram("tanh", sigma_w, sigma_b, q0)


def test_divergence_ends_where_the_first_length_neither_grows_nor_shrinks() -> None:
    """gelu from q0 = 1: below the critical line, where sigma_w^2 <phi^2> + sigma_b^2 = 1; relu at sqrt(2)."""
    sigma_b = np.array([0.0, 0.1])
    of_one = moments(activation("gelu"), 1.0).square
    plane = phase_diagram("gelu", np.linspace(1, 2, 11), sigma_b)
    for (stretch,), b in zip(divergence("gelu", plane), sigma_b, strict=True):
        assert stretch == pytest.approx((np.sqrt((1 - b**2) / of_one), 2.0), abs=0.1 / 256)
    plane = phase_diagram("relu", np.linspace(1, 2, 11), [0.5])
    assert divergence("relu", plane)[0][0] == pytest.approx((np.sqrt(2), 2.0), abs=0.1 / 256)
    assert divergence("tanh", phase_diagram("tanh", [0.0, 3.0], sigma_b)) == [[], []]
