"""What goes wrong in a plug-in stays there: its own cells fail, with the reason, and nothing else changes."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from plugin_packages import HEAD, Run, activations, entries, initializers, install, metrics

HELPERS = (
    HEAD
    + """
import gc, logging, os, sys, threading, time, warnings

def slope(z):
    return 1 - np.tanh(z) ** 2

def fail(error):
    raise error

class Base(BaseException):
    pass

class Mute(Exception):
    def __str__(self):
        raise RuntimeError

def wild(function):
    def called(*given):
        print("a line that no table wants")
        np.seterr(all="raise")
        os.chdir("/")
        np.random.seed(0)
        return function(*given)
    return called

def beside(deed):
    def of(function):
        def called(*given):
            deed()
            return function(*given)
        return called
    return of

KEPT = []
warns = beside(lambda: warnings.warn("a line that no table wants"))
logs = beside(lambda: logging.error("a line that no table wants"))
threads = beside(lambda: threading.Thread(target=np.ones, args=(9,)).start())
leaks = beside(lambda: KEPT.append(open(os.devnull)))
hoards = beside(gc.disable)
sleeps = beside(lambda: time.sleep(0.001))
meddles = beside(lambda: os.environ.update(OMP_NUM_THREADS="7", LC_ALL="tr_TR.UTF-8"))
digs = beside(lambda: sys.setrecursionlimit(5000))

BUFFER = np.empty(1 << 16, np.float32)

def kept(values):
    BUFFER[: values.size] = values.ravel()
    return BUFFER[: values.size].reshape(values.shape)

def frozen(values):
    values.flags.writeable = False
    return values

def normal(rng, shape, dtype):
    return rng.standard_normal(shape, dtype) / np.asarray(4, dtype)

def greedy(rng, shape, dtype):
    drawn = normal(rng, shape, dtype)
    rng.standard_normal(1000)
    rng.bit_generator.state = np.random.PCG64(1).state
    return drawn

def spawns(rng, shape, dtype):
    rng.spawn(2)
    return normal(rng, shape, dtype)
