"""Data sets, optimizers and losses: what their records say holds, and `list` and `explain` show it."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from initbench.catalogue.facts import REGISTRIES, explain_name, facts_of_kind
from initbench.catalogue.training import DATASETS, LOSSES, OPTIMIZERS, Data, Loss, Optimizer
from initbench.cli.main import app


def data(name: str, **params: Any) -> Data:
    return Data(*DATASETS.bind(name, params))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("record", DATASETS, ids=lambda record: record.name)
def test_examples_are_what_the_shape_says(record: Any) -> None:
    """Mean squares are 1 within a twentieth: 1000 examples of 2 to 64 features have a standard error of 0.03."""
    if record.name == "digits":
        pytest.importorskip("sklearn")
    chosen = data(record.name)
    found, shape = chosen.draw(rng()), chosen.shape
    assert found.inputs.shape == (shape.examples, shape.features)
    assert np.mean(found.inputs**2) == pytest.approx(1, rel=0.12)
    if record.classes:
        assert found.targets.shape == (shape.examples,)
        counts = np.bincount(found.targets, minlength=shape.outputs)
        assert len(counts) == shape.outputs
        assert counts.min() > 0.9 * counts.mean()
    else:
        assert found.targets.shape == (shape.examples, shape.outputs)
    again, other = chosen.draw(rng()), chosen.draw(rng(1))
    assert again.inputs.tobytes() == found.inputs.tobytes()
    assert not np.array_equal(other.targets, found.targets)
    assert pickle.loads(pickle.dumps(chosen)) == chosen


def test_classes_are_as_far_apart_as_they_say() -> None:
    """The distance of a class mean from 0, before scaling: a standard error of 1 / sqrt(10000)."""
    found = data("gaussian_classes", classes=2, features=3, examples=20_000, separation=5.0).draw(rng())
    scale = math.sqrt(1 + 25 / 3)
    for label in (0, 1):
        mean = scale * found.inputs[found.targets == label].mean(axis=0)
        assert np.linalg.norm(mean) == pytest.approx(5, abs=0.05)


def test_a_linear_teacher_is_linear_and_noise_is_added() -> None:
    found = data("teacher_student", hidden=0, features=4, outputs=2).draw(rng())
    _, rest, *_ = np.linalg.lstsq(found.inputs, found.targets, rcond=None)
    assert rest.max() < 1e-20
    assert np.mean(found.targets**2) == pytest.approx(1)
    noisy = data("teacher_student", hidden=0, features=4, outputs=2, noise=0.5).draw(rng())
    _, rest, *_ = np.linalg.lstsq(noisy.inputs, noisy.targets, rcond=None)
    assert rest / 1000 == pytest.approx([0.25, 0.25], rel=0.2)


def test_spirals_wind_apart() -> None:
    """Without noise, one arm is the other turned by half a turn, and no point of one lies on the other."""
    found = data("two_spirals", noise=0.0, turns=1.5, examples=2000).draw(rng())
    radius, angle = np.linalg.norm(found.inputs, axis=1), np.arctan2(found.inputs[:, 1], found.inputs[:, 0])
    expected = 3 * np.pi * radius / 2 + np.pi * found.targets
    np.testing.assert_allclose(np.cos(angle), np.cos(expected), atol=1e-9)


def test_kinds_and_names() -> None:
    assert {"datasets", "optimizers", "losses"} <= set(REGISTRIES)
    for kind, registry in (("datasets", DATASETS), ("optimizers", OPTIMIZERS), ("losses", LOSSES)):
        facts, broken = facts_of_kind(kind, 8, 8)
        assert [fact["name"] for fact in facts] == [record.name for record in registry]
        assert all(fact["source"] and fact["purpose"] and fact["equation"] for fact in facts)
        assert broken == []
    assert {fact["kind"] for fact in explain_name("digits", 8, 8, {})} == {"input", "dataset"}
    assert explain_name("mse", 8, 8, {})[0]["name"] == "mean_squared_error"


def test_the_commands_show_them() -> None:
    listed = CliRunner().invoke(app, ["list", "optimizers", "--json"])
    assert [fact["name"] for fact in json.loads(listed.stdout)] == ["sgd", "momentum", "adam"]
    explained = CliRunner().invoke(app, ["explain", "adam"])
    assert "Kingma" in explained.stdout
    assert "beta1" in explained.stdout


def test_choices_travel() -> None:
    for choice in (Optimizer(*OPTIMIZERS.bind("adam", {"beta1": 0.5})), Loss(*LOSSES.bind("mse", {}))):
        assert pickle.loads(pickle.dumps(choice)) == choice
    assert Optimizer(*OPTIMIZERS.bind("adam", {"beta1": 0.5})).label == "adam(beta1=0.5)"
