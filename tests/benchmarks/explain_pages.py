"""How long a page of explain() takes to make and to open, and how large it is.

    python tests/benchmarks/explain_pages.py [--write]

One run of each, after one to warm up; `open` is from the navigation until the first step is shown, in headless Chromium. With
--write the table goes to explain_pages.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from platform import processor
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import tinygrad_lite as tl
from tinygrad_lite import Tensor, nn

HERE = Path(__file__).parent
Case = tuple[Callable[[], Tensor], Any]


def neuron() -> Case:
    x, w, b, y = (tl.tensor(n, requires_grad=True) for n in (2.0, 0.6, -0.5, 0.2))
    return lambda: (tl.tanh(w * x + b) - y) ** 2 + 0.1 * w**2, None


def classifier(net: nn.Module, *shape: int, classes: int = 10) -> Case:
    x, y = tl.randn(*shape), tl.randint(0, classes, (shape[0],))
    return lambda: nn.functional.cross_entropy(net(x), y), net


def iris() -> Case:
    return classifier(nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 3)), 16, 2, classes=3)


def mlp() -> Case:
    return classifier(nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), 256, 1, 28, 28)


def lenet() -> Case:
    conv = (nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2))
    dense = (nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    return classifier(nn.Sequential(*conv, *dense), 64, 1, 28, 28)


class Block(nn.Module):
    """Two convolutions with batch norm, and the way around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.norm_one, self.norm_two = nn.BatchNorm2d(width), nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm_one(self.one(x)).relu()
        return (self.norm_two(self.two(h)) + x).relu()


def resnet() -> Case:
    blocks = [Block(16) for _ in range(16)]
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    return classifier(net, 8, 3, 16, 16)


def chain(n: int = 10_000, shape: tuple[int, ...] = ()) -> Case:
    x = tl.full(shape, 0.5, requires_grad=True)

    def run() -> Tensor:
        h = x
        for _ in range(n // 2):
            h = h * 1.0001
            h = h.sin()
        return h.sum() if shape else h

    return run, None


CASES: dict[str, Callable[[], Case]] = {
    "the neuron of lesson 1": neuron,
    "Iris, 2-64-3, batch 16": iris,
    "Fashion-MNIST, 784-128-10, batch 256": mlp,
    "LeNet, batch 64": lenet,
    "16 residual blocks, batch 8": resnet,
    "a chain of 10,000 steps": chain,
    "the same with 64 numbers": lambda: chain(shape=(64,)),
}


def opened(path: Path) -> float | None:
    """How many seconds Chromium takes to show the first step of a page; None if it is not there."""
    from playwright.sync_api import sync_playwright

    if not Path("/usr/bin/chromium").exists():
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        begin = perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("h1")
        seconds = perf_counter() - begin
        browser.close()
    return seconds


def measured() -> list[str]:
    rows = ["| | steps | watched, s | found afterwards, s | size, KB | open, s |", "|---|---|---|---|---|---|"]
    with TemporaryDirectory() as folder:
        for name, make in CASES.items():
            tl.manual_seed(0)
            loss, model = make()
            tl.explain(loss, model)
            begin = perf_counter()
            path = tl.explain(loss, model).save(Path(folder) / "page.html")
            watched = perf_counter() - begin
            plain = loss()
            begin = perf_counter()
            explained = tl.explain(plain, model)
            explained.save(Path(folder) / "plain.html")
            afterwards = perf_counter() - begin
            steps = len(explained.to_dict()["visits"])
            seconds = opened(path)
            shown = "" if seconds is None else f"{seconds:.2f}"
            rows.append(f"| {name} | {steps} | {watched:.2f} | {afterwards:.2f} | {path.stat().st_size // 1000} | {shown} |")
            print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    table = "\n".join(measured())
    text = f"""# Pages of explain()

Made by `python tests/benchmarks/explain_pages.py --write`, {processor() or "x86_64"}, two cores. `watched` is explain() of a
function, its forward and the writing of the file included; `found afterwards` is explain() of a loss that is there already.

{table}
"""
    if "--write" in sys.argv:
        (HERE / "explain_pages.md").write_text(text, encoding="utf-8")
