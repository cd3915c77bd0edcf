"""Every phase that theory can name has its meaning."""

from __future__ import annotations

import numpy as np

from initbench.theory.phases import MEANINGS
from initbench.theory.plane import phase_diagram


def test_every_phase_is_explained() -> None:
    plane = phase_diagram("selu", np.append(np.linspace(0, 2, 21), 0.6904860736345909), np.linspace(0, 1, 11))
    tanh = phase_diagram("tanh", [1.0], [0.0])
    assert set(plane.phase.ravel()) | set(tanh.phase.ravel()) == set(MEANINGS)
