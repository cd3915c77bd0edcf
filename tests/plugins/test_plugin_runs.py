"""Plug-ins at work: what is measured with them, by them, and what it is stored under."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from plugin_packages import HEAD, Run, activations, entries, initializers, install, metrics

import initbench
from initbench import engine
from initbench.config import from_mapping, json_schema
from initbench.errors import ConfigError, PluginError
from initbench.spec import Cell, describe, identity

README = (Path(__file__).parents[2] / "README.md").read_text()
TANH = "np.tanh, lambda z: 1 - np.tanh(z) ** 2"
NORMAL = "lambda rng, shape, dtype: rng.standard_normal(shape, dtype) / np.asarray(2, dtype)"

OWN = (
    HEAD
    + activations({"soft": TANH})
    + initializers({"drawn": NORMAL})
    + """
def flat(fan_in, fan_out, scale):
    return Sampled(lambda rng, shape, dtype: rng.normal(0, scale, shape).astype(dtype), 0.0, scale**2, elementwise=True)

def known(fan_in, fan_out):
    return Normal(0.0, fan_in**-0.5)

FLAT = InitializerRecord("flat", flat, "", "", "", (Parameter("scale", 1),))
KNOWN = InitializerRecord("known", known, "", "", "")
"""
    + metrics(
        {
            "own_act_q": ("activation", "lambda h: np.square(h, dtype=float).mean()"),
            "own_preact_q": ("preactivation", "lambda z, h, slope: np.square(z, dtype=float).mean()"),
            "own_grad_q": ("gradient", "lambda d: np.square(d, dtype=float).mean()"),
            "own_inactive": ("preactivation", "lambda z, h, slope: ((h == 0) & (slope == 0)).mean()"),
            "sometimes": ("activation", "lambda h: None if h.shape[1] == 4 else np.float32(h.shape[0])"),
        }
    )
)
NAMES = {
    "activations": {"soft": "SOFT"},
    "initializers": {"drawn": "DRAWN", "flat": "FLAT", "known": "KNOWN"},
    "metrics": {
        name: name.upper() for name in ("own_act_q", "own_preact_q", "own_grad_q", "own_inactive", "sometimes")
    },
}


def cell(activation: Any = "relu", law: Any = "he_normal", bias: Any = "zeros", **more: Any) -> Cell:
    """The one cell of a small config."""
    network = {"depth": 3, "width": [8, 6, 4], "activation": activation, "initializer": law, "bias": bias}
    base = {"network": network, "input": {"features": 7, "batch_size": 5}, "seeds": 3}
    (grid,) = from_mapping(base | more, inspect=engine.inspect).cells
    return grid.cell


@pytest.fixture
def own(site: Path, seen: Callable[[], None]) -> None:
    install(site, OWN, NAMES)
    seen()


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_metrics_agree_with_ours(dtype: str) -> None:
    pairs = {
        "own_act_q": "act_q",
        "own_preact_q": "preact_q",
        "own_grad_q": "grad_q",
        "own_inactive": "inactive_fraction",
    }
    trace = engine.propagate(cell(metrics=[*pairs, *pairs.values(), "sometimes"], dtype=dtype), (0, 4))
    for own, ours in pairs.items():
        assert np.array_equal(np.isnan(trace.of(own)), np.isnan(trace.of(ours)))
        np.testing.assert_allclose(trace.of(own), trace.of(ours), rtol=1e-6)
    assert trace.of("sometimes")[0].tolist()[:3] == [5, 5, 5]
    assert not trace.present[:, 3, trace.metrics.index("sometimes")].any()


@pytest.mark.usefixtures("own")
def test_networks_that_overflowed_are_not_shown_to_metrics() -> None:
    wild = {"name": "normal", "stddev": 1e20}
    names = ["own_act_q", "own_grad_q", "act_q", "grad_q"]
    trace = engine.propagate(cell("linear", wild, metrics=names), (0,))
    assert trace.present[0, 1:].all()
    assert np.isfinite(trace.of("own_act_q")[0, :2]).all()
    assert np.isnan(trace.of("own_act_q")[0, 2:]).all()
    assert np.isnan(trace.of("own_grad_q")[0, 1:]).all()


@pytest.mark.usefixtures("own")
def test_a_metric_that_needs_gradients_has_them_sent_back() -> None:
    assert np.isfinite(engine.propagate(cell(metrics=["own_grad_q"]), (0,)).of("own_grad_q")[0, 1:]).all()
    forward = engine.propagate(cell(metrics=["own_grad_q"], gradient={"source": "none"}), (0,))
    assert not forward.present.any()


@pytest.mark.usefixtures("own")
def test_samples_are_drawn_again_to_the_same_numbers() -> None:
    drawn = cell("soft", "drawn", bias={"name": "flat", "scale": 0.5})
    kept, again = (engine.propagate(drawn, (0, 1, 2), budget=budget) for budget in (10**9, 0))
    assert kept.values.tobytes() == again.values.tobytes()
    alone = engine.propagate(drawn, (1,))
    assert alone.values[0].tobytes() == kept.values[1].tobytes()


@pytest.mark.usefixtures("own")
def test_a_law_of_ours_is_measured_as_ours() -> None:
    for how in ("dense", "implicit"):
        theirs = engine.propagate(cell("tanh", "known", engine=how), (0, 1))
        ours = engine.propagate(cell("tanh", "lecun_normal", engine=how), (0, 1))
        assert theirs.values.tobytes() == ours.values.tobytes()


@pytest.mark.usefixtures("own")
def test_what_is_only_sampled_cannot_be_implicit_nor_a_bias() -> None:
    with pytest.raises(ConfigError, match="implicit is not possible with drawn"):
        cell("relu", "drawn", engine="implicit")
    assert engine.resolve(cell("relu", "drawn")).reason == "auto: drawn must be drawn"
    with pytest.raises(ConfigError, match="drawn is a law of whole matrices and cannot draw a bias"):
        cell("relu", "he_normal", bias="drawn")
    assert cell("relu", "he_normal", bias="flat").network.layers[0].bias is not None


@pytest.mark.usefixtures("own")
def test_the_catalogue_answers_as_for_ours() -> None:
    law = initbench.initializer("flat", scale=2)
    assert (law.mean(4, 3), law.variance(4, 3), law.label) == (0.0, 4.0, "flat(scale=2)")
    weights = law.sample(np.random.default_rng(0), 300, 200, np.float32)
    assert weights.shape == (300, 200)
    assert weights.dtype == np.float32
    assert 3.9 < weights.var() < 4.1
    assert initbench.initializer("flat").label == "flat"  # a default written as an integer is the number that it means
    soft = initbench.activation("soft")
    for z in (np.float64(0.5), np.zeros((2, 0, 3)), np.ones((2, 3), np.float32), [1, 2]):
        value, slope = soft.both(z)  # type: ignore[arg-type]
        assert value.shape == slope.shape == np.shape(z)
        np.testing.assert_allclose(value, np.tanh(z))
    assert soft.value(np.ones(3, np.float32)).dtype == np.float32


@pytest.mark.usefixtures("own")
def test_identities_name_plug_ins_and_their_versions() -> None:
    plain = cell("tanh", "he_normal")
    assert "plugins" not in describe(plain, "dense")
    used = cell(["soft", "tanh", "relu"], ["drawn", "zeros", "known"], bias="flat", metrics=["act_q", "own_act_q"])
    assert describe(used, "dense")["plugins"] == {
        "activation soft": "mypackage 1.0",
        "initializer drawn": "mypackage 1.0",
        "initializer flat": "mypackage 1.0",
        "initializer known": "mypackage 1.0",
        "metric own_act_q": "mypackage 1.0",
    }


def test_another_version_is_another_cell(site: Path, seen: Callable[[], None]) -> None:
    ids = []
    for version in ("1.0", "1.1"):
        shutil.rmtree(site, ignore_errors=True)
        install(site, OWN, NAMES, version=version)
        seen()
        ids.append([identity(one, "dense") for one in (cell("tanh"), cell("soft"), cell("tanh", bias="flat"))])
    assert ids[0][0] == ids[1][0]
    assert not set(ids[0][1:]) & set(ids[1][1:])


@pytest.mark.usefixtures("own")
def test_the_schema_and_python_runs_know_them() -> None:
    config = {
        "network": {"depth": 2, "width": 4, "activation": "soft", "initializer": {"name": "flat", "scale": 0.5}},
        "seeds": 2,
        "metrics": ["act_q", "own_act_q"],
        "sweep": {"grid": {"network.initializer.scale": [0.25, 0.5]}},
        "expect": [{"name": "a", "metric": "own_act_q", "layer": 0, "between": [0, 9]}],
    }
    jsonschema.Draft7Validator(json_schema()).validate(config)
    result = initbench.run(config)
    assert result.outcomes[0].status == "passed"
    assert result.layers is not None
    assert list(result.layers.columns)[-2:] == ["act_q", "own_act_q"]
    assert set(result.summary["metric"]) == {"act_q", "own_act_q"}
    assert result.theory is not None
    said = result.theory.loc[result.theory["metric"] == "own_act_q", "reason"]
    assert set(said) == {"theory knows nothing of a plug-in's metric"}
    assert result.manifest["plugins"]["activation soft"] == "mypackage 1.0"
    picture = initbench.plot(result, "metrics")
    assert any("own_act_q" in axes.get_ylabel() for axes in picture.axes)


def test_theory_that_asks_for_more_than_a_plug_in_knows(site: Path, seen: Callable[[], None]) -> None:
    """Networks never come to z = 1000; theory looks there, and that is no fault of ours to report."""
    naive = "lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: np.exp(-abs(z)) / (1 + np.exp(-abs(z))) ** 2"
    install(site, HEAD + activations({"naive": naive}), entries(activations={"naive": ""}))
    seen()
    network = {"depth": 2, "width": 4, "activation": "naive", "initializer": "he_normal"}
    result = initbench.run({"network": network, "seeds": 2})
    assert not result.failed
    assert result.theory is not None
    (reason,) = set(result.theory["reason"])
    assert reason.startswith("the activation 'naive' of mypackage 1.0: value is nan at z = ")
    assert all(cell.theory is not None and cell.theory.error is None for cell in result.results)


BAD_BUILDS = {
    "lambda: 3": "build gave an int, not a Formula",
    "lambda: Formula(np.tanh, 3)": "slope is an int, not a function",
    "lambda: Formula(np.tanh, np.tanh, kinks=0.5)": "kinks is a float, not a tuple of numbers",
    "lambda: Formula(np.tanh, np.tanh, kinks=(float('nan'),))": "every place is a finite number",
    "lambda: Formula(np.tanh, np.tanh, jumps=('0',))": "one of jumps is a str, not a number",
    "lambda: Formula(np.tanh, np.tanh, lower=1, upper=-1)": "no value lies between them",
    "lambda: Formula(np.tanh, np.tanh, steepest=0)": "steepest is 0, not a finite number > 0",
    "lambda: Formula(np.tanh, np.tanh, saturates='yes')": "saturates is a str, not True or False",
    "lambda limit: Formula(np.tanh, np.tanh)": "build raised TypeError",
    "lambda: 1 / 0": "build raised ZeroDivisionError",
}
BAD_LAWS = {
    "3": "build gave an int, not one of Sampled, Constant, Normal",
    "Sampled(None, 0, 1)": "sample is None, not a function",
    "Sampled(max, 'a', 1)": "mean is a str, not a number",
    "Sampled(max, 0, -1)": "its law has the mean 0 and the variance -1",
    "Sampled(max, float('nan'), 1)": "its law has the mean nan",
    "Sampled(max, 0, 1, elementwise=1)": "elementwise is an int, not True or False",
    "Sampled(max, 0, 1, bounds=3)": "bounds is an int, not (low, high)",
    "Sampled(max, 0, 1, bounds=(1, 0))": "no number lies between them",
    "Normal('a', 1)": "mean of its Normal law is a str, not a number",
    "Normal(0.0, float('inf'))": "its law has the mean 0 and the variance inf",
    "Orthogonal(3, 3, 1.0)": "build gave a law for other fans than (7, 8)",
    "1 / 0": "build raised ZeroDivisionError",
}


@pytest.mark.parametrize("build", BAD_BUILDS)
def test_what_an_activation_is_built_of_is_checked(site: Path, seen: Callable[[], None], build: str) -> None:
    code = f"BAD = ActivationRecord('bad', {build}, '', '', '')\n"
    install(site, HEAD + code, {"activations": {"bad": "BAD"}})
    seen()
    with pytest.raises(ConfigError, match=re.escape(BAD_BUILDS[build])) as caught:
        cell("bad")
    assert "the activation 'bad' of mypackage 1.0: " in str(caught.value)
    with pytest.raises(PluginError):
        initbench.activation("bad")


@pytest.mark.parametrize("law", BAD_LAWS)
def test_what_an_initializer_is_built_of_is_checked(site: Path, seen: Callable[[], None], law: str) -> None:
    code = f"BAD = InitializerRecord('bad', lambda fan_in, fan_out: {law}, '', '', '')\n"
    install(site, HEAD + code, {"initializers": {"bad": "BAD"}})
    seen()
    with pytest.raises(ConfigError, match=re.escape(BAD_LAWS[law])) as caught:
        cell("tanh", "bad")
    assert "the initializer 'bad' of mypackage 1.0: " in str(caught.value)


def readme_package(folder: Path) -> dict[str, Any]:
    """The package that README shows, written down; its pyproject."""
    text = re.search(r"```toml\n(.*?)```\n+```python\n(.*?)```", README, re.DOTALL)
    assert text
    folder.mkdir()
    (folder / "pyproject.toml").write_text(text[1])
    (folder / "mypackage.py").write_text(text[2])
    return tomllib.loads(text[1])["project"]


CONFIG = """\
network: {depth: 6, width: 12, activation: {name: softclip, limit: 2}, initializer: signs, bias: signs}
input: {batch_size: 8}
seeds: 6
metrics: [act_q, grad_q, largest]
sweep: {grid: {network.activation.limit: [0.5, 2], network.width: [12, 16]}}
expect: [{name: no larger than the limit, metric: largest, at_most: 2}]
"""


def use(run: Run, folder: Path) -> None:
    """Run README's package from the command line, in one process and in two."""
    (folder / "c.yaml").write_text(CONFIG)
    for jobs in ("1", "2"):
        done = run("run", "c.yaml", "-j", jobs, "-o", f"out{jobs}")
        assert done.returncode == 0, done.stderr
        assert "internal error" not in done.stdout
    for name in ("layers.csv", "summary.csv", "cells.csv", "theory.csv", "plots/metrics.svg", "plots/variance.png"):
        assert (folder / "out1" / name).read_bytes() == (folder / "out2" / name).read_bytes()
    with (folder / "out1" / "layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    limits = {row["network.activation.limit"] for row in rows}
    assert limits == {"0.5", "2"}
    assert all(float(row["largest"]) <= float(row["network.activation.limit"]) for row in rows if row["layer"] != "0")
    said = json.loads(run("explain", "softclip", "-s", "limit=2", "--json").stdout)
    assert (said["label"], said["package"]) == ("softclip(limit=2)", "mypackage 1.0")
    assert "softclip" in run("list", "activations").stdout
    assert run("validate", "c.yaml").returncode == 0


def test_readmes_package(run: Run, site: Path, tmp_path: Path) -> None:
    project = readme_package(tmp_path / "source")
    declared = {kind.removeprefix("initbench."): names for kind, names in project["entry-points"].items()}
    code = (tmp_path / "source" / "mypackage.py").read_text()
    install(site, code, declared, project["name"], project["version"])
    use(run, tmp_path)


def test_readmes_package_installed_by_pip(run: Run, site: Path, tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    pytest.importorskip("pip")
    readme_package(tmp_path / "source")
    words = ["install", "-q", "--no-build-isolation", "--no-deps", "--target", str(site), str(tmp_path / "source")]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=120)
    assert "softclip" in run("list", "activations").stdout
    assert run("explain", "signs").returncode == 0
