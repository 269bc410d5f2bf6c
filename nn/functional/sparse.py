"""Class indices and vectors: from an index to the vector that represents it."""

from __future__ import annotations

from operator import setitem
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.dtypes import int32, int64
from tinygrad_lite.functional.norms import norm
from tinygrad_lite.grad_mode import no_grad
from tinygrad_lite.inplace import write
from tinygrad_lite.ops import indexing
from tinygrad_lite.ops.arrangement import sum_runs
from tinygrad_lite.ops.neural import sparse as ops

from .errors import not_tensors

__all__ = ["embedding", "embedding_bag", "one_hot"]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class index a row of zeros with a 1 at that place: (...) int64 -> (..., C) int64.

    C is num_classes, or 1 + the largest index. RuntimeError for other dtypes and for indices outside 0 ... C-1.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html

    >>> from tinygrad_lite import tensor
    >>> one_hot(tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    index = tensor.array
    if index.dtype != int64:
        raise RuntimeError(f"one_hot is only applicable to index tensors of int64, got {index.dtype}; use x.long()")
    if num_classes < 0:
        if not index.size:
            raise RuntimeError("one_hot: cannot infer the number of classes from an empty tensor; give num_classes")
        num_classes = int(index.max()) + 1
    if index.size and (index.min() < 0 or index.max() >= num_classes):
        raise RuntimeError(
            f"one_hot: class values must be from 0 to {num_classes - 1} (num_classes - 1), "
            f"got {int(index.min())} to {int(index.max())}"
        )
    xp = array_module(index)  # zeros and one write a row: a fifth of the time of a comparison with every class
    rows = xp.zeros((index.size, num_classes), int64)
    rows[xp.arange(index.size), index.reshape(-1)] = 1
    return Tensor._of(rows.reshape(*index.shape, num_classes))


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows weight[input]: indices (...) and a table (V, D) -> (..., D).

    The row padding_idx gets no gradient. With max_norm, rows that are looked up and whose norm is larger are scaled down first,
    in place. With scale_grad_by_freq, a row's gradient is divided by how often it is looked up. IndexError for an index outside
    0 ... V-1, RuntimeError for indices that are not int64 or int32. Sparse gradients do not exist here: NotImplementedError.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html

    >>> from tinygrad_lite import tensor
    >>> embedding(tensor([2, 0]), tensor([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]]))
    tensor([[2.0000, 2.1000],
            [0.0000, 0.1000]])
    """
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        raise not_tensors("embedding", input=input, weight=weight)
    if sparse:
        raise no_sparse("embedding")
    index, table = input.array, weight.array
    if table.ndim != 2:
        raise RuntimeError(f"embedding: 'weight' must be 2-D, (indices, numbers), got {list(table.shape)}")
    _check_index("embedding", index, len(table), IndexError)
    padding = None if padding_idx is None else place_of_padding(padding_idx, len(table))
    if max_norm is not None:
        _renormalize(weight, index, max_norm, norm_type)
    if padding is None and not scale_grad_by_freq:
        return ops.embedding(weight, index=index)
    drop = None if padding is None else index == padding
    drop = drop if drop is not None and drop.any() else None
    return ops.embedding(weight, index=index, drop=drop, share=_shares(index, table) if scale_grad_by_freq else None)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or max of the rows weight[input] of each bag: (bags, D).

    An input (bags, n) has a bag in each row; an input (N) has bags that begin at `offsets` (bags), or, with
    include_last_offset, also one more offset, where the last one ends. An empty bag gives zeros. per_sample_weights, in the
    shape of the input and for sums only, are factors of the rows. An index padding_idx is left out. The other options are those
    of embedding(). ValueError or RuntimeError for arguments that do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html

    >>> from tinygrad_lite import tensor
    >>> table = tensor([[1.0, 2.0], [3.0, 0.0], [5.0, 1.0]])
    >>> embedding_bag(tensor([0, 1, 2]), table, tensor([0, 2]))
    tensor([[2., 1.],
            [5., 1.]])
    """
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor)):
        raise not_tensors("embedding_bag", input=input, weight=weight)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode has to be one of sum, mean or max, got {mode!r}")
    index, table, factors = input.array, weight.array, per_sample_weights
    if table.ndim != 2:
        raise ValueError(f"embedding_bag: weight has to be a 2D Tensor, but got Tensor of dimension {table.ndim}")
    if table.dtype.kind != "f":
        raise RuntimeError(f"embedding_bag: the weight must be floating-point, got {table.dtype}; use x.float()")
    if mode == "max" and (scale_grad_by_freq or sparse):
        raise ValueError("embedding_bag: max mode does not support scaling the gradient by the frequency or sparse weights")
    if sparse:
        raise no_sparse("embedding_bag")
    if factors is not None:
        _check_factors(factors, index, table, mode)
    lengths = _lengths(index, offsets, include_last_offset)
    index = index.reshape(-1)
    _check_index("embedding_bag", index, len(table), RuntimeError)
    if max_norm is not None:
        _renormalize(weight, index, max_norm, norm_type)
    share = _shares(index, table) if scale_grad_by_freq else None
    if factors is not None:
        factors = factors.reshape(-1)
    if padding_idx is not None:
        if not -len(table) <= padding_idx < len(table):
            what = f"padding_idx must be within the number of embeddings, {-len(table)} through {len(table) - 1}"
            raise RuntimeError(f"embedding_bag: {what}, but got {padding_idx}")
        there = index != padding_idx % len(table)
        bags = np.repeat(np.arange(len(lengths)), lengths)
        lengths = np.bincount(bags[_on_cpu(there)], minlength=len(lengths))
        index, share = index[there], None if share is None else share[there]
        factors = None if factors is None else factors[Tensor._of(there)]
    rows = ops.embedding(weight, index=index, share=share)
    if mode == "max":
        return _largest(rows, lengths)
    if factors is not None:
        rows = rows * factors[:, None]
    xp = array_module(table)
    out = sum_runs(rows, repeats=xp.asarray(lengths), axis=0)
    if mode == "mean":
        out = out / Tensor._of(xp.asarray(np.maximum(lengths, 1).astype(table.dtype))[:, None])
    return out


