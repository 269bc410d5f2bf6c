"""The time of the layers that are hard to make fast, forward and backward, beside PyTorch's, one thread each.

    python tests/benchmarks/layers.py              # all (3 minutes): writes layers.md beside this file
    python tests/benchmarks/layers.py conv LSTM    # the rows whose names contain one of these: prints them

Both libraries run the same text on equal numbers; before a row is timed, results and gradients are compared. Then they are
timed in turn, in rounds, in time of the processor. Printed are medians and their ratio, with the quartiles of the ratios of the
rounds behind it, and the ratio that the row is to stay under. That is what NumPy code reaches that was written by hand for this
one row, and some margin. The exit status is 1 if a row is above it and has no reason in REASONS.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

import numpy as np
import torch
from every_op import CORE_TYPE, Times, kernels, made_how, seconds_of
from threadpoolctl import threadpool_limits

import tinygrad_lite as tl

PAGE = Path(__file__).with_suffix(".md")
Array = np.ndarray[Any, Any]
Run = Callable[[], Any]


def normal(*shape: int) -> Array:
    return np.random.default_rng(list(shape)).standard_normal(shape, np.float32)


def whole(*shape: int, below: int) -> Array:
    return np.random.default_rng(list(shape)).integers(0, below, shape)


class Row(NamedTuple):
    """What is timed: make(t) gives, for a library, a function of no arguments that returns what is compared."""

    name: str
    bound: float
    make: Callable[[Any], Run]
    tolerance: float = 1e-4  # of the largest number


def layer(make: Callable[[Any], Any], *inputs: Array, inner: bool = True) -> Callable[[Any], Run]:
    """make(t) is a module or function; forward, and backward from a gradient of normal numbers.

    `inner`: whether the first input needs a gradient, as in all layers but the first.
    """

    def made(t: Any) -> Run:
        f = make(t)
        if isinstance(f, t.nn.Module):
            fill(f, t)
        xs = [t.from_numpy(x.copy()) for x in inputs]
        leaves = [x.requires_grad_() for i, x in enumerate(xs) if x.is_floating_point() and (inner or i)]
        leaves += list(f.parameters()) if isinstance(f, t.nn.Module) else []
        out = first(f(*xs), t)
        g = t.from_numpy(np.random.default_rng(1).standard_normal(out.shape, np.float32))

        def run() -> Any:
            out = first(f(*xs), t)
            for x in leaves:
                x.grad = None
            out.backward(g)
            return [out, *[x.grad for x in leaves]]

        return run

    return made


def forward(function: Callable[..., Any], *inputs: Array) -> Callable[[Any], Run]:
    """The forward alone, without recording."""

    def made(t: Any) -> Run:
        xs = [t.from_numpy(x) for x in inputs]

        def run() -> Any:
            return [first(function(t, *xs), t)]  # of a sort the values alone: equal numbers may change places

        return run

    return made


def first(out: Any, t: Any) -> Any:
    return out if isinstance(out, t.Tensor) else out[0]


def fill(module: Any, t: Any) -> None:
    """Small numbers, the same in both libraries, for all parameters."""
    with t.no_grad():
        for p in module.parameters():
            p.copy_(t.from_numpy(normal(*p.shape) / np.float32(max(p.shape[-1], 9) ** 0.5)))


def lenet(t: Any) -> Run:
    """A training step of LeNet on 256 pictures: forward, loss, backward, SGD."""
    n = t.nn
    net = n.Sequential(
        n.Conv2d(1, 6, 5, padding=2), n.ReLU(), n.MaxPool2d(2),
        n.Conv2d(6, 16, 5), n.ReLU(), n.MaxPool2d(2), n.Flatten(),
        n.Linear(400, 120), n.ReLU(), n.Linear(120, 84), n.ReLU(), n.Linear(84, 10),
    )  # fmt: skip
    fill(net, t)
    x, y = t.from_numpy(normal(256, 1, 28, 28)), t.from_numpy(whole(256, below=10))
    optimizer = t.optim.SGD(net.parameters(), lr=1e-5)

    def run() -> Any:
        loss = n.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return [loss]

    return run


def attention(t: Any) -> Any:
    return lambda q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


IMAGES = normal(256, 6, 28, 28)
TABLE, COLUMNS = normal(256, 1024), normal(256, 1000)
SEQUENCE = normal(64, 32, 64)
HEADS = normal(16, 8, 128, 64)
MILLION, SQUARE = normal(1_000_000), normal(1000, 1000)
PLACES = np.random.default_rng(0).integers(0, 1000, (1000, 1000))

ROWS = [
    Row("conv 1->6 5x5 pad 2, (256,1,28,28)", 0.60,
        layer(lambda t: t.nn.Conv2d(1, 6, 5, padding=2), normal(256, 1, 28, 28))),
    Row("the same as the first layer, whose input needs no gradient", 1.2,
        layer(lambda t: t.nn.Conv2d(1, 6, 5, padding=2), normal(256, 1, 28, 28), inner=False)),
    Row("conv 6->16 5x5, (256,6,14,14)", 1.8, layer(lambda t: t.nn.Conv2d(6, 16, 5), normal(256, 6, 14, 14))),
    Row("conv 64->64 3x3 pad 1, (32,64,28,28)", 1.5,
        layer(lambda t: t.nn.Conv2d(64, 64, 3, padding=1), normal(32, 64, 28, 28))),
    Row("conv 32->64 3x3 stride 2 pad 1, (32,32,28,28)", 1.6,
        layer(lambda t: t.nn.Conv2d(32, 64, 3, stride=2, padding=1), normal(32, 32, 28, 28))),
    Row("depthwise 3x3 pad 1, (32,32,28,28)", 2.7,
        layer(lambda t: t.nn.Conv2d(32, 32, 3, padding=1, groups=32), normal(32, 32, 28, 28))),
    Row("max_pool 2x2, (256,6,28,28)", 0.35, layer(lambda t: t.nn.MaxPool2d(2), IMAGES)),
    Row("avg_pool 2x2, (256,6,28,28)", 0.35, layer(lambda t: t.nn.AvgPool2d(2), IMAGES)),
    Row("max_pool 3x3 stride 2 pad 1, (256,6,28,28)", 0.90, layer(lambda t: t.nn.MaxPool2d(3, 2, 1), IMAGES)),
    Row("bilinear x2, (32,16,32,32)", 1.0,
        layer(lambda t: t.nn.Upsample(scale_factor=2, mode="bilinear"), normal(32, 16, 32, 32))),
    Row("LayerNorm (256,1024)", 3.0, layer(lambda t: t.nn.LayerNorm(1024), TABLE)),
    Row("BatchNorm1d (256,1024)", 2.0, layer(lambda t: t.nn.BatchNorm1d(1024), TABLE)),
    Row("BatchNorm2d (64,32,28,28)", 1.1, layer(lambda t: t.nn.BatchNorm2d(32), normal(64, 32, 28, 28))),
    Row("attention, causal, 16 x 8 x 128 x 64", 0.75, layer(attention, HEADS, HEADS[::-1], HEADS[:, ::-1])),
    Row("TransformerEncoderLayer 64, 4 heads, (16,64,64)", 1.0,
        layer(lambda t: t.nn.TransformerEncoderLayer(64, 4, 256, 0.0, batch_first=True), normal(16, 64, 64))),
    Row("LSTM 64->128, 64 steps, batch 32", 1.6, layer(lambda t: t.nn.LSTM(64, 128), SEQUENCE)),
    Row("GRU 64->128, 64 steps, batch 32", 0.55, layer(lambda t: t.nn.GRU(64, 128), SEQUENCE)),
    Row("embedding 10,000 x 64, (32,128)", 0.45,
        layer(lambda t: t.nn.Embedding(10_000, 64), whole(32, 128, below=10_000))),
    Row("GELU (256,1024)", 2.7, layer(lambda t: t.nn.GELU(), TABLE)),
    Row("GELU, tanh (256,1024)", 0.65, layer(lambda t: t.nn.GELU("tanh"), TABLE)),
    Row("SiLU (256,1024)", 1.6, layer(lambda t: t.nn.SiLU(), TABLE)),
    Row("ReLU (256,1024)", 1.6, layer(lambda t: t.nn.ReLU(), TABLE)),
    Row("softmax (256,1000)", 2.1, layer(lambda t: t.nn.Softmax(-1), COLUMNS)),
    Row("cross-entropy (4096,1000)", 1.3,
        layer(lambda t: t.nn.CrossEntropyLoss(), normal(4096, 1000), whole(4096, below=1000))),
    Row("cumsum axis 0 (256,1000), forward", 1.1, forward(lambda t, x: t.cumsum(x, 0), COLUMNS)),
    Row("cumsum axis 1 (256,1000), forward", 1.7, forward(lambda t, x: t.cumsum(x, 1), COLUMNS)),
    Row("sort with indices (256,1000), forward", 0.2, forward(lambda t, x: t.sort(x), COLUMNS)),
    Row("topk 10 (256,1000), forward", 1.25, forward(lambda t, x: t.topk(x, 10), COLUMNS)),
    Row("var axis 1 (1000,1000), forward", 0.10, forward(lambda t, x: t.var(x, 1), SQUARE)),
    Row("var axis 0 (1000,1000), forward", 0.10, forward(lambda t, x: t.var(x, 0), SQUARE)),
    Row("einsum bij,bjk (32,64,64), forward", 0.5,
        forward(lambda t, x, y: t.einsum("bij,bjk->bik", x, y), normal(32, 64, 64), normal(32, 64, 64)[::-1].copy())),
    Row("gather axis 1 (1000,1000), forward", 3.1, forward(lambda t, x, i: t.gather(x, 1, i), SQUARE, PLACES)),
    Row("gather axis 0 (1000,1000), forward", 1.9, forward(lambda t, x, i: t.gather(x, 0, i), SQUARE, PLACES)),
    Row("scatter_add axis 1 (1000,1000), forward", 1.9,
        forward(lambda t, x, i: t.zeros(1000, 1000).scatter_add(1, i, x), SQUARE, PLACES)),
    Row("exp, 1e6, forward", 0.65, forward(lambda t, x: t.exp(x), MILLION)),
    Row("tanh, 1e6, forward", 0.15, forward(lambda t, x: t.tanh(x), MILLION)),
    Row("log, 1e6, forward", 0.4, forward(lambda t, x: t.log(x), np.abs(MILLION))),
    Row("sin, 1e6, forward", 0.5, forward(lambda t, x: t.sin(x), MILLION)),
    Row("sigmoid, 1e6, forward", 1.8, forward(lambda t, x: t.sigmoid(x), MILLION)),
    Row("relu, 1e6, forward", 2.2, forward(lambda t, x: t.relu(x), MILLION)),
    Row("LeNet, a training step, batch 256", 1.2, lenet),
]  # fmt: skip

EXP = "NumPy's exp alone takes 1.4 times as long as PyTorch's sigmoid; (1 + tanh(x / 2)) / 2, at half the time, loses digits"
REASONS: dict[str, str] = {  # why a row is above its bound
    "sigmoid, 1e6, forward": f"{EXP}: at -10 five of seven",
    "SiLU (256,1024)": EXP,
    "depthwise 3x3 pad 1, (32,32,28,28)": "nine multiply-adds over the images for each of the three products, and copies; "
    "2.1 to 2.8 from run to run",
    "embedding 10,000 x 64, (32,128)": "half of the time is the zeros of the gradient's table; 0.36 to 0.49 from run to run",
    "LayerNorm (256,1024)": "about 12 passes over memory; 2.7 to 3.2 from run to run",
    "GELU (256,1024)": "about 25 passes over the numbers in NumPy, one in PyTorch; 2.6 to 3.0 from run to run",
    "ReLU (256,1024)": "two passes forward and two backward; 1.5 to 1.7 from run to run",
    "var axis 1 (1000,1000), forward": "sums are pairwise and x is centred twice, so that a large mean costs no digits",
    "var axis 0 (1000,1000), forward": "the same",
    "gather axis 1 (1000,1000), forward": "the index is compared with the size and made into places in memory before its use",
    "scatter_add axis 1 (1000,1000), forward": "the same, and numpy.add.at",
}


def different(row: Row, runs: list[Run]) -> float:
    """The largest difference between the libraries' results, in parts of the largest number."""
    found = 0.0
    for a, b in zip(runs[0](), runs[1](), strict=True):
        x, y = (np.asarray(z.detach().numpy(), np.float64) for z in (a, b))
        found = max(found, float(np.abs(x - y).max() / np.abs(y).max()))
    return found


