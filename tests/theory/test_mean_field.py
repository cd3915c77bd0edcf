"""Points of the plane of sigma_w and sigma_b, against published numbers; what does not exist, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

import initbench
from initbench.errors import ParameterError, UnknownNameError
from initbench.theory.fixed_points import FixedPoint
from initbench.theory.mean_field import predict

PUBLISHED = 1e-10


@pytest.mark.parametrize(
    ("sigma_w", "q_star", "chi", "c_star", "xi_c", "xi_q", "phase"),
    [
        (1.3, 0.607046791909, 0.939807428682, 1, 16.1081727435, 1.33766764254, "ordered"),
        (2.5, 4.07912387528, 1.58522476501, 0.122103747306, 5.10891898917, 0.688341457237, "chaotic"),
        (4.0, 12.6041494978, 2.36726103555, 0.0296959215803, 3.63935102151, 0.490294745077, "chaotic"),
    ],
)
def test_tanh_as_in_poole_2016(
    sigma_w: float, q_star: float, chi: float, c_star: float, xi_c: float, xi_q: float, phase: str
) -> None:
    """Figures 1 and 2: tanh, sigma_b = 0.3."""
    field = predict("tanh", sigma_w, 0.3)
    found = (field.q_star, field.chi, field.c_star, field.xi_c, field.xi_q)
    assert found == pytest.approx((q_star, chi, c_star, xi_c, xi_q), rel=PUBLISHED)
    assert field.phase == phase
    (point,) = field.fixed_points
    assert (point.q, point.chi, point.stable) == (field.q_star, field.chi, True)


@pytest.mark.parametrize(
    ("weights", "xi_c"),
    [
        (1.0, 3.62697561805),
        (1.3, 7.83406926846),
        (1.6, 27.0348857515),
        (1.7, 74.918270503),
        (1.8, 125.78409386),
        (2.0, 25.2134147892),
        (2.5, 11.7955975159),
        (3.0, 9.05145572593),
        (4.0, 6.98027353298),
    ],
)
def test_depth_scales_of_schoenholz_2017(weights: float, xi_c: float) -> None:
    """tanh, sigma_b^2 = 0.05: 6 xi_c is how deep a network can be trained."""
    assert predict("tanh", math.sqrt(weights), math.sqrt(0.05)).xi_c == pytest.approx(xi_c, rel=PUBLISHED)


def test_the_critical_point_of_schoenholz_2017() -> None:
    field = predict("tanh", 1.32700966071, math.sqrt(0.05))
    assert field.phase == "critical"
    assert field.q_star == pytest.approx(0.570047881641, rel=PUBLISHED)
    assert (field.c_star, field.xi_c) == (1, math.inf)


def test_selu_as_in_klambauer_2017() -> None:
    """Mean 0 and variance 1 stay under LeCun's initializer, and yet chi is above 1."""
    field = predict("selu", 1.0, 0.0)
    assert field.q_star == pytest.approx(1, rel=PUBLISHED)
    assert field.chi == pytest.approx(1.0715749925, rel=PUBLISHED)
    assert (field.c_star, field.phase) == (0, "chaotic")
    assert field.xi_c == pytest.approx(33.604, abs=5e-4)
    assert field.xi_q == pytest.approx(-1 / math.log(0.78264788), rel=1e-7)


def test_the_logistic_with_a_gain_of_four_still_loses_its_gradients() -> None:
    field = predict("sigmoid", 4.0, 0.0)
    assert field.q_star == pytest.approx(5.85540356441, rel=PUBLISHED)
    assert field.chi == pytest.approx(0.398879006544, rel=PUBLISHED)
    assert field.phase == "ordered"


def test_tanh_without_biases_at_its_critical_weights() -> None:
    field = predict("tanh", 1.0, 0.0)
    assert (field.q_star, field.phase, field.xi_q) == (0, "critical", math.inf)
    assert field.chi == pytest.approx(1, rel=1e-12)
    assert field.c_star is None
    assert field.notes[0] == "Signals die out: q falls to 0 as a power of the depth."


