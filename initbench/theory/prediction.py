"""What theory says of one cell: a curve for every metric, on the axes of the measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..values import frozen

Array = np.ndarray[Any, Any]


@frozen
class Curve:
    """One metric over the layers; all arrays are (L + 1,), row 0 is the input, nan is blank.

    infinite: the value at infinite width.
    mean: the mean over seeds that this finite network should show.
    sd: the spread over seeds of one network's value; nan where it is not derived.
    within: whether mean and sd are inside the range in which they are claimed to hold.
    reasons: why something is blank in the row, or not within; empty where nothing is.
    """

    infinite: Array
    mean: Array
    sd: Array
    within: Array
    reasons: tuple[str, ...]


@frozen
class Prediction:
    """The curves of a cell's scalar metrics, in the catalogue's order.

    notes: sentences for a reader: why there is no theory, where the median leaves the mean, what is out of range.
    """

    curves: Mapping[str, Curve]
    notes: tuple[str, ...]
