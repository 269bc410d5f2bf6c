"""The speed that the README promises, as ratios to NumPy or PyTorch in the same run, the best of several rounds of each.

The bounds have a margin for a busy machine; the scripts in tests/benchmarks print the measured ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from timeit import timeit
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite
from tinygrad_lite import nn, optim

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from iris_step import steps

LAZY = ("matplotlib", "tqdm", "pooch", "cupy", "torch", "numpy.random", "tinygrad_lite.nn", "tinygrad_lite.datasets")


def repeated(call: Callable[[], object], times: int) -> Callable[[], object]:
    """A function that makes the call so often: one is too short to measure."""
    return partial(timeit, call, number=times)


def test_import_loads_nothing_that_it_need_not() -> None:
    code = f"import sys, tinygrad_lite; print([name for name in {LAZY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_import_takes_hardly_longer_than_numpys(faster: Any) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # compile once, as an installer does

    def importing(module: str) -> Callable[[], object]:
        return partial(subprocess.run, [sys.executable, "-c", f"import {module}"], check=True, env=environment)

    python = min(timeit(importing("sys"), number=1) for _ in range(9))  # both start Python, which is not to count
    numpy = min(timeit(importing("numpy"), number=1) for _ in range(9))
    faster(importing("tinygrad_lite"), importing("numpy"), 1 + 0.3 * (numpy - python) / numpy)


@pytest.mark.parametrize(
    ("ours", "numpys"), [(lambda x, w: x * w, np.multiply), (lambda x, w: x.exp(), lambda x, w: np.exp(x))]
)
def test_recording_an_op_costs_a_few_numpy_calls(
    ours: Callable[..., object], numpys: Callable[..., object], faster: Any
) -> None:
    a, b = np.linspace(0, 1, 16, dtype=np.float32), np.linspace(1, 2, 16, dtype=np.float32)
    x, w = tinygrad_lite.tensor(a, requires_grad=True), tinygrad_lite.tensor(b, requires_grad=True)
    faster(repeated(lambda: ours(x, w), 2000), repeated(lambda: numpys(a, b), 2000), 7)  # 4 times, measured


def test_a_training_step_of_iris_is_faster_than_torchs(faster: Any) -> None:
    (_, ours), (_, theirs) = steps(tinygrad_lite, nn, optim), steps(torch, torch.nn, torch.optim)
    faster(repeated(ours, 100), repeated(theirs, 100), 0.6)  # 0.4, measured