"""
)

BESIDE = ("warns", "logs", "threads", "leaks", "hoards", "sleeps", "meddles", "digs")
"""What a function may do beside its work, in HELPERS."""
BROKEN_ACTIVATIONS = {
    "raises": ("lambda z: 1 / 0, slope", "value raised ZeroDivisionError: division by zero"),
    "exits": ("lambda z: sys.exit(0), slope", "value raised SystemExit: 0"),
    "base": ("lambda z: fail(Base('x\\n\\x1b[2J')), slope", "value raised Base: x ?[2J"),
    "interrupts": ("lambda z: fail(KeyboardInterrupt()), slope", "value raised KeyboardInterrupt"),
    "mute": ("lambda z: fail(Mute()), slope", "value raised Mute"),
    "endless": ("(lambda f: f(f))(lambda f: lambda z: f(f)(z)), slope", "value raised RecursionError"),
    "hungry": ("lambda z: fail(MemoryError()), slope", "value raised MemoryError"),
    "slope_raises": ("np.tanh, lambda z: fail(ValueError('no slope'))", "slope raised ValueError: no slope"),
    "nothing": ("lambda z: None, slope", "value gave None, not a NumPy array"),
    "a_list": ("lambda z: list(z), slope", "value gave a list, not a NumPy array"),
    "a_scalar": ("lambda z: z.max(), slope", "value gave a float32, not a NumPy array"),
    "shape": ("lambda z: z[1:], slope", "value gave an array of shape (575,) for one of (576,)"),
    "broadcast": ("np.tanh, lambda z: np.ones((1, 1), z.dtype)", "slope gave an array of shape (1, 1)"),
    "wide": ("lambda z: np.tanh(z) * np.float64(1), slope", "value gave float64 for float32"),
    "objects": ("lambda z: z.astype(object), slope", "value gave object for float32"),
    "swapped": ("lambda z: z.astype('>f4'), slope", "value gave >f4 for float32"),
    "nan_value": ("lambda z: np.where(z > 0, np.nan, z).astype(z.dtype), slope", "value is nan at z = "),
    "nan_slope": ("np.tanh, lambda z: np.full_like(z, np.nan)", "slope is nan at z = "),
    "softmax": ("lambda z: np.exp(z) / np.exp(z).sum(), slope", "value of a number depends on the others"),
    "chance": ("lambda z: z * np.random.rand(z.size).astype(z.dtype), slope", "or on chance"),
}
HARMLESS_ACTIVATIONS = {
    "in_place": "lambda z: np.tanh(z, out=z), slope",
    "squares_first": "np.tanh, lambda z: np.subtract(1, np.square(np.tanh(z, out=z), out=z), out=z)",
    "one_buffer": "lambda z: kept(np.tanh(z)), lambda z: kept(slope(z))",
    "read_only": "lambda z: frozen(np.tanh(z)), lambda z: frozen(slope(z))",
    "loud": "wild(np.tanh), wild(slope)",
    "together": "np.tanh, slope, lambda z: (np.tanh(z), slope(z))",
    **{deed: f"{deed}(np.tanh), {deed}(slope)" for deed in BESIDE},
}
BROKEN_INITIALIZERS = {
    "raises": ("lambda *_: [][0]", "sample raised IndexError"),
    "exits": ("lambda *_: sys.exit('bye')", "sample raised SystemExit: bye"),
    "base": ("lambda *_: fail(Base('x\\n\\x1b[2J'))", "sample raised Base: x ?[2J"),
    "interrupts": ("lambda *_: fail(KeyboardInterrupt())", "sample raised KeyboardInterrupt"),
    "mute": ("lambda *_: fail(Mute())", "sample raised Mute"),
    "endless": ("(lambda f: f(f))(lambda f: lambda *_: f(f)(*_))", "sample raised RecursionError"),
    "hungry": ("lambda *_: fail(MemoryError())", "sample raised MemoryError"),
    "stops": ("lambda *_: next(iter(()))", "sample raised StopIteration"),
    "arguments": ("lambda rng: rng", "sample raised TypeError"),
    "a_list": ("lambda *given: list(normal(*given))", "sample gave a list, not a NumPy array"),
    "a_number": ("lambda rng, shape, dtype: dtype.type(1)", "sample gave a float32, not a NumPy array"),
    "shape": ("lambda *given: normal(*given)[1:]", "sample gave an array of shape (7, 6)"),
    "objects": ("lambda *given: normal(*given).astype(object)", "sample gave object, not float32"),
    "swapped": ("lambda *given: normal(*given).astype('>f4')", "sample gave >f4, not float32"),
    "deep": ("lambda *given: normal(*given)[..., None]", "sample gave an array of shape (8, 6, 1)"),
    "nothing": ("lambda *_: None", "sample gave None, not a NumPy array"),
    "turned": ("lambda rng, shape, dtype: normal(rng, shape[::-1], dtype)", "gave an array of shape (6, 8)"),
    "wide": ("lambda rng, shape, dtype: rng.standard_normal(shape)", "sample gave float64, not float32"),
    "gives_nan": ("lambda rng, shape, dtype: np.full(shape, np.nan, dtype)", "sample gave nan"),
    "chance": (
        "lambda rng, shape, dtype: np.random.standard_normal(shape).astype(dtype)",
        "sample gave two arrays from one generator",
    ),
}
HARMLESS_INITIALIZERS = {
    "greedy": "greedy",
    "spawns": "spawns",
    "one_buffer": "lambda *given: kept(normal(*given))",
    "column_major": "lambda *given: np.asfortranarray(normal(*given))",
    "read_only": "lambda *given: frozen(normal(*given))",
    "loud": "wild(normal)",
    **{deed: f"{deed}(normal)" for deed in BESIDE},
}
CONFIG = """\
network: {{depth: 3, width: 6, activation: tanh, initializer: he_normal}}
input: {{features: 8, batch_size: 12}}
seeds: 8
metrics: [act_q, dead_fraction, grad_q, weight_grad_q, histograms]
sweep: {{grid: {{{key}: [{values}]}}}}
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def reasons(folder: Path, key: str) -> dict[str, str]:
    return {row[key]: row["reason"] for row in rows(folder / "failures.csv")}


