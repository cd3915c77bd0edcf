"""Whatever is no science changes no byte: jobs, executor, folder, clock, language, hash seed, order and comments of
the config, what ran before, who may read the files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

COMMAND = [sys.executable, "-c", "from initbench.cli import main; main()"]
CONFIG = """\
name: same
network: {depth: 6, width: 32, activation: tanh, initializer: {name: normal, stddev: 0.1}}
input: {batch_size: 8}
metrics: [act_q, cosine, grad_q, distinct_units, histograms]
seeds: 12
sweep: {grid: {network.initializer.stddev: [0.1, 0.2, 1.0e+30], network.activation: [tanh, relu]}}
"""
SHUFFLED = """\
# The same, said otherwise.
seeds: 12
sweep:
  grid:
    network.initializer.stddev: [1e-1, 0.20, 1e30]
    network.activation:
      - tanh  # saturates
      - relu
metrics: [act_q, cosine, grad_q, distinct_units, histograms]
input: {batch_size: 8}
network: {initializer: {stddev: 0.1, name: normal}, activation: tanh, width: 32, depth: 6}
name: same
"""
SAID = ("manifest.json", "config.yaml", ".lock")


def run(folder: Path, *words: str, config: str = CONFIG, home: Path | None = None, **environment: str) -> Path:
    """The results folder of the command, run with these words."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "same.yaml").write_text(config)
    out = folder / "out"
    done = subprocess.run(
        [*COMMAND, "run", str(folder / "same.yaml"), "-o", str(out), "-q", *words],
        cwd=home or folder, env=os.environ | environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def contents(out: Path) -> dict[str, bytes]:
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in SAID]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(run(tmp_path_factory.mktemp("reference"), "-j", "1"))