@pytest.mark.parametrize(
    ("sigma_w", "sigma_b", "q_star", "chi", "xi_q", "xi_c", "phase"),
    [
        (2**0.5, 0.0, None, 1, None, math.inf, "critical"),
        (2**0.5, 0.1, None, 1, None, math.inf, "diverges"),
        (1.0, 0.0, 0, 0.5, 1 / math.log(2), math.inf, "ordered"),
        (1.0, 0.1, 0.02, 0.5, 1 / math.log(2), 1 / math.log(2), "ordered"),
        (2.0, 0.0, None, 2, None, math.inf, "diverges"),
        (2.0, 0.1, None, 2, None, math.inf, "diverges"),
    ],
)
def test_relu(
    sigma_w: float,
    sigma_b: float,
    q_star: float | None,
    chi: float,
    xi_q: float | None,
    xi_c: float,
    phase: str,
) -> None:
    """The correlation map of a homogeneous activation without biases is that of sigma_w = sqrt(2): slope 1 at c = 1."""
    field = predict("relu", sigma_w, sigma_b)
    assert field.q_star == (None if q_star is None else pytest.approx(q_star))
    assert field.chi == pytest.approx(chi)
    assert field.xi_q == (None if xi_q is None else pytest.approx(xi_q))
    assert field.xi_c == pytest.approx(xi_c)
    assert (field.c_star, field.phase) == (1, phase)


def test_relus_line_is_explained() -> None:
    assert "every q is a fixed point" in predict("relu", 2**0.5, 0.0, q0=3.0).notes[0]
    assert "q0 = 3" in predict("relu", 2**0.5, 0.0, q0=3.0).notes[0]
    assert "every layer adds sigma_b^2 = 0.01" in predict("relu", 2**0.5, 0.1).notes[0]
    assert "by a factor of 2 a layer" in predict("relu", 2.0, 0.0).notes[0]


@pytest.mark.parametrize(
    ("sigma_w", "sigma_b", "c_star", "phase"),
    [(1, 0, None, "critical"), (1, 0.1, 1, "diverges"), (0.5, 0, None, "ordered"), (0.5, 0.1, 1, "ordered"),
     (2, 0.1, None, "diverges")],
)  # fmt: skip
def test_linear_networks_keep_correlations_but_for_biases(
    sigma_w: float, sigma_b: float, c_star: float | None, phase: str
) -> None:
    field = predict("linear", sigma_w, sigma_b)
    assert (field.c_star, field.phase) == (c_star, phase)


@pytest.mark.parametrize(
    ("name", "sigma_w", "slope"),
    [("gelu", 1.54700947042, 1.095), ("silu", 1.67953160069, 1.0987), ("mish", 1.46343920779, 1.0245)],
)
def test_unstable_critical_points_are_not_where_networks_go(name: str, sigma_w: float, slope: float) -> None:
    field = predict(name, sigma_w, 0.2)
    (point,) = [point for point in field.fixed_points if not point.stable]
    assert point.chi == pytest.approx(1, rel=1e-8)
    assert point.slope == pytest.approx(slope, abs=5e-5 if slope > 1.09 and name == "silu" else 5e-4)
    assert field.phase != "critical"
    assert any("chi = 1 but is unstable" in note and "Do not choose" in note for note in field.notes)


def test_gelu_is_stable_from_larger_biases_on() -> None:
    field = predict("gelu", 1.39986821641, 0.5)
    assert field.phase == "critical"
    assert field.q_star == pytest.approx(6.43410248669, rel=1e-9)
    assert not any("unstable" in note for note in field.notes)


def test_gelus_critical_point_without_biases_is_at_zero_and_unstable() -> None:
    field = predict("gelu", 2.0, 0.0)
    assert field.fixed_points == (FixedPoint(0.0, pytest.approx(1), False, pytest.approx(1)),)
    assert field.phase == "diverges"


def test_where_q_ends_depends_on_q0() -> None:
    low = predict("gelu", 1.547, 0.2, q0=0.1)
    assert low.q_star == pytest.approx(0.1519, abs=1e-4)
    assert low.phase == "ordered"
    high = predict("gelu", 1.547, 0.2)
    assert high.q_star is None
    assert "From other lengths than q0 = 1, q can also come to rest at 0.1518" in " ".join(high.notes)


