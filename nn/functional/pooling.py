"""Pooling: the largest number, the mean or a norm of each window of an image.

A size that is given as one number is that of every axis. As in PyTorch, the windows lie `stride` apart (None: as far as they
are long), the first starts `padding` in front of the image, and the last ends inside, unless ceil_mode lets it reach beyond.
An adaptive pooling is told how many windows there are to be instead. The batch may be missing: (C, H, W) like (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from math import prod
from typing import Any

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.functional.selection import scatter
from tinygrad_lite.grad_mode import is_grad_enabled
from tinygrad_lite.ops import arithmetic, indexing
from tinygrad_lite.ops.neural import pooling as ops
from tinygrad_lite.ops.neural.activation import relu
from tinygrad_lite.ops.neural.pooling import Windows

from .errors import not_tensors

__all__ = ["max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"]
__all__ += ["max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices"]
__all__ += ["adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"]
__all__ += ["adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices"]
__all__ += ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"]
__all__ += ["lp_pool1d", "lp_pool2d", "lp_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d"]

Size = int | Sequence[int]
MaybeSize = int | None | Sequence[int | None]


def max_pool1d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest number of each window of (N, C, L); the numbers of a window are `dilation` apart. With return_indices, also
    where in the L numbers it was. The gradient goes to that number, the first of equal ones. What lies in the padding is never
    the largest. RuntimeError unless 0 <= padding <= kernel_size / 2.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html

    >>> from tinygrad_lite import tensor
    >>> max_pool1d(tensor([[1.0, 3.0, 2.0, 0.0, 5.0]]), 3, stride=2)
    tensor([[3., 5.]])
    """
    windows = _windows("max_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, dilation)
    return _largest("max_pool1d", input, windows, return_indices)


def max_pool2d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest number of each window of (N, C, H, W); as max_pool1d. An index counts the numbers of an image row by row.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html

    >>> from tinygrad_lite import arange
    >>> max_pool2d(arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    windows = _windows("max_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, dilation)
    return _largest("max_pool2d", input, windows, return_indices)


def max_pool3d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest number of each window of (N, C, D, H, W); as max_pool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html

    >>> from tinygrad_lite import arange
    >>> max_pool3d(arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    windows = _windows("max_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, dilation)
    return _largest("max_pool3d", input, windows, return_indices)


def max_pool1d_with_indices(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """max_pool1d with its indices, whatever return_indices says."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)  # type: ignore[no-any-return]


def max_pool2d_with_indices(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """max_pool2d with its indices, whatever return_indices says."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)  # type: ignore[no-any-return]


def max_pool3d_with_indices(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """max_pool3d with its indices, whatever return_indices says."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)  # type: ignore[no-any-return]


def avg_pool1d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, L). Zeros in the padding count as numbers, unless count_include_pad is false.
    RuntimeError unless 0 <= padding <= kernel_size / 2.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html

    >>> from tinygrad_lite import tensor
    >>> avg_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    windows = _windows("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode)
    return _average("avg_pool1d", input, windows, count_include_pad)


def avg_pool2d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, H, W), or the sum divided by divisor_override; as avg_pool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html

    >>> from tinygrad_lite import arange
    >>> avg_pool2d(arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    windows = _windows("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode)
    return _average("avg_pool2d", input, windows, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, D, H, W), or the sum divided by divisor_override; as avg_pool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html

    >>> from tinygrad_lite import arange
    >>> avg_pool3d(arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    windows = _windows("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode)
    return _average("avg_pool3d", input, windows, count_include_pad, divisor_override)


def adaptive_max_pool1d(input: Tensor, output_size: Size, return_indices: bool = False) -> Any:
    """The largest numbers of `output_size` windows that divide the L numbers of (N, C, L) as evenly as can be: window j goes
    from floor(j L / n) to ceil((j + 1) L / n). With return_indices, also where they were.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html

    >>> from tinygrad_lite import tensor
    >>> adaptive_max_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return _largest("adaptive_max_pool1d", input, _adaptive("adaptive_max_pool1d", 1, input, output_size), return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: MaybeSize, return_indices: bool = False) -> Any:
    """The largest numbers of output_size = (H', W') windows of (N, C, H, W); as adaptive_max_pool1d. None for H' is H itself.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html

    >>> from tinygrad_lite import arange
    >>> adaptive_max_pool2d(arange(16.0).reshape(1, 4, 4), (1, 2))
    tensor([[[13., 15.]]])
    """
    return _largest("adaptive_max_pool2d", input, _adaptive("adaptive_max_pool2d", 2, input, output_size), return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: MaybeSize, return_indices: bool = False) -> Any:
    """The largest numbers of output_size windows of (N, C, D, H, W); as adaptive_max_pool2d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html
    """
    return _largest("adaptive_max_pool3d", input, _adaptive("adaptive_max_pool3d", 3, input, output_size), return_indices)


def adaptive_max_pool1d_with_indices(input: Tensor, output_size: Size, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool1d with its indices, whatever return_indices says."""
    return adaptive_max_pool1d(input, output_size, True)  # type: ignore[no-any-return]


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: MaybeSize, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool2d with its indices, whatever return_indices says."""
    return adaptive_max_pool2d(input, output_size, True)  # type: ignore[no-any-return]


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: MaybeSize, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool3d with its indices, whatever return_indices says."""
    return adaptive_max_pool3d(input, output_size, True)  # type: ignore[no-any-return]


def adaptive_avg_pool1d(input: Tensor, output_size: Size) -> Tensor:
    """The means of `output_size` windows that divide the L numbers of (N, C, L) as evenly as can be; as adaptive_max_pool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html

    >>> from tinygrad_lite import tensor
    >>> adaptive_avg_pool1d(tensor([[1.0, 3.0, 2.0]]), 2)
    tensor([[2.0000, 2.5000]])
    """
    return _average("adaptive_avg_pool1d", input, _adaptive("adaptive_avg_pool1d", 1, input, output_size), False)


def adaptive_avg_pool2d(input: Tensor, output_size: MaybeSize) -> Tensor:
    """The means of output_size = (H', W') windows of (N, C, H, W); with 1, of each whole image. None for H' is H itself.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html

    >>> from tinygrad_lite import arange
    >>> adaptive_avg_pool2d(arange(16.0).reshape(1, 4, 4), (1, 2))
    tensor([[[6.5000, 8.5000]]])
    """
    return _average("adaptive_avg_pool2d", input, _adaptive("adaptive_avg_pool2d", 2, input, output_size), False)


def adaptive_avg_pool3d(input: Tensor, output_size: MaybeSize) -> Tensor:
    """The means of output_size windows of (N, C, D, H, W); as adaptive_avg_pool2d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool3d.html
    """
    return _average("adaptive_avg_pool3d", input, _adaptive("adaptive_avg_pool3d", 3, input, output_size), False)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(Σ x^p)^(1/p) over each window of (N, C, L), for p = norm_type; where the sum is 0, the gradient is 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html

    >>> from tinygrad_lite import tensor
    >>> lp_pool1d(tensor([[3.0, 4.0, 0.0, 1.0]]), 2, 2)
    tensor([[5., 1.]])
    """
    return _norm(avg_pool1d(input**norm_type, kernel_size, stride, 0, ceil_mode), norm_type, kernel_size, 1)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(Σ x^p)^(1/p) over each window of (N, C, H, W); as lp_pool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html
    """
    return _norm(avg_pool2d(input**norm_type, kernel_size, stride, 0, ceil_mode), norm_type, kernel_size, 2)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """(Σ x^p)^(1/p) over each window of (N, C, D, H, W); as lp_pool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool3d.html
    """
    return _norm(avg_pool3d(input**norm_type, kernel_size, stride, 0, ceil_mode), norm_type, kernel_size, 3)


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Zeros, with the numbers of max_pool1d(..., return_indices=True) where they were. Of several lengths that are pooled to
    the same one, output_size chooses. ValueError if it is not one of them, RuntimeError for an index outside.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html

    >>> from tinygrad_lite import tensor
    >>> y, i = max_pool1d(tensor([[1.0, 3.0, 2.0, 0.0]]), 2, return_indices=True)
    >>> max_unpool1d(y, i, 2)
    tensor([[0., 3., 2., 0.]])
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Zeros, with the numbers of max_pool2d(..., return_indices=True) where they were; as max_unpool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Zeros, with the numbers of max_pool3d(..., return_indices=True) where they were; as max_unpool1d.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool3d.html
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


# What they share


def _largest(name: str, x: Tensor, windows: list[Windows], with_indices: bool) -> Any:
    if x.array.dtype.kind == "b" or (x.array.dtype.kind != "f" and name.startswith("adaptive")):
        raise NotImplementedError(f"{name}: not implemented for {x.dtype}; cast to float first: x.float()")
    if not with_indices and not (x.requires_grad and is_grad_enabled()):
        return Tensor._of(reduce(ops.window_max, windows[::-1], x.array))
    shape, places = x.array.shape, None
    for w in reversed(windows):  # the last axis first
        best, winners = ops.window_winners(x.array, w)
        if with_indices:
            at = winners.astype(np.int64) * w.dilation + w.along(w.starts, best)
            axis = len(shape) - 1 - w.behind
            row = prod(shape[axis + 1 :])
            places = at if places is None else at * row + indexing.gather(places, index=at, axis=axis)
        x = ops.window_sum(x, windows=w, winners=winners, found=best)
    return (x, Tensor._of(places)) if with_indices else x


def _average(name: str, x: Tensor, windows: list[Windows], padded: bool, divisor: int | None = None) -> Tensor:
    dtype = x.array.dtype
    if dtype.kind != "f" and (dtype != np.int64 or name.startswith("adaptive")):
        raise NotImplementedError(f"{name}: not implemented for {dtype}; cast to float first: x.float()")
    if divisor == 0:
        raise RuntimeError(f"{name}: divisor_override must not be zero")
    if divisor is None and dtype.kind == "f" and all(w.n == 1 and w.whole for w in windows):
        return functional.mean(x, tuple(range(-len(windows), 0)), keepdim=True)
    if dtype == np.float16:  # the sums are rounded once, and may be larger than the largest float16
        return _average(name, x.to(np.dtype("f4")), windows, padded, divisor).to(dtype)
    total = reduce(lambda x, w: ops.window_sum(x, windows=w), windows, x)
    counts = [w.counts if padded else w.inside for w in windows]
    by: Any = divisor or prod([count for count in counts if isinstance(count, int)])
    if divisor is None and any(not isinstance(count, int) for count in counts):
        each = [w.along(count, x.array).astype(dtype) for w, count in zip(windows, counts)]
        by = Tensor._of(reduce(np.multiply, each))
    return total / by if dtype.kind == "f" else functional.div(total, by, rounding_mode="trunc")


def _norm(mean: Tensor, p: float, kernel_size: Size, d: int) -> Tensor:
    """(n mean)^(1/p), for windows of n numbers. |mean| as relu has it, so that at 0 the gradient is 0."""
    n = prod(_sizes("lp_pool", "kernel_size", kernel_size, d))
    return (arithmetic.sign(mean) * relu(arithmetic.abs(mean)) * n) ** (1.0 / p)


def _sizes(name: str, what: str, given: Any, d: int) -> list[int]:
    """One size for each of d axes."""
    sizes = list(given) if isinstance(given, (list, tuple)) else [given]
    if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes):
        raise TypeError(f"{name}: {what} must be an int or a tuple of {d} ints, got {given!r}")
    if len(sizes) not in (1, d):
        raise RuntimeError(f"{name}: {what} must be a single int or a tuple of {d} ints, got {given!r}")
    return [int(n) for n in (sizes if len(sizes) == d else sizes * d)]


def _check_shape(name: str, d: int, shape: tuple[int, ...], full: slice) -> None:
    """RuntimeError unless this is the shape of an image with d axes, or of a batch, and these sizes are not 0."""
    axes = ("L", "H, W", "D, H, W")[d - 1]
    if len(shape) not in (d + 1, d + 2):
        raise RuntimeError(f"{name}: expected an input of shape (N, C, {axes}) or (C, {axes}), got {list(shape)}")
    if 0 in shape[full]:
        raise RuntimeError(f"{name}: no size but that of the batch may be 0: (N, C, {axes}), got {list(shape)}")


def _windows(
    name: str, d: int, x: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, dilation: Any = 1
) -> list[Windows]:
    """The windows over each of the last d axes, after all checks."""
    if not isinstance(x, Tensor):
        raise not_tensors(name, input=x)
    sizes = [tuple(size) if isinstance(size, list) else size for size in (kernel_size, stride, padding, dilation)]
    return _checked(name, d, x.array.shape, *sizes, ceil_mode)


@lru_cache(256, typed=True)
def _checked(
    name: str, d: int, shape: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> list[Windows]:
    """_windows for an input of this shape: cached, because a small image is pooled in the time that the checks take."""
    kernels = _sizes(name, "kernel_size", kernel_size, d)
    strides = kernels if stride is None or stride == () else _sizes(name, "stride", stride, d)
    paddings, dilations = _sizes(name, "padding", padding, d), _sizes(name, "dilation", dilation, d)
    for what, sizes in (("kernel_size", kernels), ("stride", strides), ("dilation", dilations)):
        if min(sizes) <= 0:
            raise RuntimeError(f"{name}: {what} must be greater than zero, got {sizes}")
    for size, pad, step in zip(kernels, paddings, dilations):
        if not 0 <= pad <= ((size - 1) * step + 1) // 2:
            raise RuntimeError(f"{name}: padding must be from 0 to half of the window: padding {pad}, kernel_size {size}")
    _check_shape(name, d, shape, slice(1 if len(shape) == d + 2 else 0, None))
    found = []
    for i, (size, by, pad, step) in enumerate(zip(kernels, strides, paddings, dilations)):
        length = shape[i - d]
        free = length + 2 * pad - step * (size - 1) - 1
        n = (free + (by - 1 if ceil_mode else 0)) // by + 1
        n -= ceil_mode and (n - 1) * by >= length + pad  # the last window must start in the image, or left of it
        if n < 1:
            raise RuntimeError(f"{name}: a window of {size} does not fit an input of shape {list(shape)}: no output")
        found.append(ops.regular(length, int(n), d - 1 - i, size, by, pad, step))
    return found


def _adaptive(name: str, d: int, x: Any, output_size: Any) -> list[Windows]:
    """output_size windows over each of the last d axes, after all checks."""
    if not isinstance(x, Tensor):
        raise not_tensors(name, input=x)
    sizes = list(output_size) if isinstance(output_size, (list, tuple)) else [output_size] * d
    if d > 1 and isinstance(output_size, (list, tuple)) and x.ndim <= len(sizes):
        raise ValueError(f"{name}: the input must have at least {len(sizes) + 1} dimensions, got {x.ndim}")
    if len(sizes) != d:
        raise RuntimeError(f"{name}: output_size must have {d} numbers, got {output_size!r}")
    _check_shape(name, d, x.array.shape, slice(-d if name in ("adaptive_avg_pool1d", "adaptive_avg_pool2d") else 1, None))
    shape = x.array.shape[-d:]
    if d > 1 and isinstance(output_size, (list, tuple)):
        sizes = [n if size is None else size for size, n in zip(sizes, shape)]
    if min(sizes := _sizes(name, "output_size", sizes, d)) < 0:
        raise RuntimeError(f"{name}: output_size must not be negative, got {output_size!r}")
    return [ops.adaptive(length, n, d - 1 - i) for i, (length, n) in enumerate(zip(shape, sizes))]


def _unpool(
    name: str, d: int, x: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    kernels, paddings = _sizes(name, "kernel_size", kernel_size, d), _sizes(name, "padding", padding, d)
    strides = kernels if stride is None else _sizes(name, "stride", stride, d)
    if not (isinstance(x, Tensor) and isinstance(indices, Tensor)):
        raise not_tensors(name, input=x, indices=indices)
    batch, shape = x.array.shape[:-d], x.array.shape[-d:]
    sizes = [(n - 1) * by - 2 * pad + size for n, by, pad, size in zip(shape, strides, paddings, kernels)]
    if output_size is not None:
        wanted = list(output_size)[-d:] if len(output_size) == d + 2 else list(output_size)
        if len(wanted) != d or not all(n - by < m < n + by for m, n, by in zip(wanted, sizes, strides)):
            ranges = ", ".join(f"{n - by + 1} to {n + by - 1}" for n, by in zip(sizes, strides))
            raise ValueError(f"{name}: invalid output_size {list(output_size)}; its last {d} numbers must be from {ranges}")
        sizes = [int(n) for n in wanted]
    _check_shape(name, d, x.array.shape, slice(1, None))
    index, n = indices.array, prod(sizes)
    if index.dtype != np.int64:
        raise RuntimeError(f"{name}: indices must be int64, got {index.dtype}")
    if index.shape != x.array.shape:
        raise RuntimeError(f"{name}: indices must have the input's shape {list(x.array.shape)}, got {list(index.shape)}")
    if x.array.dtype.kind != "f":
        raise NotImplementedError(f"{name}: not implemented for {x.dtype}; cast to float first: x.float()")
    if index.size and (index.min() < 0 or index.max() >= n):
        found = f"{int(index.min())} to {int(index.max())}"
        raise RuntimeError(f"{name}: found an invalid max index: indices from {found} for an output of size {sizes}")
    zeros = Tensor._of(array_module(index).zeros((*batch, n), x.array.dtype))
    places = Tensor._of(index.reshape(*batch, prod(shape)))
    out = scatter(zeros, -1, places, functional.reshape(x, (*batch, prod(shape))))
    return functional.reshape(out, (*batch, *sizes))
