"""Linear algebra against PyTorch: edge cases, named results, dtypes, and what is refused. Values and derivatives of ordinary
matrices are rows of cases/decomposition.py and cases/products.py.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

inf, nan = float("inf"), float("nan")


def made(t: Any, value: Any) -> Any:
    """Arrays become tensors of t, also in lists."""
    if isinstance(value, np.ndarray):
        return t.from_numpy(value.copy())
    return [made(t, x) for x in value] if isinstance(value, list) else value


def flat(result: Any) -> list[Any]:
    return [y for part in result for y in flat(part)] if isinstance(result, (tuple, list)) else [result]


def outcome(call: Callable[..., Any], t: Any, *inputs: Any) -> Any:
    """The result, as a list of tensors, or the error that PyTorch raises too."""
    try:
        return flat(call(t, *[made(t, x) for x in inputs]))
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        return error


def check(call: Callable[..., Any], *inputs: Any) -> None:
    """Both libraries give the same values, dtypes and shapes, or an error of the same type."""
    ours, theirs = outcome(call, tl, *inputs), outcome(call, torch, *inputs)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch refuses: {theirs}"
        same = {torch.linalg.LinAlgError: tl.linalg.LinAlgError, NotImplementedError: RuntimeError}
        expected = same.get(type(theirs), type(theirs))
        assert type(ours) is expected, (ours, theirs)
        return
    assert not isinstance(ours, Exception), ours
    for y, z in zip(ours, theirs, strict=True):
        if isinstance(z, torch.Tensor):
            assert str(y.dtype) == str(z.dtype).removeprefix("torch."), (y.dtype, z.dtype)
            a, b = y.detach().numpy(), z.detach().numpy()
            assert a.shape == b.shape
            tolerance = 1e-5 if a.dtype == np.float32 else 1e-10
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
        else:
            assert y == z


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


A, B, V = normal(3, 3), normal(3, 2, seed=1), normal(3, seed=2)
S = A @ A.T + np.eye(3)
BATCH = normal(2, 3, 3, seed=3)
TALL, WIDE = normal(4, 2, seed=4), normal(2, 4, seed=5)
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
INTS = np.arange(6).reshape(2, 3)
NONE = np.zeros((0, 0))

PRODUCTS: dict[str, tuple[Any, ...]] = {
    "mm": (lambda t, x, y: t.mm(x, y), A, B),
    "mm ints": (lambda t, x: t.mm(x, x.T), INTS),
    "mm of a vector": (lambda t, x, y: t.mm(x, y), A, V),
    "mm misfit": (lambda t, x, y: t.mm(y, x), A, B),
    "mm dtypes": (lambda t, x, y: t.mm(x, y), A, B.astype("f4")),
    "bmm": (lambda t, x: x.bmm(x), BATCH),
    "bmm batches": (lambda t, x, y: t.bmm(x, y), BATCH, BATCH[:1]),
    "mv": (lambda t, x, y: x.mv(y), A, V),
    "mv misfit": (lambda t, x, y: x.mv(y), B, V),
    "dot": (lambda t, x: x.dot(x), V),
    "dot empty": (lambda t, x: x.dot(x), V[:0]),
    "dot misfit": (lambda t, x: x.dot(x[:2]), V),
    "dot of matrices": (lambda t, x: x.dot(x), A),
    "vdot": (lambda t, x: t.vdot(x, x), V),
    "outer": (lambda t, x, y: (t.outer(x, y), x.ger(y)), V, np.arange(2)),
    "outer of matrices": (lambda t, x: t.outer(x, x), A),
    "inner": (lambda t, x, y: (t.inner(x, y), x[0].inner(y[0, 0]), t.inner(x[0, 0], y)), A, BATCH),
    "inner misfit": (lambda t, x, y: t.inner(x, y), A, B),
    "addmm": (lambda t, x, y, z: t.addmm(x, y, z, beta=2, alpha=0.5), V[:2], A, B),
    "addmm without input": (lambda t, x, y, z: t.addmm(x, y, z, beta=0), np.full(2, nan), A, B),
    "addmm ints": (lambda t, x: t.addmm(x, x, x, beta=1.6, alpha=2), np.arange(4).reshape(2, 2)),
    "addmm too large": (lambda t, x, y, z: t.addmm(x, y, z), BATCH, A, B),
    "addmv": (lambda t, x, y: t.addmv(x, y, x, alpha=2), V, A),
    "addr": (lambda t, x, y: t.addr(y, x, x, beta=2), V, A),
    "addr ints": (lambda t, x: t.addr(x, x, x, beta=0.5), np.arange(3)),
    "addr bools": (lambda t, x: t.addr(x, x, x, beta=2), np.array([True, False])),
    "addbmm": (lambda t, x, y: t.addbmm(x, y, y, beta=0.5), A, BATCH),
    "addbmm small ints": (lambda t, x: t.addbmm(x[0], x, x), np.ones((2, 2, 2), "i1")),
    "baddbmm": (lambda t, x, y: t.baddbmm(x, y, y, alpha=3), A, BATCH),
    "baddbmm of a matrix": (lambda t, x, y: t.baddbmm(x, x, y), A, BATCH),
    "chain_matmul": (lambda t, x, y: t.linalg.multi_dot([x, x, y]), A, B),
    "multi_dot of vectors": (lambda t, x, y: t.linalg.multi_dot([x, y, y, x]), V, A),
    "multi_dot of one": (lambda t, x: t.linalg.multi_dot([x]), A),
    "multi_dot misfit": (lambda t, x, y: t.linalg.multi_dot([y, x, x]), A, B),
    "multi_dot of a batch": (lambda t, x, y: t.linalg.multi_dot([x, y]), A, BATCH),
    "tensordot": (lambda t, x, y: (t.tensordot(x, y), t.tensordot(x, y, 1), t.tensordot(x, y, dims=0)), A, BATCH[:, :2].T),
    "tensordot pairs": (lambda t, x: (t.tensordot(x, x, ([0, 2], [0, -2])), t.tensordot(x, x, ([], []))), BATCH),
    "tensordot of length 1": (lambda t, x, y: t.tensordot(x, y, ([1], [0])), A, V[None]),
    "tensordot misfit": (lambda t, x, y: t.tensordot(x, y, 2), A, B),
    "tensordot too many": (lambda t, x: t.tensordot(x, x, 3), A),
    "tensordot twice": (lambda t, x: t.tensordot(x, x, ([0, 0], [0, 1])), A),
    "kron": (lambda t, x, y: (t.kron(x, y), y.kron(x), t.kron(x, y[0, 0])), A, INTS),
    "vecdot": (lambda t, x, y: (t.linalg.vecdot(x, y), t.linalg.vecdot(x, x, dim=0)), BATCH, V),
    "vecdot misfit": (lambda t, x, y: t.linalg.vecdot(x, y), BATCH, V[:2]),
    "cross": (lambda t, x, y: (t.cross(x, y), t.linalg.cross(x, y), x.cross(y, 0)), A, A.T),
    "cross broadcasts": (lambda t, x, y: t.linalg.cross(x, y), A, V[None]),
    "cross finds the axis": (lambda t, x: t.cross(x, x + 1), BATCH.transpose(1, 0, 2)[:, :, :2]),
    "cross ints": (lambda t, x: t.cross(x[0:1], x[1:]), INTS),
    "cross dims": (lambda t, x, y: t.linalg.cross(x, y), A, V),
    "cross of two": (lambda t, x: t.linalg.cross(x, x), B),
    "cross without 3": (lambda t, x: t.cross(x, x), SINGULAR),
    "vander": (lambda t, x: (t.vander(x), t.vander(x, 2), t.vander(x, 5, increasing=True), t.vander(x, 1)), V),
    "vander of bools": (lambda t, x: t.vander(x), np.array([True, False])),
    "vander of a matrix": (lambda t, x: t.vander(x), A),
    "linalg.vander": (lambda t, x: (t.linalg.vander(x), t.linalg.vander(x, N=3)), INTS.astype("i2")),
    "linalg.vander N": (lambda t, x: t.linalg.vander(x, N=1), V),
    "bilinear": (lambda t, x, w, b: t.nn.functional.bilinear(x, x[:, :2], w, b), A, normal(2, 3, 2), V[:2]),
    "bilinear misfit": (lambda t, x, w: t.bilinear(x, x, w), A, normal(2, 3, 2)),
    "einsum lists": (lambda t, x, y: (t.einsum(x, [0, 1], y, [1, 2], [2, 0]), t.einsum(x, [..., 5], y, [5, 2])), A, B),
    "einsum list labels": (lambda t, x: t.einsum(x, [0, 52]), A),
    "einsum of nothing": (lambda t: t.einsum("ij"),),
    "einsum of no string": (lambda t, x: t.einsum(3, x), A),
    "einsum small ints": (lambda t, x: t.einsum("ij,k->k", x, x[0]), INTS.astype("u1")),
}
TRIANGLES: dict[str, tuple[Any, ...]] = {
    "trace": (lambda t, x: (x.trace(), t.trace(x[:2])), A),
    "trace ints": (lambda t, x: x.trace(), INTS.astype("u1")),
    "trace of a vector": (lambda t, x: x.trace(), V),
    "diag": (lambda t, x: (x.diag(), x.diag(-1), x[0].diag(), x[0].diag(2), t.diag(x[0], -1)), A),
    "diag outside": (lambda t, x: x.diag(4), A),
    "diag of a batch": (lambda t, x: x.diag(), BATCH),
    "diagflat": (lambda t, x: (t.diagflat(x), x.diagflat(1), x[0, 0].diagflat()), INTS),
    "diag_embed": (
        lambda t, x: (x.diag_embed(), t.diag_embed(x, 1, 0, 2), t.diag_embed(x, -2, 1, 0), x.diag_embed(1, 2, 1)),
        A,
    ),
    "diag_embed twice": (lambda t, x: x.diag_embed(0, 1, -2), A),
    "diag_embed outside": (lambda t, x: x.diag_embed(0, 3, 1), A),
    "diag_embed of a number": (lambda t, x: x.diag_embed(), np.array(1.0)),
    **{
        f"tril triu of {x.shape} {x.dtype}": (
            lambda t, x: [f(x, k) for f in (t.tril, t.triu) for k in (-9, -2, -1, 0, 1, 3, 9)],
            x,
        )
        for x in (BATCH, TALL, WIDE, WIDE.T, INTS, INTS > 2, NONE, np.zeros((0, 3)), np.zeros((2, 0)), np.zeros((0, 3, 2)))
    },
    "tril of inf and nan": (lambda t, x: (x.tril(), x.triu()), np.array([[nan, inf], [-inf, nan]])),
    "tril of a vector": (lambda t, x: x.tril(), V),
    "triu of a number": (lambda t, x: x.triu(), np.array(1.0)),
    "indices": (lambda t: [f(3, 2, k) for f in (t.tril_indices, t.triu_indices) for k in (-3, -1, 0, 2, 5)],),
    "indices dtype": (lambda t: (t.tril_indices(2, 2, dtype=t.int32), t.triu_indices(0, 2)),),
    "indices float": (lambda t: t.tril_indices(2, 2, dtype=t.float32),),
    "indices negative": (lambda t: t.triu_indices(-1, 2),),
}
SOLVING: dict[str, tuple[Any, ...]] = {
    "inv": (lambda t, x: (t.inverse(x), x.inverse(), t.linalg.inv(x)), BATCH),
    "inv empty": (lambda t, x: (t.linalg.inv(x), t.linalg.det(x), t.linalg.slogdet(x)), NONE),
    "inv ints": (lambda t, x: t.linalg.inv(x), INTS[:, :2]),
    "inv of a vector": (lambda t, x: t.linalg.inv(x), V),
    "inv not square": (lambda t, x: t.linalg.inv(x), B),
    "inv singular": (lambda t, x: t.linalg.inv(x), SINGULAR),
    "inv_ex": (lambda t, x: t.linalg.inv_ex(x), A),
    "inv_ex singular": (lambda t, x: t.linalg.inv_ex(x).info, SINGULAR),
    "inv_ex checked": (lambda t, x: t.linalg.inv_ex(x, check_errors=True), SINGULAR),
    "pinv": (lambda t, x: (x.pinverse(), t.linalg.pinv(x.mT), t.linalg.pinv(x, rtol=0.9)), normal(2, 3, 2)),
    "pinv singular": (lambda t, x: (t.linalg.pinv(x), t.linalg.pinv(x, hermitian=True), t.pinverse(x, 1e-9)), SINGULAR),
    "pinv tolerances": (lambda t, x: (t.linalg.pinv(x, atol=1.0), t.linalg.pinv(x, atol=t.tensor([0.1, 9.0]))), BATCH),
    "pinv empty": (lambda t, x: (t.linalg.pinv(x), t.linalg.pinv(x.mT)), np.zeros((0, 3))),
    "solve": (lambda t, x, y: t.linalg.solve(x, y), A, B),
    "solve of vectors": (lambda t, x, y: (t.linalg.solve(x, y), t.linalg.solve(x[0], y[0])), BATCH, B.T),
    "solve broadcasts": (lambda t, x, y: (t.linalg.solve(x, y), t.linalg.solve(x, y.mT, left=False)), BATCH, B),
    "solve empty": (lambda t, x, y: t.linalg.solve(x, y), NONE, np.zeros((0, 2))),
    "solve singular": (lambda t, x: t.linalg.solve(x, x), SINGULAR),
    "solve misfit": (lambda t, x, y: t.linalg.solve(x, y), A, B.T),
    "solve dtypes": (lambda t, x, y: t.linalg.solve(x, y), A, B.astype("f4")),
    "solve_ex": (lambda t, x: t.linalg.solve_ex(x, x), A),
    "solve_triangular": (
        lambda t, x, y: [
            t.linalg.solve_triangular(x, y if left else y.T, upper=upper, left=left, unitriangular=unit)
            for upper in (True, False)
            for left in (True, False)
            for unit in (True, False)
        ],
        A,
        B,
    ),
    "solve_triangular singular": (lambda t, x, y: t.linalg.solve_triangular(x * 0, y.abs(), upper=True), A, B[:, :1]),
    "solve_triangular of a vector": (lambda t, x, y: t.linalg.solve_triangular(x, y, upper=True), A, V),
    "triangular_solve": (lambda t, x, y: (t.triangular_solve(y, x), t.triangular_solve(y, x, False, True, True)), A, B),
    "cholesky_solve": (lambda t, x, y: (t.cholesky_solve(y, x), y.cholesky_solve(x, True)), A, B),
    "cholesky_inverse": (lambda t, x: (t.cholesky_inverse(x), x.cholesky_inverse(upper=True)), BATCH),
    **{
        f"lstsq {driver}": (
            lambda t, x, y, driver=driver: [
                t.linalg.lstsq(x, y, driver=driver),
                t.linalg.lstsq(x.mT, y[:2], driver=driver),
                t.linalg.lstsq(x, y[:, 0], driver=driver),
            ],
            TALL,
            normal(4, 2, seed=9),
        )
        for driver in (None, "gels", "gelsd", "gelss", "gelsy")
    },
    "lstsq driver": (lambda t, x: t.linalg.lstsq(x, x, driver="none"), A),
    "lstsq misfit": (lambda t, x: t.linalg.lstsq(x, x[:2]), A),
    "det": (lambda t, x: (x.det(), t.det(x[0]), t.linalg.det(x)), BATCH),
    "det singular": (lambda t, x: (x.det(), x.logdet()), np.zeros((2, 2))),
    "slogdet": (lambda t, x: (t.slogdet(x), x.slogdet().logabsdet, t.linalg.slogdet(-x).sign), BATCH),
    "slogdet singular": (lambda t, x: x.slogdet(), np.zeros((2, 2))),
    "logdet": (lambda t, x: (x.logdet(), t.logdet(x - 9 * t.eye(3))), BATCH.astype("f4")),
    "cond": (lambda t, x: [t.linalg.cond(x, p) for p in (None, 2, -2, 1, -1, inf, -inf, "fro", "nuc")], BATCH),
    "cond singular": (lambda t, x: [t.linalg.cond(x, p) for p in (1, inf, "fro")], SINGULAR),
    "cond not square": (lambda t, x: (t.linalg.cond(x), t.linalg.cond(x, -2)), TALL),
    "cond not square 1": (lambda t, x: t.linalg.cond(x, 1), TALL),
    "matrix_power": (lambda t, x: [t.matrix_power(x, n) for n in (-3, -1, 0, 1, 2, 3, 7)], BATCH),
    "matrix_power not square": (lambda t, x: t.linalg.matrix_power(x, 2), B),
    "matrix_exp": (lambda t, x: (t.matrix_exp(x), x[0].matrix_exp(), t.linalg.matrix_exp(x[:0])), BATCH),
    "tensorinv": (lambda t, x: (t.linalg.tensorinv(x), t.linalg.tensorinv(x.reshape(6, 2, 3), 1)), normal(2, 3, 6)),
    "tensorinv misfit": (lambda t, x: t.linalg.tensorinv(x, 1), BATCH),
    "tensorinv ind": (lambda t, x: t.linalg.tensorinv(x, 0), A),
    "tensorsolve": (lambda t, x, y: t.linalg.tensorsolve(x, y), normal(2, 3, 6), normal(2, 3)),
    "tensorsolve dims": (lambda t, x, y: t.linalg.tensorsolve(x, y, (0, 2)), normal(3, 6, 2), normal(6)),
    "tensorsolve misfit": (lambda t, x: t.linalg.tensorsolve(x, x), B),
}
DECOMPOSITIONS: dict[str, tuple[Any, ...]] = {
    "cholesky": (lambda t, x: (t.cholesky(x), x.cholesky(True), t.linalg.cholesky(x, upper=True)), S),
    "cholesky reads one triangle": (lambda t, x: (t.linalg.cholesky(x.tril()), t.linalg.cholesky(x.triu(), upper=True)), S),
    "cholesky of what is not positive": (lambda t, x: t.linalg.cholesky(x), -S),
    "cholesky_ex": (lambda t, x: (t.linalg.cholesky_ex(x), t.linalg.cholesky_ex(x[:1, :1] * 0 - 1).info), S),
    "cholesky_ex info": (lambda t, x: t.linalg.cholesky_ex(x - 2 * t.eye(3, dtype=x.dtype)).info, S),
    "qr": (lambda t, x: [y.abs() for f in (x, x.mT) for y in (*t.linalg.qr(f), *t.qr(f))], TALL),
    "qr complete": (lambda t, x: [y.shape for f in (x, x.mT) for y in (*t.linalg.qr(f, "complete"), *f.qr(some=False))], TALL),
    "qr r": (lambda t, x: [y.abs() for y in t.linalg.qr(x, mode="r")], TALL),
    "qr mode": (lambda t, x: t.linalg.qr(x, "raw"), A),
    "qr empty": (lambda t, x: (t.linalg.qr(x), t.linalg.qr(x.mT)), np.zeros((0, 3))),
    "svd": (lambda t, x: [y.abs() for y in (*t.linalg.svd(x, False), *t.svd(x), *x.mT.svd())], TALL),
    "svd full": (lambda t, x: [y.shape for y in (*t.linalg.svd(x), *t.svd(x, some=False), *t.linalg.svd(x.mT))], TALL),
    "svd values": (lambda t, x: (t.linalg.svdvals(x), *t.svd(x, compute_uv=False)), BATCH[:, :2]),
    "svd empty": (lambda t, x: (t.linalg.svd(x), t.linalg.svdvals(x)), np.zeros((0, 3))),
    "svd driver": (lambda t, x: t.linalg.svd(x, driver="gesvd"), A),
    "eigh": (lambda t, x: [y.abs() for y in (*t.linalg.eigh(x), *t.linalg.eigh(x, "U"), t.linalg.eigvalsh(x, UPLO="u"))], S),
    "eigh reads one triangle": (lambda t, x: (t.linalg.eigh(x)[0], t.linalg.eigvalsh(x, "U")), A),
    "eigh UPLO": (lambda t, x: t.linalg.eigh(x, "X"), A),
    "eigh empty": (lambda t, x: t.linalg.eigh(x), NONE),
    "eigh of ints": (lambda t, x: t.linalg.eigvalsh(x), INTS[:, :2]),
    "matrix_rank": (
        lambda t, x: (t.linalg.matrix_rank(x), t.linalg.matrix_rank(x, tol=9.0), t.linalg.matrix_rank(x[0])),
        BATCH,
    ),
    "matrix_rank singular": (lambda t, x: (t.linalg.matrix_rank(x), t.linalg.matrix_rank(x, hermitian=True)), SINGULAR),
    "matrix_rank empty": (lambda t, x: t.linalg.matrix_rank(x), NONE),
    **{
        f"matrix_norm {order}": (
            lambda t, x, order=order: (t.linalg.matrix_norm(x, order), t.linalg.matrix_norm(x, order, (0, -1), True)),
            BATCH.astype("f4"),
        )
        for order in ("fro", "nuc", 1, -1, 2, -2, inf, -inf)
    },
    "matrix_norm dtype": (lambda t, x: t.linalg.matrix_norm(x, dtype=t.float64), A.astype("f4")),
    "matrix_norm ord": (lambda t, x: t.linalg.matrix_norm(x, 3), A),
    "matrix_norm of a vector": (lambda t, x: t.linalg.matrix_norm(x), V),
    "matrix_norm one dim": (lambda t, x: t.linalg.matrix_norm(x, dim=(0,)), A),
    "norm": (lambda t, x: [t.linalg.norm(x), t.linalg.norm(x, dim=-1), t.linalg.norm(x, 1, dim=(0, 2))], BATCH),
    "norm of a matrix": (lambda t, x: [t.linalg.norm(x, p) for p in ("fro", "nuc", 1, -2, inf)], A),
    "norm of a vector": (lambda t, x: [t.linalg.norm(x, p, keepdim=True) for p in (0, 1, 2, 3, inf, None)], V),
    "norm of a batch": (lambda t, x: t.linalg.norm(x, 1), BATCH),
    "norm nuc of a vector": (lambda t, x: t.linalg.norm(x, "nuc"), V),
    "norm of ints": (lambda t, x: t.linalg.norm(x), INTS),
    "lu": (lambda t, x: (t.linalg.lu(x), t.lu(x), t.linalg.lu_factor_ex(x), x.mT.lu(get_infos=True)), normal(2, 4, 3)),
    "lu singular": (lambda t, x: t.linalg.lu_factor(x), SINGULAR),
    "lu singular ex": (lambda t, x: t.linalg.lu_factor_ex(x), SINGULAR),
    "lu without pivots": (lambda t, x: t.linalg.lu_factor(x, pivot=False), A),
    "lu_unpack": (lambda t, x: (t.lu_unpack(*t.lu(x)), t.lu_unpack(*t.lu(x), False), t.lu_unpack(*t.lu(x), True, False)), A),
    "lu_solve": (lambda t, x, y: (t.linalg.lu_solve(*t.linalg.lu_factor(x), y), y.lu_solve(*x.lu())), A, B),
    "reflections": (lambda t, x: (t.geqrf(x), t.orgqr(*t.geqrf(x)), t.ormqr(*t.geqrf(x), x, transpose=True)), TALL),
    "householder_product": (lambda t, x, y: t.linalg.householder_product(x, y), TALL, V[:2]),
    "householder_product misfit": (lambda t, x, y: t.linalg.householder_product(x, y), TALL, V),
}
CALLS = PRODUCTS | TRIANGLES | SOLVING | DECOMPOSITIONS


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_a_call_gives_what_it_gives_in_torch(name: str) -> None:
    check(*CALLS[name])


# More than values


def test_results_have_the_names_of_torch() -> None:
    x, z = tl.from_numpy(S), torch.from_numpy(S)
    for call in (
        lambda t, x: t.linalg.eigh(x),
        lambda t, x: t.linalg.svd(x),
        lambda t, x: t.svd(x),
        lambda t, x: t.linalg.qr(x),
        lambda t, x: t.slogdet(x),
        lambda t, x: t.linalg.lstsq(x, x),
        lambda t, x: t.linalg.cholesky_ex(x),
        lambda t, x: t.linalg.inv_ex(x),
        lambda t, x: t.linalg.solve_ex(x, x),
        lambda t, x: t.linalg.lu(x),
        lambda t, x: t.linalg.lu_factor(x),
        lambda t, x: t.linalg.lu_factor_ex(x),
        lambda t, x: t.geqrf(x),
        lambda t, x: t.triangular_solve(x, x),
    ):
        for name in call(tl, x)._fields:
            assert getattr(call(torch, z), name).shape == getattr(call(tl, x), name).shape


@pytest.mark.parametrize("name", ["addmm", "addmv", "addbmm", "addr", "baddbmm", "tril", "triu"])
def test_in_place_forms(name: str, close: Any) -> None:
    arguments: dict[str, tuple[Any, list[Any]]] = {
        "addmm": (A, [A, A]),
        "addmv": (V, [A, V]),
        "addbmm": (A, [BATCH, BATCH]),
        "addr": (A, [V, V]),
        "baddbmm": (BATCH, [BATCH, BATCH]),
        "tril": (BATCH, [-1]),
        "triu": (BATCH, [1]),
    }
    first, others = arguments[name]
    options = {"beta": 0.5, "alpha": 2.0} if name.startswith(("add", "badd")) else {}
    ours, theirs = tl.from_numpy(first.copy()), torch.from_numpy(first.copy())
    memory = ours.array
    assert getattr(ours, f"{name}_")(*made(tl, others), **options) is ours and ours.array is memory
    getattr(theirs, f"{name}_")(*made(torch, others), **options)
    close(ours, theirs)


def test_a_loss_that_does_not_depend_on_the_choice_of_vectors_has_a_gradient() -> None:
    """Equal eigenvalues leave their vectors undetermined: PyTorch gives nan for a loss of vectors, and so for V Vᵀ."""
    x = tl.eye(3, dtype=tl.float64, requires_grad=True)
    values, vectors = tl.linalg.eigh(x)
    ((vectors @ vectors.mT).sum() + values.sum()).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.eye(3), atol=1e-14)
    for matrix in (np.eye(3), np.zeros((2, 3)), np.diag([2.0, 2.0, 0.0])):
        x = tl.tensor(matrix, requires_grad=True)
        z = torch.tensor(matrix, requires_grad=True)
        for call in (lambda t, x: t.linalg.svdvals(x).sum(), lambda t, x: t.linalg.matrix_norm(x, "nuc")):
            (g,) = tl.autograd.grad(call(tl, x), [x])
            (h,) = torch.autograd.grad(call(torch, z), [z])
            np.testing.assert_allclose(g.numpy(), h.numpy(), atol=1e-14)


@pytest.mark.parametrize(
    "matrix", [np.zeros((2, 2)), SINGULAR, np.zeros((1, 1)), np.diag([1.0, 0.0, 0.0]), np.diag([2.0, 3.0, 0.0])]
)
def test_the_derivative_of_det_at_singular_matrices(matrix: Any) -> None:
    """It is the matrix of cofactors, as PyTorch's with create_graph=True; without, PyTorch gives 0 for some."""
    n = len(matrix)
    batch = np.stack((matrix, np.eye(n)))
    x, z = tl.tensor(batch, requires_grad=True), torch.tensor(batch, requires_grad=True)
    for recorded in (False, True):
        (g,) = tl.autograd.grad(x.det().sum(), [x], create_graph=recorded)
        (h,) = torch.autograd.grad(z.det().sum(), [z], create_graph=True)
        np.testing.assert_allclose(g.detach().numpy(), h.detach().numpy(), atol=1e-13)


