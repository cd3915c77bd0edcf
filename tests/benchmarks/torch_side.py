"""PyTorch's side of frameworks.py: one work, a whole process; the last line of stdout is JSON.

    python torch_side.py '{"initializer": "he_normal", "depth": 5, "width": 64, "batch": 16, "seeds": 4}'

An nn.Sequential of nn.Linear (no bias) and nn.ReLU, drawn by nn.init. Hooks take the metrics of preactivations,
activations and their gradients as they pass; with `"squares": true` the mean squares alone.

Plain, as scripts and notebooks have it: a new network for every seed, whose weights and their gradients stay until the
next. With `"tuned": true` it is built once, without nn.Linear's own initialisation, relu works in place, and a weight's
gradient is measured and let go as soon as it is there, so that never two of them are held.
"""

from __future__ import annotations

import functools
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from works import METRICS, SQUARES, available_cores

Measures = Mapping[str, Callable[[Tensor], Tensor]]


def network(depth: int, width: int, tuned: bool) -> nn.Sequential:
    """The layers, their weights not drawn yet."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        make = functools.partial(nn.utils.skip_init, nn.Linear) if tuned else nn.Linear
        layers += [make(width, width, bias=False), nn.ReLU(inplace=tuned)]
    return nn.Sequential(*layers)


def draw(layer: nn.Linear, initializer: str) -> None:
    """The work's law, by torch's own functions."""
    if initializer == "he_normal":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    elif initializer == "he_uniform":
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    else:
        nn.init.orthogonal_(layer.weight, gain=math.sqrt(2))


def cosine(h: Tensor) -> Tensor:
    """The mean over pairs of inputs."""
    rows = nn.functional.normalize(h, dim=1)
    return ((rows @ rows.T).sum() - len(h)) / (len(h) * (len(h) - 1))


AT_PREACTIVATIONS: Measures = {
    "preact_mean": torch.mean,
    "preact_var": lambda z: z.var(correction=0),
    "preact_q": torch.linalg.vector_norm,
}
AT_ACTIVATIONS: Measures = {
    "act_mean": torch.mean,
    "act_var": lambda h: h.var(correction=0),
    "act_q": torch.linalg.vector_norm,
    "act_var_batch": lambda h: h.var(dim=0, correction=0).mean(),
    "cosine": cosine,
    "dead_fraction": lambda h: (h == 0).all(dim=0).float().mean(),
    "inactive_fraction": lambda h: (h == 0).float().mean(),
}
AT_GRADIENTS: Measures = {"grad_q": torch.linalg.vector_norm}
AT_WEIGHTS: Measures = {"weight_grad_q": torch.linalg.vector_norm}


class Taken:
    """The metrics of every layer of one network, taken by hooks: lists of 0-d tensors, norms for mean squares."""

    def __init__(self, net: nn.Sequential, wanted: Sequence[str], tuned: bool) -> None:
        self.tuned = tuned
        self.taken: dict[str, list[Tensor]] = {name: [] for name in wanted}
        self.gradients_of_z = lambda gradient: self._take(AT_GRADIENTS, gradient)
        for module in net:
            if isinstance(module, nn.Linear):
                module.register_forward_hook(self._after_linear)
                module.weight.register_post_accumulate_grad_hook(self._after_weight)
            else:
                module.register_forward_hook(lambda _module, _args, h: self._take(AT_ACTIVATIONS, h))

    def _take(self, measures: Measures, x: Tensor) -> None:
        x = x.detach()
        for name, measure in measures.items():
            if name in self.taken:
                self.taken[name].append(measure(x))

    def _after_linear(self, _module: nn.Module, _args: Any, z: Tensor) -> None:
        self._take(AT_PREACTIVATIONS, z)
        z.register_hook(self.gradients_of_z)

    def _after_weight(self, weight: Tensor) -> None:
        self._take(AT_WEIGHTS, weight.grad)
        if self.tuned:
            weight.grad = None

    def metrics(self, batch: int, width: int) -> Tensor:
        """(metric, layer), from the first layer to the last; empties the lists."""
        rows = []
        for name, values in self.taken.items():
            row = torch.stack(values)
            if name in SQUARES:
                row = row.square_().div_(width * width if name == "weight_grad_q" else batch * width)
            rows.append(row.flip(0) if "grad" in name else row)  # gradients come from the last layer to the first
            values.clear()
        return torch.stack(rows)


def main() -> None:
    work = json.loads(sys.argv[1])
    depth, width, batch = work["depth"], work["width"], work["batch"]
    torch.set_num_threads(available_cores())
    tuned = work.get("tuned", False)
    wanted = SQUARES if work.get("squares", False) else METRICS
    start = time.perf_counter()
    measured = []
    net = taken = None
    for seed in range(work["seeds"]):
        torch.manual_seed(seed)
        if net is None or taken is None or not tuned:
            net = network(depth, width, tuned)
            taken = Taken(net, wanted, tuned)
        for layer in net:
            if isinstance(layer, nn.Linear):
                draw(layer, work["initializer"])
        h = net(torch.randn(batch, width))
        h.backward(torch.randn(batch, width))
        measured.append(taken.metrics(batch, width))
    whole = torch.stack(measured)  # (seed, metric, layer)
    loop = time.perf_counter() - start
    median = whole.median(dim=0).values
    print(
        json.dumps(
            {
                "loop": loop,
                "first": dict(zip(wanted, median[:, 0].tolist(), strict=True)),
                "last": dict(zip(wanted, median[:, -1].tolist(), strict=True)),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
