"""Networks simulated as plainly as possible: nothing of the engine is used, and every metric is its definition."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from initbench.spec import Cell

Array = np.ndarray[Any, Any]


def simulate(cell: Cell, seeds: int, root: int = 0) -> dict[str, Array]:
    """Every metric of `seeds` networks, (seeds, L + 1) each; nan where there is none. Inputs that are shared come from
    the caller's own `cell.batch.inputs` with a fixed seed."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for seed in range(seeds):
        one = network(cell, np.random.default_rng([root, seed]))
        for name, values in one.items():
            rows[name].append(values)
    return {name: np.array(values) for name, values in rows.items()}


def network(cell: Cell, rng: np.random.Generator, x: Array | None = None) -> dict[str, list[float]]:
    layers, batch = cell.network.layers, cell.batch
    h = batch.inputs.draw(rng, batch.batch_size, batch.features) if x is None else x
    hs, slopes, weights = [h], [], []
    out: dict[str, list[float]] = {name: [np.nan] for name in PREACTIVATION}
    for name, value in of_activations(h).items():
        out[name] = [value]
    for layer in layers:
        w = layer.initializer.sample(rng, layer.fan_in, layer.fan_out, np.float64)
        z = h @ w
        if layer.bias is not None:
            b = np.empty(layer.fan_out)
            layer.bias.law(layer.fan_in, layer.fan_out).fill(rng, b)
            z = z + b
        h, slope = layer.activation.both(z)
        hs.append(h)
        slopes.append(slope)
        weights.append(w)
        steep = 0.01 * layer.activation.formula.steepest
        inactive = (h == 0) & (slope == 0)
        parts = {
            "preact_mean": z.mean(),
            "preact_var": z.var(),
            "preact_q": np.mean(z * z),
            "dead_fraction": inactive.all(axis=0).mean(),
            "inactive_fraction": inactive.mean(),
            "saturated_fraction": (abs(slope) < steep).mean() if layer.activation.formula.saturates else np.nan,
        } | of_activations(h)
        for name, value in parts.items():
            out[name].append(value)
    d = {
        "gaussian": lambda: rng.standard_normal(h.shape),
        "shared": lambda: np.repeat(rng.standard_normal((1, h.shape[1])), len(h), axis=0),
        "ones": lambda: np.ones(h.shape),
        "none": lambda: np.full(h.shape, np.nan),
    }[cell.gradient]()
    grad, weight_grad = [], []
    for below, slope, w in zip(hs[-2::-1], slopes[::-1], weights[::-1], strict=True):
        d = d * slope
        grad.append(np.mean(d * d))
        weight_grad.append(np.mean((below.T @ d) ** 2))
        d = d @ w.T
    out["grad_q"] = [np.nan, *grad[::-1]]
    out["weight_grad_q"] = [np.nan, *weight_grad[::-1]]
    return out


PREACTIVATION = ("preact_mean", "preact_var", "preact_q", "dead_fraction", "inactive_fraction", "saturated_fraction")


def of_activations(h: Array) -> dict[str, float]:
    with np.errstate(invalid="ignore"):
        unit = h / np.linalg.norm(h, axis=1)[:, None]
    pairs = np.triu_indices(len(h), 1)
    cosine = (unit @ unit.T)[pairs]
    return {
        "act_mean": h.mean(),
        "act_var": h.var(),
        "act_q": np.mean(h * h),
        "act_var_batch": h.var(axis=0).mean(),
        "cosine": np.nanmean(cosine) if len(cosine) else np.nan,
    }
