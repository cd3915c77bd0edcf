"""How far a run is, in networks that are done and those that are being trained."""

from __future__ import annotations

from typing import Any

import pytest

from initbench import engine
from initbench.lab import runner
from initbench.lab.executors import Task
from initbench.lab.executors import tasks as tasks_
from initbench.lab.plan import open_experiment
from initbench.lab.tally import HowFar, Tally

CONFIG: dict[str, Any] = {
    "network": {"depth": 2, "width": 8, "activation": "tanh", "initializer": "lecun_normal"},
    "training": {"data": "two_spirals", "steps": 40, "batch_size": 20, "learning_rate": 0.1},
    "seeds": 6,
}


def test_networks_in_training_count_as_far_as_they_are() -> None:
    cell = open_experiment(CONFIG).cells[0].cell
    costs = {(0, 1): 4.0, (2, 3): 1.0, (4,): 3.0}
    tasks = [Task(0, cell, seeds, engine.BUDGET, seconds) for seeds, seconds in costs.items()]
    said: list[HowFar] = []
    tally = Tally(tasks, 8, said.append)
    tally.tell()
    tally.stepped(1, 10)
    tally.stepped(0, 20)
    tally.ended(1)
    tally.stepped(0, 30)
    tally.ended(0)
    assert said == [
        HowFar(3, 8),
        HowFar(3, 8, 0.5, 0.25 / 8, (10, 40)),
        HowFar(3, 8, 1.5, 2.25 / 8, (20, 40)),  # the first task's: those of the other are 10
        HowFar(5, 8, 1.0, 3 / 8, (20, 40)),
        HowFar(5, 8, 1.5, 4 / 8, (30, 40)),
        HowFar(7, 8, 0, 5 / 8),
    ]
    Tally(tasks, 8, None).stepped(0, 1)  # nobody listens


def test_a_run_tells_of_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks_, "TELL_SECONDS", 0.0)
    said: list[HowFar] = []
    experiment = open_experiment(CONFIG | {"seeds": 1})
    runner.run(experiment, None, 1, said.append)
    under_way = [HowFar(0, 1, step / 40, pytest.approx(step / 40), (step, 40)) for step in range(1, 41)]
    assert said == [HowFar(0, 1), *under_way, HowFar(1, 1, 0, 1)]
