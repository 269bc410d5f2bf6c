"""Unfold and fold: the windows of an image as columns, and columns added up to an image. Each is the other's derivative."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.ops import shape as shapes
from tinygrad_lite.ops.neural import patches as ops
from tinygrad_lite.ops.neural.grid import Grid, grid

from .errors import not_tensors

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
    places = [(n + 2 * p - extent) // by + 1 for n, p, extent, by in zip(shape[-2:], around, extents, strides)]
    x = input if len(shape) == 4 else shapes.reshape(input, shape=(1, *shape))
    out = ops.to_columns(x, grid=_grid(shape[-2:], kernel, places, strides, around, steps))
    return shapes.reshape(out, shape=(*shape[:-3], shape[-3] * prod(kernel), prod(places)))


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
    rooms = [n + 2 * p - extent for n, p, extent in zip(size, around, extents)]
    windows = [room // by + 1 if room >= 0 else 0 for room, by in zip(rooms, strides)]
    if shape[-2] % prod(kernel) or shape[-1] != prod(windows):
        raise RuntimeError(
            f"fold: an input of shape {list(shape)} does not fit: its columns must have a multiple of {prod(kernel)} numbers, "
            f"and for an image of {list(size)} there must be {windows[0]} * {windows[1]} of them"
        )
    c = shape[-2] // prod(kernel)
    x = shapes.reshape(input, shape=(*(shape[:-2] or (1,)), c, prod(kernel), *windows))
    out = ops.from_columns(x, grid=_grid(size, kernel, windows, strides, around, steps))
    return out if len(shape) == 3 else shapes.reshape(out, shape=(c, *size))


def _grid(size: Any, kernel: Any, places: Any, stride: Any, padding: Any, dilation: Any) -> Grid:
    return grid((1, *size), (1, *kernel), (1, *places), (1, *stride), (0, *padding), (1, *dilation), 1)


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
