"""Figures as bytes: no dates, no names of programs, ids in the SVG from a fixed salt."""

from __future__ import annotations

import io
import json
from typing import Any

from matplotlib.figure import Figure

from . import style

FORMATS = ("png", "svg")

_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type"), None),
}


def encode(figure: Figure, fmt: str) -> bytes:
    """The file's content."""
    buffer = io.BytesIO()
    with style.context():
        figure.savefig(buffer, format=fmt, dpi=style.DPI, metadata=_METADATA[fmt])
    return buffer.getvalue()


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
