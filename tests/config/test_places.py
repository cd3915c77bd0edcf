"""Claims are found where they stand in the file itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from initbench.config import claim_places, load
from initbench.errors import ConfigError

TEXT = """\
# a comment
network: {depth: 2, width: 4, activation: relu, initializer: he_normal}
seeds: 3
expect:
  - {name: one, metric: verdict, equals: stable}

  -   name: two
      metric: act_q
      at_least: 0
"""


def test_places_are_those_that_the_config_has(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(TEXT)
    assert claim_places(path) == {"one": (5, 5), "two": (7, 7)}
    assert claim_places(path) == {one.name: (one.line, one.column) for one in load(path).expect}


@pytest.mark.parametrize("text", ["", "5\n", "expect: 5\n", "expect: [5, {name: [1]}]\n", "a: {b: [\n", "expect:\n"])
def test_what_is_no_config_has_no_claims(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert claim_places(tmp_path / "x.yaml") == {}


def test_the_rest_need_not_hold(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("network: 5\nexpect:\n- {name: one}\n")
    assert claim_places(tmp_path / "x.yaml") == {"one": (3, 3)}


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml.*no such file"):
        claim_places(tmp_path / "absent.yaml")
