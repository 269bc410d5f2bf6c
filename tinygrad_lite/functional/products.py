"""Products of vectors and matrices under their special names, composed from the primitives of ops/products.py and matmul."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import Any

from .._tensor import Tensor
from ..axes import axis_of
from ..backend import array_module
from ..dtypes import int64
from ..operands import all_tensors, same_dtype
from ..ops import arithmetic, choice, products
from ..ops import shape as shapes
from .contraction import einsum
from .linalg import matmul
from .reduction import sum
from .shape import expand, reshape, stack, unsqueeze

# fmt: off
__all__ = [
    "mm", "bmm", "mv", "dot", "vdot", "outer", "ger", "inner", "addmm", "addmv", "addbmm", "addr", "baddbmm", "chain_matmul",
    "tensordot", "kron", "cross", "bilinear", "vander",
]
# fmt: on
IN_PLACE = ["addmm", "addmv", "addbmm", "addr", "baddbmm"]


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices, (n, k) and (k, m). RuntimeError for batches and vectors: matmul takes these."""
    return matmul(*_of_dims("mm", input=(input, 2), mat2=(mat2, 2)))


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices of the same length, (b, n, k) and (b, k, m)."""
    x, y = _of_dims("bmm", input=(input, 3), mat2=(mat2, 3))
    if len(x) != len(y):
        raise RuntimeError(f"bmm: batches of {len(x)} and {len(y)} matrices; matmul broadcasts")
    return matmul(x, y)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector, (n, k) and (k)."""
    return matmul(*_of_dims("mv", input=(input, 2), vec=(vec, 1)))


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Σ x y of two vectors of the same length.
    >>> tensor([1.0, 2.0]).dot(tensor([3.0, 4.0]))
    tensor(11.)
    """
    return matmul(*_of_dims("dot", input=(input, 1), tensor=(tensor, 1)))


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """As dot()."""
    return dot(input, other)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The matrix of all products, out_ij = x_i y_j.
    >>> outer(tensor([1, 2]), tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    all_tensors("outer", (input, vec2))
    for x in (input, vec2):
        if x.array.ndim != 1:
            raise RuntimeError(f"outer: expected two vectors, got shapes {list(input.shape)} and {list(vec2.shape)}")
    return products.outer(input, vec2)


ger = outer


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Σ x y over the last axis of both, for all pairs of the others: (..., k) and (..., k) give (..., ...). A number scales.
    >>> inner(tensor([1, 2]), tensor([[3, 4], [5, 6]]))
    tensor([11, 17])
    """
    if not input.array.ndim or not other.array.ndim:
        return arithmetic.mul(input, other)
    x, y = _same_dtypes("inner", input, other)
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(f"inner: the last sizes of {list(x.shape)} and {list(y.shape)} must agree")
    return tensordot(x, y, ([-1], [-1]))


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Σ a b over pairs of axes: the last `dims` axes of a and the first of b, or those named by a pair of lists, such as
    ([1, 0], [0, 1]). The result has the other axes of a, then those of b. In each pair, an axis of length 1 broadcasts.
    >>> tensordot(ones(2, 3, 4), ones(3, 4, 5)).shape
    torch.Size([2, 5])
    """
    a, b = _same_dtypes("tensordot", a, b)
    dims = dims.tolist() if isinstance(dims, Tensor) else dims
    if isinstance(dims, (list, tuple)) and len(dims) == 1 and isinstance(dims[0], int):
        dims = dims[0]
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot: dims={dims} for tensors of {a.ndim} and {b.ndim} dimensions")
        dims = range(a.ndim - dims, a.ndim), range(dims)
    of_a, of_b = ([axis_of(i, x.ndim, "tensordot") for i in which] for x, which in zip((a, b), dims))
    if len(of_a) != len(of_b) or len(set(of_a)) < len(of_a) or len(set(of_b)) < len(of_b):
        raise RuntimeError(f"tensordot: dims {dims} are not pairs of different axes")
    for i, j in zip(of_a, of_b):
        n, m = a.shape[i], b.shape[j]
        if n != m and 1 not in (n, m):
            raise RuntimeError(f"tensordot: axis {i} of {list(a.shape)} and axis {j} of {list(b.shape)} differ in length")
        if n != m:  # one of them is 1: Σ a b = (Σ a) b
            a, b = (sum(x, k, keepdim=True).to(x.dtype) for x, k in ((a, i), (b, j)))
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [j for j in range(b.ndim) if j not in of_b]
    k = prod([a.shape[i] for i in of_a])
    left = shapes.permute(a, axes=(*free_a, *of_a)).reshape(prod([a.shape[i] for i in free_a]), k)
    right = shapes.permute(b, axes=(*of_b, *free_b)).reshape(k, prod([b.shape[j] for j in free_b]))
    return reshape(matmul(left, right), [a.shape[i] for i in free_a] + [b.shape[j] for j in free_b])


def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: the matrix of blocks x_ij Y. For any number of axes; axes of length 1 are added in front.
    >>> kron(tensor([[1, 2]]), tensor([[1], [3]]))
    tensor([[1, 2],
            [3, 6]])
    """
    all_tensors("kron", (input, other))
    ndim = max(input.array.ndim, other.array.ndim)
    m = (1,) * (ndim - input.array.ndim) + input.array.shape
    n = (1,) * (ndim - other.array.ndim) + other.array.shape
    left = shapes.reshape(input, shape=tuple(chain(*zip(m, (1,) * ndim))))
    right = shapes.reshape(other, shape=tuple(chain(*zip((1,) * ndim, n))))
    return shapes.reshape(arithmetic.mul(left, right), shape=tuple([i * j for i, j in zip(m, n)]))


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Σ x y along an axis. x and y broadcast.
    >>> vecdot(tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    x, y = _same_dtypes("vecdot", x, y)
    if not x.ndim and not y.ndim:
        axis_of(dim, 0, "vecdot")
    for z in (x, y):
        axis_of(dim, z.ndim, "vecdot")
    along = axis_of(dim, max(x.ndim, y.ndim), "vecdot")
    return sum(arithmetic.mul(x, y), along).to(x.dtype)


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector product along an axis of length 3, by default the first such axis. The other axes broadcast.
    >>> cross(tensor([1.0, 0.0, 0.0]), tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    all_tensors("cross", (input, other))
    if dim is None:
        if input.array.ndim != other.array.ndim:
            raise RuntimeError(f"cross: {input.ndim} and {other.ndim} dimensions; they must be equally many")
        if 3 not in input.shape:
            raise RuntimeError(f"cross: no axis of {list(input.shape)} has length 3")
        dim = input.shape.index(3)
    return linalg_cross(input, other, dim=dim)


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along an axis of length 3. The other axes broadcast."""
    if input.array.ndim != other.array.ndim:
        raise RuntimeError(f"cross: {input.ndim} and {other.ndim} dimensions; they must be equally many")
    axis = axis_of(dim, input.array.ndim, "cross")
    if not input.array.ndim or {input.shape[axis], other.shape[axis]} != {3}:
        raise RuntimeError(f"cross: axis {dim} of {list(input.shape)} and {list(other.shape)} must have length 3")
    return products.cross(*same_dtype(input, other), axis=axis)


def linalg_vander(x: Tensor, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of each number, in a new last axis. N is the length of the last axis if it is not given.
    >>> from tinygrad_lite.linalg import vander
    >>> vander(tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [1, 2, 4],
            [1, 3, 9]])
    """
    if N is not None and N <= 1:
        raise RuntimeError(f"vander: N must be greater than 1, got {N}")
    x = reshape(x if x.dtype.kind == "f" else x.to(int64), x.shape or (1,))
    n = x.shape[-1] if N is None else N
    powers = [Tensor._of(array_module(x.array).ones(x.shape, x.dtype))]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    return stack(powers[:n], -1) if n else unsqueeze(x, -1)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers N - 1 to 0 of each number of a vector, the columns of a matrix; 0 to N - 1 if `increasing`. N is the length of
    the vector if it is not given.
    """
    if x.ndim != 1:
        raise RuntimeError(f"vander: expected a vector, got shape {list(x.shape)}; linalg.vander takes batches")
    n = len(x) if N is None else N
    if n < 0:
        raise RuntimeError(f"vander: N must not be negative, got {N}")
    out = linalg_vander(x, max(n, 2))[:, :n]
    return out if increasing else out[:, list(range(n))[::-1]]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """out_k = Σ_ij x_i W_kij y_j + b_k: (..., n), (..., m), (out, n, m) and (out) give (..., out)."""
    x, y, W = _same_dtypes("bilinear", input1, input2, weight)
    if x.shape[:-1] != y.shape[:-1] or W.shape[1:] != (*x.shape[-1:], *y.shape[-1:]):
        shapes_given = f"{list(x.shape)}, {list(y.shape)} and {list(W.shape)}"
        raise RuntimeError(f"bilinear: shapes {shapes_given} do not fit (..., n), (..., m) and (out, n, m)")
    out = einsum("...i,kij,...j->...k", x, W, y)
    return out if bias is None else out + bias


# Sums with a product


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta · input + alpha · mat1 @ mat2. The input broadcasts to the shape of the product; with beta = 0 it is not read, so
    that inf and nan in it do not count.
    >>> addmm(tensor([1.0, 2.0]), ones(1, 2), ones(2, 2), alpha=3)
    tensor([[7., 8.]])
    """
    return _sum("addmm", input, mm(mat1, mat2), beta, alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta · input + alpha · mat @ vec; see addmm."""
    return _sum("addmv", input, mv(mat, vec), beta, alpha)


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta · input + alpha · Σ of the products of two batches of matrices; see addmm."""
    product = bmm(batch1, batch2)
    return _sum("addbmm", input, sum(product, 0).to(product.dtype), beta, alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta · input + alpha · the products of two batches of matrices; see addmm."""
    return _sum("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta · input + alpha · outer(vec1, vec2); see addmm. The dtypes may differ."""
    product = outer(vec1, vec2)
    if product.dtype.kind != "f" and (isinstance(alpha, float) or isinstance(beta, float)):
        raise RuntimeError(f"addr: integers need integers as alpha and beta, got {alpha} and {beta}")
    x, product = same_dtype(input, product)
    return _sum("addr", x, product, beta, alpha)


def _sum(what: str, x: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    _same_dtypes(what, x, product)
    if product.dtype.kind != "f":
        kind = bool if product.dtype == bool else int  # as in PyTorch, 0.6 is 0 for integers
        beta, alpha = kind(beta), kind(alpha)
    expand(x.detach(), product.shape)  # raises the error for a shape that does not broadcast
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        x = choice.masked(x, array_module(x.array).zeros((), bool)) if x.dtype.kind == "f" else x * 0
    elif beta != 1:
        x = x * beta
    return arithmetic.add(x, product)


# Chains


def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of several matrices, in the order that takes the fewest multiplications."""
    for x in matrices:
        if x.ndim != 2:
            raise RuntimeError(f"chain_matmul: expected matrices, got shape {list(x.shape)}")
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications. The first may be a vector, which
    is a row, and the last too, which is a column.
    >>> multi_dot([ones(2, 3), ones(3, 4), ones(4)])
    tensor([12., 12.])
    """
    all_tensors("multi_dot", tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot: expected at least two tensors, got {len(tensors)}")
    xs = _same_dtypes("multi_dot", *tensors)
    for i, x in enumerate(xs):
        if x.ndim != 2 and not (x.ndim == 1 and i in (0, len(xs) - 1)):
            raise RuntimeError(f"multi_dot: tensor {i} has shape {list(x.shape)}; all but the ends must be matrices")
    sizes = [1 if x.ndim == 1 and not i else x.shape[0] for i, x in enumerate(xs)]
    sizes.append(1 if xs[-1].ndim == 1 else xs[-1].shape[1])
    for i in range(1, len(xs)):
        if xs[i - 1].shape[-1] != xs[i].shape[0]:
            raise RuntimeError(f"multi_dot: cannot multiply {list(xs[i - 1].shape)} @ {list(xs[i].shape)}")
    cost = {(i, i): 0 for i in range(len(xs))}  # of the best product of the xs from i to j
    best: dict[tuple[int, int], int] = {}  # where it is split
    for length in range(1, len(xs)):
        for i in range(len(xs) - length):
            j = i + length
            ways = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], best[i, j] = min(ways)
    return _product(xs, best, 0, len(xs) - 1)


def _product(xs: list[Tensor], best: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    """The product of the xs from i to j. Not a function within multi_dot: if it called itself there, it would refer to itself,
    and keep the xs until the garbage collector finds them.
    """
    if i == j:
        return xs[i]
    k = best[i, j]
    return matmul(_product(xs, best, i, k), _product(xs, best, k + 1, j))


# Arguments


def _of_dims(what: str, **given: tuple[Tensor, int]) -> list[Tensor]:
    """The tensors, of which each must have a number of dimensions, and all one dtype."""
    xs = _same_dtypes(what, *[x for x, _ in given.values()])
    for name, (x, ndim) in given.items():
        if x.array.ndim != ndim:
            kind = ("", "vector", "matrix", "batch of matrices")[ndim]
            raise RuntimeError(f"{what}: {name} must be a {kind} ({ndim} dimensions), got shape {list(x.shape)}")
    return xs


def _same_dtypes(what: str, *xs: Tensor) -> list[Tensor]:
    """RuntimeError, as in PyTorch, if the dtypes differ."""
    all_tensors(what, xs)
    for x in xs[1:]:
        if x.array.dtype != xs[0].array.dtype:
            raise RuntimeError(f"{what}: dtypes {xs[0].dtype} and {x.dtype} differ; cast one: x.to(y.dtype)")
    return list(xs)
