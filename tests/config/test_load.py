"""The ways in: files of every kind, mappings, defaults, inspection."""

from __future__ import annotations

import copy
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initbench.catalogue.metrics import DEFAULT_METRICS
from initbench.config import from_mapping, load
from initbench.errors import ConfigError, Problem, StorageError
from initbench.spec import Cell, Experiment, VerdictRules

Read = Callable[..., Experiment]
BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"


def network(**changes: Any) -> dict[str, Any]:
    return {"network": {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal", **changes}}


def test_the_defaults(read_config: Read) -> None:
    experiment = read_config(BASE, name="my-file.yaml")
    (grid_cell,) = experiment.cells
    cell = grid_cell.cell
    assert (experiment.name, experiment.description) == ("my-file", "")
    assert experiment.seeds == tuple(range(32))
    assert experiment.verdict == VerdictRules(100.0, 0.5, 0.5)
    assert experiment.keep_layers
    assert experiment.expect == ()
    assert experiment.notes == ()
    assert experiment.source == BASE
    assert (cell.gradient, cell.dtype, cell.engine, cell.root_seed) == ("gaussian", "float32", "auto", 0)
    assert cell.metrics == DEFAULT_METRICS
    assert (cell.batch.inputs.name, cell.batch.features, cell.batch.batch_size) == ("gaussian", 4, 64)
    assert cell.batch.resample
    assert [(layer.fan_in, layer.fan_out) for layer in cell.network.layers] == [(4, 4)] * 3
    assert {(layer.activation.name, layer.initializer.name) for layer in cell.network.layers} == {("relu", "he_normal")}
    assert all(layer.bias is not None and layer.bias.name == "zeros" for layer in cell.network.layers)


def test_everything_can_be_set(read_config: Read) -> None:
    experiment = read_config(
        """\
%YAML 1.2
---
name: Every-thing_1.0
description: |
  free
  text é😀
network:
  depth: 2
  width: [3, 5]
  activation: [tanh, {name: leaky_relu, negative_slope: 1e-1}]
  initializer: [he_normal, {name: normal, stddev: .5}]
  bias: [none, {name: constant, value: -1}]
input: {distribution: {name: uniform, low: 0, high: 1}, features: 7, batch_size: 2, resample: false}
gradient: {source: shared}
seeds: [4294967295, 0]
root_seed: 340282366920938463463374607431768211455
dtype: float64
engine: dense
metrics: [grad_q, act_q]
verdict: {factor: 10, saturated: 1, dead: 0.25}
output: {layers: false}
expect:
training: null
sweep:
"""
    )
    cell = experiment.cells[0].cell
    first, second = cell.network.layers
    assert (first.fan_in, first.fan_out, second.fan_in, second.fan_out) == (7, 3, 3, 5)
    assert (first.activation.label, second.activation.label) == ("tanh", "leaky_relu(negative_slope=0.1)")
    assert first.bias is None
    assert second.bias is not None
    assert second.bias.label == "constant(value=-1)"
    assert experiment.seeds == (4294967295, 0)
    assert cell.root_seed == 2**128 - 1
    assert cell.metrics == ("act_q", "grad_q")
    assert experiment.verdict == VerdictRules(10.0, 1.0, 0.25)
    assert experiment.description == "free\ntext é😀\n"
    assert not experiment.keep_layers


@pytest.mark.parametrize("bias", ["none", "null", "~"])
def test_no_bias(read_config: Read, bias: str) -> None:
    experiment = read_config(BASE.replace("}", f", bias: {bias}}}"))
    assert all(layer.bias is None for layer in experiment.cells[0].cell.network.layers)


def test_layers_are_shared(read_config: Read) -> None:
    layers = read_config(BASE.replace("depth: 3", "depth: 1000")).cells[0].cell.network.layers
    assert len(layers) == 1000
    assert len({id(layer) for layer in layers}) == 1


def test_anchors_and_merges_work_in_a_config(read_config: Read) -> None:
    text = (
        "network: &n {depth: 3, width: &w 4, activation: relu, initializer: he_normal}\n"
        "input: {features: *w}\nsweep: {grid: {network.depth: &d [1, 2], network.width: *d}}\n"
    )
    assert len(read_config(text).cells) == 4


# --- data


def test_data_files_are_found_from_the_configs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    np.save(folder / "data.npy", np.ones((5, 6)))
    (folder / "c.yaml").write_text(BASE + "input: {distribution: {name: npy, path: data.npy}, batch_size: 5}\n")
    monkeypatch.chdir(tmp_path)
    batch = load("deep/c.yaml").cells[0].cell.batch
    assert (batch.features, batch.batch_size, batch.inputs.rows) == (6, 5, 5)
    monkeypatch.chdir(folder)
    config = network() | {"input": {"distribution": {"name": "npy", "path": "data.npy"}, "batch_size": 5}}
    assert from_mapping(config).cells[0].cell.batch.features == 6


def test_data_dictates_features_and_rows(tmp_path: Path, problems: Callable[..., tuple[Problem, ...]]) -> None:
    np.save(tmp_path / "data.npy", np.ones((5, 6)))
    (problem,) = problems(BASE + "input: {distribution: {name: npy, path: data.npy}, batch_size: 5, features: 4}\n")
    assert "npy has 6 columns" in problem.message
    assert (problem.line, problem.column) == (2, 77)
    (problem,) = problems(BASE + "input: {distribution: {name: npy, path: data.npy}}\n")
    assert "npy has 5 rows, batch_size is 64; set it to 5 or less" in problem.message


def test_equal_data_is_one_cell(tmp_path: Path, read_config: Read) -> None:
    np.save(tmp_path / "a.npy", np.ones((5, 6)))
    np.save(tmp_path / "b.npy", np.ones((5, 6)))
    grid = "{input.distribution: [{name: npy, path: a.npy}, {name: npy, path: b.npy}]}"
    experiment = read_config(BASE + f"input: {{batch_size: 5}}\nsweep: {{grid: {grid}}}\n")
    assert len(experiment.cells) == 1
    assert len(experiment.notes) == 1


def test_a_record_dictates_its_batch(read_config: Read) -> None:
    batch = read_config(BASE + "input: {distribution: {name: pair, cosine: 0.5}}\n").cells[0].cell.batch
    assert batch.batch_size == 2
    batch = read_config(BASE + "input: {distribution: {name: pair, cosine: 0.5}, batch_size: 2}\n").cells[0].cell.batch
    assert batch.batch_size == 2


# --- files that are none


def one_line(path: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.exit_code == 2
    (problem,) = caught.value.problems
    assert "\n" not in str(problem)
    return str(problem)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "there is no such file" in one_line(tmp_path / "none.yaml")
    (tmp_path / "file").write_text(BASE)
    assert "there is no such file" in one_line(tmp_path / "file" / "c.yaml")


def test_a_folder(tmp_path: Path) -> None:
    assert "not a regular file but a folder" in one_line(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "a" * 5000])
def test_names_that_no_file_can_have(name: str) -> None:
    assert "not the name of a file" in one_line(name)


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").symlink_to(tmp_path / "c.yaml")
    assert "not the name of a file" in one_line(tmp_path / "c.yaml")


def test_a_link_to_a_config(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(BASE)
    (tmp_path / "link.yaml").symlink_to(tmp_path / "real.yaml")
    assert load(tmp_path / "link.yaml").name == "link"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_sockets_and_devices_do_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    start = time.perf_counter()
    assert "not a regular file" in one_line("pipe")
    assert "not a regular file" in one_line("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert "not a regular file" in one_line("socket")
    assert time.perf_counter() - start < 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_that_takes_the_files_place_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_text(BASE)
    genuine = os.stat
    monkeypatch.setattr(
        os, "stat", lambda path, **options: genuine(file if str(path) == str(pipe) else path, **options)
    )
    assert "not a regular file" in one_line(pipe)


def test_the_largest_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(BASE + "#" * (1_000_000 - len(BASE)))
    assert load(path).name == "c"
    path.write_text(BASE + "#" * (1_000_001 - len(BASE)))
    assert "larger than 1000000 bytes" in one_line(path)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"a: 1\nb: \xff\n", ":2:4: "),
        ("a: 1\n".encode("utf-16"), ":1:1: "),
        ("# é\nname: \u00e9\n".encode("latin-1"), ":1:3: "),
        (b"\xed\xa0\x80", ":1:1: "),
    ],
)
def test_other_encodings(tmp_path: Path, data: bytes, place: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(data)
    assert f"c.yaml{place}not UTF-8" in one_line(path)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(BASE)

    def refuse(*_: Any, **__: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageError, match=r"c\.yaml: cannot be read: Permission denied") as caught:
        load(path)
    assert caught.value.exit_code == 74


def test_the_files_name_may_not_do(tmp_path: Path) -> None:
    path = tmp_path / "my config.yaml"
    path.write_text(BASE)
    assert "add a name" in one_line(path)
    path.write_text(BASE + "name: fine\n")
    assert load(path).name == "fine"


# --- mappings


def test_a_mapping_is_a_config_and_is_not_changed() -> None:
    config = network(width=(4, 5, 6), bias=None) | {
        "seeds": np.arange(3),
        "root_seed": np.int64(7),
        "verdict": {"factor": np.float32(10.0)},
        "output": {"layers": np.bool_(False)},
        "sweep": {"grid": {"network.initializer": ["he_normal", {"name": "normal", "stddev": np.float64(0.5)}]}},
    }
    before = copy.deepcopy(config)
    experiment = from_mapping(config)
    assert str(config) == str(before)
    assert experiment.seeds == (0, 1, 2)
    assert experiment.name == "config"
    assert experiment.verdict.factor == 10.0
    assert [cell.axes[0][1] for cell in experiment.cells] == ["he_normal", "normal(stddev=0.5)"]
    assert experiment.source == experiment.resolved


def test_a_mapping_and_a_file_are_the_same_experiment(read_config: Read) -> None:
    assert from_mapping(network()).cells == read_config(BASE).cells


def test_problems_of_a_mapping_have_no_lines() -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(network(depth="ten", widht=3))
    assert [str(problem) for problem in caught.value.problems] == [
        "config: network.depth: 'ten' is not allowed here: an integer from 1 to 100000",
        "config: network.widht: unknown key; did you mean 'width'? "
        "(network takes depth, width, activation, initializer, bias)",
    ]


def cyclic() -> dict[str, Any]:
    config: dict[str, Any] = network()
    config["network"]["bias"] = config
    return config


ODD: list[tuple[Any, str]] = [
    ([], "is no config"),
    ("network", "is no config"),
    ({}, "network: missing"),
    (None, "the config is empty"),
    (network(depth=object()), "a object is not allowed"),
    (network(depth={1, 2}), "a set is not allowed"),
    (network(depth=3 + 0j), "a complex is not allowed"),
    (network(depth=np.datetime64("2024-01-01")), "a date is not allowed"),
    (network(depth=10**5000), "digits"),
    (network(depth=float("nan")), "nan is not allowed"),
    (network(activation="\ud800"), "characters that are not allowed"),
    (network(activation=b"relu"), "a bytes is not allowed"),
    ({1: 2, **network()}, "the key 1 is not a text"),
    ({"k" * 300: 2, **network()}, "not a text of at most"),
    (network(bias=lambda: 0), "a function is not allowed"),
    (network() | {"seeds": np.zeros((400, 400), int)}, "more than 100000 values"),
    (network() | {"seeds": range(10**6)}, "more than 100000 values"),
    (cyclic(), "more than 64 levels"),
]


@pytest.mark.parametrize(("config", "words"), ODD, ids=range(len(ODD)))
def test_odd_mappings(config: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(config)
    assert any(words in str(problem) for problem in caught.value.problems), caught.value.problems


# --- what the layer above has to say


def too_wide(cell: Cell) -> Iterator[tuple[str, str]]:
    widest = max(layer.fan_out for layer in cell.network.layers)
    if widest > 100:
        yield "network.width", f"one matrix of {widest} takes too much"
    if cell.batch.batch_size > 100:
        yield "input.batch_size", "too large a batch"
    if cell.network.depth > 50:
        yield "network.depth", "too deep"
    if cell.dtype == "float64":
        yield "dtype", "too fine"


def inspected(
    tmp_path: Path, text: str, inspect: Callable[[Cell], Iterable[tuple[str, str]]]
) -> list[tuple[int, int, str]]:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, ["network.depth=51"] if "depth: 7" in text else [], inspect)
    return [(problem.line, problem.column, f"{problem.key}: {problem.message}") for problem in caught.value.problems]


def test_inspection_is_placed(tmp_path: Path) -> None:
    text = BASE.replace("width: 4", "width: 1000000") + "input: {batch_size: 101}\n"
    assert inspected(tmp_path, text, too_wide) == [
        (1, 28, "network.width: one matrix of 1000000 takes too much"),
        (2, 21, "input.batch_size: too large a batch"),
    ]


def test_inspection_of_a_grid_is_told_once_for_each_value(tmp_path: Path) -> None:
    text = BASE + "sweep: {grid: {network.width: [4, 101, 202], dtype: [float32, float64]}}\n"
    assert inspected(tmp_path, text, too_wide) == [
        (2, 35, "network.width: one matrix of 101 takes too much (in 2 of 6 cells)"),
        (2, 40, "network.width: one matrix of 202 takes too much (in 2 of 6 cells)"),
        (2, 63, "dtype: too fine (in 3 of 6 cells)"),
    ]


def test_inspection_of_an_override_and_of_defaults(tmp_path: Path) -> None:
    assert inspected(tmp_path, BASE.replace("depth: 3", "depth: 7"), too_wide) == [(0, 0, "network.depth: too deep")]
    found = inspected(tmp_path, BASE + "input: {resample: false}\n", lambda cell: [("input.batch_size", "no")])
    assert found == [(2, 8, "input.batch_size: no")]
    assert inspected(tmp_path, BASE, lambda cell: [("nonsense.key", "no")]) == [(1, 1, "nonsense.key: no")]
