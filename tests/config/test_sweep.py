"""The grid: order, generators, zips, excludes, includes, parameters, twins, and how many points there are."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from initbench.config.axes import read_axis, text_of, text_of_value
from initbench.config.document import Place, Scalar, plain
from initbench.config.messages import Findings
from initbench.config.reader import read
from initbench.errors import Problem
from initbench.spec import Experiment, GridCell, describe, short

Read = Callable[..., Experiment]
Problems = Callable[..., tuple[Problem, ...]]
BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"


def axes(experiment: Experiment) -> list[tuple[str, ...]]:
    return [tuple(text for _, text in cell.axes) for cell in experiment.cells]


def generated(text: str) -> list[Any]:
    findings = Findings()
    node = read(text, "f", findings)
    assert node is not None
    axis = read_axis("k", Place("f"), node, "k", findings)
    findings.raise_any()
    assert axis is not None
    values = [plain(value) for value in axis.values()]
    assert len(values) == axis.count
    return values


def test_no_sweep_is_one_cell_without_axes(read_config: Read) -> None:
    experiment = read_config(BASE)
    assert axes(experiment) == [()]
    assert experiment.axes == ()


def test_full_product_in_file_order_last_key_fastest(read_config: Read) -> None:
    experiment = read_config(BASE + "sweep: {grid: {network.width: [5, 4], network.depth: [2, 1]}}\n")
    assert experiment.axes == ("network.width", "network.depth")
    assert axes(experiment) == [("5", "2"), ("5", "1"), ("4", "2"), ("4", "1")]
    assert [cell.index for cell in experiment.cells] == [0, 1, 2, 3]
    assert [cell.cell.network.depth for cell in experiment.cells] == [2, 1, 2, 1]
    assert [cell.cell.network.layers[0].fan_out for cell in experiment.cells] == [5, 5, 4, 4]


def test_zip_walks_together_after_the_grid(read_config: Read) -> None:
    experiment = read_config(
        BASE + "sweep: {grid: {dtype: [float32, float64]}, zip: [{network.depth: [1, 2], network.width: [6, 7]}]}\n"
    )
    assert experiment.axes == ("dtype", "network.depth", "network.width")
    assert axes(experiment) == [
        ("float32", "1", "6"),
        ("float32", "2", "7"),
        ("float64", "1", "6"),
        ("float64", "2", "7"),
    ]


def test_exclude_drops_and_include_adds(read_config: Read) -> None:
    experiment = read_config(
        BASE
        + "sweep:\n  grid: {network.depth: [1, 2], network.activation: [relu, tanh]}\n"
        + "  exclude: [{network.depth: 2, network.activation: tanh}]\n"
        + "  include: [{network.depth: 9}, {network.width: 8}]\n"
    )
    assert experiment.axes == ("network.depth", "network.activation", "network.width")
    assert axes(experiment) == [
        ("1", "relu", "4"),
        ("1", "tanh", "4"),
        ("2", "relu", "4"),
        ("9", "relu", "4"),
        ("3", "relu", "8"),
    ]


def test_exclude_by_one_key_drops_all_its_cells(read_config: Read) -> None:
    text = "sweep: {grid: {network.depth: [1, 2], dtype: [float32, float64]}, exclude: [{network.depth: 2}]}\n"
    assert axes(read_config(BASE + text)) == [("1", "float32"), ("1", "float64")]


def test_required_keys_may_stand_in_the_sweep_alone(read_config: Read) -> None:
    experiment = read_config(
        "network: {width: 4, activation: relu}\n"
        "sweep: {grid: {network.depth: [2, 3], network.initializer: [zeros, ones]}}\n"
    )
    assert len(experiment.cells) == 4


def test_whole_entries_and_parameters_are_values(read_config: Read) -> None:
    experiment = read_config(
        BASE
        + "sweep:\n  grid:\n    network.initializer: [he_normal, {name: normal, stddev: 0.01}, [zeros, ones, ones]]\n"
        + "    network.width: [4, [4, 5, 6]]\n"
    )
    assert axes(experiment)[2:] == [
        ("normal(stddev=0.01)", "4"),
        ("normal(stddev=0.01)", "[4, 5, 6]"),
        ("[zeros, ones, ones]", "4"),
        ("[zeros, ones, ones]", "[4, 5, 6]"),
    ]
    last = experiment.cells[-1].cell.network.layers
    assert [(layer.fan_in, layer.fan_out, layer.initializer.name) for layer in last] == [
        (4, 4, "zeros"),
        (4, 5, "ones"),
        (5, 6, "ones"),
    ]


@pytest.mark.parametrize("base", ["normal", "{name: normal}", "{name: normal, mean: 1}", "{name: normal, stddev: 7}"])
def test_a_parameter_is_an_axis(read_config: Read, base: str) -> None:
    experiment = read_config(
        BASE.replace("he_normal", base) + "sweep: {grid: {network.initializer.stddev: [0.01, 1e-1]}}\n"
    )
    assert axes(experiment) == [("0.01",), ("0.1",)]
    stddevs = [dict(cell.cell.network.layers[0].initializer.params)["stddev"] for cell in experiment.cells]
    assert stddevs == [0.01, 0.1]


def test_a_parameter_completes_each_entry_of_its_axis(read_config: Read) -> None:
    text = "sweep: {grid: {network.initializer.gain: [1, 2], network.initializer: [he_normal, orthogonal]}}\n"
    experiment = read_config(BASE + text)
    choices = [cell.cell.network.layers[0].initializer for cell in experiment.cells]
    assert [(choice.name, dict(choice.params)["gain"]) for choice in choices] == [
        ("he_normal", 1.0),
        ("orthogonal", 1.0),
        ("he_normal", 2.0),
        ("orthogonal", 2.0),
    ]


def test_a_parameter_that_an_entry_does_not_take_is_told_once(problems: Problems) -> None:
    text = "sweep: {grid: {network.initializer: [he_normal, zeros], network.initializer.gain: [1, 2, 3]}}\n"
    (problem,) = problems(BASE + text)
    assert (problem.line, problem.column) == (2, 57)
    assert "zeros takes no parameters" in problem.message


def test_a_parameter_of_a_list_cannot_be_swept(problems: Problems) -> None:
    text = BASE.replace("he_normal", "[zeros, ones, ones]") + "sweep: {grid: {network.initializer.gain: [1]}}\n"
    (problem,) = problems(text)
    assert "is a list, one for each layer; its gain cannot be swept" in problem.message


def test_points_that_leave_a_parameter_out_show_its_default(read_config: Read) -> None:
    experiment = read_config(
        BASE
        + "sweep: {grid: {network.depth: [1]},\n"
        + "  include: [{network.initializer.gain: 3}, {network.initializer: zeros}]}\n"
    )
    assert experiment.axes == ("network.depth", "network.initializer.gain", "network.initializer")
    assert axes(experiment) == [("1", "1", "he_normal"), ("3", "3", "he_normal"), ("3", "", "zeros")]


def test_equal_cells_collapse_with_a_note(read_config: Read) -> None:
    text = "sweep: {grid: {network.initializer: [he_normal, kaiming_normal, {name: he_normal, gain: 1}, he_uniform]}}\n"
    experiment = read_config(BASE + text)
    assert axes(experiment) == [("he_normal",), ("he_uniform",)]
    assert [cell.index for cell in experiment.cells] == [0, 1]
    (note,) = experiment.notes
    assert "2 of 4 grid points are equal" in note
    assert "initializer=kaiming_normal is initializer=he_normal" in note


def test_equal_cells_are_those_of_equal_content(read_config: Read) -> None:
    text = (
        "sweep:\n  grid:\n"
        "    network.width: [4, [4, 4, 4], [4, 4, 5]]\n"
        "    network.bias: [zeros, none, [zeros, none, zeros], [zeros, zeros, zeros]]\n"
        "    engine: [auto, dense]\n    input.features: [null, 4, 5]\n    input.distribution: [gaussian, ones]\n"
    )
    experiment = read_config(BASE + text)
    # Which engine `auto` is, the config cannot tell.
    contents = [str(describe(cell.cell, cell.cell.engine)) for cell in experiment.cells]
    assert len(contents) == len(set(contents)) == 2 * 3 * 2 * 2 * 2


GENERATED: list[tuple[str, list[Any]]] = [
    ("{linspace: [0, 1, 3]}", [0, 0.5, 1]),
    ("{linspace: [0, 1, 11]}", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    ("{linspace: [10, 50, 5]}", [10, 20, 30, 40, 50]),
    ("{linspace: [1.0, 3, 3]}", [1.0, 2.0, 3.0]),
    ("{linspace: [5, 1, 2]}", [5, 1]),
    ("{linspace: [5, 9, 1]}", [5]),
    ("{logspace: [0, 3, 4]}", [1, 10, 100, 1000]),
    ("{logspace: [-3, 0, 4]}", [0.001, 0.01, 0.1, 1]),
    ("{logspace: [0, 1, 3]}", [1, 3.1622776601683795, 10]),
    ("{logspace: [-1.5, -1.5, 1]}", [0.03162277660168379]),
    ("{range: [2, 5]}", [2, 3, 4]),
    ("{range: [2, 9, 3]}", [2, 5, 8]),
    ("{range: [5, 2, -1]}", [5, 4, 3]),
    ("{range: [0, 0.5, 0.1]}", [0.0, 0.1, 0.2, 0.3, 0.4]),
    ("[1, a, [2], {name: b}]", [1, "a", [2], {"name": "b"}]),
]


@pytest.mark.parametrize(("text", "values"), GENERATED)
def test_generators(text: str, values: list[Any]) -> None:
    found = generated(text)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_logspace_is_the_nearest_float() -> None:
    values = generated("{logspace: [-7, 5, 37]}")
    for index, value in enumerate(values):
        assert math.isclose(math.log10(value), -7 + index / 3, abs_tol=1e-14)
    assert values[3] == 1e-6


def test_integers_of_a_generator_are_integers_of_the_setting(read_config: Read) -> None:
    experiment = read_config(BASE + "sweep: {grid: {network.depth: {logspace: [0, 2, 3]}}}\n")
    assert [cell.cell.network.depth for cell in experiment.cells] == [1, 10, 100]
    assert axes(experiment) == [("1",), ("10",), ("100",)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (1e22, "1e+22"),
        (12, "12"),
        ("none", "none"),
    ],
)
def test_text_of_values(value: object, text: str) -> None:
    assert text_of_value(value) == text
    assert text_of(Scalar(Place("f"), value, "")) == text  # type: ignore[arg-type]


HUGE = [
    "sweep: {grid: {network.depth: {linspace: [1, 2, 1000000000000000000000000000000]}}}\n",
    "sweep: {grid: {network.depth: {range: [0, 1000000000000000000000000000000]}}}\n",
    "sweep: {grid: {"
    + ", ".join(
        f"{key}: {{linspace: [1, 2, 1000000]}}"
        for key in ("network.depth", "network.width", "input.features", "input.batch_size", "network.initializer.gain")
    )
    + "}}\n",
]


@pytest.mark.parametrize("text", HUGE)
def test_huge_grids_are_counted_and_not_made(problems: Problems, text: str) -> None:
    start = time.process_time()
    (problem,) = problems(BASE + text)
    assert time.process_time() - start < 1
    assert "about 1e30 points, sweep.max_runs is 10000" in problem.message
    assert problem.line == 2


def test_max_runs(read_config: Read, problems: Problems) -> None:
    grid = "sweep: {grid: {network.depth: {range: [1, 101]}, network.width: {range: [1, 102]}}"
    (problem,) = problems(BASE + grid + "}\n")
    assert "has 10100 points, sweep.max_runs is 10000; raise sweep.max_runs" in problem.message
    assert len(read_config(BASE + grid + ", max_runs: 10100}\n").cells) == 10100


def test_values_are_judged_even_if_the_grid_is_too_large(problems: Problems) -> None:
    found = problems(
        BASE + "dtype: float16\nsweep: {grid: {network.dpeth: [1], input.features: {range: [1, 99999]}}}\n"
    )
    assert [problem.key for problem in found] == ["dtype", "sweep", "sweep.grid.network.dpeth"]


def test_ten_thousand_cells_take_a_moment(read_config: Read) -> None:
    grid = "sweep: {grid: {network.depth: {range: [1, 101]}, network.initializer.gain: {range: [1, 101]}}}\n"
    start = time.process_time()
    experiment = read_config(BASE + grid)
    assert len(experiment.cells) == 10_000
    assert time.process_time() - start < 10


def test_networks_together_are_bounded(problems: Problems) -> None:
    text = "sweep: {grid: {network.depth: [100000, 99999], network.width: {range: [1, 101]}}}\n"
    start = time.process_time()
    (problem,) = problems(BASE + text)
    assert time.process_time() - start < 10
    assert "more than 5000000 weight layers together" in problem.message


def test_the_same_fault_of_many_cells_is_told_once(problems: Problems) -> None:
    text = (
        BASE.replace("width: 4", "width: [4, 4, 4]")
        + "sweep: {grid: {network.depth: [3, 5], dtype: [float32, float64]}}\n"
    )
    (problem,) = problems(text)
    assert problem.line == 1
    assert problem.message == "has 3 entries, network.depth is 5 (in 2 of 4 cells)"


def test_faults_are_placed_at_the_value_of_the_grid(problems: Problems) -> None:
    found = problems(BASE + "sweep:\n  grid:\n    network.width:\n      - 4\n      - [1, 2]\n      - [1]\n")
    assert [(problem.line, problem.column) for problem in found] == [(6, 9), (7, 9)]


def test_labels(read_config: Read) -> None:
    cell = read_config(BASE + "sweep: {grid: {network.depth: [2], network.initializer.gain: [0.5]}}\n").cells[0]
    assert cell.label == "depth=2, gain=0.5"


def test_labels_tell_keys_apart_that_end_the_same() -> None:
    axes = ("network.initializer", "training.readout.initializer", "network.depth", "network.initializer.gain")
    assert [short(axis, axes) for axis in axes] == ["network.initializer", "readout.initializer", "depth", "gain"]
    cell = GridCell(0, tuple((axis, "1") for axis in axes), None)  # type: ignore[arg-type]
    assert cell.label == "network.initializer=1, readout.initializer=1, depth=1, gain=1"


def test_a_key_that_is_right_but_not_swept_is_no_misspelling_of_another(problems: Problems) -> None:
    text = BASE + "sweep: {grid: {network.width: [4, 5]}, exclude: [{network.initializer: he_normal}]}\n"
    (problem,) = problems(text)
    assert problem.message == "network.initializer is not swept (swept are network.width)"
    (problem,) = problems(text.replace("network.initializer", "network.widht"))
    assert "; did you mean 'network.width'?" in problem.message
