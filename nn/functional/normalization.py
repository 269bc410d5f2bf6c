"""Normalization: numbers shifted and scaled to mean 0 and variance 1, over a batch, a layer or a group.

Every function here computes (x - mean) / √(variance + eps) · weight + bias. They differ in the numbers that the mean and the
variance are of, here for x of shape (N, C, H, W):

    batch_norm       one channel of the whole batch: over N, H and W
    layer_norm       one example: over the last axes
    instance_norm    one channel of one example: over H and W
    group_norm       a group of channels of one example: over some of C, and H and W

rms_norm leaves out the mean, and local_response_norm divides by the size of neighbouring channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array
from tinygrad_lite.dtypes import float16, float32, float64
from tinygrad_lite.functional.shape import flatten
from tinygrad_lite.inplace import write
from tinygrad_lite.ops.exponential import pow_scalar
from tinygrad_lite.ops.neural import normalization as ops
from tinygrad_lite.ops.reduction import mean
from tinygrad_lite.ops.shape import clone, reshape

from .padding import pad

__all__ = ["batch_norm", "layer_norm", "rms_norm", "group_norm", "instance_norm", "local_response_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias for each channel of x (N, C, ...); the other arguments are (C).

    In training, mean and variance are the batch's, and the running ones, if given, move towards them in place:
    (1 - momentum) · running + momentum · new, where the new variance is Σ (x - mean)² / (n - 1). Otherwise mean and variance
    are the running ones.
    ValueError for a batch with one number per channel, for one running tensor without the other, or for eps <= 0 in training;
    RuntimeError if a size or dtype does not fit. https://pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html

    >>> from tinygrad_lite import tensor, zeros, ones
    >>> mean, var = zeros(1), ones(1)
    >>> batch_norm(tensor([[1.0], [3.0]]), mean, var, training=True), mean, var
    (tensor([[-1.0000],
            [ 1.0000]]), tensor([0.2000]), tensor([1.1000]))
    """
    if training and prod(input.shape[:1] + input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    if eps < 0 or (training and eps <= 0):
        raise ValueError(f"batch_norm eps must be {'positive during training' if training else 'non-negative'}, but got {eps}")
    if input.ndim < 2:
        if not input.array.size:
            return clone(input)
        raise (IndexError if training else RuntimeError)(f"batch_norm: needs a batch (N, C, ...), got {list(input.shape)}")
    _check_running("batch_norm", running_mean, running_var, training)
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, x in given.items():
        if x is not None and x.array.size != input.shape[1]:
            raise RuntimeError(f"batch_norm: {name} should contain {input.shape[1]} elements not {x.array.size}")
    if _mixed("batch_norm", input, *given.values()):
        wide = batch_norm(input.to(float32), running_mean, running_var, weight, bias, training, momentum, eps)
        return wide.to(float16)
    weight, bias = (x if x is None or x.ndim == 1 else reshape(x, shape=(input.shape[1],)) for x in (weight, bias))
    if not training:
        assert running_mean is not None and running_var is not None
        return _by_running(input, running_mean.array, running_var.array, weight, bias, eps)
    moments = ops.channel_moments(input.array)
    out = ops.normalized_batch(input, weight, bias, mean=moments[0], variance=moments[1], eps=eps)
    if running_mean is not None and running_var is not None and input.array.size:
        n = input.array.size // input.shape[1]
        _move(running_mean, moments[0], momentum)
        _move(running_var, moments[1] * (n / (n - 1)), momentum)
    return out


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias over the last axes, whose sizes are `normalized_shape`; weight and bias
    have this shape too.

    RuntimeError if a shape or dtype does not fit. Ba et al. 2016;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html

    >>> from tinygrad_lite import tensor
    >>> layer_norm(tensor([[1.0, 3.0], [5.0, 5.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [ 0.0000,  0.0000]])
    """
    shape = _checked(input, normalized_shape, "layer_norm", weight=weight, bias=bias)
    if _mixed("layer_norm", input, weight, bias):
        return layer_norm(input.to(float32), normalized_shape, weight, bias, eps).to(float16)
    return _normalized(input, len(shape), weight, bias, eps)


def rms_norm(input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """x / √(mean of x² + eps) · weight over the last axes, whose sizes are `normalized_shape`. eps is by default the epsilon of
    the dtype.

    RuntimeError if a shape or dtype does not fit. Zhang and Sennrich 2019;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html

    >>> from tinygrad_lite import tensor
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

    >>> from tinygrad_lite import tensor
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
    if _mixed("group_norm", input, weight, bias):
        return group_norm(input.to(float32), num_groups, weight, bias, eps).to(float16)
    groups = reshape(input, shape=(shape[0], num_groups, prod(shape[1:]) // num_groups))
    h, scale, _, _ = ops.standard(groups.array, eps)
    out = ops.normalized(groups, None, None, h=h, scale=scale, eps=eps, about_mean=True)
    return _scaled(reshape(out, shape=tuple(shape)), *_by_channel(input, weight, bias))


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias for each channel of each example of x (N, C, ...); the other arguments
    are (C).

    With use_input_stats, the running mean and variance, if given, move towards the mean of those of all examples; without, x
    is normalized by them. See batch_norm. ValueError for one number per channel.
    Ulyanov et al. 2016; https://pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html

    >>> from tinygrad_lite import tensor
    >>> instance_norm(tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    if use_input_stats and prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {list(input.shape)}")
    _check_running("instance_norm", running_mean, running_var, use_input_stats)
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, x in given.items():
        if x is not None and x.shape != input.shape[1:2]:
            raise RuntimeError(f"instance_norm: {name} should contain {input.shape[1]} elements not {x.array.size}")
    if _mixed("instance_norm", input, *given.values()):
        wide = instance_norm(input.to(float32), running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
        return wide.to(float16)
    if not use_input_stats:
        assert running_mean is not None and running_var is not None
        return _by_running(input, running_mean.array, running_var.array, weight, bias, eps)
    rows = input if input.ndim == 3 else flatten(input, 2)
    h, scale, average, variance = ops.standard(rows.array, eps)
    out = ops.normalized(rows, None, None, h=h, scale=scale, eps=eps, about_mean=True)
    if running_mean is not None and running_var is not None and input.array.size:
        n = rows.shape[2]
        _move(running_mean, average[..., 0].mean(0), momentum)
        _move(running_var, variance[..., 0].mean(0) * (n / (n - 1)), momentum)
    return _scaled(out if input.ndim == 3 else reshape(out, shape=tuple(input.shape)), *_by_channel(input, weight, bias))


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha · mean of x² over `size` neighbouring channels)^beta for x (N, C, ...), with 0 beyond the first and the
    last channel.

    ValueError for fewer than three axes. Krizhevsky et al. 2012;
    https://pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html

    >>> from tinygrad_lite import tensor
    >>> local_response_norm(tensor([[[1.0], [2.0], [3.0]]]), 2, alpha=2.0, beta=1.0)
    tensor([[[0.5000],
             [0.3333],
             [0.2143]]])
    """
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if not input.array.size:
        return input
    if size <= 0:
        raise RuntimeError(f"local_response_norm: size should be greater than zero, but got {size}")
    squares = pad(input * input, (0, 0) * (input.ndim - 2) + (size // 2, (size - 1) // 2))
    windows = squares.unfold(1, size, 1)
    if input.array.dtype.kind == "f":
        around: Tensor = mean(windows, axis=(input.ndim,), keepdims=False, n=size)
    else:
        around = windows.sum(-1) // size  # as PyTorch's avg_pool of integers
    return input / pow_scalar(around * alpha + k, y=beta)


# What the arguments must be


def _check_running(what: str, running_mean: Tensor | None, running_var: Tensor | None, training: bool) -> None:
    if training and (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if not training and (running_mean is None or running_var is None):
        missing = "running_mean" if running_mean is None else "running_var"
        raise RuntimeError(f"{what}: {missing} must be defined unless the statistics are those of the input")


# What they are made of


def _by_running(x: Tensor, mean: Array, var: Array, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """x normalized by a mean and a variance that are given, for each channel."""
    channel = (x.shape[1], *[1] * (x.ndim - 2))
    scale = Tensor._of((1 / np.sqrt(var.astype(float64) + eps)).astype(x.dtype).reshape(channel))
    away = x - Tensor._of(mean.reshape(channel))
    weight, bias = _by_channel(x, weight, bias)
    return _scaled(away, scale if weight is None else weight * scale, bias)


def _move(running: Tensor, new: Array, momentum: float) -> None:
    write(running.array, _blend, new, momentum)


def _blend(running: Array, new: Array, momentum: Any) -> Any:
    kept = 1 - momentum
    if hasattr(momentum, "astype"):  # an array, from the number of batches; as a float it would not change the dtype either
        kept, momentum = kept.astype(running.dtype), momentum.astype(new.dtype)
    running[...] = (kept * running + momentum * new.reshape(running.shape)).astype(running.dtype)


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


def _mixed(what: str, input: Tensor, *others: Tensor | None) -> bool:
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
    if axes > 1:
        flat = [p if p is None else reshape(p, shape=(p.array.size,)) for p in (weight, bias)]
        return reshape(_normalized(flatten(x, -axes), 1, flat[0], flat[1], eps, about_mean), shape=tuple(x.shape))
    h, scale, _, _ = ops.standard(x.array, eps, about_mean)
    out = ops.normalized(x, weight, bias, h=h, scale=scale, eps=eps, about_mean=about_mean)
    return _scaled(out, None, None) if weight is None and bias is None else out


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x · weight + bias, where either may be missing; a copy of x if both are, because x is saved and users may write to it."""
    if weight is None:
        return clone(x) if bias is None else x + bias
    return x * weight if bias is None else ops.scale_and_shift(x, weight, bias)


def _by_channel(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """weight (C) and bias (C) with axes of length one, so that they broadcast to x (N, C, ...)."""
    shape = (x.shape[1], *[1] * (x.ndim - 2))
    weight, bias = (p if p is None or x.ndim == 2 else reshape(p, shape=shape) for p in (weight, bias))
    return weight, bias
