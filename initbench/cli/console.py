"""Printing: data on stdout, notes and progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import typer


def emit_json(document: Any) -> None:
    """One JSON document on stdout. Numbers that JSON does not have (inf, nan) become null."""
    typer.echo(json.dumps(_json_safe(document), indent=2, ensure_ascii=False, allow_nan=False))


def _json_safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def note(text: str) -> None:
    """A line on stderr."""
    typer.echo(text, err=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """A plain table on stdout: the first `left` columns and the last are text, the rest numbers, aligned right.

    Lines are as long as they need to be: a table that is cut or folded to the window cannot be read by a program.
    """
    widths = [max(len(row[k]) for row in (header, *rows)) for k in range(len(header))]
    for index, row in enumerate((header, *rows)):
        cells = [
            text.ljust(width) if k < left or k == len(row) - 1 else text.rjust(width)
            for k, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        typer.echo(typer.style(line, bold=True) if index == 0 and _styled() else line)


def _styled() -> bool:
    import os

    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
