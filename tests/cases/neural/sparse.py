"""Rows of embedding: what is looked up twice, rows without a gradient and rows with a part of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops.neural import sparse

from ..table import Array, at, case, transposed

TWICE = np.array([[2, 0, 2], [1, 2, 0]])


def looked_up(t: Any, x: Any, index: Array, padding: int | None = None, by_freq: bool = False) -> Any:
    drop = None if padding is None else at(x, index == padding)
    share = at(x, (1 / np.bincount(index.reshape(-1))[index]).astype(x.dtype)) if by_freq else None
    return sparse.embedding(x, index=at(x, index), drop=drop, share=share)


def in_torch(t: Any, x: Any, index: Array, padding: int | None = None, by_freq: bool = False) -> Any:
    return t.nn.functional.embedding(t.tensor(index), x, padding, scale_grad_by_freq=by_freq)


for x in ((4, 3), transposed(4, 3)):
    case("embedding", looked_up, x, index=TWICE, theirs=in_torch, keeps="")
case("embedding", looked_up, (4, 3), index=TWICE, padding=2, smooth=False, theirs=in_torch, keeps="")
case("embedding", looked_up, (4, 3), index=np.array(1), theirs=in_torch)
# PyTorch's second derivative lacks the factor of scale_grad_by_freq.
case("embedding", looked_up, (4, 3), index=TWICE, by_freq=True, twice=False, smooth=False, theirs=in_torch)
