"""The grid: which points a config's sweep comes to, counted before any is made.

Grid keys and zips are dimensions, in the order of the file, grid first; the last one runs fastest. Points
that `exclude` describes are dropped, those of `include` are added at the end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from .axes import Axis, read_axis, text_of
from .document import Entry, Mapping, Node, Place, Sequence, locate
from .messages import Findings, refused, shorten
from .overrides import axis_name
from .schema import MAX_CELLS, Sweep
from .settings import KEYS, NO_SCIENCE, SECTIONS, TRAINING, Point, Settings, split, suggest

MAX_EXCLUDED_KEYSETS = 50  # different sets of keys in exclude: each costs time at each point

Texts = dict[str, dict[str, None]]
"""The values, as text, that each swept key takes."""


@dataclass
class Plan:
    """A sweep, understood. dimensions: axes that run together; include: extra points; keys: all swept keys.

    count: points before exclude. whole: whether all of it could be read.
    """

    dimensions: list[tuple[Axis, ...]] = field(default_factory=list)
    exclude: dict[tuple[str, ...], set[tuple[str, ...]]] = field(default_factory=dict)
    include: list[Point] = field(default_factory=list)
    max_runs: int = 10_000
    whole: bool = True

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes of grid and zip by key, in order."""
        return {axis.key: axis for dimension in self.dimensions for axis in dimension}

    @property
    def keys(self) -> tuple[str, ...]:
        """Every swept key, those of grid and zip first."""
        keys = dict.fromkeys(self.axes)
        for point in self.include:
            keys.update(dict.fromkeys(point))
        return tuple(keys)

    @property
    def count(self) -> int:
        grid = math.prod(dimension[0].count for dimension in self.dimensions)
        return grid + len(self.include)

    def points(self) -> Iterator[Point]:
        """The points of grid and zip that no exclude describes, then include's; one if nothing is swept."""
        rows = [list(zip(*(axis.values() for axis in dimension), strict=True)) for dimension in self.dimensions]
        keys = [axis.key for dimension in self.dimensions for axis in dimension]
        texts: dict[Node, str] = {}
        for combination in itertools.product(*rows):
            point = dict(zip(keys, itertools.chain.from_iterable(combination), strict=True))
            if not any(
                tuple(cached_text(point[key], texts) for key in keyset) in unwanted
                for keyset, unwanted in self.exclude.items()
            ):
                yield point
        yield from self.include


def cached_text(node: Node, texts: dict[Node, str]) -> str:
    """text_of, once for each node."""
    if node not in texts:
        texts[node] = text_of(node)
    return texts[node]


def swept_keys(root: Mapping) -> frozenset[str]:
    """The keys that stand in grid and zip, read leniently: they need not be given anywhere else."""
    found: set[str] = set()
    _, grid = locate(root, ("sweep", "grid"))
    _, zips = locate(root, ("sweep", "zip"))
    for holder in (grid, *(zips.items if isinstance(zips, Sequence) else ())):
        if isinstance(holder, Mapping):
            found.update(holder.entries)
    return frozenset(found)


def read_plan(root: Mapping, settings: Settings, findings: Findings) -> Plan:
    """The plan of a config's sweep, with every problem of its keys and values noted."""
    plan = Plan()
    sweep = root.get("sweep")
    if not isinstance(sweep, Mapping):
        return plan
    before = findings.noted
    reader = _Reader(plan, settings, findings)
    limit = sweep.get("max_runs")
    plan.max_runs = reader.limit(limit)
    reader.grid(sweep.get("grid"))
    reader.zips(sweep.get("zip"))
    reader.values()
    reader.includes(sweep.get("include"))
    reader.excludes(sweep.get("exclude"))
    reader.bound(limit or sweep.get("grid") or sweep)
    plan.whole = findings.noted == before
    return plan


