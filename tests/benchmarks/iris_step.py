"""One training step of the Iris network (2 -> 5 ReLU -> 3, batch 16, AdamW) beside PyTorch eager, in microseconds.

    python tests/benchmarks/iris_step.py [THREADS]

"forward + backward" is model, cross-entropy, zero_grad and backward(); "whole step" is that and the optimizer. Both engines
are timed in turn, in rounds, with the same data; printed are the medians over the rounds and ours / PyTorch's. THREADS is
for torch.set_num_threads (default: PyTorch's own choice); NumPy's matrix products of this size use one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from overhead import microseconds

import tinygrad_lite
from tinygrad_lite import nn, optim

rng = np.random.default_rng(0)
FEATURES = rng.standard_normal((16, 2)).astype(np.float32)
LABELS = rng.integers(0, 3, 16)


def steps(tensors: Any, nn: Any, optim: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """(forward + backward, whole step) of one engine: the same text for both."""
    model = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    loss_of = nn.CrossEntropyLoss()
    x, y = tensors.from_numpy(FEATURES), tensors.from_numpy(LABELS)

    def forward_backward() -> None:
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()

    def whole_step() -> None:
        forward_backward()
        optimizer.step()

    return forward_backward, whole_step


if __name__ == "__main__":
    if len(sys.argv) > 1:
        torch.set_num_threads(int(sys.argv[1]))
    ours, theirs = steps(tinygrad_lite, nn, optim), steps(torch, torch.nn, torch.optim)
    times = microseconds(*ours, *theirs, calls=200)
    print(f"PyTorch {torch.__version__} with {torch.get_num_threads()} threads; microseconds, medians")
    print("                     ours   PyTorch   ratio")
    for what, a, b in zip(("forward + backward", "whole step"), times[:2], times[2:]):
        print(f"{what:18} {a:7.1f} {b:9.1f} {a / b:7.2f}")
