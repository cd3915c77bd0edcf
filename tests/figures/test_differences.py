"""Two sets of a picture's data: every number that is another is found, and named by the line that it stands in."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from initbench import figures
from initbench.figures.differences import NOTHING, RELATIVE, differences
from initbench.figures.render import to_json
from initbench.lab.tables import read_tables

Data = dict[str, Any]


@pytest.fixture(scope="module")
def data(grid_folder: Path) -> dict[str, Data]:
    tables = read_tables(grid_folder)
    return {stem: json.loads(to_json(figures.series(tables, stem))) for stem in figures.available(tables)}


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every number but zero."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(item, (*path, key))
    elif isinstance(value, float | int) and value and not isinstance(value, bool):
        yield path


def changed(data: Data, path: tuple[Any, ...], to: Any) -> Data:
    """The data with one place changed; to: a value, or a function of the one that is there."""
    other = copy.deepcopy(data)
    place: Any = other
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to(place[path[-1]]) if callable(to) else to
    return other


def test_the_same_data_differ_nowhere(data: dict[str, Data]) -> None:
    assert set(data) == {"heatmap", "variance", "gradients", "histograms", "health", "cosine"}
    for one in data.values():
        assert differences(copy.deepcopy(one), one) == ()


def test_every_number_counts_and_the_last_digits_do_not(data: dict[str, Data]) -> None:
    random.seed(5)
    for stem, one in data.items():
        places = list(numbers(one))
        for path in random.sample(places, min(40, len(places))):
            found = differences(changed(one, path, lambda x: x * (1 + 10 * RELATIVE)), one)
            assert len(found) == 1, (stem, path)
            if "lines" in path:
                panel = one["panels"][path[1]]
                assert found[0].panel == f"{panel['title']} ({panel['ylabel']})"
                assert found[0].line == panel["lines"][path[3]]["label"]
            if isinstance(value := figures_at(one, path), float):
                assert differences(changed(one, path, value * (1 + RELATIVE / 10)), one) == ()


def figures_at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def test_the_place_is_named_with_both_numbers(data: dict[str, Data]) -> None:
    one = data["variance"]
    path = ("panels", 0, "lines", 1, "y", 3)
    drawn = changed(one, path, lambda y: 1.5 * y)
    drawn = changed(drawn, (*path[:-1], 5), 2.0)
    (found,) = differences(drawn, one)
    line = one["panels"][0]["lines"][1]
    assert (found.drawn, found.tables, found.more) == (1.5 * line["y"][3], line["y"][3], 1)
    assert found.at == f"at layer {line['x'][3]}"
    told = f"{1.5 * line['y'][3]:.4g} drawn, {line['y'][3]:.4g} in the tables; 1 more in this series"
    assert str(found) == f"{found.panel}: {line['label']}, at layer {line['x'][3]}: {told}"


def test_what_of_the_line_is_named(data: dict[str, Data]) -> None:
    for key, what in (("low", "lower end of its band"), ("nonfinite", "nonfinite"), ("style", "style")):
        (found,) = differences(changed(data["variance"], ("panels", 0, "lines", 0, key), [7]), data["variance"])
        assert found.what == what
    ridge = ("panels", 0, "lines", 0, "y", 1)
    (found,) = differences(changed(data["histograms"], ridge, 9.0), data["histograms"])
    assert found.at == f"at {data['histograms']['panels'][0]['lines'][0]['x'][1]}"


def test_a_number_says_more_than_the_id_of_a_cell(data: dict[str, Data]) -> None:
    one = data["variance"]
    other = changed(one, ("panels", 0, "lines", 0, "cell"), "0123456789abcdef")
    assert [each.what for each in differences(other, one)] == ["cell"]
    (found,) = differences(changed(other, ("panels", 0, "lines", 0, "y", 2), 9.0), one)
    assert (found.what, found.at, found.more) == ("", "at layer 3", 1)


def test_what_only_the_picture_has_is_a_difference(data: dict[str, Data]) -> None:
    for path in (("more",), ("panels", 0, "lines", 0, "more")):
        (found,) = differences(changed(data["variance"], path, [1, 2]), data["variance"])
        assert (found.what, found.tables) == ("more", NOTHING)
        assert str(found).endswith("more: drawn, and not in the tables")


def test_numbers_that_are_close_are_told_apart(data: dict[str, Data]) -> None:
    path = ("panels", 0, "lines", 0, "y", 0)
    drawn = changed(changed(data["cosine"], path, 0.5), path, lambda y: y * (1 + 1e-8))
    (found,) = differences(drawn, changed(data["cosine"], path, 0.5))
    assert "0.500000005 drawn, 0.5 in the tables" in str(found)


@pytest.mark.parametrize(("drawn", "now"), [(None, 1.0), (1.0, None), ("inf", 1.0), (0.0, 1e-300), (1.0, -1.0)])
def test_what_is_no_number_is_a_difference_too(data: dict[str, Data], drawn: Any, now: Any) -> None:
    path = ("panels", 0, "lines", 0, "y", 2)
    (found,) = differences(changed(data["variance"], path, drawn), changed(data["variance"], path, now))
    assert (found.drawn, found.tables) == (drawn, now)
    assert differences(changed(data["variance"], path, now), changed(data["variance"], path, now)) == ()


def test_lines_and_panels_are_matched_by_name(data: dict[str, Data]) -> None:
    one = data["variance"]
    first = one["panels"][0]["lines"][0]["label"]
    for drawn, tables, side in ((without(one), one, "drawn"), (one, without(one), "tables")):
        (found,) = differences(drawn, tables)
        assert found.line == first
        assert getattr(found, side) is NOTHING
    fewer = copy.deepcopy(one)
    gone = fewer["panels"].pop(1)
    (found,) = differences(fewer, one)
    assert found.panel == f"{gone['title']} ({gone['ylabel']})"
    assert str(found).endswith("in the tables, and not drawn")


def without(data: Data) -> Data:
    """The data without the first line of the first panel."""
    other = copy.deepcopy(data)
    del other["panels"][0]["lines"][0]
    return other


def test_lines_of_one_name_are_kept_apart(data: dict[str, Data]) -> None:
    one = copy.deepcopy(data["variance"])
    for line in one["panels"][0]["lines"]:
        line["label"] = "same"
    assert differences(one, one) == ()
    assert len(differences(changed(one, ("panels", 0, "lines", 2, "y", 1), 9.0), one)) == 1


def test_the_crowd_behind_the_lines_is_a_series(data: dict[str, Data]) -> None:
    one = copy.deepcopy(data["variance"])
    one["panels"][0]["crowd"] = {
        "count": 9,
        "x": [1, 2],
        "n": [9, 9],
        **{key: [0.5, 1] for key in ("low", "q25", "high")},
    }
    (found,) = differences(changed(one, ("panels", 0, "crowd", "q25", 1), 2), one, theory=False)
    assert str(found).endswith("(variance of z): all settings, q25, at layer 2: 2 drawn, 1 in the tables")
    (found,) = differences(data["variance"], one)
    assert str(found).endswith("all settings: in the tables, and not drawn")
    assert differences(one, one) == ()


def test_another_depth_is_told_as_such(data: dict[str, Data]) -> None:
    one = copy.deepcopy(data["variance"])
    line = one["panels"][0]["lines"][0]
    line["x"].pop()
    line["y"].pop()
    (found,) = differences(one, data["variance"])
    assert str(found).endswith("x: 11 numbers drawn, 12 numbers in the tables; 1 more in this series")


def test_a_map_is_named_by_its_settings(data: dict[str, Data]) -> None:
    one = data["heatmap"]
    panel = one["panels"][-1]
    (found,) = differences(changed(one, ("panels", len(one["panels"]) - 1, "words", 1, 0), "dead"), one)
    assert found.panel == "Verdict"
    assert found.at == f"at {panel['xlabel']} {panel['x'][0]}, {panel['ylabel']} {panel['y'][1]}"
    assert "'dead' drawn, 'stable' in the tables" in str(found)


def test_what_is_around_the_lines_counts_where_the_lines_are_the_same(data: dict[str, Data]) -> None:
    one = data["variance"]
    for path in (("question",), ("footnotes",), ("panels", 1, "ylim", 0), ("panels", 0, "notes"), ("legend", "title")):
        (found,) = differences(changed(one, path, "another"), one)
        assert found.what == str(path[2] if path[0] == "panels" else path[0])
        both = changed(changed(one, path, "another"), ("panels", 0, "lines", 0, "y", 0), 9.0)
        assert [each.at for each in differences(both, one)] == ["at layer 1"]


def test_without_theory_the_measured_is_compared(data: dict[str, Data]) -> None:
    one = data["variance"]
    for path in (("panels", 0, "lines", 0, "theory"), ("panels", 0, "lines", 0, "theory_outside"), ("footnotes",)):
        assert differences(changed(one, path, [1.0]), one)
        assert differences(changed(one, path, [1.0]), one, theory=False) == ()
    for path in (("panels", 0, "lines", 0, "y", 0), ("panels", 0, "lines", 0, "low", 0)):
        assert differences(changed(one, path, 9.0), one, theory=False)
    drawn = changed(data["heatmap"], ("panels", 0, "words", 0, 0), "dead")
    assert differences(drawn, data["heatmap"], theory=False)


@pytest.mark.parametrize("broken", [None, 3, [], {}, {"panels": 3}, {"panels": [3]}])
def test_what_is_no_data_of_a_picture_is_refused(data: dict[str, Data], broken: Any) -> None:
    with pytest.raises(ValueError, match="has no panels"):
        differences(broken, data["variance"])
    lineless = copy.deepcopy(data["variance"])
    del lineless["panels"][0]["lines"]
    with pytest.raises(ValueError, match="has no lines"):
        differences(lineless, data["variance"])
