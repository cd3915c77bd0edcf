"""`expect:` what claims turn into. How they are refused is among the bad configs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from initbench.config.evidence import COLUMNS
from initbench.errors import Problem
from initbench.spec import Expectation, Experiment

Read = Callable[..., Experiment]
BASE = (
    "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"
    "sweep: {grid: {network.depth: [3, 5], network.initializer: [he_normal, {name: normal, stddev: 1.0}]}}\n"
    "expect:\n"
)


def claim(read_config: Read, text: str) -> Expectation:
    (found,) = read_config(BASE + f"  - {text}\n").expect
    return found


def test_the_defaults_and_the_place(read_config: Read) -> None:
    assert claim(read_config, "{name: a b, metric: act_q, at_least: 2}") == Expectation(
        name="a b",
        where=(),
        metric="act_q",
        layer="last",
        over="mean",
        test="at_least",
        target=(2.0,),
        refuted=False,
        line=4,
        column=5,
    )


@pytest.mark.parametrize(
    ("test", "name", "target"),
    [
        ("between: [0.5, 2]", "between", (0.5, 2.0)),
        ("between: [2, 2]", "between", (2.0, 2.0)),
        ("at_least: -1e-3", "at_least", (-0.001,)),
        ("at_most: 0", "at_most", (0.0,)),
        ("equals: 0", "equals", (0.0,)),
        ("near: {value: 1, stderr: 4}", "near", (1.0, 4.0)),
        ("near_theory: 4", "near_theory", (4.0,)),
    ],
)
def test_tests(read_config: Read, test: str, name: str, target: tuple[float, ...]) -> None:
    found = claim(read_config, f"{{name: a, metric: act_q, {test}}}")
    assert (found.test, found.target) == (name, target)
    assert all(isinstance(number, float) for number in found.target)


def test_where_layer_over_and_claim(read_config: Read) -> None:
    found = claim(
        read_config,
        "{name: a, where: {network.depth: 5, network.initializer: {name: normal, stddev: 1}}, metric: act_q, "
        "layer: 5, over: sd, at_most: 1, claim: refuted}",
    )
    assert found.where == (("network.depth", "5"), ("network.initializer", "normal(stddev=1)"))
    assert (found.layer, found.over, found.refuted) == (5, "sd", True)


def test_what_a_paper_says_is_kept(read_config: Read) -> None:
    texts = {"": (None, False), ", published: 0.25": (0.25, False), ", published_root: 0.5": (0.5, True)}
    for text, wanted in texts.items():
        found = claim(read_config, f"{{name: a, metric: act_q, at_most: 1{text}}}")
        assert (found.published, found.of_root) == wanted


def test_where_takes_the_text_of_the_tables_too(read_config: Read) -> None:
    found = claim(read_config, "{name: a, where: {network.initializer: normal(stddev=1)}, metric: act_q, at_most: 1}")
    assert found.where == (("network.initializer", "normal(stddev=1)"),)


@pytest.mark.parametrize("layer", ["first", "last", "all", "0", "3"])
def test_layers(read_config: Read, layer: str) -> None:
    found = claim(read_config, f"{{name: a, metric: act_q, at_most: 1, layer: {layer}}}")
    assert found.layer == (int(layer) if layer.isdigit() else layer)


def test_layers_are_those_of_the_cells_that_are_meant(
    read_config: Read, problems: Callable[..., tuple[Problem, ...]]
) -> None:
    text = "{name: a, metric: act_q, at_most: 1, layer: 5%s}"
    assert claim(read_config, text % ", where: {network.depth: 5}").layer == 5
    (problem,) = problems(BASE + "  - " + text % "" + "\n")
    assert "a layer from 0, the input, to 3" in problem.message


@pytest.mark.parametrize("column", COLUMNS)
def test_columns_of_cells(read_config: Read, column: str) -> None:
    words = COLUMNS[column]
    test = "at_least: 0" if words is None else f"equals: {words[0] if words else 'overflow'}"
    found = claim(read_config, f"{{name: a, metric: {column}, {test}}}")
    assert found.metric == column


def test_excluded_combinations_are_no_cells(problems: Callable[..., tuple[Problem, ...]]) -> None:
    text = BASE.replace("}}\n", "}, exclude: [{network.depth: 3, network.initializer: he_normal}]}\n")
    claim = "{name: a, where: {network.depth: 3, network.initializer: he_normal}, metric: act_q, at_most: 1}"
    (problem,) = problems(text.replace("stddev: 1.0}]}}", "stddev: 1.0}]}}") + f"  - {claim}\n")
    assert "no cell of the grid has all of these values" in problem.message


def test_a_broken_grid_does_not_make_claims_wrong(problems: Callable[..., tuple[Problem, ...]]) -> None:
    claim = "  - {name: a, where: {network.depth: 5}, metric: act_q, at_most: 1}\n"
    (problem,) = problems(BASE.replace("[3, 5]", "[3, five]") + claim)
    assert problem.key == "network.depth"
    (problem,) = problems(BASE.replace("grid: {", "grid: [{").replace("}]}}\n", "}]}]}\n") + claim)
    assert problem.key == "sweep.grid"
    (problem,) = problems(BASE.replace("relu", "rleu") + claim)
    assert problem.key == "network.activation"


@pytest.mark.parametrize(
    ("rest", "test"),
    [
        ("seeds: 2", "near: {value: 1, stderr: 3}"),
        ("seeds: 1", "between: [0, 1]"),
        ("seeds: 1", "over: mean, near_theory: 3"),  # theory knows the spread of a single network
        ("seeds: 1", "over: max, at_most: 1"),
        ("output: {layers: true}", "over: max, at_most: 1"),
        ("output: {layers: false}", "over: median, at_most: 1"),
        ("output: {layers: false}", "over: mean, near: {value: 1, stderr: 3}"),
    ],
)
def test_what_can_be_judged_is_accepted(read_config: Read, rest: str, test: str) -> None:
    assert claim(read_config, f"{{name: a, metric: act_q, {test}}}\n{rest}").metric == "act_q"


def test_a_wrong_number_of_seeds_is_not_taken_for_one(problems: Callable[..., tuple[Problem, ...]]) -> None:
    text = "seeds: one\n" + BASE + "  - {name: a, metric: act_q, near: {value: 1, stderr: 3}}\n"
    (problem,) = problems(text)
    assert problem.key == "seeds"
