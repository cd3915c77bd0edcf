"""Two results side by side: every number can be worked out by hand, and no network is left out without a word."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from lab_folders import without_checksums
from lab_results import make_result

import initbench
from initbench.errors import JudgeError, StorageError, UsageError
from initbench.lab.comparing.compare import Comparison, Difference, compare
from initbench.lab.comparing.intervals import of_pairs
from initbench.lab.result import Result

NAN, INF = math.nan, math.inf


def layers(first: Any, last: Any, metric: str = "act_q") -> dict[str, Sequence[Any]]:
    """Two layers of one metric, over the seeds."""
    return {metric: [None if metric == "grad_q" else 1.0, first, last]}


def only(comparison: Comparison, quantity: str) -> Difference:
    """The row of one quantity, of the one pair that there is."""
    (pair,) = comparison.pairs
    (row,) = (row for row in pair.differences if row.quantity == quantity)
    return row


def test_a_paired_factor_worked_out_by_hand() -> None:
    a = make_result(layers([1, 1, 1], [1, 10, 100]))
    b = make_result(layers([1, 1, 1], [10, 1000, 100]))
    row = only(compare(a, b), "act_q, last layer")
    assert (row.how, row.n, row.factor) == ("paired", (3, 3), True)
    assert (row.a, row.b, row.difference) == pytest.approx((1, 2, 1))
    # log10 differences 1, 2, 0: mean 1, sd 1, t(2) = 4.302653
    assert (row.low, row.high) == pytest.approx((1 - 4.302653 / math.sqrt(3), 1 + 4.302653 / math.sqrt(3)), rel=1e-6)
    assert not row.differs
    assert row.correlation == pytest.approx(0.5)


def test_drifts_are_of_every_network_by_itself() -> None:
    ends = {"act_q": [1.0, [1, 2, 4], [10, 20, 40]], "grad_q": [None, [1e-3, 1e-3, 1e-3], [1, 1, 1]]}
    comparison = compare(make_result(ends), make_result({**ends, "act_q": [1.0, [1, 2, 4], [100, 200, 400]]}))
    forward, backward = only(comparison, "forward drift"), only(comparison, "backward drift")
    assert (forward.a, forward.b, forward.low, forward.high) == pytest.approx((1, 2, 1, 1))
    assert (backward.a, backward.difference) == pytest.approx((-3, 0))
    assert forward.differs
    assert not backward.differs


def test_metrics_that_are_no_mean_squares_are_subtracted() -> None:
    a = make_result({"dead_fraction": [None, [0, 0, 0], [0.5, 0.25, 0]]})
    b = make_result({"dead_fraction": [None, [0, 0, 0], [0.75, 0.5, 0.25]]})
    row = only(compare(a, b), "dead_fraction, last layer")
    assert (row.factor, row.difference, row.low, row.high) == (False, 0.25, 0.25, 0.25)


def test_a_layer_can_be_chosen() -> None:
    a, b = make_result(layers([1, 1, 1], [3, 3, 3])), make_result(layers([10, 10, 10], [3, 3, 3]))
    (pair,) = compare(a, b, layer=1).pairs
    assert [(row.quantity, row.difference) for row in pair.differences] == [("act_q, layer 1", 1.0)]
    assert only(compare(a, b, layer="first"), "act_q, first layer").difference == 1
    assert only(compare(a, b, layer=0), "act_q, layer 0").difference == 0
    with pytest.raises(UsageError, match=r"no layer 3: layers are 0 \(the input\) to 2"):
        compare(a, b, layer=3)
    with pytest.raises(UsageError, match="first or last"):
        compare(a, b, layer="middle")


def test_metrics_can_be_chosen() -> None:
    ends = {"act_q": [1.0, 1, 2], "dead_fraction": [None, 0, 0]}
    a, b = make_result(ends), make_result(ends)
    names = [row.quantity for row in compare(a, b, ["forward drift", "dead_fraction"]).pairs[0].differences]
    assert names == ["forward drift", "dead_fraction, last layer"]
    with pytest.raises(UsageError, match="did you mean 'dead_fraction'"):
        compare(a, b, ["dead_fractoin"])
    with pytest.raises(UsageError, match="cosine"):
        compare(a, b, ["cosine"])


class TestSeeds:
    def test_only_those_in_common_are_paired(self) -> None:
        a = make_result(layers(1, [1, 10, 100, 5]), seeds=[3, 5, 7, 9])
        b = make_result(layers(1, [10, 1, 100]), seeds=[7, 3, 8])  # in another order
        comparison = compare(a, b)
        row = only(comparison, "act_q, last layer")
        assert row.n == (2, 2)
        assert (row.a, row.b) == pytest.approx(((0 + 2) / 2, (0 + 1) / 2))  # seeds 3 and 7
        assert "2 seeds in common, of 4 in A and 3 in B" in comparison.notes

    @pytest.mark.parametrize("seeds", [(10, 11, 12), (2, 11, 12)])
    def test_without_two_in_common_networks_are_not_paired(self, seeds: Sequence[int]) -> None:
        a = make_result(layers(1, [1, 10, 100]))
        b = make_result(layers(1, [10, 1000, 100]), seeds=seeds)
        row = only(compare(a, b), "act_q, last layer")
        assert (row.how, row.n) == ("unpaired", (3, 3))
        # sd 1 and 1, n 3 and 3: t(4) = 2.776445
        half = 2.776445 * math.sqrt(2 / 3)
        assert (row.difference, row.low, row.high) == pytest.approx((1, 1 - half, 1 + half), rel=1e-6)
        assert math.isnan(row.correlation)

    def test_one_pair_has_a_difference_and_no_interval(self) -> None:
        a, b = make_result(layers(1, [10]), seeds=[0]), make_result(layers(1, [1000]), seeds=[0])
        row = only(compare(a, b), "act_q, last layer")
        assert (row.difference, row.n, row.differs) == (2, (1, 1), False)
        assert math.isnan(row.low)
        assert "one pair has no interval" in row.notes

    def test_other_roots_share_nothing(self) -> None:
        a, b = make_result(layers(1, [1, 2, 3])), make_result(layers(1, [1, 2, 3]), root_seed=1)
        assert any("root seeds differ" in note for note in compare(a, b).notes)
        assert not any("root seeds differ" in note for note in compare(a, a).notes)


class TestWhatIsNoNumber:
    def test_overflow_is_counted_and_said(self) -> None:
        a = make_result(layers(1, [1, 10, 100, 1000]), seeds=range(4))
        b = make_result(layers(1, [10, INF, 1000, NAN]), seeds=range(4))
        row = only(compare(a, b), "act_q, last layer")
        assert row.notes == ("B: not finite in 2 of 4",)
        assert (row.n, row.a, row.b) == ((2, 2), 1, 2)  # of the same networks
        assert only(compare(a, b), "forward drift").notes == ("B: not finite in 2 of 4",)

    def test_where_all_overflow_there_is_no_difference_but_a_remark(self) -> None:
        a, b = make_result(layers(1, [1, 10, 100])), make_result(layers(1, [INF, NAN, INF]))
        row = only(compare(a, b), "act_q, last layer")
        assert (row.how, row.n, row.a) == ("", (0, 0), 1)
        assert math.isnan(row.difference)
        assert row.notes == ("B: not finite in 3 of 3",)

    def test_where_both_overflow_there_is_nothing_to_compare(self) -> None:
        a, b = make_result(layers(1, [INF] * 3)), make_result(layers(1, [NAN] * 3), name="y")
        with pytest.raises(JudgeError) as caught:
            compare(a, b)
        assert str(caught.value) == "x, y: they have no number in common that could be compared"

    def test_zero_has_no_logarithm(self) -> None:
        a, b = make_result(layers(1, [1, 10, 100])), make_result(layers(1, [0, 10, 1000]))
        row = only(compare(a, b), "act_q, last layer")
        assert (row.n, row.difference) == ((2, 2), 0.5)
        assert row.notes == ("B: exactly 0 in 1 of 3",)
        nothing = only(compare(a, make_result(layers(1, 0))), "act_q, last layer")
        assert (nothing.how, nothing.b, nothing.notes) == ("", -INF, ("B: exactly 0 in 3 of 3",))

    def test_a_drift_that_starts_at_zero_has_no_factor(self) -> None:
        a, b = make_result(layers(1, [1, 10, 100])), make_result(layers([0, 1, 1], [10, 10, 1000]))
        row = only(compare(a, b), "forward drift")
        assert (row.n, row.difference, row.notes) == ((2, 2), 0.5, ("B: exactly 0 in 1 of 3",))

    def test_blanks_are_no_overflow(self) -> None:
        ends = {"act_q": [1.0, 1, 2], "saturated_fraction": [None, None, None]}
        blank, there = make_result(ends), make_result({**ends, "saturated_fraction": [None, 0.5, 0.5]})
        assert compare(blank, blank).pairs[0].unmeasured == ("saturated_fraction, last layer (in neither)",)
        assert compare(there, blank).pairs[0].unmeasured == ("saturated_fraction, last layer (only in A)",)
        with pytest.raises(JudgeError, match="no number in common"):
            compare(there, blank, ["saturated_fraction"])

    def test_blanks_of_some_networks_are_counted(self) -> None:
        """Zero rows have no cosine."""
        raw = make_result({"cosine": [0, 0, [0.5, 0.25, 0.75]]})
        (some,) = compare(raw, _without_last(raw)).pairs[0].differences
        assert (some.n, some.notes) == ((2, 2), ("B: blank in 1 of 3",))

    def test_a_metric_that_only_one_measured(self) -> None:
        found = compare(make_result(layers(1, 1)), make_result({**layers(1, 1), "cosine": [0, 0, 0.5]}))
        assert found.pairs[0].unmeasured == ("cosine, last layer (only in B)",)


class TestDepths:
    def test_drifts_are_shared_among_the_layers(self) -> None:
        a = make_result({"act_q": [1.0, *(2.0**k for k in range(4))]})
        b = make_result({"act_q": [1.0, *(10.0**k for k in range(8))]})
        row = only(compare(a, b), "forward drift a layer")
        assert (row.a, row.b) == pytest.approx((math.log10(2), 1))
        assert only(compare(a, b, ["forward drift"]), "forward drift a layer") == row

    def test_the_last_layer_is_each_ones_own(self) -> None:
        row = only(compare(make_result({"act_q": [1, 1, 10]}), make_result({"act_q": [1, 1, 1, 100]})),
                   "act_q, last layer")  # fmt: skip
        assert (row.a, row.b) == (1, 2)

    def test_one_layer_has_no_drift(self) -> None:
        one = make_result({"act_q": [1, 1]})
        assert compare(one, one).pairs[0].unmeasured == ("forward drift (in neither)",)


SWEEP = {"grid": {"network.initializer": ["he_normal", "he_uniform"]}}


class TestCells:
    def test_settings_that_differ(self) -> None:
        a = make_result(layers(1, 1), layers(1, 1), sweep=SWEEP, dtype="float64")
        b = make_result(layers(1, 1), seeds=[0, 4], network={"width": 16})
        found = {one.key: one.values for one in compare(a, b).settings}
        assert found == {
            "network.width": ("8", "16"),
            "network.initializer": ("swept: he_normal, he_uniform", "he_normal"),
            "input.features": ("8", "16"),
            "dtype": ("float64", "float32"),
            "seeds": ("3 (0 to 2)", "2 (0, 4)"),
            "cells": ("2", "1"),
        }
        assert compare(b, b).settings == ()

    def test_engines_that_ran_are_no_sweep(self) -> None:
        wide = {"width": 512}
        a = make_result(layers(1, 1), layers(1, 1), network=wide, sweep={"grid": {"engine": ["dense", "implicit"]}})
        b = make_result(layers(1, 1), network=wide, engine="dense")
        found = {one.key: one.values for one in compare(a, b).settings}
        assert found["engine"] == ("swept: dense, implicit", "dense")
        assert found["engine (that ran)"] == ("dense, implicit", "dense")

    def test_cells_are_matched_by_their_values(self) -> None:
        a = make_result(layers(1, 1), layers(1, 10), sweep=SWEEP)
        turned = {"grid": {"network.initializer": ["he_uniform", "lecun_normal", "he_normal"]}}
        b = make_result(layers(1, 100), None, layers(1, 1), sweep=turned, network={"activation": "tanh"})
        comparison = compare(a, b)
        assert [pair.labels[1] for pair in comparison.pairs] == ["initializer=he_normal", "initializer=he_uniform"]
        assert [pair.differences[1].difference for pair in comparison.pairs] == [0, 1]
        assert comparison.left_out == ((), ("initializer=lecun_normal (failed)",))
        assert comparison.pairs[0].verdicts == ("stable", "stable")

    def test_the_same_cell_is_said(self) -> None:
        one, two = make_result(layers(1, 1)), make_result(layers(1, 1), name="y")
        assert "1 of 1 pairs are the same cell twice: the same networks, to the last digit" in compare(one, two).notes


def test_real_pairs_share_their_draws() -> None:
    """The same weights, scaled: what is left of the spread is rounding."""
    network = {"depth": 5, "width": 32, "activation": "relu", "initializer": {"name": "normal", "stddev": 0.25}}
    a = initbench.run({"name": "a", "network": network, "seeds": 8, "engine": "dense"})
    scaled = {**network, "initializer": {"name": "normal", "stddev": 0.3}}
    b = initbench.run({"name": "b", "network": scaled, "seeds": 8, "engine": "dense"})
    row = only(compare(a, b), "act_q, last layer")
    assert row.difference == pytest.approx(10 * math.log10(1.2), rel=1e-5)
    assert row.correlation > 0.999999
    assert row.high - row.low < 1e-4
    assert row.narrower > 1000


def test_intervals_cover_as_promised_through_the_tables() -> None:
    """300 cells of 4 seeds with a true factor of 10: 95 % of the intervals hold it. False alarm: 1 in 20,000 (binomial,
    within 4 sd); an interval with the normal quantile 1.96 would hold it in 85.5 %, 5 sd under that."""
    rng = np.random.default_rng(5)
    axis = {"grid": {"network.initializer.stddev": [0.001 * k for k in range(1, 301)]}}
    pairs = [(common := rng.normal(0, 1, 4), common + 1 + rng.normal(0, 0.3, 4)) for _ in range(300)]
    network = {"initializer": "normal"}
    a = make_result(*(layers(1, 10**x) for x, _ in pairs), sweep=axis, network=network, seeds=range(4))
    b = make_result(*(layers(1, 10**y) for _, y in pairs), sweep=axis, network=network, seeds=range(4))
    rows = [pair.differences[1] for pair in compare(a, b).pairs]
    assert [row.low for row in rows] == pytest.approx([of_pairs(x, y).low for x, y in pairs])
    assert abs(sum(row.low <= 1 <= row.high for row in rows) / 300 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 300)
    assert sum(row.low <= 1 <= row.high for row in rows) / 300 > 0.855 + 0.03


class TestFolders:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        network = {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"}
        initbench.run({"name": "x", "network": network, "seeds": 3}, out=tmp_path / "a")
        return tmp_path / "a"

    def test_a_folder_and_a_result_give_the_same(self, folder: Path, tmp_path: Path) -> None:
        config = {"network": {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_uniform"}, "seeds": 3}
        result = initbench.run({"name": "y", **config})
        initbench.run({"name": "y", **config}, out=tmp_path / "b")
        from_memory, from_disk = compare(folder, result), compare(folder, tmp_path / "b")
        assert repr(from_memory.pairs) == repr(from_disk.pairs)  # nan is not nan
        assert from_disk.names == (str(folder), str(tmp_path / "b"))

    def test_the_same_folder_twice(self, folder: Path) -> None:
        with pytest.raises(UsageError, match="the same results twice"):
            compare(folder, folder)
        with pytest.raises(UsageError, match="the same results twice"):
            compare(folder, folder.parent / "a" / ".." / "a")

    def test_a_copy_differs_in_nothing(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "copy")
        comparison = compare(folder, tmp_path / "copy")
        assert comparison.settings == ()
        assert not any(row.differs for row in comparison.pairs[0].differences)
        assert {row.difference for row in comparison.pairs[0].differences} == {0}

    def test_without_layers(self, folder: Path, tmp_path: Path) -> None:
        network = {"depth": 2, "width": 8, "activation": "relu", "initializer": {"name": "he_normal", "gain": 2.0}}
        config = {"name": "y", "network": network, "seeds": 5}
        initbench.run({**config, "output": {"layers": False}}, out=tmp_path / "b")
        comparison = compare(folder, tmp_path / "b")
        (note,) = (note for note in comparison.notes if "layers.csv" in note)
        assert note.startswith("B has no layers.csv (output: {layers: false}): networks cannot be paired")
        row = only(comparison, "act_q, last layer")
        means = [_summary(tmp_path / name, "act_q") for name in ("a", "b")]
        assert (row.how, row.n) == ("unpaired", (3, 5))
        assert row.difference == pytest.approx(math.log10(means[1][0] / means[0][0]))
        errors = [sd / mean / math.sqrt(n) / math.log(10) for (mean, sd), n in zip(means, (3, 5), strict=True)]
        squares = [error**2 for error in errors]
        df = sum(squares) ** 2 / (squares[0] ** 2 / 2 + squares[1] ** 2 / 4)  # Welch 1947
        assert row.high - row.difference == pytest.approx(scipy.stats.t.ppf(0.975, df) * math.sqrt(sum(squares)))
        plain = only(comparison, "dead_fraction, last layer")
        assert plain.b == pytest.approx(_summary(tmp_path / "b", "dead_fraction")[0])
        drift = only(comparison, "forward drift")
        ratios = [initbench.load(tmp_path / name).cells["act_q_ratio"][0] for name in ("a", "b")]
        assert drift.difference == pytest.approx(math.log10(ratios[1] / ratios[0]))
        assert math.isnan(drift.low)

    def test_without_layers_drifts_are_shared_among_the_layers_too(self, folder: Path) -> None:
        network = {"depth": 5, "width": 8, "activation": "relu", "initializer": "he_normal"}
        deep = initbench.run({"name": "y", "network": network, "seeds": 3, "output": {"layers": False}})
        row = only(compare(folder, deep), "forward drift a layer")
        ratio = deep.cells["act_q_ratio"][0]
        assert row.b == pytest.approx(math.log10(ratio) / 4)

    @pytest.fixture
    def other(self, tmp_path: Path) -> Path:
        network = {"depth": 2, "width": 8, "activation": "relu", "initializer": {"name": "he_normal", "gain": 2.0}}
        initbench.run({"name": "y", "network": network, "seeds": 5}, out=tmp_path / "b")
        return tmp_path / "b"

    def test_without_layers_one_layer_has_no_drift_either(self, folder: Path) -> None:
        network = {"depth": 1, "width": 8, "activation": "relu", "initializer": "he_normal"}
        flat = initbench.run({"name": "y", "network": network, "seeds": 3, "output": {"layers": False}})
        for other in (folder, initbench.run({"name": "z", "network": {**network, "initializer": "ones"}, "seeds": 3})):
            (pair,) = compare(other, flat).pairs
            assert not any("drift" in row.quantity for row in pair.differences)
            assert any(what.startswith("forward drift") for what in pair.unmeasured)

    def test_what_was_left_out_is_done_without(self, folder: Path, other: Path) -> None:
        """As with `output: {layers: false}`, but that it is said otherwise."""
        (other / "layers.csv").unlink()
        (other / "theory.csv").unlink()
        comparison = compare(folder, other)
        (note,) = (note for note in comparison.notes if "layers.csv" in note)
        assert note.startswith(
            "B has no layers.csv (its run wrote it, the folder does not keep it): networks cannot be paired. "
        )
        row = only(comparison, "act_q, last layer")
        means = [_summary(folder, "act_q")[0], _rows(other / "summary.csv", "act_q")["mean"]]
        assert (row.how, row.n) == ("unpaired", (3, 5))
        assert row.difference == pytest.approx(math.log10(float(means[1]) / means[0]))
        assert row.low < row.difference < row.high
        assert not any("seeds in common" in note for note in comparison.notes)
        (note,) = (note for note in compare(other, folder).notes if "layers.csv" in note)
        assert note.startswith("A has no layers.csv")

    def test_of_cells_csv_alone_the_drifts_are_left(self, folder: Path, other: Path) -> None:
        whole = only(compare(folder, other, ["backward drift"]), "backward drift").b
        cells = initbench.load(other).cells
        for name in ("layers.csv", "summary.csv", "theory.csv"):
            (other / name).unlink()
        comparison = compare(folder, other)
        assert [row.quantity for row in comparison.pairs[0].differences] == ["forward drift", "backward drift"]
        row = only(comparison, "backward drift")
        assert (row.how, row.n, row.b) == ("unpaired", (3, 5), math.log10(cells["grad_q_ratio"][0]))
        assert row.b == pytest.approx(whole, abs=0.5)  # of the means, not of every network
        assert math.isnan(row.low)
        assert "act_q, last layer (only in A)" in comparison.pairs[0].unmeasured
        assert (
            "B has no summary.csv (its run wrote it, the folder does not keep it): drifts are compared by cells.csv, "
            "and other metrics not at all"
        ) in comparison.notes

    def test_rows_are_as_good_as_their_summary(self, folder: Path, other: Path, tmp_path: Path) -> None:
        initbench.run({"network": _overflowing(), "seeds": 3}, out=tmp_path / "c")
        before = [compare(folder, there) for there in (other, tmp_path / "c")]
        without = initbench.run({"network": _overflowing(), "seeds": 3, "output": {"layers": False}})
        unpaired = compare(tmp_path / "c", without)
        for there in (folder, other, tmp_path / "c"):
            (there / "summary.csv").unlink()
        for found, there in zip(before, (other, tmp_path / "c"), strict=True):
            assert repr(compare(folder, there).pairs) == repr(found.pairs)
            assert compare(folder, there).notes == found.notes
        assert any("not finite" in note for row in before[1].pairs[0].differences for note in row.notes)
        for one, two in zip(
            compare(tmp_path / "c", without).pairs[0].differences, unpaired.pairs[0].differences, strict=True
        ):
            numbers = [(row.a, row.b, row.low, row.high) for row in (one, two)]
            assert numbers[0] == pytest.approx(numbers[1], nan_ok=True)

    def test_a_config_that_was_edited(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "b")
        config = tmp_path / "b" / "resolved.yaml"
        config.write_text(config.read_text().replace("he_normal", "he_uniform"))
        with pytest.raises(StorageError, match=r"resolved\.yaml: is not what the tables were made with"):
            compare(folder, tmp_path / "b")

    @pytest.mark.parametrize("name", ["resolved.yaml", "cells.csv", "summary.csv", "layers.csv", "manifest.json"])
    def test_damage_is_named(self, folder: Path, tmp_path: Path, name: str) -> None:
        shutil.copytree(folder, tmp_path / "b")
        path = tmp_path / "b" / name
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(StorageError) as caught:
            compare(folder, tmp_path / "b")
        assert str(path) in str(caught.value)

    def test_rows_that_are_missing(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "b")
        without_checksums(tmp_path / "b")
        table = tmp_path / "b" / "layers.csv"
        table.write_text("".join(line for line in table.read_text().splitlines(True) if ",2,8,8," not in line))
        with pytest.raises(StorageError, match=r"layers\.csv: not 2 layers"):
            compare(folder, tmp_path / "b")

    def test_another_config(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "b")
        without_checksums(tmp_path / "b")
        config = tmp_path / "b" / "resolved.yaml"
        config.write_text(config.read_text() + "sweep: {grid: {dtype: [float32]}}\n")
        with pytest.raises(StorageError, match="not the config of cells"):
            compare(folder, tmp_path / "b")


def _summary(folder: Path, metric: str) -> tuple[float, float]:
    rows = initbench.load(folder).summary
    row = rows[(rows["metric"] == metric) & (rows["layer"] == rows["layer"].max())].iloc[0]
    return row["mean"], row["sd"]


def _rows(table: Path, metric: str) -> dict[str, str]:
    """The row of a metric at the last layer, of a table whose folder is not whole any more."""
    with table.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["metric"] == metric][-1]


def _overflowing() -> dict[str, Any]:
    """Some networks of it come through."""
    return {"depth": 6, "width": 4, "activation": "relu", "initializer": {"name": "normal", "stddev": 2e6}}


def _without_last(result: Result) -> Result:
    """The same with the last network's metrics blank at the last layer."""
    tables = dict(result.tables)
    rows, summary = list(tables["layers.csv"].rows), tables["summary.csv"]
    rows[-1] = (*rows[-1][:-1], None)
    place = summary.columns.index("n")
    fewer = [*summary.rows[:-1], tuple(2 if k == place else cell for k, cell in enumerate(summary.rows[-1]))]
    tables |= {"layers.csv": replace(tables["layers.csv"], rows=rows), "summary.csv": replace(summary, rows=fewer)}
    return replace(result, tables=tables)
