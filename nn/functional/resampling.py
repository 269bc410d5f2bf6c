"""Interpolation: an image of another size. And channel_shuffle, which mixes groups of channels.

Number i of the result lies at the place s (i + ½) - ½ of the input, for s = old size / new size; or, with align_corners, at
s i, for s = (old - 1) / (new - 1), so that the first and last numbers of both meet. Between its numbers the input is taken to
be constant ("nearest"), linear or cubic. Several axes are resampled one after another.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module
from tinygrad_lite.ops import shape as shapes
from tinygrad_lite.ops.neural import resampling as ops
from tinygrad_lite.ops.neural.resampling import Taps

from . import pooling
from .errors import not_tensors

__all__ = ["interpolate", "upsample", "upsample_nearest", "upsample_bilinear", "channel_shuffle"]

Sizes = int | Sequence[int]
Factors = float | Sequence[float]
AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "lanczos": 2, "trilinear": 3}  # the other modes take 1, 2 or 3


def interpolate(
    input: Tensor, size: Sizes | None = None, scale_factor: Factors | None = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """An image (N, C, L), (N, C, H, W) or (N, C, D, H, W) of another size: that given, or the old one times scale_factor,
    rounded down. The modes are "nearest", "nearest-exact", "area" (the mean of what a new number covers), "linear", "bilinear",
    "trilinear" (for 1, 2, 3 axes), "bicubic" and "lanczos". With a scale_factor, s is 1 / scale_factor even if the new size was
    rounded; with recompute_scale_factor, it is old / new. `antialias`, which "lanczos" needs, smooths what becomes smaller.

    ValueError unless just one of size and scale_factor is given, for each axis; NotImplementedError for another mode.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html

    >>> from tinygrad_lite import tensor
    >>> x = tensor([[[0.0, 4.0]]])
    >>> interpolate(x, 4), interpolate(x, 4, mode="linear"), interpolate(x, 3, mode="linear", align_corners=True)
    (tensor([[[0., 0., 4., 4.]]]), tensor([[[0., 1., 3., 4.]]]), tensor([[[0., 2., 4.]]]))
    """
    if not isinstance(input, Tensor):
        raise not_tensors("interpolate", input=input)
    old, d = input.array.shape[2:], input.array.ndim - 2
    new, factors = _new_sizes(old, size, scale_factor, bool(recompute_scale_factor) or mode == "area")
    if mode in ("nearest", "nearest-exact", "area") and align_corners is not None:
        raise ValueError(f"interpolate: align_corners is for the modes linear, bilinear, bicubic and trilinear, not {mode!r}")
    if recompute_scale_factor and size is not None:
        raise ValueError("interpolate: recompute_scale_factor is for a scale_factor, and size is given")
    if antialias and (mode not in ("bilinear", "bicubic", "lanczos") or d != 2):
        raise ValueError(
            f"interpolate: antialias is for images (N, C, H, W), bilinear, bicubic or lanczos, got {mode!r} and {d + 2}-D"
        )
    if mode == "lanczos" and d == 2 and (align_corners or not antialias):
        raise ValueError("interpolate: mode 'lanczos' needs antialias=True, and no align_corners")
    if mode not in ("nearest", "nearest-exact", "area", *AXES) or d not in (1, 2, 3) or AXES.get(mode, d) != d:
        known = (
            "nearest, nearest-exact and area for 1 to 3 axes behind (N, C), linear for 1, bilinear, bicubic and lanczos for 2"
        )
        raise NotImplementedError(f"interpolate: mode {mode!r} for {d} axes; there are {known}, trilinear for 3")
    if mode == "area":
        return getattr(pooling, f"adaptive_avg_pool{d}d")(input, new)  # type: ignore[no-any-return]
    return _resampled(input, new, factors, mode, bool(align_corners), antialias)


def _new_sizes(old: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool) -> tuple[list[int], list[float | None]]:
    """The new size of each axis, and 1 / s; None where s follows from the sizes."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give size or scale_factor, and only one of them")
    given = scale_factor if size is None else size
    each = list(given) if isinstance(given, (list, tuple)) else [given] * len(old)
    if len(each) != len(old):
        what = "scale_factor" if size is None else "size"
        raise ValueError(f"interpolate: {what} {given} must have a number for each axis of {list(old)}")
    if size is None:
        factors = [float(factor) for factor in each]
        return [int(n * factor) for n, factor in zip(old, factors)], [None if recompute else factor for factor in factors]
    if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in each):
        raise TypeError(f"interpolate: size must be an int or ints, got {size!r}")
    return [int(n) for n in each], [None] * len(old)


