"""Files of pictures against tables: each thing that can be wrong with them is found, and named by its file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import initbench
from initbench import figures
from initbench.figures.stale import CURRENT, FILES, STALE, UNKNOWN, Picture, outdated, review
from initbench.lab.tables import Tables, read_tables

Files = dict[str, bytes]
FORMATS = ("png", "svg")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A plane of settings, with theory: all pictures but histograms."""
    out = tmp_path_factory.mktemp("plane")
    grid = {"network.initializer.gain": [0.5, 1, 2], "network.depth": [4, 6]}
    network = {"depth": 4, "width": 16, "activation": "tanh", "initializer": "lecun_normal"}
    initbench.run({"network": network, "seeds": 3, "input": {"batch_size": 4}, "sweep": {"grid": grid}}, out, 1)
    return read_tables(out)


@pytest.fixture(scope="module")
def drawn(tables: Tables) -> Files:
    return figures.draw_all(tables)


def states(found: tuple[Picture, ...]) -> dict[str, str]:
    return {picture.stem: picture.status for picture in found}


def lines(found: tuple[Picture, ...]) -> list[str]:
    return [str(one) for picture in found for one in picture.stale]


def edited(files: Files, stem: str) -> Files:
    """With another number in a picture's data."""
    data = json.loads(files[f"{stem}.json"])
    data["panels"][0]["lines"][0]["y"][1] *= 2
    return files | {f"{stem}.json": json.dumps(data).encode()}


def test_pictures_just_drawn_are_current(tables: Tables, drawn: Files) -> None:
    found = review(tables, drawn, FORMATS)
    assert states(found) == dict.fromkeys(("heatmap", "variance", "gradients", "health", "cosine"), CURRENT)
    assert lines(found) == []
    assert set(drawn) <= set(FILES)


def test_the_layout_of_the_data_does_not_matter(tables: Tables, drawn: Files) -> None:
    loose = {
        name: json.dumps(json.loads(data), indent=4).replace("\n", "\r\n").encode() if name.endswith("json") else data
        for name, data in drawn.items()
    }
    assert lines(review(tables, loose, FORMATS)) == []


def test_every_missing_file_is_named(tables: Tables, drawn: Files) -> None:
    for name in drawn:
        found = review(tables, {key: data for key, data in drawn.items() if key != name}, FORMATS)
        assert lines(found) == [f"{name}: is missing"]


def test_formats_that_were_not_asked_for_may_be_missing(tables: Tables, drawn: Files) -> None:
    files = {name: data for name, data in drawn.items() if not name.endswith("svg")}
    assert lines(review(tables, files, ("png",))) == []
    assert len(lines(review(tables, files, FORMATS))) == 5
    # One that lies there nevertheless must show the same.
    old = files | {"variance.svg": drawn["gradients.svg"]}
    assert lines(review(tables, old, ("png",))) == ["variance.svg: shows other data than variance.json"]


def test_a_stem_without_any_file_is_missing(tables: Tables, drawn: Files) -> None:
    files = {name: data for name, data in drawn.items() if not name.startswith("cosine")}
    found = lines(review(tables, files, FORMATS))
    assert found == [f"cosine.{end}: is missing" for end in ("png", "svg", "json")]


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_swapped_picture_is_found(tables: Tables, drawn: Files, fmt: str) -> None:
    name = f"variance.{fmt}"
    found = review(tables, drawn | {name: drawn[f"cosine.{fmt}"]}, FORMATS)
    assert lines(found) == [f"{name}: shows other data than variance.json"]
    assert states(found)["variance"] == STALE


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_picture_of_other_tables_is_found(tables: Tables, drawn: Files, fmt: str) -> None:
    """The same settings with other numbers: only the digest tells."""
    summary = tables.summary.assign(mean=tables.summary["mean"] * 1.5)
    other = figures.render(replace(tables, summary=summary), "cosine", fmt)
    assert lines(review(tables, drawn | {f"cosine.{fmt}": other}, FORMATS)) == [
        f"cosine.{fmt}: shows other data than cosine.json"
    ]


def test_a_picture_that_is_cut_or_anothers(tables: Tables, drawn: Files) -> None:
    for name in ("health.png", "health.svg"):
        (line,) = lines(review(tables, drawn | {name: drawn[name][:-9]}, FORMATS))
        assert line.startswith(f"{name}: is not a whole picture (")
    foreign = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    (line,) = lines(review(tables, drawn | {"health.svg": foreign}, FORMATS))
    assert line.startswith("health.svg: does not say which data it shows")


def test_edited_data_are_named_with_their_series_and_their_pictures(tables: Tables, drawn: Files) -> None:
    found = review(tables, edited(drawn, "variance"), FORMATS)
    data, png, svg = lines(found)
    assert "variance.json: variance of preactivations (variance of z): 0.5, 4, at layer 2: " in data
    assert (png, svg) == tuple(f"variance.{fmt}: shows other data than variance.json" for fmt in FORMATS)
    assert found[1].stale[0].difference is not None


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"panels": [NaN]}'])
def test_broken_data_are_stale(tables: Tables, drawn: Files, broken: bytes) -> None:
    (line,) = lines(review(tables, drawn | {"variance.json": broken}, FORMATS))
    assert line.startswith("variance.json: is not the data of a picture (")


