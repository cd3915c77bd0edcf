"""A document against the schema: every problem of its fixed part, in words and at its place."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .document import Mapping, Node, Path, Scalar, locate, name_path, plain
from .fields import EACH, ONE, Strict
from .messages import Findings, refused
from .schema import Config, Network
from .schema_training import Training

# What the sweep gives may be missing elsewhere; here it is something that holds.
_STAND_INS: dict[str, tuple[type[Strict], Any]] = {"network": (Network, 1), "training": (Training, 1)}


def check(root: Mapping, findings: Findings, swept: Container[str] = ()) -> Config | None:
    """The config's fixed part, None where it does not hold. What is wrong goes to the findings.

    swept: keys that the sweep gives, which may be missing elsewhere.
    """
    values = plain(root)
    for name, (model, value) in _STAND_INS.items():
        section = values.get(name)
        for key, info in model.model_fields.items() if isinstance(section, dict) else ():
            if info.is_required() and f"{name}.{key}" in swept:
                section.setdefault(key, value)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        report(error, root, findings)
    return None


def report(
    error: ValidationError,
    root: Node,
    findings: Findings,
    model: type[Strict] = Config,
    prefix: Path = (),
) -> None:
    """Turn pydantic's errors into problems at the places of what they are about."""
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        path = tuple(part for part in detail["loc"] if part not in (ONE, EACH))
        _note(detail["type"], path, root, findings, model, prefix)
        if findings.full:
            break


def _note(
    kind: str,
    path: Path,
    root: Node,
    findings: Findings,
    model: type[Strict],
    prefix: Path,
) -> None:
    key = name_path((*prefix, *path))
    info, owner, rest = _field(model, path)
    if kind == "missing":
        if info is not None:
            place, _ = locate(root, path[:-1], key=True)
            findings.add(place, key, f"missing; needed is {_words(info)[0]}")
        return
    place, node = locate(root, path)
    if kind == "extra_forbidden":
        place, _ = locate(root, path, key=True)
        takes = list(owner.model_fields)
        hint = findings.hint(path[-1], takes)
        where = name_path((*prefix, *path[:-1])) or "a config"
        findings.add(place, key, f"unknown key{hint} ({where} takes {', '.join(takes)})")
        return
    while node is None and path:  # pydantic names the branch of a union that it tried: the value stands above it
        path = path[:-1]
        key = name_path((*prefix, *path))
        place, node = locate(root, path)
    if info is None:
        findings.add(place, key, refused(node, "another value"))
        return
    allowed = _words(info)[1 if rest and isinstance(path[-1], int) else 0]
    word = node.value if isinstance(node, Scalar) else None
    findings.add(place, key, refused(node, allowed, findings.hint(word, _choices(info.annotation))))


def _field(model: type[BaseModel], path: Path) -> tuple[FieldInfo | None, type[BaseModel], Path]:
    """The innermost field on a path, the model that owns the last key, and what of the path is left."""
    info: FieldInfo | None = None
    for position, part in enumerate(path):
        if isinstance(part, int):
            continue
        found = model.model_fields.get(part)
        if found is None:
            return info, model, path[position:]
        info = found
        inner = _inner(found.annotation)
        if inner is None:
            return info, model, path[position + 1 :]
        model = inner
    return info, model, path[-1:] if path and isinstance(path[-1], int) else ()


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, itself, optionally or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        inner = _inner(argument)
        if inner is not None:
            return inner
    return None


def _choices(annotation: Any) -> tuple[str, ...]:
    """The texts that an annotation's Literals name."""
    found = [argument for argument in get_args(annotation) if isinstance(argument, str)]
    for argument in get_args(annotation):
        if not isinstance(argument, str):
            found.extend(_choices(argument))
    return tuple(word for word in found if word not in (ONE, EACH))


def _words(info: FieldInfo) -> tuple[str, str]:
    extra = info.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["allowed"]), str(extra["each"])
