"""PyTorch's side of training.py: one work, a whole process; the last line of stdout is JSON.

    python training_torch_side.py '{"width": 64, "depth": 3, "seeds": 4, "steps": 100, "batch": 64, "optimizer": "sgd",
                                    "rate": 0.1, "threads": 2}'

A loop over seeds as anybody would write it: nn.Sequential, nn.CrossEntropyLoss, torch.optim; shuffled epochs of whole
batches; at every 100th part of the steps the losses and accuracies of all examples, and the norm of the gradient.
"""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

import torch
from torch import Tensor, nn

EXAMPLES, TEST, FEATURES, CLASSES, SEPARATION = 1000, 200, 16, 4, 4.0


def examples() -> tuple[Tensor, Tensor]:
    """Gaussian classes, as in initbench's catalogue."""
    centres = torch.randn(CLASSES, FEATURES)
    centres *= SEPARATION / centres.norm(dim=1, keepdim=True)
    labels = torch.arange(EXAMPLES)[torch.randperm(EXAMPLES)] % CLASSES
    return (centres[labels] + torch.randn(EXAMPLES, FEATURES)) / math.sqrt(1 + SEPARATION**2 / FEATURES), labels


def network(depth: int, width: int) -> nn.Sequential:
    """relu layers with He's initializer, biases of 0, and a linear readout."""
    layers: list[nn.Module] = []
    for fan_in in (FEATURES, *[width] * (depth - 1)):
        linear = nn.Linear(fan_in, width)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(width, CLASSES))


def optimizer(name: str, net: nn.Module, rate: float) -> Any:
    """The work's optimizer."""
    if name == "adam":
        return torch.optim.Adam(net.parameters(), lr=rate)
    return torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9 if name == "momentum" else 0.0)


def train(work: dict[str, Any], data: tuple[Tensor, Tensor]) -> list[list[float]]:
    """One network: loss, accuracy, test loss, test accuracy and the gradient's norm, row by row."""
    x, y, test_x, test_y = data[0][TEST:], data[1][TEST:], data[0][:TEST], data[1][:TEST]
    net, loss_of, rows = network(work["depth"], work["width"]), nn.CrossEntropyLoss(), []
    steps = optimizer(work["optimizer"], net, work["rate"])
    batches, every = len(x) // work["batch"], max(1, work["steps"] // 100)
    for step in range(work["steps"] + 1):
        if step % batches == 0:
            order = torch.randperm(len(x))
        chosen = order[step % batches * work["batch"] :][: work["batch"]]
        steps.zero_grad()
        loss_of(net(x[chosen]), y[chosen]).backward()
        if step % every == 0 or step == work["steps"]:
            with torch.no_grad():
                said, test_said = net(x), net(test_x)
                row = [
                    loss_of(said, y),
                    (said.argmax(dim=1) == y).float().mean(),
                    loss_of(test_said, test_y),
                    (test_said.argmax(dim=1) == test_y).float().mean(),
                    torch.nn.utils.get_total_norm([p.grad for p in net.parameters() if p.grad is not None]),
                ]
            rows.append([number.item() for number in row])
        if step < work["steps"]:
            steps.step()
    return rows


def main() -> None:
    work = json.loads(sys.argv[1])
    torch.set_num_threads(work["threads"])
    torch.manual_seed(0)
    data = examples()
    start = time.perf_counter()
    ends = []
    for seed in range(work["seeds"]):
        torch.manual_seed(seed)
        ends.append(train(work, data)[-1])
    loop = time.perf_counter() - start
    means = [sum(column) / len(ends) for column in zip(*ends, strict=True)]
    print(json.dumps({"loop": loop, "loss": means[0], "accuracy": means[1]}), flush=True)


if __name__ == "__main__":
    main()
