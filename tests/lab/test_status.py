"""What is said of a folder, and of one whose last run did not come to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import initbench
from initbench import engine
from initbench.errors import StorageError
from initbench.lab import runner
from initbench.lab.check import check_folder
from initbench.lab.comparing.measured import open_results
from initbench.lab.plan import open_experiment
from initbench.lab.status import folder_status

CONFIG: dict[str, Any] = {
    "name": "x",
    "network": {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"},
    "seeds": 2,
}


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished folder, and after it a run of another config that was interrupted."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    initbench.run(CONFIG, out=out)
    assert folder_status(out).tables == "there"
    with monkeypatch.context() as patch:
        patch.setattr(engine, "propagate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            initbench.run({**CONFIG, "seeds": [5]}, out=out)
    return out


def test_tables_of_an_earlier_config_are_told(stopped: Path) -> None:
    found = folder_status(stopped)
    assert found.tables == "of an earlier config: run the same command again"
    assert [work.why for work in found.missing] == ["not stored"]
    initbench.run({**CONFIG, "seeds": [5]}, out=stopped)
    assert folder_status(stopped).tables == "there"


@pytest.mark.parametrize("judge", [check_folder, open_results])
def test_they_are_not_judged_by_the_new_one(stopped: Path, judge: Callable[[Path], object]) -> None:
    with pytest.raises(
        StorageError, match=r"resolved\.yaml: is not what the tables were made with: .* run that did not finish; "
    ):
        judge(stopped)


def test_tables_that_were_never_written_are_told(stopped: Path) -> None:
    (stopped / "manifest.json").unlink()
    assert folder_status(stopped).tables == "not written yet: run the same command again"


def test_what_fails_by_wish_is_not_called_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables say that it failed; what is stored of it stays, and a run that is not forced takes it."""

    def no_memory(*_: object) -> None:
        raise MemoryError

    out = tmp_path / "out"
    initbench.run(CONFIG, out=out)
    before = (out / "cells.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "propagate", no_memory)
        runner.run(open_experiment(CONFIG), out, 1, force=True)
    found = folder_status(out)
    assert (len(found.done), len(found.failed), len(found.missing)) == (0, 1, 0)
    assert not found.failed[0].blocks
    assert "out of memory" in found.reasons[found.failed[0].planned.id]
    initbench.run(CONFIG, out=out)
    assert len(folder_status(out).done) == 1
    assert (out / "cells.csv").read_bytes() == before
