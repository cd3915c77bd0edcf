"""Figures as bytes: no dates, no names of programs, ids in the SVG from a fixed salt.

Every picture carries the digest of the data that it shows, so that it can be told later whose picture it is, whichever
Matplotlib drew it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from matplotlib.figure import Figure

from . import style

FORMATS = ("png", "svg")

_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type"), None),
}
_CARRIES = {"png": "Series", "svg": "Identifier"}
"""Under which name a picture carries its digest."""
_IDENTIFIER = ".//{http://purl.org/dc/elements/1.1/}identifier"
_PNG = b"\x89PNG\r\n\x1a\n"


def encode(figure: Figure, fmt: str, series: dict[str, Any]) -> bytes:
    """The file's content; series: the data that the figure shows."""
    buffer = io.BytesIO()
    metadata = _METADATA[fmt] | {_CARRIES[fmt]: digest(series)}
    with style.context():
        figure.savefig(buffer, format=fmt, dpi=style.DPI, metadata=metadata)
    return buffer.getvalue()


def digest(series: dict[str, Any]) -> str:
    """Of a figure's data, however they are laid out in a file: `sha256:` and 64 digits."""
    text = json.dumps(series, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def shown_by(picture: bytes, fmt: str) -> str:
    """The digest of the data that a picture was drawn from; empty where it carries none.

    Raises ValueError for a file that is no whole picture.
    """
    if fmt == "png":
        return dict(_texts(picture)).get(_CARRIES["png"], "")
    try:
        found = ElementTree.fromstring(picture).find(_IDENTIFIER)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    return "" if found is None else found.text or ""


def _texts(picture: bytes) -> Iterator[tuple[str, str]]:
    """The texts (tEXt) of a PNG: length, type, content and checksum of every chunk, up to the one that ends it."""
    if not picture.startswith(_PNG):
        raise ValueError("no PNG")
    kind, place = b"", len(_PNG)
    while kind != b"IEND":
        length = int.from_bytes(picture[place : place + 4])
        chunk = picture[place + 4 : place + 8 + length]
        check = picture[place + 8 + length : place + 12 + length]
        if len(chunk) < 4 + length or check != zlib.crc32(chunk).to_bytes(4):
            raise ValueError("cut or damaged")
        kind, content, place = chunk[:4], chunk[4:], place + 12 + length
        if kind == b"tEXt":
            name, _, text = content.decode("latin-1").partition("\0")
            yield name, text


def to_json(series: dict[str, Any]) -> bytes:
    """A figure's data, for eyes and for diffs: rows of numbers stay on one line."""
    return (_written(series, 0) + "\n").encode()


def _written(value: Any, depth: int) -> str:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(item, dict | list) for item in inner):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    indent = " " * (depth + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_written(item, depth + 1)}" for key, item in value.items()]
    else:
        items = [_written(item, depth + 1) for item in value]
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n{indent}" + f",\n{indent}".join(items) + f"\n{' ' * depth}{right}"
