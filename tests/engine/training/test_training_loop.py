"""A stack is its networks one by one, byte for byte; divergence is a result; everything depends on the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_cells import make_cell, training_of

from initbench.engine import propagate, train
from initbench.engine.training import loop
from initbench.engine.training.data import Minibatches, sets
from initbench.engine.training.network import Stack
from initbench.engine.training.record import Trained
from initbench.engine.workspace import Workspace
from initbench.spec import Cell

TEACHER = {"name": "teacher_student", "features": 7, "examples": 90, "outputs": 2}
CASES: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"optimizer": "momentum"},
    "adam": {"optimizer": "adam", "learning_rate": 0.01},
    "numbers": {"data": TEACHER, "loss": "mse"},
    "rates": {"learning_rate": [0.1, 1e30, 0.3], "test_fraction": 0},
}


def same(one: Trained, two: Trained) -> None:
    for name, array in vars(one).items():
        assert array.tobytes() == getattr(two, name).tobytes(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("network", [{}, {"activation": "relu", "initializer": "he_uniform"}], ids=["tanh", "relu"])
def test_a_stack_is_its_networks_one_by_one(
    dtype: str, case: str, network: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = make_cell(network, dtype=dtype, **CASES[case])
    seeds = (5, 2, 9, 0, 7)
    whole = train(cell, seeds)
    alone = [train(cell, [seed]) for seed in seeds]
    for place, one in enumerate(alone):
        same(whole.of([place]), one)
    monkeypatch.setattr(loop, "seeds_together", lambda cell: 2)
    workspace = Workspace()
    train(make_cell(steps=3), [1, 2, 3], workspace)  # what others left in the memory changes nothing
    same(train(cell, seeds, workspace), whole)


def test_steps_are_told_of_all_networks_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    cell = make_cell()
    alone = train(cell, (5, 2), None, told.append)
    assert told == list(range(1, 21))
    monkeypatch.setattr(loop, "seeds_together", lambda cell: 1)
    told.clear()
    same(train(cell, (5, 2), None, told.append), alone)
    assert told == [step // 2 for step in range(1, 41)]


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
def test_classes_have_an_accuracy_whatever_the_loss(loss: str) -> None:
    cell = make_cell(loss=loss, steps=60)
    found = train(cell, [3, 4])
    targets = sets(training_of(cell), 0, "float64").test_targets
    labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
    assert targets.ndim == (1 if loss == "cross_entropy" else 2)
    assert found.curves[:, :, -1, 3].tolist() == (found.answers == labels).mean(axis=2).tolist()
    assert found.curves[:, 0, -1, 1].min() > 0.8 > 0.6 > found.curves[:, 0, 0, 1].max()


def test_learning_rates_do_not_meet() -> None:
    """A network among others of other learning rates, one of which diverges, is what it is alone."""
    many = train(make_cell(learning_rate=[0.1, 1e30, 0.3]), [4, 1])
    for place, rate in enumerate((0.1, 1e30, 0.3)):
        one = train(make_cell(learning_rate=rate), [4, 1])
        assert one.curves.tobytes() == many.curves[:, place : place + 1].tobytes()
        assert one.layers.tobytes() == many.layers[:, place : place + 1].tobytes()


def test_the_networks_are_those_that_are_measured_as_they_start() -> None:
    """Weights and biases of the stack, against the metrics of the dense engine on the probe's own inputs."""
    cell = make_cell({"bias": {"name": "normal", "stddev": 0.3}}, measure_at=[0])
    stack = Stack(cell, [6], Workspace())
    x = sets(training_of(cell), 0, "float64").inputs[None, :64]
    passed = stack.forward(x, keep=True)
    found = train(cell, [6])
    names = [name for name in cell.metrics if name != "histograms"]
    for layer, z in enumerate(passed.z, 1):
        assert found.layers[0, 0, 0, layer, names.index("preact_q")] == pytest.approx(np.mean(z**2), rel=1e-12)
    other = np.random.default_rng(0).standard_normal((64, 5))
    start = propagate(cell, [6])
    variances = [np.var(weights) for weights in stack.weights[:-1]]
    assert variances == pytest.approx([1 / layer.fan_in for layer in cell.network.layers], rel=0.5)
    assert start.of("preact_q")[0, 1] == pytest.approx(
        np.mean((other @ stack.weights[0][0] + stack.biases[0][0]) ** 2),
        rel=0.3,  # type: ignore[index]
    )


