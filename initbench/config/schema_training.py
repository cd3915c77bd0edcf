"""The `training:` section."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from .fields import EACH, MAX_WIDTH, ONE, Finite, Strict, setting, shape

MAX_STEPS = 10_000_000
MAX_RATES = 100
MAX_MEASURED = 1000
_STEP = f"an integer from 0 to {MAX_STEPS}"
_RATE = "a finite number > 0"

Rate = Annotated[Finite, Field(gt=0)]
Step = Annotated[int, Field(ge=0, le=MAX_STEPS)]


class Readout(Strict):
    """The linear layer from the last layer to the outputs."""

    initializer: Any = setting(
        "lecun_normal",
        "the name of an initializer, or {name: ..., its parameters}",
        "What its weights are drawn from; its biases start at 0.",
    )


class Training(Strict):
    """How the networks are trained."""

    data: Any = setting(
        ...,
        "the name of a data set, or {name: ..., its parameters}",
        "What is learnt: a name or {name, parameters}.",
    )
    learning_rate: Annotated[
        Annotated[Rate, Tag(ONE)] | Annotated[list[Rate], Field(min_length=1, max_length=MAX_RATES), Tag(EACH)],
        Discriminator(shape),
    ] = setting(
        ...,
        f"a finite number > 0, or a list of at most {MAX_RATES} of them to search",
        "A number, or a list: all are tried, and the one with the smallest final loss is kept.",
        each=_RATE,
    )
    steps: int | None = setting(
        None, f"an integer from 1 to {MAX_STEPS}, or null", "How many updates; or give epochs.", ge=1, le=MAX_STEPS
    )
    epochs: int | None = setting(
        None,
        f"an integer from 1 to {MAX_STEPS}, or null",
        "How often all examples are seen; or give steps.",
        ge=1,
        le=MAX_STEPS,
    )
    batch_size: int = setting(64, f"an integer from 1 to {MAX_WIDTH}", "Examples in one step.", ge=1, le=MAX_WIDTH)
    optimizer: Any = setting(
        "sgd",
        "the name of an optimizer, or {name: ..., its parameters}",
        "sgd, momentum or adam; a name or {name, parameters}.",
    )
    loss: Any = setting("cross_entropy", "the name of a loss", "cross_entropy or mean_squared_error.")
    test_fraction: Finite = setting(
        0.2, "a number >= 0 and < 1", "Share of the examples that is kept for testing.", ge=0, lt=1
    )
    readout: Readout = setting(
        Readout(), "a mapping such as {initializer: zeros}", "The linear layer from the last layer to the outputs."
    )
    measure_at: Annotated[list[Step], Field(min_length=1, max_length=MAX_MEASURED)] | None = setting(
        None,
        "a list of steps, such as [0, 10, 100], or null for 0, the powers of ten and the last",
        "The steps at which every layer is measured; 0 is before the first update.",
        each=_STEP,
    )
    record_every: int | None = setting(
        None,
        f"an integer from 1 to {MAX_STEPS}, or null for about 100 rows",
        "Steps between two rows of training.csv.",
        ge=1,
        le=MAX_STEPS,
    )
