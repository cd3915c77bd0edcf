"""Few settings or many: how they share the panels of a figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from initbench import figures
from initbench.lab.tables import read_tables

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]


def lines(series: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for panel in series["panels"] for line in panel["lines"]]


def ramp(flat_cell: Make, count: int) -> list[dict[str, Any]]:
    return [flat_cell({"a.gain": str(k / 10)}, {"act_q": 1.0 + k}, seeds=2) for k in range(count)]


def test_up_to_eight_settings_have_a_colour_each(write_results: Write, flat_cell: Make) -> None:
    series = figures.series(read_tables(write_results(ramp(flat_cell, 8))), "variance")
    assert [entry["style"] for entry in series["legend"]["entries"]] == list(range(8))
    assert series["legend"]["title"] == "gain"


def test_many_along_a_number_are_shaded(write_results: Write, flat_cell: Make) -> None:
    series = figures.series(read_tables(write_results(ramp(flat_cell, 21))), "variance")
    styles = [line["style"] for line in lines(series)]
    assert styles == sorted(styles)
    assert (styles[0], styles[-1]) == (0.0, 1.0)
    assert [entry["label"] for entry in series["legend"]["entries"]][::6] == ["0.0", "2.0"]


def test_many_are_split_by_an_axis(write_results: Write, flat_cell: Make) -> None:
    cells = [
        flat_cell({"a.one": f"p{i}", "a.two": f"q{j}"}, {"act_q": 1.0, "act_var": 1.0})
        for i in range(5)
        for j in range(4)
    ]
    series = figures.series(read_tables(write_results(cells)), "variance")
    assert [panel["title"] for panel in series["panels"]][::2] == [f"one = p{i}" for i in range(5)]
    assert series["columns"] == 2
    assert series["legend"]["title"] == "two"
    assert {line["style"] for line in lines(series)} == {0, 1, 2, 3}


def test_too_many_are_greyed_but_for_some(write_results: Write, flat_cell: Make) -> None:
    cells = [flat_cell({"a": f"n{k}"}, {"act_q": 1.0 + (k * 37) % 101}, depth=2, seeds=1) for k in range(101)]
    series = figures.series(read_tables(write_results(cells)), "variance")
    named = [entry["label"] for entry in series["legend"]["entries"]]
    top = next(f"n{k}" for k in range(101) if (k * 37) % 101 == 100)
    assert (named[0], named[-2], named[-1]) == (top, "n0", "96 others")
    assert sum(line["style"] is None for line in lines(series)) == 96


def test_a_failed_cell_is_counted_out(write_results: Write, flat_cell: Make) -> None:
    cells = [flat_cell({"a": "x"}, {"act_q": 1.0}), flat_cell({"a": "y"}, {}, status="failed")]
    series = figures.series(read_tables(write_results(cells)), "variance")
    assert "1 of 2 settings have nothing to show here." in series["footnotes"]
