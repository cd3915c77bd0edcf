"""The `training:` section: what it comes to, what is wrong with it, and that cells without it are what they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initbench.config import load
from initbench.errors import ConfigError, Problem
from initbench.lab.plan import open_experiment, plan
from initbench.spec import Experiment, Training

Read = Callable[..., Experiment]
B = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"
T = B + "training: {data: gaussian_classes, learning_rate: 0.1, steps: 100%s}\n"


def training(experiment: Experiment, cell: int = 0) -> Training:
    found = experiment.cells[cell].cell.training
    assert found is not None
    return found


def test_cells_that_do_not_train_are_known_by_the_names_they_always_had() -> None:
    """The README's sweep: a store filled before there was training serves."""
    normal = {"name": "normal", "stddev": 0.05}
    grid = {"network.initializer": ["he_normal", normal], "network.depth": [10, 30]}
    network = {"depth": 30, "width": 256, "activation": "relu", "initializer": "he_normal"}
    experiment = open_experiment({"name": "mine", "network": network, "seeds": 40, "sweep": {"grid": grid}})
    ids = [planned.id for planned in plan(experiment)]
    assert ids == ["4dabcadddc26705e", "2e49702d8cd7053f", "45ecb1900aa68756", "35a152165e00b786"]


def test_defaults(read_config: Read) -> None:
    experiment = read_config(T % "")
    cell, found = experiment.cells[0].cell, training(experiment)
    assert cell.batch.features == cell.network.features == found.data.shape.features == 16
    assert (found.optimizer.name, found.loss.name, found.readout.name) == ("sgd", "cross_entropy", "lecun_normal")
    assert (found.learning_rates, found.batch_size, found.test_examples, found.examples) == ((0.1,), 64, 200, 800)
    assert found.measure_at == (0, 1, 10, 100)
    assert found.recorded == tuple(range(101))
    assert "training" not in read_config(B).resolved


@pytest.mark.parametrize(
    ("more", "steps", "recorded"),
    [(", batch_size: 300, epochs: 3", 6, 7), (", batch_size: 800, epochs: 3", 3, 4), (", epochs: 50", 600, 101)],
)
def test_an_epoch_is_as_many_whole_batches_as_there_are(
    read_config: Read, more: str, steps: int, recorded: int
) -> None:
    found = training(read_config((T % more).replace("steps: 100, ", "")))
    assert (found.steps, len(found.recorded)) == (steps, recorded)
    assert {0, 1, steps} <= set(found.measure_at)
    assert found.recorded[-1] == steps


def test_every_part_of_it_is_part_of_the_cell(read_config: Read) -> None:
    changes = [
        *("", ", loss: mse", ", optimizer: momentum", ", optimizer: {name: momentum, momentum: 0.5}"),
        *(", batch_size: 8", ", test_fraction: 0.5", ", measure_at: [3]", ", record_every: 50"),
        *(", readout: {initializer: zeros}", ", epochs: null, optimizer: adam"),
    ]
    texts = [T % change for change in changes]
    texts += [texts[0].replace("steps: 100", "steps: 99"), texts[0].replace("0.1", "[0.1, 1]")]
    texts += [texts[0].replace("gaussian_classes", "{name: gaussian_classes, separation: 3}"), B]
    ids = {plan(read_config(text))[0].id for text in texts}
    assert len(ids) == len(texts)
    assert plan(read_config(texts[0]))[0].choice.engine == "dense"


def test_it_is_swept_like_anything_else(read_config: Read) -> None:
    grid = "sweep: {grid: {training.learning_rate: [0.1, [0.1, 1]], training.optimizer: [sgd, adam],\n"
    grid += "  training.data.separation: [1, 2]},\n"
    grid += "  zip: [{training.steps: [5, 6], training.readout.initializer: [zeros, ones]}]}\n"
    experiment = read_config((T % "").replace("learning_rate: 0.1, ", "") + grid)
    assert len(experiment.cells) == 16
    last = training(experiment, -1)
    assert (last.learning_rates, last.optimizer.name, last.steps) == ((0.1, 1.0), "adam", 6)
    assert (last.readout.name, dict(last.data.params)["separation"]) == ("ones", 2.0)
    assert experiment.cells[-1].label == (
        "learning_rate=[0.1, 1], optimizer=adam, separation=2, steps=6, initializer=ones"
    )


