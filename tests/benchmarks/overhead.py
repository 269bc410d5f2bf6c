"""What recording costs: an op on 16 float32 numbers against the bare NumPy call, in microseconds.

    python tests/benchmarks/overhead.py

Both are timed in turn, in rounds; printed are the medians over the rounds and their difference.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from timeit import Timer

import numpy as np

from tinygrad_lite import Tensor, exp, from_numpy


def microseconds(*functions: Callable[[], object], calls: int = 4000, rounds: int = 25) -> list[float]:
    """The median time of a call of each function, the rounds interleaved so that slow spells hit all alike."""
    timers = [Timer(f) for f in functions]
    samples = [[t.timeit(calls) / calls * 1e6 for t in timers] for _ in range(rounds)]
    return [median(column) for column in zip(*samples)]


def overhead() -> dict[str, tuple[float, float]]:
    """By op: (the bare NumPy call, the recorded op), in microseconds."""
    a, b = np.linspace(0, 1, 16, dtype=np.float32), np.linspace(1, 2, 16, dtype=np.float32)
    x: Tensor = from_numpy(a).requires_grad_()
    w: Tensor = from_numpy(b).requires_grad_()
    plain_mul, plain_exp, our_mul, our_exp = microseconds(lambda: a * b, lambda: np.exp(a), lambda: x * w, lambda: exp(x))
    return {"x * w": (plain_mul, our_mul), "exp(x)": (plain_exp, our_exp)}


if __name__ == "__main__":
    print("op        NumPy us   recorded us   overhead us")
    for op, (plain, ours) in overhead().items():
        print(f"{op:8} {plain:9.2f} {ours:13.2f} {ours - plain:13.2f}")
