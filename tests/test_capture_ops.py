"""Every row of the table of ops, captured: replays with other numbers are the op itself, bit for bit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import tinygrad_lite as tl

from .cases import CASES, Case
from .test_ops import each, noise, ours_of, outputs

ROWS = list(CASES.values())


def runs(row: Case, captured: bool) -> tuple[list[Any], int, list[str]]:
    """Three calls, the last two with other numbers: results and gradients, and what a captured one told."""
    xs = [ours_of(np.array(a, order="K") if 0 not in a.strides else a) for a in row.inputs]
    upstream: list[Any] = []

    def step() -> Any:
        for x in xs:
            x.grad = None
        live = outputs(row.ours(*xs))
        ys = [y for y in live if y.requires_grad]
        if ys:
            if not upstream:
                upstream.extend(tl.tensor(noise(y, seed)) for seed, y in enumerate(ys))
            tl.autograd.backward(ys, upstream)
        return [y.detach() for y in live]

    step()
    run: Any = tl.capture(step) if captured else step
    found, told = [], []
    for factor in (1.0, 1.0, 1.03125):
        for x, a in zip(xs, row.inputs):
            if a.dtype.kind == "f" and a.size and row.smooth and 0 not in a.strides:
                with tl.no_grad():
                    x.copy_(tl.tensor(a * a.dtype.type(factor)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found.append([y.numpy().copy() for y in run()])
            except Exception as error:
                found.append([repr(error)])
        told += [str(w.message) for w in caught if "capture" in str(w.message)]
        found.append([None if x.grad is None else x.grad.numpy().copy() for x in xs])
    return found, run.recordings if captured else 0, told


@each(ROWS)
def test_replays_of_every_op(row: Case) -> None:
    right, _, _ = runs(row, captured=False)
    found, recordings, told = runs(row, captured=True)
    for ours, expected in zip(found, right):
        for x, y in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(x, y)
    assert not told
    assert recordings <= (2 if "packed" in row.name else 1)  # which of two ways the sort goes depends on the numbers