def test_the_resolved_config_is_the_same_experiment(tmp_path: Path, read_config: Read) -> None:
    grid = "sweep: {grid: {training.optimizer: [sgd, {name: adam, beta1: 0.5}]}}\n"
    one = read_config((T % ", measure_at: [0, 7], readout: {initializer: {name: normal, stddev: 2}}") + grid)
    (tmp_path / "resolved.yaml").write_text(one.resolved)
    two = load(tmp_path / "resolved.yaml")
    assert two.cells == one.cells
    assert two.resolved == one.resolved


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        (B + "training: {}\n", "training", "training.data: missing"),
        (T % ", epochs: 3", "3}", "either steps or epochs; here is both"),
        ((T % "").replace(", steps: 100", ""), "gaussian", "either steps or epochs; here is none"),
        (T % ", batch_size: 801", "801", "800 examples are trained on; a batch has at most as many"),
        (T % ", test_fraction: 0.95", "0.95", "64, is more than the 50 examples trained on; write batch_size: 50"),
        ((T % "").replace("gaussian_classes", "{name: gaussian_classes, examples: 10}"), "10}", "write batch_size: 8"),
        ((T % "") + "sweep: {grid: {training.test_fraction: [0, 0.95]}}\n", "0.95", "write batch_size: 50"),
        (
            (T % "") + "sweep: {grid: {training.data.examples: [80, 10]}}\n",
            "10]",
            "training.data: the default batch_size",
        ),
        (T % ", epochs: 3", "3}", "here is both; remove one, or write null for it"),
        (T % ", test_fraction: 0.9999", "0.9999", "leaves nothing to train on: 1000 of 1000"),
        (T % ", measure_at: [1, 101]", "[1", "step 101 is beyond the last one, 100"),
        (T % ", optimizer: adm", "adm", "did you mean 'adam'?"),
        (T % ", loss: huber", "huber", "is not one of the losses"),
        (T % ", readout: {initialiser: zeros}", "initialiser", "did you mean 'initializer'?"),
        ((T % "").replace("gaussian_classes", "teacher_student"), "teacher", "teacher_student has numbers"),
        ((T % "") + "input: {features: 3}\n", "3}", "gaussian_classes has 16 features to train on"),
        ((T % "") + "sweep: {grid: {input.features: [16, 3, 4]}}\n", "4]", "gaussian_classes has 16 features"),
    ],
)
def test_problems_are_said_where_they_stand(
    problems: Callable[..., tuple[Problem, ...]], text: str, at: str, message: str
) -> None:
    found = problems(text)
    lines = text.splitlines()
    assert any(
        message in str(problem) and lines[problem.line - 1][problem.column - 1 :].startswith(at) for problem in found
    )


@pytest.mark.parametrize(("fixed", "swept"), [("steps: 100", "epochs"), ("epochs: 9", "steps")])
def test_steps_swept_beside_epochs_are_said_once_with_a_way_out(
    read_config: Read, problems: Callable[..., tuple[Problem, ...]], fixed: str, swept: str
) -> None:
    key = fixed.partition(":")[0]
    text = (T % "").replace("steps: 100", fixed) + f"sweep: {{grid: {{training.{swept}: [5, 10]}}}}\n"
    (found,) = problems(text)
    assert text.splitlines()[found.line - 1][found.column - 1 :].startswith(f"training.{swept}")
    assert f"here is both; remove {key}, or write {key}: null" in found.message
    for way in ("", f"{key}: null"):
        steps = [training(read_config(text.replace(fixed, way)), cell).steps for cell in (0, 1)]
        assert steps == ([60, 120] if swept == "epochs" else [5, 10])


def test_training_needs_every_weight() -> None:
    config = {
        "network": {"depth": 2, "width": 256, "activation": "relu", "initializer": "he_normal"},
        "training": {"data": "two_spirals", "learning_rate": 1, "steps": 1},
        "input": {"batch_size": 4},
    }
    (planned,) = plan(open_experiment(config))
    assert planned.choice.engine == "dense"
    with pytest.raises(ConfigError, match="training needs every weight"):
        open_experiment(config | {"engine": "implicit"})


CLAIM = "expect:\n  - {name: a, %s}\n"


@pytest.mark.parametrize(
    "claim",
    [
        "metric: final_accuracy, at_least: 0.5",
        "metric: test_loss, at_most: 1",
        "metric: test_loss, step: last, at_most: 1",
        "metric: gradient_norm, step: 1, over: median, at_most: 1",
        "metric: distinct_units, step: 10, layer: first, equals: 1",
        "metric: act_q, step: first, layer: all, over: max, at_most: 9",
        "metric: loss, step: last, near: {value: 1, stderr: 3}",
    ],
)
def test_claims_about_training(read_config: Read, claim: str) -> None:
    text = (T % "") + CLAIM % claim
    (found,) = read_config(text).expect
    assert found.step == ({"last": "last", "first": "first"} | {"1": 1, "10": 10}).get(
        claim.partition("step: ")[2].partition(",")[0]
    )
    (again,) = read_config(read_config(text).resolved).expect
    assert (again.metric, again.step, again.layer) == (found.metric, found.step, found.layer)


