"""Padding: numbers around a tensor, constant or taken from it. And pixel_shuffle, which trades channels for resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.axes import size_of
from tinygrad_lite.backend import array_module
from tinygrad_lite.ops import arrangement, indexing
from tinygrad_lite.ops import shape as shapes

__all__ = ["pad", "pixel_shuffle", "pixel_unshuffle"]


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """x with numbers around it. `pad` counts from the last axis: (left, right, top, bottom, ...). A negative size cuts off.
    Modes: "constant" (the value, 0 if it is None; any axes), and for the axes behind batch and channels "reflect"
    (mirrored, without the edge), "replicate" (the edge repeated) and "circular" (from the other end).
    https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    >>> from tinygrad_lite import tensor
    >>> pad(tensor([[1, 2, 3]]), (2, 1), mode="reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    sizes, shape = size_of((tuple(pad),)), input.array.shape
    ndim = len(shape)
    if len(sizes) % 2 or len(sizes) > 2 * ndim:
        raise RuntimeError(f"pad: expected two sizes for each of at most {ndim} axes, got {list(sizes)}")
    around = [(ndim - 1 - i, sizes[2 * i], sizes[2 * i + 1]) for i in range(len(sizes) // 2)]
    if any(shape[axis] + before + after < 0 for axis, before, after in around):
        raise RuntimeError(f"pad: the sizes {list(sizes)} cut off more than there is of a tensor of shape {list(shape)}")
    if mode == "constant":
        return _with_constant(input, around, 0 if value is None else value)
    if mode not in WAYS:
        raise NotImplementedError(f"pad: mode must be constant, reflect, replicate or circular, got {mode!r}")
    if value is not None and value != 0:
        raise ValueError(f"pad: mode {mode!r} takes no value, got {value}")
    if not (0 < len(around) < 4 and ndim - len(around) in (1, 2)):
        many = "2 sizes pad a 2-D or 3-D tensor, 4 a 3-D or 4-D one, 6 a 4-D or 5-D one"
        raise NotImplementedError(f"pad: mode {mode!r} with {len(sizes)} sizes and {ndim} dimensions; {many}")
    if 0 in shape[ndim - len(around) - (ndim == len(around) + 1) :]:
        raise RuntimeError(f"pad: mode {mode!r} has nothing to take numbers from in a tensor of shape {list(shape)}")
    for axis, before, after in around:
        most = shape[axis] - (mode == "reflect")
        if mode != "replicate" and max(before, after) > most:
            raise RuntimeError(f"pad: mode {mode!r} can add at most {most} to axis {axis} of size {shape[axis]}, got {sizes}")
        if shape[axis] + before + after < 1:
            raise RuntimeError(f"pad: nothing is left of axis {axis} of size {shape[axis]} with the sizes {list(sizes)}")
    for axis, before, after in around if mode != "circular" else around[::-1]:
        input = WAYS[mode](input, axis, before, after)
    return input


def _with_constant(x: Tensor, around: list[tuple[int, int, int]], value: Any) -> Tensor:
    """x, cut where a size is negative, written into a tensor that is full of the value."""
    places, shape = [slice(None)] * x.array.ndim, list(x.array.shape)
    for axis, before, after in around:
        x = _cut(x, axis, max(-before, 0), shape[axis] - max(-after, 0))
        n, start = x.array.shape[axis], max(before, 0)
        places[axis], shape[axis] = slice(start, start + n), shape[axis] + before + after
    index = (*places, Ellipsis)
    if value == 0 or (x.array.dtype.kind == "b" and not value):
        return indexing.index_add(x, shape=tuple(shape), index=index, once=True)
    full = array_module(x.array).full(tuple(shape), value, x.array.dtype)
    return indexing.setitem(Tensor._of(full), x, index=index)


def _cut(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    whole = start <= 0 and stop >= x.array.shape[axis]
    return x if whole else shapes.narrow(x, axis=axis, start=start, stop=max(start, stop))


def _joined(parts: list[Tensor], axis: int) -> Tensor:
    return shapes.cat(*parts, axis=axis, ends=tuple(accumulate([part.array.shape[axis] for part in parts])))


def _reflected(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    n = x.array.shape[axis]
    parts = [_cut(x, axis, max(-before, 0), n + min(after, 0))]
    if before > 0:
        parts.insert(0, arrangement.flip(_cut(x, axis, 1, before + 1), axes=(axis,)))
    if after > 0:
        parts.append(arrangement.flip(_cut(x, axis, n - 1 - after, n - 1), axes=(axis,)))
    return _joined(parts, axis)


def _replicated(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    n, shape = x.array.shape[axis], x.array.shape
    parts = [_cut(x, axis, max(-before, 0), n + min(after, 0))]
    if before > 0:
        parts.insert(0, shapes.expand(_cut(x, axis, 0, 1), shape=(*shape[:axis], before, *shape[axis + 1 :])))
    if after > 0:
        parts.append(shapes.expand(_cut(x, axis, n - 1, n), shape=(*shape[:axis], after, *shape[axis + 1 :])))
    return _joined(parts, axis)


def _wrapped(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    x = _cut(x, axis, max(-before, 0), x.array.shape[axis] + min(after, 0))
    n, parts = x.array.shape[axis], [x]
    if max(before, after) > n:
        raise RuntimeError(f"pad: mode 'circular' with the sizes {before} and {after}, of which one cuts off too much")
    if before > 0:
        parts.insert(0, _cut(x, axis, n - before, n))
    if after > 0:
        parts.append(_cut(x, axis, 0, after))
    return _joined(parts, axis)


WAYS: dict[str, Callable[[Tensor, int, int, int], Tensor]] = {
    "reflect": _reflected,
    "replicate": _replicated,
    "circular": _wrapped,
}


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C r², H, W) as (..., C, H r, W r): each group of r² channels fills squares of r by r pixels.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html

    >>> from tinygrad_lite import arange
    >>> pixel_shuffle(arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    r, shape = upscale_factor, input.array.shape
    if len(shape) < 3:
        raise RuntimeError(f"pixel_shuffle: expected (..., C, H, W), got shape {list(shape)}")
    if r <= 0 or shape[-3] % r**2:
        raise RuntimeError(f"pixel_shuffle: {shape[-3]} channels are not a multiple of upscale_factor² = {r}²")
    *batch, c, h, w = shape
    n, c = len(batch), c // r**2
    squares = functional.reshape(input, (*batch, c, r, r, h, w))
    in_order = shapes.permute(squares, axes=(*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return functional.reshape(shapes.clone(in_order), (*batch, c, h * r, w * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H r, W r) as (..., C r², H, W): what undoes pixel_shuffle.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html
    """
    r, shape = downscale_factor, input.array.shape
    if len(shape) < 3:
        raise RuntimeError(f"pixel_unshuffle: expected (..., C, H, W), got shape {list(shape)}")
    if r <= 0 or shape[-2] % r or shape[-1] % r:
        raise RuntimeError(f"pixel_unshuffle: {shape[-2]} by {shape[-1]} pixels are not multiples of downscale_factor = {r}")
    *batch, c, h, w = shape
    n, h, w = len(batch), h // r, w // r
    squares = functional.reshape(input, (*batch, c, h, r, w, r))
    in_order = shapes.permute(squares, axes=(*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return functional.reshape(shapes.clone(in_order), (*batch, c * r**2, h, w))
