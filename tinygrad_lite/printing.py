"""How a tensor is printed: as PyTorch prints it, so that the output of both can be compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import put
from .dtypes import bool as bool_dtype
from .dtypes import get_default_dtype, int64
from .tape import Leaf

if TYPE_CHECKING:
    from ._tensor import Tensor


def text(x: Tensor) -> str:
    """`tensor([1., 2.], requires_grad=True)`: the values, and what they do not show (dtype, device, history)."""
    array = put(x.array, "cpu")
    notes = []
    if not array.size and array.ndim != 1:
        notes.append(f"size={array.shape}")
    if x.device.type != "cpu":
        notes.append(f"device='{x.device}'")
    if x.dtype not in (get_default_dtype(), int64, bool_dtype) or (not array.size and x.dtype != get_default_dtype()):
        notes.append(f"dtype={x.dtype}")
    if isinstance(x.node, Leaf):
        notes.append("requires_grad=True")
    elif x.node is not None:
        notes.append(f"grad_fn={x.node!r}")
    return f"tensor({', '.join([numbers(array, len('tensor(')), *notes])})"


def html(x: Tensor) -> str:
    """For a notebook: dtype, shape, device, history and the counts of nan and inf; then the values, with nan and inf marked."""
    from html import escape  # loaded only where a notebook asks

    array = put(x.array, "cpu")
    notes = [f"{x.dtype} {list(x.shape)}"]
    if x.device.type != "cpu":
        notes.append(str(x.device))
    if x.node is not None:
        notes.append("requires grad" if isinstance(x.node, Leaf) else f"grad_fn={x.node!r}")
    if array.dtype.kind == "f":
        counts = {"nan": int(np.isnan(array).sum()), "inf": int(np.isinf(array).sum())}
        notes += [f"{n} {name}" for name, n in counts.items() if n]
    values = re.sub(r"-?\b(nan|inf)\b", r"<mark>\g<0></mark>", escape(numbers(array, 0)))
    return f"<div><code>Tensor</code> {escape(' · '.join(notes))}</div><pre>{values}</pre>"


def numbers(array: np.ndarray[Any, Any], indent: int) -> str:
    """The values in nested brackets; if there are more than 1000, the first and last three along each axis."""
    if not array.size:
        return "[]"
    shown, cut = array, array.size > 1000
    for axis, n in enumerate(array.shape):
        if cut and n > 6:
            shown = shown.take([0, 1, 2, -3, -2, -1], axis)
    form, width = number_format(shown)
    return rows(array, indent, form, width, cut)


def number_format(array: np.ndarray[Any, Any]) -> tuple[str, int]:
    """The format and the width for all numbers of an array: whole floats as `1.`, others with four decimals, and with exponents
    if their sizes differ by more than a factor of 1000.
    """
    if array.dtype.kind != "f":
        return "", max(len(str(v)) for v in array.ravel().tolist())
    values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    sizes = np.abs(values) if values.size else np.ones(1)
    fraction, smallest, largest = (sizes % 1).any(), sizes.min(), sizes.max()
    form = ".4f" if fraction else "#.0f"
    if largest / smallest > 1000 or largest > 1e8 or (fraction and smallest < 1e-4):
        form = ".4e"
    return form, max([len(f"{v:{form}}") for v in values.tolist()], default=0)


def rows(array: np.ndarray[Any, Any], indent: int, form: str, width: int, cut: bool) -> str:
    """An array in brackets, row by row; a row is wrapped after 80 characters."""

    def cell(value: Any) -> str:
        return f"{value:{form}}".rjust(width)

    if not array.ndim:
        return cell(array.item())
    ends = [*array[:3], None, *array[-3:]] if cut and len(array) > 6 else list(array)
    if array.ndim == 1:
        cells = [" ..." if x is None else cell(x.item()) for x in ends]
        n = max(1, (80 - indent) // (width + 2))
        parts, gap = [", ".join(cells[i : i + n]) for i in range(0, len(cells), n)], "\n"
    else:
        parts = ["..." if x is None else rows(x, indent + 1, form, width, cut) for x in ends]
        gap = "\n" * (array.ndim - 1)
    return "[" + f",{gap}{' ' * (indent + 1)}".join(parts) + "]"
