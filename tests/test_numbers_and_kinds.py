"""Numbers, dims and dtypes where PyTorch does something that one may not expect: each case runs in both libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

SAME = [
    "x = t.arange(3, dtype=t.uint8); x += t.ones(3, dtype=t.int64)",  # integers are cast to fewer bits
    "x = t.arange(3, dtype=t.uint8); x += t.tensor(300)",
    "x = t.arange(3, dtype=t.uint8); x.mul_(t.ones(3, dtype=t.int16))",
    "x = t.zeros(3, dtype=t.uint8); x[0] = -1",  # uint8 takes -1 as 255
    "x = t.zeros(3, dtype=t.uint8).fill_(-1)",
    "x = t.zeros(3, dtype=t.uint8); x = x.masked_fill(x == 0, -1)",
    "x = t.zeros(3, dtype=t.uint8).index_fill(0, t.tensor([0]), -255)",
    "x = t.zeros(3, dtype=t.uint8); x = t.where(x == 0, -1, x)",
    "x = t.ones(3, dtype=t.uint8).clamp(min=-1)",
    "x = t.ones(3, dtype=t.uint8).clamp_(max=-1)",
    "x = t.ones(3, dtype=t.uint8); x = t.addcmul(x, x, x, value=-1)",
    "x = t.tensor([True, False]) ** True",
    "x = t.tensor([True, False]) ** False",
    "x = t.tensor([True, False]).pow_(True)",
    "x = t.tensor([True, False]) << 1",
    "x = 1 >> t.tensor([True, False])",
    "x = t.arange(4.0).clamp(0, t.tensor(2.0))",
    "x = t.arange(4.0).clamp(t.tensor(1), 2)",
    "x = t.arange(4.0).reshape(2, 2).sum(t.tensor(1))",  # a 0-d tensor of integers is a dim
    "x = t.arange(4.0).reshape(2, 2).transpose(t.tensor(0), t.tensor(-1))",
    "x = t.einsum('d,d->d', t.tensor([2, 3], dtype=t.int32), t.tensor([4], dtype=t.int32))",
    "x = t.einsum('d,d->', t.tensor([2, 3], dtype=t.int8), t.tensor([4], dtype=t.int8))",
    "x = t.einsum('i,j->ij', t.tensor([2], dtype=t.uint8), t.tensor([4], dtype=t.int16))",
    "x = t.einsum('b,d->b', t.tensor([2, 3], dtype=t.uint8), t.tensor([4, 200], dtype=t.uint8))",
    "x = t.zeros(2, 3, 4)[:, None].transpose(0, 3); x = t.tensor([*x.stride(), *x[..., None].stride()])",
    "x = t.einsum('ij->j', t.ones(1, 3, dtype=t.int8))",
    "y = t.ones(3, requires_grad=True); x = y.ravel(); x = t.tensor([x is y, x.is_leaf])",
]
REFUSED = [
    "1 - t.tensor([True])",
    "t.tensor([True]) - 1",
    "t.ones(1) - t.tensor([True])",
    "t.tensor([True]) ** t.tensor([True])",
    "t.zeros(2, dtype=t.uint8).masked_fill(t.tensor([True, False]), 256)",
    "t.arange(4.0).clamp(0, t.tensor([2.0]))",
    "t.arange(4.0).clamp(0, t.tensor(2.0, requires_grad=True))",
    "t.arange(4.0).sum(t.tensor(0.0))",
    "t.arange(4.0).sum(t.tensor([0, 0]))",
    "t.sum([1.0, 2.0])",
    "t.std([1.0, 2.0])",
    "t.cumsum([1.0, 2.0], dim=0)",
    "t.argmax(3)",
    "t.lerp(t.ones(1), 2.0, 0.5)",
    "t.outer(t.ones(1), 2.0)",
    "t.kron(t.ones(1), 2.0)",
    "t.cross(t.ones(3), 2.0)",
    "t.addcmul(t.ones(3), 2.0, t.ones(3))",
    "t.bucketize(t.ones(3), [1.0, 2.0])",
    "t.matrix_power(t.eye(2), 1.5)",
    "t.where(True, t.ones(1), t.ones(1))",
    "t.full((2,), t.ones(2))",
    "t.full_like(t.ones(2), t.ones(2))",
    "t.zeros(0).kthvalue(1)",
]


@pytest.mark.parametrize("program", SAME)
def test_same_numbers_and_dtype_as_torch(program: str) -> None:
    ours: dict[str, Any] = {"t": tl}
    theirs: dict[str, Any] = {"t": torch}
    exec(program, ours)
    exec(program, theirs)
    x, z = ours["x"].array, theirs["x"].numpy()
    assert x.dtype == z.dtype
    np.testing.assert_array_equal(x, z)


@pytest.mark.parametrize("expression", REFUSED)
def test_refused_by_the_same_kind_of_error(expression: str) -> None:
    with pytest.raises(Exception) as theirs:
        eval(expression, {"t": torch})
    with pytest.raises(RuntimeError if issubclass(theirs.type, RuntimeError) else theirs.type):
        eval(expression, {"t": tl})
