"""What training came to in every network, at its last step and with the learning rate that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import StorageError
from ...spec import Training
from ...values import frozen
from ..trained import recorded_curves

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]

ENDS: Mapping[str, str] = {
    "final_loss": "loss",
    "final_accuracy": "accuracy",
    "test_loss": "test_loss",
    "test_accuracy": "test_accuracy",
}
"""Columns of cells.csv, and the columns of training.csv in whose last rows they are of one network."""
LOSSES = ("final_loss", "test_loss")
DIVERGED = "diverged"
FELL = "a network that diverged has no loss, and gives no right answer: its accuracy is 0"


@frozen
class Ends:
    """The end of training of S networks. seeds: (S,).

    values: (S,) for those of ENDS that exist; a network that diverged has no loss, which is nan, and gives no right
    answer: its accuracy is 0. diverged: (S,) bool.
    """

    seeds: Array
    values: Mapping[str, Array]
    diverged: Array


def there(training: Training | None) -> tuple[str, ...]:
    """Which of ENDS a cell has: none where nothing is trained, no accuracy without labels, no test without examples."""
    curves = () if training is None else recorded_curves(training)
    return tuple(name for name, curve in ENDS.items() if curve in curves)


def ends(training: Training, curves: pd.DataFrame, search: pd.DataFrame | None, networks: int) -> Ends:
    """The end of a cell's networks, of its rows of training.csv and of training_search.csv.

    A network may diverge in the very last step, with a loss that is a number: only the search knows of that one.
    Raises StorageError where the last step of a network is missing.
    """
    last = curves[curves["step"] == training.steps]
    if len(last) != networks:
        raise StorageError(
            f"training.csv: step {training.steps} of {len(last)} networks of {networks} in a cell; run the config again"
        )
    seeds = last["seed"].to_numpy()
    diverged = ~np.isfinite(last["loss"].to_numpy(np.float64))
    if search is not None:
        fell = search[(search["kept"] == 1) & search["diverged_at"].notna()]
        diverged |= np.isin(seeds, fell["seed"].to_numpy())
    values = {
        name: np.where(diverged, np.nan if name in LOSSES else 0.0, last[ENDS[name]].to_numpy(np.float64))
        for name in there(training)
    }
    return Ends(seeds, values, diverged)
