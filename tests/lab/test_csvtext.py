"""CSV that other readers read back exactly: numbers to the last bit, text as text, absent as blank."""

from __future__ import annotations

import csv
import io
import math
import struct

import numpy as np
import pytest

from initbench.lab.csvtext import Table, Value


def cells(*values: Value) -> list[str]:
    """The values of one row as Python's own reader gives them."""
    data = Table(tuple(f"c{k}" for k in range(len(values))), [values]).encode()
    assert data.endswith(b"\n")
    assert b"\r\n" not in data
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert len(rows) == 2
    return rows[1]


NUMBERS = [
    0.0, -0.0, 0.1, 1 / 3, 1e16, 1e22, 123456789012345680.0, 5e-324, 2.2250738585072011e-308, 2.2250738585072014e-308,
    1.7976931348623157e308, -1.5, math.pi, 1e-5, math.inf, -math.inf,
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_come_back_to_the_last_bit(number: float) -> None:
    (text,) = cells(number)
    assert struct.pack("d", float(text)) == struct.pack("d", number)
    assert cells(np.float64(number)) == [text]


def test_random_bits_come_back() -> None:
    bits = np.random.default_rng(0).integers(0, 2**64, 5000, dtype=np.uint64)
    numbers = bits.view(np.float64)
    numbers = numbers[~np.isnan(numbers)]
    assert len(numbers) > 4900
    back = np.array([float(text) for text in cells(*numbers.tolist())])
    assert back.tobytes() == numbers.tobytes()


def test_spellings() -> None:
    assert cells(math.nan, math.inf, -math.inf, -0.0, 1.0, 1, 10**30) == [
        "nan", "inf", "-inf", "-0.0", "1.0", "1", "1" + "0" * 30,
    ]  # fmt: skip


def test_absent_is_blank_and_an_empty_text_is_quoted() -> None:
    assert Table(("a", "b", "c"), [(None, "", None)]).encode() == b'a,b,c\n,"",\n'


TEXTS = [
    "none",
    "NA",
    "null",
    "true",
    "01",
    "1e3",
    "a,b",
    'say "x"',
    "two\nlines",
    "a\rb",
    " padded ",
    "σ ≤ 1",
    "'",
    "nan",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_text(text: str) -> None:
    assert cells(text, 1.0, text) == [text, "1.0", text]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "@sum", "-x", "  =1+1", "\t=1"])
def test_what_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    assert cells(text) == [f"'{text}"]


@pytest.mark.parametrize("text", ["-1", "-0.5", "-1e-3", "-inf"])
def test_negative_numbers_are_no_formulas(text: str) -> None:
    assert cells(text) == [text]


def test_no_rows_and_records() -> None:
    assert Table(("a", "b"), []).encode() == b"a,b\n"
    assert list(Table(("a", "b"), [(1, "x"), (None, 2.5)]).records()) == [{"a": 1, "b": "x"}, {"a": None, "b": 2.5}]
    with pytest.raises(ValueError, match="shorter"):
        list(Table(("a", "b"), [(1,)]).records())
