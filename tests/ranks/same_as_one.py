"""Trains the same networks on however many ranks there are, and writes their weights: N ranks should give those of one.

    mpiexec -n 3 python tests/ranks/same_as_one.py weights.safetensors

All in float64, on random pictures, with batches that do not divide evenly among the ranks: the last has one sample only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, capture, datasets, distributed, float64, manual_seed, nn, save, tensor

STEPS = 100


class Classifier(nn.Module):
    """A network with cross-entropy, as a Trainer wants it."""

    def __init__(self, net: nn.Module, optimizer: Callable[[Any], Any]) -> None:
        super().__init__()
        self.net, self.optimizer = net, optimizer

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        x, y = batch
        loss = nn.functional.cross_entropy(self(x), y)
        self.log("logged", loss)
        return loss

    def configure_optimizers(self) -> Any:
        return self.optimizer(self.parameters())


def iris() -> tuple[nn.Module, int, tuple[int, ...]]:
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)), 3, (4,)


def mlp() -> tuple[nn.Module, int, tuple[int, ...]]:
    net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    return net, 10, (784,)


def lenet() -> tuple[nn.Module, int, tuple[int, ...]]:
    parts = [nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2)]
    parts += [nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)]
    return nn.Sequential(*parts), 10, (1, 28, 28)


def adamw(parameters: Any) -> Any:
    return nn.optim.AdamW(parameters, lr=1e-3)


def momentum(parameters: Any) -> Any:
    return nn.optim.SGD(parameters, lr=0.05, momentum=0.9)


NETWORKS = {
    "iris": (iris, adamw, 16, 3 * 16 + 1),
    "mlp": (mlp, adamw, 20, 4 * 20 + 1),
    "lenet": (lenet, momentum, 7, 3 * 7 + 1),
}


def data(classes: int, shape: tuple[int, ...], n: int) -> datasets.TensorDataset:
    rng = np.random.default_rng(3)
    return datasets.TensorDataset(tensor(rng.standard_normal((n, *shape))), tensor(rng.integers(0, classes, n)))


def trained(name: str, captured: bool) -> tuple[dict[str, Tensor], dict[str, list[float]]]:
    """The weights after STEPS steps of the Trainer, and its history."""
    make, optimizer, batch_size, n = NETWORKS[name]
    manual_seed(5)
    net, classes, shape = make()
    model = Classifier(net.to(float64), optimizer)
    both = data(classes, shape, n)
    loader = datasets.DataLoader(both, batch_size, shuffle=True)
    trainer = nn.Trainer(STEPS // len(loader), metrics={"acc": nn.accuracy}, capture=captured)
    history = trainer.fit(model, loader, datasets.DataLoader(both, 11))
    return dict(net.state_dict()), dict(history)


def looped(name: str, captured: bool, overlap: bool) -> dict[str, Tensor]:
    """The weights after a loop as one writes it with PyTorch, where each rank weighs its loss by its samples."""
    make, optimizer, batch_size, n = NETWORKS[name]
    manual_seed(5)
    net, classes, shape = make()
    model: Any = net.to(float64)
    rank, ranks = distributed.get_rank(), distributed.get_world_size()
    model = nn.parallel.DistributedDataParallel(net, overlap=overlap, bucket_cap_mb=1e-4)
    adam = optimizer(net.parameters())

    def step(x: Tensor, y: Tensor, share: Tensor) -> Tensor:
        adam.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y, reduction="sum") * share
        loss.backward()
        adam.step()
        return loss.detach()

    run = capture(step) if captured else step
    x, y = data(classes, shape, n).tensors
    starts = list(range(0, n, batch_size))
    for i in range(STEPS):
        rows = slice(starts[i % len(starts)], starts[i % len(starts)] + batch_size)
        bx, by = x[rows], y[rows]
        run(bx[rank::ranks], by[rank::ranks], tensor(ranks / len(bx), dtype=float64))
    if captured:
        assert run.recordings <= 3, run.recordings  # type: ignore[attr-defined]
    return dict(net.state_dict())


def everything() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in NETWORKS:
        found[f"Trainer {name}"], found[f"history {name}"] = trained(name, False)
        if name != "lenet":
            found[f"captured {name}"], _ = trained(name, True)
            found[f"loop {name}"] = looped(name, name == "mlp", name == "iris")
    return found


if __name__ == "__main__":
    distributed.init_process_group("mpi")
    weights = everything()
    if distributed.get_rank() == 0:
        save(weights, sys.argv[1])
