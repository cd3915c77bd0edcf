"""The pictures of a results folder: drawn from its stored tables into plots/, and held against them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..values import frozen

if TYPE_CHECKING:
    from ..figures.stale import Picture

BOTH = ("png", "svg")
"""The formats that are drawn where none are asked for."""


def draw_folder(folder: Path, formats: Sequence[str]) -> list[str]:
    """Draw every picture that the tables of `folder` can give; the files' names. Raises StorageError."""
    from ..figures import draw_all
    from ..lab.store import publish_all
    from ..lab.tables import read_tables

    tables = read_tables(folder, pictured=True)
    files = draw_all(tables, formats)
    publish_all(folder / "plots", files)
    remove_pictures(folder, but=_stems(files))
    checksums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    _record(folder, tables.manifest, {**_drawn_with(formats), "files": checksums})
    return list(files)


def drawn_before(folder: Path, formats: Sequence[str], manifest: dict[str, Any]) -> list[str]:
    """The pictures of a folder whose tables did not change, where all of them are as they were drawn; else none."""
    from ..errors import StorageError
    from ..lab.stored import changed
    from ..lab.unchanged import PLOTS

    record = manifest.get(PLOTS)
    if not isinstance(record, dict) or not isinstance(record.get("files"), dict):
        return []
    if {key: record.get(key) for key in _drawn_with(formats)} != _drawn_with(formats):
        return []
    try:
        if list(changed(folder / "plots", record, tuple(record["files"]))):
            return []
    except StorageError:
        return []  # whoever draws them says what stands in the way
    remove_pictures(folder, but=_stems(record["files"]))
    return list(record["files"])


@frozen
class Reviewed:
    """What was found of a folder's pictures, and the command that draws them again."""

    pictures: tuple[Picture, ...]
    remedy: str


def review_folder(folder: Path, formats: Sequence[str] = ()) -> Reviewed:
    """Whether the pictures of a folder are those of its tables, as far as those are there; none where none were drawn.

    formats: those that every picture must have; where none are given, as the manifest has it, or else as one has.
    Raises StorageError where tables are missing or damaged, or a picture cannot be read.
    """
    from ..figures.stale import FILES, review
    from ..lab.partial import kept_tables
    from ..lab.store import read_all
    from ..lab.unchanged import PLOTS

    tables, absent = kept_tables(folder)
    files = read_all(folder / "plots", FILES)
    drawn = tables.manifest.get(PLOTS)
    recorded = tuple(drawn.get("formats", ())) if isinstance(drawn, dict) else ()
    present = tuple(fmt for fmt in BOTH if any(name.endswith(fmt) for name in files))
    asked = tuple(formats) or recorded or present
    pictures = review(tables, files, asked, absent) if files else ()
    if absent:
        return Reviewed(pictures, f"initbench run CONFIG -o {folder}")
    wanted = {*asked, *present}  # a picture that was not asked for, but lies there, is drawn again too
    listed = f" --format {wanted.pop()}" if len(wanted) == 1 else ""
    return Reviewed(pictures, f"initbench plot {folder}{listed}")


def _drawn_with(formats: Sequence[str]) -> dict[str, Any]:
    return {"formats": list(formats), "matplotlib": version("matplotlib")}


def _stems(names: Collection[str]) -> set[str]:
    return {name.rpartition(".")[0] for name in names}


def _record(folder: Path, manifest: dict[str, Any], drawn: dict[str, Any]) -> None:
    """Note in the manifest what was drawn, unless a run is under way, or another one has written it since."""
    from ..errors import BusyError
    from ..lab.manifest import encode
    from ..lab.store import MARK, claimed, publish
    from ..lab.stored import read_manifest
    from ..lab.unchanged import PLOTS

    try:
        with claimed(folder):
            if read_manifest(folder / MARK) == manifest:
                publish(folder / MARK, encode({**manifest, PLOTS: drawn}))
    except BusyError:
        pass


def remove_pictures(folder: Path, but: Collection[str] = ()) -> None:
    """Take away the pictures of an earlier run, but for some stems: they would show other numbers than the tables.

    Raises StorageError.
    """
    from ..figures import EVERY
    from ..lab.store import remove

    stale = tuple(f"{stem}.{end}" for stem in EVERY if stem not in but for end in ("png", "svg", "json"))
    if (folder / "plots").is_dir():
        remove(folder / "plots", stale)
