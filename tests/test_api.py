"""The front door for notebooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import initbench

SMALL = {
    "name": "small",
    "network": {"depth": 3, "width": 16, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 8},
    "seeds": 4,
    "sweep": {"grid": {"network.initializer": ["he_normal", {"name": "normal", "stddev": 0.01}]}},
}


def test_run_from_a_mapping_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = initbench.run(SMALL)
    assert list(tmp_path.iterdir()) == []
    assert list(result.cells["network.initializer"]) == ["he_normal", "normal(stddev=0.01)"]
    assert result.layers is not None
    assert len(result.layers) == 2 * 4 * 4
    assert set(result.summary["layer"]) == {0, 1, 2, 3}


def test_sweep_is_run_over_a_grid(tmp_path: Path) -> None:
    base = {key: value for key, value in SMALL.items() if key != "sweep"}
    result = initbench.sweep(base, {"network.depth": [2, 3], "network.width": {"range": [4, 6]}}, jobs=1)
    assert [tuple(row) for row in result.cells[["network.depth", "network.width"]].to_numpy()] == [
        ("2", "4"), ("2", "5"), ("3", "4"), ("3", "5"),
    ]  # fmt: skip
    same = initbench.run(base | {"sweep": {"grid": {"network.depth": [2, 3], "network.width": [4, 5]}}}, jobs=1)
    assert result.cells.equals(same.cells)
    config = tmp_path / "c.yaml"
    config.write_text("network: {depth: 2, width: 4, activation: relu, initializer: he_normal}\nseeds: 2\n")
    from_file = initbench.sweep(config, {"network.depth": "2, 3"}, out=tmp_path / "out", overrides=["seeds=1"])
    assert list(initbench.load(tmp_path / "out").cells["network.depth"]) == ["2", "3"]
    assert set(from_file.cells["n_seeds"]) == {1}
    assert list(initbench.sweep(SMALL, jobs=1).cells["cell"]) == list(initbench.run(SMALL, jobs=1).cells["cell"])


def test_a_sweep_needs_an_axis_that_can_be_swept() -> None:
    base = {key: value for key, value in SMALL.items() if key != "sweep"}
    with pytest.raises(initbench.InitbenchError, match="a sweep needs an axis"):
        initbench.sweep(base)
    with pytest.raises(initbench.ConfigError, match=r"the grid: depth: unknown key; did you mean 'network\.depth'\?"):
        initbench.sweep(base, {"depth": [2, 3]})
    with pytest.raises(initbench.ConfigError, match="did you mean 'linspace'"):
        initbench.sweep(base, {"network.initializer.gain": {"linspce": [0, 1, 2]}})


def test_load_gives_what_run_gave(tmp_path: Path) -> None:
    result = initbench.run(SMALL, out=tmp_path / "out")
    stored = initbench.load(tmp_path / "out")
    for name in ("layers", "summary", "cells"):
        assert getattr(stored, name).equals(getattr(result, name))


def test_plot_takes_a_result_tables_or_a_folder(tmp_path: Path) -> None:
    result = initbench.run(SMALL, out=tmp_path / "out")
    for source in (result, initbench.load(tmp_path / "out"), tmp_path / "out"):
        assert type(initbench.plot(source, "gradients")).__name__ == "Figure"
    with pytest.raises(initbench.InitbenchError, match="did you mean 'variance'"):
        initbench.plot(result, "varience")


def test_a_wrong_config_raises_every_problem() -> None:
    with pytest.raises(initbench.ConfigError) as caught:
        initbench.run({"network": {"depth": 0, "width": 4, "activation": "rellu", "initializer": "he_normal"}})
    assert len(caught.value.problems) == 2


def test_catalogue_from_python() -> None:
    import numpy as np

    he = initbench.initializer("keras:he_normal")
    assert he.variance(512, 256) == pytest.approx(2 / 512)
    assert he.sample(np.random.default_rng(0), 30, 20, np.float32).shape == (30, 20)
    assert initbench.activation("gelu").value(np.array([0.0])) == 0.0


def test_a_script_without_a_main_guard_may_use_processes(tmp_path: Path) -> None:
    """Spawned workers run the caller's script again unless they are kept from it."""
    script = tmp_path / "script.py"
    script.write_text(f"import initbench\nprint('started')\nprint(len(initbench.run({SMALL!r}, jobs=2).cells))\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["started", "2"]


def test_public_names_are_pinned() -> None:
    assert set(initbench.__all__) == {
        "ConfigError", "InitbenchError", "Result", "__version__", "activation", "compare", "initializer", "load",
        "plot", "predict", "rank", "recommend", "report", "run", "sweep",
    }  # fmt: skip
