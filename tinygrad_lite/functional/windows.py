"""Windows: weights that fall to 0, or nearly, at both ends, by which one multiplies a piece of a signal.

Each is symmetric over its length; a periodic one, the default, is the symmetric one of one number more without its last number.
They are computed in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import creation
from .._tensor import Tensor
from ..dtypes import as_dtype, get_default_dtype

__all__ = ["hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"]


def _window(what: str, n: int, periodic: bool, shape: Any, dtype: Any, options: dict[str, Any]) -> Tensor:
    """shape(t) at n numbers t from 0 to 1."""
    kind = as_dtype(get_default_dtype() if dtype is None else dtype)
    if kind.kind != "f":
        raise RuntimeError(f"{what}: a window has floats, got {kind}")
    if n < 0:
        raise RuntimeError(f"{what}: the length must not be negative, got {n}")
    last = n if periodic else n - 1
    return creation.made(np.ones(n) if n < 2 else shape(np.arange(n) / last), kind, **options)


def hann_window(window_length: int, periodic: bool = True, *, dtype: Any = None, **options: Any) -> Tensor:
    """(1 - cos 2πt) / 2 at equally spaced t from 0 to 1.
    >>> hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window("hann_window", window_length, periodic, lambda t: 0.5 - 0.5 * np.cos(2 * np.pi * t), dtype, options)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: Any = None, **options: Any
) -> Tensor:
    """α - β cos 2πt at equally spaced t from 0 to 1."""
    shape = lambda t: alpha - beta * np.cos(2 * np.pi * t)  # noqa: E731
    return _window("hamming_window", window_length, periodic, shape, dtype, options)


def blackman_window(window_length: int, periodic: bool = True, *, dtype: Any = None, **options: Any) -> Tensor:
    """0.42 - 0.5 cos 2πt + 0.08 cos 4πt at equally spaced t from 0 to 1."""

    def shape(t: Any) -> Any:
        return 0.42 - 0.5 * np.cos(2 * np.pi * t) + 0.08 * np.cos(4 * np.pi * t)

    return _window("blackman_window", window_length, periodic, shape, dtype, options)


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: Any = None, **options: Any) -> Tensor:
    """1 - |2t - 1| at equally spaced t from 0 to 1: a triangle."""
    return _window("bartlett_window", window_length, periodic, lambda t: 1 - np.abs(2 * t - 1), dtype, options)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, **options: Any
) -> Tensor:
    """I0(β √(1 - (2t - 1)²)) / I0(β) at equally spaced t from 0 to 1, with the modified Bessel function I0."""

    def shape(t: Any) -> Any:
        return np.i0(beta * np.sqrt(1 - (2 * t - 1) ** 2)) / np.i0(beta)

    return _window("kaiser_window", window_length, periodic, shape, dtype, options)
