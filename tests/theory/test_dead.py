"""Dead units: what is known exactly, and the polynomial that stands for many layers."""

from __future__ import annotations

import numpy as np
import pytest
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.theory.dead import _anywhere, dead_fraction
from initbench.theory.kernel import trajectory
from initbench.theory.shares import dead_share


def test_one_input_leaves_half_of_relu_dead() -> None:
    t = trajectory(make_cell((8,) * 4, "relu", batch=1))
    assert dead_fraction(t, "float64")[1:] == pytest.approx(0.5)
    assert np.isnan(dead_fraction(t, "float64")[0])


def test_two_inputs_are_an_orthant() -> None:
    """P(z_a < 0, z_b < 0) = 1/4 + asin(c) / (2 pi): Sheppard 1899."""
    t = trajectory(make_cell((8,) * 4, "relu", batch=2, source=inputs("pair", cosine=0.4)))
    c = 1 - t.e[1:, 0]
    assert dead_fraction(t, "float64")[1:] == pytest.approx(0.25 + np.arcsin(c) / (2 * np.pi), rel=1e-9)


def test_independent_inputs_are_a_power() -> None:
    t = trajectory(make_cell((8, 8), "relu", batch=10))
    assert dead_fraction(t, "float64")[1] == pytest.approx(2.0**-10, rel=1e-9)


def test_what_is_never_inactive_is_never_dead() -> None:
    assert not dead_fraction(trajectory(make_cell((8,) * 4, "tanh", 1.0)), "float64")[1:].any()
    assert not dead_fraction(trajectory(make_cell((8,) * 4, "gelu", 1.0)), "float64")[1:].any()


def test_many_angles_at_one_length() -> None:
    """hard_sigmoid at rest: a polynomial in the angle stands for all layers in which inputs still draw near."""
    t = trajectory(make_cell((64,) * 301, "hard_sigmoid", 10.0, 0.1, batch=4))
    found = dead_fraction(t, "float64")
    resting = np.flatnonzero(t.q[:, 0] == t.q[-1, 0])
    assert len(np.unique(t.e[resting])) > 40
    for layer in resting[:: len(resting) // 5]:
        direct = dead_share(activation("hard_sigmoid"), t.q[layer], 1 - t.e[layer], 4)
        assert found[layer] == pytest.approx(float(direct[0]), rel=1e-8)


def test_what_is_hardly_ever_inactive_is_hardly_ever_dead() -> None:
    """P(z <= -3) = 0.00135 of a standard normal z."""
    low = activation("threshold", threshold=-3.0, value=0.0)
    t = trajectory(make_cell((8, 8), low, 1.0, batch=1))
    assert dead_fraction(t, "float64")[1] == pytest.approx(0.0013498980316301)


@pytest.mark.parametrize(("name", "sigma_w"), [("relu", 2**0.5), ("hard_silu", 2.0)])
def test_many_layers_are_the_layers_one_by_one(name: str, sigma_w: float) -> None:
    """200 layers of a relu network by 32 numbers, to a millionth; those of hard_silu differ in length, too."""
    t = trajectory(make_cell((16,) * 201, name, sigma_w, batch=32))
    some = [1, 2, 3, 10, 50, 120, 200]
    exact = [dead_share(t.laws[0].activation, t.q[k, 0], 1 - t.e[k, 0], 32) for k in some]
    assert dead_fraction(t, "float64")[some] == pytest.approx(np.array(exact, float), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("batch", "error"), [(1, 1e-15), (2, 1e-12), (64, 1e-11), (300, 1e-4)])
def test_angles_of_all_kinds_without_a_length(batch: int, error: float) -> None:
    """Where the only end of the inactive region is 0: down to 2^-64, and for more inputs as far as it could be seen."""
    e = np.concatenate([1 - np.geomspace(1e-6, 0.5, 20), np.linspace(0.01, 0.5, 10), [1.0]])
    found, exact = _anywhere(activation("relu"), e, batch, "float64"), dead_share(activation("relu"), 1.0, 1 - e, batch)
    assert found == pytest.approx(exact, rel=error, abs=0 if batch <= 64 else 1e-12)


def test_beyond_the_known_layers_it_is_unknown() -> None:
    weights = [initializer("he_normal"), initializer("ones")]
    found = dead_fraction(trajectory(make_cell((8,) * 3, "relu", weights)), "float64")
    assert np.isnan(found).tolist() == [True, False, True]