def _resampled(
    x: Tensor, new: list[int], factors: list[float | None], mode: str, align_corners: bool, antialias: bool
) -> Tensor:
    dtype, old = x.array.dtype, x.array.shape[2:]
    if dtype.kind != "f" and (dtype != np.uint8 or mode == "trilinear" or mode == "linear"):
        raise NotImplementedError(f"interpolate: mode {mode!r} is not implemented for {dtype}; cast to float first: x.float()")
    if min(*old, *new) <= 0:
        raise RuntimeError(f"interpolate: sizes must be greater than 0, got {list(old)} to {new}")
    if x.array.shape[1] == 0:
        raise RuntimeError(f"interpolate: expected an input with channels, got shape {list(x.array.shape)}")
    if dtype == np.float16:  # rounded once, not once for each axis
        return _resampled(x.to(np.dtype("f4")), new, factors, mode, align_corners, antialias).to(dtype)
    bytes = dtype == np.uint8 and not mode.startswith("nearest")
    for i in reversed(range(len(old))):
        how = old[i], new[i], factors[i], mode, align_corners, antialias, len(old) == 2, bytes or dtype == np.float64
        if bytes and new[i] != old[i]:
            x = Tensor._of(_of_bytes(x.array, *how, behind=len(old) - 1 - i))
        elif not bytes and (not antialias or new[i] != old[i]):
            taps, back = _taps(*how, behind=len(old) - 1 - i)
            x = ops.resample(x, taps=taps, back=back)
    return x


@lru_cache(256)
def _taps(old: int, *how: Any, behind: int) -> tuple[Taps, Taps]:
    """What ops.resample takes."""
    return ops.both(*_weights(old, *how), old, behind)


def _of_bytes(x: Array, old: int, *how: Any, behind: int) -> Array:
    """An axis of bytes resampled: as in PyTorch, by weights of 16 bits, and rounded after each axis."""
    index, weights = _weights(old, *how)
    i, to = np.nonzero(weights == weights)
    table = np.zeros((old, weights.shape[1]))
    np.add.at(table, (index[i, to], to), weights[i, to])
    bits = next((n for n in range(22) if int(0.5 + table.max() * 2 ** (n + 1)) >= 2**15), 22)
    whole = np.trunc(table * 2**bits + np.copysign(0.5, table)).astype(np.int32)
    xp, axis = array_module(x), x.ndim - 1 - behind
    sums = np.moveaxis(x, axis, -1).astype(np.int32) @ xp.asarray(whole)
    return np.moveaxis((sums + 2 ** (bits - 1)) >> bits, -1, axis).clip(0, 255).astype(np.uint8)


