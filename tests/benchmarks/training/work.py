"""What every peer computes: sizes, data, first weights, and the first losses in float64. Only NumPy is imported here.

W1 to W5 are networks of dense layers with ReLU between them and cross-entropy at the end; W9 is LeNet.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
HERE = Path(__file__).resolve()
FASHION = Path("/usr/share/datasets/fashion-mnist")
BETA1, BETA2, EPS, DECAY = 0.9, 0.999, 1e-8, 0.01  # AdamW's defaults


@dataclass(frozen=True)
class Work:
    title: str
    sizes: tuple[int, ...]
    batch: int
    optimizer: str
    lr: float
    data: str


WORKS = {
    "W1": Work("Iris, linear, AdamW", (2, 3), 16, "adamw", 1e-2, "iris"),
    "W2": Work("Iris 2-5-3, AdamW", (2, 5, 3), 16, "adamw", 1e-2, "iris"),
    "W3": Work("Fashion 784-10, SGD", (784, 10), 256, "sgd", 0.1, "fashion"),
    "W4": Work("Fashion 784-256-128-10, AdamW", (784, 256, 128, 10), 256, "adamw", 1e-3, "fashion"),
    "W5": Work("784-2048-2048-10, AdamW", (784, 2048, 2048, 10), 512, "adamw", 1e-3, "fashion"),
    "W9": Work("LeNet, AdamW", (), 256, "adamw", 1e-3, "fashion"),
}
LENET = ((6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,))
BATCHES = 8


@cache
def data(name: str) -> tuple[Array, Array]:
    """(x float32, y int64): the petals of Iris, standardized, or the pictures of Fashion-MNIST in [0, 1]."""
    if name == "iris":
        rows = np.genfromtxt(HERE.parents[3] / "datasets" / "iris.csv", delimiter=",", skip_header=1, dtype=str)
        _, y = np.unique(rows[:, -1], return_inverse=True)
        x = rows[:, 2:4].astype(np.float32)
        order = np.random.default_rng(3).permutation(len(x))
        return ((x - x.mean(0)) / x.std(0))[order], y[order].astype(np.int64)
    x, y = pictures()
    return x * np.float32(1 / 255), y.astype(np.int64)


@cache
def pictures() -> tuple[Array, Array]:
    """The training pictures of Fashion-MNIST as they are stored: uint8 (60000, 784) and (60000,)."""
    with (
        gzip.open(FASHION / "train-images-idx3-ubyte.gz") as images,
        gzip.open(FASHION / "train-labels-idx1-ubyte.gz") as labels,
    ):
        x = np.frombuffer(images.read(), np.uint8, offset=16).reshape(-1, 784)
        return x, np.frombuffer(labels.read(), np.uint8, offset=8)


def batches(work: Work) -> list[tuple[Array, Array]]:
    x, y = data(work.data)
    parts = [slice(i * work.batch, (i + 1) * work.batch) for i in range(min(BATCHES, len(x) // work.batch))]
    return [(np.ascontiguousarray(x[part]), y[part].copy()) for part in parts]


def weights(work: Work) -> list[Array]:
    """The first parameters, in PyTorch's shapes and order: weight (out, in), bias (out), ..."""
    rng, made = np.random.default_rng(1), []
    shapes = LENET if not work.sizes else [s for i, o in zip(work.sizes, work.sizes[1:]) for s in ((o, i), (o,))]
    bound = 1.0
    for shape in shapes:
        bound = bound if len(shape) == 1 else float(np.prod(shape[1:])) ** -0.5
        made.append(rng.uniform(-bound, bound, shape).astype(np.float32))
    return made


def reference(work: Work, steps: int) -> list[float]:
    """The losses of the first steps of a dense network in float64."""
    p = [w.astype(np.float64) for w in weights(work)]
    m, v = [np.zeros_like(w) for w in p], [np.zeros_like(w) for w in p]
    losses, given = [], batches(work)
    for t in range(1, steps + 1):
        x, y = given[(t - 1) % len(given)]
        h = [x.astype(np.float64)]
        for i in range(0, len(p), 2):
            z = h[-1] @ p[i].T + p[i + 1]
            h.append(np.maximum(z, 0) if i + 2 < len(p) else z)
        z = h[-1] - h[-1].max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        losses.append(float(-log_p[np.arange(len(y)), y].mean()))
        g = np.exp(log_p)
        g[np.arange(len(y)), y] -= 1
        g /= len(y)
        for i in range(len(p) - 2, -1, -2):
            slopes = g.T @ h[i // 2], g.sum(0)
            g = (g @ p[i]) * (h[i // 2] > 0)
            for j, slope in zip((i, i + 1), slopes):
                if work.optimizer == "sgd":
                    p[j] -= work.lr * slope
                    continue
                p[j] *= 1 - work.lr * DECAY
                m[j] += (1 - BETA1) * (slope - m[j])
                v[j] += (1 - BETA2) * (slope * slope - v[j])
                p[j] -= work.lr * (m[j] / (1 - BETA1**t)) / (np.sqrt(v[j] / (1 - BETA2**t)) + EPS)
    return losses


def chain() -> tuple[Array, Array, Array]:
    """(x, a, b) of the chain x ← tanh(exp(a x + b)), which stays near 0.5."""
    u = float(np.arctanh(0.5))
    a = 0.995 / (u * 0.75)
    x = np.linspace(0.45, 0.5, 16, dtype=np.float32)
    return x, np.full(16, a, np.float32), np.full(16, np.log(u) - a * 0.5, np.float32)
