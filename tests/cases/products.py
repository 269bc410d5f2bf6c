"""Rows of cross, and of products that are compositions. Their edge cases are in test_linalg.py."""

from __future__ import annotations

from .table import case, strided, transposed

for x, y, dim in (
    ((3,), (3,), 0),
    ((2, 3), (2, 3), -1),
    ((3, 2), (3, 1), 0),
    (transposed(3, 2), strided(3, 2), 0),
    ((0, 3), (1, 3), 1),
):
    case("cross", lambda t, x, y, dim: t.linalg.cross(x, y, dim=dim), x, y, dim=dim, keeps=("y", "x"))
case("dot", lambda t, x, y: t.dot(x, y), (3,), (3,), keeps=("y", "x"), name="op")
case("mv", lambda t, x, y: t.mv(x, y), (2, 3), (3,), keeps=("x", "A"), name="op")
case("mv", lambda t, x, y, z: t.addmv(x, y, z, beta=2), (), (2, 3), (3,))
case("outer", lambda t, x, y: t.outer(x, y), (2,), (3,), keeps=("y", "x"))
case("outer", lambda t, x, y: x.ger(y), (0,), (3,))
case("outer", lambda t, x, y: t.addr(x, y, y, beta=3), (2, 2), (2,))
case("matmul", lambda t, x, y, z: t.addmm(x, y, z, beta=0.5, alpha=2), (2,), (3, 4), (4, 2))
case("matmul", lambda t, x, y, z: x.addmm(y, z, beta=0), (2,), (3, 4), (4, 2), name="beta=0")
case("matmul", lambda t, x, y, z: t.addbmm(x, y, z, alpha=3), (), (2, 3, 4), (2, 4, 2))
case("matmul", lambda t, x, y, z: t.baddbmm(x, y, z), (2, 3, 2), (2, 3, 4), (2, 4, 2))
case("matmul", lambda t, x, y: t.tensordot(x, y, ([1, 0], [0, 2])), (2, 3, 2), (3, 2, 2))
case("matmul", lambda t, x, y: t.tensordot(x, y, 1), (2, 3), (1, 4))
case("matmul", lambda t, x, y: t.inner(x, y), (2, 3), (4, 3))
case("mul", lambda t, x, y: t.kron(x, y), (2, 3), (2, 1, 2))
case("mul", lambda t, x, y: t.linalg.vecdot(x, y, dim=0), (3, 2), (3, 1))
case("mv", lambda t, x, y, z: t.linalg.multi_dot([x, y, z]), (3,), (3, 4), (4,))
case("einsum", lambda t, x, y, w, b: t.nn.functional.bilinear(x, y, w, b), (2, 3), (2, 4), (2, 3, 4), (2,))