def _weights(
    old: int, new: int, factor: float | None, mode: str, align_corners: bool, antialias: bool, flat: bool, double: bool
) -> tuple[Array, Array]:
    """Which numbers of an axis are taken, and with which weights, for each new number a column; nan where there is none. As in
    PyTorch, computed in the dtype of the image: in float32 a place may be rounded to the other side of a number.
    """
    real: Any = np.float64 if double and not mode.startswith("nearest") else np.float32
    i = np.arange(new).astype(real)
    step = real(1 / factor) if factor else real(old) / real(new)
    if align_corners:
        step = real(old - 1) / real(new - 1) if new > 1 else real(0)
    if mode.startswith("nearest"):
        if mode == "nearest" and flat and new in (old, 2 * old):
            step = real(old / new)  # as in PyTorch, which does so for images only
        nearest = np.minimum(np.floor((i if mode == "nearest" else i + real(0.5)) * step).astype(np.int64), old - 1)
        return nearest[None], np.ones((1, new))
    if antialias:
        return _smoothing(i, step, old, mode)
    # PyTorch rounds the difference once, and not the product before it.
    place = step * i if align_corners else (np.float64(step) * (i + real(0.5)) - 0.5).astype(real)
    if mode != "bicubic":
        place = np.maximum(place, 0) if new != old else i
    first = np.minimum(np.floor(place).astype(np.int64), old - 1)
    t = np.clip(place - first.astype(real), 0, 1)
    if mode == "bicubic":
        index = np.clip(first + np.arange(-1, 3)[:, None], 0, old - 1)
        return index, _cubic(np.abs(t - np.arange(-1, 3, dtype=real)[:, None]), real(-0.75))
    return np.stack([first, np.minimum(first + 1, old - 1)]), np.stack([1 - t, t])


def _cubic(x: Array, a: Any) -> Array:
    """The weight of a number at the distance x, by cubic convolution (Keys 1981): 1 at 0; 0 at 1 and from 2 on; a is its slope
    at 1.
    """
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0)).astype(x.dtype)


def _smoothing(i: Array, step: Any, old: int, mode: str) -> tuple[Array, Array]:
    """The taps with antialias: the triangle, cubic or windowed sinc is as wide as a step, and its weights made to sum to 1."""
    real: Any = type(step)
    reach = {"bilinear": 1, "bicubic": 2, "lanczos": 3}[mode]
    wide = max(step, real(1))
    center, support = step * (i + real(0.5)), wide * real(reach)
    start = np.maximum((center - support + real(0.5)).astype(np.int64), 0)
    stop = np.minimum((center + support + real(0.5)).astype(np.int64), old)
    index = start + np.arange((stop - start).max())[:, None]
    x = np.abs((index.astype(real) - center + real(0.5)) / wide)
    smooth = {
        "bilinear": lambda: 1 - x,
        "bicubic": lambda: _cubic(x, real(-0.5)),
        "lanczos": lambda: np.sinc(x) * np.sinc(x / 3),
    }
    weights = np.where((index < stop) & (x < reach), smooth[mode](), 0)
    return index, np.where(index < stop, weights / weights.sum(0), np.nan)


def upsample(
    input: Tensor, size: Sizes | None = None, scale_factor: Factors | None = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """interpolate() under its old name: warns, as in PyTorch."""
    return _deprecated("upsample", input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Sizes | None = None, scale_factor: Factors | None = None) -> Tensor:
    """interpolate(mode="nearest") under its old name: warns, as in PyTorch."""
    return _deprecated("upsample_nearest", input, size, scale_factor, "nearest", None)


def upsample_bilinear(input: Tensor, size: Sizes | None = None, scale_factor: Factors | None = None) -> Tensor:
    """interpolate(mode="bilinear", align_corners=True) under its old name: warns, as in PyTorch."""
    return _deprecated("upsample_bilinear", input, size, scale_factor, "bilinear", True)


def _deprecated(name: str, input: Tensor, *options: Any) -> Tensor:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3)
    return interpolate(input, *options)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of (N, C, ...) in another order: the first of each of the `groups`, then the second of each, and so on.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.channel_shuffle.html

    >>> from tinygrad_lite import arange
    >>> channel_shuffle(arange(6).reshape(1, 6, 1), 2).flatten()
    tensor([0, 3, 1, 4, 2, 5])
    """
    shape = input.array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle: expected (N, C, ...) with an axis or more behind C, got shape {list(shape)}")
    if groups <= 0 or shape[1] % groups:
        raise RuntimeError(f"channel_shuffle: {shape[1]} channels cannot be divided into {groups} groups")
    n = len(shape) + 1
    grouped = functional.reshape(input, (shape[0], groups, shape[1] // groups, *shape[2:]))
    mixed = shapes.permute(grouped, axes=(0, 2, 1, *range(3, n)))
    return functional.reshape(shapes.clone(mixed), shape)
