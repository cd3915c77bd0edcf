"""How parameters follow their gradients: PyTorch's definitions, in place and piece by piece, so that what belongs
together stays in the cache."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ...catalogue.training import Optimizer

Array = np.ndarray[Any, Any]

PIECE = 1 << 15
"""Numbers of each array that are worked on at a time."""


class Rule(Protocol):
    """Moves the parameters of S networks, (S, P), along their gradients, which it uses up."""

    def step(self, parameters: Array, gradients: Array) -> None:
        """One update of all of them."""


def rule(optimizer: Optimizer, rates: Array, parameters: Array) -> Rule:
    """The rule of an optimizer. rates: (S,), the learning rate of each network."""
    chosen = {"sgd": Descent, "momentum": Momentum, "adam": Adam}[optimizer.name]
    made: Rule = chosen(rates.astype(parameters.dtype)[:, None], parameters, **dict(optimizer.params))
    return made


def pieces(parameters: Array) -> Iterator[tuple[slice, slice]]:
    """(networks, parameters) that are worked on together: several small networks, or a part of a large one."""
    networks, size = parameters.shape
    together = max(1, PIECE // size)
    for first in range(0, networks, together):
        for start in range(0, size, PIECE):
            yield slice(first, first + together), slice(start, start + PIECE)


class Descent:
    """w <- w - r g"""

    def __init__(self, rates: Array, parameters: Array) -> None:
        self._rates, self._pieces = rates, list(pieces(parameters))

    def step(self, parameters: Array, gradients: Array) -> None:
        """One update."""
        for piece in self._pieces:
            g, w = gradients[piece], parameters[piece]
            g *= self._rates[piece[0]]
            w -= g


class Momentum:
    """v <- momentum v + g, w <- w - r v"""

    def __init__(self, rates: Array, parameters: Array, *, momentum: float) -> None:
        self._rates, self._pieces = rates, list(pieces(parameters))
        self._momentum = parameters.dtype.type(momentum)
        self._velocity = np.zeros_like(parameters)

    def step(self, parameters: Array, gradients: Array) -> None:
        """One update."""
        for piece in self._pieces:
            g, v, w = gradients[piece], self._velocity[piece], parameters[piece]
            v *= self._momentum
            v += g
            np.multiply(v, self._rates[piece[0]], out=g)
            w -= g


class Adam:
    """w <- w - r m^ / (sqrt(v^) + epsilon), m and v running means of g and g^2, without their bias to 0"""

    def __init__(self, rates: Array, parameters: Array, *, beta1: float, beta2: float, epsilon: float) -> None:
        self._rates, self._pieces = rates, list(pieces(parameters))
        self._betas = beta1, beta2
        self._epsilon = epsilon
        self._mean, self._square = np.zeros_like(parameters), np.zeros_like(parameters)
        self._spare = np.empty_like(parameters[self._pieces[0]])
        self._steps = 0

    def step(self, parameters: Array, gradients: Array) -> None:
        """One update."""
        self._steps += 1
        number = parameters.dtype.type
        beta1, beta2 = self._betas
        root = number(math.sqrt(1 - beta2**self._steps))
        rates = (self._rates / (1 - beta1**self._steps)).astype(parameters.dtype)
        for piece in self._pieces:
            g, m, v, w = gradients[piece], self._mean[piece], self._square[piece], parameters[piece]
            spare = self._spare[: g.shape[0], : g.shape[1]]
            m *= number(beta1)
            np.multiply(g, number(1 - beta1), out=spare)
            m += spare
            g *= g
            g *= number(1 - beta2)
            v *= number(beta2)
            v += g
            # r / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
            np.sqrt(v, out=g)
            g /= root
            g += number(self._epsilon)
            np.divide(m, g, out=g)
            g *= rates[piece[0]]
            w -= g
