"""The settings of a `training:` section put together: sizes that fit the data, steps that fit one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..spec import Training
from ..values import frozen
from .document import Place, locate
from .messages import refused
from .schema_training import MAX_STEPS
from .settings import BAD, TRAINING, Point, Settings

ROWS = 100
"""Rows of training.csv for one seed, roughly, where the config does not say how often to record."""


@frozen
class _Section:
    """The section at one point of the grid. own: the value of each of its keys."""

    settings: Settings
    point: Point
    own: dict[str, Any]
    tell: Callable[[Place, str, str], None]

    def note(self, key: str, message: str) -> None:
        self.tell(self.point[TRAINING + key].place, TRAINING + key, message)

    def place(self, key: str) -> Place:
        """Where a key stands; of one that is swept the key in the sweep, not each of its values."""
        place = self.point[TRAINING + key].place
        return self.settings.places.get(TRAINING + key, place) if self.swept(key) else place

    def swept(self, key: str) -> bool:
        return self.point[TRAINING + key] is not self.settings.base.get(TRAINING + key)

    def given(self, key: str) -> bool:
        return self.swept(key) or TRAINING + key in self.settings.given


def training_of(
    settings: Settings, point: Point, values: dict[str, Any], note: Callable[[Place, str, str], None]
) -> Training | None:
    """The training of a full set of settings; None, with every problem noted, where it does not hold."""
    own = {key.removeprefix(TRAINING): value for key, value in values.items() if key.startswith(TRAINING)}
    if any(value is BAD for value in own.values()) or not {"data", "learning_rate"} <= own.keys():
        return None
    section = _Section(settings, point, own, note)
    examples = own["data"].shape.examples
    test = round(own["test_fraction"] * examples)
    steps = _steps(section, examples - test)
    good = all(
        [
            _batch_fits(section, examples, test),
            _loss_fits(section),
            steps is not None and _measured_fits(section, steps),
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


def _steps(section: _Section, examples: int) -> int | None:
    """How many updates; an epoch is as many whole batches as there are."""
    steps, epochs = section.own["steps"], section.own["epochs"]
    if (steps is None) == (epochs is None):
        if steps is None:
            section.tell(section.place("data"), "training", "needs either steps or epochs; here is none")
        else:
            key, way = _one_too_many(section)
            section.tell(section.place(key), "training", f"needs either steps or epochs; here is both; {way}")
        return None
    if steps is None:
        steps = epochs * max(1, examples // section.own["batch_size"])
        if steps > MAX_STEPS:
            section.note("epochs", f"{epochs} epochs are {steps} steps; at most {MAX_STEPS} are allowed")
            return None
    return int(steps)


def _one_too_many(section: _Section) -> tuple[str, str]:
    """Of steps and epochs, where there are both: the one to point at, and what to do. What is swept is meant."""
    swept = [key for key in ("epochs", "steps") if section.swept(key)]
    if len(swept) != 1:
        return "epochs", "remove one, or write null for it"
    other = "steps" if swept == ["epochs"] else "epochs"
    return swept[0], f"remove {other}, or write {other}: null"


def _batch_fits(section: _Section, examples: int, test: int) -> bool:
    train, size = examples - test, section.own["batch_size"]
    if train < 1:
        what = f"leaves nothing to train on: {test} of {examples} examples are kept for testing"
        section.note("test_fraction", what)
    elif size > train and section.given("batch_size"):
        node = section.point["training.batch_size"]
        section.note("batch_size", refused(node, f"{train} examples are trained on; a batch has at most as many"))
    elif size > train:
        key = "test_fraction" if size <= examples and section.given("test_fraction") else "data"
        place, _ = locate(section.point[TRAINING + key], ("examples",))  # of data, where they are given
        what = f"the default batch_size, {size}, is more than the {train} examples trained on"
        section.tell(place, TRAINING + key, f"{what}; write batch_size: {train}")
    return bool(1 <= size <= train)


def _loss_fits(section: _Section) -> bool:
    data, loss = section.own["data"], section.own["loss"]
    if loss.record.classes and not data.record.classes:
        section.note("data", f"{data.name} has numbers, {loss.name} needs labels; write loss: mean_squared_error")
        return False
    return True


def _measured_fits(section: _Section, steps: int) -> bool:
    late = [step for step in section.own["measure_at"] or () if step > steps]
    if late:
        section.note("measure_at", f"step {late[0]} is beyond the last one, {steps}")
    return not late


def _measured(given: list[int] | None, steps: int) -> tuple[int, ...]:
    """The steps at which layers are measured: those given, or 0, the powers of ten and the last."""
    if given is not None:
        return tuple(sorted(set(given)))
    powers = (10**k for k in range(len(str(steps))))
    return tuple(sorted({0, *(power for power in powers if power <= steps), steps}))
