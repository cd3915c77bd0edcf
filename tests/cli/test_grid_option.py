"""`sweep --grid`: what is refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Cli

from initbench.cli import options
from initbench.errors import UsageError


def test_axes_by_key() -> None:
    assert options.axes(["network.depth=3,5", " network.initializer = {name: normal, stddev: 1} "]) == {
        "network.depth": "3,5",
        "network.initializer": "{name: normal, stddev: 1}",
    }


@pytest.mark.parametrize("text", ["network.depth", "network.depth=", "=3"])
def test_what_is_no_axis(text: str) -> None:
    with pytest.raises(UsageError, match=r"an axis is key=v1,v2"):
        options.axes([text])


def test_a_key_given_twice_is_no_usage(cli: Cli, small: Path) -> None:
    done = cli("sweep", "small.yaml", "--grid", "network.depth=2", "--grid", "network.depth=3", "--dry-run")
    assert done.returncode == 2
    assert done.stderr == (
        "error: --grid network.depth=3: network.depth is given twice; give all its values at once, "
        "as in network.depth=v1,v2\n"
    )


def test_a_wrong_axis_is_named_as_it_was_typed(cli: Cli, small: Path) -> None:
    done = cli("sweep", "small.yaml", "--grid", "depth=3,5")
    assert done.returncode == 2
    assert done.stderr.startswith("--grid depth=3,5: depth: unknown key; did you mean 'network.depth'?")
