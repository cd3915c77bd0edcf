"""What rounding may do to a number depends on what the number was made from."""

from __future__ import annotations

import numpy as np
import pytest

from initbench.catalogue.metrics import METRICS
from initbench.lab.baselines.tolerances import TOLERANCES, UNSTEADY, allowed, allowed_column, tolerance
from initbench.lab.columns import CELLS, HISTOGRAMS, TEXT, WHOLE
from initbench.lab.departure import ROUNDING

METRIC_NAMES = ("preact_mean", "preact_q", "act_var", "act_q", "grad_q", "cosine", "dead_fraction", "singular")
SIZE = np.tile([1e-3, 4.0, 1e-6, 1.0, 9.0, 0.5, 0.25, 2.0], (3, 1))


def limit(metric: str, layer: int) -> float:
    return float(allowed(METRIC_NAMES, SIZE)[layer, METRIC_NAMES.index(metric)])


@pytest.mark.parametrize(
    ("metric", "layer", "expected"),
    [
        ("preact_q", 0, 4 * ROUNDING),
        ("preact_q", 2, 12 * ROUNDING),
        ("grad_q", 0, 27 * ROUNDING),  # whichever its layer is: all are passed
        ("preact_mean", 0, 2 * ROUNDING),  # of the root of 4
        ("act_var", 1, 2e-3 * ROUNDING),  # sqrt(1e-6 x 1)
        ("cosine", 1, 2 * ROUNDING),
        ("dead_fraction", 2, 1e-4),
        ("singular", 2, 6 * ROUNDING),
    ],
)
def test_the_size_that_counts(metric: str, layer: int, expected: float) -> None:
    assert limit(metric, layer) == pytest.approx(expected, rel=5e-3)


def test_what_has_no_mean_square_counts_for_itself() -> None:
    size = np.array([[2.0, np.nan], [2.0, 3.0]])
    assert allowed(("act_var", "act_mean"), size) == pytest.approx(
        np.array([[2.0, np.nan], [4.0, 6.0]]) * ROUNDING, nan_ok=True
    )


def test_a_variance_of_nothing_may_be_of_the_size_of_rounding() -> None:
    """Saturated units are all 1: their variance is what is left of the rounding of 1."""
    limits = allowed(("act_q", "act_var"), np.array([[1.0, 0.0]]))
    assert limits[0, 1] == pytest.approx(ROUNDING**2)


def test_columns_of_cells() -> None:
    assert allowed_column("act_q_ratio", -2.0, 9) == pytest.approx(40 * ROUNDING)
    assert allowed_column("forward_rate", 0.5, 9) == pytest.approx(2 * ROUNDING)
    assert allowed_column("theory_z", 100.0, 9) == pytest.approx(0.15)


def test_every_name_exists_and_stands_in_one_record_with_a_reason() -> None:
    names = [name for record in TOLERANCES for name in record.names]
    assert len(set(names)) == len(names)
    assert set(names) | UNSTEADY <= {*METRICS.names, *CELLS, *HISTOGRAMS}
    assert all(record.reason and record.size for record in TOLERANCES)
    numbers = set(CELLS) - TEXT - WHOLE - UNSTEADY
    assert numbers <= set(names)
    defaults = {record.name for record in METRICS if record.default}
    assert defaults <= set(names)
    assert tolerance("of a plug-in").relative == ROUNDING
