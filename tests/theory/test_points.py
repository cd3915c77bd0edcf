"""Which networks are a point of the plane of sigma_w and sigma_b, and which are none."""

from __future__ import annotations

import math
from typing import Any

import pytest

from initbench.config import from_mapping
from initbench.theory.points import points

NETWORK = {"depth": 4, "width": 32, "activation": "tanh", "initializer": "lecun_normal"}


def found(most: int = 12, sweep: dict[str, Any] | None = None, **network: Any) -> Any:
    config: dict[str, Any] = {"name": "x", "network": NETWORK | network}
    return points(from_mapping(config | ({"sweep": {"grid": sweep}} if sweep else {})).cells, most)


def test_a_network_stands_where_its_laws_put_it() -> None:
    (point,) = found(initializer={"name": "lecun_normal", "gain": 1.5}, bias={"name": "normal", "stddev": 0.3}).points
    assert (point.activation, point.settings) == ("tanh", ("",))
    assert point.sigma_w == pytest.approx(1.5)
    assert point.sigma_b == pytest.approx(0.3)
    assert point.field.phase == "chaotic"
    assert point.field.q_star == pytest.approx(0.960844, rel=1e-5)  # Poole et al. 2016, as `initbench theory` has it


def test_laws_of_one_variance_are_one_point() -> None:
    every = found(sweep={"network.initializer": ["lecun_normal", "lecun_uniform", "he_normal"]})
    assert [point.settings for point in every.points] == [
        ("initializer=lecun_normal", "initializer=lecun_uniform"),
        ("initializer=he_normal",),
    ]
    assert every.points[1].sigma_w == pytest.approx(math.sqrt(2))
    few = found(most=1, sweep={"network.initializer": ["lecun_normal", "lecun_uniform", "he_normal"]})
    assert (len(few.points), few.more) == (1, 1)


def test_relu_at_he_is_critical_to_the_last_digit() -> None:
    (point,) = found(activation="relu", initializer="he_normal").points
    assert point.field.phase == "critical"


def test_only_the_first_layer_may_differ() -> None:
    widths: Any = {"width": [32, 32, 32, 32]}
    first = ["he_normal", "lecun_normal", "lecun_normal", "lecun_normal"]
    assert len(found(**widths, initializer=first).points) == 1
    ((_, why),) = found(**widths, initializer=first[::-1]).nowhere
    assert "differ" in why


def test_laws_without_a_plane_say_why() -> None:
    every = found(initializer={"name": "constant", "value": 0.1})
    assert every.points == ()
    ((label, why),) = every.nowhere
    assert label == ""
    assert "not random" in why
