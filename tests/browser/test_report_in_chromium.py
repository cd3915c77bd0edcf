"""The report as readers have it: in a real Chromium, narrow and wide, light and dark, printed, without a script."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import PROGRAM, Chromium, chromium

from initbench import api

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="there is no chromium or google-chrome here"),
]

EVIL = "</script><img src='http://127.0.0.1:9/x.png' onerror=console.error(1)>"
STDDEVS = ", ".join(f"{{name: normal, stddev: 0.{k:03d}12345}}" for k in range(1, 7))
CONFIG = f"""\
name: a-name-that-is-as-long-as-names-of-experiments-may-well-be-{"x" * 30}
description: "{EVIL} {"unbroken" * 20}"
network: {{depth: 6, width: 16, activation: tanh, initializer: he_normal}}
input: {{batch_size: 8}}
seeds: 4
sweep: {{grid: {{network.initializer: [he_normal, orthogonal, {STDDEVS}]}}}}
expect: [{{name: "{EVIL}", metric: act_q_ratio, at_least: 1e9}}]
"""
PAPER = 680
"""Width of what is printed on A4: 180 mm."""
OVERFLOWING = """
[...document.querySelectorAll('main *, header *')]
  .filter((node) => !node.closest('.scroll, pre, svg') && node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.outerHTML.slice(0, 80))
"""
CONTRAST = """
(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let worst = [99, ''], count = 0;
  while (words.nextNode()) {
    const node = words.currentNode.parentElement;
    if (!words.currentNode.data.trim()) continue;
    const style = getComputedStyle(node);
    const ink = node.closest('svg') && style.fill !== 'none' ? style.fill : style.color;
    const [a, b] = [luminance(rgb(ink)), luminance(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    count += 1;
    if (ratio < worst[0]) worst = [ratio, words.currentNode.data.trim().slice(0, 60)];
  }
  return [...worst, count];
})()
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    api.run(config, folder / "out", 1)
    page = folder / "out" / "report.html"
    page.write_text(api.report(folder / "out"))
    return page


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(running: Chromium) -> Iterator[Chromium]:
    """The tab, which has asked for nothing and complained of nothing yet."""
    running.asked.clear()
    running.complaints.clear()
    yield running
    running.call("Emulation.setScriptExecutionDisabled", value=False)


def outside(browser: Chromium) -> list[str]:
    return [address for address in browser.asked if not address.startswith(("file:", "data:image/"))]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_asks_for_nothing_and_complains_of_nothing(
    browser: Chromium, report: Path, width: int, dark: bool
) -> None:
    browser.open(report, width, dark)
    picture = browser.screenshot()
    assert struct.unpack(">II", picture[16:24])[0] == width
    assert len(picture) > 50_000
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.ask("document.documentElement.scrollWidth") == width
    assert browser.ask(OVERFLOWING) == []
    assert browser.asked[0] == report.resolve().as_uri()
    assert outside(browser) == []
    assert browser.complaints == []


def test_the_judge_sees_a_page_that_is_not_so(browser: Chromium, report: Path, tmp_path: Path) -> None:
    """A control: without its policy and its escapes the page would be caught."""
    text = report.read_text()
    start = text.index("<meta http-equiv")
    bad = text[:start] + text[text.index(">", start) + 1 :]
    bad = bad.replace("<main>", f"<main><p style='width: 2000px'>wide</p>{EVIL}<script>undefined.name</script>")
    (tmp_path / "bad.html").write_text(bad)
    browser.open(tmp_path / "bad.html", 360)
    assert browser.ask("document.documentElement.scrollWidth") > 360
    assert outside(browser) == ["http://127.0.0.1:9/x.png"]
    assert browser.complaints


def test_the_policy_holds_what_got_through(browser: Chromium, report: Path, tmp_path: Path) -> None:
    (tmp_path / "held.html").write_text(
        report.read_text().replace("<main>", f"<main>{EVIL}<script>document.title = 'owned'</script>")
    )
    browser.open(tmp_path / "held.html", 1280)
    assert browser.ask("document.title") != "owned"
    assert any("Content Security Policy" in complaint for complaint in browser.complaints)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read(browser: Chromium, report: Path, dark: bool) -> None:
    browser.open(report, 1280, dark)
    ground = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is not dark
    ratio, words, count = browser.ask(CONTRAST)
    assert count > 300
    assert ratio >= 4.5, words


def test_keys_reach_everything_without_a_script(browser: Chromium, report: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(report, 1280)
    browser.call("Page.bringToFront")
    focused = "[document.activeElement.tagName, document.activeElement.textContent.slice(0, 30), "
    focused += "getComputedStyle(document.activeElement).outlineStyle]"
    reached = []
    for _ in range(80):
        press(browser, "Tab", 9)
        reached.append(tuple(browser.ask(focused)))
    assert reached[0] == ("A", "Skip to the results", "solid")
    assert {outline for tag, _, outline in reached if tag != "BODY"} == {"solid"}
    assert ("SUMMARY", "The config", "solid") in reached
    assert {tag for tag, _, _ in reached} >= {"A", "SUMMARY", "DIV"}  # wide tables scroll by keys
    browser.ask("document.querySelector('summary').focus()")
    press(browser, "Enter", 13, text="\r")
    assert browser.ask("document.querySelector('details').open")


def press(browser: Chromium, key: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        words = {"text": text} if text and kind == "keyDown" else {}
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **words)


def test_a_screen_reader_is_told_what_is_there(browser: Chromium, report: Path) -> None:
    browser.open(report, 1280)
    told = browser.names()
    roles = {role for role, _ in told}
    assert {"heading", "image", "navigation", "region", "table", "columnheader", "rowheader", "MathMLMath"} <= roles
    images = [name for role, name in told if role == "image"]
    assert "Does the signal survive? Variance and mean square across layers" in images
    assert len(images) == browser.ask("document.querySelectorAll('svg[role=img]').length")
    described = browser.ask(
        "document.getElementById(document.querySelector('svg').getAttribute('aria-describedby')).textContent"
    )
    assert "he_normal" in described


def test_text_in_pictures_can_be_selected_and_formulas_are_drawn(browser: Chromium, report: Path) -> None:
    browser.open(report, 1280)
    browser.ask("getSelection().selectAllChildren(document.querySelector('figure#variance svg'))")
    selected = browser.ask("getSelection().toString()")
    assert "variance of z" in selected
    assert "orthogonal" in selected
    parts = "[...document.querySelectorAll('mfrac, msqrt')]"
    tall = browser.ask(f"{parts}.map((node) => node.getBoundingClientRect().height)")
    assert len(tall) > 2
    assert min(tall) > 15


def test_on_paper_everything_is_open_and_nothing_is_cut(browser: Chromium, report: Path) -> None:
    browser.open(report, PAPER)
    browser.call("Emulation.setEmulatedMedia", media="print")
    right = "Math.round(one.getBoundingClientRect().right)"
    beyond = f"filter((one) => {right} > {PAPER + 1}).map((one) => one.textContent.slice(0, 60))"
    assert browser.ask(f"[...document.querySelectorAll('table, math, pre, svg')].{beyond}") == []
    hidden = """[...document.querySelectorAll('details')].filter((one) => !one.closest('figcaption'))
        .map((one) => one.lastElementChild.getBoundingClientRect().height)"""
    heights = browser.ask(hidden)
    assert len(heights) > 5
    assert min(heights) > 10
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    printed = browser.printed()
    assert printed.startswith(b"%PDF")
    assert 4 <= printed.count(b"/Type /Page\n") <= 40
