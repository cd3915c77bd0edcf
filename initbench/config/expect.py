"""`expect:` the claims of a config, checked against what its cells will have to show."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ..catalogue.metrics import METRICS, MetricRecord
from ..errors import PluginError
from ..spec import Expectation, GridCell
from ..values import frozen
from .axes import text_of
from .document import Mapping, Node, Sequence, locate, plain
from .evidence import COLUMNS, CURVES, FROM_ACT_Q, FROM_GRAD_Q, TRAINED, Chosen, Grid
from .messages import Findings, refused
from .schema import Expect
from .sweep import pattern

TESTS = ("between", "at_least", "at_most", "equals", "near", "near_theory")


@frozen
class Evidence:
    """What there will be to judge by.

    cells: empty where the grid has problems; what a claim says about cells is then not judged. seeds: how many, 0 where
    that is not known. layers: whether every seed's own rows are kept.
    """

    cells: tuple[GridCell, ...]
    metrics: tuple[str, ...]
    seeds: int
    layers: bool


def read_expectations(root: Mapping, evidence: Evidence, findings: Findings) -> tuple[Expectation, ...]:
    """The claims of a config in the order of the file; what is wrong with them is noted."""
    node = root.get("expect")
    found = []
    names: dict[str, int] = {}
    grid = Grid(evidence.cells)
    for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
        if not isinstance(item, Mapping):
            continue
        try:
            claim = Expect.model_validate(plain(item))
        except ValidationError:
            continue  # the schema's problems are noted already
        reader = _Claim(item, claim, f"expect[{index}]", findings)
        if claim.name in names:
            reader.note("name", f"{claim.name!r} is the name of another claim too (number {names[claim.name] + 1})")
        names.setdefault(claim.name, index)
        expectation = reader.read(grid, evidence)
        if expectation is not None:
            found.append(expectation)
    return tuple(found)


class _Claim:
    """One claim being checked."""

    def __init__(self, item: Mapping, claim: Expect, key: str, findings: Findings) -> None:
        self.item = item
        self.claim = claim
        self.key = key
        self.findings = findings
        self.curve = claim.step is not None and claim.metric in CURVES
        self.column = not self.curve and (claim.metric in COLUMNS or claim.metric in TRAINED)
        self.record: MetricRecord | None = None

    def note(self, field: str, message: str, of_key: bool = False) -> None:
        place, node = locate(self.item, (field,), key=of_key)
        self.findings.add(place, f"{self.key}.{field}" if node is not None else self.key, message)

    def node(self, *path: str | int) -> Node | None:
        return locate(self.item, path)[1]

    def read(self, grid: Grid, evidence: Evidence) -> Expectation | None:
        before = self.findings.noted
        self.metric(evidence.metrics)
        test = self.test()
        if test == "near":
            self.standard_error(evidence.seeds)
        elif test == "near_theory":
            self.predicted()
        if self.claim.over in ("min", "max") and not self.column and self.claim.step is None and not evidence.layers:
            what = f"the {self.claim.over} over seeds needs every seed's rows, which output.layers: false leaves out"
            self.note("over", f"{what}; write output: {{layers: true}}, or over: mean, median or sd")
        chosen = self.where(grid)
        self.layer(chosen)
        self.step(chosen)
        if chosen is not None and (self.curve or self.column):
            self.trained(chosen, grid, evidence.seeds)
        self.gradients(chosen)
        self.published()
        if self.findings.noted > before or test is None:
            return None
        claim, place = self.claim, self.item.place
        return Expectation(
            name=claim.name,
            where=self.pairs(),
            metric=claim.metric if self.record is None else self.record.name,
            layer="last" if claim.layer is None else claim.layer,
            over=claim.over or "mean",
            test=test,
            target=self.target(test),
            refuted=claim.claim == "refuted",
            published=claim.published if claim.published_root is None else claim.published_root,
            of_root=claim.published_root is not None,
            step=claim.step,
            line=place.line,
            column=place.column,
        )

    def metric(self, metrics: tuple[str, ...]) -> None:
        name = self.claim.metric
        if self.column:
            needs = "act_q" if name in FROM_ACT_Q else "grad_q" if name in FROM_GRAD_Q else None
            if needs and metrics and needs not in metrics:
                self.note("metric", f"{name} needs {needs}, which is not measured; add it to metrics")
            return
        if self.curve:
            return
        if name in CURVES:
            self.note("metric", f"{name} has a value for every recorded step; add step: last, first or a number")
            return
        if name not in METRICS:
            known = (*METRICS.names, *COLUMNS, *TRAINED, *CURVES)
            hint = self.findings.hint(name, known)
            what = f"a metric (`initbench list metrics`) or a column of cells.csv: {', '.join(COLUMNS)}"
            self.note("metric", refused(self.node("metric"), what, hint))
            return
        try:
            self.record = METRICS.choose(name)
        except PluginError as error:
            self.note("metric", str(error))
            return
        if not self.record.scalar:
            self.note("metric", f"{name} is not one number a layer and cannot be tested")
        elif metrics and self.record.name not in metrics:
            self.note("metric", f"{name} is not measured; add it to metrics, which has {', '.join(metrics)}")

    def test(self) -> str | None:
        """The one test of the claim, its target checked."""
        tests = [test for test in TESTS if getattr(self.claim, test) is not None]
        if len(tests) != 1:
            has = " and ".join(tests) if tests else "none"
            place = locate(self.item, (tests[1],), key=True)[0] if tests else self.item.place
            self.findings.add(place, self.key, f"exactly one of {', '.join(TESTS)} is needed; here is {has}")
            return None
        test = tests[0]
        if test == "between" and self.claim.between and self.claim.between[0] > self.claim.between[1]:
            self.note(test, refused(self.node(test), "two finite numbers [low, high], low first"))
        self.kind_of_target(test)
        return test

    def kind_of_target(self, test: str) -> None:
        """Texts are tested with equals, numbers with numbers."""
        words = COLUMNS.get(self.claim.metric)
        text = isinstance(self.claim.equals, str)
        if words is None:
            if text:
                self.note(test, refused(self.node(test), f"{self.claim.metric} is a number"))
        elif not text:
            self.note(test, f"{self.claim.metric} is a text, tested with equals: a text", of_key=True)
        elif words and self.claim.equals not in words:
            hint = self.findings.hint(self.claim.equals, words)
            self.note(test, refused(self.node(test), f"{self.claim.metric} is one of {', '.join(words)}", hint))

    def standard_error(self, seeds: int) -> None:
        """`near` measures in standard errors: there must be one."""
        instead = "test it with between: [low, high]"
        if self.column:
            if COLUMNS.get(self.claim.metric) is None:
                self.note("near", f"{self.claim.metric} has no standard error; {instead}", of_key=True)
        elif self.claim.over not in (None, "mean"):
            what = f"the {self.claim.over} over seeds has no standard error, only the mean has"
            self.note("near", f"{what}; leave over out, or {instead}", of_key=True)
        elif seeds == 1:
            self.note("near", f"one seed has no standard error; write seeds: 2 or more, or {instead}", of_key=True)

    def predicted(self) -> None:
        """`near_theory` compares with what theory says of the mean over seeds of a metric at a layer."""
        if self.claim.step is not None:
            self.note("near_theory", "theory predicts networks as they start; leave step out", of_key=True)
        elif self.column:
            if COLUMNS.get(self.claim.metric) is None:
                what = "is no metric of a layer, which is what theory predicts"
                self.note("near_theory", f"{self.claim.metric} {what}; test theory_z, or a metric", of_key=True)
        elif self.claim.over not in (None, "mean"):
            what = f"theory predicts the mean over seeds, not the {self.claim.over}"
            self.note("near_theory", f"{what}; leave over out", of_key=True)

    def where(self, grid: Grid) -> Chosen | None:
        """What there is to know of the cells that the claim is about; None where that cannot be told."""
        holder = self.node("where")
        if not grid.cells:
            return None
        if isinstance(holder, Mapping) and not pattern(holder, f"{self.key}.where", grid.texts, self.findings):
            return None
        chosen = grid.choose(frozenset(self.pairs()))
        if chosen is None:
            self.note("where", "no cell of the grid has all of these values", of_key=True)
        return chosen

    def layer(self, chosen: Chosen | None) -> None:
        layer = self.claim.layer
        if self.column:
            for field in ("layer", "over"):
                if getattr(self.claim, field) is not None:
                    self.note(field, f"{self.claim.metric} has one value for a cell; leave {field} out", of_key=True)
            return
        if self.curve and layer is not None:
            self.note("layer", f"{self.claim.metric} is of the whole network; leave layer out", of_key=True)
        if isinstance(layer, str) or layer is None or chosen is None or self.curve:
            return
        if not 0 <= layer <= chosen.depth:
            what = f"a layer from 0, the input, to {chosen.depth}, the depth of the smallest network meant"
            self.note("layer", refused(self.node("layer"), what))
        elif layer == 0 and self.record is not None and self.record.needs != "activation":
            self.note("layer", f"{self.claim.metric} has no value at layer 0, the input; the first is 1")

    def step(self, chosen: Chosen | None) -> None:
        """A step is one that every cell meant records, or measures."""
        step, trains = self.claim.step, chosen is not None and bool(chosen.measured | chosen.recorded)
        if self.column and step is not None:
            self.note("step", f"{self.claim.metric} has one value for a cell; leave step out", of_key=True)
        elif chosen is not None and not trains and (step is not None or self.claim.metric in TRAINED):
            field = "metric" if step is None else "step"
            self.note(field, "nothing is trained; add a section training: {data: ..., learning_rate: ..., steps: ...}")
        elif chosen is not None and isinstance(step, int):
            steps = sorted(chosen.recorded if self.curve else chosen.measured)
            if step not in steps:
                key = "record_every" if self.curve else "measure_at"
                some = ", ".join(map(str, steps[:8])) + (", ..." if len(steps) > 8 else "")
                self.note("step", refused(self.node("step"), f"one of {some} (training.{key} sets them)"))

    def trained(self, chosen: Chosen, grid: Grid, seeds: int) -> None:
        """An accuracy needs labels; what is told of test examples needs some, and a disagreement two networks."""
        name = self.claim.metric
        if name.endswith("accuracy") and not chosen.labels:
            swept = any(key.startswith("training.data") for key in grid.texts)
            instead = name.replace("accuracy", "loss") + (", or choose cells with where" if swept else "")
            self.note("metric", f"{name} needs labels, and the data has numbers; use {instead}")
        if (name.startswith("test_") or name == "disagreement") and not chosen.tested:
            way = "choose cells with where" if "training.test_fraction" in grid.texts else "raise test_fraction"
            self.note("metric", f"{name} needs test examples, and none are kept; {way}")
        if name == "disagreement" and seeds == 1:
            self.note("metric", "one seed has nothing to disagree with; write seeds: 2 or more")

    def gradients(self, chosen: Chosen | None) -> None:
        name = self.claim.metric
        needs = name in FROM_GRAD_Q or (self.record is not None and self.record.needs == "gradient")
        if needs and self.claim.step is None and chosen is not None and chosen.forward_only:
            self.note(
                "metric",
                f"{name} needs gradients, but gradient.source is none; set it to gaussian, shared or ones",
            )

    def published(self) -> None:
        """A paper gives one number for a value, and none for a text."""
        given = [field for field in ("published", "published_root") if getattr(self.claim, field) is not None]
        if len(given) == 2:
            self.note(given[1], "published is given too; write one of the two", of_key=True)
        elif given and COLUMNS.get(self.claim.metric) is not None:
            self.note(given[0], f"{self.claim.metric} is a text; write it into the claim's name", of_key=True)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        holder = self.node("where")
        entries = holder.entries if isinstance(holder, Mapping) else {}
        return tuple((key, text_of(entry.node)) for key, entry in entries.items())

    def target(self, test: str) -> tuple[float | str, ...]:
        value: Any = getattr(self.claim, test)
        if test == "between":
            return (float(value[0]), float(value[1]))
        if test == "near":
            return (float(value.value), float(value.stderr))
        return (value,) if isinstance(value, str) else (float(value),)
