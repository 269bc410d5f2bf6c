"""Rows of diagonals, windows and other views, and of what is flipped, rolled, joined, repeated and padded."""

from __future__ import annotations

import numpy as np

from tinygrad_lite.ops import arrangement

from .table import at, case, strided, transposed

case("diagonal", lambda t, x: t.diagonal(x), (3, 3), keeps="")
for offset, dim1, dim2 in ((1, 0, 1), (-1, 2, 0), (2, -1, 1), (9, 0, 1)):
    case("diagonal", lambda t, x, **o: x.diagonal(**o), (2, 3, 4), offset=offset, dim1=dim1, dim2=dim2)
case("diagonal", lambda t, x: x.diagonal(-1), transposed(4, 3))
case("diagonal", lambda t, x: x.diagonal(), (0, 3))
case(
    "on_diagonal",
    lambda t, x: arrangement.on_diagonal(x, shape=(3, 2, 4), offset=1, axis1=2, axis2=0),
    (2, 2),
    theirs=lambda t, x: t.zeros(3, 2, 4, dtype=x.dtype).diagonal_scatter(x, 1, 2, 0),
    keeps="",
)

case("unfold", lambda t, x: x.unfold(0, 2, 1), (4,), keeps="")
for dim, size, step in ((1, 3, 2), (0, 2, 3), (-1, 4, 1), (1, 1, 1), (0, 0, 1)):
    case("unfold", lambda t, x, dim, size, step: x.unfold(dim, size, step), (3, 4), dim=dim, size=size, step=step)
case("unfold", lambda t, x: x.unfold(1, 3, 1), transposed(2, 5))
case("unfold", lambda t, x: x.unfold(0, 2, 2).unfold(1, 2, 1), strided(4, 3), name="twice")
for n, size in ((3, 2), (2, 3)):
    case(
        "fold_windows",
        lambda t, x, n, size: arrangement.fold_windows(x, shape=(2, n + size - 1), axis=1, size=size, step=1),
        (2, n, size),
        theirs=lambda t, x, n, size: sum(t.nn.functional.pad(x[..., i], (i, size - 1 - i)) for i in range(size)),
        n=n,
        size=size,
        keeps="",
    )

case("as_strided", lambda t, x: t.as_strided(x, (3, 2), (1, 1)), (4,), keeps="")
case("as_strided", lambda t, x: x.as_strided((2, 2), (3, 1), 1), (2, 3))
case("as_strided", lambda t, x: x.T.as_strided((2, 2), (1, 2), 1), (2, 3), name="of a view")
case("as_strided", lambda t, x: x.expand(3, 2).as_strided((2, 2), (1, 0)), (2,), name="of one number seen thrice")
case("as_strided", lambda t, x: x.as_strided((), ()), (2,), name="0d")
case("as_strided", lambda t, x: x.as_strided((0, 2), (1, 1)), (2,), name="nothing")

case("flip", lambda t, x: t.flip(x, (0,)), (2, 3), keeps="")
case("flip", lambda t, x: x.flip(0, -1), transposed(2, 3, 2))
case("flip", lambda t, x: x.flip(()), (2,), name="nothing")
case("flip", lambda t, x: x.fliplr(), (2, 3), name="fliplr")
case("flip", lambda t, x: t.flipud(x), (0, 3), name="flipud")
for k in (0, 1, 2, 3, -1):
    case("flip", lambda t, x, k: x.rot90(k, (-1, 0)), (2, 3, 2), k=k, name="rot90")
case("flip", lambda t, x, mode: t.nn.functional.pad(x, (2, 1, 1, 1), mode), (1, 3, 4), mode="reflect", name="pad")

case("roll", lambda t, x: t.roll(x, 1, 0), (3, 2), keeps="")
case("roll", lambda t, x: x.roll(-4), (3, 2), name="flat")
case("roll", lambda t, x: x.roll((1, -1, 2), (0, -1, 0)), transposed(3, 2), name="an axis twice")
case("roll", lambda t, x: x.roll(1), ())

# What composes from the ops of shape and indexing
case("expand", lambda t, x: x.repeat(2, 1, 3), (2, 2), name="repeat")
case("expand", lambda t, x: x.tile(2), (2, 1), name="tile")
case("expand", lambda t, x: x.repeat(2, 0), (2,), name="repeat")
case("expand", lambda t, x: x.repeat_interleave(2, dim=-1), (2, 3), name="repeat_interleave")
case("repeat_each", lambda t, x, n: t.repeat_interleave(x, n, 0), (3, 2), np.array([2, 0, 1]), keeps="")
case("repeat_each", lambda t, x, n: x.repeat_interleave(n, dim=-1), transposed(2, 3), np.array([0, 3, 1]))
case("repeat_each", lambda t, x, n: x.repeat_interleave(n), (2,), np.array([0, 0]), name="to nothing")
case("repeat_each", lambda t, x, n: x.repeat_interleave(n, 1), (2, 4), np.array([1, 0, 40, 2]), name="long runs")
case(
    "sum_runs",
    lambda t, x: arrangement.sum_runs(x, repeats=at(x, np.array([2, 0, 1])), axis=1),
    (2, 3),
    theirs=lambda t, x: t.stack([x[:, 0] + x[:, 1], x[:, 0] * 0, x[:, 2]], 1),
    keeps="",
)
case("getitem", lambda t, x: tuple(x.unbind(1)), (2, 3), name="unbind")
case("getitem", lambda t, x: x.select(-1, -2), (2, 3), name="select")
case("getitem", lambda t, x: t.combinations(x, 2, True), (3,), name="combinations")
case("narrow", lambda t, x: tuple(x.split([1, 3], 1)), (2, 4), name="split")
case("narrow", lambda t, x: x.chunk(3, -1)[1], (2, 7), name="chunk")
case("narrow", lambda t, x: tuple(t.tensor_split(x, (1, -1))), (4,), name="tensor_split")
case("pad", lambda t, x, y, z: t.block_diag(x, y, z), (2, 3), (), (2,), name="block_diag")
case("cat", lambda t, x, y: t.cartesian_prod(x, y), (2,), (3,), name="cartesian_prod")
case("cat", lambda t, x, y: t.column_stack([x, y]), (2,), (2, 2), name="column_stack")
case("index_add", lambda t, x: t.nn.functional.pad(x, (1, -1, 0, 2)), (2, 3), name="pad")
case("setitem", lambda t, x: t.nn.functional.pad(x, (1, 2), value=3.0), (2, 3), name="pad")
case("setitem", lambda t, x, y: x.diagonal_scatter(y, 1), (2, 3), (2,), name="diagonal_scatter")
case("cat", lambda t, x: t.nn.functional.pad(x, (2, 1, -1, 3), "replicate"), (1, 3, 2), name="pad, replicate")
case("cat", lambda t, x: t.nn.functional.pad(x, (2, 1, -1, 1), "circular"), (1, 3, 2), name="pad, circular")
case("reshape", lambda t, x: t.nn.functional.pixel_shuffle(x, 2), (2, 4, 1, 3), name="pixel_shuffle")
case("reshape", lambda t, x: t.nn.functional.pixel_unshuffle(x, 2), (1, 2, 4), name="pixel_unshuffle")
