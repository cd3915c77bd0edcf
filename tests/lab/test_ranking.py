"""Which setting comes first: known orders, known ties, and what cannot be ranked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab_results import make_result
from lab_traces import signal

import initbench
from initbench.errors import JudgeError, UsageError
from initbench.lab.comparing.criteria import Numbers, same
from initbench.lab.comparing.ranking import Ranking, rank

INF, NAN = math.inf, math.nan
SEEDS = 8
RNG = np.random.default_rng(3)
NOISE = RNG.normal(0, 0.1, SEEDS)
"""What all settings share, in decades."""
OTHER = RNG.normal(0, 0.1, (12, SEEDS))
OTHER -= OTHER.mean(axis=1, keepdims=True)
"""What each has for itself, of mean 0."""


def drifting(forward: float, backward: float = 0.0, own: int = 0, **others: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Three layers that change by so many decades, with the noise that all share and some of their own."""
    change = 10 ** (forward + NOISE - NOISE.mean() + OTHER[own]), 10 ** (backward + OTHER[own])
    return signal(3, *change, **others)


def ranked(*settings: dict[str, Sequence[Any]] | None, **config: Any) -> Ranking:
    """The cells of a sweep, named by their bias: 0, 1, 2, ... in the order of the arguments."""
    axis = {"network.bias.value": [float(k) for k in range(len(settings))]}
    network = {"bias": "constant", **config.pop("network", {})}
    seeds = config.pop("seeds", range(SEEDS))
    return rank(make_result(*settings, sweep={"grid": axis}, network=network, seeds=seeds, **config))


def order(ranking: Ranking) -> list[tuple[int, str]]:
    """(place, number of the cell), with * where the place is shared."""
    return [(one.place, one.label.removeprefix("value=") + "*" * one.tied) for one in ranking.standings]


def test_a_known_order() -> None:
    ranking = ranked(drifting(2), drifting(-1, own=1), drifting(0, 3, own=2), drifting(-4, own=3))
    assert order(ranking) == [(1, "1"), (2, "0"), (3, "2"), (4, "3")]
    assert [one.decided for one in ranking.standings] == ["", "drift", "drift", "drift"]
    worst = [one.scores["drift"].mean for one in ranking.standings]
    assert worst == pytest.approx([1, 2, 3, 4])
    third = ranking.standings[2].scores
    assert (third["forward drift"].mean, third["backward drift"].mean) == pytest.approx((0, 3), abs=1e-12)
    assert ranking.criteria == ("lost", "drift")


def test_a_known_tie_and_what_follows_it() -> None:
    ranking = ranked(drifting(2), drifting(1.01, own=1), drifting(-1, own=2), drifting(3, own=3))
    assert order(ranking) == [(1, "2*"), (1, "1*"), (3, "0"), (4, "3")]


def test_pairing_breaks_a_tie_that_noise_would_make() -> None:
    """The shared spread is ten times the difference; what each has for itself is nothing."""
    share = 10 ** (RNG.normal(0, 1, SEEDS))
    near = signal(3, 10**1.0 * share), signal(3, 10**1.1 * share)
    assert order(ranked(near[1], near[0])) == [(1, "1"), (2, "0")]
    turned = signal(3, 10**1.1 * share[::-1])
    assert order(ranked(turned, near[0])) == [(1, "1*"), (1, "0*")]


def test_ties_are_with_the_best_of_the_rest_not_with_the_neighbour() -> None:
    """0 and 1 cannot be told apart, nor 1 and 2; but 0 and 2 can: 2 begins a place of its own."""
    a, b = (np.linspace(-1, 1, SEEDS), np.linspace(1, -1, SEEDS))
    steps = [signal(3, 10 ** (5 + step + noise)) for step, noise in ((0, a), (1.0, b), (1.2, a))]
    assert order(ranked(*steps)) == [(1, "0*"), (1, "1*"), (3, "2")]


def test_dead_units_decide_between_those_that_drift_alike() -> None:
    def dead(share: float) -> dict[str, Sequence[Any]]:
        return {"dead_fraction": [None, 0, share, share]}

    ranking = ranked(
        drifting(1, **dead(0.3)), drifting(1, **dead(0.0)), drifting(1, **dead(0.3)), drifting(0.1, **dead(1))
    )
    assert order(ranking) == [(1, "3"), (2, "1"), (3, "0*"), (3, "2*")]
    assert [one.decided for one in ranking.standings] == ["", "drift", "dead", "dead"]
    assert ranking.standings[1].scores["dead"].mean == 0
    assert ranking.standings[2].scores["dead"].mean == pytest.approx(0.2)  # of all units, not of the worst layer


def test_dead_units_count_by_their_layers_width() -> None:
    share = {"dead_fraction": [None, 1, 0, 0]}
    config = {"network": {"width": [2, 8, 10]}}
    assert ranked(drifting(1, **share), drifting(2, **share), **config).standings[0].scores["dead"].mean == 0.1