def place_of_padding(padding_idx: int, n: int) -> int:
    """padding_idx counted from the front. AssertionError, as in PyTorch, for one that is not in the table."""
    if isinstance(padding_idx, bool) or not isinstance(padding_idx, int):
        raise TypeError(f"embedding: padding_idx must be int, not {type(padding_idx).__name__}")
    if not -n <= padding_idx < n:
        raise AssertionError(f"Padding_idx must be within num_embeddings, {n}; got {padding_idx}")
    return padding_idx % n


def no_sparse(what: str) -> NotImplementedError:
    """The error for sparse=True."""
    return NotImplementedError(
        f"{what}: sparse=True asks for gradients that are sparse tensors, which do not exist here; leave it out: the gradient "
        f"is the same as a dense tensor, and every optimizer takes it"
    )


def _check_index(what: str, index: Any, n: int, error: type[Exception]) -> None:
    if index.dtype != int64 and index.dtype != int32:
        raise RuntimeError(f"{what}: the indices must be int64 or int32, got {index.dtype}; use x.long()")
    if index.size and index.view(f"u{index.dtype.itemsize}").max() >= n:  # negative ones are large
        raise error(
            f"{what}: index out of range: the table has rows 0 to {n - 1}, got {int(index.min())} to {int(index.max())}"
        )


def _shares(index: Any, table: Any) -> Any:
    """1 / how often, for each index."""
    times = array_module(index).bincount(index.reshape(-1), minlength=1)[index]
    return (1 / times).astype(table.dtype)


