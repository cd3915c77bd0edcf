"""initbench measures what a weight initializer does to a deep network.

The house, from the top down; imports go down only:

    cli         the commands; the only place that prints
    figures     stored tables -> pictures
    lab         carries experiments out: plan, executors, tables, verdict, expectations, store
    config      YAML -> Experiment: strict reader, schema, grid
    engine      measures: random networks, forward and backward; and trains them
    theory      predicts the same without simulating; config, engine and theory are strangers to one another
    spec        the frozen specs that all rooms share
    plugins     what a package imports that brings names of its own
    catalogue   what a config can name: initializers, activations, inputs, metrics, what training is made of
    streams     one random stream per (seed, purpose)
    values      what frozen classes are made with
    errors      every error, with its exit code

From Python:

    import initbench
    result = initbench.run("config.yaml")            # or a dict; out="folder" writes it down
    initbench.sweep("config.yaml", {"network.depth": [10, 50]}).cells     # the same over a grid
    result.layers, result.summary, result.cells      # DataFrames; result.training where the config trains
    initbench.plot(result, "variance")               # a Matplotlib Figure
    initbench.report("results/quickstart")           # a results folder as one HTML page
    initbench.compare("results/a", "results/b").pairs     # paired differences over common seeds, with intervals
    initbench.rank("results/sweep").standings             # which setting comes first, ties told
    initbench.initializer("keras:he_normal").variance(fan_in=512, fan_out=256)
    initbench.activation("gelu").slope(z)
    initbench.predict("tanh", sigma_w=1.5, sigma_b=0.3)   # infinite width: q_star, c_star, chi, xi_q, xi_c, phase
    initbench.recommend("gelu", depth=100, width=256).reasons

Names are loaded when they are first used: `import initbench` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import compare as compare
    from .api import load as load
    from .api import plot as plot
    from .api import rank as rank
    from .api import report as report
    from .api import run as run
    from .api import sweep as sweep
    from .catalogue.activations import activation as activation
    from .catalogue.initializers import initializer as initializer
    from .errors import ConfigError as ConfigError
    from .errors import InitbenchError as InitbenchError
    from .lab.result import Result as Result
    from .theory.mean_field import predict as predict
    from .theory.recommend import recommend as recommend

_HOMES = {
    "ConfigError": ".errors",
    "InitbenchError": ".errors",
    "Result": ".lab.result",
    "activation": ".catalogue.activations",
    "compare": ".api",
    "initializer": ".catalogue.initializers",
    "load": ".api",
    "plot": ".api",
    "predict": ".theory.mean_field",
    "rank": ".api",
    "recommend": ".theory.recommend",
    "report": ".api",
    "run": ".api",
    "sweep": ".api",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'initbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
