"""How a run is shared out changes no byte, whichever engine its layers get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import initbench

LAWS = ["he_normal", "he_uniform", {"name": "orthogonal", "gain": 1.4}, "he_normal"]
TABLES = ("layers.csv", "summary.csv", "cells.csv", "histograms.csv")


def tables(folder: Path, jobs: int, engine: str, seeds: list[int]) -> dict[str, bytes]:
    """Layers of 256 units, some drawn and some not; Gaussian inputs, and equal ones, whose Gram matrices are
    singular.
    """
    config: dict[str, Any] = {
        "name": "shared-out",
        "network": {
            "depth": 4,
            "width": 256,
            "activation": "relu",
            "initializer": LAWS if engine == "auto" else "he_normal",
            "bias": {"name": "normal", "stddev": 0.1},
        },
        "input": {"batch_size": 4},
        "engine": engine,
        "metrics": ["act_q", "cosine", "grad_q", "weight_grad_q", "histograms"],
        "seeds": seeds,
        "sweep": {"grid": {"input.distribution": ["gaussian", "ones"], "dtype": ["float32", "float64"]}},
    }
    initbench.run(config, out=folder, jobs=jobs)
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.mark.parametrize("engine", ["implicit", "auto"])
def test_jobs_change_no_byte(engine: str, tmp_path: Path) -> None:
    seeds = list(range(70))
    alone = tables(tmp_path / "1", 1, engine, seeds)
    used = "implicit" if engine == "implicit" else "mixed"
    assert f",{used}," in alone["cells.csv"].decode()
    assert tables(tmp_path / "2", 2, engine, seeds) == alone
    assert tables(tmp_path / "3", 3, engine, seeds) == alone
    # a run of some of the seeds has their very rows
    part = tables(tmp_path / "part", 2, engine, seeds[7:40:3])["layers.csv"].decode().splitlines()
    assert set(part) <= set(alone["layers.csv"].decode().splitlines())
    assert len(part) == 1 + 4 * 11 * 5