def measured(folder: Path, key: str) -> dict[str, list[list[str]]]:
    """The rows of layers.csv by the swept value, without what tells cells apart."""
    found: dict[str, list[list[str]]] = {}
    for row in rows(folder / "layers.csv"):
        found.setdefault(row[key], []).append([value for name, value in row.items() if name not in ("cell", key)])
    return found


FULL = os.environ.get("INITBENCH_FAULT_STEP") == "1"
EXECUTORS = {
    "serial": ("--executor", "serial"),
    "processes": ("--executor", "process", "-j", "2"),
    **({"dask": ("--executor", "dask", "-j", "2")} if find_spec("distributed") else {}),
}


def run_everywhere(run: Run, tmp_path: Path, text: str) -> Path:
    """Run a config in this process, in two and on a cluster, to the same bytes; the folder of the results."""
    (tmp_path / "c.yaml").write_text(text)
    for name, words in EXECUTORS.items():
        done = run("run", "c.yaml", "-o", name, *words, "--no-plots")
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        assert "a line that no table wants" not in done.stdout
    for name in EXECUTORS:
        for file in ("layers.csv", "summary.csv", "cells.csv", "failures.csv"):
            assert (tmp_path / "serial" / file).read_bytes() == (tmp_path / name / file).read_bytes(), (name, file)
    return tmp_path / "serial"


def test_activations(run: Run, site: Path, tmp_path: Path) -> None:
    code = {name: both for name, (both, _) in BROKEN_ACTIVATIONS.items()}
    every = {"plain": "np.tanh, slope", **code, **HARMLESS_ACTIVATIONS}
    install(site, HELPERS + activations(every), entries(activations=every))
    key = "network.activation"
    folder = run_everywhere(run, tmp_path, CONFIG.format(key=key, values=", ".join(["tanh", *every, "relu"])))

    found = reasons(folder, key)
    assert set(found) == set(BROKEN_ACTIVATIONS)
    for name, (_, reason) in BROKEN_ACTIVATIONS.items():
        assert found[name].startswith(f"the activation '{name}' of mypackage 1.0: "), found[name]
        assert reason in found[name]
    whole = measured(folder, key)
    assert set(whole) == {"tanh", "relu", "plain", *HARMLESS_ACTIVATIONS}
    for name in HARMLESS_ACTIVATIONS:
        assert whole[name] == whole["plain"], name
    (tmp_path / "ours.yaml").write_text(CONFIG.format(key=key, values="tanh, relu"))
    assert run("run", "ours.yaml", "--no-plots").returncode == 0
    alone = measured(tmp_path / "results" / "ours", key)
    assert alone == {name: whole[name] for name in ("tanh", "relu")}


def test_initializers(run: Run, site: Path, tmp_path: Path) -> None:
    code = {name: sample for name, (sample, _) in BROKEN_INITIALIZERS.items()}
    every = {"plain": "normal", **code, **HARMLESS_INITIALIZERS}
    install(site, HELPERS + initializers(every), entries(initializers=every))
    key = "network.initializer"
    folder = run_everywhere(
        run, tmp_path, CONFIG.format(key=key, values=", ".join(["he_normal", *every, "orthogonal"]))
    )

    found = reasons(folder, key)
    assert set(found) == set(BROKEN_INITIALIZERS)
    for name, (_, reason) in BROKEN_INITIALIZERS.items():
        assert found[name].startswith(f"the initializer '{name}' of mypackage 1.0: ")
        assert reason in found[name]
    whole = measured(folder, key)
    assert set(whole) == {"he_normal", "orthogonal", "plain", *HARMLESS_INITIALIZERS}
    for name in HARMLESS_INITIALIZERS:
        assert whole[name] == whole["plain"], name


