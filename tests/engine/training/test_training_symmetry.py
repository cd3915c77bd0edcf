"""Why not zeros: equal units stay equal as long as all that reads them is equal, and no longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_cells import make_cell

from initbench.engine import train

EQUAL = {"name": "constant", "value": 0.1}
STEPS = [0, 1, 2, 30]


def units(weights: Any, readout: Any, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """(distinct units at STEPS, (seeds, steps, layers), and the losses there, (seeds, steps)): three layers of 16."""
    dtype = settings.pop("dtype", "float64")
    network = {"width": 16, "initializer": weights} | settings.pop("network", {})
    cell = make_cell(
        network, dtype=dtype, readout={"initializer": readout}, measure_at=STEPS, steps=30, record_every=1, **settings
    )
    found = train(cell, [0, 1])
    column = cell.metrics.index("distinct_units")
    return found.layers[:, 0, :, 1:, column], found.curves[:, 0, STEPS, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("weights", ["zeros", EQUAL], ids=["zeros", "equal"])
@pytest.mark.parametrize("readout", ["zeros", EQUAL], ids=["zeros", "equal"])
def test_units_under_an_equal_readout_stay_one(weights: Any, readout: Any, optimizer: str, dtype: str) -> None:
    distinct, _ = units(weights, readout, optimizer=optimizer, dtype=dtype)
    assert (distinct == 1).all()


@pytest.mark.parametrize("weights", ["zeros", EQUAL], ids=["zeros", "equal"])
def test_a_random_readout_breaks_the_last_layers_symmetry_alone(weights: Any) -> None:
    distinct, _ = units(weights, "lecun_normal")
    assert (distinct[:, 0] == 1).all()
    assert (distinct[:, 1:, 2] == 16).all()
    assert (distinct[:, :, :2] == 1).all()


def test_random_weights_are_all_different_and_learn() -> None:
    distinct, losses = units("lecun_normal", EQUAL, learning_rate=0.5)
    assert (distinct == 16).all()
    assert (losses[:, -1] < 0.4 * losses[:, 0]).all()
    _, stalled = units("zeros", EQUAL, learning_rate=0.5)
    assert (stalled[:, -1] > 0.9 * stalled[:, 0]).all()


def test_unequal_weights_are_no_symmetry() -> None:
    """The control: the same test on weights of which one differs by a thousandth must see it."""
    distinct, _ = units({"name": "uniform", "low": 0.1, "high": 0.1001}, EQUAL)
    assert (distinct > 1).all()
