"""The page: whole HTML, nothing in it that a config could not say as text, everything named that it shows."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from report_pages import CONFIG, EVIL, Document, evil_results

from initbench import api
from initbench.figures.report.formulas import mean_field, typeset
from initbench.figures.report.markup import Markup, element, join
from initbench.figures.report.page import POLICY
from initbench.figures.report.pictures import inline
from initbench.figures.report.sheets import ROWS, breakable, handful, sheet
from initbench.figures.report.words import in_words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evil_results(tmp_path_factory.mktemp("report") / "evil")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return api.report(folder)


@pytest.fixture(scope="module")
def document(text: str) -> Document:
    return Document(text)


def test_what_a_config_says_stays_text(text: str, document: Document) -> None:
    assert {tag for tag, _ in document.elements} & {"script", "img", "iframe", "object", "form", "base"} == set()
    assert not [name for _, found in document.elements for name in found if name.startswith("on")]
    for tag in ("header", "li", "code"):  # the description, an expectation's name, the config
        assert "<img src=x onerror=alert(1)>" in document.text(tag)
    assert "A second paragraph." in document.text("header")
    assert EVIL not in text


def test_nothing_is_asked_of_any_network(text: str, document: Document) -> None:
    (policy,) = [str(found["content"]) for tag, found in document.elements if found.get("http-equiv")]
    assert policy == POLICY
    links = [value for attribute in ("href", "src", "srcset", "data", "action") for value in document.values(attribute)]
    assert links
    assert all(link.startswith(("#", "data:image/png")) for link in links)
    assert not re.search(r"@import|url\((?!#)", text)


def test_every_id_is_there_once_and_every_reference_leads_somewhere(document: Document) -> None:
    ids = document.values("id")
    assert len(set(ids)) == len(ids)
    named = " ".join(document.values("aria-labelledby") + document.values("aria-describedby")).split()
    anchors = [value[1:] for value in document.values("href") if value.startswith("#")]
    clips = re.findall(r"url\(#([^)]*)\)", " ".join(document.values("clip-path") + document.values("style")))
    assert named
    assert clips
    assert {*named, *anchors, *clips} <= set(ids)


def test_headings_go_down_one_step_at_a_time(document: Document) -> None:
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(deeper <= before + 1 for before, deeper in pairwise(levels))


def test_tables_have_captions_and_scopes(document: Document) -> None:
    tags = [tag for tag, _ in document.elements]
    assert tags.count("table") == tags.count("caption") > 3
    assert all(found.get("scope") in ("row", "col") for tag, found in document.elements if tag == "th")
    assert dict(document.elements)["html"]["lang"] == "en"
    assert {"header", "main", "nav", "footer"} <= set(tags)


def test_verdict_expectations_theory_and_papers_are_told(folder: Path, document: Document) -> None:
    for sentence in (
        "All units of a layer compute the same thing (distinct_units = 1)",
        "1 of 2 hold.",
        "expected stable",
        "He, Zhang, Ren, Sun 2015, eq. 10",
        "LeCun, Bottou, Orr, Müller 1998",
        "Schoenholz et al. 2017",
    ):
        assert sentence in document.text("main")
    for told in (one for cell in api.run(CONFIG, jobs=1).results for one in cell.sentences):
        assert told.strip() in document.text("article")
    assert "keras" not in document.text("dt")  # only what was used
    assert "seeds: 4" in document.text("code")


def test_pictures_are_text_and_told_in_words(document: Document) -> None:
    drawn = [found for tag, found in document.elements if tag == "svg"]
    assert len(drawn) == 4
    assert all(found["role"] == "img" and found["aria-labelledby"] and found["aria-describedby"] for found in drawn)
    assert "variance of activations" in document.text("text")
    assert "exactly 0" in document.text("figcaption")
    assert re.search(r"he_normal: [\d.]+ at layer 0, [\d.]+ at layer 4 \(theory [\d.]+\)", document.text("figcaption"))


def test_the_same_tables_make_the_same_bytes(folder: Path, text: str) -> None:
    assert api.report(folder) == text


def test_changed_configs_are_not_shown(tmp_path: Path) -> None:
    from initbench.errors import StorageError

    folder = evil_results(tmp_path / "r", expect=[])
    with (folder / "config.yaml").open("a") as file:
        file.write("# changed\n")
    with pytest.raises(StorageError, match=r"config\.yaml: is not the file"):
        api.report(folder)


def test_many_settings_are_cut_with_a_sentence(tmp_path: Path) -> None:
    scales = [round(0.01 * k, 2) for k in range(1, ROWS + 6)]
    network = {"depth": 3, "width": 4, "activation": "tanh", "initializer": {"name": "normal", "stddev": 1.0}}
    grid = {"sweep": {"grid": {"network.initializer.stddev": scales}}}
    folder = evil_results(tmp_path / "many", network=network, input={"batch_size": 2}, seeds=2, expect=[], **grid)
    text = api.report(folder)
    document = Document(text)
    assert len(text) < 2_000_000
    assert f"The first {ROWS} of {len(scales)} rows; all of them stand in cells.csv." in document.text("p")
    assert f"The first 12 of {len(scales)} settings" in document.text("p")
    assert f"The first 12 of {len(scales)} points." in document.text("p")
    assert document.text("svg").count("layer")  # what is written stays text where lines are an image
    assert any(found.get("href", "").startswith("data:image/png") for tag, found in document.elements if tag == "image")


def test_text_is_escaped_by_construction() -> None:
    made = element("p", "a < b & c", [Markup("<b>"), None, ["d"]], title="\"<&>'", hidden=True, lang=None)
    assert made.text == '<p title="&quot;&lt;&amp;&gt;&#x27;" hidden>a &lt; b &amp; c<b>d</p>\n'
    assert join("a\x00b\ud800c\n").text == "a�b�c\n"
    assert element("wbr").text == "<wbr>"


def test_formulas_are_read_as_they_are_printed() -> None:
    assert typeset("v = 2 gain^2 / n <= sqrt(pi) - phi'(z)").text == ("v = 2 gain<sup>2</sup> / n ≤ √(π) − φ'(z)")
    assert typeset("W^T W, σ_w and x < y").text == "W<sup>T</sup> W, σ<sub>w</sub> and x &lt; y"
    for formula in mean_field():
        assert ElementTree.fromstring(formula.maths.text).attrib["aria-label"]


def test_svg_inside_a_page_keeps_to_itself() -> None:
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 6">'
        b'<metadata><a id="m"/></metadata><defs><style>*{fill: red}</style><path id="p"/></defs>\n <g id="unused">'
        b'<use xlink:href="#p" clip-path="url(#p)"/><text style="font-family: \'DejaVu Sans\', sans-serif"> a </text>'
        b"</g></svg>"
    )
    text = inline(svg, "one", "title", "words").text
    assert "<style" not in text
    assert "metadata" not in text
    assert "unused" not in text
    assert '<path id="one-p" />' in text
    assert '<use href="#one-p" clip-path="url(#one-p)" />' in text
    assert "Verdana" in text
    assert "> a </text>" in text
    assert 'aria-labelledby="title" aria-describedby="words"' in text


def test_sheets_line_up_numbers_and_name_rows() -> None:
    text = sheet("t", "c", ["a_b", "x", "y"], [["r", "1.5", "–"], ["s", "inf", "word"]], 1, "cut.").text
    assert text.count('<th scope="row">') == 2
    assert text.count('class="n"') == 3  # the column x: its title and two numbers
    assert "a_<wbr>b" in text
    assert text.endswith('<p class="cut">cut.</p>\n')
    assert [part for part in breakable("a.b") if isinstance(part, str)] == ["a", ".", "b"]


@pytest.mark.parametrize(
    ("layers", "chosen"),
    [
        (range(51), [1, 13, 25, 38, 50]),
        (range(4), [1, 2, 3]),
        ([0], [0]),
    ],
)
def test_a_handful_of_layers(layers: range, chosen: list[int]) -> None:
    assert handful(list(layers)) == chosen


def test_crowds_and_other_maps_in_words() -> None:
    edges = {"low": [1.0, 0.1], "q25": [1.5, 0.2], "q75": [1.7, 0.5], "high": [2.0, 9.0]}
    panel = {
        "title": "t", "ylabel": "y", "kind": "size", "backward": False, "unit": "step", "lines": [], "notes": [],
        "crowd": {"count": 99, "x": [1, 50], **edges},
    }  # fmt: skip
    grid = {"title": "m", "ylabel": "depth", "xlabel": "gain", "x": ["1", "2"], "y": ["8"], "kind": "share"}
    grid |= {"label": "accuracy", "values": [[0.25, 1.0]]}
    assert in_words({"stem": "training", "panels": [panel, grid]}) == (
        ("t – y", ("all 99 settings at step 50: from 0.1 to 9, half of them from 0.2 to 0.5",)),
        ("m – accuracy", ("smallest: 0.25 at gain=1, depth=8", "largest: 1 at gain=2, depth=8")),
    )


def test_maps_and_histograms_in_words(tmp_path: Path) -> None:
    from initbench.figures import series

    grid = {"network.initializer.stddev": [0.1, 0.3, 1.0], "network.activation": ["relu", "tanh"]}
    network = {"depth": 3, "width": 16, "activation": "relu", "initializer": {"name": "normal", "stddev": 1.0}}
    folder = evil_results(
        tmp_path / "map", network=network, sweep={"grid": grid}, expect=[], metrics=["act_q", "grad_q", "histograms"]
    )
    tables = api.load(folder)
    told = dict(in_words(series(tables, "heatmap")))
    forward = next(sentences for title, sentences in told.items() if title.startswith("Forward"))
    assert re.fullmatch(r"\d of 6 settings have a ratio between 0.01 and 100", forward[0])
    assert forward[1].startswith("smallest: ")
    assert "stddev=0.1" in forward[1]
    ridges = in_words(series(tables, "histograms"))
    assert any(sentence.startswith("layer 1: from ") for _, sentences in ridges for sentence in sentences)


def test_one_setting_is_told_under_the_name_of_the_experiment(tmp_path: Path) -> None:
    layers = {"width": [8, 16, 8, 4], "initializer": ["he_normal", "orthogonal", "zeros", "he_normal"]}
    folder = evil_results(tmp_path / "one", network=dict(CONFIG["network"]) | layers, sweep=None, expect=[])
    text = api.report(folder)
    document = Document(text)
    assert document.text("article").startswith("evil")
    assert "Forward: " in document.text("article")
    assert "No such prediction: " in document.text("p")
    assert "evil: at a few layers" in document.text("summary")
    assert 'id="expectations"' not in text
    assert 'id="glance"' not in text


def test_what_training_takes_is_used_too(tmp_path: Path) -> None:
    training = {"steps": 2, "learning_rate": 0.1, "data": "digits", "optimizer": "adam"}
    document = Document(api.report(evil_results(tmp_path / "t", training=training, sweep=None, expect=[])))
    assert {"digits", "adam", "cross_entropy"} <= set(document.within["dt"])
    assert "Kingma" in document.text("cite")
