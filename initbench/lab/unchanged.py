"""Whether the tables of a folder are those that a run would write now: then nothing is built again.

They are, where the store has every block, the manifest was written for exactly this config, these blocks and this
code, and every table is the file that the manifest was written with. Nothing else is believed, no time stamp least.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StorageError
from ..spec import NUMERICS_VERSION, Experiment
from . import manifest, stored
from .columns import PARQUET, TABLES
from .conclude import Told
from .expectations import Evidence
from .keepers import OnDisk, Reader
from .pending import Work
from .plan import Planned
from .result import Result
from .sinks import Row
from .store import MARK

MADE_FROM = "made_from"
"""Where the manifest says what the tables were made from."""
PLOTS = "plots"
"""Where it says what was drawn of them."""

ALL = (*TABLES, *PARQUET.values())

Checksums = Mapping[str, Mapping[tuple[int, ...], str]]
"""Of blocks, by cell and seeds."""


def made_from(experiment: Experiment, cells: Sequence[Planned], checksums: Checksums) -> str:
    """A digest of all that the tables are a function of: config, blocks, code."""
    digest = hashlib.sha256()
    for text in (*code(), experiment.resolved):
        digest.update(f"{len(text)} {text}".encode())
    for planned in cells:
        digest.update(planned.id.encode())
        for _, checksum in sorted(checksums.get(planned.id, {}).items()):
            digest.update(checksum.encode())
    return digest.hexdigest()


@cache
def code() -> tuple[str, ...]:
    """What computes: NumPy, and the package to the last byte, as versions do not tell the states of a checkout. To be
    asked as a run begins: the files may be other ones when a long one ends."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for folder, inner, files in os.walk(package):
        inner[:] = sorted(set(inner) - {"__pycache__"})
        for name in sorted(files):
            content = Path(folder, name).read_bytes()
            digest.update(f"{os.path.relpath(folder, package)} {name} {len(content)}\n".encode())
            digest.update(content)
    return (digest.hexdigest(), str(NUMERICS_VERSION), np.__version__, manifest.platform_name())


def told(
    experiment: Experiment, work: Sequence[Work], out: Path, keeper: OnDisk, parquet: bool = False
) -> Result | None:
    """The result of a run that has nothing to do, from the tables on disk; None where it has."""
    if any(each.blocks or each.damaged for each in work):
        return None
    cells = tuple(each.planned for each in work)
    digest = made_from(experiment, cells, keeper.checksums)
    before = _sound(out, digest)
    if before is None:
        return None
    names = ALL if parquet else TABLES
    files = {name: checksum for name, checksum in before["files"].items() if name in names}
    if parquet and any(name in files and PARQUET[name] not in files for name in PARQUET):
        return None
    evidence = Evidence(experiment.expect)
    for name in (name for name in TABLES if name in files):
        _read(out / name, name, evidence, cells)
    drawn = {PLOTS: before[PLOTS]} if PLOTS in before else {}
    record = {**manifest.manifest(experiment, cells), "files": files, MADE_FROM: digest, **drawn}
    outcomes = evidence.outcomes()
    absent = tuple(name for name in ALL if name not in files)
    results = Told(experiment, cells, Reader(out))
    return Result(experiment, results, evidence.cells, outcomes, record, absent, unchanged=True)


def _sound(out: Path, digest: str) -> dict[str, Any] | None:
    """The manifest of a folder, if its tables were made from this and all of them hold."""
    try:
        content = stored.read_manifest(out / MARK)
        if content.get(MADE_FROM) != digest or not isinstance(content.get("files"), dict):
            return None
        return content if not list(stored.changed(out, content, ALL)) else None
    except StorageError:
        return None  # a run that builds them says what is wrong


def _read(path: Path, name: str, evidence: Evidence, cells: Sequence[Planned]) -> None:
    """What expectations and the console need of a table, row by row."""
    columns = stored.header(path)
    evidence.open(name, columns)
    wanted = evidence.wanted(name)
    if wanted is None or wanted:
        evidence.add(name, _placed(stored.stream(path, wanted), cells))


def _placed(rows: Iterable[Row], cells: Sequence[Planned]) -> Iterator[Row]:
    """Rows with the swept settings as the config has them: a table may have put a mark before a text."""
    prefixes: dict[Any, Row] = {planned.id: planned.prefix for planned in cells}
    for row in rows:
        prefix = prefixes[row[0]]
        yield (*prefix, *row[len(prefix) :])
