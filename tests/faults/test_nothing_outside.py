"""What the commands ask of the system, from Python's own audit of every process: files are written in the results
folder alone, nothing is connected to, nothing is started but workers, nothing in a config or in results is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from disturbed import COMMAND

CONFIG = """\
name: watched
network: {depth: 3, width: 8, activation: tanh, initializer: he_normal}
seeds: 4
metrics: [act_q, histograms]
sweep: {grid: {network.depth: [2, 3]}}
expect: [{name: alive, metric: act_q, layer: last, at_least: 0}]
"""
WATCH = """\
import os, sys
log = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
changes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
touching = {"os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod"}
others = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system",
          "os.exec", "os.posix_spawn", "pickle.find_class"}
def hook(event, given):
    if event == "open" and isinstance(given[0], (str, bytes)) and given[2] and given[2] & changes:
        line = f"write {os.path.abspath(os.fsdecode(given[0]))}"
    elif event in touching:
        paths = [path for path in given[:2] if isinstance(path, (str, bytes))]
        line = "\\n".join(f"write {os.path.abspath(os.fsdecode(path))}" for path in paths)
    elif event in others:
        line = f"{event} {given!r}"
    else:
        return
    os.write(log, f"{line}\\n".encode())
sys.addaudithook(hook)
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder on the path of every process, whose sitecustomize watches it."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WATCH)
    return site


def watched(folder: Path, site: Path, *words: str, script: list[str] | None = None) -> list[str]:
    """What a command, or a script, asked for."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    environment = {"PYTHONPATH": str(site), "WATCHED": str(log), "MPLCONFIGDIR": str(folder / "matplotlib")}
    done = subprocess.run(
        [*(script or COMMAND), *words], cwd=folder, env=os.environ | environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


def strange(folder: Path, asked: list[str], *allowed: str) -> list[str]:
    """What was asked for beside writing in the results folder, or nowhere; beside Matplotlib's cache and list of fonts,
    and the revision of our own source, which the manifest has."""
    ours = (f"write {folder / 'results'}", f"write {os.devnull}", "subprocess.Popen ('git', ['git', '-C',")
    matplotlib = (f"write {folder / 'matplotlib'}", "subprocess.Popen ('fc-list',")
    return [line for line in asked if line and not line.startswith((*ours, *matplotlib, *allowed))]


def test_commands_stay_in_their_folder(tmp_path: Path, site: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG)
    asked = watched(tmp_path, site, "run", "c.yaml", "-j", "1")
    assert len([line for line in asked if line.endswith(".csv")]) >= 4  # it watches
    assert strange(tmp_path, asked) == []
    for word in ("plot", "check", "report", "status", "compare"):
        assert strange(tmp_path, watched(tmp_path, site, word, "results/watched")) == [], word


def test_workers_stay_in_it_too(tmp_path: Path, site: Path) -> None:
    """What they say to one another is pickled, between processes of one run, over pipes that have no address."""
    (tmp_path / "c.yaml").write_text(CONFIG)
    asked = watched(tmp_path, site, "run", "c.yaml", "-j", "2", "--no-plots")
    assert strange(tmp_path, asked, "pickle.find_class ") == []


def test_the_watch_would_notice(tmp_path: Path, site: Path) -> None:
    """The control."""
    deeds = "import socket, subprocess, pickle; open('x', 'w'); subprocess.run(['true'])\n"
    deeds += "pickle.loads(pickle.dumps(print)); s = socket.socket(); s.settimeout(0.1); s.connect_ex(('127.0.0.1', 9))"
    asked = strange(tmp_path, watched(tmp_path, site, script=[sys.executable, "-c", deeds]))
    assert {line.split()[0] for line in asked} >= {"write", "subprocess.Popen", "pickle.find_class", "socket.connect"}
