"""How far apart two results are."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import tinygrad_lite as tl

LIMIT = 32  # units


def array_of(x: Any) -> np.ndarray[Any, Any]:
    if isinstance(x, torch.Tensor):
        return x.numpy(force=True)
    return np.asarray(x.array if isinstance(x, tl.Tensor) else x)


def is_tensor(x: Any) -> bool:
    return isinstance(x, (torch.Tensor, tl.Tensor))


def flat(value: Any) -> list[Any]:
    """The parts of a result, in order: of a tuple, a list or a dict, its parts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return [part for item in value for part in flat(item)]
    return [value]


def spacing(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The unit in the last place of each number."""
    least = np.finfo(x.dtype).smallest_subnormal if x.dtype == np.float16 else np.finfo(x.dtype).tiny
    with np.errstate(all="ignore"):
        size = np.where(np.isfinite(x), np.abs(x), 0)
        return np.maximum(np.spacing(size.astype(x.dtype)), least).astype(np.float64)


def apart(ours: Any, theirs: Any, unit: Any = None) -> float:
    """The largest distance between two arrays of one shape, in units in the last place of theirs, or in the units given; inf if
    one is nan or inf where the other is not, or for integers that differ.
    """
    with np.errstate(all="ignore"):
        same = (ours == theirs) | ((ours != ours) & (theirs != theirs))
        if same.all():
            return 0.0
        if theirs.dtype.kind != "f" or ours.dtype.kind != "f":
            return np.inf
        if not (np.isfinite(ours) & np.isfinite(theirs))[~same].all():
            return np.inf
        distance = np.abs(ours.astype(np.longdouble) - theirs.astype(np.longdouble)).astype(np.float64)
        unit = spacing(theirs) if unit is None else unit
        return float(np.where(same, 0, distance / unit).max())
