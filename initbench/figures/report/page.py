"""The whole page: one file, no script, nothing fetched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from initbench.spec import short

from .. import series
from ..series import available
from . import sheets
from .content import EXPLAINED, Claim, Content
from .markup import Children, Markup, element
from .pictures import picture
from .theory import theory

STYLE = Path(__file__).with_name("style.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the browser holds the page to: nothing is loaded, whatever a config may have smuggled in."""
MARKS = {"passed": ("✓", "holds"), "failed": ("✗", "fails"), "unknown": ("?", "cannot be judged")}


def page(content: Content) -> str:
    """The report as HTML, the same text for the same content."""
    name = content.experiment.name
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"initbench {content.tables.manifest.get('initbench', '')}".strip()),
        element("title", f"{name} – initbench"),
        element("style", Markup(STYLE.read_text(encoding="utf-8"))),
    )
    sections = list(_sections(content))
    body = element(
        "body",
        element("a", "Skip to the results", href="#verdict", class_="skip"),
        element("header", _opening(content), _contents(sections)),
        element("main", [_section(key, title, parts) for key, title, parts in sections]),
        element("footer", element("p", "Made by initbench from the tables of this results folder.")),
    )
    return "<!DOCTYPE html>\n" + element("html", head, body, lang="en").text


def _sections(content: Content) -> Iterator[tuple[str, str, list[Markup]]]:
    """Anchor, title and parts."""
    yield "verdict", "Verdict", list(_verdict(content))
    if content.claims:
        yield "expectations", "Expectations", list(_claims(content.claims))
    if stems := available(content.tables):
        yield "pictures", "Pictures", [picture(series(content.tables, stem)) for stem in stems]
    yield "tables", "Tables", list(_tables(content))
    yield "theory", "Theory", theory(content)
    yield "provenance", "Provenance", list(_provenance(content))


def _section(key: str, title: str, parts: Iterable[Markup]) -> Markup:
    name = f"{key}-title"
    return element("section", element("h2", title, id=name), parts, id=key, aria_labelledby=name)


def _contents(sections: Iterable[tuple[str, str, list[Markup]]]) -> Markup:
    links = [element("li", element("a", title, href=f"#{key}")) for key, title, _ in sections]
    return element("nav", element("ul", links), aria_label="Contents")


def _opening(content: Content) -> list[Children]:
    """The question and the config."""
    experiment, manifest = content.experiment, content.tables.manifest
    swept = [short(axis, content.tables.axes) for axis in content.tables.axes]
    count = len(content.tables.cells)
    grid = f"{_counted(count, 'setting')} of {', '.join(swept)}" if swept else ""
    return [
        element("p", "initbench report", class_="kicker"),
        element("h1", experiment.name),
        [element("p", text, class_="lead") for text in experiment.description.split("\n\n") if text.strip()],
        element("p", "; ".join(filter(None, (str(manifest.get("title", "")), grid))), class_="run"),
        _folded("The config", _code("The config as it was written", content.source)),
        _folded("The config with every default", _code("The config with every default", content.resolved)),
    ]


def _folded(summary: str, *parts: Children) -> Markup:
    return element("details", element("summary", summary), *parts)


def _code(label: str, text: str) -> Markup:
    return element("pre", element("code", text), tabindex=0, role="region", aria_label=label)


def _verdict(content: Content) -> Iterator[Markup]:
    cells, labels = content.tables.cells, content.labels
    several = len(cells) > 1
    if several:
        counts = Counter(map(str, cells["verdict"]))
        shown = [(sheets.badge(verdict) or "without a verdict", f" {count}") for verdict, count in counts.most_common()]
        yield element("p", [element("span", one, class_="count") for one in shown], class_="counts")
        glance = sheets.glance(content)
        yield glance if len(cells) <= 2 * EXPLAINED else _folded(f"All {len(cells)} settings", glance)
    if content.beside_theory and several:
        yield element("p", f"{content.beside_theory.capitalize()}.")
    verdicts = list(cells["verdict"].head(EXPLAINED))
    told = [
        element(
            "article",
            element("h3", sheets.breakable(label or content.experiment.name), " ", sheets.badge(str(verdict))),
            list(_sentences(sentences)),
            class_="cell",
        )
        for label, verdict, sentences in zip(labels, verdicts, content.sentences, strict=False)
    ]
    yield element("div", told, class_="cells")
    if len(cells) > EXPLAINED:
        yield element("p", f"The first {EXPLAINED} of {len(cells)} settings are spelled out.", class_="cut")


def _sentences(sentences: Iterable[str]) -> Iterator[Markup]:
    """Of one setting; remarks are indented."""
    empty = True
    for sentence in sentences:
        yield element("p", sentence.strip(), class_="remark" if sentence.startswith(" ") else None)
        empty = False
    if empty:
        yield element("p", "The numbers of its networks are stored no longer: the table says what is left.")


def _claims(claims: Iterable[Claim]) -> Iterator[Markup]:
    claims = list(claims)
    passed = sum(claim.status == "passed" for claim in claims)
    yield element("p", f"{passed} of {len(claims)} hold.")
    items = []
    for claim in claims:
        sign, word = MARKS[claim.status]
        items.append(
            element(
                "li",
                element("span", element("span", sign, aria_hidden="true"), f" {word}", class_=f"badge {claim.status}"),
                " ",
                (element("b", claim.name), ": ") if claim.name else None,
                claim.message,
            )
        )
    yield element("ul", items, class_="claims")


def _tables(content: Content) -> Iterator[Markup]:
    if content.absent:
        yield element("p", f"This folder does not keep {', '.join(content.absent)}, which the run wrote.", class_="cut")
    yield _folded("Every setting (cells.csv)", sheets.cells(content))
    for label, sheet in sheets.layers(content):
        yield _folded(f"{label}: at a few layers (summary.csv)", sheet)
    count = len(content.tables.cells)
    if count > EXPLAINED:
        yield element(
            "p", f"The first {EXPLAINED} of {count} settings; all layers of all stand in summary.csv.", class_="cut"
        )


def _provenance(content: Content) -> Iterator[Markup]:
    manifest = content.tables.manifest
    rows = [(_NAMES.get(key, key), _said(key, value)) for key, value in manifest.items() if key not in _ELSEWHERE]
    yield element("dl", [(element("dt", key), element("dd", text)) for key, text in rows if text], class_="facts")
    files = manifest.get("files", {})
    if files:
        body = [[name, element("code", digest)] for name, digest in sorted(files.items())]
        yield _folded(
            "The files that this was made from",
            sheets.sheet("files", "SHA-256 of every file.", ["file", "SHA-256"], body, left=1),
        )


_ELSEWHERE = ("name", "description", "title", "axes", "files", "plots")
"""What the page says in other places."""


_NAMES = {"numerics": "version of the numbers", "made_from": "made from", "blas": "BLAS", "numpy": "NumPy"}


def _said(key: str, value: Any) -> str:
    if key == "engines":
        return "; ".join(f"{choice['engine']} ({choice['reason']})" for choice in value)
    return _plain(value)


def _plain(value: Any) -> str:
    """A value of the manifest in a line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    return {True: "yes", False: "no", None: ""}[value] if isinstance(value, bool) or value is None else str(value)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"
