"""`key=value` parameters of one named thing, outside a config: `initbench explain NAME -s key=value`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .document import plain
from .messages import Findings
from .overrides import read_overrides


def parse_parameters(texts: Iterable[str]) -> dict[str, Any]:
    """Parameters by name, their values read as a config's are. Raises ConfigError for what cannot be read."""
    findings = Findings()
    overrides = read_overrides(texts, findings)
    if len(findings):
        raise findings.error()
    return {override.key: plain(override.node) for override in overrides}
