"""einsum: what it refuses, and what it makes of integers. Values and derivatives are rows of cases/contraction.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

REFUSED: list[tuple[str, list[tuple[int, ...]], str]] = [
    ("ij,jk", [(2, 3)], "2 terms for 1 operands"),
    ("ij", [(2, 3), (2, 3)], "1 terms for 2 operands"),
    ("ij,jk->ik", [(2, 3), (4, 2)], r"axes 'j' in 'ij,jk->ik' differ in length: \[\[2, 3\], \[4, 2\]\]"),
    ("ii->i", [(2, 3)], "axes 'i' .* differ in length"),
    ("ii", [(1, 3)], "axes 'i' .* differ in length"),
    ("...,...", [(2, 3), (2,)], r"axes '\.\.\.' .* differ in length"),
    ("ij->ii", [(2, 3)], "each label in the result"),
    ("ij->k", [(2, 3)], "each label in the result"),
    ("ij->......", [(2, 3)], "each label in the result"),
    ("ij->ji->", [(2, 3)], "each label in the result"),
    ("ijk", [(2, 3)], r"a letter or '\.\.\.' for each axis of an operand \[2, 3\]"),
    ("i", [(2, 3)], "a letter or"),
    ("i...jk", [(2,)], "a letter or"),
    ("i1", [(2, 3)], "a letter or"),
    ("i..j", [(2, 3)], "a letter or"),
    ("...i...", [(2, 3)], "a letter or"),
    ("ij-", [(2, 3)], "a letter or"),
]


@pytest.mark.parametrize(("equation", "shapes", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_does_not_fit_is_refused_here_and_there(equation: str, shapes: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        tl.einsum(equation, *[tl.ones(*shape) for shape in shapes])
    with pytest.raises(RuntimeError):
        torch.einsum(equation, *[torch.ones(*shape) for shape in shapes])


def test_dtypes_do_not_mix_and_are_kept() -> None:
    with pytest.raises(RuntimeError, match="float32 and float64 do not mix"):
        tl.einsum("i,i", tl.ones(2), tl.ones(2, dtype=tl.float64))
    for dtype in ("float32", "float64", "int64"):
        a = np.arange(6).reshape(2, 3).astype(dtype)
        for equation, count in (("ij,ij->i", 2), ("ij->i", 1), ("ij->ji", 1), ("ij,kj", 2), ("ij,ij,ij", 3)):
            ours, theirs = tl.einsum(equation, *[tl.tensor(a)] * count), torch.einsum(equation, *[torch.tensor(a)] * count)
            assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.") == dtype
            np.testing.assert_allclose(ours.numpy(), theirs.numpy())


def test_one_operand_is_a_new_tensor_on_the_same_memory() -> None:
    x = tl.tensor([[1.0, 2.0]], requires_grad=True)
    y = tl.einsum("ij->ij", x)
    assert y is not x and not y.is_leaf and np.shares_memory(x.array, y.array)


def test_contraction_goes_from_left_to_right() -> None:
    """(a b) c with a row first never builds a square matrix: what is kept shows the order."""
    a, b, c = (tl.ones(*shape, requires_grad=True) for shape in ((1, 50), (50, 50), (50, 50)))
    out = tl.einsum("ij,jk,kl->il", a, b, c)
    assert out.grad_fn is not None and out.grad_fn.edges[0].shape == (1, 50)
