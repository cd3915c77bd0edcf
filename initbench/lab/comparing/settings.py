"""Settings of stored results, by the dotted keys of the config, as texts: what two results can differ in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ...spec import Cell, Layer, Training
from ...values import frozen

if TYPE_CHECKING:
    from .measured import Opened

SHOWN = 4
"""Values of a swept setting that are written out."""
ENGINE = "engine (that ran)"
MADE_WITH = ("initbench", "numerics", "numpy", "platform")
"""What else numbers can depend on, of the manifest."""


@frozen
class Differing:
    """A setting that is not the same everywhere. key: dotted, as in a config; values: one text for every result."""

    key: str
    values: tuple[str, ...]


def cell_settings(cell: Cell) -> dict[str, str]:
    """What a cell is made of, by the keys that can be swept; one value where all layers agree, else a list."""
    layers, batch = cell.network.layers, cell.batch
    different = {id(layer): layer for layer in layers}  # grids have many cells, and most of their layers are one object

    def along(name: Callable[[Layer], str]) -> str:
        texts = {number: name(layer) for number, layer in different.items()}
        few = set(texts.values())
        return few.pop() if len(few) == 1 else f"[{', '.join(texts[id(layer)] for layer in layers)}]"

    return {
        "network.depth": str(cell.network.depth),
        "network.width": along(lambda layer: str(layer.fan_out)),
        "network.activation": along(lambda layer: layer.activation.label),
        "network.initializer": along(lambda layer: layer.initializer.label),
        "network.bias": along(lambda layer: "none" if layer.bias is None else layer.bias.label),
        "input.distribution": batch.inputs.label,
        "input.features": str(batch.features),
        "input.batch_size": str(batch.batch_size),
        "input.resample": str(batch.resample).lower(),
        "gradient.source": cell.gradient,
        "dtype": cell.dtype,
        "engine": cell.engine,
        **({} if cell.training is None else _training_settings(cell.training)),
    }


def _training_settings(training: Training) -> dict[str, str]:
    rates = training.learning_rates
    return {
        "training.data": training.data.label,
        "training.loss": training.loss.label,
        "training.optimizer": training.optimizer.label,
        "training.learning_rate": _listed(rates) if len(rates) > 1 else f"{rates[0]:g}",
        "training.steps": str(training.steps),
        "training.batch_size": str(training.batch_size),
        "training.test_examples": str(training.test_examples),
        "training.readout.initializer": training.readout.label,
        "training.measure_at": _listed(training.measure_at),
        "training.record_every": str(training.record_every),
    }


def _listed(numbers: Sequence[float]) -> str:
    return f"[{', '.join(f'{number:g}' for number in numbers)}]"


def differences(results: Sequence[Opened]) -> tuple[Differing, ...]:
    """The settings in which results differ, swept ones with all of their values; with the engines that ran and the
    software.

    Left out are name, description and `expect`, which change no number.
    """
    found = [_all(result) for result in results]
    keys = dict.fromkeys(key for one in found for key in one)
    texts = {key: tuple(one.get(key, ("",)) for one in found) for key in keys}
    return tuple(
        Differing(key, tuple(_shown(key, one) for one in values))
        for key, values in texts.items()
        if len(set(values)) > 1
    )


def _all(result: Opened) -> dict[str, tuple[str, ...]]:
    """Every setting of a result, with all of the values that its cells have."""
    experiment = result.experiment
    distinct = {key: _distinct(cell[key] for cell in result.settings) for key in result.settings[0]}
    rules = experiment.verdict
    others = {
        "seeds": seeds_text(experiment.seeds),
        "root_seed": str(experiment.cells[0].cell.root_seed),
        "metrics": ", ".join(experiment.cells[0].cell.metrics),
        "verdict": f"factor {rules.factor:g}, saturated {rules.saturated:g}, dead {rules.dead:g}",
        "output.layers": str(experiment.keep_layers).lower(),
        "cells": str(len(experiment.cells)),
    }
    used = _distinct(str(cell.row["engine_used"]) for cell in result.cells)
    software = {f"{name} (made with)": (str(result.manifest.get(name, "unknown")),) for name in MADE_WITH}
    return {**distinct, **{key: (text,) for key, text in others.items()}, ENGINE: used, **software}


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _shown(key: str, values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return values[0]
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return f"{'' if key == ENGINE else 'swept: '}{', '.join(values[:SHOWN])}{more}"


def seeds_text(seeds: Sequence[int]) -> str:
    """`32 (0 to 31)`, or the numbers themselves."""
    if len(seeds) > 1 and tuple(seeds) == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"{len(seeds)} ({seeds[0]} to {seeds[-1]})"
    more = ", ..." if len(seeds) > SHOWN else ""
    return f"{len(seeds)} ({', '.join(map(str, seeds[:SHOWN]))}{more})"
