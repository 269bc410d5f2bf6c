"""The dtypes, and PyTorch's rule for the dtype of a result of two of them.

A dtype is a NumPy dtype under PyTorch's name. NumPy and PyTorch disagree on mixed operands. int64 with float32 is float64 in
NumPy and float32 in PyTorch; a 0-d array counts as an array in NumPy, nearly as a number in PyTorch. `result_type` is PyTorch's
answer. https://pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

import builtins
from functools import reduce
from typing import Any

import numpy as np

from .backend import is_array

# fmt: off
__all__ = [
    "float16", "half", "float32", "float", "float64", "double", "int8", "int16", "short", "int32", "int", "int64", "long",
    "uint8", "bool", "get_default_dtype", "set_default_dtype",
]
# fmt: on

SUPPORTED = tuple(map(np.dtype, ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")))
float16, float32, float64, int8, int16, int32, int64, uint8, bool = SUPPORTED
half, float, double, short, int, long = float16, float32, float64, int16, int32, int64
_default = [float32]


def as_dtype(value: Any) -> np.dtype[Any]:
    """The supported dtype for anything that NumPy accepts as a dtype; TypeError for another dtype lists the supported ones."""
    dtype = np.dtype(value)
    for supported in SUPPORTED:
        if dtype == supported:
            return supported  # always the same object, so that apply.py can compare dtypes by identity, which is faster
    raise TypeError(f"unsupported dtype {dtype}: tensors are {', '.join(map(str, SUPPORTED))}")


def get_default_dtype() -> np.dtype[Any]:
    """The dtype that Python floats get: float32, or the one set by set_default_dtype()."""
    return _default[0]


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype that Python floats get from now on: float16, float32 or float64. TypeError for any other dtype."""
    if as_dtype(dtype).kind != "f":
        raise TypeError(f"only floating-point types can be the default, got {np.dtype(dtype)}")
    _default[0] = as_dtype(dtype)


def rank(dtype: np.dtype[Any]) -> builtins.int:
    """The category of a dtype: 0 for bool, 1 for integers, 2 for floats."""
    return {"b": 0, "u": 1, "i": 1, "f": 2}[dtype.kind]


def promoted(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """NumPy's promotion within a category; between categories, the dtype of the higher one."""
    return np.promote_types(a, b) if rank(a) == rank(b) else max(a, b, key=rank)


def _number_dtype(x: Any) -> np.dtype[Any]:
    if isinstance(x, (builtins.bool, np.bool_)):
        return bool
    return int64 if isinstance(x, (builtins.int, np.integer)) else get_default_dtype()


def result_type(*operands: Any) -> np.dtype[Any]:
    """The dtype of the arithmetic result of arrays and numbers, by PyTorch's rule.
    Arrays with dimensions decide. 0-d arrays count only if they are of a higher category (bool < integer < floating) than
    these, and numbers only if they are of a higher category than all arrays.
    >>> result_type(np.ones(3, "int64"), np.ones(3, "float32")), result_type(np.ones(3, "float32"), np.array(2.0))
    (dtype('float32'), dtype('float32'))
    """
    arrays = [x for x in operands if is_array(x)]
    with_axes = [x.dtype for x in arrays if x.ndim]
    without = [x.dtype for x in arrays if not x.ndim]
    numbers = [_number_dtype(x) for x in operands if not is_array(x)]
    candidates = [reduce(promoted, dtypes) for dtypes in (with_axes, without, numbers) if dtypes]
    return as_dtype(max(candidates, key=rank))  # of several with the highest rank, max takes the first