def measured(row: Row, rounds: int = 15, shortest: float = 0.02) -> Times:
    """The times of a row; in each round each library runs for about `shortest` seconds, at least once."""
    runs = [row.make(t) for t in (tl, torch)]
    if not (error := different(row, runs)) < row.tolerance:
        raise AssertionError(f"{row.name}: ours and PyTorch's results differ by {error:.1g} of the largest number")
    calls = [max(1, int(shortest / min(seconds_of(f, 1) for _ in range(2)))) for f in runs]
    samples = []
    for i in range(rounds):
        taken = {k: seconds_of(runs[k], calls[k]) / calls[k] * 1e6 for k in ((0, 1) if i % 2 else (1, 0))}
        samples.append((taken[0], taken[1]))
    low, _, high = quantiles([a / b for a, b in samples], n=4)
    return Times(median(a for a, _ in samples), median(b for _, b in samples), low, high)


HEAD = "| what | ours µs | torch µs | ratio | quartiles | at most |"


def line(row: Row, times: Times) -> str:
    """One row of the table; a ratio above the bound in bold."""
    ratio = f"{times.ratio:.2f}"
    ratio = f"**{ratio}**" if times.ratio > row.bound else ratio
    name = row.name.replace("->", "→")
    return f"| {name} | {times.ours:,.0f} | {times.torchs:,.0f} | {ratio} | {times.low:.2f}–{times.high:.2f} | {row.bound:g} |"


