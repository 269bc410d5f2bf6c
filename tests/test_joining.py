"""Joining, repeating, turning and padding beside torch: integers and bools, odd arguments, and what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

Function = Callable[[Any, Any], Any]
# t is the library, x a tensor of shape (2, 3).
VALUES: dict[str, Function] = {
    "hstack of numbers": lambda t, x: t.hstack([x[0, 0], x[0]]),
    "hstack": lambda t, x: t.hstack((x, x[:, :1])),
    "vstack": lambda t, x: t.vstack((x, x[0])),
    "row_stack": lambda t, x: t.row_stack([x[0, 0], x[0, :1]]),
    "dstack": lambda t, x: t.dstack([x, x]),
    "dstack of rows": lambda t, x: t.dstack([x[0], x[1]]),
    "column_stack": lambda t, x: t.column_stack([x[:, 0], x]),
    "concat": lambda t, x: t.concat([x, x], -1),
    "concatenate": lambda t, x: t.concatenate([x, x], dim=1),
    "atleast_1d": lambda t, x: t.atleast_1d(x[0, 0]),
    "atleast_2d": lambda t, x: t.atleast_2d(x[0], x[0, 0], x),
    "atleast_3d": lambda t, x: t.atleast_3d((x[0], x[0, 0], x)),
    "block_diag": lambda t, x: t.block_diag(x, x[0], x[0, 0]),
    "block_diag of nothing": lambda t, x: t.block_diag(x[:, :0], x),
    "meshgrid": lambda t, x: t.meshgrid(x[0], x[:, 0], x[0, 0], indexing="ij"),
    "meshgrid xy": lambda t, x: t.meshgrid([x[0], x[:, 0], x[0, :1]], indexing="xy"),
    "cartesian_prod": lambda t, x: t.cartesian_prod(x[0], x[1], x[:, 0]),
    "cartesian_prod of one": lambda t, x: t.cartesian_prod(x[0]),
    "combinations": lambda t, x: t.combinations(x[0]),
    "combinations of three": lambda t, x: t.combinations(x[0], r=3, with_replacement=True),
    "combinations of none": lambda t, x: t.combinations(x[0], 0),
    "combinations of too many": lambda t, x: t.combinations(x[0], 5),
    "flip": lambda t, x: t.flip(x, dims=(1, -2)),
    "rot90": lambda t, x: (x.rot90(), x.rot90(-1), x.rot90(2, [1, 0]), t.rot90(x, 7, (0, 1))),
    "roll": lambda t, x: (x.roll(1), x.roll((1, 5), (0, 1)), t.roll(x, shifts=-1, dims=1)),
    "repeat": lambda t, x: (x.repeat(2, 1, 2), x.repeat((1, 0)), x.repeat(repeats=(2, 2))),
    "tile": lambda t, x: (t.tile(x, (2,)), x.tile(2, 1, 1), x.tile(dims=(2, 3)), x.tile(())),
    "repeat_interleave": lambda t, x: (x.repeat_interleave(2), t.repeat_interleave(x, 2, dim=1), x[0, 0].repeat_interleave(3)),
    "repeat_interleave of each": lambda t, x: t.repeat_interleave(x, t.tensor([1, 0, 2]), dim=1, output_size=3),
    "repeat_interleave of all alike": lambda t, x: x.repeat_interleave(t.tensor([2]), 0),
    "repeat_interleave of positions": lambda t, x: t.repeat_interleave(t.tensor([1, 0, 2])),
    "pad": lambda t, x: t.nn.functional.pad(x, (1, 2, 0, 1), "constant", 1),
    "pad, negative": lambda t, x: t.nn.functional.pad(x, [-1, 2, 3, -2]),
    "reflect": lambda t, x: t.nn.functional.pad(x.float(), (2, 1), mode="reflect"),
    "replicate": lambda t, x: t.nn.functional.pad(x.float(), (5, -1), mode="replicate"),
    "circular": lambda t, x: t.nn.functional.pad(x.float(), (3, 1), mode="circular"),
    "unfold": lambda t, x: (x.unfold(1, 2, 1), x[0, 0].unfold(0, 1, 1)),
    "tensor_split": lambda t, x: (*x.tensor_split(2, 1), *x.tensor_split((1, 5), 1), *x.tensor_split(t.tensor([-1]), -1)),
    "chunk": lambda t, x: (*x.chunk(2, 1), *x.chunk(5), *x[:0].chunk(3)),
    "split": lambda t, x: (*x.split(2, 1), *t.split(x, [1, 2], dim=1), *x.split(split_size=1), *x[:0].split(2)),
    "view by bytes": lambda t, x: x.to(t.float32).view(t.int32),
    "view by smaller bytes": lambda t, x: x.to(t.float32).view(t.int16),
    "unflatten": lambda t, x: x.unflatten(-1, (3, -1, 1)),
    "broadcast_tensors": lambda t, x: t.broadcast_tensors(x, x[0, 0], x[0]),
    "slice_scatter": lambda t, x: x.slice_scatter(x[:, :2] * 2, 1, 0, None, 2),
    "select_scatter": lambda t, x: t.select_scatter(x, x[0] * 2, 0, -1),
    "diagonal_scatter": lambda t, x: t.diagonal_scatter(x, x[0, :2] * 2, 1),
    "broadcast_shapes": lambda t, x: t.tensor(t.broadcast_shapes((2, 1), 3, (1,), ())),
    "pixel_shuffle": lambda t, x: t.nn.functional.pixel_unshuffle(t.nn.functional.pixel_shuffle(x.reshape(6, 1, 1)[:4], 2), 2),
    "by name": lambda t, x: (x.permute(dims=(1, 0)), t.reshape(x, shape=(3, 2)), x.view(size=(6,)), x.expand(size=(1, 2, 3))),
}
REFUSED: dict[str, Function] = {
    "hstack of nothing": lambda t, x: t.hstack([]),
    "hstack of a tensor": lambda t, x: t.hstack(x),
    "vstack": lambda t, x: t.vstack([x, x[:, :2]]),
    "cat of nothing": lambda t, x: t.cat([]),
    "stack of nothing": lambda t, x: t.stack([]),
    "block_diag": lambda t, x: t.block_diag(x[None]),
    "meshgrid of nothing": lambda t, x: t.meshgrid(indexing="ij"),
    "meshgrid of a matrix": lambda t, x: t.meshgrid(x, indexing="ij"),
    "meshgrid, unknown": lambda t, x: t.meshgrid(x[0], indexing="yx"),
    "meshgrid of two dtypes": lambda t, x: t.meshgrid(x[0], x[0] > 0.5, indexing="ij"),
    "cartesian_prod": lambda t, x: t.cartesian_prod(x),
    "combinations": lambda t, x: t.combinations(x),
    "combinations, negative": lambda t, x: t.combinations(x[0], -1),
    "flip of an axis that is not there": lambda t, x: x.flip(2),
    "flip twice": lambda t, x: x.flip(0, 0),
    "fliplr": lambda t, x: x[0].fliplr(),
    "flipud": lambda t, x: x[0, 0].flipud(),
    "rot90 in one axis": lambda t, x: x.rot90(1, (0, -2)),
    "rot90 of an axis that is not there": lambda t, x: x.rot90(1, (0, 3)),
    "roll": lambda t, x: x.roll((1, 2), (0,)),
    "roll without dims": lambda t, x: x.roll((1, 2)),
    "repeat": lambda t, x: x.repeat(2),
    "repeat, negative": lambda t, x: x.repeat(2, -1),
    "repeat_interleave, negative": lambda t, x: x.repeat_interleave(-1),
    "repeat_interleave by floats": lambda t, x: x.repeat_interleave(t.tensor([1.0, 2.0]), 0),
    "repeat_interleave by too few": lambda t, x: x.repeat_interleave(t.tensor([1, 2]), 1),
    "repeat_interleave of the wrong size": lambda t, x: x.repeat_interleave(t.tensor([1, 2]), 0, output_size=4),
    "pad, odd": lambda t, x: t.nn.functional.pad(x, (1, 2, 3)),
    "pad, too many": lambda t, x: t.nn.functional.pad(x, (1,) * 6),
    "pad, too negative": lambda t, x: t.nn.functional.pad(x, (-2, -2)),
    "pad, unknown": lambda t, x: t.nn.functional.pad(x, (1, 1), "mirror"),
    "reflect, too far": lambda t, x: t.nn.functional.pad(x, (3, 1), "reflect"),
    "circular, too far": lambda t, x: t.nn.functional.pad(x, (4, 1), "circular"),
    "reflect, too many axes": lambda t, x: t.nn.functional.pad(x, (1, 1, 1, 1), "reflect"),
    "select": lambda t, x: x.select(1, 3),
    "select of a number": lambda t, x: x[0, 0].select(0, 0),
    "narrow": lambda t, x: x.narrow(1, 2, 2),
    "narrow, start": lambda t, x: x.narrow(1, 4, 0),
    "narrow, negative": lambda t, x: x.narrow(1, 0, -1),
    "unbind": lambda t, x: x[0, 0].unbind(),
    "split": lambda t, x: x.split([1, 1], 1),
    "split by 0": lambda t, x: x.split(0),
    "chunk": lambda t, x: x.chunk(0),
    "tensor_split": lambda t, x: x.tensor_split(0),
    "hsplit": lambda t, x: x.hsplit(2),
    "vsplit": lambda t, x: x[0].vsplit(1),
    "dsplit": lambda t, x: x.dsplit(1),
    "unfold": lambda t, x: x.unfold(1, 4, 1),
    "unfold, step": lambda t, x: x.unfold(1, 1, 0),
    "diagonal": lambda t, x: x.diagonal(0, 1, -1),
    "movedim": lambda t, x: x.movedim((0, 1), (0,)),
    "movedim twice": lambda t, x: x.movedim((0, 0), (0, 1)),
    "t": lambda t, x: x[None].t(),
    "adjoint": lambda t, x: x[0].adjoint(),
    "H": lambda t, x: x[None].H,
    "unflatten": lambda t, x: x.unflatten(1, (2, -1)),
    "view by larger bytes": lambda t, x: x.to(t.float32).view(t.float64),
    "as_strided": lambda t, x: x.as_strided((3, 3), (3, 1)),
    "as_strided, negative": lambda t, x: x.as_strided((2,), (-1,)),
    "broadcast_shapes": lambda t, x: t.broadcast_shapes((2,), (3,)),
    "select_scatter": lambda t, x: x.select_scatter(x, 0, 0),
    "pixel_shuffle": lambda t, x: t.nn.functional.pixel_shuffle(x[None], 2),
    "stride": lambda t, x: x.stride(2),
    "t_": lambda t, x: x[None].t_(),
}


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("name", VALUES)
def test_values_and_dtypes_equal_torch(name: str, dtype: str) -> None:
    values = np.array([[1.0, 0.0, 2.0], [0.0, 5.0, -1.0]]).astype(dtype)
    results = [VALUES[name](t, t.tensor(values)) for t in (tl, torch)]
    for y, z in zip(*[r if isinstance(r, (tuple, list)) else [r] for r in results], strict=True):
        assert y.shape == tuple(z.shape) and f"torch.{y.dtype}" == str(z.dtype)
        assert y.tolist() == z.tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused(name: str) -> None:
    with pytest.raises(Exception) as theirs:
        REFUSED[name](torch, torch.ones(2, 3))
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[name](tl, tl.ones(2, 3))
    assert len(str(ours.value)) > 20


def test_meshgrid_warns_as_torch_does() -> None:
    with pytest.warns(UserWarning, match="meshgrid.*indexing"):
        rows, columns = tl.meshgrid(tl.arange(2), tl.arange(3))
    assert rows.shape == (2, 3) and (rows * 10 + columns).tolist() == [[0, 1, 2], [10, 11, 12]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tl.meshgrid(tl.arange(2), indexing="xy")
