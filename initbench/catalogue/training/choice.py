"""Records with their parameters: what a config chooses to train by."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...values import frozen
from ..registry import Params, Registry, label
from .datasets import DATASETS, DatasetRecord, Examples, Shape
from .optimizers import LOSSES, OPTIMIZERS, LossRecord, OptimizerRecord


@frozen
class _Choice:
    """What all of them share. Workers find records again by their names: records hold functions."""

    record: Any
    params: Params

    @property
    def name(self) -> str:
        return str(self.record.name)

    @property
    def label(self) -> str:
        """`momentum(momentum=0.5)`"""
        return label(self.record, self.params)

    @property
    def description(self) -> dict[str, Any]:
        """Name and parameters, as plain data."""
        return {"name": self.name, **dict(self.params)}


@frozen
class Optimizer(_Choice):
    """An optimizer with its parameters; the learning rate stands beside it."""

    record: OptimizerRecord

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (Optimizer, self.name, self.params)


@frozen
class Loss(_Choice):
    """A loss."""

    record: LossRecord

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (Loss, self.name, self.params)


@frozen
class Data(_Choice):
    """A data set with its parameters."""

    record: DatasetRecord

    @property
    def shape(self) -> Shape:
        """How many examples, features and outputs there are."""
        return self.record.shape(**dict(self.params))

    def draw(self, rng: np.random.Generator) -> Examples:
        """The examples, in random order. Raises ParameterError where data cannot be had."""
        return self.record.draw(rng, **dict(self.params))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (Data, self.name, self.params)


_REGISTRIES: dict[type, Registry[Any]] = {Optimizer: OPTIMIZERS, Loss: LOSSES, Data: DATASETS}


def _restore(kind: type, name: str, params: Params) -> Any:
    return kind(_REGISTRIES[kind].find(name), params)