def test_the_deeper_correlation_comes_first() -> None:
    def cosine(*numbers: Any) -> dict[str, Sequence[Any]]:
        return {"cosine": [0.0, *numbers]}

    half = [0.991] * 4 + [0.98] * 4
    cells = (cosine(0.5, 0.99, 1), cosine(0.5, 0.6, 0.7), cosine(0.1, 0.99, 0.5), cosine(0.1, half, 0.99))
    ranking = ranked(*(drifting(1, **one) for one in cells))
    assert order(ranking) == [(1, "1"), (2, "3"), (3, "0*"), (3, "2*")]
    depths = [one.scores["correlation depth"].mean for one in ranking.standings]
    assert depths == [4, 2.5, 2, 2]
    assert ranking.depth == 3
    assert "a network where they never do counts as 4" in ranking.rules[-1]
    assert (
        ranking.standings[1].scores["correlation depth"].low
        < 2.5
        < ranking.standings[1].scores["correlation depth"].high
    )


class TestLost:
    def test_those_that_come_through_are_first(self) -> None:
        lost = signal(3, [INF] * 4 + [1.0] * 4)
        ranking = ranked(lost, drifting(9))
        assert order(ranking) == [(1, "1"), (2, "0")]
        assert ranking.standings[1].scores["lost"].mean == 0.5
        assert ranking.standings[1].decided == "lost"

    def test_one_of_many_tells_little(self) -> None:
        assert order(ranked(signal(3, [NAN] + [1.0] * 7), drifting(9))) == [(1, "0"), (2, "1")]

    def test_where_all_are_lost_nothing_else_counts(self) -> None:
        overflow = signal(3, INF, dead_fraction=[None, 0, 0, NAN])
        zero = signal(3, 0.0, 0.0, dead_fraction=[None, 1, 1, 1])
        alike = drifting(0, dead_fraction=[None, 0, 0, 0]) | {"distinct_units": [None, 8, 1, 1]}
        fine = drifting(2, dead_fraction=[None, 0, 0, 0])
        cells = [one | {"distinct_units": [None, 8, 8, 8]} for one in (overflow, zero, fine)]
        ranking = ranked(*cells, alike)
        assert dict(order(ranking))[1] == "2"
        assert sorted(order(ranking)[1:]) == [(2, "0*"), (2, "1*"), (2, "3*")]
        assert ranking.criteria == ("lost", "drift", "dead")

    def test_a_unit_alone_is_not_alike(self) -> None:
        one = drifting(0) | {"distinct_units": [None, 1, 8, 8]}
        ranking = ranked(one, drifting(1) | {"distinct_units": [None, 1, 8, 8]}, network={"width": [1, 8, 8]})
        assert [standing.scores["lost"].mean for standing in ranking.standings] == [0, 0]


def test_a_direction_that_was_not_measured_everywhere_does_not_count(tmp_path: Path) -> None:
    forward = make_result({"act_q": drifting(1)["act_q"]}, seeds=range(SEEDS), name="f", gradient={"source": "none"})
    both = make_result(drifting(0.1, 5), seeds=range(SEEDS), name="b")
    ranking = rank(forward, both)
    assert order(ranking) == [(1, "b"), (2, "f")]
    assert ranking.standings[0].scores["backward drift"].mean == pytest.approx(5)
    assert "backward drift: not measured in every setting, so that it does not count" in ranking.notes
    assert [(one.key, one.values) for one in ranking.settings][:1] == [("gradient.source", ("none", "gaussian"))]


def test_different_depths_are_ranked_by_the_layer() -> None:
    shallow = make_result({"act_q": [1, 1, 10, 100], "cosine": [0, 0, 0, 0.995]}, name="shallow", seeds=range(SEEDS))
    deep = make_result(
        {"act_q": [1, *(10.0 ** (k / 2) for k in range(9))], "cosine": [0, *(0.1,) * 8, 1]},
        name="deep",
        seeds=range(SEEDS),
    )
    ranking = rank(shallow, deep)
    assert order(ranking) == [(1, "deep"), (2, "shallow")]
    assert [one.scores["drift"].mean for one in ranking.standings] == pytest.approx([0.5, 1])
    assert ranking.a_layer
    assert ranking.depth == 3  # beyond it nothing is known of the other
    assert [one.scores["correlation depth"].mean for one in ranking.standings] == [4, 3]


def test_one_seed_ranks_by_the_numbers() -> None:
    ranking = ranked(signal(3, 10.0), signal(3, 5.0), signal(3, 5.0), seeds=[0])
    assert order(ranking) == [(1, "1*"), (1, "2*"), (3, "0")]
    assert any("one network has no interval" in note for note in ranking.notes)


