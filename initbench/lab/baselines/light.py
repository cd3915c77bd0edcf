"""Results held against a baseline that keeps cells.csv alone, as two samples of one law (see chance.py).

Its ratios have no spread of their own: under one law it is that of the results here, of which summary.csv is there. A
ratio's relative spread is at most the sum of those of the two means that it is made of, however they depend on one
another. A ratio that is a positive number on one side alone is drift, whatever the chances: of the baseline's networks
nothing is known that could tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..comparing.measured import Measured, Moments
from .chance import LEAST, Apart, beyond, enough
from .tolerances import allowed_column

Array = np.ndarray[Any, Any]

RATIOS = {"act_q_ratio": "act_q", "grad_q_ratio": "grad_q"}
"""Columns of cells.csv, and the metric of which they compare the first layer with the last."""


def ratios(here: Measured, there: Measured) -> Iterator[Apart]:
    """The ratios of two cells, (1, 2), in the order of RATIOS."""
    found = [_ratio(here, there, column, metric) for column, metric in RATIOS.items()]
    mine, its, apart, df = (np.array([numbers], dtype=np.float64) for numbers in zip(*found, strict=True))
    yield Apart("{}", mine, its, apart, df, first=-1)


def _ratio(here: Measured, there: Measured, column: str, metric: str) -> tuple[float, float, float, int]:
    """(here, there, standard errors apart, degrees of freedom); nan apart where nothing is compared."""
    mine, its = float(here.row[column]), float(there.row[column])
    ends = [here.summary.get((layer, metric)) for layer in (1, here.depth)]
    n, n_there = int(here.row["n_seeds"]), int(there.row["n_seeds"])
    df = min(n, n_there) - 1
    positive = [0 < number < np.inf for number in (mine, its)]
    if mine == its or positive[0] != positive[1]:
        return mine, its, 0.0 if mine == its else np.inf, df
    spread = sum(_relative(end, n) for end in ends)
    if not all(positive) or df < LEAST - 1 or not enough(np.array(spread), np.array(min(n, n_there))):
        return mine, its, np.nan, df
    spreads = [np.log1p(spread**2 / count) for count in (n, n_there)]
    # The bias of a logarithm of means, which differs with the number of networks, is not counted either.
    rounding = allowed_column(column, 1.0, here.depth) + abs(spreads[0] - spreads[1]) / 2
    apart = beyond(np.log(mine / its), rounding, np.sqrt(spreads[0] + spreads[1]))
    return mine, its, float(apart), df


def _relative(end: Moments | None, n: int) -> float:
    """The spread of one network at one end, as a share of the mean; inf where some networks have no number there."""
    return end.sd / end.mean if end is not None and end.n == n and end.mean > 0 else np.inf
