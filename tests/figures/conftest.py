"""Results folders written the way the store writes them, from cells described as plain data.

A cell is {"axes": {key: value}, "depth": L, "seeds": S, "metrics": {metric: array (S, L + 1)}}, blanks None, with
"theory": {(metric, layer): (mean, sd)} and "outside": those (metric, layer) where theory is out of its range.
The writer is the tests' own: figures must read what the contract says, not what the store happens to write.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

METRICS = (
    "preact_mean", "preact_var", "preact_q", "act_mean", "act_var", "act_q", "act_var_batch", "cosine",
    "distinct_units", "dead_fraction", "inactive_fraction", "saturated_fraction", "grad_q", "weight_grad_q",
)  # fmt: skip
CELL_COLUMNS = (
    "n_seeds", "engine_used", "status", "act_q_ratio", "act_q_ratio_median", "grad_q_ratio",
    "grad_q_ratio_median", "forward_rate", "backward_rate", "forward", "backward", "flags", "verdict",
    "theory_z", "theory_z_layer",
)  # fmt: skip

Cell = dict[str, Any]


def text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(float(value)) if isinstance(value, float) else str(value)


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[text(value) for value in row] for row in rows])
    path.write_bytes(buffer.getvalue().encode())


def statistics(values: Sequence[float | None]) -> list[Any]:
    """n, mean, sd, stderr, median, q05, q95, nonfinite over the seeds; blank where nothing was measured."""
    present = np.array([value for value in values if value is not None])
    finite = present[np.isfinite(present)] if present.size else present
    n, bad = int(finite.size), int(present.size - finite.size)
    if n == 0:
        return [0, None, None, None, None, None, None, bad]
    with np.errstate(over="ignore", invalid="ignore"):
        sd = float(finite.std(ddof=1)) if n > 1 else None
        low, middle, high = (float(q) for q in np.quantile(finite, [0.05, 0.5, 0.95]))
        mean = float(finite.mean())
    return [n, mean, sd, None if sd is None else sd / math.sqrt(n), middle, low, high, bad]


def write(folder: Path, cells: Sequence[Cell], title: str = "a synthetic run", layers: bool = True) -> Path:
    """A results folder of these cells."""
    folder.mkdir(parents=True, exist_ok=True)
    axes = list(cells[0]["axes"])
    layer_rows, summary_rows, cell_rows, histogram_rows, theory_rows = [], [], [], [], []
    for index, cell in enumerate(cells):
        name = cell.get("cell", hashlib.sha256(str(index).encode()).hexdigest()[:16])
        swept = list(cell["axes"].values())
        seeds, depth, width = cell["seeds"], cell["depth"], cell.get("width", 64)
        measured: dict[str, np.ndarray] = cell["metrics"]  # (S, depth + 1), object or float; None is blank
        for seed in range(seeds):
            for layer in range(depth + 1):
                fans = [None, width] if layer == 0 else [width, width]
                values = [measured[metric][seed][layer] if metric in measured else None for metric in METRICS]
                layer_rows.append([name, *swept, seed, layer, fans[0] or width, fans[1], *values])
        for layer in range(depth + 1):
            for metric in METRICS:
                column = [measured[metric][seed][layer] if metric in measured else None for seed in range(seeds)]
                theory = cell.get("theory", {}).get((metric, layer), (None, None))
                summary_rows.append([name, *swept, layer, metric, *statistics(column), *theory])
                within = "" if theory[0] is None else "no" if (metric, layer) in cell.get("outside", ()) else "yes"
                theory_rows.append([name, *swept, layer, metric, theory[0], *theory, within, ""])
        status = cell.get("status", "ok")
        cell_rows.append(
            [name, *swept, seeds, "dense", status, *[None] * 6, "stable", "stable", "", "stable", None, None]
        )
        histogram_rows += [[name, *swept, *row] for row in cell.get("histograms", ())]
    if layers:
        write_csv(folder / "layers.csv", ["cell", *axes, "seed", "layer", "fan_in", "fan_out", *METRICS], layer_rows)
    summary = [
        "layer",
        "metric",
        "n",
        "mean",
        "sd",
        "stderr",
        "median",
        "q05",
        "q95",
        "nonfinite",
        "theory",
        "theory_sd",
    ]
    write_csv(folder / "summary.csv", ["cell", *axes, *summary], summary_rows)
    write_csv(folder / "cells.csv", ["cell", *axes, *CELL_COLUMNS], cell_rows)
    if any("theory" in cell for cell in cells):
        columns = ["layer", "metric", "infinite_width", "mean", "sd", "within", "reason"]
        write_csv(folder / "theory.csv", ["cell", *axes, *columns], theory_rows)
    if histogram_rows:
        write_csv(
            folder / "histograms.csv",
            ["cell", *axes, "layer", "quantity", "low", "high", "count"],
            histogram_rows,
        )
    manifest = {"name": "synthetic", "description": "", "axes": axes, "title": title}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def counted(values: np.ndarray, quantity: str, layer: int) -> list[list[Any]]:
    """Rows of histograms.csv: fixed bins with under- and overflow."""
    low, high, bins = (-10.0, 10.0, 200) if quantity == "act" else (-40.0, 10.0, 200)
    edges = np.concatenate([[-math.inf], np.linspace(low, high, bins + 1), [math.inf]])
    with np.errstate(divide="ignore"):
        values = values if quantity == "act" else np.log10(np.abs(values))
    counts = np.histogram(np.clip(values, -1e300, 1e300), np.clip(edges, -1.1e300, 1.1e300))[0]
    return [[layer, quantity, float(edges[k]), float(edges[k + 1]), int(counts[k])] for k in range(len(counts))]


def simulate(
    axes: dict[str, str], gain: float = 2.0**0.5, depth: int = 12, width: int = 64, seeds: int = 8,
    activation: str = "relu", histograms: bool = False, dtype: Any = np.float32, root: int = 0,
) -> Cell:  # fmt: skip
    """A small random network, measured: Var W = gain^2 / width."""
    rng = np.random.default_rng(root)
    found: dict[str, list[list[Any]]] = {metric: [[None] * (depth + 1) for _ in range(seeds)] for metric in METRICS}
    counts: dict[tuple[int, str], np.ndarray] = {}
    with np.errstate(all="ignore"):
        for seed in range(seeds):
            _network(rng, found, counts, seed, gain, depth, width, activation, dtype)
    rows = []
    if histograms:
        for (layer, quantity), values in sorted(counts.items()):
            rows += counted(values, quantity, layer)
    metrics = {metric: np.array(rows, dtype=object) for metric, rows in found.items()}
    return {
        "axes": axes,
        "depth": depth,
        "width": width,
        "seeds": seeds,
        "metrics": metrics,
        "histograms": rows,
    }


def _network(
    rng: np.random.Generator, found: dict[str, Any], counts: dict[tuple[int, str], np.ndarray], seed: int,
    gain: float, depth: int, width: int, activation: str, dtype: Any,
) -> None:  # fmt: skip
    batch = 16
    h = rng.standard_normal((batch, width)).astype(dtype)
    weights = [(rng.standard_normal((width, width)) * gain / np.sqrt(width)).astype(dtype) for _ in range(depth)]
    states, slopes = [h], []

    def put(metric: str, layer: int, value: Any) -> None:
        found[metric][seed][layer] = float(value)

    for layer in range(depth + 1):
        if layer:
            z = h @ weights[layer - 1]
            h = np.maximum(z, 0) if activation == "relu" else np.tanh(z)
            slope = (z > 0).astype(dtype) if activation == "relu" else 1 - h**2
            states.append(h)
            slopes.append(slope)
            wide = z.astype(float)
            put("preact_mean", layer, wide.mean())
            put("preact_var", layer, wide.var())
            put("preact_q", layer, (wide**2).mean())
            put("distinct_units", layer, len(np.unique(z, axis=1).T))
            off = (h == 0) & (slope == 0)
            put("dead_fraction", layer, off.all(axis=0).mean())
            put("inactive_fraction", layer, off.mean())
            if activation == "tanh":
                put("saturated_fraction", layer, (slope < 0.01).mean())
        wide = h.astype(float)
        put("act_mean", layer, wide.mean())
        put("act_var", layer, wide.var())
        put("act_q", layer, (wide**2).mean())
        put("act_var_batch", layer, wide.var(axis=0).mean())
        unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
        cosines = (unit @ unit.T)[np.triu_indices(batch, 1)]
        put("cosine", layer, cosines.mean())
        counts[layer, "act"] = np.append(counts.get((layer, "act"), []), wide[np.isfinite(wide)])
    back = rng.standard_normal((batch, width)).astype(dtype)
    for layer in range(depth, 0, -1):
        dz = back * slopes[layer - 1]
        put("grad_q", layer, (dz.astype(float) ** 2).mean())
        put("weight_grad_q", layer, ((states[layer - 1].T.astype(float) @ dz.astype(float)) ** 2).mean())
        wide = dz.astype(float).ravel()
        counts[layer, "grad"] = np.append(counts.get((layer, "grad"), []), wide[np.isfinite(wide)])
        back = dz @ weights[layer - 1].T


def flat(axes: dict[str, str], values: dict[str, Any], depth: int = 5, seeds: int = 3, **more: Any) -> Cell:
    """A cell whose metrics are given as numbers, as rows of layers, or as functions of (seed, layer)."""

    def table(value: Any) -> np.ndarray:
        rows = []
        for seed in range(seeds):
            make = (
                value
                if callable(value)
                else (lambda s, k: value[k])
                if isinstance(value, list)
                else (lambda s, k: value)
            )
            rows.append([make(seed, layer) for layer in range(depth + 1)])
        return np.array(rows, dtype=object)

    return {
        "axes": axes,
        "depth": depth,
        "seeds": seeds,
        "metrics": {k: table(v) for k, v in values.items()},
        **more,
    }


@pytest.fixture
def write_results(tmp_path: Path) -> Callable[..., Path]:
    """write_results(cells) -> the folder."""

    def _write(cells: Sequence[Cell], **options: Any) -> Path:
        return write(tmp_path / "results", cells, **options)

    return _write


@pytest.fixture
def simulated() -> Callable[..., Cell]:
    return simulate


@pytest.fixture
def flat_cell() -> Callable[..., Cell]:
    return flat


@pytest.fixture(scope="session")
def relu_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cell, everything measured."""
    return write(tmp_path_factory.mktemp("relu"), [simulate({}, histograms=True)], title="relu, he_normal, depth 12")


@pytest.fixture(scope="session")
def grid_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three initializers on two activations."""
    cells = [
        simulate(
            {"network.initializer": name, "network.activation": activation},
            gain=gain,
            activation=activation,
            histograms=True,
        )
        for name, gain in (("none", 1.0), ("NA", 2**0.5), ("normal(stddev=1.0)", 8.0))
        for activation in ("relu", "tanh")
    ]
    return write(tmp_path_factory.mktemp("grid"), cells, title="depth 12, width 64, batch 16, 8 seeds")
