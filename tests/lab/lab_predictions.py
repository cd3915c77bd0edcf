"""Predictions made by hand: what theory would say of networks whose law is known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from initbench.catalogue.metrics import METRICS
from initbench.lab.predicted import blank
from initbench.spec import Cell
from initbench.theory.prediction import Curve, Prediction

Array = np.ndarray[Any, Any]


def curve(mean: Any, sd: Any = np.nan, within: Any = True, reasons: tuple[str, ...] = ()) -> Curve:
    """A curve of these columns, numbers repeated as needed; the infinite width is the mean."""
    mean = np.asarray(mean, np.float64)
    sd, within = np.broadcast_to(np.asarray(sd, np.float64), mean.shape), np.broadcast_to(within, mean.shape)
    return Curve(mean, mean, sd, within, reasons or ("",) * len(mean))


def prediction(cell: Cell, *notes: str, **curves: Curve) -> Prediction:
    """These curves, and blanks for the cell's other metrics."""
    others = blank(cell, "nobody has derived it").curves
    names = [record.name for record in METRICS if record.name in {*others, *curves}]
    return Prediction({name: curves.get(name) or others[name] for name in names}, notes)


def he_relu(depth: int, width: int) -> dict[str, Curve]:
    """relu after N(0, 2 / N), one input of mean square 1 in every seed: means of 1, and exact spreads.

    act_q of a layer is that of the layer below times 2 / N sum relu(g)^2, of mean 1 and E 1 + 5 / N; preact_q times
    sum g^2 / N, of mean 1 and E 1 + 2 / N.
    """
    layers = np.arange(depth + 1)
    act = (1 + 5 / width) ** layers - 1
    preact = (1 + 2 / width) * (1 + 5 / width) ** (layers - 1) - 1
    mean, preact_mean = np.ones(depth + 1), np.array([np.nan] + [1.0] * depth)
    return {
        "preact_q": curve(preact_mean, np.where(layers > 0, np.sqrt(np.maximum(preact, 0)), np.nan)),
        "act_q": curve(mean, np.sqrt(act)),
    }


def he_relu_draws(depth: int, width: int, seeds: int, rng: np.random.Generator) -> dict[str, list[Any]]:
    """What `seeds` such networks show, drawn from their exact law; as make_trace takes it."""
    q = np.ones(seeds)
    found: dict[str, list[Any]] = {"preact_q": [None], "act_q": [1.0]}
    for _ in range(depth):
        alive = rng.binomial(width, 0.5, seeds)
        positive = rng.chisquare(np.maximum(alive, 1e-9))
        negative = rng.chisquare(np.maximum(width - alive, 1e-9))
        found["preact_q"].append(q * (positive + negative) / width)
        q = q * 2 * positive / width
        found["act_q"].append(q)
    return found
