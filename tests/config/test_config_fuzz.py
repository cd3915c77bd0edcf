"""Whatever is fed in: an Experiment or a ConfigError, soon."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initbench.config import from_mapping, load
from initbench.errors import ConfigError

GOOD = """\
name: he
description: "x: y"
network:
  depth: 3
  width: [4, 5, 6]
  activation: [relu, tanh, &a {name: leaky_relu, negative_slope: 0.1}]
  initializer: {name: normal, stddev: 1e-2}
  bias: none
input: {distribution: gaussian, features: 4, batch_size: 8, resample: true}
gradient: {source: shared}
seeds: [1, 2]
metrics: [act_q, grad_q]
verdict: {factor: 10, dead: 0.5}
sweep:
  grid: {network.initializer.stddev: {logspace: [-2, 0, 3]}, dtype: [float32, float64]}
  zip: [{network.bias: [none, zeros], input.batch_size: [2, 3]}]
  exclude: [{dtype: float32, network.bias: none}]
  include: [{network.initializer: he_normal}]
expect:
  - {name: a, where: {dtype: float64}, metric: act_q_ratio, between: [0.5, 2]}
"""
PIECES = [
    "[", "]", "{", "}", ":", ": ", "- ", "? ", "&a ", "*a", "<<: *a", "!!int ", "|", ">", "'", '"', "#", ",", "\n",
    "\n  ", "\t", "---\n", "%", "@", "null", "~", ".inf", ".nan", "1e999", "-1", "0", "true", "no", "[[", "{{}: 1}",
    "\ufeff", "\x85", "9" * 50, "x" * 200, "network.depth", "linspace", "name: ", "\u2028", "😀", "\r",
]  # fmt: skip
FUZZ = settings(
    max_examples=int(os.environ.get("INITBENCH_FAULT_FUZZ", "150")),
    deadline=None,  # see soon
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def refused(error: ConfigError) -> bool:
    """What every ConfigError must be."""
    lines = [str(problem) for problem in error.problems]
    return (
        bool(lines)
        and all(problem.message for problem in error.problems)
        and not any("\n" in line for line in lines)
        and max(map(len, lines)) < 2000
    )


@contextmanager
def soon() -> Iterator[None]:
    """Within two seconds of the processor: by the clock, a machine that stops this process for so long would fail it,
    once and never again."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 2


@soon()
def survives(folder: Path, data: bytes, overrides: tuple[str, ...] = ()) -> bool:
    """Whether the config loads. It must do that, and its resolved form with it, or be refused in order."""
    path = folder / "c.yaml"
    path.write_bytes(data)
    fault: ConfigError | None = None
    try:
        experiment = load(path, overrides)
    except ConfigError as error:
        fault = error
    if fault is not None:
        assert refused(fault)
        return False
    assert experiment.cells
    (folder / "r.yaml").write_text(experiment.resolved, encoding="utf-8")
    assert load(folder / "r.yaml").cells == experiment.cells
    return True


@soon()
def mapping_survives(config: dict[str, Any]) -> None:
    fault: ConfigError | None = None
    try:
        assert from_mapping(config).cells
    except ConfigError as error:
        fault = error
    assert fault is None or refused(fault)


def test_two_seconds_are_of_the_processor() -> None:
    soon()(time.sleep)(2.1)

    @soon()
    def late() -> None:
        began = time.process_time()
        while time.process_time() < began + 2.1:
            pass

    with pytest.raises(AssertionError):
        late()


def test_the_seed_of_the_mutations_is_good(folder: Path) -> None:
    assert survives(folder, GOOD.encode())


@FUZZ
@given(st.binary(max_size=300))
def test_random_bytes(folder: Path, data: bytes) -> None:
    survives(folder, data)


@FUZZ
@given(st.text(max_size=200))
def test_random_text(folder: Path, text: str) -> None:
    survives(folder, text.encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.lists(st.sampled_from(PIECES) | st.sampled_from(GOOD.split()), max_size=40))
def test_random_pieces(folder: Path, pieces: list[str]) -> None:
    survives(folder, "".join(pieces).encode())


@FUZZ
@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_mutations(folder: Path, edits: list[tuple[int, int, str]]) -> None:
    text = GOOD
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    survives(folder, text.encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_cuts(folder: Path, start: int, end: int) -> None:
    survives(folder, (GOOD[:start] + GOOD[end:]).encode())


KEYS = [
    "network.depth",
    "network",
    "sweep.grid.dtype",
    "sweep.grid",
    "expect",
    "seeds",
    "network.initializer.stddev",
    "",
]


@FUZZ
@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(PIECES) | st.text(max_size=20)), max_size=3))
def test_overrides(folder: Path, pairs: list[tuple[str, str]]) -> None:
    survives(folder, GOOD.encode(), tuple(f"{key}={value}" for key, value in pairs))


odd = st.sampled_from([10**500, b"x", 1j, "relu"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | odd
keys = st.text(max_size=8) | st.integers()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))
SECTIONS = ["network", "input", "gradient", "seeds", "sweep", "expect", "metrics", "verdict", "output", "name"]
NETWORK = {"depth": 3, "width": 4, "activation": "relu", "initializer": "he_normal"}


@FUZZ
@given(st.dictionaries(st.sampled_from(SECTIONS), values, max_size=3))
def test_random_mappings(changes: dict[str, Any]) -> None:
    mapping_survives({"network": NETWORK, **changes})


FIELDS = {
    "network": ["depth", "width", "activation", "initializer", "bias"],
    "input": ["distribution", "features", "batch_size", "resample"],
    "sweep": ["grid", "zip", "exclude", "include", "max_runs"],
}


@FUZZ
@given(st.sampled_from([(section, field) for section, fields in FIELDS.items() for field in fields]), values)
def test_random_fields(place: tuple[str, str], value: Any) -> None:
    config: dict[str, Any] = {"network": NETWORK}
    config[place[0]] = {**config.get(place[0], {}), place[1]: value}
    mapping_survives(config)
