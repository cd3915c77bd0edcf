"""Small cells that train, for the tests of training."""

from __future__ import annotations

from typing import Any

from initbench.lab.plan import open_experiment
from initbench.spec import Cell, Training

NETWORK: dict[str, Any] = {"depth": 3, "width": [12, 20, 9], "activation": "tanh", "initializer": "lecun_normal"}
TRAINING: dict[str, Any] = {
    "data": {"name": "gaussian_classes", "classes": 3, "features": 5, "examples": 100},
    "learning_rate": 0.1,
    "steps": 20,
    "batch_size": 16,
}


def make_cell(network: dict[str, Any] | None = None, *, dtype: str = "float64", **training: Any) -> Cell:
    """A cell of NETWORK trained by TRAINING, with changes."""
    config = {"name": "x", "network": NETWORK | (network or {}), "training": TRAINING | training, "dtype": dtype}
    return open_experiment(config).cells[0].cell


def training_of(cell: Cell) -> Training:
    assert cell.training is not None
    return cell.training
