"""The table itself: what a row is, `case()` which adds one, and the arrays that rows are made of.

A row is a function of `t` and tensors, where `t` is tinygrad_lite or torch: since the names are PyTorch's, the one text
computes both. A primitive that PyTorch has no name for says what it is in torch as `theirs`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import tinygrad_lite as tl
from tinygrad_lite.backend import array_module

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
inf, nan = np.inf, np.nan


class Case(NamedTuple):
    """One row: what is computed, from what, and which primitive it is there for."""

    op: str  # the primitive (a name in tape.ops) that it exercises
    name: str
    function: Function
    reference: Function  # the same in torch
    inputs: tuple[Array, ...]
    options: dict[str, Any]
    smooth: bool
    twice: bool
    keeps: tuple[str, ...] | None
    place: str  # where it is written: the file and the line

    def ours(self, *xs: Any) -> Any:
        return self.function(tl, *xs, **self.options)

    def theirs(self, *xs: Any) -> Any:
        return self.reference(torch, *xs, **self.options)


CASES: dict[str, Case] = {}


def case(
    op: str,
    function: Function,
    *inputs: Any,
    theirs: Function | None = None,
    name: str = "",
    keeps: str | tuple[str, ...] | None = None,
    smooth: bool = True,
    twice: bool = True,
    **options: Any,
) -> None:
    """Add a row for a primitive: `function(t, *inputs, **options)` is the same in both libraries, or `theirs` is torch's.

    An input is an array, or a shape (a tuple) to be filled with normal numbers. `keeps` names the arrays that the primitive
    keeps for backward, input by input: `keeps=("y", "x")` for mul, `keeps="out"` for exp. It is checked, so the row must be
    one call of the primitive itself. `smooth=False` marks inputs where a difference quotient says nothing (ties, kinks, inf,
    nan), `twice=False` those where one library's second derivative is nan (0 · inf) and the other's is the limit.

    A row is named after the op, the inputs and the options; where that is not enough, `name` is added. Its random numbers
    follow from its name: a new row changes neither the names nor the numbers of the others.
    """
    shaped = [np.empty(x) if isinstance(x, tuple) else np.asarray(x) for x in inputs]
    parts = [op, *map(layout, shaped), *[f"{option}={spelled(value)}" for option, value in options.items()], name]
    full = "-".join(part.replace(" ", "_") for part in parts if part)
    if full in CASES:
        raise ValueError(f"there are two rows {full!r}: {CASES[full].place} and {here()}; give one of them name=")
    rng = np.random.default_rng(list(full.encode()))
    arrays = tuple(np.asarray(rng.standard_normal(x)) if isinstance(x, tuple) else y for x, y in zip(inputs, shaped))
    kept = (keeps,) if isinstance(keeps, str) else keeps
    CASES[full] = Case(op, full, function, theirs or function, arrays, options, smooth, twice, kept, here())


def here() -> str:
    """The file and the line that add a row: the nearest call from outside this file."""
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    root = f"{Path(__file__).parents[2]}{os.sep}"
    return f"{frame.f_code.co_filename.removeprefix(root)}, line {frame.f_lineno}"


def layout(x: Array) -> str:
    """2x3 for an array of that shape; T if its axes lie in reverse in memory, s if there are gaps; the dtype if not float64."""
    order = "" if x.flags.c_contiguous else "T" if x.flags.f_contiguous else "s"
    return ("x".join(map(str, x.shape)) or "0d") + order + ("" if x.dtype == np.float64 else str(x.dtype))


def spelled(value: Any) -> str:
    """An option in a row's name: an index as one writes it, [1, ::2] as (1,::2)."""
    if isinstance(value, slice):
        bounds = ["" if n is None else str(n) for n in (value.start, value.stop, value.step)]
        return ":".join(bounds if value.step is not None else bounds[:2])
    if isinstance(value, tuple):
        return f"({','.join(map(spelled, value))})"
    if isinstance(value, np.ndarray):
        return f"array{spelled(value.tolist())}"
    return "..." if value is Ellipsis else str(value).replace(" ", "")


def f(*values: Any) -> Array:
    """A float64 array of literal numbers."""
    return np.array(values, dtype=np.float64)


def at(x: Any, index: Array) -> Any:
    """An index where x is: what primitives take on a GPU."""
    return array_module(x.array).asarray(index)


def positive(*size: int) -> Array:
    """Numbers between 0.5 and 2, all different."""
    return np.asarray(np.random.default_rng(7).uniform(0.5, 2.0, size))


def transposed(*size: int) -> Array:
    """An array of this shape that lies in memory with its axes reversed."""
    return np.random.default_rng(8).standard_normal(size[::-1]).T


def strided(*size: int) -> Array:
    """An array of this shape, every second number of a larger one."""
    return np.random.default_rng(9).standard_normal([2 * n for n in size])[tuple(slice(1, None, 2) for _ in size)]


TIES = f([1, 2, 2], [3, 3, 1])
ODD = f(-inf, -2, -0.0, 0.0, 1.5, inf, nan)
FAR = f(-800, -100, -30, 30, 100, 800)
LOGITS = f([1e4, -1e4, 0], [-inf, 0, 1], [1e4, 1e4, 1e4], [-inf, -inf, 5])
MASK = np.array([[True, False, True], [False, False, True]])
MANY = np.random.default_rng(3).standard_normal((401, 3))  # short rows, which are summed and maximized column by column

# Two inputs: broadcast on neither, either and both sides; 0-d, empty, strided
PAIRS: list[tuple[Any, Any]] = [
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((1, 3), (2, 1)),
    ((), (2, 3)),
    ((2, 1, 3), (4, 1)),
    ((), ()),
    ((0, 3), (3,)),
    ((1,), (0,)),
    (transposed(3, 2), strided(3, 2)),
    (strided(2, 3), (1, 3)),
]


def unary(op: str, keeps: str, odd: Array = ODD) -> None:
    """The rows of a function of one tensor that t and its tensors have by name: shapes, layouts, far and `odd` numbers."""
    for x in ((2, 3), (), (0,), (2, 0, 3), transposed(3, 2), strided(2, 3)):
        case(op, lambda t, x: getattr(t, op)(x), x, keeps=keeps)
    case(op, lambda t, x: getattr(t, op)(x), odd, smooth=False, name="odd")
    case(op, lambda t, x: getattr(t, op)(x), FAR, smooth=False, name="far")
    case(op, lambda t, x: getattr(x, op)(), (3,), name="method")


def unary_of_positive(op: str, keeps: str) -> None:
    """The same for a function that is smooth only for positive numbers."""
    for x in (positive(2, 3), positive(), positive(0), positive(3, 2).T, positive(4, 6)[::2, ::3]):
        case(op, lambda t, x: getattr(t, op)(x), x, keeps=keeps)
    case(op, lambda t, x: getattr(t, op)(x), ODD, smooth=False, name="odd")
    case(op, lambda t, x: getattr(x, op)(), positive(3), name="method")
