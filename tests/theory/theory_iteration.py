"""The maps iterated as plainly as possible: averages by sums over grids of equal steps, no tables, no fixed points."""

from __future__ import annotations

from typing import Any

import numpy as np

from initbench.catalogue.activations import Activation

Array = np.ndarray[Any, Any]

FINE = np.linspace(-8.5, 8.5, 8001)
COARSE = np.linspace(-7.0, 7.0, 282)  # steps of 0.05; no point at 0, where many activations have their kink


def weights(x: Array) -> Array:
    w: Array = np.exp(-x * x / 2)
    return w / w.sum()


def lengths(activation: Activation, sigma_w: float, sigma_b: float, q: float, layers: int) -> tuple[Array, Array]:
    """q of every layer from the first, (layers,), and chi there, until q overflows."""
    found, factors, w = [], [], weights(FINE)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(layers):
            value, slope = activation.both(np.sqrt(q) * FINE)
            found.append(q)
            factors.append(sigma_w**2 * np.dot(w, slope * slope))
            q = sigma_w**2 * np.dot(w, value * value) + sigma_b**2
            if not q < 1e200:
                break
    return np.array(found), np.array(factors)


def correlations(activation: Activation, sigma_w: float, sigma_b: float, q: Array, c: float) -> Array:
    """c of every layer from the first, (layers,), along lengths q."""
    found, w = [], weights(COARSE)
    x = COARSE[:, None]
    for length in q:
        found.append(c)
        root = np.sqrt(length)
        value = activation.value(root * x)
        other = activation.value(root * (c * x + np.sqrt(max(1 - c * c, 0)) * COARSE))
        product, square = np.dot(w, value * (other @ w)[:, None]), np.dot(w, value * value)
        c = float((sigma_w**2 * product[0] + sigma_b**2) / (sigma_w**2 * square[0] + sigma_b**2))
    return np.array(found)
