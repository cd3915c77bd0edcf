"""The commands: the only place that prints, draws a progress bar or ends the process.

Modules here import typer alone; a command imports what it needs when it runs, so that `--help` is quick.
"""

from __future__ import annotations

import gc

# Modules make objects by the ten thousand, and hardly a cycle: a tenth of the start went into looking for some.
gc.set_threshold(10_000, 10, 10)

try:
    from .main import main as main
except KeyboardInterrupt:  # Ctrl-C while typer is imported, before main can listen for it
    raise SystemExit(130) from None