BROKEN_METRICS = {
    "raises": ("activation", "h", "1 / 0", "measure raised ZeroDivisionError: division by zero"),
    "exits": ("preactivation", "z, h, slope", "sys.exit()", "measure raised SystemExit"),
    "base": ("gradient", "d", "fail(Base('x\\n\\x1b[2J'))", "measure raised Base: x ?[2J"),
    "interrupts": ("activation", "h", "fail(KeyboardInterrupt())", "measure raised KeyboardInterrupt"),
    "mute": ("activation", "h", "fail(Mute())", "measure raised Mute"),
    "endless": ("gradient", "d", "(lambda f: f(f))(lambda f: f(f))", "measure raised RecursionError"),
    "hungry": ("activation", "h", "fail(MemoryError())", "measure raised MemoryError"),
    "stops": ("activation", "h", "next(iter(()))", "measure raised StopIteration"),
    "indexes": ("activation", "h", "h[:, 10**6]", "measure raised IndexError"),
    "asserts": ("gradient", "d", "fail(AssertionError())", "measure raised AssertionError"),
    "a_set": ("activation", "h", "{1.0}", "what measure gave is a set, not a number"),
    "a_text": ("gradient", "d", "'one'", "what measure gave is a str, not a number"),
    "bytes": ("gradient", "d", "b'1'", "what measure gave is a bytes, not a number"),
    "an_array": ("activation", "h", "h", "what measure gave is an array, not a number"),
    "a_list": ("activation", "h", "[1.0]", "what measure gave is a list, not a number"),
    "a_mapping": ("activation", "h", "{1: 2}", "what measure gave is a dict, not a number"),
    "a_function": ("activation", "h", "np.mean", "not a number"),
    "a_date": ("activation", "h", "np.datetime64('2000-01-01')", "what measure gave is a datetime64, not a number"),
    "complexes": ("activation", "h", "1j", "what measure gave is a complex, not a number"),
}
"""What it needs, its arguments, what it does, the reason. A twentieth has other arguments than it is called with."""
HARMLESS_METRICS = {
    "vandal": ("preactivation", "wild(lambda z, h, slope: sum(float(a.fill(7) or 1) for a in (z, h, slope)))"),
    "robber": ("gradient", "wild(lambda d: d.fill(0) or np.inf)"),
    "thief": ("activation", "lambda h: h.sort(axis=0) or np.nan"),
    "a_small_number": ("activation", "lambda h: np.float16(h.mean())"),
    "a_whole_number": ("activation", "lambda h: np.int8(3)"),
    "a_truth": ("activation", "lambda h: 1 + int(h.max() > 0)"),
    **{deed: ("activation", f"{deed}(np.mean)") for deed in BESIDE},
}
ALONE = 8
"""A width at which no metric is broken; the others are those that follow."""


