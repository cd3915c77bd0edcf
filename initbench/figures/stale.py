"""Whether pictures are those of the tables: their data are compared, and never their pixels, which every version of
Matplotlib sets otherwise.

    <stem>.json is what the tables give now           differences
    <stem>.png and .svg carry the digest of <stem>.json     render
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from initbench.lab.tables import Tables

from ..values import frozen
from .differences import Difference, differences
from .render import FORMATS, digest, shown_by, to_json
from .series import EVERY, TRAINED, available, compute, quantities

CURRENT, STALE, UNKNOWN = "current", "stale", "not compared"
FILES = tuple(f"{stem}.{end}" for stem in EVERY for end in (*FORMATS, "json"))
"""Every file that a picture can have; whatever else lies beside them is nobody's picture."""

_NEEDED: Mapping[str, frozenset[str]] = {
    "heatmap": frozenset(),
    "histograms": frozenset({"histograms.csv"}),
    "health": frozenset({"summary.csv", "layers.csv"}),
    "training": frozenset({"training.csv"}),
    "training_layers": frozenset({"training_layers.csv"}),
    "trainability": frozenset(),
}
"""Without which tables, all of which have cells.csv, a picture's data cannot be told; of the others, summary.csv."""
_THEORY = "theory.csv"


@frozen
class Stale:
    """One thing that is wrong with a file; difference: where it is in the data."""

    file: str
    message: str
    difference: Difference | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@frozen
class Picture:
    """What was found of the files of one stem.

    absent: tables that it was drawn from and that are not there to be compared with. compared: whether its data were
    compared; without theory.csv, those that were measured.
    """

    stem: str
    stale: tuple[Stale, ...]
    absent: tuple[str, ...]
    compared: bool

    @property
    def status(self) -> str:
        """CURRENT, STALE or UNKNOWN."""
        return STALE if self.stale else CURRENT if self.compared else UNKNOWN


def review(
    tables: Tables, files: Mapping[str, bytes], formats: Sequence[str], absent: Collection[str] = ()
) -> tuple[Picture, ...]:
    """Every picture that there is, and every one that the tables ask for.

    files: those of FILES that there are; formats: those that every picture must have, of png and svg; absent: names of
    tables that were left out, of which nothing can be said.
    """
    measured = quantities(tables)
    wanted = available(tables, measured)
    found = []
    for stem in EVERY:
        lost = tuple(sorted(_drawn_from(stem) & set(absent)))
        compared = not set(lost) - {_THEORY}
        present = [f"{stem}.{end}" for end in (*FORMATS, "json") if f"{stem}.{end}" in files]
        if stem in wanted and compared:
            stale = tuple(_wrong(stem, files, formats, compute(tables, stem, measured), _THEORY not in lost))
        elif not present:
            continue
        elif compared:
            stale = tuple(Stale(name, "the tables have nothing that it could show") for name in present)
        else:
            stale = tuple(_wrong(stem, files))
        found.append(Picture(stem, stale, lost, compared))
    return tuple(found)


def outdated(tables: Tables, files: Mapping[str, bytes], absent: Collection[str] = ()) -> tuple[str, ...]:
    """The stems whose PNG is known not to show what the tables have.

    files, absent: as in review. A picture without its data beside it is held against those that the tables give, where
    they are all there.
    """
    measured = quantities(tables)
    drawable = available(tables, measured)
    shown: dict[str, bytes] = {}
    for stem in EVERY:
        picture, data = f"{stem}.png", f"{stem}.json"
        if picture in files and data in files:
            shown |= {picture: files[picture], data: files[data]}
        elif picture in files and not _drawn_from(stem) & set(absent):
            own = {data: to_json(compute(tables, stem, measured))} if stem in drawable else {}
            shown |= {picture: files[picture], **own}
    found = review(tables, shown, ("png",), absent) if shown else ()
    return tuple(one.stem for one in found if one.stale and f"{one.stem}.png" in shown)


def _drawn_from(stem: str) -> frozenset[str]:
    return _NEEDED.get(stem, frozenset({"summary.csv"})) | (set() if stem in ("histograms", *TRAINED) else {_THEORY})


def _wrong(
    stem: str,
    files: Mapping[str, bytes],
    formats: Sequence[str] = (),
    series: dict[str, Any] | None = None,
    theory: bool = True,
) -> Iterator[Stale]:
    """What is not right with a picture's files; series: what the tables give, None where that cannot be told."""
    name = f"{stem}.json"
    for end in (*formats, "json"):
        if f"{stem}.{end}" not in files:
            yield Stale(f"{stem}.{end}", "is missing")
    if name not in files:
        return
    try:
        drawn = json.loads(files[name])
        data = digest(drawn)
        found = differences(drawn, json.loads(to_json(series)), theory) if series else ()
    except (ValueError, RecursionError) as error:
        yield Stale(name, f"is not the data of a picture ({error})")
        return
    for one in found:
        yield Stale(name, str(one), one)
    for fmt in FORMATS:
        if f"{stem}.{fmt}" in files and (message := _other(files[f"{stem}.{fmt}"], fmt, data, name)):
            yield Stale(f"{stem}.{fmt}", message)


def _other(picture: bytes, fmt: str, data: str, name: str) -> str:
    """Why a picture is not one of these data, of which there is the digest; empty where it is."""
    try:
        shown = shown_by(picture, fmt)
    except ValueError as error:
        return f"is not a whole picture ({error})"
    if not shown:
        return "does not say which data it shows: it was drawn by something else, or by an earlier version"
    return "" if shown == data else f"shows other data than {name}"
