"""What is plotted is what the tables say, and says so where it cannot be plotted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from initbench import figures
from initbench.errors import UsageError
from initbench.lab.tables import Tables, read_tables

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]
INF = float("inf")
OF_SUMMARY = ("variance", "gradients", "health", "cosine")


def lines(series: dict[str, Any], metric: str | None = None) -> list[dict[str, Any]]:
    return [line for panel in series["panels"] for line in panel["lines"] if metric is None or line["metric"] == metric]


def notes(series: dict[str, Any]) -> list[str]:
    return [f"{', '.join(note['labels'])}|{note['text']}" for panel in series["panels"] for note in panel["notes"]]


def kinds(series: dict[str, Any]) -> list[str]:
    return [entry["kind"] for entry in series["key"]]


@pytest.fixture(scope="module")
def relu(relu_folder: Path) -> Tables:
    return read_tables(relu_folder)


@pytest.fixture(scope="module")
def grid(grid_folder: Path) -> Tables:
    return read_tables(grid_folder)


def test_every_stem_is_available_in_order(relu: Tables, grid: Tables) -> None:
    assert figures.available(grid) == figures.STEMS
    assert figures.available(relu) == figures.STEMS[1:]  # a map needs two swept keys
    assert figures.STEMS == ("heatmap", "variance", "gradients", "histograms", "health", "cosine")


@pytest.mark.parametrize("stem", figures.STEMS)
def test_series_is_json_and_the_same_twice(grid: Tables, stem: str) -> None:
    text = json.dumps(figures.series(grid, stem), allow_nan=False)
    assert text == json.dumps(figures.series(grid, stem), allow_nan=False)


@pytest.mark.parametrize("folder", ["relu_folder", "grid_folder"])
@pytest.mark.parametrize("stem", OF_SUMMARY)
def test_lines_are_the_rows_of_the_summary(request: pytest.FixtureRequest, folder: str, stem: str) -> None:
    tables = read_tables(request.getfixturevalue(folder))
    index = tables.summary.set_index(["cell", "metric", "layer"]).sort_index()
    checked = 0
    for line in lines(figures.series(tables, stem)):
        if line["metric"] in ("distinct_share", "batch_share"):
            continue
        rows = index.loc[(line["cell"], line["metric"])].dropna(subset="mean")
        assert line["x"] == rows.index.tolist()
        assert line["y"] == rows["mean"].tolist()
        if line["low"] is not None:
            assert line["low"] == rows["q05"].tolist()
            assert line["high"] == rows["q95"].tolist()
        if line["median"] is not None:
            assert line["median"] == rows["median"].tolist()
        checked += 1
    assert checked


def test_the_input_is_a_layer_of_its_own(relu: Tables) -> None:
    series = figures.series(relu, "variance")
    assert lines(series, "act_q")[0]["x"] == list(range(13))
    assert lines(series, "preact_q")[0]["x"] == list(range(1, 13))


def test_bands_means_and_medians_are_there(relu: Tables) -> None:
    series = figures.series(relu, "variance")
    assert all(line["low"] and line["high"] for line in lines(series))
    assert kinds(series)[:2] == ["mean", "low"]
    assert "mean over 8 seeds" in series["key"][0]["label"]


def test_a_median_is_drawn_only_where_it_departs(write_results: Write, flat_cell: Make) -> None:
    near = flat_cell({"a": "near"}, {"act_q": lambda s, k: 1.0 + 0.001 * s})
    far = flat_cell({"a": "far"}, {"act_q": lambda s, k: 10.0**s})
    series = figures.series(read_tables(write_results([near, far])), "variance")
    assert [line["median"] is not None for line in lines(series, "act_q")] == [False, True]
    assert "median" in kinds(series)


def test_shares_of_units_need_the_widths(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"distinct_units": [None, 64, 32, 16, 8, 1]}, width=64)
    shares = figures.series(read_tables(write_results([cell])), "health")
    assert lines(shares)[0]["y"] == [1, 0.5, 0.25, 0.125, 1 / 64]


def test_counts_of_units_without_the_raw_rows(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"distinct_units": [None, 64, 32, 16, 8, 1]})
    counts = figures.series(read_tables(write_results([cell], layers=False)), "health")
    assert lines(counts)[0]["y"] == [64, 32, 16, 8, 1]
    assert counts["panels"][0]["ylabel"] == "number of units"


def test_the_share_due_to_the_input(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"act_var": [4.0, 2, 2, 2, 2, 0], "act_var_batch": [2.0, 2, 1, 0.5, 0, 0]})
    line = lines(figures.series(read_tables(write_results([cell])), "cosine"), "batch_share")[0]
    assert line["x"] == [0, 1, 2, 3, 4]  # 0/0 is blank
    assert line["y"] == [0.5, 1, 0.5, 0.25, 0]
    assert line["theory"] is None
    theory = {("act_var", layer): (4.0, None) for layer in range(6)} | {("act_var_batch", 1): (1.0, 0.5)}
    tables = read_tables(write_results([cell | {"theory": theory}]))
    line = lines(figures.series(tables, "cosine"), "batch_share")[0]
    assert line["theory"] == [None, 0.25, None, None, None]
    assert line["theory_low"] is None
    for metric in ("act_var", "act_var_batch"):  # beyond the range of either there is no ratio
        tables = read_tables(write_results([cell | {"theory": theory, "outside": {(metric, 1)}}]))
        assert lines(figures.series(tables, "cosine"), "batch_share")[0]["theory"] is None


def test_theory_is_there_when_the_columns_are_filled(write_results: Write, flat_cell: Make) -> None:
    theory = {("act_q", layer): (1.0, 0.25) for layer in range(1, 6)}
    cell = flat_cell({}, {"act_q": lambda s, k: 1.0 + 0.1 * s}, theory=theory)
    series = figures.series(read_tables(write_results([cell])), "variance")
    line = lines(series, "act_q")[0]
    assert line["theory"] == [None, 1, 1, 1, 1, 1]
    spread = math.sqrt(math.log(1 + 0.25**2))  # of the logarithm
    for side, sign in (("theory_low", -1), ("theory_high", 1)):
        assert line[side] == [None, *[pytest.approx(math.exp(sign * spread - spread**2 / 2))] * 5]
    assert {"theory", "theory_low"} <= set(kinds(series))
    assert line["theory_outside"] == []
    assert "theory_outside" not in kinds(series)


def test_the_band_of_a_share_is_symmetric(write_results: Write, flat_cell: Make) -> None:
    theory = {("dead_fraction", layer): (0.5, 0.25) for layer in range(1, 6)}
    cell = flat_cell({}, {"dead_fraction": [None, *[0.5] * 5]}, theory=theory)
    (line,) = lines(figures.series(read_tables(write_results([cell])), "health"), "dead_fraction")
    assert (line["theory_low"], line["theory_high"]) == ([0.25] * 5, [0.75] * 5)


def test_theory_out_of_its_range_is_told_apart(write_results: Write, flat_cell: Make) -> None:
    theory = {(metric, layer): (1.0, 0.25) for layer in range(6) for metric in ("act_q", "act_var")}
    cell = flat_cell({}, {"act_q": 1.0, "act_var": 1.0}, theory=theory, outside={("act_q", 4), ("act_q", 5)})
    tables = read_tables(write_results([cell]))
    series = figures.series(tables, "variance")
    assert lines(series, "act_q")[0]["theory_outside"] == [4, 5]
    assert lines(series, "act_var")[0]["theory_outside"] == []
    assert kinds(series)[-3:] == ["theory", "theory_low", "theory_outside"]
    alone = figures.series(replace(tables, theory=None), "variance")  # an older folder
    assert lines(alone, "act_q")[0]["theory_outside"] == []


def test_theory_without_a_spread_is_a_line_alone(write_results: Write, flat_cell: Make) -> None:
    theory = {("act_q", layer): (1.0, None if layer % 2 else 0.0) for layer in range(6)}
    cell = flat_cell({}, {"act_q": 1.0}, theory=theory, outside={("act_q", 5)})
    series = figures.series(read_tables(write_results([cell])), "variance")
    (line,) = lines(series, "act_q")
    assert line["theory"] == [1.0] * 6
    assert (line["theory_low"], line["theory_high"], line["theory_outside"]) == (None, None, [5])
    assert "theory" in kinds(series)


def test_theory_does_not_stretch_the_axis_where_nothing_is_measured(write_results: Write, flat_cell: Make) -> None:
    theory = {("act_q", layer): (1e10**layer, None) for layer in range(6)}
    theory |= {("act_var", layer): (1e-10**layer, None) for layer in range(6)}
    values = {"act_q": [1.0, 1e10, 1e20, INF, INF, INF], "act_var": [1.0, 1e-10, 1e-20, 0.0, 0.0, 0.0]}
    (panel,) = figures.series(read_tables(write_results([flat_cell({}, values, theory=theory)])), "variance")["panels"]
    assert 1e-24 < panel["ylim"][0] < 1e-20 < 1e20 < panel["ylim"][1] < 1e24
    assert panel["lines"][0]["theory"][-1] == pytest.approx(1e-50)
    lost = flat_cell({}, {"act_q": INF, "act_var": 1.0}, theory=theory)
    (panel,) = figures.series(read_tables(write_results([lost])), "variance")["panels"]
    assert panel["ylim"][1] < 1e4


def test_many_lines_have_less_of_theory(write_results: Write, flat_cell: Make) -> None:
    """Nine and more keep the dashes, without bands; of muted ones only the mean is drawn."""

    def drawn(count: int, name: str) -> list[tuple[bool, bool, bool]]:
        theory = {("act_q", layer): (1.0, 0.25) for layer in range(6)}
        cells = [flat_cell({"a": name.format(k)}, {"act_q": 1.0 + k}, theory=theory) for k in range(count)]
        found = lines(figures.series(read_tables(write_results(cells)), "variance"))
        return [(one["style"] is None, one["theory"] is None, one["theory_low"] is None) for one in found]

    assert drawn(8, "{}") == [(False, False, False)] * 8
    assert drawn(9, "{}") == [(False, False, True)] * 9
    muted = drawn(12, "law {}")
    assert set(muted) == {(False, False, True), (True, True, True)}


def test_blank_theory_is_no_line(relu: Tables) -> None:
    assert all(line["theory"] is None for line in lines(figures.series(relu, "variance")))


def test_one_seed_has_no_band(write_results: Write, flat_cell: Make) -> None:
    series = figures.series(read_tables(write_results([flat_cell({}, {"act_q": 1.0}, seeds=1)])), "variance")
    assert lines(series)[0]["low"] is None
    assert series["key"] == [{"kind": "mean", "label": "one seed"}]


def test_overflow_is_said(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"act_q": [1.0, 10.0, 1e9, float("inf"), float("nan"), float("inf")]})
    series = figures.series(read_tables(write_results([cell])), "variance")
    assert notes(series) == ["|overflows from layer 3 on"]
    assert lines(series)[0]["y"] == [1, 10, 1e9, None, None, None]
    assert lines(series)[0]["nonfinite"] == [3, 4, 5]
    assert "nonfinite" in kinds(series)


def test_overflow_of_some_seeds_is_counted(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"act_q": lambda s, k: float("inf") if s == 1 and k == 5 else 1.0})
    series = figures.series(read_tables(write_results([cell])), "variance")
    assert notes(series) == ["|overflows at layer 5 (1 of 3 seeds)"]
    assert lines(series)[0]["y"] == [1.0] * 6


def test_zero_is_said_on_any_axis(write_results: Write, flat_cell: Make) -> None:
    zero = flat_cell({"a": "zeros"}, {"act_q": [1.0, 0, 0, 0, 0, 0], "grad_q": [None, 0, 0, 0, 0, 1.0]})
    tiny = flat_cell({"a": "tiny"}, {"act_q": [1.0, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10], "grad_q": [None, *[1.0] * 5]})
    tables = read_tables(write_results([zero, tiny]))
    forward, backward = figures.series(tables, "variance"), figures.series(tables, "gradients")
    assert notes(forward) == ["zeros|exactly 0 from layer 1 on"]
    assert forward["panels"][0]["yscale"] == "log"
    assert lines(forward)[0]["y"] == [1, 0, 0, 0, 0, 0]
    assert "zero" in kinds(forward)
    assert notes(backward) == ["zeros|exactly 0 from layer 4 down"]
    assert backward["panels"][0]["yscale"] == "linear"


def test_a_share_of_zero_is_no_news(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"dead_fraction": [None, *[0.0] * 5], "cosine": 0.0})
    tables = read_tables(write_results([cell]))
    assert notes(figures.series(tables, "health")) == notes(figures.series(tables, "cosine")) == []


@pytest.mark.parametrize(("last", "scale"), [(1 / 29, "linear"), (1 / 40, "log"), (40.0, "log"), (2.0, "linear")])
def test_log_where_decades_matter(write_results: Write, flat_cell: Make, last: float, scale: str) -> None:
    series = figures.series(read_tables(write_results([flat_cell({}, {"act_q": [1.0] * 5 + [last]})])), "variance")
    assert series["panels"][0]["yscale"] == scale


def test_what_runs_away_leaves_the_axis_with_a_note(write_results: Write, flat_cell: Make) -> None:
    calm = [flat_cell({"a": name}, {"act_q": [1.0, 0.5, 0.4, 0.3, 0.2, 0.1]}) for name in ("x", "y", "z")]
    wild = flat_cell({"a": "wild"}, {"act_q": [1.0, 1e-20, 1e-40, 1e-60, 1e-80, 0.0]})
    series = figures.series(read_tables(write_results([*calm, wild])), "variance")
    assert series["panels"][0]["ylim"][0] > 1e-8
    assert "wild|off the axis from layer 1 on, down to 1e-80" in notes(series)
    assert lines(series)[-1]["y"] == pytest.approx([1.0, 1e-20, 1e-40, 1e-60, 1e-80, 0], rel=1e-12, abs=0)


def test_one_setting_is_always_shown_whole(write_results: Write, flat_cell: Make) -> None:
    cell = flat_cell({}, {"act_q": [1.0, 1e-20, 1e-40, 1e-60, 1e-80, 1e-100], "act_var": 1.0})
    series = figures.series(read_tables(write_results([cell])), "variance")
    assert series["panels"][0]["ylim"][0] < 1e-100
    assert notes(series) == []


def test_names_stay_names(grid: Tables) -> None:
    labels = {line["label"] for line in lines(figures.series(grid, "variance"))}
    assert {"none, relu", "NA, tanh", "normal(stddev=1.0), relu"} <= labels


def test_forward_only_has_no_gradients(write_results: Write, flat_cell: Make) -> None:
    tables = read_tables(write_results([flat_cell({}, {"act_q": 1.0})]))
    assert figures.available(tables) == ("variance",)
    with pytest.raises(UsageError, match=r"nothing to draw for 'gradients'; they have variance"):
        figures.series(tables, "gradients")


def test_blank_tables_have_nothing(write_results: Write, flat_cell: Make) -> None:
    tables = read_tables(write_results([flat_cell({}, {"act_q": None})]))
    assert figures.available(tables) == ()
    assert figures.draw_all(tables, ("png",)) == {}


def test_an_unknown_stem_or_format_is_met_with_the_nearest(relu: Tables) -> None:
    with pytest.raises(UsageError, match="unknown figure 'varience'; did you mean 'variance'"):
        figures.series(relu, "varience")
    with pytest.raises(UsageError, match="unknown format 'pngg'; did you mean 'png'"):
        figures.render(relu, "variance", "pngg")


@pytest.mark.parametrize("stem", OF_SUMMARY)
def test_a_changed_number_changes_the_series(grid: Tables, stem: str) -> None:
    before = figures.series(grid, stem)
    metric = next(line["metric"] for line in lines(before) if not line["metric"].endswith("share"))
    summary = grid.summary.copy()
    row = summary.index[(summary["metric"] == metric) & (summary["layer"] == 3)][0]
    summary.loc[row, "mean"] *= 1 + 1e-12
    after = figures.series(replace(grid, summary=summary), stem)
    assert before != after


def coincidences(tables: Tables, stem: str = "variance") -> list[str]:
    return [note for note in figures.series(tables, stem)["footnotes"] if "coincide" in note]


def test_lines_that_hide_one_another_are_said(write_results: Write, flat_cell: Make) -> None:
    values = [1.0, 0.5, 0.25, 0.1, 0.05, 0.01]
    near = [1.002 * value for value in values]
    tables = read_tables(write_results([flat_cell({}, {"act_q": values, "act_var": near})]))
    assert coincidences(tables) == ["variance and mean square coincide (activations h)."]
    (panel,) = figures.series(tables, "variance")["panels"]
    assert [line["y"] for line in panel["lines"]] == [
        pytest.approx(near),
        pytest.approx(values),
    ]  # both are drawn, and stored as they are
    apart = [1.0, 0.5, 0.25, 0.1, 0.05, 0.02]
    assert coincidences(read_tables(write_results([flat_cell({}, {"act_q": values, "act_var": apart})]))) == []


def test_settings_that_hide_one_another_are_said(write_results: Write, flat_cell: Make) -> None:
    cells = [flat_cell({"a": name}, {"act_q": value}) for name, value in (("x", 1.0), ("y", 2.0), ("z", 1.0))]
    assert coincidences(read_tables(write_results(cells))) == ["x and z coincide (mean square of activations)."]


def test_lines_without_a_number_to_draw_do_not_coincide(write_results: Write, flat_cell: Make) -> None:
    """Zeros on a logarithmic axis have marks, a row for each setting."""
    for first in (0.0, 1.0):
        cells = [flat_cell({"a": name}, {"act_q": [first, *[0.0] * 5]}) for name in ("x", "y")]
        cells.append(flat_cell({"a": "z"}, {"act_q": [1.0, 1e-2, 1e-4, 1e-6, 1e-8, 1e-9]}))
        assert coincidences(read_tables(write_results(cells))) == []


def test_coincidences_are_few_words(write_results: Write, flat_cell: Make) -> None:
    cells = [
        flat_cell({"a": f"i{i}", "b": f"j{j}"}, {"act_q": float(1 + (j * (i + 1)) // 4), "act_var": 1.0 + j})
        for i in range(6)
        for j in range(5)
    ]
    assert 0 < len(coincidences(read_tables(write_results(cells)))) <= 4
