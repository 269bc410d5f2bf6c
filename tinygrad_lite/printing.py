"""How a tensor is printed: as PyTorch prints it, so that the output of both can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .backend import put
from .dtypes import bool as bool_dtype
from .dtypes import get_default_dtype, int64
from .tape import Leaf

if TYPE_CHECKING:
    from ._tensor import Tensor


Kind = TypeVar("Kind", bound=type)


class Options(NamedTuple):
    """How numbers are printed; set_printoptions() explains each."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {"default": Options(), "short": Options(precision=2, edgeitems=2), "full": Options(threshold=inf)}
options = PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed from now on: digits behind the point (4), from how many numbers on only the edges are shown
    (1000), numbers at each edge (3), characters in a line (80), and whether with exponents (None: where the sizes differ much).
    `profile` sets all of them: "default", "short" or "full". What is not given stays, but sci_mode is set in any case.
    https://pytorch.org/docs/stable/generated/torch.set_printoptions.html
    >>> set_printoptions(precision=2); tensor([1.23456])
    tensor([1.23])
    >>> set_printoptions(profile="default")
    """
    global options
    if profile is not None and profile not in PROFILES:
        raise ValueError(f"set_printoptions: the profiles are {', '.join(PROFILES)}, got {profile!r}")
    chosen = options if profile is None else PROFILES[profile]
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options = chosen._replace(**changed, sci_mode=sci_mode)


def text(x: Tensor) -> str:
    """`tensor([1., 2.], requires_grad=True)`: the values, and what they do not show (dtype, device, history)."""
    array = put(x.array, "cpu")
    notes = []
    if x.device.type != "cpu":
        notes.append(f"device='{x.device}'")
    if array.ndim != 1 if not array.size else not options.edgeitems:
        notes.append(f"size={array.shape}")
    if x.dtype not in (get_default_dtype(), int64, bool_dtype) or (not array.size and x.dtype != get_default_dtype()):
        notes.append(f"dtype={x.dtype}")
    if isinstance(x.node, Leaf):
        notes.append("requires_grad=True")
    elif x.node is not None:
        notes.append(f"grad_fn={x.node!r}")
    shown = "tensor(" + numbers(array, len("tensor("))
    width = len(shown) - shown.rfind("\n") + 1
    for note in notes:
        if width + len(note) + 2 > options.linewidth:
            shown += ",\n       " + note
            width = len("tensor(") + len(note)
        else:
            shown += ", " + note
            width += len(note) + 2
    return shown + ")"


def as_result_of(name: str) -> Callable[[Kind], Kind]:
    """A decorator for a NamedTuple: it is printed as PyTorch prints what its function `name` returns."""

    def shown(self: Any) -> str:
        fields = [f"{field}={value!r}" for field, value in zip(self._fields, self)]
        return f"torch.return_types.{name}(\n" + ",\n".join(fields) + ")"

    def named(kind: Kind) -> Kind:
        kind.__repr__ = shown  # type: ignore[assignment,method-assign]
        return kind

    return named


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
    """The values in nested brackets; if there are more than the threshold, those at the edges of each axis."""
    if not array.size:
        return "[]"
    shown, edge, cut = array, options.edgeitems, array.size > options.threshold
    for axis, n in enumerate(array.shape):
        if cut and n > 2 * edge:
            shown = shown.take([*range(edge), *range(n - edge, n)], axis)
    form, width = number_format(shown)
    return rows(array, indent, form, width, cut)


def number_format(array: np.ndarray[Any, Any]) -> tuple[str, int]:
    """The format and the width for all numbers of an array: whole floats as `1.`, others with four decimals, and with exponents
    if their sizes differ by more than a factor of 1000.
    """
    if array.dtype.kind != "f":
        return "", max([len(str(v)) for v in array.ravel().tolist()], default=1)
    values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    if not values.size:
        return "#.0f", 1
    sizes = np.abs(values)
    fraction, smallest, largest = (sizes % 1).any(), sizes.min(), sizes.max()
    exponent = largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4
    whole = "#.0f" if not fraction else f".{options.precision}f"
    form = f".{options.precision}e" if (exponent if options.sci_mode is None else options.sci_mode) else whole
    return form, max([len(f"{v:{form}}") for v in values.tolist()])


def rows(array: np.ndarray[Any, Any], indent: int, form: str, width: int, cut: bool) -> str:
    """An array in brackets, row by row; a row is wrapped where the line is full."""

    def cell(value: Any) -> str:
        return f"{value:{form}}".rjust(width)

    if not array.ndim:
        return cell(array.item())
    edge = options.edgeitems
    ends = [*array[:edge], None, *array[len(array) - edge :]] if cut and len(array) > 2 * edge else list(array)
    if array.ndim == 1:
        cells = [" ..." if x is None else cell(x.item()) for x in ends] if edge or not cut else ["..."]
        n = max(1, (options.linewidth - indent) // (width + 2))
        parts, gap = [", ".join(cells[i : i + n]) for i in range(0, len(cells), n)], "\n"
    else:
        parts = ["..." if x is None else rows(x, indent + 1, form, width, cut) for x in ends]
        gap = "\n" * (array.ndim - 1)
    return "[" + f",{gap}{' ' * (indent + 1)}".join(parts) + "]"
