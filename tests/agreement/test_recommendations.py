"""What `recommend` promises, measured: networks of the recommended initializers drift as far as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

import initbench
from initbench.theory.recommend import Candidate

SEEDS, DEPTH, WIDTH = 400, 30, 64


def logs(activation: str, chosen: Candidate) -> dict[str, np.ndarray]:
    """ln of every network's drift, forward and backward."""
    named = chosen.initializers[0]
    bias = "zeros" if chosen.bias is None else {"name": chosen.bias.name, **dict(chosen.bias.params)}
    result = initbench.run(
        {
            "network": {
                "depth": DEPTH,
                "width": WIDTH,
                "activation": activation,
                "initializer": {"name": named.name, **dict(named.params)},
                "bias": bias,
            },
            "input": {"distribution": "sphere", "batch_size": 1},
            "seeds": SEEDS,
            "dtype": "float64",
            "metrics": ["act_q", "grad_q"],
        },
        jobs=1,
    )
    first, last = (result.layers[result.layers["layer"] == layer] for layer in (1, DEPTH))
    return {
        "forward": np.log(last["act_q"].to_numpy() / first["act_q"].to_numpy()),
        "backward": np.log(first["grad_q"].to_numpy() / last["grad_q"].to_numpy()),
    }


CASES = [("relu", False), ("tanh", False), ("selu", False), ("sigmoid", False), ("gelu", True)]


@pytest.mark.parametrize(("activation", "biased"), CASES)
def test_networks_drift_as_far_as_promised(activation: str, biased: bool) -> None:
    """The mean of ln^2 over the seeds, within 5 of its standard errors and 20 % of its square root: theory claims
    15 % of the variances at depth / width up to 0.15, and here it is 0.47."""
    found = initbench.recommend(activation, DEPTH, WIDTH)
    chosen = found.biased if biased else found.best
    assert chosen is not None
    for way, measured in logs(activation, chosen).items():
        squares = measured**2
        error = 5 * squares.std(ddof=1) / math.sqrt(SEEDS)
        promised = math.log(getattr(chosen.drifts, way).typical)
        low, high = math.sqrt(max(squares.mean() - error, 0.0)), math.sqrt(squares.mean() + error)
        assert low / 1.2 <= promised <= high * 1.2, way


def test_the_comparison_can_fail() -> None:
    """Networks of another scale are told from the recommended one."""
    found = initbench.recommend("selu", DEPTH, WIDTH)
    assert found.best is not None
    other = next(one for one in found.ranking if one is not found.best)
    measured = logs("selu", other)["forward"] ** 2
    promised = math.log(found.best.drifts.forward.typical)
    low = measured.mean() - 5 * measured.std(ddof=1) / math.sqrt(SEEDS)
    high = measured.mean() + 5 * measured.std(ddof=1) / math.sqrt(SEEDS)
    assert not math.sqrt(max(low, 0.0)) / 1.2 <= promised <= math.sqrt(high) * 1.2


def test_what_is_not_recommended_is_worse() -> None:
    """The last of the ranking for tanh, measured: further off than the first."""
    found = initbench.recommend("tanh", DEPTH, WIDTH)
    assert found.best is not None
    first, last = (
        max(np.mean(way**2) for way in logs("tanh", one).values()) for one in (found.best, found.ranking[-1])
    )
    assert last > 10 * first
