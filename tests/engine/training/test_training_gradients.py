"""Gradients of the training losses against central differences, in float64, for every loss and activation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_cells import make_cell, training_of

from initbench.catalogue.activations import ACTIVATIONS, activation
from initbench.catalogue.registry import Required
from initbench.engine.training.data import sets
from initbench.engine.training.losses import LOSSES
from initbench.engine.training.network import Stack
from initbench.engine.workspace import Workspace

STEP = 1e-6
TEACHER = {"name": "teacher_student", "features": 5, "examples": 60, "outputs": 2}
CASES: dict[str, dict[str, Any]] = {
    "cross_entropy": {},
    "labels as vectors": {"loss": "mean_squared_error"},
    "mean_squared_error": {"loss": "mean_squared_error", "data": TEACHER},
}
SMOOTH = [
    record.name
    for record in ACTIVATIONS
    if not any(isinstance(parameter.default, Required) for parameter in record.parameters)
    and not activation(record.name).formula.jumps
]


def worst_error(stack: Stack, loss: Any, x: np.ndarray, y: np.ndarray, places: np.ndarray) -> float:
    """The largest difference between a gradient and its central difference, beside the largest gradient."""

    def value() -> np.ndarray:
        return np.asarray(loss(stack.forward(x).outputs, y))

    passed = stack.forward(x)
    loss(passed.outputs, y)
    stack.backward(passed, passed.outputs)
    gradients = stack.gradients.copy()
    assert np.abs(gradients).max() > 1e-6
    errors = []
    for place in places:
        stack.parameters[:, place] += STEP
        up = value()
        stack.parameters[:, place] -= 2 * STEP
        errors.append((up - value()) / (2 * STEP) - gradients[:, place])
        stack.parameters[:, place] += STEP
    return float(np.abs(errors).max() / np.abs(gradients).max())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("bias", [{"name": "normal", "stddev": 0.5}, "none"], ids=["bias", "none"])
def test_every_parameter_of_every_layer(case: str, bias: Any) -> None:
    """Central differences err by STEP^2 in the third derivative and by 1e-16 L / STEP ~ 1e-10."""
    cell = make_cell({"bias": bias}, **CASES[case])
    training = training_of(cell)
    data = sets(training, 0, "float64")
    stack = Stack(cell, [3, 4], Workspace())
    x, y = data.inputs[:6], data.targets[:6]
    two = np.stack([x, x[::-1]]), np.stack([y, y[::-1]])
    loss = LOSSES[training.loss.name]
    assert worst_error(stack, loss, *two, places=np.arange(stack.parameters.shape[1])) < 1e-7
    stack.weights[1][:] *= 1.5  # parameters are views of one array, in which the optimizer works
    assert worst_error(stack, loss, x[None], y[None], places=np.arange(0, stack.parameters.shape[1], 7)) < 1e-7


@pytest.mark.parametrize("name", SMOOTH)
def test_every_activation(name: str) -> None:
    """At a kink the one-sided slope differs: a step of 1e-6 meets one of the few hundred units hardly ever."""
    gentle = {"initializer": {"name": "lecun_normal", "gain": 0.5}, "bias": {"name": "normal", "stddev": 0.2}}
    cell = make_cell({"activation": name, **gentle})  # that exp of exp of exp stays a number
    data = sets(training_of(cell), 0, "float64")
    stack = Stack(cell, [1], Workspace())
    some = np.random.default_rng(0).choice(stack.parameters.shape[1], 60, replace=False)
    assert worst_error(stack, LOSSES["cross_entropy"], data.inputs[None, :8], data.targets[None, :8], some) < 1e-6


def test_losses_are_their_definitions() -> None:
    rng = np.random.default_rng(0)
    f, labels, targets = rng.standard_normal((2, 5, 3)), rng.integers(0, 3, (2, 5)), rng.standard_normal((2, 5, 3))
    expected = [
        np.mean([np.log(np.exp(row).sum()) - row[y] for row, y in zip(rows, ys, strict=True)])
        for rows, ys in zip(f, labels, strict=True)
    ]
    np.testing.assert_allclose(LOSSES["cross_entropy"](f.copy(), labels), expected, rtol=1e-14)
    np.testing.assert_allclose(
        LOSSES["mean_squared_error"](f.copy(), targets), ((f - targets) ** 2).mean(axis=(1, 2)), rtol=1e-14
    )
    large = np.array([[[1e4, 0.0, -1e4]]])
    np.testing.assert_allclose(LOSSES["cross_entropy"](large, np.array([[1]])), [1e4])
