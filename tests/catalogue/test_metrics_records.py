"""The metrics' names: what a config may ask for, in the order of every table."""

from __future__ import annotations

import pytest

from initbench.catalogue.metrics import DEFAULT_METRICS, METRICS
from initbench.errors import UnknownNameError


def test_the_default_metrics_in_their_order() -> None:
    assert DEFAULT_METRICS == (
        "preact_mean",
        "preact_var",
        "preact_q",
        "act_mean",
        "act_var",
        "act_q",
        "act_var_batch",
        "cosine",
        "distinct_units",
        "dead_fraction",
        "inactive_fraction",
        "saturated_fraction",
        "grad_q",
        "weight_grad_q",
    )


def test_what_is_not_in_the_default() -> None:
    others = {record.name: record for record in METRICS if not record.default}
    jacobians = {"m1", "var", "max", "min", "condition"}
    assert set(others) == {
        *("grad_distinct_units", "gradient_cosine", "layer_jacobian_mean", "histograms"),
        *(f"jacobian_{name}" for name in jacobians),
    }
    assert not others["histograms"].scalar
    assert [record.name for record in METRICS if not record.scalar] == ["histograms"]


def test_records_say_what_they_are() -> None:
    for record in METRICS:
        assert record.equation
        assert record.purpose
        assert record.needs in ("activation", "preactivation", "gradient")
    needs = {record.name: record.needs for record in METRICS}
    assert needs["act_q"] == needs["cosine"] == "activation"
    assert needs["preact_q"] == needs["dead_fraction"] == "preactivation"
    assert {name for name, need in needs.items() if need == "gradient"} == {
        "grad_q",
        "weight_grad_q",
        "grad_distinct_units",
        "gradient_cosine",
    }


def test_an_unknown_metric() -> None:
    with pytest.raises(UnknownNameError, match="cosine"):
        METRICS.find("cosin")
