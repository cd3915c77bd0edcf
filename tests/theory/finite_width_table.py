"""The bands of finite width at depth / width = 10 / 64, against networks simulated plainly.

python tests/theory/finite_width_table.py prints, for each activation, batch and metric, the variance over networks over
its prediction in layers 1, 4, 7 and 10, with standard errors, and how far the predicted mean is off.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from finite_networks import over_networks, simulate
from theory_cells import make_cell

from initbench.theory.backward import backward_spread
from initbench.theory.forward import forward_spread
from initbench.theory.kernel import trajectory

Array = np.ndarray[Any, Any]

WIDTH, DEPTH = 64, 10
NETWORKS = {1: 16_000, 16: 8_000}
LAYERS = np.array([1, 4, 7, 10])
# activation, sigma_w, sigma_b: critical, chaotic, ordered; gelu at a stable length with chi = 1
CASES = (
    ("tanh", 1.7, 0.1),
    ("tanh", 1.0, 0.0),
    ("erf", 1.0, 0.05),
    ("relu", 2**0.5, 0.0),
    ("gelu", 1.39986821641, 0.5),
    ("softsign", 1.5, 0.3),
)
METRICS = ("preact_q", "act_q", "grad_q", "weight_grad_q")


@dataclass(frozen=True)
class Row:
    """One metric of one setting, at LAYERS: variance measured over predicted, its standard error, and the error of the
    mean with its own, relative; within: whether the theory claims to hold there."""

    setting: str
    metric: str
    variance: Array
    variance_error: Array
    mean: Array
    mean_error: Array
    within: Array


def rows(networks: dict[int, int] = NETWORKS) -> Iterator[Row]:
    """All rows, setting by setting."""
    for (name, sigma_w, sigma_b), batch, resample in itertools.product(CASES, (1, 16), (True, False)):
        cell = make_cell(
            [WIDTH] * (DEPTH + 1), name, sigma_w, sigma_b or None, batch=batch, resample=resample, root_seed=1
        )
        t = trajectory(cell)
        forward = forward_spread(t)
        bands = {**forward.bands, **backward_spread(t, forward).bands}
        measured = simulate(cell, networks[batch], root=11)
        setting = f"{name} ({sigma_w:.4g}, {sigma_b:g}), {batch} {'random' if resample else 'shared'}"
        for metric in METRICS:
            sample, band = over_networks(measured[metric][:, LAYERS]), bands[metric]
            mean, sd = band.mean[LAYERS], band.sd[LAYERS]
            ratio = sample.variance / sd**2
            yield Row(
                setting=setting,
                metric=metric,
                variance=ratio,
                variance_error=ratio * sample.variance_error,
                mean=mean / sample.mean - 1,
                mean_error=sample.mean_error / sample.mean,
                within=band.within[LAYERS],
            )


if __name__ == "__main__":
    for row in rows():
        cells = [f"{v:.3f}+-{e:.3f}" for v, e in zip(row.variance, row.variance_error, strict=True)]
        means = [f"{m:+.1%}" for m in row.mean]
        print(f"{row.setting:34}{row.metric:15}{'  '.join(cells)}   mean {' '.join(means)}", flush=True)
