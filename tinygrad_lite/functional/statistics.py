"""Statistics of the numbers along an axis, several, or all: products, variances, sums without nan, norms; and distances.

They take NumPy's `axis` and `keepdims` as well as PyTorch's `dim` and `keepdim`.
"""

from __future__ import annotations

import warnings
from math import inf
from math import prod as size_of
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..axes import Dim, axes_of, axis_of, numpy_names
from ..axes import size_of as shape_of
from ..dtypes import int64
from ..inplace import in_place
from ..operands import all_tensors, same_dtype
from ..ops import arithmetic, choice, indexing, reduction
from ..ops import statistics as ops
from ..printing import as_result_of
from .choice import where
from .linalg import matmul
from .reduction import amax, amin, mean, sum
from .shape import reshape, unsqueeze

__all__ = ["prod", "var", "std", "var_mean", "std_mean", "nansum", "nanmean", "aminmax", "cov", "corrcoef"]
__all__ += ["norm", "renorm", "dist", "cdist", "pdist"]
METHODS, NOT_METHODS = ["sum_to_size", "renorm_"], ["var_mean", "std_mean"]


@numpy_names
def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: int | None = None,
    keepdims: bool = False,
) -> Tensor:
    """∏ x along an axis, or of all numbers; 1 of none. Integers and bools are multiplied in int64.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).prod(1)
    tensor([ 2., 12.])
    """
    x = input
    if dtype is not None or x.array.dtype.kind != "f":
        x = x.to(int64 if dtype is None else dtype)
    if dim is None or not x.array.ndim:
        if dim is not None:
            axis_of(dim, 0, "prod")
        return ops.prod(reshape(x, (-1,) if x.array.size else (0,)), axis=0)
    return ops.prod(x, axis=axis_of(dim, x.array.ndim, "prod"), keepdims=keepdim)


