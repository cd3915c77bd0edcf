"""What activations are made of, told by their slopes."""

from __future__ import annotations

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory.pieces import Pieces, pieces

CASES = [
    ("relu6", {}, Pieces([0, 6], [0, 1, 0], [0, 0, 0], [1, -1], [0, 0], 0)),
    ("hard_silu", {}, Pieces([-3, 3], [0, 0.5, 1], [0, 1 / 3, 0], [-0.5, -0.5], [0, 0], 0)),
    ("sparse_plus", {}, Pieces([-1, 1], [0, 0.5, 1], [0, 0.5, 0], [0, 0], [0, 0], 0)),
    ("hard_shrink", {"threshold": 0.7}, Pieces([-0.7, 0.7], [1, 0, 1], [0, 0, 0], [-1, 1], [0.7, 0.7], 0)),
    ("threshold", {"threshold": 0.1, "value": 20.0}, Pieces([0.1], [0, 1], [0, 0], [1], [-19.9], 0)),
    ("sign", {}, Pieces([0], [0, 0], [0, 0], [0], [2], 0)),
    ("elu", {"alpha": 0.3}, Pieces([0], [0.3, 1], [0, 0], [0.7], [0], 1)),
    ("celu", {"alpha": 2.0}, Pieces([0], [1, 1], [0, 0], [0], [0], 0.5)),
]


@pytest.mark.parametrize(("name", "parameters", "expected"), CASES)
def test_pieces(name: str, parameters: dict[str, float], expected: Pieces) -> None:
    found = pieces(activation(name, **parameters))
    assert found is not None
    for field in ("ends", "slopes", "bends", "kinks", "jumps", "rate"):
        assert getattr(found, field) == pytest.approx(np.asarray(getattr(expected, field), float), abs=1e-12), field


@pytest.mark.parametrize(
    "name", ["tanh", "gelu", "softsign", "softplus", "sin", "square", "linear", "exponential", "mish", "tanhshrink"]
)
def test_what_is_not_made_of_pieces(name: str) -> None:
    assert pieces(activation(name)) is None
