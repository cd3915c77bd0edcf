"""More settings than a panel has lines for: what is drawn of them, and what is said of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from initbench import figures
from initbench.figures import grouping
from initbench.lab.tables import Tables, read_tables

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]
MANY = 300


def along(flat_cell: Make, values: Callable[[int], Any], count: int = MANY, **more: Any) -> list[dict[str, Any]]:
    """Cells along one number; values: what act_q is in each."""
    return [
        flat_cell({"a.gain": f"{k / 10:g}"}, {"act_q": values(k)}, **({"depth": 2, "seeds": 1} | more))
        for k in range(count)
    ]


def named(flat_cell: Make, values: Callable[[int], Any], count: int = MANY) -> list[dict[str, Any]]:
    return [flat_cell({"a": f"n{k}"}, {"act_q": values(k)}, depth=2, seeds=1) for k in range(count)]


def drawn(tables: Tables) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figure's data, and those of its only panel."""
    series = figures.series(tables, "variance")
    (panel,) = series["panels"]
    return series, panel


def quantile(values: list[float], level: float) -> float:
    return sorted(values)[round(level * (len(values) - 1))]


def test_bands_are_quantiles_over_all_settings(write_results: Write, flat_cell: Make) -> None:
    def value(k: int) -> list[float]:
        return [1.0, 1.0 + (k * 7) % MANY, float(k * k + 1)]

    series, panel = drawn(read_tables(write_results(along(flat_cell, value))))
    crowd = panel["crowd"]
    assert (crowd["count"], crowd["x"], crowd["n"]) == (MANY, [0, 1, 2], [MANY] * 3)
    for name, level in (("low", 0), ("q05", 0.05), ("q25", 0.25), ("q75", 0.75), ("q95", 0.95), ("high", 1)):
        assert crowd[name] == [quantile([value(k)[layer] for k in range(MANY)], level) for layer in range(3)]
    assert [entry["kind"] for entry in series["key"]][-3:] == ["crowd", "crowd_most", "crowd_half"]
    assert json.loads(json.dumps(series, allow_nan=False)) == series


def test_along_a_number_some_lines_are_left(write_results: Write, flat_cell: Make) -> None:
    theory = {("act_q", layer): (1.0, None) for layer in range(3)}
    cells = along(flat_cell, lambda k: 1.0 + k, theory=theory)
    series, panel = drawn(read_tables(write_results(cells)))
    lines = panel["lines"]
    places = [line["style"] for line in lines]
    assert len(lines) == 41
    assert (places[0], places[-1]) == (0, 1)
    assert np.diff(places) == pytest.approx(1 / 40, abs=1 / MANY)
    legend = {entry["label"] for entry in series["legend"]["entries"]}
    assert len(legend) == 7
    assert {line["label"] for line in lines if line["theory"]} == legend
    assert series["footnotes"] == [
        f"41 of {MANY} settings have lines, evenly chosen; the grey bands hold all of them.",
        "Theory is drawn for the settings that the legend names.",
    ]


def test_names_that_are_too_many_are_bands_but_for_five(write_results: Write, flat_cell: Make) -> None:
    series, panel = drawn(read_tables(write_results(named(flat_cell, lambda k: 1.0 + (k * 7) % MANY))))
    assert [line["style"] for line in panel["lines"]] == list(range(5))
    assert max(line["y"][-1] for line in panel["lines"]) == MANY
    assert [entry["style"] for entry in series["legend"]["entries"]] == list(range(5))
    assert series["footnotes"][0] == (
        f"{MANY} settings; the highest, the lowest and some between are named, by where they end; "
        "the grey bands hold all of them."
    )


@pytest.mark.parametrize("make", [along, named])
def test_as_many_as_may_be_have_a_line_each(write_results: Write, flat_cell: Make, make: Callable[..., Any]) -> None:
    _, panel = drawn(read_tables(write_results(make(flat_cell, lambda k: 1.0 + k, grouping.MOST))))
    assert len(panel["lines"]) == grouping.MOST
    assert "crowd" not in panel


def test_every_facet_has_its_own_crowd(write_results: Write, flat_cell: Make) -> None:
    cells = [
        flat_cell({"a.law": law, "a.gain": str(k)}, {"act_q": 1.0 + k + 1000 * (law == "high")}, depth=1, seeds=1)
        for law in ("low", "high")
        for k in range(MANY)
    ]
    panels = figures.series(read_tables(write_results(cells)), "variance")["panels"]
    assert [panel["title"] for panel in panels] == ["law = low", "law = high"]
    assert [panel["crowd"]["low"][-1] for panel in panels] == [1, 1001]
    assert [panel["crowd"]["high"][-1] for panel in panels] == [MANY, MANY + 1000]
    assert panels[0]["ylim"] == panels[1]["ylim"]
    assert panels[0]["ylim"][1] > MANY + 1000


def test_what_bands_cannot_show_is_counted(write_results: Write, flat_cell: Make) -> None:
    """Settings that overflow are in no quantile; the notes speak of all, those between the lines, too."""

    def value(k: int) -> list[float]:
        return [1.0, 0.0 if k in (2, 3) else 2.0 + 100.0 * k, float("inf") if k in (4, 5, 6) else 2.0]

    _, panel = drawn(read_tables(write_results(along(flat_cell, value))))
    assert not any(line["nonfinite"] for line in panel["lines"])
    assert panel["crowd"]["n"] == [MANY, MANY, MANY - 3]
    assert panel["notes"] == [
        {"kind": "nonfinite", "text": f"3 of {MANY} settings overflow, from layer 2 on at the earliest", "labels": []},
        {"kind": "zero", "text": f"2 of {MANY} settings are exactly 0, from layer 1 on at the earliest", "labels": []},
    ]


def test_the_axis_holds_the_middle_of_the_crowd(write_results: Write, flat_cell: Make) -> None:
    """One setting of many that falls by a hundred decades leaves the axis; a tenth of all do not."""
    lonely = named(flat_cell, lambda k: [1.0, 1e-60, 1e-100] if k == 7 else [1.0, 1.0, 1.0 + k])
    _, panel = drawn(read_tables(write_results(lonely)))
    assert panel["ylim"][0] > 1e-10
    assert [note["kind"] for note in panel["notes"]] == ["below"]
    tenth = named(flat_cell, lambda k: [1.0, 1e-60, 1e-100] if k % 10 == 7 else [1.0, 1.0, 1.0 + k])
    _, panel = drawn(read_tables(write_results(tenth)))
    assert panel["ylim"][0] < 1e-100


def test_the_data_do_not_grow_with_the_settings(write_results: Write, flat_cell: Make) -> None:
    sizes = [
        len(json.dumps(drawn(read_tables(write_results(along(flat_cell, lambda k: 1.0 + k, count))))[0]))
        for count in (MANY, 3 * MANY)
    ]
    assert sizes[1] < 1.1 * sizes[0]


def test_pictures_need_no_more_than_they_are_given(write_results: Write, flat_cell: Make) -> None:
    folder = write_results(along(flat_cell, lambda k: [1.0, 2.0 + k, 3.0]), layers=False)
    assert figures.draw_all(read_tables(folder), ()) == figures.draw_all(read_tables(folder, pictured=True), ())
