"""Sums and means over each axis: how accurate, and how fast, beside PyTorch and NumPy's own reduction.

    python tests/benchmarks/reductions.py [--rounds 9] [--rows 20000000]

Errors are relative to the float64 result, in epsilons of the dtype, the worse of two inputs: 0.1 throughout, where every
rounding goes the same way, and random numbers from 1000 to 1001. Times are medians in microseconds, the three in turn, one
thread each, of the random input, values only. "axis" is the axis that is summed; "F" says that the array lies by columns.
NumPy is what a reduction would be without ours: np.add.reduce, in float16 accumulated in float16.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from timeit import Timer
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits

import tinygrad_lite as tl

SHAPES = [(256, 784), (60_000, 784), (256, 10), (60_000, 10), (1_000_000, 3), (2000, 60), (16, 5), (64, 32, 28, 28)]
AXES: dict[int, list[Any]] = {2: [0, 1, None], 4: [(0, 2, 3), 1]}


def inputs(shape: tuple[int, ...], dtype: Any, order: Any = "C") -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(0.1 throughout, random numbers from 1000 to 1001), in an order of memory."""
    random = np.random.default_rng(0).random(shape, np.float32) + np.float32(1000)
    return np.full(shape, 0.1, dtype, order), np.asarray(random, dtype, order)


def error(result: Any, x: np.ndarray[Any, Any], axis: Any, mean: bool) -> float:
    """How far the result is from the exact one, in epsilons of its dtype."""
    wide = x.astype(np.float64)
    exact = wide.mean(axis) if mean else wide.sum(axis)
    with np.errstate(all="ignore"):  # float16 has no number above 65,504; then both are inf
        exact = np.where(np.abs(exact) > np.finfo(x.dtype).max, np.inf, exact)
        off = np.where(np.asarray(result) == exact, 0, np.abs(np.asarray(result, np.float64) / exact - 1))
    return float(off.max() / np.finfo(x.dtype).eps)


def microseconds(functions: list[Callable[[], object]], rounds: int) -> list[float]:
    """The median time of each function, the rounds interleaved; slow ones are called once a round."""
    timers = [Timer(f) for f in functions]
    calls = [max(1, int(0.004 / t.timeit(1))) for t in timers]
    samples = [[t.timeit(n) / n * 1e6 for t, n in zip(timers, calls)] for _ in range(rounds)]
    return [median(column) for column in zip(*samples)]


def row(shape: tuple[int, ...], axis: Any, dtype: str, order: str, mean: bool, rounds: int) -> str:
    """One line of the table."""
    name, errors, times = "mean" if mean else "sum", [0.0, 0.0, 0.0], []
    for x in inputs(shape, dtype, order):
        t, z = tl.from_numpy(x), torch.from_numpy(x)
        plain: Any = (lambda x=x: np.add.reduce(x, axis) / (x.size / np.add.reduce(x, axis).size)) if mean else None
        functions: list[Callable[[], Any]] = [
            lambda t=t: getattr(tl, name)(t, axis),
            lambda z=z: getattr(torch, name)(z, axis),
            plain or (lambda x=x: np.add.reduce(x, axis)),
        ]
        with np.errstate(all="ignore"):
            results = [f() for f in functions]
            errors = [max(e, error(r, x, axis, mean)) for e, r in zip(errors, results)]
            times = microseconds(functions, rounds)
    label = f"{dtype:8}{order:2}{'x'.join(map(str, shape)):>14} {name:5}{'all' if axis is None else axis!s:>10}"
    shown = " ".join(f"{e:9.1f}{us:10.1f}" for e, us in zip(errors, times))
    return f"{label} {shown} {times[0] / times[1]:8.2f} {times[0] / times[2]:8.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="samples of each time (default: 9)")
    parser.add_argument("--rows", type=int, default=20_000_000, help="rows of the longest array (default: 2e7)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kernels = ", ".join(sorted({f"{info['internal_api']} {info.get('architecture', '')}" for info in threadpool_info()}))
    print(f"NumPy {np.__version__} ({kernels}), PyTorch {torch.__version__}, one thread")
    print(f"{'':40} {'ours':>19} {'PyTorch':>19} {'NumPy':>19} {'time, ours /':>17}")
    columns = f"{'error':>9}{'us':>10} " * 3
    print(f"dtype   {'shape':>16} {'':5}{'axis':>10} {columns} PyTorch    NumPy")
    with threadpool_limits(1):
        for dtype in ("float32", "float16"):
            for shape in SHAPES if dtype == "float32" else SHAPES[:1] + SHAPES[2:6]:
                for axis in AXES[len(shape)]:
                    print(row(shape, axis, dtype, "C", False, options.rounds), flush=True)
            print(row((256, 784), 0, dtype, "C", True, options.rounds))
            print(row((256, 784), 1, dtype, "F", False, options.rounds))
        for axis in (0, 1, None):
            print(row((options.rows, 2), axis, "float32", "C", False, 3), flush=True)
