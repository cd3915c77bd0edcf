"""What produced the results is said; who and where is not."""

from __future__ import annotations

import getpass
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

import initbench
from initbench.lab import manifest
from initbench.lab.plan import open_experiment, plan
from initbench.spec import NUMERICS_VERSION

SMALL: dict[str, Any] = {
    "name": "small",
    "network": {"depth": 3, "width": 16, "activation": "relu", "initializer": "he_normal"},
    "input": {"batch_size": 8},
    "seeds": 4,
    "engine": "dense",
}
KEYS = [
    "name", "description", "title", "axes", "engines", "plugins", "seeds", "cells", "failed", "jobs", "seconds",
    "initbench", "numerics", "code", "python", "numpy", "blas", "platform",
    "simd",
]  # fmt: skip


def title(**changes: Any) -> str:
    return manifest.title(open_experiment(SMALL | changes))


def test_the_keys_and_their_values() -> None:
    experiment = open_experiment(SMALL | {"sweep": {"grid": {"network.depth": [2, 3]}}})
    found = manifest.manifest(experiment, plan(experiment), 1, 3, 1.23456)
    assert list(found) == KEYS
    assert (found["seeds"], found["cells"], found["failed"], found["jobs"], found["seconds"]) == (4, 2, 1, 3, 1.235)
    assert found["axes"] == ["network.depth"]
    assert found["engines"] == [{"engine": "dense", "reason": "asked for"}]
    assert found["initbench"] == initbench.__version__
    assert found["numerics"] == NUMERICS_VERSION
    assert all(library["threads"] == 1 for library in found["blas"])
    assert json.loads(manifest.encode(found)) == found


def test_nothing_in_it_says_who_or_where(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text("network: {depth: 2, width: 4, activation: relu, initializer: he_normal}\nseeds: 2\n")
    text = manifest.encode(initbench.run(config, tmp_path / "out").manifest).decode()
    assert text == (tmp_path / "out" / "manifest.json").read_text()
    for secret in (socket.gethostname(), getpass.getuser(), str(Path.home()), str(tmp_path), os.getcwd()):
        assert f'"{secret}' not in text
        assert len(secret) < 5 or secret not in text
    for value in _texts(json.loads(text)):
        assert not value.startswith(("/", "~")), value


def _texts(content: Any) -> list[str]:
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return [text for value in content for text in _texts(value)]
    return [content] if isinstance(content, str) else []


def test_processors_are_told_apart() -> None:
    """By what NumPy may use of them, which it can be kept from."""
    newest = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    if not newest:
        pytest.skip("NumPy has no code for this processor that an older one would not run")
    code = "from initbench.lab.manifest import simd; print(simd())"
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(newest)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert set(manifest.simd().split()) - set(done.stdout.split()) == set(newest)


@pytest.fixture
def anew() -> Iterator[None]:
    """The environment is looked at once in a process: here, for the test alone."""
    manifest.environment.cache_clear()
    yield
    manifest.environment.cache_clear()


@pytest.mark.usefixtures("anew")
def test_an_installed_package_has_no_commit(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(manifest, "__file__", str(tmp_path / "initbench" / "lab" / "manifest.py"))
    assert manifest.environment()["code"] is None


@pytest.mark.usefixtures("anew")
def test_a_checkout_has_a_commit_and_may_differ_from_it(tmp_path: Path, monkeypatch: Any) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        return subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True).stdout

    def code() -> Any:
        manifest.environment.cache_clear()
        return manifest.environment()["code"]

    module = tmp_path / "initbench" / "lab" / "manifest.py"
    module.parent.mkdir(parents=True)
    module.write_text("1")
    monkeypatch.setattr(manifest, "__file__", str(module))
    git("init")
    assert code() is None
    git("add", ".")
    git("commit", "-m", "first")
    sha = git("rev-parse", "HEAD").strip()
    (tmp_path / "other").write_text("not of the package")
    assert code() == {"sha": sha, "dirty": False}
    latin = [os.fsdecode(b"gr\xf6sse")] if sys.platform == "linux" else []  # other systems want UTF-8 of a file's name
    for branch in ("two\u2028lines", *latin):
        (tmp_path / ".git" / "HEAD").write_bytes(os.fsencode(f"ref: refs/heads/{branch}\n"))
        git("update-ref", "HEAD", sha)
        assert code() == {"sha": sha, "dirty": False}
    module.write_text("2")
    assert code() == {"sha": sha, "dirty": True}


@pytest.mark.usefixtures("anew")
def test_no_git_is_no_fault(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(manifest, "__file__", str(tmp_path / "initbench" / "lab" / "manifest.py"))
    monkeypatch.setenv("PATH", "")
    assert manifest.environment()["code"] is None


def test_the_title_of_one_cell() -> None:
    assert title() == "relu, he_normal, depth 3, width 16, gaussian inputs, batch 8, 4 seeds"
    assert title(seeds=1).endswith(", 1 seed")
    network = SMALL["network"] | {"activation": ["relu", "tanh", "relu"], "width": [16, 8, 4]}
    assert title(network=network).startswith("relu/tanh, he_normal, depth 3, width 16/8/4, ")
    network = SMALL["network"] | {"depth": 4, "activation": ["relu", "tanh", "gelu", "linear"]}
    assert title(network=network).startswith("relu/tanh/gelu/..., ")


def test_the_title_of_several_cells_leaves_out_what_differs() -> None:
    grid = {"network.initializer": ["he_normal", "zeros"], "network.depth": [2, 3]}
    assert title(sweep={"grid": grid}) == "relu, width 16, gaussian inputs, batch 8, 4 seeds"