def test_the_derivative_of_a_singular_slogdet_is_infinite_and_others_of_the_batch_have_theirs() -> None:
    batch = np.stack((SINGULAR, A[:2, :2]))
    for t in (tl, torch):
        x = t.tensor(batch, requires_grad=True)
        x.slogdet().logabsdet.sum().backward()
        assert np.isinf(x.grad.numpy()[0]).all()
        np.testing.assert_allclose(x.grad.numpy()[1], np.linalg.inv(A[:2, :2]).T)


def test_complete_qr_of_a_tall_matrix_has_no_derivative() -> None:
    for t in (tl, torch):
        x = t.ones(3, 2, requires_grad=True)
        Q, R = t.linalg.qr(x, "complete")
        assert Q.shape == (3, 3) and R.shape == (3, 2)
        with pytest.raises(RuntimeError, match="complete"):
            Q.sum().backward()


def test_eigenvalues_of_general_matrices_are_refused() -> None:
    for name in ("eig", "eigvals"):
        with pytest.raises(RuntimeError, match="complex, which is not supported"):
            getattr(tl.linalg, name)(tl.eye(2))


def test_errors_say_what_to_do() -> None:
    for call, text in (
        (lambda: tl.linalg.inv(tl.ones(2, 2)), "inv: cannot compute with float32.2, 2.: Singular matrix"),
        (lambda: tl.mm(tl.ones(2), tl.ones(2, 2)), r"mm: input must be a matrix \(2 dimensions\), got shape \[2\]"),
        (lambda: tl.linalg.inv(tl.tensor([[1]])), "inv: needs a floating dtype, got int64; use x.float()"),
    ):
        with pytest.raises(RuntimeError, match=text):
            call()
    for singular in (lambda t: t.linalg.cholesky(-t.eye(2)), lambda t: t.cholesky_inverse(t.zeros(2, 2))):
        for t in (tl, torch):
            with pytest.raises(t.linalg.LinAlgError):
                singular(t)


def test_float16_is_computed_in_float32() -> None:
    """PyTorch refuses float16 here on the CPU."""
    x = tl.tensor(S, dtype=tl.float16, requires_grad=True)
    for y in (x.inverse(), x.det(), *x.slogdet(), *tl.linalg.eigh(x), *tl.linalg.svd(x), *x.lu(), *tl.linalg.lstsq(x, x)):
        assert y.dtype in (tl.float16, tl.int32, tl.int64)
    np.testing.assert_allclose(tl.linalg.solve(x, x).detach().numpy(), np.eye(3), atol=2e-2)


def test_the_order_of_a_chain_of_products_is_the_cheapest() -> None:
    sizes = [30, 35, 15, 5, 10, 20, 25]
    xs = [tl.ones(n, m, requires_grad=True) for n, m in pairwise(sizes)]
    out = tl.linalg.multi_dot(xs)
    assert [edge.shape for edge in out.grad_fn.edges] == [(30, 5), (5, 25)]  # (x (x x)) ((x x) x)
    assert tl.chain_matmul(*xs).shape == (30, 25)
    assert tl.chain_matmul(xs[0]) is xs[0]
