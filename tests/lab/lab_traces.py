"""Cells and traces made by hand, so that what is to be judged is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.catalogue.metrics import DEFAULT_METRICS, METRICS
from initbench.engine import Trace
from initbench.lab.summary import Summary, summarise
from initbench.lab.verdict import Verdict, judge
from initbench.spec import Batch, Cell, Layer, Network, VerdictRules

Array = np.ndarray[Any, Any]


def make_cell(depth: int, width: int = 8, **settings: Any) -> Cell:
    layer = Layer(
        width,
        width,
        activation(settings.pop("activation", "relu")),
        initializer(settings.pop("initializer", "he_normal")),
        None,
    )
    rest: dict[str, Any] = {
        "gradient": "gaussian",
        "dtype": "float32",
        "engine": "auto",
        "metrics": DEFAULT_METRICS,
        "root_seed": 0,
    }
    return Cell(Network((layer,) * depth), Batch(inputs("gaussian"), width, 32, True), **(rest | settings))


def make_trace(layers: Mapping[str, Sequence[Any]], seeds: int = 1) -> Trace:
    """metric -> one entry a layer from 0 on: a number for all seeds, a list of one a seed, or None where absent."""
    names = tuple(record.name for record in METRICS if record.name in layers)
    rows = {len(column) for column in layers.values()}
    assert len(rows) == 1
    assert set(names) == set(layers)
    shape = (seeds, rows.pop(), len(names))
    values, present = np.full(shape, np.nan), np.zeros(shape, bool)
    for m, name in enumerate(names):
        for row, entry in enumerate(layers[name]):
            if entry is not None:
                values[:, row, m] = entry
                present[:, row, m] = True
    return Trace(tuple(range(seeds)), names, values, present)


def signal(depth: int, forward: Any = 1.0, backward: Any = 1.0, **others: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Mean squares that change by a constant factor:
    from 1 at layer 1 to `forward`, from 1 at the last layer to `backward`.
    """

    def column(end: Any, down: bool) -> list[Any]:
        entries: list[Any] = []
        for layer in range(1, depth + 1):
            share = (depth - layer if down else layer - 1) / max(depth - 1, 1)
            entries.append(np.asarray(end, float) ** share)
        return entries

    grad = [None, *column(backward, True)]
    return {
        "preact_q": [None, *column(forward, False)],
        "act_q": [1.0, *column(forward, False)],
        "grad_q": grad,
        **others,
    }


def judged(
    layers: Mapping[str, Sequence[Any]], seeds: int = 1, cell: Cell | None = None, **rules: float
) -> tuple[Verdict, Summary, Cell]:
    trace = make_trace(layers, seeds)
    cell = cell or make_cell(trace.values.shape[1] - 1)
    summary = summarise(trace)
    return judge(cell, trace, summary, VerdictRules(**rules)), summary, cell
