"""Whole programs that differ in their imports only print the same losses, from the seed alone."""

from __future__ import annotations

from typing import Any

import pytest
import same_seed
import same_seed_runs as runs


def check(program: str, data: dict[str, Any], seed: int, epochs: int) -> None:
    for dtype, bound in (("float32", 2e-5), ("float64", 1e-13)):
        ours, theirs, largest = runs.curves(program, data, dtype=dtype, seed=seed, epochs=epochs)
        assert largest < bound, (dtype, ours, theirs)
        assert len(set(ours)) == len(ours) >= epochs  # it learns something each epoch


@pytest.mark.parametrize("seed", [0, 7])
def test_iris(seed: int) -> None:
    program = runs.IRIS
    if same_seed.torch_asks_mkl():  # its Dropout draws from another stream on this processor
        program = program.replace("Dropout(0.2)", "Dropout(0.0)")
    check(program, runs.iris(), seed, 8)


def test_softmax_regression_on_fashion_mnist(fashion_mnist: Any) -> None:
    check(runs.FASHION, runs.fashion(3000), 0, 2)