def test_metrics(run: Run, site: Path, tmp_path: Path) -> None:
    widths = dict(zip(BROKEN_METRICS, range(ALONE + 1, 100), strict=False))
    broken = {
        name: (needs, f"lambda {given}: {deed} if ({given.split(', ')[0]}).shape[1] == {widths[name]} else 1")
        for name, (needs, given, deed, _) in BROKEN_METRICS.items()
    }
    every = {**broken, **HARMLESS_METRICS, "arguments": ("gradient", "lambda: 1")}
    install(site, HELPERS + metrics(every), entries(metrics=every))
    text = CONFIG.format(key="network.width", values=", ".join(map(str, (ALONE, *widths.values()))))
    wanted = f"metrics: [act_q, grad_q, {', '.join([*broken, *HARMLESS_METRICS])}]\n"
    lines = (wanted if "metrics" in line else f"{line}\n" for line in text.splitlines())
    folder = run_everywhere(run, tmp_path, "".join(lines))
    found = reasons(folder, "network.width")
    assert set(found) == {str(width) for width in widths.values()}
    for name, (_, _, _, reason) in BROKEN_METRICS.items():
        said = found[str(widths[name])]
        assert said.startswith(f"the metric '{name}' of mypackage 1.0: "), said
        assert reason in said
    kept = rows(folder / "layers.csv")
    assert {row["network.width"] for row in kept} == {str(ALONE)}
    assert {row["vandal"] for row in kept} == {"", "3.0"}

    (tmp_path / "ours.yaml").write_text(CONFIG.format(key="network.width", values=ALONE))
    assert run("run", "ours.yaml", "--no-plots").returncode == 0
    ours = rows(tmp_path / "results" / "ours" / "layers.csv")
    assert [[row["act_q"], row["grad_q"]] for row in kept] == [[row["act_q"], row["grad_q"]] for row in ours]

    done = run("run", "ours.yaml", "--no-plots", "-s", "metrics=[act_q, arguments]")
    assert done.returncode == 3
    assert "the metric 'arguments' of mypackage 1.0: measure raised TypeError" in done.stdout


def test_each_place_has_as_many_faults() -> None:
    assert len(BROKEN_ACTIVATIONS) == len(BROKEN_INITIALIZERS) == len(BROKEN_METRICS) + 1 == 20
    assert len(HARMLESS_ACTIVATIONS) == len(HARMLESS_INITIALIZERS) == len(HARMLESS_METRICS) == 14


