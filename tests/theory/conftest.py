"""The activations that the catalogue's own tests go through serve here too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "catalogue" / "activations"))
