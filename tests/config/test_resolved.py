"""The resolved config reads back to the same cells, whatever the config was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from initbench.config import from_mapping, load
from initbench.config.document import plain
from initbench.config.messages import Findings
from initbench.config.reader import read
from initbench.config.resolved import _flow
from initbench.config.scalars import UNSAFE
from initbench.spec import Experiment

Read = Callable[..., Experiment]
BASE = "network: {depth: 3, width: 4, activation: relu, initializer: he_normal}\n"
SHIPPED = sorted((Path(__file__).parents[2] / "configs").rglob("*.yaml"))

CONFIGS = [
    (BASE, ()),
    (BASE + "description: \"a: b # c, 'd' \\u2028 é😀\\n\\t x\"\nname: '007'\n", ()),
    (BASE, ("seeds=[3, 1]", "network.initializer.gain=0.1", "dtype=float64", "description=1e3x")),
    (BASE.replace("}", ", bias: [none, zeros, {name: constant, value: 1e-7}]}"), ()),
    (BASE.replace("4", "[4, 5, 6]").replace("relu", "[relu, {name: leaky_relu, negative_slope: 0.3}, tanh]"), ()),
    (BASE.replace("he_normal", "normal") + "sweep: {grid: {network.initializer.stddev: {logspace: [-2, 0, 7]}}}\n", ()),
    ("network: {activation: relu}\nsweep: {grid: {network.depth: [1, 2], network.initializer: [zeros]},\n"
     "  zip: [{network.width: [3, [4]], dtype: [float32, float64]}], exclude: [{network.depth: 2}]}\n", ()),
    (BASE + "sweep: {grid: {network.depth: {range: [1, 4]}}, include: [{network.initializer.gain: 2}], max_runs: 9}\n"
     "expect: [{name: 'a: b', where: {network.depth: 3}, metric: act_q, near: {value: 1, stderr: 3}}]\n", ()),
    (BASE + "input: {distribution: {name: pair, cosine: 0.5}}\ngradient: {source: none}\nmetrics: [cosine]\n", ()),
    (BASE + "sweep: {grid: {input.distribution: [gaussian, {name: pair, cosine: 0}], network.width: [2, 3]}}\n", ()),
    (BASE + "input: {distribution: {name: npy, path: 'data 1.npy'}, batch_size: 5}\n", ()),
    (BASE + "sweep: {include: [{network.depth: 1}]}\n", ()),
    (BASE + "sweep:\nexpect: []\n", ()),
    (BASE.replace("}", ", bias: ~}").replace("he_normal", "{name: he_normal, gain: 2}") + "sweep: {grid: {\n"
     "  network.depth: [1, 3]}, include: [{network.bias: ones}, {network.initializer: zeros}, {dtype: float64}]}", ()),
]  # fmt: skip


def same(one: Experiment, two: Experiment) -> None:
    assert two.cells == one.cells
    assert (two.name, two.description, two.seeds) == (one.name, one.description, one.seeds)
    assert (two.verdict, two.keep_layers, two.notes) == (one.verdict, one.keep_layers, one.notes)
    assert [(e.name, e.where, e.metric, e.layer, e.over, e.test, e.target, e.refuted) for e in two.expect] == [
        (e.name, e.where, e.metric, e.layer, e.over, e.test, e.target, e.refuted) for e in one.expect
    ]


@pytest.mark.parametrize(("text", "overrides"), CONFIGS, ids=range(len(CONFIGS)))
def test_round_trip(tmp_path: Path, read_config: Read, text: str, overrides: tuple[str, ...]) -> None:
    np.save(tmp_path / "data 1.npy", np.ones((5, 6)))
    one = read_config(text, *overrides)
    two = read_config(one.resolved, name="resolved.yaml")
    same(one, two)
    assert two.resolved == one.resolved


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs(tmp_path: Path, path: Path) -> None:
    one = load(path)
    assert one.name == path.stem
    other = tmp_path / "resolved.yaml"
    other.write_text(one.resolved, encoding="utf-8")
    same(one, load(other))


def test_there_are_shipped_configs() -> None:
    assert SHIPPED


def test_defaults_and_overrides_are_written_out(read_config: Read) -> None:
    text = read_config(BASE, "network.depth=7").resolved
    value = yaml.safe_load(text)
    assert value["network"]["depth"] == 7
    assert {"name": "he_normal", "gain": 1.0, "mode": "fan_in"}.items() <= value["network"]["initializer"].items()
    assert value["input"]["distribution"] == {"name": "gaussian", "mean": 0.0, "stddev": 1.0}
    assert (value["input"]["features"], value["input"]["batch_size"], value["input"]["resample"]) == (4, 64, True)
    assert (value["seeds"], value["root_seed"], value["dtype"], value["engine"]) == (32, 0, "float32", "auto")
    assert value["metrics"][:2] == ["preact_mean", "preact_var"]
    assert value["verdict"] == {"factor": 100.0, "saturated": 0.5, "dead": 0.5}


def test_no_absolute_path_is_written(tmp_path: Path, read_config: Read) -> None:
    np.save(tmp_path / "data.npy", np.ones((5, 6)))
    experiment = read_config(BASE + "input: {distribution: {name: npy, path: data.npy}, batch_size: 5}\n")
    assert str(tmp_path) not in experiment.resolved
    assert "path: data.npy" in experiment.resolved


def test_a_mappings_source_is_its_resolved_text(tmp_path: Path) -> None:
    one = from_mapping(
        {"network": {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal"}}, name="m"
    )
    path = tmp_path / "x.yaml"
    path.write_text(one.source)
    same(one, load(path))


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**99), 10**99)
    | st.floats(allow_nan=False)
    | st.text().filter(lambda text: not UNSAFE.search(text))
    | st.sampled_from(
        ["no", "1e3", "null", "~", "", " a", "a ", "a: b", "a #b", "- a", "<<", "0x1", "torch:linear", "=", "a\r\nb"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9).filter(lambda text: not UNSAFE.search(text)), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(plain_values)
def test_written_values_are_read_back(value: object) -> None:
    findings = Findings()
    node = read(f"a: {_flow(value)}\n", "f.yaml", findings)
    findings.raise_any()
    assert node is not None
    found = plain(node)["a"]
    assert found == value
    assert repr(found) == repr(value)  # 1 is not 1.0, and -0.0 is not 0.0


@given(st.text().filter(lambda text: not UNSAFE.search(text)))
def test_other_readers_of_yaml_see_texts_too(text: str) -> None:
    assert yaml.safe_load(f"[{_flow(text)}]") == [text]
