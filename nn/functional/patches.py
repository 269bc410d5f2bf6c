"""Unfold and fold: the windows of an image as columns, and columns added up to an image. Each is the derivative of the other."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.ops import arrangement, indexing
from tinygrad_lite.ops import shape as shapes

from .errors import not_tensors
from .padding import pad

__all__ = ["unfold", "fold"]

Size = int | Sequence[int]


def unfold(input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """The windows of (N, C, H, W) as columns: (N, C K K', L) for a kernel of K by K' and L windows. A column has the numbers of
    one window, channel by channel and row by row. The options are those of conv2d, which is weight.reshape(O, -1) @ unfold(x).

    https://pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html

    >>> from tinygrad_lite import arange
    >>> unfold(arange(9.0).reshape(1, 3, 3), 2)
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    """
    if not isinstance(input, Tensor):
        raise not_tensors("unfold", input=input)
    kernel, steps, around, strides = _options("unfold", kernel_size, dilation, padding, stride)
    shape = input.array.shape
    if len(shape) < 3:
        raise IndexError(f"unfold: expected an input of shape (N, C, H, W) or (C, H, W), got {list(shape)}")
    if len(shape) > 4 or 0 in shape[-3:]:
        raise RuntimeError(f"unfold: expected an input of shape (N, C, H, W) or (C, H, W), none 0 but N, got {list(shape)}")
    _check_dtype("unfold", input)
    extents = [step * (k - 1) + 1 for k, step in zip(kernel, steps)]
    if any(n + 2 * p < extent for n, p, extent in zip(shape[-2:], around, extents)):
        raise RuntimeError(f"unfold: no window of {extents} is in an image of {list(shape[-2:])} with padding {list(around)}")
    x = pad(input, (around[1], around[1], around[0], around[0]))
    n = len(shape) - 2
    for axis, extent, step, by in zip((n, n + 1), extents, steps, strides):
        x = arrangement.unfold(x, axis=axis, size=extent, step=by)
        x = x if step == 1 else x[..., ::step]
    x = shapes.permute(x, axes=(*range(n), n + 2, n + 3, n, n + 1))
    columns = (shape[-3] * prod(kernel), prod(x.array.shape[-2:]))
    return shapes.reshape(shapes.clone(x), shape=(*shape[:-3], *columns))


def fold(
    input: Tensor, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """The image (N, C, *output_size) that columns (N, C K K', L) add up to: each number goes to the place from which unfold()
    takes it, and where windows overlap, they are added.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.fold.html

    >>> from tinygrad_lite import ones
    >>> fold(ones(4, 4), (3, 3), 2)
    tensor([[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]])
    """
    if not isinstance(input, Tensor):
        raise not_tensors("fold", input=input)
    kernel, steps, around, strides = _options("fold", kernel_size, dilation, padding, stride)
    size = _two("fold", "output_size", output_size)
    shape = input.array.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(f"fold: expected an input of shape (N, C K K', L) or (C K K', L), none 0 but N, got {list(shape)}")
    _check_dtype("fold", input)
    extents = [step * (k - 1) + 1 for k, step in zip(kernel, steps)]
    full = [n + 2 * p for n, p in zip(size, around)]
    windows = [(n - extent) // by + 1 if n >= extent else 0 for n, extent, by in zip(full, extents, strides)]
    if shape[-2] % prod(kernel) or shape[-1] != prod(windows):
        raise RuntimeError(
            f"fold: an input of shape {list(shape)} does not fit: a column of it must have a multiple of {prod(kernel)} numbers, "
            f"and for an image of {list(size)} there are {windows[0]} * {windows[1]} columns"
        )
    batch, c = shape[:-2], shape[-2] // prod(kernel)
    n = len(batch) + 1
    x = shapes.reshape(input, shape=(*batch, c, *kernel, *windows))
    x = shapes.permute(x, axes=(*range(n), n + 2, n + 3, n, n + 1))
    for axis, extent, step, by in zip((n + 1, n), extents[::-1], steps[::-1], strides[::-1]):
        if step > 1:
            apart = (*x.array.shape[:-1], extent)
            x = indexing.index_add(x, shape=apart, index=(..., slice(None, None, step)), once=True)
        places = list(x.array.shape[:-1])
        places[axis] = full[axis - n]
        x = arrangement.fold_windows(x, shape=tuple(places), axis=axis, size=extent, step=by)
    return pad(x, (-around[1], -around[1], -around[0], -around[0]))


def _options(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> list[tuple[int, int]]:
    """The four options as two numbers each. RuntimeError if one is too small."""
    found = []
    given = {"kernel_size": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    for what, sizes in given.items():
        found.append(_two(name, what, sizes))
        if min(found[-1]) < (what != "padding"):
            raise RuntimeError(f"{name}: {what} must be {'at least 0' if what == 'padding' else 'positive'}, got {sizes}")
    return found


def _two(name: str, what: str, given: Any) -> tuple[int, int]:
    """One number for each of two axes."""
    pair = tuple(given) if isinstance(given, (tuple, list)) else (given, given)
    if len(pair) != 2:
        raise RuntimeError(f"{name}: {what} must be an int or two ints, got {given!r}")
    if not all([type(n) is int or (hasattr(n, "__index__") and type(n) is not bool) for n in pair]):
        raise TypeError(f"{name}: {what} must be an int or two ints, got {given!r}")
    return int(pair[0]), int(pair[1])


def _check_dtype(name: str, x: Tensor) -> None:
    if x.dtype.kind not in "fb":
        raise NotImplementedError(f"{name}: not implemented for {x.dtype}; cast to float first: x.float()")