@pytest.mark.parametrize(
    ("claim", "trains", "message"),
    [
        ("metric: final_accuracy, at_least: 0.5", False, "nothing is trained"),
        ("metric: act_q, step: last, at_least: 0.5", False, "nothing is trained"),
        ("metric: loss, at_most: 1", True, "add step: last, first or a number"),
        ("metric: final_loss, step: last, at_most: 1", True, "leave step out"),
        ("metric: verdict, step: last, equals: stable", True, "leave step out"),
        ("metric: loss, step: 101, at_most: 1", True, "one of 0, 1, 2"),
        ("metric: act_q, step: 2, at_most: 1", True, "one of 0, 1, 10, 100 (training.measure_at sets them)"),
        ("metric: act_q, step: last, near_theory: 3", True, "theory predicts networks as they start"),
        ("metric: loss, step: last, layer: 1, at_most: 1", True, "leave layer out"),
        ("metric: accurcy, step: last, at_most: 1", True, "did you mean 'accuracy'?"),
        ("metric: act_q, step: -1, at_most: 1", True, "one of 0, 1"),
        ("metric: act_q, step: end, at_most: 1", True, "a step's number, first or last"),
    ],
)
def test_claims_that_cannot_be_judged(
    problems: Callable[..., tuple[Problem, ...]], claim: str, trains: bool, message: str
) -> None:
    found = problems((T % "" if trains else B) + CLAIM % claim)
    assert any(message in str(problem) for problem in found), found


MSE, TEACHER = ", loss: mse", ", loss: mse, data: teacher_student"
NO_TESTS = ", test_fraction: 0"
SWEPT = "}\nsweep: {grid: {training.%s}} #"


@pytest.mark.parametrize(
    ("more", "metric", "message"),
    [
        (TEACHER, "accuracy, step: last", "needs labels, and the data has numbers; use loss"),
        (TEACHER, "final_accuracy", "and the data has numbers; use final_loss"),
        (TEACHER, "test_accuracy, step: first", "use test_loss"),
        (NO_TESTS, "test_loss", "test_loss needs test examples, and none are kept; raise test_fraction"),
        (NO_TESTS, "test_loss, step: last", "none are kept; raise test_fraction"),
        (NO_TESTS, "test_accuracy", "none are kept; raise test_fraction"),
        (NO_TESTS, "disagreement", "disagreement needs test examples, and none are kept; raise test_fraction"),
        ("}\nseeds: 1 #", "disagreement", "one seed has nothing to disagree with; write seeds: 2 or more"),
        ("}\nseeds: [7] #", "disagreement", "write seeds: 2 or more"),
        (
            MSE + SWEPT % "data: [two_spirals, teacher_student]",
            "accuracy, step: 1",
            "use loss, or choose cells with where",
        ),
        (SWEPT % "test_fraction: [0, 0.1]", "test_loss", "none are kept; choose cells with where"),
    ],
)
def test_claims_about_what_will_not_be_there(
    problems: Callable[..., tuple[Problem, ...]], more: str, metric: str, message: str
) -> None:
    text = T % more
    if "data:" in more:
        text = text.replace("data: gaussian_classes, ", "")
    (found,) = problems(text + CLAIM % f"metric: {metric}, at_least: 0.5")
    assert found.key == "expect[0].metric"
    assert found.message.endswith(message)


def test_cells_that_have_it_can_be_chosen(read_config: Read) -> None:
    grid = "sweep: {grid: {training.data: [two_spirals, teacher_student], training.test_fraction: [0, 0.1]}}\n"
    for metric, where in (
        ("final_accuracy", "{training.data: two_spirals}"),
        ("disagreement", "{training.test_fraction: 0.1}"),
        ("test_accuracy, step: last", "{training.test_fraction: 0.1, training.data: two_spirals}"),
    ):
        read_config((T % MSE) + grid + CLAIM % f"metric: {metric}, where: {where}, at_least: 0.5")
    read_config((T % f"{MSE}{NO_TESTS}") + CLAIM % "metric: final_loss, at_least: 0.5")
    read_config((T % MSE) + CLAIM % "metric: final_accuracy, at_least: 0.5")
