"""Frozen values: dataclasses that are made in a quarter of the time.

A command makes two hundred of them before it does anything. The standard library writes and compiles five methods for
each, which took a fifth of the whole of a short command; here only `__init__` is written anew, and all share the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

Value = TypeVar("Value")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[Value]) -> type[Value]:
    """What `dataclass(frozen=True)` makes, with its equality, hash and repr: `fields` and `replace` serve it.

    As there, methods that the class has itself are left as they are. Assigning to a field, or deleting one, raises
    FrozenInstanceError.
    """
    made: Any = dataclass(eq=False, repr=False)(cls)
    for name, method in _SHARED.items():
        if vars(cls).get(name) is None:  # a class with an equality of its own has None for a hash
            setattr(made, name, method)
    made.__compared__ = staticmethod(_getter([f.name for f in fields(made) if f.compare]))
    return cls


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _set_once(self: Any, name: str, value: object) -> None:
    """What `__init__` assigns with; nothing is assigned twice."""
    held = vars(self)
    if name in held or name not in self.__dataclass_fields__:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    held[name] = value


def _keep(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _equals(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__compared__(self) == self.__compared__(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__qualname__}({shown})"


_SHARED: dict[str, Callable[..., Any]] = {
    "__setattr__": _set_once,
    "__delattr__": _keep,
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _repr,
}
