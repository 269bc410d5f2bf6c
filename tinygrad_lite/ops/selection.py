"""Selection: numbers read from, written to or combined at given places of an array.

`places` are positions in the flattened array, all valid: functional/selection.py has checked the index and computed them from
it. One array of places is what NumPy reads and writes fastest (ops/indexing.py has the measurements).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..apply import op
from ..backend import Array, array_module, put
from .choice import where
from .indexing import add_at, added_at, come_often, index_add, taken
from .reduction import evenly
from .shape import cast

__all__: list[str] = []

@op(x=lambda g, shape, places: deposit(g, places=places, shape=shape))
def pick(x: Array, *, places: Array) -> Array:
    """The numbers of x at the places, in the shape of the places."""
    return taken(x, places)

@op(x=lambda g, places: pick(g, places=places))
def deposit(x: Array, *, places: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with x added at the places: the derivative of pick."""
    return added_at(x, places, shape)

@op(x=lambda g, shape, index, axis: index_add(g, shape=shape, index=at(axis, index), once=False))
def select(x: Array, *, index: Array, axis: int) -> Array:
    """x[:, index] for axis 1, and so on. A primitive, because take() needs half the time of x[:, index].copy()."""
    return x.take(index, axis, mode="clip") if isinstance(x, np.ndarray) and x.size else x[at(axis, index)]

def at(axis: int, index: Any) -> Any:
    """What is written in brackets to index one axis."""
    return (slice(None),) * axis + (index,)

@op(x=lambda g, places: replace(g, 0, places=places),
    y=lambda g, places: pick(g, places=places))
def replace(x: Array, y: Array, *, places: Array) -> Array:
    """x with y, of the shape of the places or a number, written at the places. If a place comes twice, the last y stays."""
    out = array_module(x).array(x, order="C")
    out.reshape(-1)[places] = y
    return out

@op(x=lambda g: g, y=lambda g, places: pick(g, places=places))
def accumulate(x: Array, y: Array, *, places: Array) -> Array:
    """x with y added at the places. A primitive, because x + deposit(y) takes half as long again."""
    out = array_module(x).array(x, order="C")
    if not come_often(out, y):
        array_module(x).add.at(out.reshape(-1), places.reshape(-1), y.reshape(-1))
        return out
    return x + added_at(y, places, x.shape)

@op(x=lambda g: g, y=lambda g, index: g[index])
def added(x: Array, y: Array, *, index: Any) -> Array:
    """x with y added at an index, in the form of indexing.getitem. A primitive, because x + index_add(y) takes twice the time
    if y is a million numbers in rows.
    """
    out = array_module(x).array(x, order="C")
    add_at(out, index, y)
    return out

@op(x=lambda g, shares: g * shares[0],
    y=lambda g, shares, places: pick(g, places=places) * shares[1],
    shares=lambda x, y, out, places, include: shares_at(x, y, out, places, include))
def extreme_at(x: Array, y: Array, *, places: Array, largest: bool, include: bool) -> Array:
    """x with the largest (smallest) of all y of a place written there; if `include`, the number of x there is one of them.
    Equal ones share the gradient equally.
    """
    xp = array_module(x)
    out = xp.array(x, order="C")
    flat, y = out.reshape(-1), y.reshape(-1)
    if not include:
        flat[places.reshape(-1)] = y  # one of them, as good a start as any
    with np.errstate(invalid="ignore"):  # NumPy would warn of nan, and only here
        (xp.maximum if largest else xp.minimum).at(flat, places.reshape(-1), y)
    return out

def shares_at(x: Any, y: Any, out: Any, places: Array, include: bool) -> tuple[Any, Any]:
    """The parts of the gradient of extreme_at that go to x and to y: one over how many equal the result, or 0."""
    y_ties = y == pick(out, places=places)
    y_ties = cast(y_ties, dtype=out.dtype, source=y_ties.dtype)
    if include:
        x_ties = x == out
        x_ties = cast(x_ties, dtype=out.dtype, source=x_ties.dtype)
    else:
        x_ties = (out == out) | (out != out)  # all of them, but those at the places do not count
        x_ties = replace(cast(x_ties, dtype=out.dtype, source=x_ties.dtype), 0, places=places)
    n = x_ties + deposit(y_ties, places=places, shape=x.shape)
    return x_ties / n, y_ties / pick(n, places=places)

@op(x=lambda g, y, places, include: product_at(g, y, places=places, include=True) if include else replace(g, 0, places=places),
    y=lambda g, x, y, out, places, include: product_of_others(x, y, g, out, places, include))
def product_at(x: Array, y: Array, *, places: Array, include: bool) -> Array:
    """x with the product of all y of a place written there; if `include`, times the number of x there."""
    xp = array_module(x)
    out = xp.array(x, order="C")
    flat = out.reshape(-1)
    if not include:
        flat[places.reshape(-1)] = 1
    if isinstance(x, np.ndarray):
        xp.multiply.at(flat, places.reshape(-1), y.reshape(-1))
        return out
    there = [put(array, "cpu") for array in (out, y, places)]  # CuPy has no multiply.at
    return xp.asarray(product_at(there[0], there[1], places=there[2], include=True))

def product_of_others(x: Any, y: Any, g: Any, out: Any, places: Array, include: bool) -> Any:
    """The gradient of product_at for y: the product without this y. That is out / y. But if y is the only 0 of its place, it is
    the product of the others; and if there are more zeros, it is 0.
    """
    zero = y == 0
    zeros = cast(zero, dtype=g.dtype, source=zero.dtype)
    zeros_here = pick(deposit(zeros, places=places, shape=x.shape), places=places)
    if isinstance(g, Tensor) and (zeros_here.array > 1).any():
        raise RuntimeError("the product at an index: with two zeros at one place there is no second derivative, as in PyTorch")
    single = zero & (zeros_here == 1)
    others = product_at(x, where(single, 1, y), places=places, include=include)
    return where(single, pick(g * others, places=places), pick(g * out, places=places) / where(zero, 1, y))

@op(x=lambda g, x, out: evenly(x, g, out))
def ranked(x: Array, *, rank: int) -> Array:
    """The number that is at position `rank` if all x are sorted. Equal ones share the gradient equally."""
    return np.partition(x.reshape(-1), rank)[rank]