class _Reader:
    """Fills a plan. Shapes that the schema has already refused are passed over."""

    def __init__(self, plan: Plan, settings: Settings, findings: Findings) -> None:
        self.plan = plan
        self.settings = settings
        self.findings = findings
        self.places = settings.places

    def limit(self, node: Node | None) -> int:
        value = getattr(node, "value", None)
        default: int = Sweep.model_fields["max_runs"].default
        return value if type(value) is int and 1 <= value <= MAX_CELLS else default

    def grid(self, node: Node | None) -> None:
        for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
            axis = self.axis(key, entry, axis_name(key, entry.place))
            if axis is not None:
                self.plan.dimensions.append((axis,))

    def zips(self, node: Node | None) -> None:
        for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
            if not isinstance(item, Mapping):
                continue
            name = f"sweep.zip[{index}]"
            axes = [self.axis(key, entry, f"{name}.{key}") for key, entry in item.entries.items()]
            good = tuple(axis for axis in axes if axis is not None)
            if not item.entries:
                self.findings.add(item.place, name, refused(item, "at least one dotted key with a list"))
            elif len({axis.count for axis in good}) > 1:
                counts = ", ".join(f"{axis.key} has {axis.count}" for axis in good)
                self.findings.add(item.place, name, f"the lists of a zip are equally long; here {counts}")
            elif good:
                self.plan.dimensions.append(good)

    def axis(self, key: str, entry: Entry, name: str) -> Axis | None:
        if not self.key(key, entry.place, name):
            return None
        if key in self.places:
            self.findings.add(entry.place, name, f"{key} is swept twice{_since(self.places[key])}")
            return None
        self.places[key] = entry.place
        return read_axis(key, entry.place, entry.node, name, self.findings)

    def key(self, key: str, place: Place, name: str) -> bool:
        """Whether a dotted key can be swept."""
        if split(key) is not None and (self.settings.trains or not key.startswith(TRAINING)):
            return True
        if key.split(".")[0] in NO_SCIENCE:
            what = f"{key} is no setting of a network and cannot be swept; what can: {', '.join(KEYS)}"
        elif split(key) is not None:
            what = f"{key} needs a section training: {{data: ..., learning_rate: ..., steps: ...}}"
        elif key in SECTIONS:
            inner = ", ".join(known for known in KEYS if known.startswith(f"{key}."))
            what = f"{key} cannot be swept as a whole; sweep {inner}"
        else:
            what = f"unknown key{suggest(key, self.findings)} (what can be swept: {', '.join(KEYS)})"
        self.findings.add(place, name, what)
        return False

    def values(self) -> None:
        """Check each value by itself; tables tell values apart by their texts, so these must differ."""
        if self.plan.count > self.plan.max_runs:
            return
        for axis in self.plan.axes.values():
            seen: dict[str, Node] = {}
            for node in axis.values():
                text = text_of(node)
                if text in seen:
                    self.findings.add(
                        node.place,
                        axis.key,
                        f"{text} stands twice among the values of {axis.key}{_since(seen[text].place)}",
                    )
                seen.setdefault(text, node)
                if axis.key in KEYS and not self.deeper(axis.key):
                    self.settings.value(axis.key, node)

    def deeper(self, key: str) -> bool:
        """Whether a parameter of this setting is swept too: the setting alone may be incomplete then."""
        return any(other.startswith(f"{key}.") for other in self.plan.axes)

    def includes(self, node: Node | None) -> None:
        for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
            name = f"sweep.include[{index}]"
            if not isinstance(item, Mapping):
                continue
            if not item.entries:
                self.findings.add(item.place, name, refused(item, "at least one dotted key with a value"))
                continue
            point = {}
            for key, entry in item.entries.items():
                if self.key(key, entry.place, f"{name}.{key}"):
                    point[key] = entry.node
            self.plan.include.append(point)

    def excludes(self, node: Node | None) -> None:
        if self.plan.count > self.plan.max_runs:
            return
        axes = self.plan.axes.values()
        texts = {axis.key: dict.fromkeys(map(text_of, axis.values())) for axis in axes}
        for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
            name = f"sweep.exclude[{index}]"
            if not isinstance(item, Mapping):
                continue
            if not item.entries:
                self.findings.add(item.place, name, refused(item, "at least one swept key with a value"))
            elif pattern(item, name, texts, self.findings):
                keyset = tuple(sorted(item.entries))
                unwanted = self.plan.exclude.setdefault(keyset, set())
                unwanted.add(tuple(text_of(item.entries[key].node) for key in keyset))
        if isinstance(node, Sequence) and len(self.plan.exclude) > MAX_EXCLUDED_KEYSETS:
            what = f"more than {MAX_EXCLUDED_KEYSETS} different sets of keys to exclude by"
            self.findings.add(node.place, "sweep.exclude", what)

    def bound(self, node: Node) -> None:
        count = self.plan.count
        if count > self.plan.max_runs:
            number = str(count) if count < 10**15 else f"about 1e{len(str(count)) - 1}"
            raise_it = f"; raise sweep.max_runs, at most {MAX_CELLS}" if count <= MAX_CELLS else ""
            what = f"the sweep has {number} points, sweep.max_runs is {self.plan.max_runs}{raise_it}"
            self.findings.add(node.place, "sweep", what)


def pattern(item: Mapping, name: str, texts: Texts, findings: Findings) -> bool:
    """Whether every key of {key: value} is swept and has that value; problems are noted."""
    before = findings.noted
    for key, entry in item.entries.items():
        if key not in texts:
            tails = [known for known in texts if known.endswith(f".{key}")]
            hint = f"; did you mean {tails[0]!r}?" if tails else "" if split(key) else findings.hint(key, texts)
            swept = f"swept are {', '.join(texts)}" if texts else "nothing is swept"
            findings.add(entry.place, f"{name}.{key}", f"{key} is not swept{hint} ({swept})")
        elif (text := text_of(entry.node)) not in texts[key]:
            values = ", ".join([*itertools.islice(texts[key], 8), *(["..."] if len(texts[key]) > 8 else [])])
            allowed = f"{key} takes the values {shorten(values, 200)}"
            findings.add(
                entry.node.place,
                f"{name}.{key}",
                refused(entry.node, allowed, findings.hint(text, texts[key])),
            )
    return findings.noted == before


def _since(place: Place) -> str:
    return f" (first on line {place.line})" if place.line else ""
