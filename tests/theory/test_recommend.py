"""What is recommended: known answers, honest refusals, and that every claim follows from the predicted numbers."""

from __future__ import annotations

import itertools
import math

import pytest

from initbench.catalogue.activations import ACTIVATIONS, activation
from initbench.catalogue.registry import Required
from initbench.errors import ParameterError, UnknownNameError
from initbench.theory.drift import drifts
from initbench.theory.recommend import CRITICAL, KEEPS, NAMES, TORCH, TUNED, UNSTABLE, Recommendation, recommend

BARE = [
    record.name
    for record in ACTIVATIONS
    if ":" not in record.name and not any(isinstance(parameter.default, Required) for parameter in record.parameters)
]


def labels(found: Recommendation) -> list[str]:
    """Those of the recommended scale, the recommended one first."""
    assert found.best is not None
    return [one.label for one in found.best.initializers]


def said(found: Recommendation) -> str:
    return " ".join(found.reasons)


def test_relu_gets_he() -> None:
    found = recommend("relu", 50, 256)
    assert labels(found) == ["he_normal", "he_uniform", "orthogonal(gain=1.41421)"]
    assert found.best is not None
    assert found.best.meanings == (KEEPS, CRITICAL, TORCH)
    assert "does both" in said(found)
    assert "orthogonal(gain=1.41421) spreads least" in said(found)
    assert found.torch == pytest.approx(math.sqrt(2))
    assert found.biased is None


def test_a_leaky_relu_gets_he_for_its_slope() -> None:
    found = recommend(activation("leaky_relu", negative_slope=0.5), 50, 256)
    assert labels(found)[:2] == ["he_normal(negative_slope=0.5)", "he_uniform(negative_slope=0.5)"]
    assert found.best is not None
    assert found.best.sigma_w == pytest.approx(math.sqrt(2 / 1.25), rel=1e-12)


@pytest.mark.parametrize("name", ["linear", "abs"])
def test_scale_1_where_lengths_are_kept_by_it(name: str) -> None:
    found = recommend(name, 50, 256)
    assert labels(found)[0] == "lecun_normal"
    assert set(labels(found)) == set(NAMES) - {"he_normal", "he_uniform", "fan_in_uniform"}


def test_tanh_lies_between_its_two_gains() -> None:
    """Gain 1 loses the signal slowly, 1.59 blows the gradient up; a network of 50 layers is best off in between."""
    found = recommend("tanh", 50, 256)
    assert found.best is not None
    assert found.best.meanings == (TUNED,)
    assert 1 < found.best.sigma_w < 1.5925 < 5 / 3
    ranked = {one.meanings: one.drifts.typical for one in found.ranking}
    assert ranked[(TUNED,)] < ranked[(CRITICAL,)] < ranked[(KEEPS,)] < ranked[(TORCH,)]
    assert "1.6667" in said(found)


def test_a_shallow_network_needs_no_tuning() -> None:
    assert TUNED not in {meaning for one in recommend("selu", 5, 256).ranking for meaning in one.meanings}
    assert labels(recommend("selu", 5, 256))[0] == "lecun_normal"


@pytest.mark.parametrize(("name", "sigma_w"), [("gelu", 2.0), ("silu", 2.0), ("mish", 5 / 3)])
def test_unstable_critical_points_are_named_and_never_recommended(name: str, sigma_w: float) -> None:
    for depth in (3, 10, 100):
        found = recommend(name, depth, 256)
        assert [point.stable for point in found.critical] == [False]
        assert found.critical[0].sigma_w == pytest.approx(sigma_w, rel=1e-9)
        assert "run away" in said(found)
        unstable = [one for one in found.ranking if UNSTABLE in one.meanings]
        assert len(unstable) == 1
        assert not unstable[0].good
        assert found.best not in unstable


def test_narrow_networks_are_no_fault_of_he() -> None:
    found = recommend("relu", 200, 32)
    assert labels(found)[0] == "he_normal"
    assert found.best is not None
    assert found.best.drifts.typical > 100
    assert "wider layers narrow that" in said(found)


def test_gelu_needs_biases_to_be_deep() -> None:
    """Without them no length is stable; with them there is a critical point that is, and it is the answer."""
    found = recommend("gelu", 100, 256)
    assert found.best is None
    assert found.biased is not None
    assert found.biased.bias is not None
    assert found.biased.drifts.typical < 20
    assert found.torch is None
    assert "has no gain for gelu" in said(found)


@pytest.mark.parametrize("name", ["sign", "exponential", "square", "tanhshrink", "softplus"])
def test_what_no_initializer_makes_good(name: str) -> None:
    found = recommend(name, 50, 256)
    assert found.best is None
    assert found.biased is None


@pytest.mark.parametrize("name", BARE)
def test_every_claim_follows_from_the_numbers(name: str) -> None:
    found = recommend(name, 20, 64)
    drift = [one.drifts.typical for one in found.ranking]
    assert drift == sorted(drift)
    for one, other in itertools.pairwise(found.ranking):
        assert one.rank <= other.rank
        if one.rank == other.rank:
            assert other.drifts.typical == one.drifts.typical or other.drifts.typical <= 1.02 * one.drifts.typical
    named = {each.name for one in found.ranking for each in one.initializers}
    assert set(NAMES) <= named
    assert found.best is next((one for one in found.ranking if one.good), None)
    for one in (found.best, found.biased):
        if one is not None:
            again = drifts(found.activation, one.initializers[0], one.bias, 20, 64)
            assert again == one.drifts
            assert again.typical <= 100 or {KEEPS, CRITICAL} <= set(one.meanings)
            for each in one.initializers:  # what shares a line is one scale
                assert math.sqrt(64 * each.variance(64, 64)) == pytest.approx(one.sigma_w, rel=2e-4)
    assert all(text.endswith(".") for text in found.reasons)


def test_the_answer_is_the_same_every_time() -> None:
    assert recommend("softsign", 20, 64) == recommend(activation("softsign"), 20, 64)


def test_mistakes_are_named() -> None:
    for depth, width in ((1, 64), (20, 1), (2.5, 64), (True, 64)):
        with pytest.raises(ParameterError, match=">= 2"):
            recommend("relu", depth, width)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="relu"):
        recommend("rellu")
