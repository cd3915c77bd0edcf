"""What networks learned, beside a baseline's: another training is found, another sample of the same one is not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_baselines import copied, edit, in_memory, kept
from lab_folders import without_checksums

from initbench import api
from initbench.lab.baselines import chance
from initbench.lab.baselines.baseline import drift, held_against
from initbench.lab.baselines.drift import Drift
from initbench.lab.baselines.side import Side

TRAINING: dict[str, Any] = {
    "data": {"name": "gaussian_classes", "classes": 3, "features": 8, "examples": 100},
    "learning_rate": 0.2,
    "steps": 30,
    "test_fraction": 0.2,
}
CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 2, "width": 8, "activation": "tanh", "initializer": "lecun_normal"},
    "seeds": 8,
    "metrics": ["act_q"],
    "training": TRAINING,
}
OTHER_SEEDS = list(range(20, 32))


def trained(**settings: Any) -> Side:
    """Results of a config with another training, in memory; `seeds`, `root_seed` and `network` are the config's own."""
    own = {key: settings.pop(key) for key in ("seeds", "root_seed", "network", "sweep") if key in settings}
    return in_memory(CONFIG | own | {"training": TRAINING | settings})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "x"
    api.run(CONFIG, folder, 1)
    return folder


@pytest.fixture(scope="module")
def here(made: Path) -> Side:
    return kept(made)


def what(found: Drift) -> set[str]:
    """What is off, without its place."""
    return {offence.place.split(",")[0] for offence in found.worst}


def test_another_learning_rate_is_another_training(here: Side) -> None:
    found = held_against(here, trained(learning_rate=1e-4))
    assert (found.mode, found.drifted) == ("statistical", True)
    assert {"geometric mean of final_loss", "geometric mean of test_loss", "mean of final_accuracy"} <= what(found)
    assert "all of" not in found.rule


@pytest.mark.parametrize("settings", [{"seeds": OTHER_SEEDS}, {"seeds": 5}])
def test_other_seeds_are_another_sample(here: Side, settings: dict[str, Any]) -> None:
    found = held_against(here, trained(**settings))
    assert (found.mode, found.drifted, found.left_out) == ("statistical", False, ())
    untrained = held_against(*(in_memory(CONFIG | one | {"training": None}) for one in ({}, settings)))
    assert found.comparisons == untrained.comparisons + 4
    assert "training but for its last losses and accuracies" in found.rule
    assert "training" not in untrained.rule


def test_another_set_of_examples_is_beyond_judgement(here: Side, made: Path, tmp_path: Path) -> None:
    """It is another one with another root seed, or where the inputs that layers are measured with say so."""
    why = ("1 cells: their networks learn one set of examples, and it is another one",)
    more = TRAINING["data"] | {"examples": 200}
    for settings in ({"learning_rate": 1e-4}, {"data": more}):
        assert held_against(here, trained(root_seed=1, **settings)).left_out == why

    def louder(row: dict[str, str]) -> None:
        if row["layer"] == "0":
            row["act_q"] = repr(float(row["act_q"]) * 1.01)

    there = copied(made, tmp_path / "there")
    edit(there / "training_layers.csv", louder)
    assert drift(made, there, statistical=True).left_out == why
    assert held_against(here, trained(data=more)).left_out == ()  # other data are another training


def test_another_best_learning_rate_is_a_choice_by_chance() -> None:
    both = trained(learning_rate=[0.2, 0.25])
    cells = both.results.cells[0].row
    assert not held_against(both, trained(learning_rate=[0.2, 0.25]), statistical=True).left_out
    other = trained(learning_rate=[0.2, 0.25])
    other.results.cells[0].row["learning_rate"] = 0.45 - cells["learning_rate"]  # type: ignore[index]
    found = held_against(both, other, statistical=True)
    assert found.left_out == ("1 cells: of the learning rates that were tried, another one came out best",)


@pytest.mark.parametrize(("seeds", "off"), [(8, True), (4, True), (3, False)])
def test_where_all_networks_diverged_and_none_did_before_is_drift(seeds: int, off: bool) -> None:
    """Of numbers there is no accuracy, which would be 0."""
    data = {"name": "teacher_student", "features": 8, "examples": 100}
    settings = {"seeds": seeds, "data": data, "loss": "mean_squared_error"}
    found = held_against(trained(**settings), trained(**settings, learning_rate=1e30))
    (lost,) = (offence for offence in found.worst if offence.place == "networks without a finite final_loss")
    assert (found.drifted, found.off > 0) == (off, off)
    assert ("by chance once in" not in lost.message) == off
    assert lost.message.startswith(f"networks without a finite final_loss: 0 here, {seeds} in the baseline")


