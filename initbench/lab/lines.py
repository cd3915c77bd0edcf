"""The rows of the large tables as text: the same as their values give, line by line, in a fraction of the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from ..catalogue.metrics import METRICS
from ..engine import Trace
from ..spec import Cell
from .csvtext import Value, encode_start, number, spelled

if TYPE_CHECKING:
    from ..theory.prediction import Prediction
    from .predicted import Beside
    from .summary import Summary

Array = np.ndarray[Any, Any]


def layer_lines(trace: Trace, cell: Cell, start: Sequence[Value]) -> bytes:
    """The lines of layers.csv: as summary.layer_rows. start: what all lines of the cell start with."""
    layers, before = enumerate(cell.network.layers, start=1), encode_start(start)
    heads = ["0,,", *(f"{place},{layer.fan_in},{layer.fan_out}" for place, layer in layers)]
    comma = "," if trace.metrics else ""
    lines: list[str] = []
    for seed, values, present in zip(trace.seeds, trace.values, trace.present, strict=True):
        first = f"{before}{seed},"
        lines += [f"{first}{head}{comma}{row}\n" for head, row in zip(heads, _numbers(values, present), strict=True)]
    return "".join(lines).encode()


def summary_lines(summary: Summary, prediction: Prediction, start: Sequence[Value]) -> bytes:
    """The lines of summary.csv: as summary.summary_rows."""
    if not summary.metrics:
        return b""
    statistics = (summary.mean, summary.sd, summary.stderr, summary.median, summary.q05, summary.q95)
    curves = [prediction.curves[metric] for metric in summary.metrics]
    predicted = np.array([[curve.mean for curve in curves], [curve.sd for curve in curves]])
    counts = zip(summary.n.ravel().tolist(), summary.nonfinite.ravel().tolist(), strict=True)
    texts = zip(_blanked(np.stack(statistics, -1)), counts, _blanked(predicted.T), strict=True)
    lines = [f"{n},{said},{bad},{theory}\n" for said, (n, bad), theory in texts]
    return _placed(summary.metrics, lines, start)


def theory_lines(beside: Beside, start: Sequence[Value]) -> bytes:
    """The lines of theory.csv: as predicted.theory_rows."""
    curves = beside.prediction.curves
    if not curves:
        return b""
    numbers = np.array([[getattr(curve, name) for curve in curves.values()] for name in ("infinite", "mean", "sd")])
    within = np.array([curve.within for curve in curves.values()])
    known = np.where(np.isnan(numbers[1]), "", np.where(within, "yes", "no"))
    reasons = [
        spelled(curve.reasons[layer] or beside.comparison.skipped.get((metric, layer)) or None)
        for layer in range(numbers.shape[2])
        for metric, curve in curves.items()
    ]
    texts = zip(_blanked(numbers.T), known.T.ravel().tolist(), reasons, strict=True)
    return _placed(tuple(curves), [f"{said},{yes},{why}\n" for said, yes, why in texts], start)


def _placed(metrics: Sequence[str], lines: Sequence[str], start: Sequence[Value]) -> bytes:
    """Lines layer by layer and metric by metric, with both before them, and the start of all. The input has the metrics
    that an input has."""
    before = encode_start(start)
    of_input = [METRICS.find(metric).needs == "activation" for metric in metrics]
    heads = [f"{metric}," for metric in metrics]
    first = [f"{before}0,{head}{line}" for head, line, there in zip(heads, lines, of_input, strict=False) if there]
    number = len(heads)
    rest = [f"{before}{1 + k // number},{heads[k % number]}{line}" for k, line in enumerate(lines[number:])]
    return "".join([*first, *rest]).encode()


def _blanked(values: Array) -> Sequence[str]:
    """The text of the numbers of the last axis, of all before it in turn; nan is blank."""
    rows = values.reshape(-1, values.shape[-1])
    return _numbers(rows, ~np.isnan(rows))


def _numbers(values: Array, present: Array) -> Sequence[str]:
    """The text of every row's numbers, (rows, columns), blank where they are absent.

    One call for all where JSON can tell them: csvtext takes a number's text from there, too.
    """
    if np.isfinite(values[present]).all():
        told = np.ascontiguousarray(np.where(present, values, np.nan))  # null in JSON
        return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY).decode()[2:-2].replace("null", "").split("],[")
    rows = zip(values.tolist(), present.tolist(), strict=True)
    return [",".join(number(one) if there else "" for one, there in zip(*row, strict=True)) for row in rows]