def _variance(what: str, x: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> Tensor:
    """The variance for the forms that PyTorch has: (unbiased), (dim, unbiased, keepdim) and (dim, correction=, keepdim=)."""
    if unbiased is not None and correction is not None:
        raise TypeError(f"{what}: give unbiased or correction, not both")
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: needs a floating dtype, got {x.dtype}; cast it first: x.float()")
    axes = axes_of(dim, x.array.ndim, what)
    less = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    n = size_of([x.array.shape[i] for i in axes]) - less
    if n <= 0 or not x.array.size:
        words = "degrees of freedom is <= 0. Correction should be strictly less than the reduction factor"
        warnings.warn(f"{what}(): {words} (input numel divided by output numel).", UserWarning, stacklevel=4)
    return ops.var(x, axis=axes, keepdims=keepdim, n=max(n, 0))


def _moved(dim: Any, unbiased: Any) -> tuple[Any, Any]:
    """The arguments of var(x, False), where the second is not a dim but `unbiased`."""
    return (None, dim) if isinstance(dim, bool) else (dim, unbiased)


@numpy_names
def var(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dim = None,
    keepdims: bool = False,
) -> Tensor:
    """The variance Σ (x - mean)² / (n - 1) over an axis, several, or all. unbiased=False divides by n, `correction` is what is
    subtracted from n. nan for one number.
    >>> x = tensor([1.0, 2.0, 3.0])
    >>> x.var(), x.var(unbiased=False), x.std(0, correction=0)
    (tensor(1.), tensor(0.6667), tensor(0.8165))
    """
    return _variance("var", input, *_moved(dim, unbiased), keepdim, correction)


@numpy_names
def std(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dim = None,
    keepdims: bool = False,
) -> Tensor:
    """The standard deviation: the root of the variance; see var. If all numbers are equal, its gradient is 0."""
    return ops.root(_variance("std", input, *_moved(dim, unbiased), keepdim, correction))


@numpy_names
def var_mean(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dim = None,
    keepdims: bool = False,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean; see var."""
    dim, unbiased = _moved(dim, unbiased)
    return _variance("var_mean", input, dim, unbiased, keepdim, correction), mean(input, dim, keepdim)


@numpy_names
def std_mean(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dim = None,
    keepdims: bool = False,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean; see std."""
    dim, unbiased = _moved(dim, unbiased)
    return ops.root(_variance("std_mean", input, dim, unbiased, keepdim, correction)), mean(input, dim, keepdim)


@numpy_names
def nansum(
    input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: bool = False
) -> Tensor:
    """The sum of all x that are not nan; see sum.
    >>> tensor([1.0, float("nan"), 2.0]).nansum()
    tensor(3.)
    """
    return sum(_without_nan(input), dim, keepdim, dtype=dtype)


@numpy_names
def nanmean(
    input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: bool = False
) -> Tensor:
    """The mean of all x that are not nan; nan if all are. RuntimeError for integers."""
    if input.array.dtype.kind != "f":
        raise RuntimeError(f"nanmean: needs a floating dtype, got {input.dtype}; cast it first: x.float()")
    n = sum(Tensor._of(input.array == input.array), dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / n


def _without_nan(x: Tensor) -> Tensor:
    return choice.masked(x, x.array == x.array) if x.array.dtype.kind == "f" else x


@as_result_of("aminmax")
class Range(NamedTuple):
    """What aminmax returns: the smallest and the largest numbers."""

    min: Tensor
    max: Tensor


@numpy_names
def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False, axis: int | None = None, keepdims: bool = False
) -> Range:
    """The smallest and the largest x, along an axis or of all; see amin.
    >>> tensor([1.0, 3.0, 2.0]).aminmax()
    torch.return_types.aminmax(
    min=tensor(1.),
    max=tensor(3.))
    """
    if dim is not None:
        dim = axis_of(dim, input.array.ndim, "aminmax")
    return Range(amin(input, dim, keepdim), amax(input, dim, keepdim))


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """The sum over the axes that broadcasting to the shape of x would add or repeat: x of shape (2, 3) to (1, 3) is x.sum(0,
    keepdim=True). RuntimeError if `size` does not broadcast to the shape of x.
    """
    wanted, shape = shape_of(size), input.array.shape
    new = len(shape) - len(wanted)
    if new < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[new:])):
        raise RuntimeError(f"sum_to_size: size {list(wanted)} does not broadcast to shape {list(shape)}")
    axes = tuple([i for i, m in enumerate(shape) if i < new or (wanted[i - new] == 1 and m != 1)])
    return reshape(sum(input, axes), wanted) if axes or not wanted else input


def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariances of the rows of a matrix, each a variable with its observations: Σ (x - mean) (y - mean) / (n - 1).
    `fweights` says how often each observation is counted, `aweights` how much it weighs. A 1-D tensor is one variable.
    >>> tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).cov()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.array.ndim > 2 or input.array.dtype.kind == "b":
        raise RuntimeError(f"cov: expected numbers in at most two dimensions, got {input.dtype}{list(input.shape)}")
    x = reshape(input, 1, -1) if input.array.ndim < 2 else input
    weights = None
    for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if given is not None:
            _check_weights(name, given, kinds, x.array.shape[1])
            weights = given if weights is None else weights * given
    total: Any = x.array.shape[1] if weights is None else sum(weights)
    if weights is not None and not total.item():
        raise RuntimeError("cov: the weights sum to zero, so that nothing can be divided by their sum")
    centred = x - unsqueeze(sum(x if weights is None else x * weights, 1) / total, 1)
    lost: Any = (
        correction if weights is None or aweights is None or not correction else correction * sum(weights * aweights) / total
    )
    n = total - lost
    if n <= 0:
        words = "degrees of freedom is <= 0. Correction should be strictly less than the number of observations."
        warnings.warn(f"cov(): {words}", UserWarning, stacklevel=2)
        n = n * 0
    weighted = centred if weights is None else centred * weights
    out = matmul(*same_dtype(centred, weighted.mT)) / n
    return reshape(out, [size for size in out.array.shape if size != 1])


