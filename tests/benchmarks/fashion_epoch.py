"""One epoch of softmax regression on Fashion-MNIST (784 -> 10, batches of 256, SGD): ours, torch's, and NumPy by hand.

    python tests/benchmarks/fashion_epoch.py [--rounds 7]

All three draw a new order and see 60,000 pictures in 235 batches. Ours and NumPy keep the pictures as bytes until the batch;
torch has them as scaled floats already, in a TensorDataset behind a DataLoader, which is how its tutorials serve tensors in
memory. The rounds are interleaved, so that slow spells hit all alike; printed are medians and the ratio to torch's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from tinygrad_lite import datasets, nn

BATCH, LR = 256, 0.1


class Classifier(nn.Module):
    """The model as a Trainer takes it."""

    def __init__(self) -> None:
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        return nn.functional.cross_entropy(self.net(x), y)

    def configure_optimizers(self) -> nn.optim.Optimizer:
        return nn.optim.SGD(self.parameters(), lr=LR)


def epoch(net: Any, loss_of: Any, optimizer: Any, loader: Any) -> None:
    """The loop as a tutorial writes it, the same text for both engines."""
    for x, y in loader:
        loss = loss_of(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def our_loop(data: datasets.FashionMNIST) -> Callable[[], None]:
    """Ours, with our DataLoader over the dataset."""
    net, loss_of = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), nn.CrossEntropyLoss()
    optimizer = nn.optim.SGD(net.parameters(), lr=LR)
    loader = datasets.DataLoader(data, batch_size=BATCH, shuffle=True)
    return lambda: epoch(net, loss_of, optimizer, loader)


def our_trainer(data: datasets.FashionMNIST) -> Callable[[], None]:
    """The same by nn.Trainer, which also averages the loss and looks whether it is finite."""
    model, loader = Classifier(), datasets.DataLoader(data, batch_size=BATCH, shuffle=True)
    return lambda: nn.Trainer(max_epochs=1, progress=False).fit(model, loader) and None


def torch_loop(data: datasets.FashionMNIST) -> Callable[[], None]:
    """torch, with TensorDataset and DataLoader."""
    x, y = (torch.from_numpy(part.numpy()) for part in data.batch(slice(None)))
    net, loss_of = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=LR)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=BATCH, shuffle=True)
    return lambda: epoch(net, loss_of, optimizer, loader)


def numpy_loop(data: datasets.FashionMNIST) -> Callable[[], None]:
    """The derivative by hand: what is left when there is no library."""
    images, labels = data.images.numpy().reshape(-1, 784), data.labels.numpy().astype(np.int64)
    rng = np.random.default_rng(0)
    w, b = rng.normal(0, 0.01, (784, 10)).astype(np.float32), np.zeros(10, np.float32)

    def epoch() -> None:
        order = rng.permutation(len(images))
        for start in range(0, len(images), BATCH):
            here = order[start : start + BATCH]
            x, y = np.divide(images[here], 255, dtype=np.float32), labels[here]
            scores = x @ w + b
            scores -= scores.max(1, keepdims=True)
            p = np.exp(scores)
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(y)), y] -= 1
            p /= len(y)
            w[...] -= LR * (x.T @ p)
            b[...] -= LR * p.sum(0)

    return epoch


def seconds(rounds: int) -> dict[str, list[float]]:
    """The time of each round's epoch, by who ran it."""
    data = datasets.FashionMNIST(train=True)
    makers = {"torch": torch_loop, "ours": our_loop, "ours, Trainer": our_trainer, "NumPy by hand": numpy_loop}
    epochs = {name: make(data) for name, make in makers.items()}
    for epoch in epochs.values():
        epoch()  # the first one warms caches, thread pools and the processor
    times: dict[str, list[float]] = {name: [] for name in epochs}
    for _ in range(rounds):
        for name, epoch in epochs.items():
            begin = perf_counter()
            epoch()
            times[name].append(perf_counter() - begin)
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="epochs of each (default: 7)")
    times = seconds(parser.parse_args().rounds)
    print(f"{'one epoch':14} {'median s':>9} {'fastest s':>10} {'median / torch':>15}")
    for name, column in times.items():
        ratio = median(column) / median(times["torch"])
        print(f"{name:14} {median(column):9.3f} {min(column):10.3f} {ratio:15.2f}")
