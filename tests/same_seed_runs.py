"""Two whole programs that run in both libraries: they differ in their imports only, and start from manual_seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import tinygrad_lite as tl

TITLE = "## Training runs"
IMPORTS = {
    "ours": "import tinygrad_lite as torch\nfrom tinygrad_lite.datasets import DataLoader, TensorDataset, random_split",
    "torch": "import torch\nfrom torch.utils.data import DataLoader, TensorDataset, random_split",
}
IRIS = """
torch.manual_seed(seed)
torch.set_default_dtype(getattr(torch, dtype))
data = TensorDataset(torch.tensor(x, dtype=torch.get_default_dtype()), torch.tensor(y))
train, test = random_split(data, [0.8, 0.2])
loader = DataLoader(train, batch_size=16, shuffle=True)
model = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(32, 3))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
losses = []
for epoch in range(epochs):
    model.train()
    total = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    losses.append(total / len(train))
model.eval()
with torch.no_grad():
    inputs, labels = next(iter(DataLoader(test, batch_size=len(test))))
    losses.append(torch.nn.functional.cross_entropy(model(inputs), labels).item())
"""
FASHION = """
torch.manual_seed(seed)
torch.set_default_dtype(getattr(torch, dtype))
data = TensorDataset(torch.tensor(x), torch.tensor(y))
loader = DataLoader(data, batch_size=256, shuffle=True)
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
torch.nn.init.normal_(model[1].weight, std=0.01)
torch.nn.init.zeros_(model[1].bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
losses = []
for epoch in range(epochs):
    total = 0.0
    for images, labels in loader:
        images = images.to(torch.get_default_dtype()) / 255
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    losses.append(total / len(data))
"""


def iris() -> dict[str, Any]:
    flowers = tl.datasets.Iris(dtype=tl.float64)
    x = flowers.data.numpy()
    return {"x": (x - x.mean(0)) / x.std(0), "y": flowers.targets.numpy()}


def fashion(n: int = 60_000) -> dict[str, Any]:
    pictures = tl.datasets.FashionMNIST(train=True, download=False)
    return {"x": pictures.images.numpy()[:n], "y": pictures.labels.numpy()[:n].astype(np.int64)}


def losses(library: str, program: str, data: dict[str, Any], **settings: Any) -> list[float]:
    """The losses that a program computes with one of the libraries."""
    names = data | settings
    try:
        exec(IMPORTS[library] + program, names)
    finally:
        tl.set_default_dtype(tl.float32)
        torch.set_default_dtype(torch.float32)
    return names["losses"]  # type: ignore[no-any-return]


def curves(program: str, data: dict[str, Any], **settings: Any) -> tuple[list[float], list[float], float]:
    """Our losses, PyTorch's, and the largest relative difference."""
    ours, theirs = (losses(library, program, data, **settings) for library in ("ours", "torch"))
    return ours, theirs, max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))


def page() -> str:
    """The second part of SAME_SEED.md."""
    text = f"\n{TITLE}\n\n"
    text += "The programs are in `same_seed_runs.py`. Ours and PyTorch's differ in two lines of imports and start from\n"
    text += "`manual_seed(0)`; a float32 loss differs because sums of float32 numbers are rounded in another order.\n"
    runs = {
        "Iris: a network of 4, 32 and 3, ReLU, Dropout(0.2), AdamW, batches of 16": (IRIS, iris(), 50),
        "Fashion-MNIST: softmax regression, SGD, batches of 256, ten epochs": (FASHION, fashion(), 10),
    }
    for title, (program, data, epochs) in runs.items():
        found = {dtype: curves(program, data, dtype=dtype, seed=0, epochs=epochs) for dtype in ("float32", "float64")}
        text += f"\n### {title}\n\n"
        for dtype, (*_, largest) in found.items():
            text += f"Largest relative difference of a loss in {dtype}: {largest:.1e}.\n"
        text += "\n| loss | ours, float32 | PyTorch, float32 | ours, float64 | PyTorch, float64 |\n|---|---|---|---|---|\n"
        last = len(found["float32"][0])
        for i in range(last):
            if i < 10 or i % 10 == 9 or i >= epochs:
                name = "of the test flowers" if i >= epochs else f"epoch {i + 1}"
                cells = [f"{x[i]:.{n}f}" for d, n in (("float32", 9), ("float64", 16)) for x in found[d][:2]]
                text += f"| {name} | {' | '.join(cells)} |\n"
    return text
