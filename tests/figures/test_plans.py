"""Jacobians have a figure where they were measured, beside the metrics of plug-ins; gradient cosines have a panel."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import initbench
from initbench import figures
from initbench.catalogue.metrics import METRICS
from initbench.figures.plans import JACOBIANS, MOST_CUSTOM, custom_plan
from initbench.lab.tables import Tables

NETWORK = {"depth": 3, "width": 64, "activation": "tanh", "initializer": "orthogonal"}


def tables(*metrics: str) -> Tables:
    config = {"name": "x", "network": NETWORK, "input": {"batch_size": 2}, "gradient": {"source": "shared"}}
    return initbench.run(config | {"seeds": 3, "metrics": list(metrics)}).frames


def test_every_jacobian_has_its_words() -> None:
    assert set(JACOBIANS) == {record.name for record in METRICS if "jacobian" in record.name}
    assert len(JACOBIANS) <= MOST_CUSTOM


def test_jacobians_are_drawn_with_their_theory() -> None:
    measured = tables("act_q", "jacobian_m1", "jacobian_var")
    assert figures.available(measured) == ("variance", "metrics")
    shown = figures.series(measured, "metrics")
    assert shown["question"] == "What else was measured? Jacobians across layers"
    (first,), (second,) = (panel["lines"] for panel in shown["panels"])
    assert (first["metric"], second["metric"]) == ("jacobian_m1", "jacobian_var")
    assert first["x"] == [1, 2, 3]
    assert np.isfinite([*first["y"], *first["theory"], *second["theory"]]).all()


def test_gradients_of_two_inputs_stand_beside_their_signals() -> None:
    panels = figures.series(tables("cosine", "gradient_cosine"), "cosine")["panels"]
    assert [panel["title"] for panel in panels] == ["cosine between two inputs", "cosine between their gradients"]
    assert len(figures.series(tables("cosine"), "cosine")["panels"]) == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("mine", "jacobian_m1"), "Metrics of plug-ins across layers"),
        (("mine",), "Metrics of plug-ins across layers"),
        (("jacobian_m1", "act_q", "grad_distinct_units"), "Jacobians across layers"),
        (("mine", *JACOBIANS), "Metrics of plug-ins across layers (the first 6 of 7 metrics)"),
    ],
)
def test_what_a_figure_of_the_rest_is_called(names: tuple[str, ...], said: str) -> None:
    found: dict[str, Any] = {name: {"cell": SimpleNamespace(mean=np.ones(3))} for name in names}
    plan = custom_plan(found)
    assert plan.question == f"What else was measured? {said}"
    shown = [group.quantities[0].metric for group in plan.groups]
    assert shown[0] == next((name for name in names if name in JACOBIANS), "mine")
    assert not {"act_q", "grad_distinct_units"} & set(shown)
