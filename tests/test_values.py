"""Frozen values, beside what the standard library makes of the same class."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import pytest

from initbench.values import frozen


def standard(cls: type[Any]) -> type[Any]:
    return dataclass(frozen=True)(cls)


def classes(make: Callable[[type[Any]], type[Any]]) -> dict[str, type[Any]]:
    """The same classes, made by one or the other."""

    @make
    class Empty:
        """No field."""

    @make
    class One:
        """A field, which may be an array."""

        a: Any

    @make
    class Some:
        """Defaults, and what is left out of comparisons and of what is shown."""

        a: int
        b: tuple[int, ...] = (1, 2)
        c: Any = field(default_factory=lambda: "c", compare=False)
        d: str = field(default="d", repr=False)

        @cached_property
        def twice(self) -> int:
            return 2 * self.a

    @make
    class More(Some):
        """One more field than another."""

        e: float = 0.5

    @make
    class Own:
        """With an equality and a repr of its own."""

        a: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    return {made.__name__: made for made in (Empty, One, Some, More, Own)}


OURS, THEIRS = classes(frozen), classes(standard)
EXAMPLES = [
    ("Empty", [((), {}), ((), {})]),
    ("One", [((1,), {}), ((2,), {}), ((1.0,), {}), ((float("nan"),), {})]),
    ("Some", [((1,), {}), ((1,), {"c": 3}), ((1,), {"d": "e"}), ((2,), {"b": ()})]),
    ("More", [((1,), {}), ((1,), {"e": 2.0})]),
    ("Own", [((1,), {}), ((2,), {})]),
]


@pytest.mark.parametrize(("name", "arguments"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_they_are_what_the_standard_library_makes(name: str, arguments: list[Any]) -> None:
    ours, theirs = ([made[name](*words, **keys) for words, keys in arguments] for made in (OURS, THEIRS))
    assert [repr(value) for value in ours] == [repr(value) for value in theirs]
    assert [hash(value) for value in ours] == [hash(value) for value in theirs]
    assert [[a == b for a in ours] for b in ours] == [[a == b for a in theirs] for b in theirs]
    assert [asdict(value) for value in ours] == [asdict(value) for value in theirs]
    assert [f.name for f in fields(ours[0])] == [f.name for f in fields(theirs[0])]
    assert OURS[name].__match_args__ == THEIRS[name].__match_args__
    assert OURS[name].__doc__ == THEIRS[name].__doc__


def test_values_of_two_classes_are_two() -> None:
    assert OURS["Some"](1) != OURS["More"](1)
    assert OURS["One"](1) != THEIRS["One"](1)


def test_an_array_is_equal_to_itself() -> None:
    import numpy as np

    array = np.arange(3.0)
    assert OURS["One"](array) == OURS["One"](array)


@pytest.mark.parametrize("name", ["a", "twice", "other"])
def test_nothing_is_assigned_or_deleted(name: str) -> None:
    value = OURS["Some"](3)
    for change in (lambda: setattr(value, name, 4), lambda: delattr(value, name)):
        with pytest.raises(FrozenInstanceError, match=name):
            change()
    assert (value.a, value.twice) == (3, 6)


def test_wrong_arguments_are_refused_and_replaced_ones_made_anew() -> None:
    made = OURS["Some"]
    with pytest.raises(TypeError):
        made()
    with pytest.raises(TypeError):
        made(1, other=2)
    value = made(3)
    assert value.twice == 6
    assert replace(value, a=4).twice == 8
    assert value.a == 3


@frozen
class Kept:
    """At the top of a module, where pickle finds it."""

    a: int
    b: str = "b"


def test_they_are_pickled_and_copied() -> None:
    value = Kept(1)
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert other == value
        with pytest.raises(FrozenInstanceError):
            other.a = 2


def test_what_cannot_be_hashed_says_so() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(OURS["One"]([1]))