@pytest.mark.parametrize(("name", "sigma_w", "sigma_b"), [("exponential", 0.5, 0.1), ("square", 1.0, 0.1)])
def test_what_runs_away_faster_and_faster(name: str, sigma_w: float, sigma_b: float) -> None:
    field = predict(name, sigma_w, sigma_b)
    assert (field.phase, field.q_star, field.chi) == ("diverges", None, None)
    assert "ever faster, until numbers overflow" in field.notes[0]


def test_small_weights_tame_the_exponential() -> None:
    field = predict("exponential", 0.2, 0.1)
    assert field.q_star == pytest.approx(0.04 * math.exp(2 * (field.q_star or 0)) + 0.01, rel=1e-12)
    assert [point.stable for point in field.fixed_points] == [True, False]


def test_jumps_tell_gradients_from_correlations() -> None:
    field = predict("sign", 1.0, 0.5)
    assert (field.chi, field.phase) == (0, "ordered")
    assert field.c_star is not None
    assert 0 < field.c_star < 1  # although chi < 1: inputs never become equal
    assert any("slope at c = 1 is infinite" in note for note in field.notes)
    assert not any("infinite" in note for note in predict("tanh", 1.2, 0.3).notes)


def test_without_weights_there_are_only_biases() -> None:
    field = predict("tanh", 0.0, 0.5)
    assert (field.q_star, field.c_star, field.chi, field.xi_q, field.xi_c) == (pytest.approx(0.25), 1, 0, 0, 0)
    nothing = predict("tanh", 0.0, 0.0)
    assert (nothing.q_star, nothing.c_star) == (0, None)
    assert any("Nothing is left" in note for note in nothing.notes)


KEYS = ["q_star", "fixed_points", "c_star", "chi", "xi_q", "xi_c", "phase", "notes"]


@pytest.mark.parametrize("point", [("tanh", 2.5, 0.3), ("relu", 2**0.5, 0.0), ("gelu", 2.0, 0.0), ("sign", 1.0, 0.0)])
def test_json_knows_no_infinity(point: tuple[str, float, float]) -> None:
    field = predict(*point)
    document: dict[str, Any] = json.loads(json.dumps(field.as_dict(), allow_nan=False))
    assert list(document) == KEYS
    assert document["phase"] == field.phase
    for key in KEYS:
        value = getattr(field, key)
        if isinstance(value, float):
            assert document[key] == (value if math.isfinite(value) else None)
    assert [set(entry) for entry in document["fixed_points"]] == [{"q", "slope", "stable", "chi"}] * len(
        field.fixed_points
    )
    if point[0] == "sign":
        assert document["fixed_points"][0]["slope"] is None  # infinite, at q = 0
    if field.xi_c == math.inf:
        assert any("xi_c is infinite" in note for note in document["notes"])


def test_it_is_a_public_name_and_takes_activations_with_parameters() -> None:
    leaky = initbench.activation("leaky_relu", negative_slope=0.5)
    assert initbench.predict(leaky, sigma_w=1.0, sigma_b=0.0).chi == pytest.approx(0.625)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tanh", -1.0, 0.1), "sigma_w must be a number >= 0 and below 1e.10, not -1.0"),
        (("tanh", 1.0, math.nan), "sigma_b must be a number >= 0"),
        (("tanh", math.inf, 0.0), "sigma_w must be"),
        (("tanh", True, 0.0), "sigma_w must be"),
        (("tanh", 1e10, 0.0), "sigma_w must be"),
        (("tanh", 1.0, 0.1, 0.0), "q0 must be a number > 0 and below 1e.10, not 0.0"),
        (("tanh", "2", 0.1), "sigma_w must be"),
    ],
)
def test_what_is_no_scale_is_refused(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        predict(*arguments)


@pytest.mark.parametrize("name", ["tanh", "gelu", "hard_tanh", "sign", "exponential", "square", "cos", "relu"])
def test_extreme_scales_are_answered_without_warnings(name: str) -> None:
    for sigma_w in (0.0, 1e-150, 1e-9, 1e9):
        for sigma_b in (0.0, 1e-170, 1e-30, 1e9):
            field = predict(name, sigma_w, sigma_b, q0=1e-9 if sigma_b else 1e9)
            json.dumps(field.as_dict(), allow_nan=False)
            assert field.q_star is None or field.q_star >= sigma_b**2 * (1 - 1e-12)


def test_what_is_no_activation_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'tanh'"):
        predict("tahn", 1.0, 0.0)
