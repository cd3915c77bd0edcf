"""`-s key=value`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from initbench.config import from_mapping
from initbench.errors import ConfigError, Problem
from initbench.spec import Experiment

Read = Callable[..., Experiment]
Problems = Callable[..., tuple[Problem, ...]]
BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"


def test_values_are_read_as_yaml(read_config: Read) -> None:
    experiment = read_config(
        BASE,
        "network.depth=5",
        "network.width=[1, 2, 3, 4, 5]",
        "network.initializer={name: normal, stddev: 1e-3}",
        "seeds = [7, 8]",
        "name=no",
        "description=a=b",
        "output.layers=false",
    )
    (cell,) = experiment.cells
    assert [layer.fan_out for layer in cell.cell.network.layers] == [1, 2, 3, 4, 5]
    assert dict(cell.cell.network.layers[0].initializer.params)["stddev"] == 0.001
    assert experiment.seeds == (7, 8)
    assert (experiment.name, experiment.description, experiment.keep_layers) == ("no", "a=b", False)


def test_a_later_override_wins(read_config: Read) -> None:
    assert read_config(BASE, "network.depth=5", "network.depth=6").cells[0].cell.network.depth == 6


def test_parameters_are_reached(read_config: Read) -> None:
    experiment = read_config(BASE, "network.initializer=normal", "network.initializer.stddev=0.5")
    assert experiment.cells[0].cell.network.layers[0].initializer.label == "normal(stddev=0.5)"
    experiment = read_config(BASE, "network.initializer.gain=0.5")
    assert experiment.cells[0].cell.network.layers[0].initializer.label == "he_normal(gain=0.5)"


def test_an_empty_value_is_null(read_config: Read) -> None:
    assert read_config(BASE + "description: x\n", "description=").description == ""


def test_the_grid_is_reached(read_config: Read) -> None:
    experiment = read_config(BASE, "sweep.grid={network.depth: [1, 2]}", "sweep.grid.network.width=[3, 4]")
    assert experiment.axes == ("network.depth", "network.width")
    assert len(experiment.cells) == 4
    experiment = read_config(BASE + "sweep: {grid: {network.depth: [1, 2]}}\n", "sweep.grid.network.depth=[8]")
    assert [cell.axes for cell in experiment.cells] == [(("network.depth", "8"),)]


def test_what_aliases_share_is_not_changed(read_config: Read) -> None:
    text = "network: {depth: 3, width: 4, activation: relu, initializer: &i {name: normal, stddev: 1}, bias: *i}\n"
    (layer, *_) = read_config(text, "network.initializer.stddev=2").cells[0].cell.network.layers
    assert layer.bias is not None
    assert (dict(layer.initializer.params)["stddev"], dict(layer.bias.params)["stddev"]) == (2.0, 1.0)


BAD = [
    ("network.depth=ten", "network.depth", "'ten' is not allowed here: an integer from 1 to 100000"),
    ("network.dpeth=3", "network.dpeth", "did you mean 'depth'?"),
    ("sedes=3", "sedes", "did you mean 'seeds'?"),
    ("network.depth", "", "an override is key=value"),
    ("=3", "", "is no dotted key"),
    (".=3", "", "is no dotted key"),
    ("network..depth=3", "", "is no dotted key"),
    ("network.depth=[1, 2", "network.depth", "not valid YAML"),
    ("network.depth=!!int 3", "network.depth", "tags are not allowed"),
    ("network.depth=a: b: c", "network.depth", "not valid YAML"),
    ("network.depth={a: 1, a: 2}", "network.depth.a", "stands here twice"),
    ("network.depth.x=3", "network.depth.x", "network.depth is 3, not a mapping"),
    ("dtype.x=3", "dtype", "{x: 3} is not allowed here: one of float32"),
    ("network.activation.slope=3", "network.activation.slope", "relu takes no parameters"),
    ("network.width=[1, 2]", "network.width", "has 2 entries, network.depth is 3"),
    ("network=3", "network", "3 is not allowed here: a mapping"),
    ("sweep.grid.network.dpeth=[3]", "sweep.grid.network.dpeth", "did you mean 'network.depth'?"),
    ("sweep.grid.network.depth=3", "sweep.grid.network.depth", "write [3]"),
    ("name=\x1b[31m", "name", "U+001B"),
    ("k" * 5000 + "=1", "", "is no dotted key"),
    ("name=" + "k" * 5000, "name", "letters, digits"),
    ("seeds=" + "[" * 5000, "seeds", "levels deep"),
]


@pytest.mark.parametrize(("override", "key", "words"), BAD, ids=range(len(BAD)))
def test_bad_overrides_name_themselves(problems: Problems, override: str, key: str, words: str) -> None:
    found = problems(BASE, override)
    matching = [problem for problem in found if words in problem.message]
    assert matching, found
    assert matching[0].source.startswith(f"-s {override.strip()[:20]}"[:24]) or "\x1b" in override
    assert not any("\x1b" in str(problem) for problem in found)
    assert (matching[0].line, matching[0].column) == (0, 0)
    assert matching[0].key.startswith(key)
    assert all(len(str(problem)) < 700 for problem in found)


def test_file_and_overrides_are_judged_together(problems: Problems) -> None:
    found = problems(BASE + "dtype: float16\n", "seeds=x", "gradient.source=y")
    assert [problem.source.rpartition("/")[2] for problem in found] == ["-s gradient.source=y", "-s seeds=x", "c.yaml"]


def test_an_override_mends_the_file(read_config: Read) -> None:
    assert read_config(BASE.replace("depth: 3", "depth: ten"), "network.depth=2").cells[0].cell.network.depth == 2


@pytest.mark.parametrize(
    ("grid", "override"),
    [
        ("network.depth: [1, 2]", "network.depth=7"),
        ("network.initializer: [he_normal, zeros]", "network.initializer.gain=2"),
        ("network.initializer.gain: [1, 2]", "network.initializer.gain=2"),
    ],
)
def test_what_is_swept_cannot_be_overridden(problems: Problems, grid: str, override: str) -> None:
    (problem,) = problems(BASE + f"sweep: {{grid: {{{grid}}}}}\n", override)
    assert problem.source == f"-s {override}"
    assert "is swept, so this changes nothing; set its values: -s 'sweep.grid.network." in problem.message


def test_the_entry_whose_parameter_is_swept_can_be_overridden(read_config: Read) -> None:
    experiment = read_config(
        BASE + "sweep: {grid: {network.initializer.gain: [1, 2]}}\n", "network.initializer=he_uniform"
    )
    assert {cell.cell.network.layers[0].initializer.name for cell in experiment.cells} == {"he_uniform"}


def test_mappings_take_overrides_too() -> None:
    config = {"network": {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal"}}
    assert from_mapping(config, ["network.depth=9"]).cells[0].cell.network.depth == 9
    with pytest.raises(ConfigError, match=r"-s network\.depth=x: network\.depth: 'x'"):
        from_mapping(config, ["network.depth=x"])


@pytest.mark.parametrize("override", ["network={}", "network={depth: 3}"])
def test_what_an_override_leaves_out_is_missing_there(problems: Problems, override: str) -> None:
    found = problems(BASE, override)
    assert {(problem.source, problem.line) for problem in found} == {(f"-s {override}", 0)}
    assert {problem.key for problem in found} >= {"network.width", "network.activation", "network.initializer"}


def test_what_the_file_leaves_out_is_missing_in_the_file(problems: Problems) -> None:
    (problem,) = problems("network: {depth: 3, width: 4, activation: relu}\n", "network.depth=5")
    assert (problem.source.endswith("c.yaml"), problem.line, problem.key) == (True, 1, "network.initializer")


def test_messages_name_what_is_unknown_once(problems: Problems) -> None:
    (problem,) = problems(BASE, "network.initializer={name: normal, stddev: 1, foo: 2}")
    assert problem.key == "network.initializer.foo"
    assert problem.message == "unknown parameter (normal takes mean, stddev)"
    (problem,) = problems(BASE, "network.width=[1, 2]")
    assert str(problem) == "-s network.width=[1, 2]: network.width: has 2 entries, network.depth is 3"


def axes(**grid: str) -> list[str]:
    """The values of one axis, or what is wrong with it."""
    ((key, text),) = grid.items()
    config = {"network": {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal"}}
    try:
        found = from_mapping(config, grid={f"network.{key.replace('_', '.')}": text})
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return [dict(cell.axes)[found.axes[0]] for cell in found.cells]


def test_an_axis_is_read_as_it_is_written_after_the_option() -> None:
    assert axes(depth="3,5") == axes(depth="[3, 5]") == axes(depth=" { range: [3, 7, 2] }") == ["3", "5"]
    assert axes(initializer="{name: normal, stddev: 2}, zeros") == ["normal(stddev=2)", "zeros"]
    assert axes(initializer="{name: zeros}") == ["zeros"]
    assert axes(initializer_gain="{linspace: [0.5, 1, 2]}") == ["0.5", "1"]


def test_what_is_wrong_with_an_axis_is_said_of_the_option() -> None:
    (said,) = axes(deph="3,5")
    assert said.startswith("--grid network.deph=3,5: network.deph: unknown key; did you mean 'network.depth'?")
    (said,) = axes(depth="3,x")
    assert said.startswith("--grid network.depth=3,x: network.depth: 'x' is not allowed here")
    (said,) = axes(initializer_gain="{linspce: [0, 1, 2]}")
    assert said.startswith("--grid network.initializer.gain={linspce: [0, 1, 2]}: network.initializer.gain: ")
    assert said.endswith("; did you mean 'linspace'?")
    (said,) = axes(depth="[3, 5")
    assert said.startswith("--grid network.depth=[3, 5: network.depth: not valid YAML")


def test_an_axis_of_the_option_replaces_that_of_the_file() -> None:
    config = {
        "network": {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal"},
        "sweep": {"grid": {"network.depth": [3, 5], "network.width": [4]}},
    }
    found = from_mapping(config, grid={"network.depth": [7]})
    assert [cell.axes for cell in found.cells] == [(("network.depth", "7"), ("network.width", "4"))]


def test_an_axis_of_the_option_is_set_by_the_option() -> None:
    config = {"network": {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal"}}
    with pytest.raises(ConfigError) as caught:
        from_mapping(config, ["network.depth=7"], grid={"network.depth": "3,5"})
    (problem,) = caught.value.problems
    assert problem.message.endswith(
        "network.depth is swept, so this changes nothing; set its values: --grid 'network.depth=[7]'"
    )