def _check_weights(name: str, weights: Tensor, kinds: str, n: int) -> None:
    """RuntimeError for weights of the wrong dtype or length, or of which one is negative."""
    w = weights.array
    if w.ndim > 1 or w.size != n or w.dtype.kind not in kinds:
        what = "integers" if kinds == "iu" else "floats"
        raise RuntimeError(f"cov: {name} are {n} {what}, one for each observation; got {w.dtype}{list(w.shape)}")
    if (w < 0).any():
        raise RuntimeError(f"cov: {name} cannot be negative")


def corrcoef(input: Tensor) -> Tensor:
    """The correlations of the rows of a matrix: their covariances, divided by both deviations.
    >>> tensor([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]]).corrcoef()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(input)
    if not c.array.ndim:
        return c / c
    deviations = c[range(len(c.array)), range(len(c.array))].sqrt()
    return choice.clip(c / unsqueeze(deviations, 1) / deviations, min=-1.0, max=1.0)  # rounding may lead out of it


# Norms and distances


@numpy_names
def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dim = None,
    keepdim: bool = False,
    dtype: Any = None,
    *,
    axis: Dim = None,
    keepdims: bool = False,
) -> Tensor:
    """The norm (Σ |x|^p)^(1/p) over an axis, several, or all; "fro" is p = 2, inf the largest |x|, -inf the smallest, and 0
    counts the numbers that are not 0. "nuc" is the sum of the singular values of a matrix. The gradient at 0 is 0.
    >>> x = tensor([3.0, -4.0])
    >>> x.norm(), x.norm(1), x.norm(inf)
    (tensor(5.), tensor(7.), tensor(4.))
    """
    if p == "nuc":
        return _nuclear(input if dtype is None else input.to(dtype), dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: the named norms are 'fro' and 'nuc', got {p!r}")
    if isinstance(p, str) and isinstance(dim, (tuple, list)) and len(dim) > 2:
        raise RuntimeError(f"norm: 'fro' is a norm of matrices, over at most two dims, got {dim}; give p=2")
    return vector_norm(input, 2 if p is None or isinstance(p, str) else p, dim, keepdim, dtype=dtype)


def _nuclear(x: Tensor, dim: Any, keepdim: bool) -> Tensor:
    axes = axes_of(dim, x.array.ndim, "norm")
    if len(axes) != 2:
        raise RuntimeError(f"norm: 'nuc' is a norm of matrices, over two dims; got dim {dim} of shape {list(x.shape)}")
    from .decomposition import svdvals

    rest = [i for i in range(x.array.ndim) if i not in axes]
    out = sum(svdvals(x.permute(*rest, *axes)), -1)
    for i in sorted(axes) if keepdim else ():
        out = unsqueeze(out, i)
    return out


@numpy_names
def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Dim = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Dim = None,
    keepdims: bool = False,
) -> Tensor:
    """The norm (Σ |x|^p)^(1/p) over an axis, several, or all, with ord for p; see norm. PyTorch has it in torch.linalg."""
    if not isinstance(ord, (int, float, np.number)):
        raise TypeError(f"vector_norm: ord must be a number, got {type(ord).__name__}")
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"vector_norm: needs a floating dtype, got {x.dtype}; cast it first: x.float()")
    if dtype is not None:
        if np.dtype(dtype).kind != "f" or np.dtype(dtype).itemsize < x.array.dtype.itemsize:
            raise RuntimeError(f"vector_norm: dtype must be a floating one that holds {x.dtype}, got {np.dtype(dtype)}")
        x = x.to(dtype)
    axes = axes_of(dim, x.array.ndim, "vector_norm")
    if ord in (inf, -inf):
        if 0 in [x.array.shape[i] for i in axes]:
            raise RuntimeError(f"vector_norm: the {ord} norm of no numbers (shape {list(x.shape)}) does not exist")
        return (amax if ord > 0 else amin)(arithmetic.abs(x), axes, keepdim)
    if ord < 0 and 0 in [x.array.shape[i] for i in axes]:
        raise RuntimeError(f"vector_norm: the {ord} norm of no numbers (shape {list(x.shape)}) does not exist")
    if ord == 0:
        x = arithmetic.zero(x) + Tensor._of((x.array != 0).astype(x.dtype))  # with the derivative 0, not without a derivative
    elif ord == 1:
        x = arithmetic.abs(x)
    else:
        return ops.norm(x, p=float(ord), axis=axes, keepdims=keepdim)
    return reduction.sum(x, axis=axes, keepdims=keepdim)


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each part of x along `dim` that has a p-norm above `maxnorm`, scaled down to it.
    >>> tensor([[3.0, 4.0], [0.3, 0.4]]).renorm(2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    if p <= 0 or maxnorm < 0:
        raise RuntimeError(f"renorm: p must be positive and maxnorm at least 0, got {p} and {maxnorm}")
    if input.array.ndim < 2:
        raise RuntimeError(f"renorm: needs at least two dimensions, got shape {list(input.shape)}")
    axis = axis_of(dim, input.array.ndim, "renorm")
    norms = vector_norm(input, p, [i for i in range(input.array.ndim) if i != axis], True)
    return input * where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)


def renorm_(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Scale each part of x along `dim` that has a p-norm above `maxnorm` down to it, in the memory of x; see renorm."""
    return in_place("renorm", self, (), lambda x: renorm(x, p, dim, maxnorm))


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of the difference of two tensors, which broadcast.
    >>> dist(tensor([1.0, 2.0]), tensor([4.0, 6.0]))
    tensor(5.)
    """
    return vector_norm(input - other, p)


MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = MODES[0]) -> Tensor:
    """The p-norm distances of all rows of x1 to all rows of x2: (..., n, k) and (..., m, k) give (..., n, m); the leading axes
    broadcast. For p = 2 and many rows, a matrix product is used unless `compute_mode` is "donot_use_mm_for_euclid_dist".
    >>> cdist(tensor([[0.0, 0.0]]), tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    all_tensors("cdist", (x1, x2))
    x, y = x1.array, x2.array
    if x.dtype.kind != "f" or y.dtype != x.dtype:
        raise RuntimeError(f"cdist: needs one floating dtype, got {x.dtype} and {y.dtype}; cast one: x.to(y.dtype)")
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise RuntimeError(f"cdist: needs rows of the same length in both, got shapes {list(x.shape)} and {list(y.shape)}")
    if p < 0 or compute_mode not in (None, *MODES):
        raise RuntimeError(f"cdist: p must be at least 0 and compute_mode one of {', '.join(MODES)}; got {p}, {compute_mode!r}")
    if p == 2 and compute_mode != MODES[2] and x.size and y.size:
        return ops.euclidean(x1, x2)
    differences = unsqueeze(x1, -2) - unsqueeze(x2, -3)
    return vector_norm(differences, p, -1) if x.shape[-1] else sum(differences, -1)


def pdist(x: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances of all pairs of different rows of a matrix, in the order (0, 1), (0, 2), ..., (1, 2), ...
    >>> pdist(tensor([[0.0], [1.0], [3.0]]))
    tensor([1., 3., 2.])
    """
    if x.array.ndim != 2 or p < 0:
        raise RuntimeError(f"pdist: needs a matrix and p >= 0, got shape {list(x.shape)} and p = {p}")
    i, j = np.triu_indices(len(x.array), 1)
    if p == 2 and x.array.shape[1] and x.array.dtype.kind == "f" and len(x.array) > 16:
        # All distances by products, each twice: a twentieth of the time of the differences of all pairs (256 rows of 256).
        x = x - mean(x.detach(), 0)  # changes no distance; far from 0 the gradients would cancel
        return indexing.getitem(ops.euclidean(x, x), index=(i, j), once=True)
    differences = x[Tensor._of(i)] - x[Tensor._of(j)]
    return vector_norm(differences, p, 1) if x.array.shape[1] else sum(differences, 1)