def above(results: dict[Row, Times]) -> list[Row]:
    return [row for row, times in results.items() if times.ratio > row.bound]


def page(results: dict[Row, Times]) -> str:
    """The text of layers.md."""
    slow = above(results)
    text = ["# Layers, beside PyTorch", "", *(__doc__ or "").split("\n\n")[0].split("\n"), ""]
    text += ["Written by `python tests/benchmarks/layers.py`, which says what each row runs and how it is measured: float32,"]
    text += [
        "forward and backward where the row says nothing else, medians in microseconds. The last column is what the row is"
    ]
    text += ["to stay under: what NumPy reaches by hand, with some margin.", ""]
    text += [f"Of {len(results)} rows {len(results) - len(slow)} do{'.' if not slow else ', and these do not:'}", ""]
    text += [f"- {row.name}: {REASONS.get(row.name, 'NO REASON GIVEN')}" for row in slow]
    text += ["", *made_how(), "", HEAD, "|---|" + "---:|" * (HEAD.count("|") - 2)]
    return "\n".join([*text, *[line(row, times) for row, times in results.items()]]) + "\n"


def main(wanted: list[str]) -> int:
    if any(name in os.environ for name in CORE_TYPE):
        environment = {name: value for name, value in os.environ.items() if name not in CORE_TYPE}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
    torch.set_num_threads(1)
    np.empty(31 << 20, np.uint8)  # see made_how
    results: dict[Row, Times] = {}
    with threadpool_limits(1):
        print(f"BLAS: {kernels()}\n{HEAD}")
        for row in ROWS:
            if not wanted or any(part in row.name for part in wanted):
                gc.collect()
                gc.disable()
                times = measured(row)
                if times.ratio > row.bound:  # once more, with more rounds, before that is said
                    times = measured(row, rounds=41)
                gc.enable()
                results[row] = times
                print(line(row, times), flush=True)
    if not wanted:
        PAGE.write_text(page(results))
    missing = [row.name for row in above(results) if row.name not in REASONS]
    if missing:
        print(f"\nabove the bound without a reason in REASONS: {'; '.join(missing)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
