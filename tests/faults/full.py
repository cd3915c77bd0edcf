"""The full figures of reliability, as a table in Markdown:

    python tests/faults/full.py [--share 0.02] [--only WORD...] [--counts FILE] [--hours 2]

Everything as often as GOALS say, two tests side by side: an hour and a half on two idle cores. It may be stopped at any
time: what was counted stands in a file, and the same command goes on from there for as long as the program is the same.
With --hours, a sweep that goes on for that long and nothing else. Exit 1 where anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from goals import GOALS, HOURS, ONCE, OTHERS, WHAT, Goal
from long_load import long_load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
ELSEWHERE = ("lab/test_cluster.py", "plugins/test_plugin_faults.py", "config/test_config_fuzz.py")
"""What is tested of faults beside their own room."""


@dataclass(frozen=True)
class Item:
    """Tests that one process of pytest runs, and how often it tries each."""

    nodes: tuple[str, ...]
    goal: Goal
    times: int


@dataclass(frozen=True)
class Count:
    """What came of a test. program: the tree of the source that was tested; ended: by the clock, to tell what else went
    on then; fault: the line that says what failed."""

    program: str
    node: str
    tries: int
    status: str
    ended: str
    fault: str = ""


def main() -> int:
    """Run what is still to be counted, print the table; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="of the goals")
    parser.add_argument("--only", nargs="+", default=[""], help="tests that have one of these words in their names")
    parser.add_argument("--counts", type=Path, default=Path("fault-counts.jsonl"), help="where the counts are kept")
    parser.add_argument("--jobs", type=int, default=2, help="tests side by side")
    parser.add_argument("--hours", type=float, default=0, help="of a sweep that goes on, and nothing else")
    given = parser.parse_args()
    program = tree()
    if given.hours:
        with tempfile.TemporaryDirectory() as folder:
            load = long_load(Path(folder), given.hours)
        found = [Count(program, HOURS, 1, "passed" if load.flat else "failed", now(), str(load))]
        keep(given.counts, found)
        print(load)
        return not load.flat
    before = kept(given.counts, program)
    items = list(to_do(collected(given.share, given.only), given.share, before))
    with ThreadPoolExecutor(given.jobs) as pool:
        done = as_completed([pool.submit(run, item, given.share, program) for item in items])
        for number, future in enumerate(done, 1):
            counts = future.result()
            keep(given.counts, counts)
            failed = [count for count in counts if count.status == "failed"]
            print(f"{now()} {number} of {len(items)}", *[f"{one.node}: {one.fault}" for one in failed], file=sys.stderr)
    counted = kept(given.counts, program)
    print(table(counted))
    return any(count.status == "failed" for count in counted)


def tree() -> str:
    """The tree of the source that is tested; with a + where it has changed since."""
    words = ["git", "-C", str(ROOT)]
    changed = subprocess.run([*words, "status", "--porcelain", "--", "initbench"], capture_output=True, text=True)
    name = subprocess.run([*words, "rev-parse", "--short", "HEAD:initbench"], capture_output=True, text=True)
    return name.stdout.strip() + "+" * bool(changed.stdout)


def now() -> str:
    return time.strftime("%H:%M:%S")


def environment(share: float) -> dict[str, str]:
    """Every point and every case for the whole share; fewer for less."""
    return {**os.environ, "INITBENCH_FAULT_STEP": str(min(5, max(1, round(1 / share))))}


def collected(share: float, only: Sequence[str]) -> list[str]:
    """The tests, by pytest's names."""
    tests = [str(HERE), *(str(ROOT / "tests" / name) for name in ELSEWHERE)]
    words = [*PYTEST, "--collect-only", *tests]
    done = subprocess.run(words, cwd=ROOT, env=environment(share), capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if "::" in line and any(word in line for word in only)]


def goal_of(node: str) -> Goal:
    name = node.rpartition("::")[2]
    return GOALS.get(name) or GOALS.get(name.partition("[")[0], ONCE)


