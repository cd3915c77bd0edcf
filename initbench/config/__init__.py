"""YAML to Experiment: the strict reader, the schema, the grid. Nothing after this room sees raw YAML.

    load(path)  ──  load.py: a regular UTF-8 file of at most 1 MB
        │           reader.py, scalars.py: YAML 1.2 events to nodes with places (document.py), under a budget
        │           overrides.py: -s key=value put into the document
        ▼
    build(root) ──  check.py: the fixed part against the models of schema.py
                    settings.py, named.py: each setting of a cell, names looked up in the catalogue
                    sweep.py, axes.py: the grid, counted before it is made
                    cells.py: settings put together into cells; trained.py: those that train
                    expect.py: claims, evidence.py: what they can be about; resolved.py: everything written out

Every problem is collected by messages.py and raised as one ConfigError.
"""

from __future__ import annotations

from .build import Inspect as Inspect
from .json_schema import json_schema as json_schema
from .load import from_mapping as from_mapping
from .load import load as load
from .load import nothing as nothing
from .parameters import parse_parameters as parse_parameters
from .places import claim_places as claim_places
from .template import template as template
