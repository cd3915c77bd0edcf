"""`initbench theory --config`: every layer of every cell as theory predicts it, without running anything."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .console import emit_json, note, table

if TYPE_CHECKING:
    from ..spec import Cell, GridCell
    from ..theory.prediction import Curve, Prediction

HEADLINES = ("preact_q", "act_q", "cosine", "grad_q")
"""What the table shows of many metrics; of a few, it shows all."""
FEW = 5
STEPS = (1, 2, 3, 5, 10, 20, 30, 50)
"""Layers that a long network's table shows, these times powers of ten, the input and the last."""
BEYOND = "?"
LAST_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?$")
"""What may change from layer to layer in one and the same reason."""


def say_predictions(config: Path, overrides: list[str], as_json: bool, quiet: bool) -> None:
    """Predict the cells of a config and print them. Raises ConfigError, StorageError."""
    from ..config import load
    from ..theory.predict_cell import predict_cell

    experiment = load(config, overrides)
    predicted = [(grid, predict_cell(grid.cell)) for grid in experiment.cells]
    if as_json:
        cells = [_document(grid, prediction) for grid, prediction in predicted]
        emit_json({"name": experiment.name, "cells": cells, "notes": list(experiment.notes)})
        return
    typer.echo(f"{experiment.name}: infinitely wide networks, and the mean +- sd over seeds of these")
    for grid, prediction in predicted:
        typer.echo(f"\n{grid.label}" if grid.label else "")
        _say_table(grid.cell, prediction)
    if not quiet:
        _say_notes({grid.label: prediction for grid, prediction in predicted}, experiment.notes)


def _document(grid: GridCell, prediction: Prediction) -> dict[str, Any]:
    return {
        "settings": dict(grid.axes),
        "layer": list(range(grid.cell.network.depth + 1)),
        "metrics": {
            name: {
                "infinite": curve.infinite.tolist(),
                "mean": curve.mean.tolist(),
                "sd": curve.sd.tolist(),
                "within": curve.within.tolist(),
                "reasons": list(curve.reasons),
            }
            for name, curve in prediction.curves.items()
        },
        "notes": list(prediction.notes),
    }


def _shown(prediction: Prediction) -> dict[str, Curve]:
    """The metrics that the table has room for, but for those that are blank everywhere."""
    import numpy as np

    curves = {name: curve for name, curve in prediction.curves.items() if not np.isnan(curve.infinite).all()}
    headlines = {name: curve for name, curve in curves.items() if name in HEADLINES}
    return curves if len(curves) <= FEW or not headlines else headlines


def _say_table(cell: Cell, prediction: Prediction) -> None:
    """For each metric the infinitely wide network's value, and mean +- sd of this one over seeds."""
    curves = _shown(prediction)
    if not curves:
        return
    header = ["layer", "width"]
    for name in curves:
        header += [name, "mean +- sd"]
    widths = [cell.network.features, *(layer.fan_out for layer in cell.network.layers)]
    rows = [
        (
            str(layer),
            str(widths[layer]),
            *(text for curve in curves.values() for text in (_number(curve.infinite[layer]), _finite(curve, layer))),
        )
        for layer in _layers(cell.network.depth)
    ]
    # The last column of a table is text; numbers are to stand under one another, so all are padded alike.
    wide = max(len(row[-1]) for row in (header, *rows))
    table([*header[:-1], header[-1].rjust(wide)], [(*row[:-1], row[-1].rjust(wide)) for row in rows])
    if any(BEYOND in text for row in rows for text in row):
        typer.echo(f"{BEYOND} beyond the range in which mean and spread are claimed to hold")


def _layers(depth: int) -> list[int]:
    """All layers of a short network, and of a long one more of the first than of the last."""
    if depth <= 12:
        return list(range(depth + 1))
    powers = [step * 10**k for k in range(len(str(depth))) for step in STEPS]
    return sorted({0, depth, *(layer for layer in powers if layer <= depth)})


def _finite(curve: Curve, layer: int) -> str:
    """`0.98 +- 0.12`, without the spread where there is none."""
    mean, sd = float(curve.mean[layer]), float(curve.sd[layer])
    if math.isnan(mean):
        return ""
    beyond = "" if curve.within[layer] else BEYOND
    return f"{_number(mean)}{beyond}" if math.isnan(sd) else f"{_number(mean)} +- {sd:.2g}{beyond}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"


def _say_notes(predictions: Mapping[str, Prediction], notes: Iterable[str]) -> None:
    """What a reader should know: each sentence once, with the cells that it is true of where it is not of all."""
    cells: dict[str, list[str]] = {}
    for label, prediction in predictions.items():
        for text in dict.fromkeys([*_blanks(prediction), *prediction.notes]):
            cells.setdefault(text, []).append(label)
    for text in notes:
        note(f"note: {text}")
    for text, labels in cells.items():
        few = "; ".join(labels[:2]) + (f"; and {len(labels) - 2} more" if len(labels) > 2 else "")
        note(f"note: {text}" if len(labels) == len(predictions) else f"note: {few}: {text}")


def _blanks(prediction: Prediction) -> list[str]:
    """What is blank or out of range beyond the input, where and why, unless a note says so."""
    concerned: dict[tuple[str, str], list[str]] = {}
    told = " ".join(prediction.notes)
    for name, curve in prediction.curves.items():
        layers: dict[str, list[int]] = {}
        for layer, reason in enumerate(curve.reasons):
            if layer and reason and reason not in told:
                layers.setdefault(LAST_NUMBER.sub("", reason), []).append(layer)
        for rows in layers.values():
            concerned.setdefault((_where(rows, len(curve.reasons) - 1), _why(curve.reasons, rows)), []).append(name)
    return [f"{where}{', '.join(names)}: {why}" for (where, why), names in concerned.items()]


def _where(rows: list[int], depth: int) -> str:
    """Layers in words, nothing for all of them."""
    first, last = rows[0], rows[-1]
    if (first, last) == (1, depth):
        return ""
    if first == last:
        return f"Layer {first}, "
    if last == depth:
        return f"From layer {first} on, "
    return f"Up to layer {last}, " if first == 1 else f"Layers {first} to {last}, "


def _why(reasons: tuple[str, ...], rows: list[int]) -> str:
    """The reason of these layers; `excess kurtosis -0.36 to -0.55` where its number changes from the first to the
    last."""
    first, last = reasons[rows[0]], reasons[rows[-1]]
    number = LAST_NUMBER.search(last)
    return f"{first} to {number[0]}" if number and first != last else first
