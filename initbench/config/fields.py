"""What the models of the schema are made of: fields with words, and the limits that they share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MAX_DEPTH = 100_000
MAX_WIDTH = 10_000_000

ONE, EACH = "<one>", "<each>"  # the two shapes of a field that takes one value or a list of them


def shape(value: Any) -> str:
    """Which of the two a value has."""
    return EACH if isinstance(value, list) else ONE


def setting(default: Any, allowed: str, meaning: str, each: str = "", **limits: Any) -> Any:
    """A field: what it and each entry of its list take (for messages), what it means (for editors)."""
    return Field(
        default,
        description=meaning,
        json_schema_extra={"allowed": allowed, "each": each or allowed},
        **limits,
    )


class Strict(BaseModel):
    """No conversions, no unknown keys, no changes. Built when first asked: most are only parts of another."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


Width = Annotated[int, Field(ge=1, le=MAX_WIDTH)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
