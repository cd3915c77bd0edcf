"""Averages over pairs by two other roads: a plain double integral, and Price's theorem for what is made of straight
pieces. Nothing here uses initbench.theory.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from initbench.catalogue.activations import Activation

Array = np.ndarray[Any, Any]


def _tanh_sinh(ends: Array, step: float = 0.16) -> tuple[Array, Array]:
    """Nodes and weights between sorted ends, (..., P + 1) -> (..., nodes)."""
    t = np.arange(-3.2, 3.2 + step / 2, step)
    y = np.tanh(np.pi / 2 * np.sinh(t))
    w = step * np.pi / 2 * np.cosh(t) / np.cosh(np.pi / 2 * np.sinh(t)) ** 2
    half = np.diff(ends)[..., None] / 2
    x = ends[..., :-1, None] + half * (1 + y)
    return x.reshape(*ends.shape[:-1], -1), (half * w).reshape(*ends.shape[:-1], -1)


def _normal(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


def double_integral(case: Activation, q_a: float, q_b: float, e: float) -> dict[str, float]:
    """All fields of PairMoments: z_b given z_a is normal; for e of moderate size and q around 1.

    Cuts of the outer integral are also put where the inner one turns.
    """
    a, b, c = math.sqrt(q_a), math.sqrt(q_b), 1 - e
    s = math.sqrt(e * (2 - e))
    hidden = (-1.0, 1.0) if "sparse_plus" in case.name else ()  # where its second derivative jumps
    breaks = np.array(sorted({0.0, *hidden, *case.formula.kinks, *case.formula.jumps}))
    turns = (breaks[:, None] / b + s * np.array([-4, -2, -1, 0, 1, 2, 4])) / (c if abs(c) > 0.05 else 1)
    ends = np.unique(np.clip(np.concatenate([np.arange(-9.0, 9.5), breaks / a, turns.ravel()]), -9, 9))
    x, w = _tanh_sinh(ends)
    w = w * _normal(x)
    total = dict.fromkeys(("product", "gap", "slope_product", "square_product"), 0.0)
    for part in np.array_split(np.arange(x.size), 1 + x.size // 400):
        own = (breaks / b - c * x[part, None]) / s
        base = np.broadcast_to(np.arange(-9.0, 9.5), (part.size, 19))
        y, v = _tanh_sinh(np.sort(np.concatenate([base, np.clip(own, -9, 9)], axis=1), axis=1))
        weight = v * _normal(y) * w[part, None]
        (f, f_slope), (g, g_slope) = case.both(a * x[part, None]), case.both(b * (c * x[part, None] + s * y))
        total["product"] += float(np.sum(f * g * weight))
        total["gap"] += float(np.sum((f - g) ** 2 / 2 * weight))
        total["slope_product"] += float(np.sum(f_slope * g_slope * weight))
        total["square_product"] += float(np.sum(f**2 * g**2 * weight))
    return total


def pieces(case: Activation) -> tuple[float, Array, Array, Array]:
    """The slope at -inf, the breaks, and by how much slope and value jump at each."""
    breaks = np.array(sorted({*case.formula.kinks, *case.formula.jumps}))
    between = np.concatenate([breaks[:1] - 1, (breaks[1:] + breaks[:-1]) / 2, breaks[-1:] + 1])
    value, slope = case.both(between)
    jumps = value[1:] + slope[1:] * (breaks - between[1:]) - value[:-1] - slope[:-1] * (breaks - between[:-1])
    return float(slope[0]), breaks, np.diff(slope), jumps


def straight(case: Activation, q: float, e: float) -> tuple[float, float]:
    """gap and slope_product at equal q and e < 2, for what is made of straight pieces.

    Price: d gap/de = q <f'_a f'_b> with f' = slope + sum_i jump_i delta(z - t_i), and d<H_i H_j>/de = - density of the
    pair at (t_i, t_j). In the angle psi = arccos c' both integrands are smooth: de' = sin psi dpsi.
    """
    from scipy.special import ndtr

    left, breaks, steps, jumps = pieces(case)
    t = breaks / math.sqrt(q)
    jumps = jumps / math.sqrt(q)
    theta = 2 * math.asin(math.sqrt(e / 2))
    ends = np.concatenate([[0.0], theta * 2.0 ** -np.arange(0.0, 26), theta - 2.0 ** -np.arange(1.0, 12)])
    psi, w = _tanh_sinh(np.unique(ends[(ends >= 0) & (ends <= theta)]), 0.1)
    psi = np.maximum(psi, 1e-100)
    left_over = 2 * np.sin((theta - psi) / 2) * np.sin((theta + psi) / 2)  # e - e'
    sine = np.sin(psi)
    above = ndtr(-np.concatenate([[-np.inf], t]))
    slopes = left + np.concatenate([[0.0], np.cumsum(steps)])
    mass = above - np.append(above[1:], 0.0)
    mass[0], mass[-1] = ndtr(t[0]), ndtr(-t[-1])
    for k in range(1, len(t)):  # the piece between two breaks on one side of 0, by its nearer tail
        within = (math.erf(t[k] / math.sqrt(2)) - math.erf(t[k - 1] / math.sqrt(2))) / 2
        mass[k] = ndtr(-t[k - 1]) - ndtr(-t[k]) if t[k - 1] > 1 else within
    square = float(np.sum(slopes**2 * mass))
    gap, product = e * square, square
    for i in range(len(t)):
        bell = math.exp(-(t[i] ** 2) / 2) / math.sqrt(2 * math.pi)
        given = left + sum(steps[j] * ndtr((np.cos(psi) * t[i] - t[j]) / sine) for j in range(len(t)))
        gap += 2 * jumps[i] * bell * float(np.sum(w * sine * given))
        for j in range(len(t)):
            # t_i^2 + t_j^2 - 2 t_i t_j cos psi over 2 sin^2 psi, without cancellation
            exponent = (t[i] - t[j]) ** 2 / (2 * sine**2) + t[i] * t[j] / (1 + np.cos(psi))
            pair = np.exp(-exponent) / (2 * math.pi)
            gap += jumps[i] * jumps[j] * float(np.sum(w * pair))
            gap -= steps[i] * steps[j] * float(np.sum(w * left_over * pair))
            product -= steps[i] * steps[j] * float(np.sum(w * pair))
    return q * gap, product
