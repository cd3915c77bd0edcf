"""Training on its way into the store, the tables and the expectations: the same bytes however it was interrupted."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import initbench
from initbench import engine
from initbench.engine import Trained, propagate, train
from initbench.lab import blocks, keepers, runner
from initbench.lab.blocks import DamagedBlockError
from initbench.lab.check import check_folder
from initbench.lab.overview import overview
from initbench.lab.pending import block_size
from initbench.lab.plan import open_experiment, plan
from initbench.lab.retold import retold
from initbench.lab.status import folder_status
from initbench.lab.steps import statistic
from initbench.lab.trained import disagreement, ending

DATA = {"name": "gaussian_classes", "classes": 3, "features": 4, "examples": 60}
NUMBERS = {"name": "teacher_student", "features": 4, "examples": 60}
CONFIG: dict[str, Any] = {
    "name": "learns",
    "network": {"depth": 2, "width": 6, "activation": "tanh", "initializer": "lecun_normal"},
    "seeds": 5,
    "dtype": "float64",
    "training": {
        "data": DATA,
        "learning_rate": [0.1, 1e30, 0.5],
        "steps": 12,
        "batch_size": 16,
        "measure_at": [0, 5, 12],
        "record_every": 5,
    },
    "sweep": {"grid": {"network.initializer": ["lecun_normal", "zeros"]}},
}
TABLES = ("training.csv", "training_layers.csv", "training_search.csv", "cells.csv", "layers.csv")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seeds a file."""
    monkeypatch.setattr(engine, "seeds_together", lambda cell: 2)


def run(out: Path | None, *overrides: str, config: dict[str, Any] = CONFIG, **keywords: Any) -> runner.Result:
    return runner.run(open_experiment(config, overrides), out, **{"jobs": 1} | keywords)


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def trained(config: dict[str, Any] = CONFIG) -> Trained:
    return train(open_experiment(config).cells[0].cell, range(5))


def test_tables_say_what_was_trained(tmp_path: Path) -> None:
    run(tmp_path)
    tables, found = initbench.load(tmp_path), trained()
    curves, layers, search, cells = tables.training, tables.training_layers, tables.training_search, tables.cells
    assert curves is not None
    assert layers is not None
    assert search is not None
    first = curves[curves["cell"] == cells["cell"][0]]
    kept = [0.1, 1e30, 0.5].index(cells["learning_rate"][0])
    assert list(first["step"]) == [0, 5, 10, 12] * 5
    assert list(first["seed"]) == np.repeat(range(5), 4).tolist()
    columns = ["loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm"]
    np.testing.assert_array_equal(first[columns], found.curves[:, kept].reshape(20, 5))
    np.testing.assert_array_equal(first["distinct_units"], [6, 6, math.nan, 6] * 5)
    rows = layers[layers["cell"] == cells["cell"][0]]
    assert list(rows["step"])[:9] == [0, 0, 0, 5, 5, 5, 12, 12, 12]
    assert rows["fan_in"][1] == 4
    column = list(layers.columns[7:]).index("act_q")
    np.testing.assert_array_equal(rows["act_q"], found.layers[:, kept, ..., column].ravel())
    one = search[(search["cell"] == cells["cell"][0]) & (search["seed"] == 3)]
    assert list(one["learning_rate"]) == [0.1, 1e30, 0.5]
    assert list(one["kept"]) == [int(place == kept) for place in range(3)]
    assert one["diverged_at"].isna().tolist() == [True, False, True]
    assert cells["diverged"].tolist() == [0, 0]
    assert cells["final_loss"][0] == pytest.approx(found.curves[:, kept, -1, 0].mean())


def test_results_from_python_are_the_files(tmp_path: Path) -> None:
    here, there = run(None), run(tmp_path)
    assert here.training is not None
    pd.testing.assert_frame_equal(here.training, there.training)
    for name in TABLES:
        assert here.tables[name].encode() == (tmp_path / name).read_bytes()
    plain = {key: value for key, value in CONFIG.items() if key != "training"}
    untrained = run(None, config=plain)
    assert untrained.training is None
    assert "final_loss" not in untrained.cells
    assert not {"training.csv", "training_layers.csv", "training_search.csv"} & set(untrained.tables)


def test_the_same_bytes_interrupted_in_any_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "whole")
    whole = contents(tmp_path / "whole")
    keep = keepers.OnDisk.keep
    for stop in range(1, 6):
        kept: list[Any] = []

        def cut(self: keepers.OnDisk, cell: str, trace: Any, stop: int = stop, kept: list[Any] = kept) -> None:
            keep(self, cell, trace)
            kept.append(trace.seeds)
            if len(kept) == stop:
                raise KeyboardInterrupt

        out = tmp_path / str(stop)
        with monkeypatch.context() as patched:
            patched.setattr(keepers.OnDisk, "keep", cut)
            with pytest.raises(KeyboardInterrupt):
                run(out)
        assert sum(each.networks for each in folder_status(out).missing) == 10 - sum(map(len, kept))
        run(out)
        assert contents(out) == whole


