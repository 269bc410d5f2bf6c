"""The contraction of two arrays, of which every kind of product is a case."""

from __future__ import annotations

from math import prod

import numpy as np

from ..apply import op
from ..backend import Array


@op(x=lambda g, y, left, right, to: einsum(g, y, left=to, right=right, to=left),
    y=lambda g, x, left, right, to: einsum(x, g, left=left, right=to, to=right))
def einsum(x: Array, y: Array, *, left: str, right: str, to: str) -> Array:
    """Σ x y over the labels that are not in `to`. Each label is in two of the three terms or in all of them, once and with the
    same size. So the gradient is an einsum too, of g and the other operand, with the terms in other places.
    """
    size = dict(zip(left + right, x.shape + y.shape))
    both, mine, yours = ([c for c in to if (c in left, c in right) == where] for where in ((1, 1), (1, 0), (0, 1)))
    summed = [c for c in left if c not in to]
    a = x.transpose([left.index(c) for c in (*both, *mine, *summed)])
    b = y.transpose([right.index(c) for c in (*both, *summed, *yours)])
    full = [size[c] for c in (*both, *mine, *yours)]
    if not summed:  # elementwise
        out = a.reshape(a.shape + (1,) * len(yours)) * b.reshape(b.shape[: len(both)] + (1,) * len(mine) + b.shape[len(both) :])
    else:  # np.einsum takes 18 times as long as a matrix product (8 products of 128 x 128)
        n, k, m = (prod([size[c] for c in labels]) for labels in (mine, summed, yours))
        batch = prod([size[c] for c in both])
        if n == m == 1 < batch:
            a, b = a.reshape(batch, k), b.reshape(batch, k)
            out = np.einsum("bk,bk->b", a, b)
        else:
            out = a.reshape(batch, n, k) @ b.reshape(batch, k, m)
    out = out.reshape(full)
    order = [*both, *mine, *yours]
    return out.transpose([order.index(c) for c in to])
