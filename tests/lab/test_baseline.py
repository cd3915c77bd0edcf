"""Results beside their baseline: the same numbers where numerics agree, the same law where they do not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lab_baselines import copied, edit, in_memory, kept

from initbench import api
from initbench.errors import StorageError, UsageError
from initbench.lab.baselines.baseline import drift, held_against
from initbench.lab.baselines.drift import Drift
from initbench.lab.baselines.side import Side

CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 4, "width": 16, "activation": "relu", "initializer": "he_normal", "bias": "none"},
    "input": {"batch_size": 8},
    "seeds": 6,
    "sweep": {"grid": {"network.initializer": ["he_normal", "glorot_uniform", "zeros"]}},
}
GRID = len(CONFIG["sweep"]["grid"]["network.initializer"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "x"
    api.run(CONFIG, folder, 1)
    return folder


@pytest.fixture
def here(made: Path) -> Path:
    return made


@pytest.fixture
def there(made: Path, tmp_path: Path) -> Path:
    """The baseline: a copy that can be changed."""
    return copied(made, tmp_path / "baseline")


def edited(folder: Path, name: str, at: dict[str, str], column: str, factor: float) -> str:
    """Multiply one number of a table; the number as it stands there now."""
    found = []

    def change(row: dict[str, str]) -> None:
        if all(row[key] == value for key, value in at.items()):
            row[column] = repr(float(row[column]) * factor)
            found.append(row[column])

    edit(folder / name, change)
    assert len(found) == 1
    return found[0]


def facts(folder: Path, **changes: Any) -> None:
    """Say something else in the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def other(**settings: Any) -> Side:
    """Results of a config with other settings, in memory."""
    return in_memory(CONFIG | settings)


PLACE = {"network.initializer": "he_normal", "layer": "3"}


def test_the_same_results_do_not_differ(here: Path, there: Path) -> None:
    found = drift(here, there)
    assert (found.mode, found.drifted, found.off, found.worst) == ("exact", False, 0, ())
    assert (found.cells, found.layers) == (GRID, 5)
    assert found.comparisons > 900
    for fact in ("NumPy", "BLAS", "numerics version 1", "platform"):
        assert fact in found.why


@pytest.mark.parametrize(
    ("metric", "column", "more"),
    [
        ("act_q", "mean", 5e-6),
        ("act_q", "sd", 1e-4),
        ("act_q", "theory", 5e-6),
        ("preact_mean", "sd", 1e-4),
        ("act_var_batch", "mean", 1e-5),
        ("grad_q", "mean", 1e-5),
        ("cosine", "mean", 1e-4),
    ],
)
def test_rounding_is_no_drift_and_what_is_more_is(
    here: Path, there: Path, metric: str, column: str, more: float
) -> None:
    """Tolerances are for every layer passed: four, the input among them, and five for gradients."""
    at = PLACE | {"metric": metric}
    edited(there, "summary.csv", at, column, 1 + 5e-7)
    assert not drift(here, there).drifted
    number = edited(there, "summary.csv", at, column, 1 + more)
    found = drift(here, there)
    assert (found.drifted, found.off, len(found.worst)) == (True, 1, 1)
    message = found.worst[0].message
    assert metric in message
    assert "layer 3, initializer=he_normal" in message
    assert f"{number} in the baseline" in message


@pytest.mark.parametrize("metric", ["inactive_fraction", "dead_fraction", "distinct_units"])
def test_shares_and_counts_have_absolute_tolerances(here: Path, there: Path, metric: str) -> None:
    allowed = 0.1 if metric == "distinct_units" else 1e-4

    def change(row: dict[str, str]) -> None:
        if all(row[key] == value for key, value in (PLACE | {"metric": metric}).items()):
            row["mean"] = repr(float(row["mean"]) + 0.9 * allowed)

    edit(there / "summary.csv", change)
    assert not drift(here, there).drifted
    edit(there / "summary.csv", change)
    assert drift(here, there).off == 1


@pytest.mark.parametrize("column", ["n", "nonfinite"])
def test_not_one_network_may_be_missing(here: Path, there: Path, column: str) -> None:
    def change(row: dict[str, str]) -> None:
        if all(row[key] == value for key, value in (PLACE | {"metric": "act_q"}).items()):
            row[column] = str(int(row[column]) + 1)

    edit(there / "summary.csv", change)
    assert drift(here, there).off == 1


@pytest.mark.parametrize("number", ["", "inf", "nan"])
def test_a_number_that_is_gone_is_drift(here: Path, there: Path, number: str) -> None:
    def change(row: dict[str, str]) -> None:
        if all(row[key] == value for key, value in (PLACE | {"metric": "act_q"}).items()):
            row["mean"] = number

    edit(there / "summary.csv", change)
    assert drift(here, there).off == 1


