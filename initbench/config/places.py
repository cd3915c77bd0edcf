"""Where the claims of a config stand in its file, for those who point at them."""

from __future__ import annotations

import os

from .document import Mapping, Scalar, Sequence
from .load import read_text
from .messages import Findings
from .reader import read


def claim_places(path: str | os.PathLike[str]) -> dict[str, tuple[int, int]]:
    """Line and column of every item of `expect:`, by its name, as they are in the file itself.

    Nothing else of the config need hold; what is no YAML has no claims. Raises ConfigError for what is no text file,
    StorageError where it cannot be read.
    """
    root = read(read_text(path), os.fspath(path), Findings())
    claims = root.get("expect") if isinstance(root, Mapping) else None
    found: dict[str, tuple[int, int]] = {}
    for item in claims.items if isinstance(claims, Sequence) else ():
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, Scalar):
            found.setdefault(str(name.value), (item.place.line, item.place.column))
    return found
