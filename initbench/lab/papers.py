"""The published results that ship with initbench: configs whose expectations hold a paper's numbers.

The description of each begins with where its numbers stand: `Glorot & Bengio 2010, figure 6: what is to be seen there`.
A folder of them may have another one, `full`, with those that are larger in the paper than as they ship.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import UnknownNameError, UsageError, did_you_mean
from ..spec import Experiment
from ..values import frozen
from .csvtext import Value
from .expectations import Outcome
from .plan import open_experiment, plan, seconds

FULL = "full"
_HEADING = re.compile(r"(?P<source>[^:]*? (?:19|20)\d\d), (?P<place>[^:]+): ")
_PACKAGE = Path(__file__).parents[1]
_SHIPPED = (_PACKAGE / "published", _PACKAGE.parent / "configs" / "papers")  # as it is installed, and in a clone


@frozen
class Paper:
    """One figure or table, as a config. source: the paper or course and its year; place: what of it.

    seconds: roughly, of one core. full: the config in the paper's own size, where that is larger.
    """

    name: str
    source: str
    place: str
    experiment: Experiment
    seconds: float
    full: Path | None


@frozen
class Comparison:
    """One claim of a paper beside what came out.

    published, predicted, measured: in the paper's units; None where there is none. passes: whether the expectation
    holds, None where there is nothing to judge by.
    """

    claim: str
    published: Value
    predicted: float | None
    measured: Value
    passes: bool | None
    message: str


def shipped() -> Path:
    """The folder of the configs that came with this installation. Raises UsageError where they did not."""
    found = next((folder for folder in _SHIPPED if folder.is_dir()), None)
    if found is None:
        raise UsageError("this installation came without its papers; give the folder configs/papers with --configs")
    return found


def read_papers(folder: Path) -> tuple[Paper, ...]:
    """The papers of a folder, by name. Raises UsageError where there is none, ConfigError where a config does not
    hold."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise UsageError(f"{folder}: no papers here; give a folder of YAML configs")
    return tuple(read_paper(file) for file in files)


def read_paper(file: Path) -> Paper:
    """One config as a paper; its name is the file's. Raises ConfigError."""
    experiment = open_experiment(file)
    source, place = heading(experiment.description)
    cost = sum(seconds(planned.cell, len(experiment.seeds)) for planned in plan(experiment))
    full = file.parent / FULL / file.name
    return Paper(file.stem, source, place, experiment, cost, full if full.is_file() else None)


def heading(description: str) -> tuple[str, str]:
    """Paper and place of a description; empty where it does not begin with them."""
    found = _HEADING.match(description)
    return (found["source"], found["place"]) if found else ("", "")


def choose(papers: Sequence[Paper], names: Iterable[str]) -> tuple[Paper, ...]:
    """Those of these names, each once, in their order. Raises UnknownNameError."""
    known = {paper.name: paper for paper in papers}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UnknownNameError(f"{name!r} is no published result{hint} (`initbench papers` lists them)")
    return tuple(known[name] for name in dict.fromkeys(names))


def compare(outcomes: Iterable[Outcome]) -> tuple[Comparison, ...]:
    """Every claim beside what was measured."""
    return tuple(_comparison(outcome) for outcome in outcomes)


def _comparison(outcome: Outcome) -> Comparison:
    claim = outcome.expectation
    published: Value = claim.published
    if published is None and claim.test == "equals":
        published = claim.target[0]
    measured, predicted = outcome.measured, None if math.isnan(outcome.predicted) else outcome.predicted
    if claim.of_root:
        predicted = None if predicted is None else _root(predicted)
        measured = _root(measured) if isinstance(measured, int | float) else measured
    passes = {"passed": True, "failed": False}.get(outcome.status)
    return Comparison(claim.name, published, predicted, measured, passes, outcome.message)


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan
