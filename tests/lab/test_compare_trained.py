"""What training came to, side by side: numbers that can be worked out from training.csv and cells.csv by hand."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from lab_folders import without_checksums

import initbench
from initbench.errors import JudgeError, StorageError, UsageError
from initbench.lab.comparing.compare import Comparison, Difference, compare
from initbench.lab.comparing.compare_words import as_markdown, comparison_blocks, ranking_blocks
from initbench.lab.comparing.ends import ENDS
from initbench.lab.comparing.ranking import rank
from initbench.lab.result import Result

NETWORK = {"depth": 2, "width": 8, "activation": "tanh", "initializer": "lecun_normal"}
DATA = {"name": "gaussian_classes", "classes": 3, "features": 4, "examples": 60}
TRAINING: dict[str, Any] = {"data": DATA, "steps": 12, "batch_size": 16, "record_every": 5, "learning_rate": [0.1, 0.5]}
WILD = {"learning_rate": 8}
"""With relu, two of five networks diverge."""


def run(out: Path | None = None, training: Mapping[str, Any] = {}, seeds: int = 5, **network: Any) -> Result:
    sections = {"network": {**NETWORK, **network}, "training": {**TRAINING, **training}}
    return initbench.run({"name": "x", "seeds": seeds, **sections}, out, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders a and b that were trained, b with other weights and more seeds; c that was not."""
    place = tmp_path_factory.mktemp("trained")
    run(place / "a")
    run(place / "b", seeds=7, initializer={"name": "normal", "stddev": 0.01})
    initbench.run({"name": "c", "network": NETWORK, "seeds": 3}, place / "c", 1)
    return place


def rows_of(comparison: Comparison) -> dict[str, Difference]:
    (pair,) = comparison.pairs
    return {row.quantity: row for row in pair.differences}


def last(folder: Path, column: str) -> dict[int, float]:
    """A column of training.csv in the last row of every seed."""
    training = initbench.load(folder).training
    assert training is not None
    rows = training.drop_duplicates("seed", keep="last")
    return dict(zip(rows["seed"], rows[column], strict=True))


def partial(folder: Path, copy: Path, *left_out: str) -> Path:
    """A copy without some of its tables."""
    shutil.copytree(folder, copy)
    for name in left_out:
        (copy / name).unlink()
    return copy


@pytest.mark.parametrize(("name", "column"), ENDS.items())
def test_ends_are_paired_by_seed(made: Path, name: str, column: str) -> None:
    row = rows_of(compare(made / "a", made / "b"))[name]
    a, b = last(made / "a", column), last(made / "b", column)
    apart = np.array([b[seed] - a[seed] for seed in range(5)])
    mean, half = apart.mean(), scipy.stats.t.ppf(0.975, 4) * apart.std(ddof=1) / math.sqrt(5)
    assert (row.how, row.n, row.factor) == ("paired", (5, 5), False)
    assert row.a == pytest.approx(initbench.load(made / "a").cells[name][0])
    assert row.b == pytest.approx(np.mean([b[seed] for seed in range(5)]))
    assert (row.difference, row.low, row.high) == pytest.approx((mean, mean - half, mean + half))
    assert "5 seeds in common, of 5 in A and 7 in B" in compare(made / "a", made / "b").notes


def test_a_result_in_memory_is_compared_too(made: Path) -> None:
    assert rows_of(compare(run(), made / "b"))["final_loss"] == rows_of(compare(made / "a", made / "b"))["final_loss"]


def test_they_can_be_chosen(made: Path) -> None:
    assert list(rows_of(compare(made / "a", made / "b", ["test_loss", "cosine"]))) == [
        "cosine, last layer",
        "test_loss",
    ]
    assert not set(rows_of(compare(made / "a", made / "b", layer=1))) & set(ENDS)
    for asked, layer, says in (
        ("final_loss", 1, "is of the whole network, and at no layer"),
        ("final_los", None, "did you mean 'final_loss'"),
    ):
        with pytest.raises(UsageError, match=says):
            compare(made / "a", made / "b", [asked], layer)
    with pytest.raises(UsageError, match=r"^final_loss: no network was trained here \(forward drift, "):
        compare(made / "c", initbench.run({"name": "y", "network": NETWORK, "seeds": 3}), ["final_loss"])


def test_what_only_one_was_trained_for_is_not_compared(made: Path) -> None:
    (pair,) = compare(made / "a", made / "c").pairs
    assert pair.unmeasured == tuple(f"{name} (only in A)" for name in ENDS)
    with pytest.raises(JudgeError, match=r"could be compared: final_loss \(only in A\)$"):
        compare(made / "a", made / "c", ["final_loss"])


def test_no_test_examples_no_test(made: Path) -> None:
    found = compare(made / "a", run(training={"test_fraction": 0}))
    assert {"final_loss", "final_accuracy"} == set(rows_of(found)) & set(ENDS)
    assert found.pairs[0].unmeasured == ("test_loss (only in A)", "test_accuracy (only in A)")


def test_losses_of_two_kinds_are_no_difference() -> None:
    data = {"name": "two_spirals", "examples": 60}
    one, other = (run(training={"data": data, "loss": loss}) for loss in ("cross_entropy", "mean_squared_error"))
    found = compare(one, other)
    assert {"final_accuracy", "test_accuracy"} == set(rows_of(found)) & set(ENDS)
    assert found.pairs[0].unmeasured[0] == "final_loss (cross_entropy in A, mean_squared_error in B)"
    assert "training.loss differs: losses of two kinds are not one measure" in rank(one, other).notes


class TestDiverged:
    """Of the five networks of `wild` two diverge."""

    @pytest.fixture
    def wild(self, tmp_path: Path) -> Path:
        run(tmp_path / "wild", WILD, activation="relu")
        return tmp_path / "wild"

    def test_they_have_no_loss_and_no_accuracy(self, made: Path, wild: Path) -> None:
        losses = list(last(wild, "loss").values())
        rows = rows_of(compare(made / "a", wild))
        assert rows["final_loss"].b == pytest.approx(np.mean([loss for loss in losses if math.isfinite(loss)]))
        assert rows["final_loss"].n == (3, 3)
        assert rows["final_accuracy"].b == pytest.approx(initbench.load(wild).cells["final_accuracy"][0])
        assert rows["final_accuracy"].n == (5, 5)
        for name in ENDS:
            assert rows[name].notes == ("B: diverged in 2 of 5",)
        said = as_markdown(comparison_blocks(compare(made / "a", wild)))
        assert "- a network that diverged has no loss, and gives no right answer: its accuracy is 0\n" in said

    def test_one_that_did_so_in_the_last_step_is_one_of_them(self, made: Path, tmp_path: Path) -> None:
        """Its loss is a number, and beyond all bounds: only training_search.csv tells."""
        result = run(tmp_path / "x", {"steps": 5, "learning_rate": 5}, activation="relu")
        assert np.isfinite(list(last(tmp_path / "x", "loss").values())).all()
        row = rows_of(compare(made / "a", tmp_path / "x"))["final_accuracy"]
        assert row.notes == ("B: diverged in 1 of 5",)
        assert row.b == pytest.approx(result.cells["final_accuracy"][0])

    def test_without_training_csv_the_means_say_so(self, made: Path, wild: Path, tmp_path: Path) -> None:
        b = partial(wild, tmp_path / "b", "training.csv")
        rows = rows_of(compare(made / "a", b))
        assert (rows["final_loss"].how, rows["final_loss"].notes) == ("", ("B: diverged in 2 of 5",))
        assert rows["final_accuracy"].notes == ("B: diverged in 2 of 5",)
        assert rows["final_accuracy"].b == initbench.load(wild).cells["final_accuracy"][0]
        assert math.isnan(rows["final_accuracy"].low)

    def test_a_ranking_shows_their_share(self, made: Path, wild: Path) -> None:
        ranking = rank(made / "a", wild)
        share = {one.label: one.scores["diverged"].mean for one in ranking.standings}
        assert share[str(made / "a")] == 0
        assert share[str(wild)] == 0.4
        assert "diverged" in ranking_blocks(ranking)[0].header
        assert "diverged" not in ranking_blocks(rank(made / "a", made / "b"))[0].header


class TestPartialFolders:
    def test_ends_are_paired_where_nothing_else_can_be(self, made: Path, tmp_path: Path) -> None:
        found = compare(partial(made / "a", tmp_path / "a", "layers.csv", "summary.csv"), made / "b")
        assert rows_of(found)["final_loss"] == rows_of(compare(made / "a", made / "b"))["final_loss"]
        assert any("networks cannot be paired as they start." in note for note in found.notes)
        assert "5 seeds in common, of 5 in A and 7 in B" in found.notes

    def test_means_stand_in_for_them(self, made: Path, tmp_path: Path) -> None:
        a = partial(made / "a", tmp_path / "a", "training.csv", "training_search.csv")
        found = compare(a, made / "b")
        row = rows_of(found)["test_loss"]
        means = [initbench.load(made / name).cells["test_loss"][0] for name in "ab"]
        assert (row.how, row.n, row.a, row.b) == ("unpaired", (5, 7), *means)
        assert math.isnan(row.low)
        assert (
            "A has no training.csv (its run wrote it, the folder does not keep it): what training came to is compared "
            "by the means of cells.csv, without intervals"
        ) in found.notes

    def test_steps_that_are_missing(self, made: Path, tmp_path: Path) -> None:
        copy = partial(made / "a", tmp_path / "a")
        without_checksums(copy)
        table = copy / "training.csv"
        table.write_text("".join(table.read_text().splitlines(True)[:-1]))
        with pytest.raises(StorageError, match=r"training\.csv: step 12 of 4 networks of 5"):
            compare(copy, made / "b")


class TestRanking:
    def test_it_is_of_networks_as_they_start_and_says_so(self, made: Path) -> None:
        ranking = rank(made / "a", made / "b", made / "c")
        bare = [one for one in rank(made / "c", made / "a", made / "b").standings if one.label == str(made / "c")]
        assert not {"final_loss", "diverged"} & bare[0].scores.keys()
        (first, *_) = (one for one in ranking.standings if one.label == str(made / "a"))
        losses = last(made / "a", "loss")
        half = scipy.stats.t.ppf(0.975, 4) * np.std(list(losses.values()), ddof=1) / math.sqrt(5)
        assert first.scores["final_loss"].mean == pytest.approx(np.mean(list(losses.values())))
        assert first.scores["final_loss"].half == pytest.approx(half)
        assert not set(ranking.criteria) & {*ENDS, "diverged"}
        assert sum("networks are ranked as they start, before training" in note for note in ranking.notes) == 1
        header = ranking_blocks(ranking)[0].header
        assert header[-5:] == ("final_loss", "final_accuracy", "test_accuracy", "behind in", "verdict")

    def test_of_what_was_not_trained_nothing_is_said(self, made: Path) -> None:
        ranking = rank(made / "c", initbench.run({"name": "y", "network": NETWORK, "seeds": 4}))
        assert not any("train" in note for note in ranking.notes)
        assert "final_loss" not in ranking_blocks(ranking)[0].header

    def test_without_training_csv_means_are_shown(self, made: Path, tmp_path: Path) -> None:
        a = partial(made / "a", tmp_path / "a", "training.csv")
        (one,) = (one for one in rank(a, made / "b").standings if one.label == str(a))
        assert one.scores["final_loss"].mean == initbench.load(made / "a").cells["final_loss"][0]
        assert math.isnan(one.scores["final_loss"].half)