def test_what_fails_in_worker_processes_alone(
    run: Run, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that load it themselves: a process with several threads is not forked."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    only_here = "import multiprocessing\nif multiprocessing.parent_process(): raise ImportError('not in a worker')\n"
    both = {"shy": "np.tanh, slope"}
    install(site, HELPERS + only_here + activations(both), entries(activations=both))
    law = {"coy": "normal"}
    install(site, HELPERS + only_here + initializers(law), entries(initializers=law), package="other")
    (tmp_path / "c.yaml").write_text(CONFIG.format(key="network.activation", values="tanh, shy, relu"))
    done = run("run", "c.yaml", "-j", "2", "--no-plots")
    assert done.returncode == 3
    found = reasons(tmp_path / "results" / "c", "network.activation")
    assert set(found) == {"shy"}
    assert "in a worker process: the activation 'shy' of mypackage 1.0" in found["shy"]
    assert found["shy"].endswith("cannot be loaded: ImportError: not in a worker")
    (tmp_path / "d.yaml").write_text(CONFIG.format(key="network.initializer", values="he_uniform, coy"))
    assert run("run", "d.yaml", "-j", "2", "--no-plots").returncode == 3
    assert set(reasons(tmp_path / "results" / "d", "network.initializer")) == {"coy"}


def test_a_worker_with_another_version(site: Path, tmp_path: Path) -> None:
    """Numbers of another version would stand under this one's identity; its metrics are looked at too."""
    versions = """
import pathlib, sys
if "--multiprocessing-fork" in sys.orig_argv:
    (folder,) = pathlib.Path(__file__).parent.glob("mypackage-1.0.dist-info")
    (folder / "METADATA").write_text("Metadata-Version: 2.1\\nName: mypackage\\nVersion: 1.1\\n")
"""
    script = """
import threading
import initbench
threading.Thread(target=threading.Event().wait, daemon=True).start()  # no fork: workers load for themselves
config = {"network": {"depth": 2, "width": 6, "activation": "relu", "initializer": "he_normal"}, "seeds": 2}
config |= {"metrics": ["act_q", "largest"], "sweep": {"grid": {"network.depth": [1, 2, 3]}}}
for cell in initbench.run(config, jobs=2).failed:
    print(cell.failure.reason)
"""
    site.mkdir()
    (site / "sitecustomize.py").write_text(versions.replace("__file__", repr(str(site / "x"))))
    measure = {"largest": ("activation", "lambda h: h.max()")}
    install(site, HELPERS + metrics(measure), entries(metrics=measure))
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    reason = "on its worker, metric largest is of mypackage 1.1, not of mypackage 1.0: install the same versions there"
    assert done.stdout.splitlines() == [reason] * 3, done.stderr


def test_ctrl_c_while_a_plug_in_works(site: Path, tmp_path: Path) -> None:
    slow = {"slow": "lambda z: [open('begun', 'w').close(), time.sleep(60)], slope"}
    install(site, HELPERS + "import time\n" + activations(slow), entries(activations=slow))
    (tmp_path / "c.yaml").write_text(CONFIG.format(key="network.activation", values="slow"))
    process = subprocess.Popen(
        [sys.executable, "-c", "from initbench.cli import main; main()", "run", "c.yaml", "-j", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "Traceback" not in said


@pytest.mark.parametrize("how", ["-j1", "-j2"])
def test_our_own_errors_are_not_taken_for_a_plug_ins(run: Run, site: Path, tmp_path: Path, how: str) -> None:
    """A fault of ours is told as one: the guard stands at the plug-in's functions alone."""
    sabotage = "import initbench.engine.measure as m\nm.measure_preactivations = None\n"
    both = {"saboteur": "np.tanh, slope"}
    install(site, HELPERS + sabotage + activations(both), entries(activations=both))
    (tmp_path / "c.yaml").write_text(CONFIG.format(key="network.activation", values="saboteur, tanh"))
    done = run("run", "c.yaml", how, "--no-plots")
    assert done.returncode == 70
    assert "internal error: TypeError" in done.stderr


DEADLY = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "leaves": "os._exit(0)",
    "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
}


def test_results_of_a_plug_in_that_is_not_here_are_not_called_damaged(run: Run, site: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG.format(key="network.activation", values="soft, tanh"))
    install(site, HELPERS + activations({"soft": "np.tanh, slope"}), entries(activations={"soft": ""}))
    assert run("run", "c.yaml", "-o", "out", "--no-plots").returncode == 0
    site.rename(tmp_path / "elsewhere")
    for command in ("status", "check"):
        done = run(command, "out")
        assert done.returncode == 74
        assert "out: needs the activation 'soft' of mypackage 1.0, which is not installed here" in done.stderr
        assert "damaged" not in done.stderr


@pytest.mark.parametrize("words", [(), ("-j", "1"), ("-j", "2", "--executor", "process")])
def test_of_a_small_run_too_it_is_one_cell_that_ends(
    run: Run, site: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Work that is not worth processes has one all the same where somebody else's code may end it."""
    ends = {"leaves": "lambda z: os._exit(3), slope"}
    install(site, HELPERS + activations(ends), entries(activations=ends))
    values = "tanh, leaves" if words[:2] != ("-j", "2") else "leaves"  # a single task
    (tmp_path / "c.yaml").write_text(CONFIG.format(key="network.activation", values=values))
    done = run("run", "c.yaml", "-o", "out", *words, "--no-plots")
    assert done.returncode == 3, done.stderr
    assert list(reasons(tmp_path / "out", "network.activation")) == ["leaves"]
    assert "leaves" in done.stdout


@dataclass(frozen=True)
class Deadly:
    """A package of three plug-ins that end their process in one cell each. includes, metrics: what of a config asks for
    them; values: by what `key` has in those cells, who ends there."""

    module: str
    declared: dict[str, dict[str, str]]
    key: str
    values: dict[str, str]
    includes: str = ""
    metrics: str = "act_q"


def deadly(place: str) -> Deadly:
    deeds = {name: f"[open('ends', 'a').write('{name} '), {deed}]" for name, deed in DEADLY.items()}
    if place == "metrics":
        widths = dict(zip(deeds, range(62, 65), strict=True))
        found = {
            name: ("activation", f"lambda h: {deeds[name]} if h.shape[1] == {widths[name]} else 1") for name in deeds
        }
        return Deadly(
            metrics(found),
            entries(metrics=found),
            "network.width",
            {str(width): name for name, width in widths.items()},
            ", ".join(f"{{network.width: {width}}}" for width in widths.values()),
            f"act_q, {', '.join(found)}",
        )
    key = f"network.{place.removesuffix('s')}"
    includes = ", ".join(f"{{{key}: {name}, network.width: 6}}" for name in deeds)
    values = {name: name for name in deeds}
    if place == "activations":
        code = {name: f"lambda z: {deed}, slope" for name, deed in deeds.items()}
        return Deadly(activations(code), entries(activations=code), key, values, includes)
    code = {name: f"lambda *_: {deed}" for name, deed in deeds.items()}
    return Deadly(initializers(code), entries(initializers=code), key, values, includes)


def test_a_cell_of_many_networks_that_ends_its_workers_does_not_end_the_run(
    run: Run, site: Path, tmp_path: Path
) -> None:
    """Theory, which asks for values too, is not asked meanwhile."""
    deadly = {"ends": "lambda z: os._exit(7), slope"}
    install(site, HELPERS + activations(deadly), entries(activations=deadly))
    network = "{depth: 2, width: 6, activation: ends, initializer: he_normal}"
    (tmp_path / "c.yaml").write_text(f"network: {network}\nseeds: 3000\n")
    done = run("run", "c.yaml", "-o", "out", "-j", "2", "--no-plots")
    assert done.returncode == 3, done.stderr
    assert (tmp_path / "out" / "failures.csv").exists()


@pytest.mark.parametrize("executor", [name for name in EXECUTORS if name == "processes" or (FULL and name == "dask")])
@pytest.mark.parametrize("place", ["activations", "initializers", "metrics"])
def test_a_cell_that_ends_its_workers_is_named_and_the_others_are_done(
    run: Run, site: Path, tmp_path: Path, place: str, executor: str
) -> None:
    """Each of three cells of 64, within a minute: four workers at most end for it, three of them with nothing else."""
    ends = deadly(place)
    install(site, HELPERS + "import signal\n" + ends.module, ends.declared)
    grid = f"{{network.width: {list(range(1, 62))}}}"
    network = "{depth: 2, width: 6, activation: tanh, initializer: he_normal}"
    ours = f"network: {network}\nseeds: 2\nmetrics: [{ends.metrics}]\n"
    (tmp_path / "c.yaml").write_text(f"{ours}sweep: {{grid: {grid}, include: [{ends.includes}]}}\n")
    began = time.monotonic()
    done = run("run", "c.yaml", "-o", "out", *EXECUTORS[executor], "--no-plots")
    assert time.monotonic() - began < 60
    assert done.returncode == 3, done.stderr
    found = reasons(tmp_path / "out", ends.key)
    assert set(found) == set(ends.values)
    assert all("ended its worker process 3 times" in reason for reason in found.values())
    counted = (tmp_path / "ends").read_text().split()
    assert all(3 <= counted.count(name) <= 4 for name in DEADLY)
    for value in ends.values:
        assert value in done.stdout
    (tmp_path / "ours.yaml").write_text(f"{ours}sweep: {{grid: {grid}}}\n")
    assert run("run", "ours.yaml", "-o", "ours", "-j", "1", "--no-plots").returncode == 0
    whole = {row["cell"]: row["act_q"] for row in rows(tmp_path / "ours" / "layers.csv")}
    assert {row["cell"]: row["act_q"] for row in rows(tmp_path / "out" / "layers.csv")} == whole