def test_jobs_force_and_order_change_nothing(tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "two", jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    run(tmp_path / "two", force=True)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    again = run(tmp_path / "two")
    assert again.unchanged
    assert [cell.ending for cell in again.results] == [cell.ending for cell in run(None).results]
    run(tmp_path / "more", "seeds=[4, 1]")
    run(tmp_path / "more")
    assert contents(tmp_path / "one") == contents(tmp_path / "more")


def test_a_damaged_block_is_computed_again(tmp_path: Path) -> None:
    run(tmp_path)
    before = contents(tmp_path)
    path = next(tmp_path.rglob("2-3.block"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert [damage.path for damage in run(tmp_path).damaged] == [path]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("changes", [{}, {"data": NUMBERS, "loss": "mse"}], ids=["labels", "numbers"])
def test_blocks_come_back_bit_for_bit(changes: dict[str, Any]) -> None:
    config = CONFIG | {"training": CONFIG["training"] | changes}
    cell = open_experiment(config).cells[0].cell
    trace = propagate(cell, [0, 1])
    whole = type(trace)(**vars(trace) | {"training": train(cell, [0, 1])})
    data = blocks.encode("x" * 16, whole)
    back = blocks.decode(data, "x" * 16)
    assert whole.training is not None
    assert back.training is not None
    for name, array in vars(whole.training).items():
        assert getattr(back.training, name).tobytes() == array.tobytes(), name
        assert getattr(back.training, name).dtype == array.dtype
    assert b"training" not in blocks.encode("x" * 16, trace)
    with pytest.raises(DamagedBlockError):
        blocks.decode(data[:-1], "x" * 16)


def test_the_rate_with_the_smallest_loss_is_kept() -> None:
    training = open_experiment(CONFIG).cells[0].cell.training
    assert training is not None
    found = trained()
    end = ending(training, found)
    assert end.kept == int(np.argmin([found.curves[:, 0, -1, 0].mean(), math.inf, found.curves[:, 2, -1, 0].mean()]))
    gone = found.diverged_at.copy()
    gone[1, 2] = 7  # one seed of the better rate diverged: its mean is infinite
    assert ending(training, Trained(**vars(found) | {"diverged_at": gone})).kept == 0
    gone[0, 0] = gone[2, 0] = 3
    worse = ending(training, Trained(**vars(found) | {"diverged_at": gone}))
    assert (worse.kept, worse.diverged, worse.final_loss) == (2, 0.2, math.inf)
    right = found.curves[[0, 2, 3, 4], 2, -1, 1].sum() / 5  # one that diverged is never right
    assert worse.final_accuracy == pytest.approx(right)


def test_disagreement_is_over_pairs() -> None:
    rng = np.random.default_rng(0)
    labels, numbers = rng.integers(0, 3, (5, 40)), rng.standard_normal((5, 40, 2))
    pairs = list(itertools.combinations(range(5), 2))
    assert disagreement(labels) == pytest.approx(np.mean([(labels[a] != labels[b]).mean() for a, b in pairs]))
    squares = np.mean([((numbers[a] - numbers[b]) ** 2).mean() for a, b in pairs])
    assert disagreement(numbers) == pytest.approx(math.sqrt(squares / (numbers**2).mean()))
    assert disagreement(np.repeat(labels[:1], 3, axis=0)) == 0
    assert math.isnan(disagreement(labels[:1]))
    assert math.isnan(disagreement(labels[:, :0]))


def test_claims_about_steps_are_judged_alike_by_run_and_check(tmp_path: Path) -> None:
    learns = {"where": {"network.initializer": "lecun_normal"}}
    claims: list[dict[str, Any]] = [
        {"metric": "final_accuracy", "at_least": 0.5, **learns},
        {"metric": "loss", "step": "first", "at_least": 0.5},
        {"metric": "loss", "step": "last", "over": "max", "at_most": 1e-9},
        {"metric": "gradient_norm", "step": 5, "over": "min", "at_least": 1e-3, **learns},
        {"metric": "distinct_units", "step": "last", "layer": "all", "equals": 6, **learns},
        {"metric": "act_q", "step": 5, "layer": 0, "between": [0.1, 10]},
        {"metric": "loss", "step": 10, "near": {"value": 0.5, "stderr": 1000}, **learns},
        {"metric": "grad_q", "step": "first", "layer": "first", "at_most": 1e-300},
        {"metric": "accuracy", "step": "last", "over": "sd", "at_least": 0, **learns},
        {"metric": "saturated_fraction", "step": 12, "layer": "last", "at_most": 0.5, "claim": "refuted"},
    ]
    config = CONFIG | {"expect": [{"name": str(k), **claim} for k, claim in enumerate(claims)]}
    result = run(tmp_path, config=config)
    said = [(outcome.status, outcome.message) for outcome in result.outcomes]
    assert said == [(outcome.status, outcome.message) for outcome in check_folder(tmp_path)]
    expected = ["passed", "passed", "failed", *("passed",) * 4, "failed", "passed", "failed"]
    assert [status for status, _ in said] == expected
    assert "layer 1, step first" in said[7][1]
    again = run(tmp_path, config=config)
    assert again.unchanged
    assert [(outcome.status, outcome.message) for outcome in again.outcomes] == said


def test_networks_that_diverged_flatter_no_claim(tmp_path: Path) -> None:
    claims = [
        {"name": "a", "metric": "loss", "step": "last", "at_most": 1e9},
        {"name": "b", "metric": "act_q", "step": "last", "at_most": 1e300},
        {"name": "c", "metric": "diverged", "equals": 1},
        {"name": "d", "metric": "final_loss", "at_most": 1e300},
    ]
    settings = CONFIG["training"] | {"learning_rate": 1e30, "loss": "mse", "data": NUMBERS}
    config = {key: value for key, value in CONFIG.items() if key != "sweep"} | {"training": settings, "expect": claims}
    result = run(tmp_path, config=config)
    said = [(outcome.status, outcome.message) for outcome in result.outcomes]
    assert [status for status, _ in said] == ["failed", "failed", "passed", "failed"]
    assert said == [(outcome.status, outcome.message) for outcome in check_folder(tmp_path)]
    assert said[0][1] == "mean loss is nan (step last), expected at most 1e+09"  # not blank: there is one
    assert any("every network diverged" in sentence for sentence in result.results[0].sentences)
    text = (tmp_path / "training.csv").read_text().splitlines()
    assert ",nan," in text[-1]
    alone = run(tmp_path / "alone", "seeds=[1]", config=config).outcomes
    for one in (alone, check_folder(tmp_path / "alone")):
        assert [outcome.message for outcome in one[:2]] == [message for _, message in said[:2]]
    assert text[1].count(",,") == 2  # accuracies do not exist: blank, not nan


def test_networks_that_overflow_are_a_result_like_any_other(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "network.initializer={name: normal, stddev: 1e30}",
        "sweep=null",
        "dtype=float32",
        "network.activation=relu",
    )
    assert result.cells["diverged"].tolist() == [1.0]
    assert result.cells["final_accuracy"].tolist() == [0.0]
    assert not result.failed


def test_statistics_over_seeds() -> None:
    values = [1.0, 2.0, 4.0, 9.0]
    assert statistic(values, "mean") == (4.0, pytest.approx(np.std(values, ddof=1) / 2))
    assert [statistic(values, over)[0] for over in ("median", "min", "max")] == [3.0, 1.0, 9.0]
    assert statistic(values, "sd")[0] == pytest.approx(np.std(values, ddof=1))
    assert statistic([None, None], "mean")[0] is None
    assert math.isnan(statistic([1.0, None], "max")[0] or 0)
    assert math.isnan(statistic([math.nan, math.nan], "mean")[0] or 0)  # all diverged: there is a loss, it is nan
    assert math.isnan(statistic([math.nan], "sd")[0] or 0)
    assert statistic([3.0], "sd")[0] is None


@pytest.mark.parametrize("layers", [True, False])
def test_stored_results_are_told_in_the_same_words(tmp_path: Path, layers: bool) -> None:
    result = run(tmp_path, f"output.layers={str(layers).lower()}")
    told = retold(tmp_path, result.experiment, initbench.load(tmp_path), 12)
    assert told == tuple(cell.sentences for cell in result.results)


def test_the_overview_and_the_sentences_say_how_it_ended() -> None:
    result = run(None)
    header, rows = overview(result.tables["cells.csv"], result.experiment.axes)
    names = ("loss", "accuracy", "test loss", "accuracy", "diverged", "verdict")
    assert header[-6:] == names
    cells = result.cells
    assert rows[0][-6] == f"{cells['final_loss'][0]:.4g}"
    said = " ".join(result.results[0].sentences)
    assert f"learning rate {cells['learning_rate'][0]:g}, the best of 3" in said
    assert f"label {cells['disagreement'][0]:.2%} of the test examples differently" in said
    plain = run(None, config={key: value for key, value in CONFIG.items() if key != "training"})
    assert overview(plain.tables["cells.csv"], plain.experiment.axes)[0][-2:] == ("a layer", "verdict")


def test_the_step_of_divergence_stands_in_a_table_for_a_single_rate_too(tmp_path: Path) -> None:
    run(tmp_path, "training.learning_rate=1e30")
    search = initbench.load(tmp_path).training_search
    assert search is not None
    assert len(search) == 5 * 2
    fell = search[search["diverged_at"].notna()]
    assert len(fell) >= 5
    assert (fell["diverged_at"] >= 1).all()
    calm = run(None, "training.learning_rate=0.1")
    assert "training_search.csv" not in calm.tables


def test_long_training_goes_by_fewer_seeds_at_a_time() -> None:
    def size(steps: int) -> int:
        config = {**CONFIG, "training": {**CONFIG["training"], "steps": steps, "measure_at": [0]}}
        (planned, *_) = plan(open_experiment(config))
        return block_size(planned)

    assert size(12) == 2
    assert size(10_000_000) == 1
