"""The published results: each says where its numbers stand, and fails where the physics is wrong.

That they hold is tested with all configs that ship, in test_configs.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import inf, isnan, nan, sqrt
from pathlib import Path
from typing import Any

import pytest

from initbench import initializer, predict
from initbench.catalogue.initializers import Initializer
from initbench.lab.expectations import Outcome
from initbench.lab.markdown import escape
from initbench.lab.papers import compare, heading, read_paper, read_papers, shipped
from initbench.lab.papers_page import shown
from initbench.lab.plan import open_experiment
from initbench.lab.runner import run
from initbench.spec import Expectation, Experiment, GridCell, Layer, Network

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "configs" / "papers"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
MINUTES = 5.0
SCALE_FREE = {
    "balduzzi-2017-shattered",  # ReLU's correlations do not depend on the size of the weights
    *("he-2015-thirty-layers", "schoenholz-2017-trainability"),  # and little of what is learnt does
}
QUICK = {
    *("cs231n-tanh-tiny", "cs231n-tanh-unit", "deeplizard-2018-ones", "fastai-2019-one-layer", "geron-2017-logistic"),
    *("geron-2017-table-11-1", "glorot-2010-activations", "he-2015-fans", "he-2015-forward", "lecun-1998-tanh"),
    *("klambauer-2017-fixed-point", "klambauer-2017-gradients", "nielsen-2015-hidden-neuron", "poole-2016-lengths"),
    *("poole-2016-correlations", "schoenholz-2017-critical", "schoenholz-2017-depth-scales", "hayou-2019-edges"),
}
"""A second or so each; the others take a minute together."""

Mutation = Callable[[Initializer], Initializer]


def scaled(one: Initializer, by: float = 1.03) -> Initializer:
    """The same law, its standard deviation `by` times as large."""
    if one.name == "fan_in_uniform":
        return initializer("lecun_uniform", gain=by / sqrt(3))
    if one.name == "keras:he_normal":
        return initializer("he_truncated_normal", gain=by)
    params: dict[str, Any] = dict(one.params)
    for key in [key for key in ("gain", "stddev", "low", "high") if key in params]:
        params[key] *= by
    assert params != dict(one.params), f"{one.name} has no scale"
    return initializer(one.name, **params)


def swapped(one: Initializer) -> Initializer:
    """fan_out for fan_in, and the reverse."""
    params: dict[str, Any] = dict(one.params)
    params["mode"] = {"fan_in": "fan_out", "fan_out": "fan_in"}[params["mode"]]
    return initializer(one.name, **params)


def halved(one: Initializer) -> Initializer:
    """A variance where a standard deviation belongs (of 1/2, so that both are finite)."""
    return scaled(one, sqrt(0.5))


def cut(one: Initializer) -> Initializer:
    """A normal law cut at two deviations without correction."""
    return scaled(one, 0.8796256610)


def mutant(experiment: Experiment, mutation: Mutation) -> Experiment:
    """The experiment with other weights under the same names."""

    def layer(one: Layer) -> Layer:
        return replace(one, initializer=mutation(one.initializer))

    def cell(grid: GridCell) -> GridCell:
        layers = tuple(layer(one) for one in grid.cell.network.layers)
        return replace(grid, cell=replace(grid.cell, network=Network(layers)))

    return replace(experiment, cells=tuple(cell(grid) for grid in experiment.cells))


def failures(experiment: Experiment) -> list[str]:
    return [outcome.expectation.name for outcome in run(experiment).outcomes if outcome.status == "failed"]


def test_there_are_twenty_and_they_take_five_minutes() -> None:
    papers = read_papers(FOLDER)
    assert [paper.name for paper in papers] == NAMES
    assert len(papers) >= 20
    assert sum(paper.seconds for paper in papers) / 2 < 60 * MINUTES


@pytest.mark.parametrize("name", NAMES)
def test_each_says_where_its_numbers_stand_and_what_they_are(name: str) -> None:
    paper = read_paper(FOLDER / f"{name}.yaml")
    assert paper.source
    assert paper.place
    published = [claim for claim in paper.experiment.expect if claim.published is not None or claim.test == "equals"]
    assert published
    if paper.full is not None:
        assert heading(open_experiment(paper.full).description)[0] == paper.source


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in NAMES if name not in SCALE_FREE],
)
def test_each_fails_for_weights_that_are_three_percent_too_large(name: str) -> None:
    assert failures(mutant(open_experiment(FOLDER / f"{name}.yaml"), scaled))


@pytest.mark.parametrize(
    ("name", "mutation"),
    [
        ("he-2015-fans", swapped),
        ("he-2015-forward", halved),
        ("glorot-2010-activations", halved),
        ("deeplizard-2018-ones", cut),
        ("geron-2017-table-11-1", cut),
        ("lecun-1998-tanh", cut),
    ],
)
def test_some_fail_for_the_classic_mistakes(name: str, mutation: Mutation) -> None:
    assert failures(mutant(open_experiment(FOLDER / f"{name}.yaml"), mutation))


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("poole-2016-lengths", "network.bias=none"),
        ("nielsen-2015-hidden-neuron", "network.bias=none"),
        ("cs231n-tanh-xavier", "network.activation=softsign"),
        ("balduzzi-2017-shattered", "network.activation=tanh"),
        ("geron-2017-logistic", "network.initializer.gain=1"),
        ("klambauer-2017-gradients", "network.activation=elu"),
        pytest.param("he-2015-thirty-layers", "network.activation=tanh", marks=pytest.mark.slow),
        pytest.param("schoenholz-2017-trainability", "training.steps=20", marks=pytest.mark.slow),
    ],
)
def test_some_fail_for_another_network(name: str, override: str) -> None:
    assert failures(open_experiment(FOLDER / f"{name}.yaml", [override]))


@pytest.mark.parametrize("folder", [FOLDER, FOLDER / "full"], ids=["shipped", "full"])
def test_what_can_be_trained_is_claimed_on_its_side_of_6_xi_c(folder: Path) -> None:
    experiment = open_experiment(folder / "schoenholz-2017-trainability.yaml")
    claimed = set()
    for claim in experiment.expect:
        for cell in experiment.cells:
            place = dict(cell.axes)
            if claim.where != tuple((key, place[key]) for key, _ in claim.where):
                continue
            gain, depth = float(place["network.initializer.gain"]), float(place["network.depth"])
            learns = claim.metric == "final_accuracy" and claim.test == "at_least"
            assert learns == (depth < 6 * predict("tanh", gain, sqrt(0.05)).xi_c), (claim.name, cell.label)
            claimed.add(cell.label)
    assert len(claimed) == len(experiment.cells) - 2  # all but those at the border


@pytest.mark.parametrize(
    ("override", "scale", "gain", "depth", "claim"),
    [
        ("network.bias=none", 1.0, "1", "40", "sigma_w^2 = 1: 40 layers, beyond"),  # critical without biases
        ("network.initializer.name=he_normal", 1.0, "1", "40", "sigma_w^2 = 1: 40 layers, beyond"),
        ("seeds=1", 0.8, "1.32700966071", "80", "the critical point"),
    ],
)
def test_other_physics_would_train_other_networks(
    override: str, scale: float, gain: str, depth: str, claim: str
) -> None:
    """One cell of the map and one claim."""
    experiment = open_experiment(FOLDER / "schoenholz-2017-trainability.yaml", [override])
    cells = tuple(one for one in experiment.cells if tuple(text for _, text in one.axes[:2]) == (gain, depth))
    expect = tuple(one for one in experiment.expect if one.name.startswith(claim))
    one = replace(experiment, cells=cells, expect=expect)
    assert failures(one if scale == 1 else mutant(one, lambda law: scaled(law, scale)))


@pytest.mark.parametrize(
    ("measured", "predicted", "of_root", "expected"),
    [
        (4.0, 9.0, True, (2.0, 3.0)),
        (4.0, 9.0, False, (4.0, 9.0)),
        (4.0, nan, True, (2.0, None)),
        (None, nan, True, (None, None)),
        (inf, inf, True, (inf, inf)),
        ("ok", nan, False, ("ok", None)),
    ],
)
def test_numbers_beside_a_published_root_are_roots(
    measured: Any, predicted: float, of_root: bool, expected: tuple[Any, Any]
) -> None:
    claim = Expectation("a", (), "act_q", "last", "mean", "at_least", (0.0,), published=2.0, of_root=of_root)
    (found,) = compare([Outcome(claim, "passed", "", measured, predicted)])
    assert (found.measured, found.predicted) == expected
    (negative,) = compare([Outcome(claim, "failed", "", -4.0)])
    assert isinstance(negative.measured, float)
    assert isnan(negative.measured) is of_root
    assert (found.passes, negative.passes) == (True, False)


def test_the_papers_that_came_along_are_those() -> None:
    assert shipped() == FOLDER


def test_the_gallery_shows_every_paper_as_it_is() -> None:
    """The committed page is of these configs, its pictures exist, and its numbers are within what is asked for."""
    gallery = ROOT / "results" / "papers"
    sections = re.split(r"^## ", (gallery / "README.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == NAMES
    for name, section in zip(NAMES, sections, strict=True):
        paper = read_paper(FOLDER / f"{name}.yaml")
        assert f"**{escape(paper.source)}, {escape(paper.place)}.**" in section
        assert escape(paper.experiment.description.partition(": ")[2][1:]) in section
        assert f"```sh\ninitbench papers {name}\n```" in section
        (picture,) = re.findall(r"^!\[.*?\]\((.*?)\)$", section, re.MULTILINE)
        assert (gallery / picture).is_file()
        rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
        claims = paper.experiment.expect
        assert f"<summary>{len(claims)} of {len(claims)} claims hold</summary>" in section
        assert [row[0] for row in rows] == [escape(claim.name) for claim in claims]
        for row, claim in zip(rows, claims, strict=True):
            assert row[-1] == "yes"
            if claim.published is not None:
                assert row[1] == shown(claim.published)
            if claim.test == "between" and not claim.refuted:
                low, high = (sqrt(float(limit)) if claim.of_root else float(limit) for limit in claim.target)
                assert low * 0.9999 <= float(row[3]) <= high * 1.0001 or low <= 0
