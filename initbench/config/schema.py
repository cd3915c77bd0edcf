"""The fixed part of a config as pydantic models: keys, types, limits and defaults, with words for each.

What a name means (activations, initializers, inputs, metrics) is the catalogue's to say, so those fields take
anything here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from .fields import EACH, MAX_DEPTH, MAX_WIDTH, ONE, Finite, Strict, Width, setting, shape
from .schema_training import Training

MAX_SEEDS = 1_000_000
MAX_CELLS = 1_000_000
MAX_LAYERS = 5_000_000
"""Weight layers of all the grid's networks together."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
"""No control characters and no end of a line: what stands first in a line may be a command to whoever reads a log."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
_SHARE: dict[str, Any] = {"gt": 0, "le": 1}


class Network(Strict):
    """The network: `depth` weight layers, each z = h W + b, h = phi(z)."""

    depth: int = setting(..., f"an integer from 1 to {MAX_DEPTH}", "How many weight layers.", ge=1, le=MAX_DEPTH)
    width: Annotated[Annotated[Width, Tag(ONE)] | Annotated[list[Width], Tag(EACH)], Discriminator(shape)] = setting(
        ...,
        f"an integer from 1 to {MAX_WIDTH}, or a list of network.depth of them",
        "Units of every layer, or a list of `depth` widths.",
        each=f"an integer from 1 to {MAX_WIDTH}",
    )
    activation: Any = setting(
        ...,
        "the name of an activation, {name: ..., its parameters}, or a list of network.depth of those",
        "phi: a name, {name, parameters}, or a list of `depth` of those.",
    )
    initializer: Any = setting(
        ...,
        "the name of an initializer, {name: ..., its parameters}, or a list of network.depth of those",
        "What weights are drawn from: a name, {name, parameters}, or a list of `depth` of those.",
    )
    bias: Any = setting(
        "zeros",
        "the name of an initializer, {name: ..., its parameters}, a list of network.depth of those, or none",
        "What biases are drawn from, with their layer's fans: an initializer, a list of them, or none.",
    )


class Input(Strict):
    """What is fed to the networks."""

    distribution: Any = setting(
        "gaussian",
        "the name of an input distribution, or {name: ..., its parameters}",
        "A name or {name, parameters}; data files are found from the config's folder.",
    )
    features: int | None = setting(
        None,
        f"an integer from 1 to {MAX_WIDTH}, or null for the data's columns or the first width",
        "Numbers in one input; by default the data's columns, or the first width.",
        ge=1,
        le=MAX_WIDTH,
    )
    batch_size: int = setting(
        64, f"an integer from 1 to {MAX_WIDTH}", "Inputs fed to each network.", ge=1, le=MAX_WIDTH
    )
    resample: bool = setting(
        True, "true or false", "true: every seed draws its own inputs; false: all share one batch."
    )


class Gradient(Strict):
    """What is sent back from the last layer."""

    source: Literal["gaussian", "shared", "ones", "none"] = setting(
        "gaussian",
        "one of gaussian, shared, ones, none",
        "dL/dh of the last layer: gaussian, shared (one for all inputs), ones, or none = forward only.",
    )


class Verdict(Strict):
    """What counts as vanishing, exploding, saturated and dead."""

    factor: Finite = setting(
        100.0, "a finite number > 1", "Change over the depth that counts as vanishing or exploding.", gt=1
    )
    saturated: Finite = setting(0.5, "a number > 0 and <= 1", "Share of saturated entries that counts.", **_SHARE)
    dead: Finite = setting(0.5, "a number > 0 and <= 1", "Share of dead units that counts.", **_SHARE)


class Output(Strict):
    """What is written."""

    layers: bool = setting(True, "true or false", "false leaves the raw (seed, layer) rows out.")


class Sweep(Strict):
    """The grid: every combination of `grid` and `zip`, less `exclude`, plus `include`."""

    grid: dict[str, Any] = setting(
        {},
        "a mapping of dotted keys to lists, such as {network.depth: [10, 50]}",
        "Dotted keys and their values; the full product, the last key fastest.",
    )
    zip: list[dict[str, Any]] = setting(
        [],
        "a list of mappings of dotted keys to lists, as in [{network.depth: [9, 50], network.width: [8, 4]}]",
        "Each mapping walks its equally long lists together, as one axis.",
        each="a mapping of dotted keys to lists of the same length",
    )
    exclude: list[dict[str, Any]] = setting(
        [],
        "a list of mappings of swept keys to values, such as [{network.depth: 50}]",
        "Points that have all the values of one of these mappings are left out.",
        each="a mapping of swept keys to values",
    )
    include: list[dict[str, Any]] = setting(
        [],
        "a list of mappings of dotted keys to values, such as [{network.depth: 100}]",
        "Extra points; keys that are left out keep the config's own value.",
        each="a mapping of dotted keys to values",
    )
    max_runs: int = setting(
        10_000,
        f"an integer from 1 to {MAX_CELLS}",
        "The most points that the grid may have.",
        ge=1,
        le=MAX_CELLS,
    )


class Near(Strict):
    """Within `stderr` standard errors of `value`."""

    value: Finite = setting(..., "a finite number", "The value to be near to.")
    stderr: Finite = setting(..., "a finite number > 0", "How many standard errors away is near enough.", gt=0)


class Expect(Strict):
    """One claim about the results, judged by `check`."""

    name: str = setting(
        ...,
        "a text of 1 to 200 characters in one line",
        "What is claimed.",
        min_length=1,
        max_length=200,
        pattern=ONE_LINE,
    )
    where: dict[str, Any] = setting(
        {},
        "a mapping of swept keys to values, such as {network.depth: 50}",
        "Which cells; all if left out.",
    )
    metric: str = setting(..., "a text: a metric or a column of cells.csv", "A metric or a column of cells.csv.")
    layer: int | Literal["first", "last", "all"] | None = setting(
        None, "a layer's number, first, last or all", "Which layer; last if left out."
    )
    step: int | Literal["first", "last"] | None = setting(
        None, "a step's number, first or last", "Which step of training; if left out, the network as it starts."
    )
    over: Literal["mean", "median", "min", "max", "sd"] | None = setting(
        None, "one of mean, median, min, max, sd", "What is taken over the seeds; the mean if left out."
    )
    between: list[Finite] | None = setting(
        None,
        "two finite numbers [low, high], low first",
        "The value lies in [low, high].",
        each="a finite number",
        min_length=2,
        max_length=2,
    )
    at_least: Finite | None = setting(None, "a finite number", "The value is this or more.")
    at_most: Finite | None = setting(None, "a finite number", "The value is this or less.")
    equals: Finite | str | None = setting(None, "a finite number or a text", "The value is exactly this.")
    near: Near | None = setting(
        None, "a mapping {value: ..., stderr: ...}", "The value is within some standard errors of a number."
    )
    near_theory: Finite | None = setting(
        None, "a finite number > 0", "The mean is within so many standard errors of what theory predicts.", gt=0
    )
    claim: Literal["refuted"] | None = setting(
        None, "refuted", "`refuted`: a popular claim that is shown here to fail."
    )
    published: Finite | None = setting(
        None, "a finite number", "What a paper gives for this value, shown beside it by `initbench papers`."
    )
    published_root: Finite | None = setting(
        None,
        "a finite number >= 0",
        "The same where the paper gives the square root of the metric, such as a standard deviation.",
        ge=0,
    )


class Config(Strict):
    """A whole config."""

    name: str | None = setting(
        None,
        "a text of 1 to 100 letters, digits and . _ -, the first a letter or a digit",
        "Names the results folder; the file's name if left out.",
        pattern=NAME,
    )
    description: str | None = setting(None, "a text", "Free text.")
    network: Network = setting(
        ..., "a mapping with depth, width, activation and initializer", "The network that is measured."
    )
    input: Input = setting(
        Input(), "a mapping such as {distribution: gaussian, batch_size: 64}", "What is fed to the networks."
    )
    gradient: Gradient = setting(
        Gradient(), "a mapping such as {source: gaussian}", "What is sent back from the last layer."
    )
    seeds: Annotated[
        Annotated[int, Field(ge=1, le=MAX_SEEDS), Tag(ONE)]
        | Annotated[list[Seed], Field(min_length=1, max_length=MAX_SEEDS), Tag(EACH)],
        Discriminator(shape),
    ] = setting(
        32,
        f"how many networks, an integer from 1 to {MAX_SEEDS}, or a list of different seed numbers",
        "How many networks, or a list of seed numbers.",
        each="an integer from 0 to 4294967295",
    )
    root_seed: int = setting(0, "an integer from 0 to 2**128 - 1", "The root of every random stream.", ge=0, lt=2**128)
    dtype: Literal["float32", "float64"] = setting("float32", "one of float32, float64", "What is computed in.")
    engine: Literal["auto", "dense", "implicit"] = setting(
        "auto", "one of auto, dense, implicit", "How networks are measured: with their matrices drawn, or without."
    )
    metrics: Annotated[
        Annotated[Literal["default"], Tag(ONE)] | Annotated[list[str], Field(min_length=1), Tag(EACH)],
        Discriminator(shape),
    ] = setting(
        "default",
        "default, or a list of at least one metric (`initbench list metrics` shows all)",
        "`default`, or a list of names.",
        each="a text: the name of a metric",
    )
    verdict: Verdict = setting(Verdict(), "a mapping such as {factor: 100}", "What counts as a fault.")
    output: Output = setting(Output(), "a mapping such as {layers: true}", "What is written.")
    sweep: Sweep | None = setting(None, "a mapping such as {grid: {network.depth: [10, 50]}}", "The grid of settings.")
    expect: list[Expect] | None = setting(
        None,
        "a list of claims, each a mapping",
        "Claims about the results, judged by `check`.",
        each="a mapping with name, metric and one test",
    )
    training: Training | None = setting(
        None,
        "a mapping such as {data: gaussian_classes, learning_rate: 0.1, steps: 1000}, or null",
        "How the networks are trained; null: they are measured as they start, and no more.",
    )
