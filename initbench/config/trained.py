"""The settings of a `training:` section put together: sizes that fit the data, steps that fit one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..spec import Training
from .document import Place
from .messages import refused
from .schema_training import MAX_STEPS
from .settings import BAD, TRAINING, Point

ROWS = 100
"""Rows of training.csv for one seed, roughly, where the config does not say how often to record."""


def training_of(point: Point, values: dict[str, Any], note: Callable[[Place, str, str], None]) -> Training | None:
    """The training of a full set of settings; None, with every problem noted, where it does not hold."""
    own = {key.removeprefix(TRAINING): value for key, value in values.items() if key.startswith(TRAINING)}
    if any(value is BAD for value in own.values()) or not {"data", "learning_rate"} <= own.keys():
        return None
    examples = own["data"].shape.examples
    test = round(own["test_fraction"] * examples)
    steps = _steps(point, own, examples - test, note)
    good = all(
        [
            _batch_fits(point, own, examples, test, note),
            _loss_fits(point, own, note),
            steps is not None and _measured_fits(point, own, steps, note),
        ]
    )
    if steps is None or not good:
        return None
    rates = own["learning_rate"]
    return Training(
        data=own["data"],
        loss=own["loss"],
        optimizer=own["optimizer"],
        learning_rates=tuple(map(float, rates)) if isinstance(rates, list) else (float(rates),),
        steps=steps,
        batch_size=own["batch_size"],
        test_examples=test,
        readout=own["readout.initializer"],
        measure_at=_measured(own["measure_at"], steps),
        record_every=own["record_every"] or -(-steps // ROWS),
    )


def _steps(point: Point, own: dict[str, Any], examples: int, note: Callable[[Place, str, str], None]) -> int | None:
    """How many updates; an epoch is as many whole batches as there are."""
    steps, epochs = own["steps"], own["epochs"]
    if (steps is None) == (epochs is None):
        has = "none" if steps is None else "both"
        node = point["training.data" if steps is None else "training.epochs"]
        note(node.place, "training", f"needs either steps or epochs; here is {has}")
        return None
    if steps is None:
        steps = epochs * max(1, examples // own["batch_size"])
        if steps > MAX_STEPS:
            what = f"{epochs} epochs are {steps} steps; at most {MAX_STEPS} are allowed"
            note(point["training.epochs"].place, "training.epochs", what)
            return None
    return int(steps)


def _batch_fits(
    point: Point, own: dict[str, Any], examples: int, test: int, note: Callable[[Place, str, str], None]
) -> bool:
    train = examples - test
    if train < 1:
        key = "training.test_fraction"
        note(point[key].place, key, f"leaves nothing to train on: {test} of {examples} examples are kept for testing")
    elif own["batch_size"] > train:
        key, node = "training.batch_size", point["training.batch_size"]
        note(node.place, key, refused(node, f"{train} examples are trained on; a batch has at most as many"))
    return bool(1 <= own["batch_size"] <= train)


def _loss_fits(point: Point, own: dict[str, Any], note: Callable[[Place, str, str], None]) -> bool:
    if own["loss"].record.classes and not own["data"].record.classes:
        key, name, loss = "training.data", own["data"].name, own["loss"].name
        note(point[key].place, key, f"{name} has numbers, {loss} needs labels; write loss: mean_squared_error")
        return False
    return True


def _measured_fits(point: Point, own: dict[str, Any], steps: int, note: Callable[[Place, str, str], None]) -> bool:
    late = [step for step in own["measure_at"] or () if step > steps]
    if late:
        key = "training.measure_at"
        note(point[key].place, key, f"step {late[0]} is beyond the last one, {steps}")
    return not late


def _measured(given: list[int] | None, steps: int) -> tuple[int, ...]:
    """The steps at which layers are measured: those given, or 0, the powers of ten and the last."""
    if given is not None:
        return tuple(sorted(set(given)))
    powers = (10**k for k in range(len(str(steps))))
    return tuple(sorted({0, *(power for power in powers if power <= steps), steps}))
