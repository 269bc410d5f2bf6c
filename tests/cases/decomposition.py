"""Rows of inverses, solutions, determinants and decompositions. Their edge cases are in test_linalg.py.

A decomposition is one array in here; a row with keeps= calls the op itself, the others what users call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tinygrad_lite.ops import decomposition, lu

from .table import Function, case, transposed

random = np.random.default_rng(11)
SQUARE = random.standard_normal((3, 3)) + 2 * np.eye(3)
BATCH = random.standard_normal((2, 3, 3)) + 2 * np.eye(3)
SYMMETRIC = SQUARE @ SQUARE.T
TALL, WIDE = random.standard_normal((4, 3)), random.standard_normal((2, 3, 4))


def wide(function: Function) -> Function:
    """The same in torch, which refuses float16 here: computed in float32."""

    def computed(t: Any, *xs: Any, **options: Any) -> Any:
        half = xs[0].dtype == torch.float16
        out = function(t, *[x.float() if half and x.is_floating_point() else x for x in xs], **options)
        return cast(out) if half else out

    def cast(out: Any) -> Any:
        return tuple(map(cast, out)) if isinstance(out, tuple) else out.half()

    return computed


def row(op: str, function: Function, *inputs: Any, theirs: Function | None = None, **options: Any) -> None:
    case(op, function, *inputs, theirs=wide(theirs or function), **options)


def turned(rows: Any, vectors: Any) -> Any:
    """Rows (u, σ, v) or (λ, v) in which u and v have the sign of these vectors v: each library has its own."""
    signs = np.sign((rows.detach().numpy()[:, -len(vectors) :] * vectors).sum(1, keepdims=True)).astype(
        rows.detach().numpy().dtype
    )
    n = rows.shape[1] - len(vectors) - 1  # the place of σ or λ
    return torch.cat((rows[:, :n] * torch.from_numpy(signs), rows[:, n : n + 1], rows[:, n + 1 :] * torch.from_numpy(signs)), 1)


def packed(t: Any, *parts: Any) -> Any:
    """(λ, V) or (U, σ, Vᵀ) as these rows."""
    if len(parts) == 2:
        return t.cat((parts[0][:, None], parts[1].mT), 1)
    return t.cat((parts[0].mT, parts[1][:, None], parts[2]), 1)


for x in (SQUARE, BATCH, transposed(2, 3, 3), (0, 2, 2), (2, 0, 0)):
    row("inv", lambda t, x: t.inverse(x), x, keeps="out")
    row("det", lambda t, x: t.det(x), x, keeps="x out")
for x in (np.zeros((2, 2)), np.diag([2.0, 3.0, 0.0]), np.stack((SQUARE, SQUARE * [1, 0, 1]))):
    row("det", lambda t, x: t.det(x), x, smooth=False, twice=False, name="singular" + str(len(x)))
for x in (SQUARE, BATCH, (2, 0, 0)):
    row("slogdet", lambda t, x: tuple(t.slogdet(x)), x)
row(
    "slogdet",
    lambda t, x: decomposition.slogdet(x),
    SQUARE,
    theirs=lambda t, x: t.stack(tuple(t.slogdet(x))),
    keeps="x out",
    name="packed",
)
row("slogdet", lambda t, x: t.logdet(x), SYMMETRIC, name="logdet")
for a, b in ((SQUARE, (3, 2)), (BATCH, (3, 2)), (SQUARE, (2, 3, 1)), ((0, 3, 3), (3, 2)), ((0, 0), (0, 2))):
    row("solve", lambda t, a, b: t.linalg.solve(a, b), a, b)
row(
    "solve",
    lambda t, a, b: decomposition.solve(a, b),
    SQUARE,
    (3, 2),
    theirs=lambda t, a, b: t.linalg.solve(a, b),
    keeps=("out A", "A"),
    name="op",
)
row("solve", lambda t, a, b: t.linalg.solve(a, b), BATCH, (2, 3), name="vectors")
row("solve", lambda t, a, b: t.linalg.solve(a, b, left=False), BATCH, (2, 2, 3), name="right")
for upper, name in ((False, "solve_lower"), (True, "solve_upper")):
    op, keeps = getattr(decomposition, name), ("out U" if upper else "out L", "U" if upper else "L")
    for a, b in ((SQUARE, (3, 2)), (BATCH, (3, 2)), ((0, 0), (0, 2))):
        row(name, lambda t, a, b, upper: t.linalg.solve_triangular(a, b, upper=upper), a, b, upper=upper)
    row(name, lambda t, a, b, op=op: op(a, b), SQUARE, (3, 1),
        theirs=lambda t, a, b, upper=upper: t.linalg.solve_triangular(a, b, upper=upper), keeps=keeps, name="op")  # fmt: skip
row("solve_lower", lambda t, a, b: t.linalg.solve_triangular(a, b, upper=True, left=False, unitriangular=True), SQUARE, (2, 3))
row("cholesky_solve", lambda t, b, a: t.cholesky_solve(b, a), (3, 2), SQUARE, keeps=("L", "L out"), smooth=False)
row("cholesky_solve", lambda t, b, a: t.cholesky_solve(b, a.tril()), (3, 2), BATCH)
row("cholesky_solve", lambda t, a: t.cholesky_inverse(a.triu(), upper=True), SQUARE, name="inverse")
LOW = TALL[:, :2] @ TALL[:2, :2]
for x in (TALL, WIDE, np.zeros((0, 3)), LOW):
    row(
        "pinv",
        lambda t, x: t.linalg.pinv(x),
        x,
        keeps="x out",
        smooth=x is not LOW,
        name=f"rank{np.linalg.matrix_rank(x) if x.ndim == 2 else 3}",
    )
row("pinv", lambda t, x: t.linalg.pinv(x, hermitian=True), SYMMETRIC, smooth=False, name="hermitian")
row("pinv", lambda t, a, b: t.linalg.lstsq(a, b).solution, TALL, (4, 2), name="lstsq")
for x in (SQUARE / 3, BATCH / 3):
    row("matrix_exp", lambda t, x: t.matrix_exp(x), x, keeps="x")

# Of a symmetric matrix made from x: a difference quotient needs a symmetric one
for x in (SQUARE, BATCH, (2, 0, 0)):
    row("cholesky", lambda t, x: t.linalg.cholesky(x @ x.mT), x)
    row("eigh", lambda t, x: t.linalg.eigvalsh(x + x.mT), x, name="values")
    row("eigh", lambda t, x: t.linalg.eigh(x + x.mT, "U").eigenvectors ** 2, x, name="vectors")
row("cholesky", lambda t, x: t.linalg.cholesky(x), SYMMETRIC, keeps="out", smooth=False, name="op")
row("eigh", lambda t, x: decomposition.eigh(x), SYMMETRIC, keeps="out", smooth=False, name="op",
    theirs=lambda t, x: turned(packed(t, *t.linalg.eigh(x)), np.linalg.eigh(SYMMETRIC)[1].T))  # fmt: skip
for x in (TALL, WIDE, SQUARE, (0, 3)):
    row("svd", lambda t, x: t.linalg.svdvals(x), x)
    row("svd", lambda t, x: t.linalg.svd(x, full_matrices=False)[0] ** 2, x, name="U")
    row("svd", lambda t, x: t.svd(x)[2] ** 2, x, name="V")
row("svd", lambda t, x: decomposition.svd(x, full=False), TALL, keeps="out", name="op",
    theirs=lambda t, x: turned(packed(t, *t.linalg.svd(x, False)), np.linalg.svd(TALL, False)[2]))  # fmt: skip
row("svd", lambda t, x: t.linalg.matrix_norm(x, "nuc"), np.diag([2.0, 2.0, 0.0]), smooth=False, twice=False, name="nuc")
for x in (TALL, WIDE, SQUARE, (0, 3)):
    row("qr", lambda t, x: tuple(part**2 for part in t.linalg.qr(x)), x)
row("qr", lambda t, x: decomposition.qr(x, full=False), TALL, keeps="out", name="op",
    theirs=lambda t, x: t.cat((t.linalg.qr(x)[0].mT, t.linalg.qr(x)[1]), -1))  # fmt: skip
PIVOTS = [*(torch.linalg.lu_factor(torch.tensor(TALL))[1] - 1).tolist(), 0]
for x in (TALL, WIDE, SQUARE, (2, 0, 3)):
    row("lu", lambda t, x: t.linalg.lu_factor(x)[0], x)
row("lu", lambda t, x: lu.lu(x), TALL, keeps="out", name="op",
    theirs=lambda t, x: t.cat((t.linalg.lu_factor(x)[0], t.tensor([[p] for p in PIVOTS], dtype=x.dtype)), -1))  # fmt: skip
