"""Drawing a results folder: stored tables in, files in plots/ out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def draw_folder(folder: Path, formats: Sequence[str]) -> list[str]:
    """Draw every picture that the tables of `folder` can give; the files' names. Raises StorageError."""
    from ..figures import STEMS, draw_all
    from ..lab.store import publish_all, remove
    from ..lab.tables import read_tables

    files = draw_all(read_tables(folder), formats)
    plots = folder / "plots"
    publish_all(plots, files)
    stale = [f"{stem}.{end}" for stem in STEMS for end in ("png", "svg", "json") if f"{stem}.{end}" not in files]
    remove(
        plots,
        tuple(name for name in stale if name.rpartition(".")[0] not in {file.rpartition(".")[0] for file in files}),
    )
    return list(files)