@pytest.mark.parametrize(
    ("column", "value"), [("verdict", "dead"), ("act_q_ratio", "0.9"), ("forward_rate", ""), ("engine_used", "mixed")]
)
def test_cells_are_compared_too(here: Path, there: Path, column: str, value: str) -> None:
    def change(row: dict[str, str]) -> None:
        if row["network.initializer"] == "he_normal":
            row[column] = value

    edit(there / "cells.csv", change)
    found = drift(here, there)
    assert found.off == 1
    assert found.worst[0].message.startswith(f"{column}, initializer=he_normal: ")


def test_the_worst_is_named_first_and_all_are_counted(here: Path, there: Path) -> None:
    edited(there, "summary.csv", PLACE | {"metric": "act_q"}, "mean", 1.001)
    edited(there, "summary.csv", PLACE | {"metric": "preact_q"}, "mean", 1.1)
    edited(there, "summary.csv", PLACE | {"metric": "grad_q"}, "mean", 1.01)
    found = drift(here, there)
    assert found.off == 3
    assert [offence.place.split(",")[0] for offence in found.worst] == ["preact_q", "grad_q", "act_q"]


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"numpy": "1.0"}, "NumPy 2"),
        ({"numerics": 0}, "numerics version 1 here, 0 in the baseline"),
        ({"blas": [{"internal_api": "mkl", "version": "1", "architecture": "Haswell", "threads": 1}]}, "mkl 1 Haswell"),
        ({"platform": "darwin arm64"}, "darwin arm64 in the baseline"),
        ({"numpy": None}, "the baseline does not say its NumPy"),
        ({"blas": []}, "the baseline does not say its BLAS"),
    ],
)
def test_other_numerics_are_another_sample(here: Path, there: Path, fact: dict[str, Any], said: str) -> None:
    facts(there, **fact)
    edited(there, "summary.csv", PLACE | {"metric": "act_q"}, "mean", 1.001)
    found = drift(here, there)
    assert (found.mode, found.drifted) == ("statistical", False)
    assert said in found.why
    assert "one check in 1000" in found.rule


def test_a_library_more_is_the_same_machine(here: Path, there: Path) -> None:
    blas = json.loads((there / "manifest.json").read_text())["blas"]
    facts(there, blas=[*blas, {"internal_api": "openblas", "version": "of SciPy", "architecture": "Haswell"}])
    assert drift(here, there).mode == "exact"


def test_statistical_can_be_asked_for(here: Path, there: Path) -> None:
    found = drift(here, there, statistical=True)
    assert (found.mode, found.why, found.worst) == ("statistical", "as was asked for", ())
    assert (found.cells, found.layers) == (GRID, 5)


@pytest.mark.parametrize(
    ("settings", "said"), [({"root_seed": 1}, "root_seed 0 here, 1"), ({"seeds": 5}, "6 (0 to 5)")]
)
def test_other_seeds_are_another_sample(here: Path, settings: dict[str, Any], said: str) -> None:
    found = held_against(kept(here), other(**settings))
    assert (found.mode, found.drifted, found.cells) == ("statistical", False, GRID)
    assert said in found.why
    assert found.comparisons > 100


@pytest.mark.parametrize("weights", ["he_normal", {"name": "constant", "value": 0.01}])
def test_another_batch_for_all_networks_is_beyond_judgement(weights: Any) -> None:
    """Of how far batches differ, networks that all see the same one tell nothing."""
    network = CONFIG["network"] | {"initializer": weights}
    settings = {"network": network, "sweep": None, "input": {"batch_size": 4, "resample": False}}
    here = other(**settings)
    found = held_against(here, other(**settings, root_seed=1))
    assert (found.mode, found.comparisons, found.drifted) == ("statistical", 0, False)
    assert found.left_out == ("1 cells: their networks share one batch of inputs, and it is another one",)
    more = held_against(here, other(**settings | {"seeds": 5}))
    assert (more.mode, more.drifted) == ("statistical", False)
    assert more.comparisons > 20


def test_a_larger_sigma_w_by_five_percent_is_found(made: Path) -> None:
    """Mean squares are larger by 1.05^2 at every layer: by half after four. The widths make networks spread little."""
    settings = {"network": CONFIG["network"] | {"depth": 8, "width": 200}, "seeds": 30, "sweep": None}
    louder = settings["network"] | {"initializer": {"name": "he_normal", "gain": 1.05 * 2**0.5}}
    here = other(**settings)
    assert not held_against(here, other(**settings, root_seed=1)).drifted
    found = held_against(here, other(**settings | {"network": louder}, root_seed=2))
    assert found.drifted
    assert found.worst[0].share > 1
    assert found.worst[0].unit == "standard errors"


def test_only_what_is_on_both_sides_is_compared(here: Path) -> None:
    mine = kept(here)
    grid = {"network.initializer": ["he_normal", "orthogonal"]}
    found = held_against(mine, other(sweep={"grid": grid}))
    assert (found.mode, found.cells, found.off, found.drifted) == ("exact", 1, 0, True)
    assert [name.split(" (")[0] for name in found.only_here] == [
        "cell initializer=glorot_uniform",
        "cell initializer=zeros",
    ]
    assert [name.split(" (")[0] for name in found.only_there] == ["cell initializer=orthogonal"]