def reference(cell: Cell, seed: int) -> list[float]:
    """The losses of full-batch descent, from the definitions alone: two layers, tanh, mean squared error."""
    training = training_of(cell)
    stack = Stack(cell, [seed], Workspace())
    w, b = [array[0].copy() for array in stack.weights], [array[0].copy() for array in stack.biases]  # type: ignore
    data = sets(training, 0, "float64")
    x, y = data.inputs, data.targets
    losses = []
    for _ in range(training.steps + 1):
        h = np.tanh(x @ w[0] + b[0])
        f = h @ w[1] + b[1]
        losses.append(float(((f - y) ** 2).mean()))
        d = 2 * (f - y) / f.size
        below = (d @ w[1].T) * (1 - h**2)
        for layer, (rows, gradient) in enumerate(((x, below), (h, d))):
            w[layer] -= training.learning_rates[0] * rows.T @ gradient
            b[layer] -= training.learning_rates[0] * gradient.sum(axis=0)
    return losses


def test_descent_is_descent() -> None:
    cell = make_cell({"depth": 1, "width": 8}, data=TEACHER, loss="mse", batch_size=72, record_every=1, steps=30)
    found = train(cell, [3])
    losses = found.curves[0, 0, :, 0]
    np.testing.assert_allclose(losses, reference(cell, 3), rtol=1e-11)
    assert losses[-1] < 0.5 * losses[0]
    assert np.isnan(found.curves[..., 1]).all()
    assert found.answers.shape == (1, 1, 18, 2)


def test_divergence_is_a_result() -> None:
    settings = {"data": TEACHER, "loss": "mse", "steps": 60, "record_every": 5}
    cell = make_cell({"activation": "linear"}, learning_rate=[0.1, 50.0, 1e30], **settings)
    found = train(cell, [0, 1])
    assert (found.diverged_at[:, 0] == -1).all()
    steps = found.diverged_at[:, 1:]
    assert ((steps > 0) & (steps < 60)).all()
    for seed, rate in np.ndindex(2, 2):
        fell = steps[seed, rate]
        curve = found.curves[seed, rate + 1, :, 0]
        recorded = np.array(training_of(cell).recorded)
        assert np.isfinite(curve[recorded < fell]).all()
        assert np.isnan(curve[recorded > fell]).all()
    assert np.isnan(found.layers[:, 1:, -1, 1:, 0]).all()
    assert np.isfinite(found.answers[:, 0]).all()
    assert np.isnan(found.answers[:, 1:]).all()


def test_networks_that_overflow_at_once_diverge_at_once() -> None:
    huge = {"initializer": {"name": "normal", "stddev": 1e30}, "activation": "relu"}
    found = train(make_cell(huge, dtype="float32"), [0, 1])
    assert (found.diverged_at == 0).all()
    assert (found.answers == -1).all()


def test_minibatches_are_epochs_in_random_order() -> None:
    training = training_of(make_cell())
    batches = Minibatches(training, 0, [3, 8])
    epochs = [np.concatenate([batches.draw().copy() for _ in range(5)], axis=1) for _ in range(2)]
    for epoch in epochs:
        assert all(sorted(row) == sorted(set(row)) for row in epoch.tolist())
        assert epoch.shape == (2, 80)
    assert not np.array_equal(*epochs)
    assert not np.array_equal(epochs[0][0], epochs[0][1])
    np.testing.assert_array_equal(Minibatches(training, 0, [8]).draw()[0], epochs[0][1][:16])


def test_cells_share_data_and_minibatches() -> None:
    one, two = make_cell(), make_cell({"depth": 1, "width": 30}, optimizer="adam", learning_rate=[1, 2], steps=5)
    here, there = sets(training_of(one), 7, "float64"), sets(training_of(two), 7, "float64")
    assert here.inputs.tobytes() == there.inputs.tobytes()
    assert here.test_targets.tobytes() == there.test_targets.tobytes()
    assert len(here.inputs) == 80
    assert len(here.test_inputs) == 20
    other = sets(training_of(one), 8, "float64")
    assert not np.array_equal(here.inputs, other.inputs)


def test_accuracy_is_the_share_of_labels_said() -> None:
    cell = make_cell(steps=60, learning_rate=0.5)
    found = train(cell, [0])
    data = sets(training_of(cell), 0, "float64")
    assert found.curves[0, 0, -1, 3] == np.mean(found.answers[0, 0] == data.test_targets)
    assert found.curves[0, 0, -1, 1] > 0.9 > 0.8 > found.curves[0, 0, 0, 1]
