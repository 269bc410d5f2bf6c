"""Convolution: every output is a weighted sum of a small window of the input, with the same weights for all windows.

And the transposed convolution, which goes the other way: every input is spread over a window of the output.

A size that is given as one number is that of every axis. The batch may be missing: (C, H, W) like (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import index
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.ops import shape as shapes
from tinygrad_lite.ops.neural import convolution as ops
from tinygrad_lite.ops.neural.grid import Grid, Sizes, grid

from .errors import not_tensors

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

Size = int | Sequence[int]


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: str | Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """y[n, o, i] = bias[o] + Σ weight[o, c, k] x[n, c, stride * i + dilation * k - padding], over c and k: (N, C, L) and
    (O, C / groups, K) give (N, O, L'). What is beyond the ends of x counts as 0. padding="same" makes L' = L, "valid" is 0.
    With groups, each of so many groups of outputs takes only its own group of channels.

    RuntimeError if shapes, sizes or dtypes do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html

    >>> from tinygrad_lite import tensor
    >>> conv1d(tensor([[1.0, 2.0, 4.0, 8.0]]), tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2., 4.]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: str | Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """conv1d along two axes: (N, C, H, W) and (O, C / groups, K, K') give (N, O, H', W').

    https://pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    >>> from tinygrad_lite import arange, ones
    >>> conv2d(arange(9.0).reshape(1, 1, 3, 3), ones(1, 1, 2, 2))
    tensor([[[[ 8., 12.],
              [20., 24.]]]])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: str | Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """conv1d along three axes: (N, C, D, H, W) and (O, C / groups, K, K', K'') give (N, O, D', H', W').

    https://pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html

    >>> from tinygrad_lite import ones
    >>> conv3d(ones(1, 2, 2, 2), ones(1, 1, 2, 2, 2))
    tensor([[[[8.]]]])
    """
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:  # fmt: skip
    """y[n, o, j] = bias[o] + Σ weight[c, o, k] x[n, c, i], over c and those i and k for which j is stride * i + dilation * k -
    padding: (N, C, L) and (C, O / groups, K) give (N, O, L'). It is the derivative of conv1d with respect to its input, so it
    gives an input's shape back. A stride makes the same L of several L'; the least is meant, plus output_padding.

    RuntimeError if shapes, sizes or dtypes do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html

    >>> from tinygrad_lite import tensor
    >>> conv_transpose1d(tensor([[1.0, 10.0]]), tensor([[[1.0, 2.0, 3.0]]]), stride=2)
    tensor([[ 1.,  2., 13., 20., 30.]])
    """
    return _conv_transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:  # fmt: skip
    """conv_transpose1d along two axes: (N, C, H, W) and (C, O / groups, K, K') give (N, O, H', W').

    https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html

    >>> from tinygrad_lite import ones, tensor
    >>> conv_transpose2d(tensor([[[1.0, 2.0]]]), ones(1, 1, 2, 2), stride=2)
    tensor([[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]])
    """
    return _conv_transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:  # fmt: skip
    """conv_transpose1d along three axes: (N, C, D, H, W) and (C, O / groups, K, K', K'') give (N, O, D', H', W').

    https://pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html

    >>> from tinygrad_lite import ones
    >>> conv_transpose3d(ones(1, 1, 1, 2), ones(1, 1, 1, 1, 2))
    tensor([[[[1., 2., 1.]]]])
    """
    return _conv_transpose("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


# What they share


def _conv(
    name: str, d: int, x: Tensor, w: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    _check(name, x, w, bias)
    shape, window, biases = x.array.shape, w.array.shape, None if bias is None else bias.array.shape
    if not isinstance(padding, str):
        padding = sizes(name, "padding", padding, d)
    strides, dilations = sizes(name, "stride", stride, d), sizes(name, "dilation", dilation, d)
    found = _grid(name, d, shape, window, biases, strides, padding, dilations, groups)
    batch = x if len(shape) == d + 2 else shapes.reshape(x, shape=(1, *shape))
    out = ops.conv(batch, w, bias, grid=found)
    if not shape[-d - 1]:  # as in PyTorch, of no channels
        out = shapes.narrow(out, axis=1, start=0, stop=0)
    return out if batch is x else shapes.reshape(out, shape=out.array.shape[1:])


def _conv_transpose(
    name: str, d: int, x: Tensor, w: Tensor, bias: Tensor | None,
    stride: Any, padding: Any, output_padding: Any, groups: Any, dilation: Any,
) -> Tensor:  # fmt: skip
    _check(name, x, w, bias)
    if x.array.dtype.kind != "f" and x.array.dtype != np.int64:
        raise NotImplementedError(f"{name}: not implemented for {x.dtype}; cast to float first: x.float()")
    shape, window, biases = x.array.shape, w.array.shape, None if bias is None else bias.array.shape
    given = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": output_padding}
    found = _grid_back(name, d, shape, window, biases, groups, *[sizes(name, what, size, d) for what, size in given.items()])
    batch = x if len(shape) == d + 2 else shapes.reshape(x, shape=(1, *shape))
    out = ops.conv_input(batch, w, bias, grid=found)
    return out if batch is x else shapes.reshape(out, shape=out.array.shape[1:])


def sizes(name: str, what: str, given: Any, d: int) -> Sizes:
    """One size for each of d axes. TypeError unless they are whole numbers, RuntimeError if there are not 1 or d of them."""
    if type(given) is int:
        return (given,) * d
    parts = given if isinstance(given, (tuple, list)) else (given,)
    try:
        found = tuple([index(n) for n in parts if not isinstance(n, (bool, float))])
    except TypeError:
        found = ()
    if len(found) < len(parts):
        raise TypeError(f"{name}: {what} must be an int or a tuple of {d} ints, got {given!r}")
    if len(found) not in (1, d):
        raise RuntimeError(f"{name}: {what} must be a single int or a tuple of {d} ints, got {given!r}")
    return found if len(found) == d else found * d


def _check(name: str, x: Any, w: Any, bias: Any) -> None:
    """TypeError unless they are Tensors, RuntimeError unless they have one dtype."""
    if not (isinstance(x, Tensor) and isinstance(w, Tensor) and (bias is None or isinstance(bias, Tensor))):
        raise not_tensors(name, input=x, weight=w, **({} if bias is None else {"bias": bias}))
    if x.dtype.kind == "b":
        raise NotImplementedError(f"{name}: not implemented for bool; cast to float first: x.float()")
    for what, y in (("weight", w), ("bias", bias)):
        if y is not None and y.array.dtype != x.array.dtype:
            raise RuntimeError(f"{name}: the input is {x.dtype} but the {what} is {y.dtype}; cast one: x.to({what}.dtype)")


@lru_cache(256, typed=True)  # groups=True is not groups=1
def _grid(
    name: str, d: int, x: Sizes, w: Sizes, bias: Sizes | None, stride: Sizes, padding: str | Sizes, dilation: Sizes, groups: int
) -> Grid:
    """The Grid of a convolution, after all checks. It is remembered, so that the checks cost a loop nothing."""
    same = padding == "same"
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"{name}: padding must be 'same', 'valid' or numbers, got {padding!r}")
        if same and stride != (1,) * d:
            raise RuntimeError(
                f"{name}: padding='same' needs stride 1, got {stride}: the output is to be as large as the input"
            )
        padding = (0,) * d
    _check_sizes(name, d, x, w, groups, stride, padding, dilation)
    size, window = x[-d:], w[2:]
    if x[-d - 1] != w[1] * groups or (bias is not None and bias != w[:1]):
        raise RuntimeError(
            f"{name}: an input of shape {list(x)} does not fit a weight of shape {list(w)} = (O, C / groups, ...) with groups="
            f"{groups}" + ("" if bias is None else f" and a bias of shape {list(bias)} = (O)") + f": C is {x[-d - 1]}"
        )
    extents = [step * (k - 1) + 1 for k, step in zip(window, dilation)]
    if same:  # one more behind than in front, if it cannot be equal
        padding = tuple([(extent - 1) // 2 for extent in extents])
        return grid(size, window, size, stride, padding, dilation, groups)
    rooms = [n + 2 * p - extent for n, p, extent in zip(size, padding, extents)]
    if min(rooms) < 0:
        raise RuntimeError(
            f"{name}: the kernel, which covers {extents}, is larger than the input of size {list(size)} with padding "
            f"{list(padding)} at each end; add padding?"
        )
    places = tuple([room // step + 1 for room, step in zip(rooms, stride)])
    return grid(size, window, places, stride, padding, dilation, groups)


@lru_cache(256, typed=True)  # groups=True is not groups=1
def _grid_back(
    name: str, d: int, x: Sizes, w: Sizes, bias: Sizes | None, groups: int,
    stride: Sizes, padding: Sizes, dilation: Sizes, output_padding: Sizes,
) -> Grid:  # fmt: skip
    """The Grid of the convolution of which this one is the transposed, after all checks."""
    _check_sizes(name, d, x, w, groups, stride, padding, dilation)
    if x[-d - 1] != w[0] or (bias is not None and bias != (w[1] * groups,)):
        raise RuntimeError(
            f"{name}: an input of shape {list(x)} does not fit a weight of shape {list(w)} = (C, O / groups, ...) with groups="
            f"{groups}" + ("" if bias is None else f" and a bias of shape {list(bias)} = (O)") + f": C is {x[-d - 1]}"
        )
    if min(output_padding) < 0 or any(n >= max(s, t) for n, s, t in zip(output_padding, stride, dilation)):
        raise RuntimeError(
            f"{name}: output_padding must be from 0 to less than the stride or the dilation, got {list(output_padding)} with "
            f"stride {list(stride)} and dilation {list(dilation)}"
        )
    places, window = x[-d:], w[2:]
    size = tuple([
        (n - 1) * s - 2 * p + t * (k - 1) + more + 1
        for n, s, p, t, k, more in zip(places, stride, padding, dilation, window, output_padding)
    ])  # fmt: skip
    if min(size) < (0 if 0 in x[: -d - 1] else 1):  # an empty batch may become empty images, as in PyTorch
        raise RuntimeError(f"{name}: nothing is left: the output of an input of size {list(places)} would be {list(size)}")
    return grid(size, window, places, stride, padding, dilation, groups)


def _check_sizes(name: str, d: int, x: Sizes, w: Sizes, groups: Any, stride: Sizes, padding: Sizes, dilation: Sizes) -> None:
    """RuntimeError unless the shapes have the right number of axes and every size is large enough."""
    axes = ("L", "H, W", "D, H, W")[d - 1]
    if len(x) not in (d + 1, d + 2):
        raise RuntimeError(f"{name}: expected an input of shape (N, C, {axes}) or (C, {axes}), got {list(x)}")
    if len(w) != d + 2:
        raise RuntimeError(f"{name}: expected a weight with {d + 2} axes, {d} of them for the kernel, got shape {list(w)}")
    if not isinstance(groups, (int, np.integer)) or isinstance(groups, bool):
        raise TypeError(f"{name}: groups must be an int, got {groups!r}")
    if groups < 1 or w[0] < groups or w[0] % groups:
        raise RuntimeError(f"{name}: groups must be a positive number that divides the first size of the weight, got {groups} "
                           f"and {list(w)}")  # fmt: skip
    for what, given, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1), ("kernel", w[2:], 1)):
        if min(given) < least:
            raise RuntimeError(f"{name}: {what} must be at least {least} along each axis, got {list(given)}")
    if 0 in x[-d:] and 0 not in x[: len(x) - d][-2:]:
        raise RuntimeError(f"{name}: an image must not be empty, got an input of shape {list(x)}")
