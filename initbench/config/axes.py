"""Axes of a grid: lists of values, and the generators linspace, logspace and range.

Generated values are computed exactly, from the decimals that were written, and rounded once: linspace
[0, 1, 11] has 0.3, not 0.30000000000000004, with the same bytes on every machine. How many there are is
known before any is made.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from fractions import Fraction

from ..values import frozen
from .document import Mapping, Node, Place, Scalar, Sequence, plain
from .messages import Findings, refused

GENERATORS = ("linspace", "logspace", "range")
ALLOWED = (
    "a list of values, {linspace: [first, last, count]}, {logspace: [first exponent, last exponent, count]} "
    "or {range: [start, stop]} or {range: [start, stop, step]}, stop left out"
)


@frozen
class Axis:
    """A swept key. values() makes the nodes; `count` costs nothing. place is the key's."""

    key: str
    place: Place
    count: int
    values: Callable[[], tuple[Node, ...]]


def read_axis(key: str, place: Place, node: Node, shown_key: str, findings: Findings) -> Axis | None:
    """The axis of a key and what stands under it; None with the problem noted."""
    if isinstance(node, Sequence):
        if node.items:
            return Axis(key, place, len(node.items), lambda: node.items)
        findings.add(node.place, shown_key, refused(node, "at least one value"))
        return None
    if isinstance(node, Mapping) and len(node.entries) == 1:
        (name, entry), *_ = node.entries.items()
        if name in GENERATORS:
            return _generated(key, place, name, entry.node, shown_key, findings)
        hint = findings.hint(name, GENERATORS)
    else:
        hint = f"; write [{node.text}]" if isinstance(node, Scalar) and len(node.text) < 40 else ""
    findings.add(node.place, shown_key, refused(node, ALLOWED, hint))
    return None


def _generated(key: str, place: Place, name: str, node: Node, shown_key: str, findings: Findings) -> Axis | None:
    numbers = plain(node)
    lengths = (2, 3) if name == "range" else (3,)
    if not isinstance(numbers, list) or len(numbers) not in lengths or not all(map(_number, numbers)):
        what = "two or three finite numbers" if name == "range" else "two finite numbers and a count"
        findings.add(node.place, f"{shown_key}.{name}", refused(node, f"{what}, as in {ALLOWED}"))
        return None
    if name == "range":
        return _range(key, place, node, numbers, f"{shown_key}.{name}", findings)
    first, last, count = numbers
    if not isinstance(count, int) or count < 1:
        findings.add(node.place, f"{shown_key}.{name}", refused(node, "the count is an integer of at least 1"))
        return None
    if name == "logspace" and max(abs(first), abs(last)) > 300:
        findings.add(node.place, f"{shown_key}.{name}", refused(node, "exponents from -300 to 300"))
        return None
    return Axis(key, place, count, lambda: _spaced(node.place, first, last, count, logarithmic=name == "logspace"))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _exact(number: float) -> Fraction:
    return Fraction(repr(number))


def _node(place: Place, value: Fraction, whole: bool) -> Scalar:
    number = int(value) if whole and value.denominator == 1 else float(value)
    return Scalar(place, number, repr(number))


def _range(key: str, place: Place, node: Node, numbers: list[float], shown_key: str, findings: Findings) -> Axis | None:
    start, stop, step = (_exact(number) for number in (*numbers, 1)[:3])
    count = math.ceil((stop - start) / step) if step else 0
    if count < 1:
        findings.add(node.place, shown_key, refused(node, "a range with at least one value; stop itself is left out"))
        return None
    whole = all(isinstance(number, int) for number in numbers)
    return Axis(key, place, count, lambda: tuple(_node(node.place, start + i * step, whole) for i in range(count)))


def _spaced(place: Place, first: float, last: float, count: int, *, logarithmic: bool) -> tuple[Node, ...]:
    """`count` numbers from first to last, both included; integers stay integers where they can."""
    low, high = _exact(first), _exact(last)
    whole = isinstance(first, int) and isinstance(last, int)
    steps = (low + (high - low) * i / (count - 1) if count > 1 else low for i in range(count))
    if not logarithmic:
        return tuple(_node(place, value, whole) for value in steps)
    return tuple(_power_of_ten(place, value, whole) for value in steps)


def _power_of_ten(place: Place, exponent: Fraction, whole: bool) -> Scalar:
    if exponent.denominator == 1 and abs(exponent) <= 22:
        return _node(place, Fraction(10) ** int(exponent), whole)
    context = decimal.Context(prec=40)  # the C library's pow differs by platform; forty digits, rounded once, do not
    power = context.power(10, context.divide(exponent.numerator, exponent.denominator))
    return Scalar(place, float(power), repr(float(power)))


def text_of(node: Node) -> str:
    """A value as tables write it: true, 0.05, he_normal, normal(stddev=0.01), [a, b]."""
    if isinstance(node, Sequence):
        return f"[{', '.join(map(text_of, node.items))}]"
    if isinstance(node, Mapping):
        name = node.get("name")
        rest = [f"{key}={text_of(entry.node)}" for key, entry in node.entries.items() if key != "name" or name is None]
        head = text_of(name) if name is not None else ""
        return f"{head}({', '.join(rest)})" if rest or not head else head
    return text_of_value(node.value)


def text_of_value(value: object) -> str:
    """A plain value as tables write it; numbers that are equal have one text."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)