def test_pictures_of_what_the_tables_do_not_have(tables: Tables, drawn: Files) -> None:
    files = drawn | {"histograms.png": drawn["cosine.png"], "histograms.json": drawn["cosine.json"]}
    found = review(tables, files, FORMATS)
    assert lines(found) == [f"histograms.{end}: the tables have nothing that it could show" for end in ("png", "json")]


def test_changed_tables_make_stale_what_shows_them(tables: Tables, drawn: Files) -> None:
    summary = tables.summary.copy()
    row = summary.index[(summary["metric"] == "grad_q") & (summary["layer"] == 3)][0]
    summary.loc[row, "mean"] *= 1 + 1e-6
    found = review(replace(tables, summary=summary), drawn, FORMATS)
    (line,) = lines(found)
    assert line.startswith("gradients.json: gradients of preactivations (mean square of ∂L/∂z): 0.5, 4, at layer 3: ")


def test_a_changed_verdict_is_named_on_the_map(tables: Tables, drawn: Files) -> None:
    cells = tables.cells.copy()
    cells.loc[1, "verdict"] = "dead"
    (line,) = lines(review(replace(tables, cells=cells), drawn, FORMATS))
    assert line.startswith("heatmap.json: Verdict, at ")
    assert line.endswith("'dead' in the tables")


def test_tables_that_were_left_out_are_no_judges(tables: Tables, drawn: Files) -> None:
    bare = replace(tables, summary=tables.summary.iloc[:0], theory=None, layers=None)
    absent = ("summary.csv", "theory.csv", "layers.csv")
    found = review(bare, drawn, FORMATS, absent)
    assert states(found) == {"heatmap": CURRENT} | dict.fromkeys(("variance", "gradients", "health", "cosine"), UNKNOWN)
    assert found[0].absent == ("theory.csv",)
    # What was not kept is not asked for; what is there must still show its own data.
    alone = {name: data for name, data in drawn.items() if name.startswith("heatmap")}
    assert states(review(bare, alone, FORMATS, absent)) == {"heatmap": CURRENT}
    swapped = drawn | {"variance.png": drawn["cosine.png"]}
    assert lines(review(bare, swapped, FORMATS, absent)) == ["variance.png: shows other data than variance.json"]
    cells = tables.cells.assign(act_q_ratio=1.0)
    assert states(review(replace(bare, cells=cells), alone, FORMATS, absent)) == {"heatmap": STALE}
    # Without saying so, it is not the same.
    assert STALE in states(review(bare, drawn, FORMATS)).values()


def test_without_the_raw_rows_health_alone_is_unknown(tables: Tables, drawn: Files) -> None:
    found = states(review(replace(tables, layers=None), drawn, FORMATS, ("layers.csv",)))
    assert found == dict.fromkeys(("heatmap", "variance", "gradients", "cosine"), CURRENT) | {"health": UNKNOWN}


class TestOutdated:
    """Which PNGs a report cannot link."""

    def test_none_that_was_just_drawn(self, tables: Tables, drawn: Files) -> None:
        assert outdated(tables, drawn) == ()
        assert outdated(tables, {}) == ()
        assert outdated(tables, {name: data for name, data in drawn.items() if name.startswith("cosine")}) == ()

    def test_whatever_is_wrong_with_it(self, tables: Tables, drawn: Files) -> None:
        assert outdated(tables, edited(drawn, "variance")) == ("variance",)
        assert outdated(tables, drawn | {"health.png": drawn["health.png"][:-9]}) == ("health",)
        assert outdated(tables, drawn | {"training.png": drawn["cosine.png"]}) == ("training",)
        assert outdated(tables, drawn | {"cosine.svg": b"cut"}) == ()  # nobody links it

    def test_pictures_without_their_data_are_held_against_the_tables(self, tables: Tables, drawn: Files) -> None:
        alone = {name: data for name, data in drawn.items() if name.endswith("png")}
        assert outdated(tables, alone) == ()
        summary = tables.summary.assign(mean=tables.summary["mean"] * 1.5)
        assert outdated(replace(tables, summary=summary), alone) == ("variance", "gradients", "health", "cosine")

    def test_of_what_is_not_there_nothing_is_known(self, tables: Tables, drawn: Files) -> None:
        alone = {name: data for name, data in drawn.items() if name.endswith("png")}
        summary = tables.summary.assign(mean=tables.summary["mean"] * 1.5)
        other = replace(tables, summary=summary, theory=None)
        assert outdated(other, alone, {"theory.csv"}) == ()
        assert "variance" in outdated(other, drawn, {"theory.csv"})
        assert outdated(replace(tables, summary=tables.summary[:0]), drawn, {"summary.csv", "layers.csv"}) == ()
