"""Which part of the plane is drawn: both sides of the boundary, for every activation that has one."""

from __future__ import annotations

import numpy as np
import pytest
from test_recommend import BARE

from initbench.catalogue.activations import activation
from initbench.theory.plane import phase_diagram
from initbench.theory.window import window


@pytest.mark.parametrize("name", BARE)
def test_the_boundary_is_in_the_picture(name: str) -> None:
    chosen = activation(name)
    right, top = window(chosen)
    assert top == right / 2
    phases = phase_diagram(chosen, np.linspace(0, right, 41), np.linspace(0, top, 21)).phase
    ordered = float(np.mean(phases == "ordered"))
    assert 0.2 < ordered < 0.95 or name == "sign"  # whose gradients vanish everywhere


@pytest.mark.parametrize(("name", "right"), [("tanh", 2.5), ("relu", 2.5), ("sigmoid", 25.0), ("sign", 4.0)])
def test_its_right_end_is_round(name: str, right: float) -> None:
    assert window(activation(name))[0] == pytest.approx(right, rel=1e-12)