def _renormalize(weight: Tensor, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that the index has and whose norm is larger than max_norm down to it, in place."""
    rows = array_module(index).unique(index)
    with no_grad():
        norms = norm(Tensor._of(weight.array[rows]), norm_type, 1).array
    large = norms > max_norm
    if large.any():
        rows, factors = rows[large], max_norm / (norms[large] + 1e-7)
        write(weight.array, setitem, rows, weight.array[rows] * factors[:, None])


def _check_factors(factors: Any, index: Any, table: Any, mode: str) -> None:
    if not isinstance(factors, Tensor):
        raise not_tensors("embedding_bag", per_sample_weights=factors)
    if factors.array.shape != index.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(factors.array.shape)}) is not None, then it must have the same shape "
            f"as the input ({list(index.shape)})"
        )
    if mode != "sum":
        raise NotImplementedError(f"embedding_bag: per_sample_weights is only supported for mode='sum' (got mode={mode!r})")
    if factors.array.dtype != table.dtype:
        raise RuntimeError(
            f"embedding_bag: the weight is {table.dtype} but per_sample_weights {factors.dtype}; they must have one dtype"
        )


def _lengths(index: Any, offsets: Any, include_last: bool) -> Any:
    """How many indices each bag has: an array on the CPU."""
    if index.ndim == 2:
        if offsets is not None:
            raise ValueError(
                f"embedding_bag: if input is 2D, then offsets has to be None, as each row of input is a bag; found "
                f"offsets of type {type(offsets).__name__}"
            )
        if not index.shape[1]:
            raise RuntimeError(f"embedding_bag: rows of at least one index are needed, got an input {list(index.shape)}")
        return np.full(index.shape[0], index.shape[1])
    if index.ndim != 1:
        raise ValueError(f"embedding_bag: input has to be 1D or 2D Tensor, but got Tensor of dimension {index.ndim}")
    if offsets is None:
        raise ValueError("embedding_bag: offsets has to be a 1D Tensor but got None: it says where each bag begins")
    if not isinstance(offsets, Tensor):
        raise not_tensors("embedding_bag", offsets=offsets)
    starts = _on_cpu(offsets.array)
    if starts.ndim != 1:
        raise ValueError(f"embedding_bag: offsets has to be a 1D Tensor, got {list(starts.shape)}")
    if starts.dtype != int64 and starts.dtype != int32:
        raise RuntimeError(f"embedding_bag: the offsets must be int64 or int32, got {starts.dtype}; use x.long()")
    if include_last and not starts.size:
        raise RuntimeError("embedding_bag: include_last_offset: number of offsets should be at least 1")
    if starts.size and starts[0] != 0:
        what = "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0"
        raise RuntimeError(f"embedding_bag: {what}. However, got {starts[0]}")
    if starts.size and starts[-1] > index.size:
        what = f"offsets[-1] can not be greater than input's length {index.size} but got offsets[-1] of {starts[-1]}"
        raise RuntimeError(f"embedding_bag: {what}")
    lengths = np.diff(starts) if include_last else np.diff(starts, append=index.size)
    if (lengths < 0).any():
        raise RuntimeError(f"embedding_bag: the offsets must not decrease, got {starts.tolist()}")
    return lengths


def _largest(rows: Tensor, lengths: Any) -> Tensor:
    """The largest number of each bag in each column, which gets the gradient: the first of those that are equal.

    A nan counts only at the beginning of a bag, as in PyTorch.
    """
    x, (D,) = rows.array, rows.array.shape[1:]
    xp, bags = array_module(x), np.flatnonzero(lengths)
    n = lengths[bags]
    start, place = (np.cumsum(n) - n)[:, None], np.arange(n.max(initial=1))
    within = place < n[:, None]
    values = x[xp.asarray(np.where(within, start + place, 0))]
    values[~xp.asarray(within)] = -np.inf
    values[:, 1:][xp.isnan(values[:, 1:])] = -np.inf
    at = values.argmax(1) + xp.asarray(start)
    best = indexing.getitem(rows, index=(at, xp.arange(D)), once=True)
    return indexing.index_add(best, shape=(len(lengths), D), index=(xp.asarray(bags),), once=True)


def _on_cpu(x: Any) -> Any:
    return x if isinstance(x, np.ndarray) else x.get()
