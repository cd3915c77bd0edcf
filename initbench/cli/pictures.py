"""Drawing a results folder: stored tables in, files in plots/ out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path


def draw_folder(folder: Path, formats: Sequence[str]) -> list[str]:
    """Draw every picture that the tables of `folder` can give; the files' names. Raises StorageError."""
    from ..figures import draw_all
    from ..lab.store import publish_all
    from ..lab.tables import read_tables

    files = draw_all(read_tables(folder), formats)
    publish_all(folder / "plots", files)
    remove_pictures(folder, but={name.rpartition(".")[0] for name in files})
    return list(files)


def remove_pictures(folder: Path, but: Collection[str] = ()) -> None:
    """Take away the pictures of an earlier run, but for some stems: they would show other numbers than the tables.

    Raises StorageError.
    """
    from ..figures import CUSTOM, STEMS
    from ..lab.store import remove

    stale = tuple(f"{stem}.{end}" for stem in (*STEMS, CUSTOM) if stem not in but for end in ("png", "svg", "json"))
    if (folder / "plots").is_dir():
        remove(folder / "plots", stale)