def to_do(nodes: Sequence[str], share: float, before: Sequence[Count]) -> Iterator[Item]:
    """What was not counted yet: a batch of each test in turn. What is tried once goes together, a module at a time,
    because its preparations are shared."""
    once: dict[str, list[str]] = {}
    left: dict[str, int] = {}
    for node in nodes:
        goal = goal_of(node)
        tried = sum(count.tries for count in before if count.node == node and count.status != "failed")
        if goal == ONCE and not any(count.node == node and count.status != "failed" for count in before):
            once.setdefault(node.partition("::")[0], []).append(node)
        elif goal.split and (rest := max(1, round(share * goal.tries)) - tried) > 0:
            left[node] = rest
        elif not goal.split and not tried:
            yield Item((node,), goal, max(1, round(share * goal.tries)))
    yield from (Item(tuple(nodes), ONCE, 1) for nodes in once.values())
    while left:
        for node, rest in list(left.items()):
            times = min(rest, goal_of(node).batch)
            yield Item((node,), goal_of(node), times)
            left[node] -= times
            if not left[node]:
                del left[node]


def run(item: Item, share: float, program: str) -> list[Count]:
    """Have pytest run it; what came of each test."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = [*PYTEST, *item.nodes, f"--basetemp={folder}/tests"]
        words += [f"--junitxml={report}", "-o", "junit_family=xunit1"]  # the one that has properties
        given = environment(share) | ({item.goal.variable: str(item.times)} if item.goal.variable else {})
        done = subprocess.run(words, cwd=ROOT, env=given, stdout=subprocess.PIPE, text=True)
        if not report.exists():
            return [Count(program, node, 0, "failed", now(), done.stdout[-200:]) for node in item.nodes]
        cases = list(ElementTree.parse(report).iter("testcase"))
    return [counted(case, item, program) for case in cases]


def counted(case: ElementTree.Element, item: Item, program: str) -> Count:
    """What the report of pytest says of a test. How often it tried, it says itself or was told."""
    module = case.get("classname", "").replace(".", "/") + ".py"
    node = f"{module}::{case.get('name', '')}"
    told = [int(one.get("value", "0")) for one in case.iter("property") if one.get("name") == "tried"]
    for found in (case.find("failure"), case.find("error")):
        if found is not None:
            lines = (found.text or found.get("message", "")).splitlines()
            said = [line for line in lines if line.startswith("E ")] or lines[-2:]
            return Count(program, node, 0, "failed", now(), " ".join(said[:2])[:400])
    status = "passed" if case.find("skipped") is None else "skipped"
    return Count(program, node, (told or [item.times])[0] * (status == "passed"), status, now())


def keep(path: Path, counts: Sequence[Count]) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(asdict(count)) + "\n" for count in counts)


def kept(path: Path, program: str) -> list[Count]:
    """What was counted of this program."""
    lines = path.read_text().splitlines() if path.exists() else []
    counts = [Count(**json.loads(line)) for line in lines]
    return [count for count in counts if count.program == program]


def table(counts: Sequence[Count]) -> str:
    """What was tried, how often, how often it was not as promised, and how many tests had nothing to run on; in the
    order of WHAT, then the rest together."""
    rows: dict[str, list[int]] = {}
    for count in counts:
        module, _, name = count.node.rpartition("::")
        what = WHAT.get(name.partition("[")[0], OTHERS.get(Path(module).stem, "what else is tested with them"))
        row = rows.setdefault(what, [0, 0, 0])
        row[0] += count.tries
        row[1] += count.status == "failed"
        row[2] += count.status == "skipped"
    order = {what: place for place, what in enumerate(WHAT.values())}
    lines = ["| fault | tried | not as promised | skipped |", "| --- | --- | --- | --- |"]
    for what in sorted(rows, key=lambda what: order.get(what, len(order))):
        lines.append(f"| {what} | {' | '.join(map(str, rows[what]))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