def test_metrics_and_layers_of_one_side_are_named(here: Path) -> None:
    mine = kept(here)
    network = CONFIG["network"] | {"depth": 6}
    found = held_against(mine, other(network=network, metrics=["act_q", "preact_q"]))
    assert found.mode == "statistical"
    assert "cosine of cell initializer=he_normal" in found.only_here
    assert "layers 5 to 6 of cell initializer=he_normal" in found.only_there
    assert (found.layers, found.metrics) == (5, 2)


def test_a_failed_cell_is_drift(here: Path) -> None:
    mine = kept(here)
    its = mine.results
    broken = replace(its, cells=its.cells[1:], failed=(its.cells[0].label,))
    found = held_against(mine, replace(mine, results=broken))
    assert found.drifted
    assert "failed on the other side" in found.only_here[0]


def test_other_axes_share_no_cell(here: Path) -> None:
    found = held_against(kept(here), other(sweep={"grid": {"network.depth": [2, 3]}}))
    assert (found.cells, found.comparisons) == (0, 0)


def light(folder: Path) -> None:
    """Leave of a folder what a repository keeps of a large sweep."""
    for name in ("summary.csv", "layers.csv", "theory.csv"):
        (folder / name).unlink()
    shutil.rmtree(folder / "cells")


@pytest.fixture
def cells_alone(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "light"
    shutil.copytree(made, folder)
    light(folder)
    return folder


def test_a_baseline_of_cells_alone_is_enough(here: Path, cells_alone: Path) -> None:
    found = drift(here, cells_alone)
    assert (found.mode, found.drifted, found.cells, found.layers) == ("exact", False, GRID, 0)
    assert found.left_out == ("summary.csv: the baseline does not keep it",)
    text = (cells_alone / "cells.csv").read_text()
    (cells_alone / "cells.csv").write_text(text.replace("stable", "dead"))
    with pytest.raises(StorageError, match=r"light/cells\.csv"):
        drift(here, cells_alone)


def scaled(folder: Path, factor: float) -> Drift:
    """The drift of `wide` beside `light`, with the ratios of that one larger by a factor."""

    def change(row: dict[str, str]) -> None:
        if row["act_q_ratio"]:
            row["act_q_ratio"] = repr(float(row["act_q_ratio"]) * factor)

    other = folder / f"by-{factor}"
    shutil.copytree(folder / "light", other)
    edit(other / "cells.csv", change)
    files = json.loads((other / "manifest.json").read_text())["files"]
    facts(other, files={name: checksum for name, checksum in files.items() if name != "cells.csv"})
    return drift(folder / "wide", other, statistical=True)


def test_ratios_of_cells_alone_are_compared_by_the_spread_here(tmp_path: Path) -> None:
    """One network of width 200 spreads by about 0.2 of the mean square: 40 of them tell a factor 2, and no 2 %."""
    network = CONFIG["network"] | {"width": 200, "depth": 3}
    api.run(CONFIG | {"network": network, "seeds": 40}, tmp_path / "wide", 1)
    shutil.copytree(tmp_path / "wide", tmp_path / "light")
    light(tmp_path / "light")
    found = drift(tmp_path / "wide", tmp_path / "light", statistical=True)
    assert (found.drifted, found.layers) == (False, 0)
    assert found.comparisons == 4  # of zeros, nothing is left to be compared
    assert not scaled(tmp_path, 1.02).drifted
    assert scaled(tmp_path, 2.0).off == 2
    assert scaled(tmp_path, 0.0).off == 2


def test_cells_alone_do_not_tell_their_batch_but_by_the_root_seed(tmp_path: Path) -> None:
    config = CONFIG | {"input": {"batch_size": 4, "resample": False}, "sweep": None}
    for root_seed in (0, 1):
        api.run(config | {"root_seed": root_seed}, tmp_path / str(root_seed), 1)
    light(tmp_path / "1")
    found = drift(tmp_path / "0", tmp_path / "1")
    assert (found.mode, found.comparisons) == ("statistical", 0)
    assert "share one batch of inputs" in found.left_out[-1]


def test_no_baseline_is_said_with_the_way_to_make_one(here: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no such baseline; `initbench check .* --baseline .* --update` makes it"):
        drift(here, tmp_path / "absent")


@pytest.mark.parametrize("statistical", [False, True])
def test_results_are_no_baseline_of_themselves(here: Path, tmp_path: Path, statistical: bool) -> None:
    (tmp_path / "linked").symlink_to(here)
    for same in (here, here / ".." / here.name, tmp_path / "linked"):
        with pytest.raises(UsageError, match="is the results folder itself; --baseline names another one"):
            drift(here, same, statistical)
