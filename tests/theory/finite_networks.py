"""Many small random networks at once, as plainly as NumPy allows: brute force for the theory of finite width."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from initbench.catalogue.initializers import Law, Orthogonal
from initbench.spec import Cell
from initbench.streams import Purpose, stream

Array = np.ndarray[Any, Any]

_NUMBERS = 4_000_000  # weights held at a time


def simulate(cell: Cell, networks: int, root: int = 0, dtype: str = "float32") -> dict[str, Array]:
    """Metrics of `networks` draws of the cell's network, (networks, L + 1) each; nan where there is none.

    dtype is that of the signals; mean squares are summed in float64.
    """
    layers = cell.network.layers
    chunk = max(1, _NUMBERS // sum(layer.fan_in * layer.fan_out for layer in layers))
    rng = np.random.Generator(np.random.SFC64(root))
    parts = [_chunk(cell, rng, min(chunk, networks - start), dtype) for start in range(0, networks, chunk)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunk(cell: Cell, rng: np.random.Generator, networks: int, dtype: str) -> dict[str, Array]:
    layers = cell.network.layers
    h = _inputs(cell, rng, networks).astype(dtype)
    out: dict[str, list[Array]] = defaultdict(list)
    hs, slopes, weights = [h], [], []
    _measure(out, None, h)
    for layer in layers:
        w = _draw(layer.initializer.law(layer.fan_in, layer.fan_out), rng, (networks, layer.fan_in, layer.fan_out))
        z = h @ w.astype(dtype)
        if layer.bias is not None:
            z += _draw(layer.bias.law(layer.fan_in, layer.fan_out), rng, (networks, 1, layer.fan_out)).astype(dtype)
        h, slope = layer.activation.both(z)
        _measure(out, z, h)
        hs.append(h)
        slopes.append(slope)
        weights.append(w.astype(dtype))
    if cell.backward:
        _send_back(out, _cotangent(cell, rng, h.shape).astype(dtype), hs, slopes, weights)
    return {name: np.stack(columns, axis=1) for name, columns in out.items()}


def _inputs(cell: Cell, rng: np.random.Generator, networks: int) -> Array:
    batch = cell.batch
    if not batch.resample:
        shared = stream(cell.root_seed, 0, Purpose.SHARED_INPUTS)
        x = batch.inputs.draw(shared, batch.batch_size, batch.features).astype(cell.dtype)
        return np.broadcast_to(x, (networks, *x.shape))
    if batch.inputs.name == "gaussian":
        keywords = dict(batch.inputs.params)
        return rng.normal(keywords["mean"], keywords["stddev"], (networks, batch.batch_size, batch.features))
    return np.stack([batch.inputs.draw(rng, batch.batch_size, batch.features) for _ in range(networks)])


def _draw(law: Law, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    if isinstance(law, Orthogonal):
        return _haar(law, rng, shape)
    out = np.empty(shape, np.float32)
    law.fill(rng, out.reshape(shape[0], -1))
    return out


def _haar(law: Orthogonal, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    longer, shorter = max(shape[1:]), min(shape[1:])
    q, r = np.linalg.qr(rng.standard_normal((shape[0], longer, shorter)))
    q *= np.sign(np.einsum("sii->si", r))[:, None, :]
    return law.gain * (q if shape[1] >= shape[2] else q.swapaxes(1, 2))


def _cotangent(cell: Cell, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    if cell.gradient == "ones":
        return np.ones(shape)
    own = shape if cell.gradient == "gaussian" else (shape[0], 1, shape[2])
    return np.broadcast_to(rng.standard_normal(own), shape)


def _measure(out: dict[str, list[Array]], z: Array | None, h: Array) -> None:
    for name, x in (("preact", z), ("act", h)):
        blank = np.full(len(h), np.nan)
        x = None if x is None else x.astype(np.float64)
        out[f"{name}_mean"].append(blank if x is None else x.mean(axis=(1, 2)))
        out[f"{name}_var"].append(blank if x is None else x.var(axis=(1, 2)))
        out[f"{name}_q"].append(blank if x is None else np.square(x).mean(axis=(1, 2)))
    h = h.astype(np.float64)
    out["act_var_batch"].append(h.var(axis=1).mean(axis=1))
    out["inactive_fraction"].append((h == 0).mean(axis=(1, 2)))  # of activations that are flat wherever they are 0
    gram = h @ h.swapaxes(1, 2)
    length = np.sqrt(np.einsum("saa->sa", gram))
    a, b = np.triu_indices(h.shape[1], 1)
    with np.errstate(invalid="ignore"):
        cosine = gram[:, a, b] / (length[:, a] * length[:, b])
        out["cosine"].append(cosine.mean(axis=1) if len(a) else np.full(len(h), np.nan))


def _send_back(
    out: dict[str, list[Array]], g: Array, hs: list[Array], slopes: list[Array], weights: list[Array]
) -> None:
    blank = np.full(len(g), np.nan)
    grad, weight_grad = [], []
    for below, slope, w in zip(hs[-2::-1], slopes[::-1], weights[::-1], strict=True):
        d = (slope * g).astype(np.float64)
        grad.append(np.square(d).mean(axis=(1, 2)))
        x = below.astype(np.float64)
        # |sum_a h_a d_a^T|^2 = sum_ab (h_a . h_b) (d_a . d_b)
        total = ((x @ x.swapaxes(1, 2)) * (d @ d.swapaxes(1, 2))).sum(axis=(1, 2))
        weight_grad.append(total / (w.shape[1] * w.shape[2]))
        g = (slope * g) @ w.swapaxes(1, 2)
    out["grad_q"] = [blank, *grad[::-1]]
    out["weight_grad_q"] = [blank, *weight_grad[::-1]]


@dataclass(frozen=True)
class Sample:
    """Over networks, (L + 1,) each: mean and variance with their standard errors; that of the variance is relative."""

    mean: Array
    mean_error: Array
    variance: Array
    variance_error: Array


def over_networks(values: Array) -> Sample:
    """Of (networks, L + 1) values; the error of a sample variance comes from the sample's own kurtosis."""
    number, mean = len(values), values.mean(axis=0)
    variance = values.var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = np.square(np.square(values - mean)).mean(axis=0) / variance**2
        return Sample(mean, np.sqrt(variance / number), variance, np.sqrt((kurtosis - 1) / number))
