"""How a tensor is shown: as PyTorch shows it, so that what a reader sees here and there can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .backend import put
from .dtypes import bool, get_default_dtype, int64
from .tape import Leaf

if TYPE_CHECKING:
    from .tensor import Tensor


def text(x: Tensor) -> str:
    """`tensor([1., 2.], requires_grad=True)`: the values, and what is not to be seen from them."""
    array = put(x.array, "cpu")
    notes = []
    if not array.size and array.ndim != 1:
        notes.append(f"size={array.shape}")
    if x.device.type != "cpu":
        notes.append(f"device='{x.device}'")
    if x.dtype not in (get_default_dtype(), int64, bool) or (not array.size and x.dtype != get_default_dtype()):
        notes.append(f"dtype={x.dtype}")
    if isinstance(x.node, Leaf):
        notes.append("requires_grad=True")
    elif x.node is not None:
        notes.append(f"grad_fn={x.node!r}")
    return f"tensor({', '.join([numbers(array, 'tensor('), *notes])})"


def numbers(array: np.ndarray, prefix: str) -> str:
    """The values: whole floats as `1.`, others with four decimals, or with exponents where their sizes differ much."""
    if not array.size:
        return "[]"
    with np.printoptions(threshold=1000, edgeitems=3, linewidth=80):
        if array.dtype.kind != "f":
            return np.array2string(array, separator=", ", prefix=prefix)
        values = array.astype(np.float64)
        sizes = np.abs(values[np.isfinite(values) & (values != 0)])
        smallest, largest = (sizes.min(), sizes.max()) if sizes.size else (1.0, 1.0)
        if not (sizes % 1).any():
            form = ".4e" if largest > 1e8 else "#.0f"
        else:
            form = ".4e" if largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4 else ".4f"
        few = array.size <= 1000
        width = max(len(f"{v:{form}}") for v in values.flat) if few else 0
        return np.array2string(
            values, separator=", ", prefix=prefix, formatter={"float_kind": lambda v: f"{v:{form}}".rjust(width)}
        )
