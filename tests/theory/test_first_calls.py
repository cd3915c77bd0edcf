"""The first prediction for an activation in a process: how much of it has to be found that later ones have at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.catalogue.metrics import DEFAULT_METRICS
from initbench.theory import gaussian, hermite, lengths
from initbench.theory.gaussian import by_quadrature
from initbench.theory.predict_cell import predict_cell

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("soft_shrink", {"threshold": 0.51}),
        ("selu", {}),
        ("softplus", {}),
        ("leaky_relu", {"negative_slope": 0.01}),
    ],
)
def test_a_first_call_asks_for_few_averages(
    name: str, parameters: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand layers from 1 to 1e300: in cells of 2 in ln q that do not grow, there would be 8,000 of lengths alone,
    and as many of Hermite's terms again."""
    asked: list[int] = []

    def counted(own: Any, q: Array) -> Array:
        asked.append(q.size)
        return by_quadrature(own, q)

    monkeypatch.setattr(gaussian, "by_quadrature", counted)
    for module in (lengths, hermite):
        module._cells.cache_clear()
    lengths.square_map.cache_clear()
    predict_cell(
        make_cell([64] * 1001, activation(name, **parameters), 2.0, batch=64, dtype="float32", metrics=DEFAULT_METRICS)
    )
    assert sum(asked) < 1000
