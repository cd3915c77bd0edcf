"""Results made by hand: a run's tables of numbers that are known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lab_traces import make_trace

from initbench.lab import manifest
from initbench.lab.departure import Comparison
from initbench.lab.executors import Failure
from initbench.lab.plan import Planned, open_experiment, plan
from initbench.lab.predicted import Beside, blank
from initbench.lab.result import CellResult, Result
from initbench.lab.sinks import Kept
from initbench.lab.summary import summarise
from initbench.lab.tabling import Tabulate, tables_of, wanted_of
from initbench.lab.verdict import judge
from initbench.spec import Experiment

Layers = Mapping[str, Sequence[Any]]


def make_result(*cells: Layers | None, name: str = "x", seeds: Sequence[int] = (0, 1, 2), **config: Any) -> Result:
    """What a run would give whose networks show these numbers, a cell for each: metric -> entries as make_trace takes
    them, from the input up; None for a cell that fails.

    config: sections of the config; `network` is completed, and several cells need a `sweep`.
    """
    shown = next(layers for layers in cells if layers is not None)
    depth = len(next(iter(shown.values()))) - 1
    network = {"depth": depth, "width": 8, "activation": "relu", "initializer": "he_normal"} | config.pop("network", {})
    whole = {"name": name, "network": network, "seeds": list(seeds), "metrics": list(shown)} | config
    experiment = open_experiment(whole)
    planned = plan(experiment)
    kept = Kept()
    tables = Tabulate(experiment, [kept])
    for one, layers in zip(planned, cells, strict=True):
        tables.add(tables_of(_cell(experiment, one, layers), wanted_of(experiment)))
    record = manifest.manifest(experiment, planned, failed=sum(layers is None for layers in cells))
    return Result(experiment, (), kept.tables, (), record)


def _cell(experiment: Experiment, planned: Planned, layers: Layers | None) -> CellResult:
    if layers is None:
        return CellResult(planned, None, None, None, None, Failure("for the test"), ())
    trace = replace(make_trace(layers, len(experiment.seeds)), seeds=experiment.seeds)
    summary = summarise(trace)
    verdict = judge(planned.cell, trace, summary, experiment.verdict)
    nothing = Beside(blank(planned.cell, "for the test"), Comparison(None, {}))
    return CellResult(planned, trace, summary, verdict, nothing, None, ())
