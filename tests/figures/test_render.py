"""A picture says whose it is: the digest of its data travels in PNG and SVG alike."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from initbench import figures
from initbench.figures.render import digest, shown_by, to_json
from initbench.lab.tables import read_tables


@pytest.fixture(scope="module")
def pictures(relu_folder: Path) -> dict[str, bytes]:
    tables = read_tables(relu_folder)
    return {fmt: figures.render(tables, "cosine", fmt) for fmt in figures.FORMATS}


@pytest.mark.parametrize("fmt", figures.FORMATS)
def test_a_picture_carries_the_digest_of_its_data(relu_folder: Path, pictures: dict[str, bytes], fmt: str) -> None:
    tables = read_tables(relu_folder)
    assert shown_by(pictures[fmt], fmt) == digest(figures.series(tables, "cosine"))
    assert shown_by(pictures[fmt], fmt) != digest(figures.series(tables, "variance"))


def test_the_digest_is_of_the_numbers_and_not_of_their_layout(relu_folder: Path) -> None:
    data = figures.series(read_tables(relu_folder), "cosine")
    read = json.loads(to_json(data))
    assert digest(read) == digest(data)
    assert digest(dict(reversed(read.items()))) == digest(data)
    read["panels"][0]["lines"][0]["y"][3] *= 1 + 1e-15
    assert digest(read) != digest(data)


@pytest.mark.parametrize("fmt", figures.FORMATS)
def test_a_picture_of_nobody_knows(fmt: str) -> None:
    assert shown_by(b'<svg xmlns="http://www.w3.org/2000/svg"/>' if fmt == "svg" else _png(), fmt) == ""


@pytest.mark.parametrize("fmt", figures.FORMATS)
def test_a_picture_that_is_cut_or_changed_is_none(pictures: dict[str, bytes], fmt: str) -> None:
    whole = pictures[fmt]
    for size in (0, 1, 20, 500, len(whole) // 2, len(whole) - 10):
        with pytest.raises(ValueError, match=r"PNG|damaged|no element|token|tag"):
            shown_by(whole[:size], fmt)
    if fmt == "png":
        middle = len(whole) // 2
        with pytest.raises(ValueError, match="damaged"):
            shown_by(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], fmt)


def _png() -> bytes:
    """One grey pixel, written by somebody else."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4) for kind, content in chunks
    )
