"""What networks compute of all numbers along an axis: softmax and its logarithm, and normalizations over the last axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import axis_of
from ..dtypes import float16, float32
from ..ops.neural import normalization as normal
from ..ops.neural import softmax as ops
from ..ops.shape import clone
from .shape import flatten, reshape

__all__ = ["softmax", "log_softmax", "layer_norm", "rms_norm", "group_norm"]
NOT_METHODS = ["layer_norm", "rms_norm", "group_norm"]


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """e^x / Σ e^x along an axis, without overflow.
    >>> tensor([0.0, 0.0, 1000.0]).softmax(0)
    tensor([0., 0., 1.])
    """
    return _along(ops.softmax, input, dim, dtype, "softmax")


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """x - log Σ e^x along an axis: the logarithm of softmax, finite even where softmax underflows to 0.
    >>> tensor([0.0, 1000.0]).log_softmax(0)
    tensor([-1000.,     0.])
    """
    return _along(ops.log_softmax, input, dim, dtype, "log_softmax")


def _along(op: Callable[..., Tensor], x: Tensor, dim: int, dtype: Any, what: str) -> Tensor:
    if dtype is not None:
        x = x.to(dtype)
    if x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: not defined for {x.dtype}; cast to float first: x.float()")
    if not x.array.ndim:
        axis_of(dim, 0, what)
        return reshape(op(reshape(x, (1,)), axis=0), ())
    return op(x, axis=axis_of(dim, x.array.ndim, what))


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias over the last axes, whose sizes are `normalized_shape`; weight and bias
    have this shape too.

    RuntimeError if a shape or dtype does not fit. Ba et al. 2016;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html

    >>> layer_norm(tensor([[1.0, 3.0], [5.0, 5.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [ 0.0000,  0.0000]])
    """
    shape = _checked(input, normalized_shape, "layer_norm", weight=weight, bias=bias)
    if mixed("layer_norm", input, weight, bias):
        return layer_norm(input.to(float32), normalized_shape, weight, bias, eps).to(float16)
    return _normalized(input, len(shape), weight, bias, eps)


def rms_norm(input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """x / √(mean of x² + eps) · weight over the last axes, whose sizes are `normalized_shape`. eps is by default the epsilon of
    the dtype.

    RuntimeError if a shape or dtype does not fit. Zhang and Sennrich 2019;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html

    >>> rms_norm(tensor([[1.0, 7.0]]), (2,))
    tensor([[0.2000, 1.4000]])
    """
    shape = _checked(input, normalized_shape, "rms_norm", weight=weight)
    if input.dtype == float16 and weight is not None and weight.dtype == float32:
        return rms_norm(input.to(float32), normalized_shape, weight, eps).to(float16)
    if eps is None:
        eps = float(np.finfo(float32 if input.dtype == float16 else input.dtype).eps)
    if weight is not None and weight.dtype != input.dtype:
        return _normalized(input, len(shape), None, None, eps, about_mean=False) * weight
    return _normalized(input, len(shape), weight, None, eps, about_mean=False)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / √(variance + eps) for each of `num_groups` groups of channels of each example of x (N, C, ...); then
    weight (C) and bias (C) multiply and shift each channel.

    RuntimeError if C is not divisible by num_groups, or a shape or dtype does not fit; ValueError for groups of one number.
    Wu and He 2018; https://pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html

    >>> group_norm(tensor([[1.0, 3.0, 10.0, 30.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = input.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if shape[0] * shape[1] // num_groups * prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(shape)}")
    if num_groups < 0:
        raise RuntimeError(f"group_norm: Expected num groups to be greater than 0, got {num_groups}")
    if shape[1] % num_groups:
        raise RuntimeError(
            f"group_norm: Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={num_groups}"
        )
    for name, x in {"weight": weight, "bias": bias}.items():
        if x is not None and x.shape != shape[1:2]:
            raise RuntimeError(
                f"group_norm: Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {list(x.shape)} and input of shape {list(shape)}"
            )
    if mixed("group_norm", input, weight, bias):
        return group_norm(input.to(float32), num_groups, weight, bias, eps).to(float16)
    groups = reshape(input, (shape[0], num_groups, prod(shape[1:]) // num_groups))
    h, scale, _, _ = normal.standard(groups.array, eps)
    out = normal.normalized(groups, None, None, h=h, scale=scale, eps=eps, about_mean=True)
    return scaled(reshape(out, shape), *by_channel(input, weight, bias))


# What the arguments must be, and what normalizations are made of


def _checked(input: Tensor, normalized_shape: Sequence[int], what: str, **given: Tensor | None) -> tuple[int, ...]:
    """normalized_shape as a tuple; an error if it is not the last sizes of the input and the shape of what is given."""
    if isinstance(normalized_shape, int):
        raise TypeError(f"{what}: argument 'normalized_shape' must be a tuple of ints, not int: ({normalized_shape},)")
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(f"{what}: Expected normalized_shape to be at least 1-dimensional, but got normalized_shape = []")
    if input.shape[max(input.ndim - len(shape), 0) :] != shape:
        sizes = ", ".join(map(str, shape))
        raise RuntimeError(
            f"{what}: Given normalized_shape={list(shape)}, expected input with shape [*, {sizes}], but got input of size "
            f"{list(input.shape)}"
        )
    for name, x in given.items():
        if x is not None and x.shape != shape:
            raise RuntimeError(
                f"{what}: Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(x.shape)} and "
                f"normalized_shape = {list(shape)}"
            )
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"{what}: not implemented for {input.dtype}; cast to float first: x.float()")
    return shape


def mixed(what: str, input: Tensor, *others: Tensor | None) -> bool:
    """Whether the input is float16 and the others are float32, as they may be; RuntimeError for any other mixture."""
    dtype = input.array.dtype
    found = {x.array.dtype for x in others if x is not None}
    if dtype.kind != "f":
        raise NotImplementedError(f"{what}: not implemented for {dtype}; cast to float first: x.float()")
    if dtype == float16 and found == {float32}:
        return True
    if found - {dtype}:
        raise RuntimeError(f"{what}: the input is {dtype}, but the other tensors are {', '.join(map(str, found))}")
    return False


def _normalized(
    x: Tensor, axes: int, weight: Tensor | None, bias: Tensor | None, eps: float, about_mean: bool = True
) -> Tensor:
    """x normalized over its last axes, times weight plus bias, which have these axes."""
    if axes == 1:
        h, scale, _, _ = normal.standard(x.array, eps, about_mean)
        out: Tensor = normal.normalized(x, weight, bias, h=h, scale=scale, eps=eps, about_mean=about_mean)
        return scaled(out, None, None) if weight is None and bias is None else out
    flat = [p if p is None else reshape(p, (-1,)) for p in (weight, bias)]
    return reshape(_normalized(flatten(x, -axes), 1, *flat, eps, about_mean), x.shape)


def scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x · weight + bias, where either may be missing; always new memory, because the step that made x has saved it, and
    programs change the result in place: an InstanceNorm2d is often followed by ReLU(inplace=True).
    """
    if weight is None and bias is None:
        return x if x.node is None else clone(x)
    if weight is None:
        return x + bias
    return x * weight if bias is None else normal.scale_and_shift(x, weight, bias)


def by_channel(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """weight (C) and bias (C) with axes of length one, so that they broadcast to x (N, C, ...)."""
    shape = (x.shape[1], *[1] * (x.ndim - 2))
    weight, bias = (p if p is None or x.ndim == 2 else reshape(p, shape) for p in (weight, bias))
    return weight, bias
