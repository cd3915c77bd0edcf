"""Packages with plug-ins, as an installer would leave them in a folder on sys.path."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]
"""`initbench` with some words, in a process of its own."""

HEAD = """\
import numpy as np
from initbench.plugins import *
"""


def install(
    site: Path,
    code: str,
    entries: Mapping[str, Mapping[str, str]],
    package: str = "mypackage",
    version: str = "1.0",
    module: str = "",
) -> None:
    """Put a package of one module into a folder.

    entries: "activations" and so on -> names -> attributes of the module, or `module:attribute`.
    """
    module = module or package
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{module}.py").write_text(code)
    info = site / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = []
    for kind, names in entries.items():
        lines.append(f"[initbench.{kind}]")
        lines += [f"{name} = {what if ':' in what else f'{module}:{what}'}" for name, what in names.items()]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def activations(functions: Mapping[str, str]) -> str:
    """Code of activations, each from the text of `value, slope`; tanh's where nothing else is said."""
    lines = [
        f"{name.upper()} = ActivationRecord({name!r}, lambda: Formula({both}), '', '', '')"
        for name, both in functions.items()
    ]
    return "\n".join(lines) + "\n"


def initializers(samples: Mapping[str, str]) -> str:
    """Code of initializers, each from the text of its `sample`."""
    lines = [
        f"{name.upper()} = InitializerRecord({name!r}, "
        f"lambda fan_in, fan_out: Sampled({sample}, 0.0, 1 / fan_in), '', '', '')"
        for name, sample in samples.items()
    ]
    return "\n".join(lines) + "\n"


def metrics(measures: Mapping[str, tuple[str, str]]) -> str:
    """Code of metrics, each from what it needs and the text of its `measure`."""
    lines = [
        f"{name.upper()} = MetricRecord({name!r}, '', '', {needs!r}, measure={measure})"
        for name, (needs, measure) in measures.items()
    ]
    return "\n".join(lines) + "\n"


def entries(**names: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Entry points of every name, for the attribute that the code above gives it."""
    return {kind: {name: name.upper() for name in found} for kind, found in names.items()}