def test_networks_that_diverged_are_counted(made: Path, tmp_path: Path) -> None:
    """Half of 8, and none of 8: that may be chance."""
    there = copied(made, tmp_path / "there")

    def change(row: dict[str, str]) -> None:
        if int(row["step"]) > 0 and int(row["seed"]) < 4:
            row["loss"] = row["test_loss"] = "nan"

    edit(there / "training.csv", change)
    found = drift(made, there, statistical=True)
    offences = {offence.place: offence for offence in found.worst}
    assert "networks without a finite final_loss" not in offences
    assert found.comparisons == drift(made, copied(made, tmp_path / "same"), statistical=True).comparisons + 2


def test_what_one_side_alone_learned_is_named(here: Side) -> None:
    found = held_against(here, trained(test_fraction=0))
    assert (found.only_here, found.only_there) == (("test_loss", "test_accuracy"), ())
    untrained = in_memory(CONFIG | {"training": None})
    found = held_against(untrained, here)
    assert found.only_there == ("final_loss", "final_accuracy", "test_loss", "test_accuracy")
    assert found.drifted


@pytest.mark.parametrize("who", ["this result", "the baseline"])
def test_without_the_table_it_is_said(made: Path, tmp_path: Path, who: str) -> None:
    shutil.copytree(made, tmp_path / "part")
    (tmp_path / "part" / "training.csv").unlink()
    pair = (made, tmp_path / "part") if who == "the baseline" else (tmp_path / "part", made)
    found = drift(*pair, statistical=True)
    assert (found.drifted, found.left_out) == (False, (f"training.csv: {who} does not keep it",))
    assert found.comparisons > 0


def test_too_few_networks_tell_nothing() -> None:
    found = held_against(trained(seeds=3), trained(seeds=3, learning_rate=1e-4))
    assert found.comparisons == 0
    assert found.left_out[0].endswith("means or ratios: of networks that are too few, or spread too far")


def test_networks_that_are_all_alike_may_differ_by_the_rounding_of_every_step(tmp_path: Path) -> None:
    """Zeros that see all examples in every step: nothing is random. 31 times 3e-6 is what rounding may make of it."""
    network = CONFIG["network"] | {"initializer": "zeros"}
    training = TRAINING | {"batch_size": 80, "readout": {"initializer": "zeros"}}
    api.run(CONFIG | {"network": network, "training": training}, tmp_path / "here", 1)
    for factor, drifted in ((1 + 5e-5, False), (1 + 5e-4, True)):
        there = copied(tmp_path / "here", tmp_path / str(factor))

        def change(row: dict[str, str], factor: float = factor) -> None:
            row["loss"] = repr(float(row["loss"]) * factor)

        edit(there / "training.csv", change)
        assert drift(tmp_path / "here", there, statistical=True).drifted == drifted


def test_a_loss_may_be_as_small_as_the_rounding_of_its_answers(tmp_path: Path) -> None:
    """Losses of 1e-13 where they started at 1 are all nothing; of 1e-6 they are not."""
    api.run(CONFIG, tmp_path / "here", 1)
    without_checksums(tmp_path / "here")
    for size, drifted in ((1e-13, False), (1e-6, True)):
        for name, factor in (("here", 1.0), (f"there-{size}", 100.0)):
            if name != "here":
                shutil.copytree(tmp_path / "here", tmp_path / name)

            def change(row: dict[str, str], size: float = size * factor) -> None:
                if row["step"] == str(TRAINING["steps"]):
                    row["loss"] = repr(size * (1 + 0.1 * int(row["seed"])))

            edit(tmp_path / name / "training.csv", change)
        assert drift(tmp_path / "here", tmp_path / f"there-{size}", statistical=True).drifted == drifted


@pytest.mark.parametrize("sizes", [(4, 4), (8, 8), (5, 40)])
def test_one_law_raises_no_more_alarms_than_promised(sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Promised: 1 in 20. Of 300 checks, more than 29 alarms come by chance once in 2,000 such tests. Losses spread by
    factors, accuracies are shares of 200 examples near 1, and one network in ten diverges."""
    monkeypatch.setattr(chance, "FALSE_ALARM", 0.05)
    rng = np.random.default_rng(3)
    discrete, grain = np.array([False, True]), np.array([[0.0, 1 / 200]])

    def sample(n: int) -> chance.Sample:
        values = np.stack([np.exp(1.5 * rng.standard_normal(n)), rng.binomial(200, 0.99, n) / 200], -1)
        values[rng.random(n) < 0.1] = [np.nan, 0.0]
        return chance.of_networks(values[:, None])

    alarms = 0
    for _ in range(300):
        tests = list(chance.of_samples(sample(sizes[0]), sample(sizes[1]), discrete, grain, np.zeros((1, 2))))
        level = chance.level_of(sum(test.count for test in tests))
        alarms += any((test.held("", ("loss", "accuracy"), level).shares > 1).any() for test in tests)
    assert alarms <= 29