VARIATIONS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "two processes": (("-j", "2"), {}),
    "three processes": (("-j", "3"), {}),
    "process": (("--executor", "process", "-j", "1"), {}),
    "a clock elsewhere": (("-j", "1"), {"TZ": "Pacific/Kiritimati"}),
    "a language": (("-j", "1"), {"LANG": "tr_TR.UTF-8", "LC_ALL": "C"}),
    "a hash seed": (("-j", "2"), {"PYTHONHASHSEED": "12345"}),
    "optimised": (("-j", "1"), {"PYTHONOPTIMIZE": "1"}),
    "BLAS threads": (("-j", "1"), {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}),
    "a narrow terminal": (("-j", "1"), {"COLUMNS": "20", "NO_COLOR": "1"}),
    "a Matplotlib backend": (("-j", "1"), {"MPLBACKEND": "svg"}),
}
MORE: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "four processes": (("-j", "4"), {}),
    "all cores": ((), {}),
    "serial": (("--executor", "serial"), {}),
    "another hash seed": (("-j", "1"), {"PYTHONHASHSEED": "0"}),
    "another clock": (("-j", "2"), {"TZ": "America/St_Johns"}),
    "Arabic": (("-j", "1"), {"LC_ALL": "ar_SA.UTF-8"}),
    "no language": (("-j", "1"), {"LC_ALL": "POSIX", "LANG": ""}),
    "UTF-8 by default": (("-j", "1"), {"PYTHONUTF8": "1"}),
    "another memory": (("-j", "1"), {"PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1"}),
    "debugged memory": (("-j", "2"), {"PYTHONMALLOC": "debug"}),
    "development mode": (("-j", "1"), {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore"}),
    "unbuffered": (("-j", "2"), {"PYTHONUNBUFFERED": "1"}),
    "no bytecode": (("-j", "1"), {"PYTHONDONTWRITEBYTECODE": "1"}),
    "without docstrings": (("-j", "2"), {"PYTHONOPTIMIZE": "2"}),
    "threads of other libraries": (("-j", "2"), {"MKL_NUM_THREADS": "3", "NUMEXPR_NUM_THREADS": "3"}),
    "four BLAS threads": (("-j", "2"), {"OPENBLAS_NUM_THREADS": "4", "OMP_NUM_THREADS": "4"}),
    "another home": (("-j", "1"), {"HOME": "/nowhere", "USER": "somebody", "HOSTNAME": "elsewhere"}),
    "colour": (("-j", "1"), {"FORCE_COLOR": "1", "COLUMNS": "300", "TERM": "xterm-256color"}),
    "on GitHub": (("-j", "1"), {"CI": "true", "GITHUB_ACTIONS": "true"}),
}
"""Tried with the full figures alone."""


TOGETHER = (
    ("two processes", "a hash seed"),
    ("three processes", "a language", "a narrow terminal", "a Matplotlib backend"),
    ("process", "a clock elsewhere", "optimised"),
    ("BLAS threads",),
)
"""Several at once, which is quicker and asks for the same; the full figures are those of each alone."""
ALONE = os.environ.get("INITBENCH_FAULT_STEP") == "1"


@pytest.mark.parametrize("names", [(name,) for name in VARIATIONS | MORE] if ALONE else TOGETHER, ids=", ".join)
def test_the_machine_changes_no_byte(tmp_path: Path, reference: dict[str, bytes], names: tuple[str, ...]) -> None:
    words, environment = (VARIATIONS | MORE)[names[0]]
    for name in names[1:]:
        environment = environment | VARIATIONS[name][1]
    assert contents(run(tmp_path, *words, **environment)) == reference


def test_nothing_is_left_out_where_several_are_tried_at_once() -> None:
    assert sorted(name for names in TOGETHER for name in names) == sorted(VARIATIONS)


def test_dask_changes_no_byte(tmp_path: Path, reference: dict[str, bytes]) -> None:
    pytest.importorskip("distributed")
    assert contents(run(tmp_path, "--executor", "dask", "-j", "2")) == reference


def test_the_folder_and_the_mask_change_no_byte(tmp_path: Path, reference: dict[str, bytes]) -> None:
    before = os.umask(0o077)
    try:
        out = run(tmp_path / "an odd näme (1)", home=Path("/"))
    finally:
        os.umask(before)
    assert contents(out) == reference


def test_how_the_config_is_written_changes_no_number(tmp_path: Path, reference: dict[str, bytes]) -> None:
    there = contents(run(tmp_path, config=SHUFFLED))
    assert there.pop("resolved.yaml") != reference["resolved.yaml"]  # it keeps the order of the file
    assert there == {name: data for name, data in reference.items() if name != "resolved.yaml"}


def test_what_ran_before_changes_no_byte(tmp_path: Path, reference: dict[str, bytes]) -> None:
    """Blocks of other sizes, cells of other configs."""
    run(tmp_path, "-s", "metrics=[act_q, cosine, grad_q, distinct_units]", "-s", "seeds=5")
    run(tmp_path, "-s", "sweep.grid={network.activation: [relu]}", "--no-plots")
    for seeds in ("3", "[7, 5]"):
        run(tmp_path, "-s", f"seeds={seeds}", "--no-plots")
    out = run(tmp_path)
    tables = {name: data for name, data in contents(out).items() if not name.startswith("cells/")}
    assert tables == {name: data for name, data in reference.items() if not name.startswith("cells/")}


PLAIN = """\
name: same
network: {depth: 6, width: 32, activation: tanh, initializer: lecun_normal}
input: {batch_size: 8}
metrics: [preact_var, act_q, cosine, grad_q, weight_grad_q]
seeds: 6
sweep: {grid: {network.activation: [tanh, relu, gelu]}}
"""
"""Networks that do not magnify what rounding leaves."""


def numbers(table: Path) -> tuple[list[list[str]], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """What is text in a table, and what is a number."""
    with table.open(newline="") as file:
        rows = list(csv.reader(file))
    words = [[text for text in row if _number(text) is None] for row in rows]
    found = [number for row in rows for text in row if (number := _number(text)) is not None]
    return words, np.array(found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-9), ("float32", 1e-4)][: 1 + ALONE])
def test_another_processor_agrees_within_rounding(tmp_path: Path, dtype: str, rtol: float) -> None:
    """One without this one's newest instructions, and with other kernels of BLAS; the manifest has both."""
    newest = " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name])
    if not newest:
        pytest.skip("NumPy has no code for this processor that an older one would not run")
    words = ("-j", "1", "--no-plots", "-s", f"dtype={dtype}")
    here = run(tmp_path / "here", *words, config=PLAIN)
    older = {"NPY_DISABLE_CPU_FEATURES": newest, "OPENBLAS_CORETYPE": "Nehalem"}
    there = run(tmp_path / "there", *words, config=PLAIN, **older)
    for name in ("layers.csv", "summary.csv", "cells.csv"):
        assert numbers(there / name)[0] == numbers(here / name)[0]
        np.testing.assert_allclose(numbers(there / name)[1], numbers(here / name)[1], rtol=rtol, atol=rtol / 100)
    assert (there / "layers.csv").read_bytes() != (here / "layers.csv").read_bytes()  # it was another one indeed
    ours, other = (json.loads((out / "manifest.json").read_text()) for out in (here, there))
    assert ours["simd"].split() > other["simd"].split()
    assert ours["blas"][0]["architecture"] != other["blas"][0]["architecture"]
