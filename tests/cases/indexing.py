"""Rows of x[index], x[index] = y and what they are made of. Basic indices (views), arrays with repeats, and the two mixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops import indexing

from .table import MASK, TIES, at, case, f, inf, nan, strided, transposed

BASIC: list[Any] = [
    0,
    -1,
    slice(1, None),
    slice(None, None, 2),
    slice(-2, None),
    slice(2, 1),
    Ellipsis,
    None,
    (),
    (0, 1),
    (0, 1, 2),
    (slice(None), 1),
    (Ellipsis, 0),
    (0, Ellipsis),
    (None, 0),
    (Ellipsis, None),
    (slice(0, 2), slice(1, None, 2), -1),
    (slice(None), None, 1, None),
    (1, slice(None), slice(0, 0)),
    (np.int64(1), slice(None)),
]
ARRAYS: list[Any] = [
    [0, 0, 1],
    [1],
    [],
    [-1, 0],
    ([0, 1, 1], [1, 0, 0]),
    ([0, 1], [1, 2], [3, 3]),
    ([[0], [1]], [0, 2, 2]),
    (slice(None), [2, 2, 0]),
    (Ellipsis, [1, 1, 3]),
    (slice(None), [0, 1], slice(1, 3)),
    (0, [0, 2, 0]),
    ([0, 1], 0),
    ([0, 1], slice(None), [1, 1]),
    (None, [1, 0]),
    ([1, 0], None),
    (0, slice(None), [1, 1]),
    ([1, 1], slice(None), 0),
    (slice(None), 0, [1, 1, 0]),
    (Ellipsis, 0, [1, 1]),
    (0, None, [1, 0]),
    (1, Ellipsis, [0, 0]),
    (slice(None, None, 2), [1, 1], slice(None, None, 3)),
    np.array([[1, 0], [0, 0]]),
    np.array([], dtype=np.int64),
    [True, False],
    np.array([False, False]),
    (slice(None), np.array([True, False, True])),
    (MASK,),
    (MASK, 0),
    (0, [True, False, True]),
    (Ellipsis, np.array([True, False, False, True])),
    (MASK, [0, 1, 1]),
    True,
    False,
    (0, True),
    (slice(None), [0, 1], Ellipsis, [1, 2]),  # dots that stand for no axis do not part the arrays
    (None, [0, 0], Ellipsis, 0, [0, 1]),
]


def indexed(t: Any, index: Any) -> Any:
    """The index for one of the libraries: arrays become its tensors."""
    if isinstance(index, tuple):
        return tuple(indexed(t, part) for part in index)
    return t.tensor(index) if isinstance(index, np.ndarray) else index


for index in [*BASIC, *ARRAYS]:
    case("getitem", lambda t, x, index: x[indexed(t, index)], (2, 3, 4), index=index, keeps="")
for index in (..., None, (), True):
    case("getitem", lambda t, x, index: x[index], (), index=index)
case("getitem", lambda t, x: x[t.tensor(1)], (3,))
case("getitem", lambda t, x, index: x[index], (2,), index=[0, 0, 1])
case("getitem", lambda t, x: x[1:, [0, 0]], transposed(3, 2))
case("getitem", lambda t, x: x[::2, 1], strided(3, 2))
case("getitem", lambda t, x: x[x > 0], (3, 4))
case("getitem", lambda t, x: x[x > 0] * x[x > 0], (3, 4), name="squared")
case("getitem", lambda t, x: x[t.tensor([[0, 1]], dtype=t.int32)], (2, 3), name="int32")
case("getitem", lambda t, x: x[t.arange(2), t.tensor([2, 0])], (2, 3), name="tensors")

case(
    "index_add",
    lambda t, x: indexing.index_add(x, shape=(3, 2), index=(slice(1, None), ...), once=True),
    (2, 2),
    theirs=lambda t, x: t.nn.functional.pad(x, (0, 0, 1, 0)),
    keeps="",
)
case(
    "index_add",
    lambda t, x: indexing.index_add(x, shape=(2, 2), index=(at(x, np.array([0, 0, 1])),), once=False),
    (3, 2),
    theirs=lambda t, x: t.zeros(2, 2, dtype=x.dtype).index_add(0, t.tensor([0, 0, 1]), x),
)


def written(t: Any, x: Any, y: Any, index: Any) -> Any:
    """x with y written at an index, in place on a copy."""
    x = x.clone()
    x[indexed(t, index)] = y
    return x


for index, size in [
    (0, (3, 4)),
    (slice(1, None), (1, 3, 4)),
    ((0, 1), ()),
    ((Ellipsis, 0), (3,)),
    (([0, 1], [1, 2]), (2, 4)),
    ((slice(None), [2, 0]), (2, 2, 4)),
    (MASK, (3, 4)),
    (..., ()),
    ((0, slice(None), [0, 1]), (3, 2)),
    (np.array(1), (3, 4)),
    ((slice(None), None, 0), (2, 1, 4)),
    ([], (0, 3, 4)),
    (slice(0, 0), ()),
]:
    case("setitem", written, (2, 3, 4), size, index=index)
case("setitem", lambda t, x, y, **o: indexing.setitem(x, y, **o), (2, 3), (3,), index=0, theirs=written, keeps=("", ""))

for dim in (0, 1, -1):
    for keep in (False, True):
        case("gather", lambda t, x, **o: tuple(t.max(x, **o)), (3, 4), dim=dim, keepdim=keep)
        case("gather", lambda t, x, **o: tuple(x.min(**o)), TIES, dim=dim, keepdim=keep, smooth=False)
case("gather", lambda t, x, dim: tuple(x.max(dim=dim)), transposed(2, 3, 4), dim=1)
case("gather", lambda t, x, axis: x.max(axis=axis).values, (2, 3), axis=1)
case("gather", lambda t, x, dim: tuple(x.max(dim)), f([1, nan, 2], [inf, 0, inf]), dim=1, smooth=False)
case("gather", lambda t, x, dim: tuple(x.min(dim)), (0, 3), dim=1)
PICKS = np.array([[0, 2], [1, 1], [2, 2]])
case(
    "gather",
    lambda t, x: indexing.gather(x, index=at(x, PICKS), axis=1),
    (3, 3),
    theirs=lambda t, x: x.gather(1, t.tensor(PICKS)),
    keeps="",
)
case(
    "scatter_add",
    lambda t, x: indexing.scatter_add(x, index=at(x, PICKS), axis=1, shape=(3, 4)),
    (3, 2),
    theirs=lambda t, x: t.zeros(3, 4, dtype=x.dtype).scatter_add(1, t.tensor(PICKS), x),
    keeps="",
)
case(
    "scatter_add",
    lambda t, x: indexing.scatter_add(x, index=at(x, PICKS), axis=0, shape=(3, 2)),
    transposed(3, 2),
    theirs=lambda t, x: t.zeros(3, 2, dtype=x.dtype).scatter_add(0, t.tensor(PICKS), x),
)
