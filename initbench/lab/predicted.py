"""Theory beside the measurements: a prediction for every cell that ran, and its rows in theory.csv."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..catalogue.metrics import METRICS
from ..errors import PluginError
from ..spec import Cell
from ..values import frozen
from .csvtext import Value
from .departure import Comparison, compare
from .executors import portable
from .summary import Summary, values

if TYPE_CHECKING:
    from ..theory.prediction import Curve, Prediction


@frozen
class Beside:
    """What theory says of a cell and how the cell departs from it.

    error: what broke inside theory, a mistake of ours; the prediction is blank then and the measurements stand.
    """

    prediction: Prediction
    comparison: Comparison
    error: Exception | None = None

    @property
    def told(self) -> Beside:
        """The same without its curves, once a table has them."""
        from ..theory.prediction import Prediction

        return Beside(Prediction({}, ()), replace(self.comparison, skipped={}), self.error)


REMEMBERED = 16
"""Predictions kept: cells that theory cannot tell apart are mostly near one another in the grid."""


class Theory:
    """Predictions of the cells of a run. Those that theory cannot tell apart are computed once, in every process."""

    def __init__(self) -> None:
        self._known: dict[Cell, Prediction | Exception] = {}

    def __reduce__(self) -> tuple[type[Theory], tuple[()]]:
        return Theory, ()  # what it remembers stays where it is

    def expect(self, cell: Cell) -> None:
        """Predict a cell beforehand."""
        self._predicted(cell)

    def beside(self, cell: Cell, summary: Summary) -> Beside:
        """The prediction of a cell and the comparison with what was measured. No error of theory's comes out."""
        found = self._predicted(cell)
        if not isinstance(found, Exception):
            try:
                return Beside(found, compare(cell, found, summary))
            except Exception as error:
                found = portable(error)
        return Beside(blank(cell, f"internal error: {type(found).__name__}: {found}"), Comparison(None, {}), found)

    def _predicted(self, cell: Cell) -> Prediction | Exception:
        cell = replace(cell, engine="auto")  # theory knows of no engine
        found = self._known.get(cell)
        if found is None:
            if len(self._known) == REMEMBERED:
                del self._known[next(iter(self._known))]
            found = self._known[cell] = _predict(cell)
        return found


def _predict(cell: Cell) -> Prediction | Exception:
    """What theory says. A mistake in it, whatever it is, must not cost the measurements."""
    try:
        from ..theory.predict_cell import predict_cell  # here, so that what measures nothing loads none of it

        prediction = predict_cell(cell)
        silent = blank(cell, "theory knows nothing of a plug-in's metric").curves
        if unsaid := [name for name in silent if name not in prediction.curves and METRICS.find(name).measure is None]:
            raise LookupError(f"no curve for {', '.join(unsaid)}")
        return replace(prediction, curves={**silent, **prediction.curves})
    except PluginError as error:  # theory asks for values and slopes that the networks never came to
        return blank(cell, str(error))
    except Exception as error:
        return portable(error)


def _scalars(cell: Cell) -> list[str]:
    return [name for name in cell.metrics if METRICS.find(name).scalar]


def blank(cell: Cell, reason: str) -> Prediction:
    """A prediction that says nothing, and why."""
    from ..theory.prediction import Curve, Prediction

    rows = cell.network.depth + 1
    nothing = np.full(rows, np.nan)
    curve = Curve(nothing, nothing, nothing, np.zeros(rows, bool), (reason,) * rows)
    return Prediction(dict.fromkeys(_scalars(cell), curve), ())


def theory_rows(beside: Beside, cell: Cell, prefix: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
    """Rows of theory.csv: (cell, axes...) + layer, metric, infinite_width, mean, sd, within, reason; the same layers
    and metrics as in summary.csv."""
    curves = [
        (metric, METRICS.find(metric).needs == "activation", values(curve.infinite, curve.mean, curve.sd), curve)
        for metric, curve in beside.prediction.curves.items()
    ]
    for layer in range(cell.network.depth + 1):
        for metric, of_input, numbers, curve in curves:
            if layer or of_input:
                _, mean, _ = numbers[layer]
                within = None if mean is None else "yes" if curve.within[layer] else "no"
                yield (*prefix, layer, metric, *numbers[layer], within, _reason(beside, metric, curve, layer))


def _reason(beside: Beside, metric: str, curve: Curve, layer: int) -> str | None:
    return curve.reasons[layer] or beside.comparison.skipped.get((metric, layer)) or None
