"""Every shipped config says what it shows, runs, and shows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from initbench.config import json_schema
from initbench.lab.plan import open_experiment
from initbench.lab.runner import run

ROOT = Path(__file__).parents[1]
ALL = sorted((ROOT / "configs").rglob("*.yaml"))
LONG = [path for path in ALL if path.parent.name == "full" or path.stem == "trainability"]
"""Those that take minutes: run by `pytest -m slow`."""
CONFIGS = [path for path in ALL if path not in LONG]
RAN = os.environ.get("INITBENCH_RAN")
"""Where CI has run some of them already: what is stored there is not computed again."""


@pytest.mark.parametrize(
    "path", [*CONFIGS, *(pytest.param(path, marks=pytest.mark.slow) for path in LONG)], ids=lambda path: path.stem
)
def test_its_claims_hold(path: Path) -> None:
    experiment = open_experiment(path)
    assert experiment.name == path.stem
    assert len(experiment.description) > 40
    assert experiment.expect, "a config that is shipped claims something"
    stored = Path(RAN) / path.stem if RAN else None
    result = run(experiment, stored if stored and stored.is_dir() else None)
    assert [outcome.message for outcome in result.outcomes if outcome.status != "passed"] == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_schema_accepts_it(path: Path) -> None:
    import yaml

    Draft7Validator(json_schema()).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("glorot_relu", "network.initializer=he_normal"),
        ("he_relu", "network.activation=tanh"),
        ("tiny_normal", "network.width=128"),
        ("zeros", "network.initializer={name: normal, stddev: 0.1}"),
        ("constant", "input.resample=true"),
        ("ones250", "input.features=125"),
        ("torch_linear", "network.initializer=torch:kaiming_normal_"),
        ("orthogonal", "network.activation=tanh"),
        ("identity", "network.initializer={name: identity, gain: 0.9}"),
        ("symmetry", "training.learning_rate=1e-6"),
        ("he-versus-glorot-training", "network.activation=tanh"),
        ("seeds-differ", "training.steps=1"),
    ],
)
def test_its_claims_fail_for_another_network(name: str, override: str) -> None:
    """Expectations that hold whatever is run would show nothing."""
    path = next(path for path in CONFIGS if path.stem == name)
    assert any(outcome.status == "failed" for outcome in run(open_experiment(path, [override])).outcomes)
