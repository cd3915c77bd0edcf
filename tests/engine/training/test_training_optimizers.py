"""Every optimizer against its definition, and against PyTorch's where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from initbench.catalogue.training import OPTIMIZERS, Optimizer
from initbench.engine.training import optimizers

CHOICES: list[tuple[str, dict[str, float]]] = [
    ("sgd", {}),
    ("momentum", {}),
    ("momentum", {"momentum": 0.0}),
    ("adam", {}),
    ("adam", {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}),
]


def walked(name: str, params: dict[str, float], steps: int, shape: tuple[int, int], dtype: Any = np.float64) -> Any:
    """Parameters after some steps along gradients drawn from a fixed stream, and those gradients."""
    rng = np.random.default_rng(0)
    parameters = rng.standard_normal(shape).astype(dtype)
    start = parameters.copy()
    rates = np.linspace(0.01, 0.3, shape[0])
    rule = optimizers.rule(Optimizer(*OPTIMIZERS.bind(name, params)), rates, parameters)
    gradients = [rng.standard_normal(shape).astype(dtype) * 10.0 ** rng.integers(-6, 3) for _ in range(steps)]
    for gradient in gradients:
        rule.step(parameters, gradient.copy())
    return start, gradients, parameters, rates


@pytest.mark.parametrize(("name", "params"), CHOICES)
def test_steps_are_pytorchs(name: str, params: dict[str, float]) -> None:
    torch = pytest.importorskip("torch")
    start, gradients, found, rates = walked(name, params, 50, (3, 40))
    for network in range(3):
        tensor = torch.tensor(start[network], requires_grad=True)
        rate = float(rates[network])
        if name == "adam":
            betas = (params.get("beta1", 0.9), params.get("beta2", 0.999))
            other = torch.optim.Adam([tensor], lr=rate, betas=betas, eps=params.get("epsilon", 1e-8))
        else:
            other = torch.optim.SGD([tensor], lr=rate, momentum=params.get("momentum", 0.9 if name != "sgd" else 0.0))
        for gradient in gradients:
            tensor.grad = torch.tensor(gradient[network])
            other.step()
        np.testing.assert_allclose(found[network], tensor.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "params"), CHOICES)
@pytest.mark.parametrize("piece", [7, 64, 10_000])
def test_the_size_of_pieces_changes_nothing(
    name: str, params: dict[str, float], piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = walked(name, params, 5, (6, 33), np.float32)[2]
    monkeypatch.setattr(optimizers, "PIECE", piece)
    assert walked(name, params, 5, (6, 33), np.float32)[2].tobytes() == whole.tobytes()


def test_definitions() -> None:
    """One number, by hand."""
    start, (g, f), w, rates = walked("momentum", {"momentum": 0.5}, 2, (1, 1))
    assert w[0, 0] == pytest.approx((start - rates[0] * g - rates[0] * (0.5 * g + f))[0, 0], rel=1e-14)
    start, (g,), w, rates = walked("adam", {}, 1, (1, 1))
    assert w[0, 0] == pytest.approx((start - rates[0] * g / (abs(g) + 1e-8))[0, 0], rel=1e-12)
    start, (g,), w, rates = walked("sgd", {}, 1, (1, 1))
    assert w[0, 0] == (start - rates[0] * g)[0, 0]
