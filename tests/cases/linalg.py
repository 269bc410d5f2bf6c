"""Rows of matmul; a product with a vector is dot or mv."""

from __future__ import annotations

import numpy as np

from tinygrad_lite.ops import linalg

from .table import case, strided, transposed

for a, b in [
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 2)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((0, 2, 3), (3, 2)),
    (transposed(2, 3), transposed(3, 2)),
    (strided(2, 3), strided(3, 2)),
    ((1, 1), (1, 1)),
]:
    case("matmul", lambda t, a, b: a @ b, a, b)
for op, a, b in [("dot", (3,), (3,)), ("mv", (3,), (3, 2)), ("mv", (2, 3), (3,)), ("dot", (0,), (0,)), ("mv", (2, 0), (0,))]:
    case(op, lambda t, a, b: a @ b, a, b)
whole = np.arange(6.0)
case("matmul", lambda t, a, b: a @ b, whole.reshape(2, 3), whole.reshape(3, 2), name="whole")
case("matmul", lambda t, a, b: t.matmul(a, b), (2, 3), (3, 2), keeps=("y", "x"))
case("matmul", lambda t, a, b: a.matmul(b), (2, 3), (3, 2), name="method")
case("matmul", lambda t, a: a @ a, (3, 3))
case("matmul", lambda t, a: a @ a.T, (2, 3))
case("matmul", lambda t, a: linalg.matmul(a, a.mT), (2, 2, 3), theirs=lambda t, a: a @ a.mT)
