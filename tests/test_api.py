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
        "plot", "predict", "rank", "recommend", "report", "run",
    }  # fmt: skip