def test_without_layers_there_are_means_and_no_intervals(tmp_path: Path) -> None:
    network = {"depth": 6, "width": 16, "activation": "relu", "initializer": "he_normal"}
    grid = {"network.initializer": ["he_normal", "glorot_normal", "zeros", {"name": "normal", "stddev": 1e30}]}
    config = {"name": "x", "network": network, "seeds": 4, "sweep": {"grid": grid}}
    with_rows = rank(initbench.run(config, out=tmp_path / "rows"))
    without = rank(initbench.run({**config, "output": {"layers": False}}, out=tmp_path / "none"))
    assert [one.label for one in without.standings] == [one.label for one in with_rows.standings]
    assert [one.place for one in without.standings] == [1, 2, 3, 3]
    cells = initbench.load(tmp_path / "none").cells
    assert without.standings[0].scores["forward drift"].mean == pytest.approx(math.log10(cells["act_q_ratio"][0]))
    assert math.isnan(without.standings[0].scores["drift"].half)
    for name in ("lost", "dead"):
        assert [one.scores[name].mean for one in without.standings] == pytest.approx(
            [one.scores[name].mean for one in with_rows.standings], nan_ok=True
        )
    assert any("has no layers.csv (output: {layers: false}): ranked by the means" in note for note in without.notes)


def test_what_was_left_out_is_done_without(tmp_path: Path) -> None:
    """Of the networks of a cell all are lost or none, as its verdict says."""
    network = {"depth": 6, "width": 16, "activation": "relu", "initializer": "he_normal"}
    laws = ["he_normal", "glorot_normal", "zeros", {"name": "normal", "stddev": 1e30}, "ones"]
    config = {"name": "x", "network": network, "seeds": 4, "sweep": {"grid": {"network.initializer": laws}}}
    initbench.run(config, out=tmp_path / "x")
    whole = rank(tmp_path / "x")
    for table, criteria in (
        ("layers.csv", whole.criteria),
        ("theory.csv", whole.criteria),
        ("summary.csv", ("lost", "drift")),
    ):
        (tmp_path / "x" / table).unlink()
        found = rank(tmp_path / "x")
        assert found.criteria == criteria
        assert [one.place for one in found.standings] == [1, 2, 3, 3, 3]
        assert [one.label for one in found.standings[:2]] == [one.label for one in whole.standings[:2]]
        assert [one.scores["lost"].mean for one in found.standings] == [0, 0, 1, 1, 1]
        assert f"{tmp_path / 'x'} has no layers.csv (its run wrote it" in "".join(found.notes)
    assert any("lost all or none, as the verdict says" in note for note in found.notes)


class TestNothingToRank:
    def test_one_cell(self) -> None:
        with pytest.raises(JudgeError, match="x: it has one cell; name other results"):
            rank(make_result(signal(2)))

    def test_no_criterion(self) -> None:
        with pytest.raises(JudgeError, match="no criterion"):
            ranked({"act_mean": [0, 0, 0]}, {"act_mean": [0, 0, 0]})

    def test_failed_cells_are_named(self) -> None:
        ranking = ranked(drifting(1), None, drifting(2))
        assert (ranking.unranked, len(ranking.standings)) == (("value=1",), 2)

    def test_the_same_folder_twice(self, tmp_path: Path) -> None:
        network = {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"}
        initbench.run({"name": "x", "network": network, "seeds": 2}, out=tmp_path / "x")
        with pytest.raises(UsageError, match="twice"):
            rank(tmp_path / "x", str(tmp_path / "x"))


def test_several_results_have_their_names_before_their_cells() -> None:
    sweep = {"grid": {"network.initializer": ["he_normal", "he_uniform"]}}
    many = make_result(drifting(3), drifting(4), name="many", seeds=range(SEEDS), sweep=sweep)
    one = make_result(drifting(1), name="one", seeds=range(SEEDS))
    assert order(rank(many, one)) == [
        (1, "one"),
        (2, "many: initializer=he_normal"),
        (3, "many: initializer=he_uniform"),
    ]
    assert rank(many, one).names == ("many", "one")


def test_false_alarms_of_ties_are_those_stated() -> None:
    """Two settings of one law, 4000 times: told apart in 5 %, within 4.5 standard errors (a false alarm in 150,000);
    two that differ by one standard deviation, in 40.8 % (Student's power: 8 pairs, differences of sd sqrt(2))."""
    rng, seeds = np.random.default_rng(1), np.arange(SEEDS)

    def told(shift: float) -> float:
        draws = rng.normal(0, 1, (4000, 2, SEEDS))
        return sum(not same(Numbers(seeds, a), Numbers(seeds, b + shift)) for a, b in draws) / 4000

    assert abs(told(0.0) - 0.05) < 4.5 * math.sqrt(0.05 * 0.95 / 4000)
    assert abs(told(1.0) - 0.408) < 4.5 * math.sqrt(0.408 * 0.592 / 4000)
