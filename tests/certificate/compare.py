"""How far two results are apart, in units that say whether it matters.

Two libraries that round differently are both right. So the distance of two numbers is counted in units in the last place of
torch's number. Where that is more than LIMIT, it may still be rounding alone: 1 - s with s near 1, the inverse of a matrix that
is nearly singular. There the unit becomes what rounding does to torch's own result: how far it moves when every input moves by
its last place, and how far torch's float32 result is from its float64 one, scaled down by 2**29. A jump is no rounding: a step
that is not small against the result does not count (floor at a whole number, a comparison at a tie).

A float32 or float16 result that is further away is compared with torch's float64 result for the same numbers. It passes if it
is about as near to that as torch's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import tinygrad_lite as tl

from .translate import DTYPES

LIMIT = 32  # units; nothing that passes is further away
Array = np.ndarray[Any, Any]
Again = Callable[..., list[Any]]  # torch's result for the same sample, shaken or cast


def array_of(x: Any) -> Array:
    """The numbers of a tensor of either library."""
    return x.numpy(force=True) if isinstance(x, torch.Tensor) else np.asarray(x.array)  # type: ignore[no-any-return]


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor of either library."""
    return isinstance(x, (torch.Tensor, tl.Tensor))


def flat(value: Any) -> list[Any]:
    """The parts of a result, in order: of a tuple, a list or a dict, its parts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size) and {*map(type, value)} != {int}:
        return [part for item in value for part in flat(item)]
    return [value]


def fields(value: Any) -> Any:
    """The names of the parts of a named result, such as values and indices; None for any other."""
    named = isinstance(value, tuple) and (hasattr(value, "_fields") or hasattr(value, "n_sequence_fields"))
    return getattr(value, "_fields", getattr(value, "__match_args__", None)) if named else None


def last_place(x: Array) -> Array:
    """The unit in the last place of each number. Numbers below the normal range count as the smallest normal one."""
    info = np.finfo(x.dtype)
    size = np.where(np.isfinite(x), np.abs(x), 0).astype(x.dtype)
    least = float(info.smallest_subnormal if x.dtype == np.float16 else info.tiny)
    return np.maximum(np.spacing(np.minimum(size, info.max)).astype(np.float64), least)


def apart(ours: Array, theirs: Array, unit: Any = None) -> float:
    """The largest distance, in units in the last place of theirs, or in the units given. inf for integers that differ, and
    where one is nan or infinite and the other is not.
    """
    same = (ours == theirs) | ((ours != ours) & (theirs != theirs))
    if same.all():
        return 0.0
    if theirs.dtype.kind != "f" or not (np.isfinite(ours) & np.isfinite(theirs))[~same].all():
        return float("inf")
    distance = np.abs(ours.astype(np.longdouble) - theirs.astype(np.longdouble)).astype(np.float64)
    return float(np.where(same, 0, distance / (last_place(theirs) if unit is None else unit)).max())


def spread(step: Array, x: Array) -> Array:
    """For each element, the largest step among the elements of about the same size: within a factor of four of it. A single
    step may be zero by luck.
    """
    with np.errstate(all="ignore"):
        place = np.where(np.isfinite(x) & (x != 0), np.frexp(x.astype(np.float64))[1], -1100) + 1102
    largest = np.zeros(2300)
    np.maximum.at(largest, place.ravel(), step.ravel())
    largest[1:-1] = np.maximum(np.maximum(largest[:-2], largest[2:]), largest[1:-1])
    return np.asarray(largest[place])


def nth(results: list[Any], n: int, like: Array) -> Array | None:
    """The nth of some results as an array, if it is one of that shape."""
    found = results[n] if n < len(results) else None
    return array_of(found) if is_tensor(found) and tuple(found.shape) == like.shape else None


def rounding(theirs: list[Any], n: int, again: Again, scale: float | None) -> Iterator[Array]:
    """What rounding does to each number of torch's nth result, at least its last place: units that grow with each computation
    that is looked at. With a scale, the results are derivatives. These are sums of products, which may cancel: so the unit is
    also at least a small part of the last place of the largest one, or of the scale.
    """
    x = array_of(theirs[n])
    unit, eps = last_place(x), float(np.finfo(x.dtype).eps)
    sizes = [np.abs(a[np.isfinite(a)]).max(initial=0) for a in map(array_of, filter(is_tensor, theirs)) if a.dtype.kind == "f"]
    size = max(np.abs(x[np.isfinite(x)]).max(initial=0), min(1, max(sizes)), scale or 0)
    if scale is not None:
        unit = np.maximum(unit, size * eps * 8 / LIMIT)
    yield unit
    if scale is None and (x == np.rint(x)).all():
        return  # whole numbers are not rounded: floor, sign, counts
    shaken = [{"shake": seed} for seed in range(1, 7)]
    single = [{"cast": np.float32, **how} for how in ({}, *shaken[:3])] if x.dtype == np.float64 else []
    for how in (*shaken, *single):
        moved = nth(again(**how), n, x)
        if moved is not None and moved.dtype.kind == "f":
            step, coarse = np.abs(moved.astype(np.float64) - x.astype(np.float64)), float(np.finfo(moved.dtype).eps)
            step = np.where(step < size * coarse**0.25, step, 0)  # a larger one is a jump, or nan
            unit = np.maximum(unit, spread(step, x) * (eps / coarse))
            yield unit


def as_near(ours: Array, theirs: Array, n: int, unit: Array, again: Again) -> bool:
    """Whether our result in a short dtype is about as near to torch's float64 result as torch's own is."""
    exact = nth(again(cast=np.float64), n, theirs)
    if exact is None:
        return False
    gap, torchs = np.abs(ours - exact), np.abs(theirs - exact)
    unit = np.maximum(unit, last_place(exact.astype(ours.dtype)))
    torchs = np.where(np.isfinite(torchs), torchs, 0)
    fine = (ours == theirs) | ((ours != ours) & (theirs != theirs)) | (ours == exact.astype(ours.dtype))
    return bool((fine | (gap <= 4 * spread(torchs, exact)) | (gap <= LIMIT * unit)).all())


def numbers(all_ours: list[Any], all_theirs: list[Any], n: int, again: Again, scale: float | None) -> tuple[float, str]:
    """The largest error of the nth result in units, and what is wrong: "" if nothing is."""
    ours, theirs = array_of(all_ours[n]), array_of(all_theirs[n])
    with np.errstate(all="ignore"):
        error = apart(ours, theirs)
        if error <= LIMIT:
            return error, ""
        if np.isfinite(error) or theirs.dtype != np.float64:
            for unit in rounding(all_theirs, n, again, scale) if theirs.dtype.kind == "f" else ():
                error = apart(ours, theirs, unit)
                if error <= LIMIT:
                    return error, ""
                if not np.isfinite(error):
                    break
            if theirs.dtype in (np.float16, np.float32) and as_near(ours, theirs, n, unit, again):
                return LIMIT, ""
        differ = ~((ours == theirs) | ((ours != ours) & (theirs != theirs)))
        far = np.abs(ours.astype(np.float64) - theirs.astype(np.float64)) / (unit if np.isfinite(error) else 1)
        worst = np.unravel_index(np.argmax(np.where(differ, np.nan_to_num(far, nan=np.inf), -1)), theirs.shape)
        at = f"at {[int(i) for i in worst]} torch {theirs[worst].item()!r}, here {ours[worst].item()!r}"
        return error, f"{differ.sum()} of {theirs.size} numbers differ, by up to {error:.3g} units; {at}"


def compared(
    theirs: list[Any], ours: list[Any], again: Again, scale: float | None = None
) -> tuple[float, list[tuple[str, str]]]:
    """The largest error in units, and what is wrong with our results: pairs of what ("dtype", "shape", "values") and a text."""
    if len(theirs) != len(ours):
        return 0.0, [("shape", f"{len(ours)} results, torch has {len(theirs)}")]
    largest, wrong = 0.0, []
    for n, (y, z) in enumerate(zip(theirs, ours)):
        what = f"result {n}: "
        if not is_tensor(y) or not is_tensor(z):
            y, z = DTYPES.get(y, y) if isinstance(y, torch.dtype) else y, z
            if type(y) is not type(z) and not (isinstance(y, (tuple, np.dtype)) and isinstance(z, (tuple, np.dtype))):
                wrong.append(("dtype", f"{what}{type(z).__name__} {z!r:.80}, in torch {type(y).__name__} {y!r:.80}"))
            elif isinstance(y, float) and (y == z or y != y != z != z or abs(y - z) <= LIMIT * np.spacing(abs(y))):
                continue
            elif y != z and not (y != y and z != z):
                wrong.append(("values", f"{what}{z!r:.80}, in torch {y!r:.80}"))
            continue
        a, b = array_of(y), array_of(z)
        if a.dtype != b.dtype:
            wrong.append(("dtype", f"{what}{b.dtype}, in torch {a.dtype}"))
        elif a.shape != b.shape:
            wrong.append(("shape", f"{what}shape {list(b.shape)}, in torch {list(a.shape)}"))
        else:
            error, text = numbers(ours, theirs, n, again, scale)
            if text:
                wrong.append(("values", what + text))
            else:
                largest = max(largest, error)
    return largest, wrong


def places(part: Array, memory: Array) -> Array:
    """For each element of a view, its place in the memory, in bytes."""
    found = np.asarray(part.__array_interface__["data"][0] - memory.__array_interface__["data"][0])
    for size, stride in zip(part.shape, part.strides):
        found = found[..., None] + np.arange(size) * stride
    return found


def viewed(theirs: list[Any], ours: list[Any], their_memory: list[Array], our_memory: list[Array]) -> list[str]:
    """What is wrong with our results as views: which memory of the inputs they share, and where."""
    wrong = []
    for n, (y, z) in enumerate(zip(theirs, ours)):
        if is_tensor(y) and is_tensor(z) and y.numel() and tuple(y.shape) == tuple(z.shape):
            a, b = array_of(y), array_of(z)
            for m, (s, t) in enumerate(zip(their_memory, our_memory)):
                shares, here = (np.may_share_memory(a, s), np.may_share_memory(b, t))
                if shares != here:
                    wrong.append(
                        f"result {n} is {'' if here else 'not '}a view of input {m}, in torch it is {'' if shares else 'not'}"
                    )
                elif shares and not np.array_equal(places(a, s), places(b, t)):
                    wrong.append(f"result {n} is a view of other places of input {m} than in torch")
    return wrong


def unwritten(memory: Array, results: list[Any]) -> Array:
    """The memory, with 0 where results are views of it: these are compared as results."""
    rest = memory.copy()
    for x in results:
        if is_tensor(x) and x.numel() and array_of(x).dtype == memory.dtype and np.may_share_memory(array_of(x), memory):
            rest[places(array_of(x), memory) // memory.itemsize] = 0
    return rest
