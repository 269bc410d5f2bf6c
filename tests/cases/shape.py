"""Rows of the ops that arrange, copy or convert numbers: reshape, permute, expand, cat, narrow, pad, clone, move and cast."""

from __future__ import annotations

import numpy as np

from tinygrad_lite.ops import shape

from .table import case, strided, transposed

case("reshape", lambda t, x: x.reshape(3, 2), (2, 3), keeps="")
case("reshape", lambda t, x: t.reshape(x, (-1,)), transposed(2, 3))
case("reshape", lambda t, x: x.reshape([2, -1, 1]), (2, 3), name="list")
case("reshape", lambda t, x: x.reshape(()), (1, 1))
case("reshape", lambda t, x: x.reshape(1, 1), ())
case("reshape", lambda t, x: x.reshape(3, 0), (0, 2))
case("reshape", lambda t, x: x.view(-1, 2), (2, 3), name="view")
case("reshape", lambda t, x: x.view((6,)), (2, 3), name="view of a tuple")
case("reshape", lambda t, x: x.squeeze(), (1, 3, 1), name="squeeze")
for dim in (0, 1, -1, (0, 2), (0, 1)):
    case("reshape", lambda t, x, dim: x.squeeze(dim), (1, 3, 1), dim=dim, name="squeeze")
case("reshape", lambda t, x: t.squeeze(x), (), name="squeeze")
case("reshape", lambda t, x, dim: t.squeeze(x, dim), (), dim=0, name="squeeze")
case("reshape", lambda t, x, dim: x.squeeze(dim), (1, 2), dim=(), name="squeeze")
for dim in (0, 1, 2, -1, -3):
    case("reshape", lambda t, x, dim: t.unsqueeze(x, dim), (2, 3), dim=dim, name="unsqueeze")
case("reshape", lambda t, x, dim: x.unsqueeze(dim), (), dim=0, name="unsqueeze")
for start, end in ((0, -1), (1, -1), (0, 1), (-2, 2)):
    case("reshape", lambda t, x, start, end: t.flatten(x, start, end), (2, 3, 4), start=start, end=end, name="flatten")
case("reshape", lambda t, x: x.flatten(), (), name="flatten")
case("reshape", lambda t, x: x.flatten(), transposed(2, 3), name="flatten")
case("reshape", lambda t, x: x.flatten(1), (0, 2, 3), name="flatten")

for axes in ((0, 1, 2), (2, 0, 1), (-1, 0, 1), (1, -1, 0)):
    case("permute", lambda t, x, axes: x.permute(*axes), (2, 3, 4), axes=axes, keeps="")
    case("permute", lambda t, x, axes: t.permute(x, axes), transposed(2, 3, 4), axes=axes)
case("permute", lambda t, x: x.permute(()), ())
case("permute", lambda t, x: x.permute(1, 0), (0, 2))
case("permute", lambda t, x: x.transpose(0, -1), (2, 3, 4), name="transpose")
case("permute", lambda t, x: t.transpose(x, 1, 1), (2, 3), name="transpose")
case("permute", lambda t, x: t.transpose(x, 0, -1), (), name="transpose")
case("permute", lambda t, x: x.T, (2, 3), name="T")
case("permute", lambda t, x: x.mT, (2, 3, 4), name="mT")

case("expand", lambda t, x: x.expand(4, 3), (1, 3), keeps="")
case("expand", lambda t, x: x.expand(4, -1, 3), (2, 1))
case("expand", lambda t, x: x.expand((2, 2)), ())
case("expand", lambda t, x: t.broadcast_to(x, (2, 3)), (3,))
case("expand", lambda t, x: x.broadcast_to((2, 2, 3)), (2, 1), name="broadcast_to")
case("expand", lambda t, x: x.expand(0, 3), (1, 3), name="to nothing")
case("expand", lambda t, x: x.expand(2, 3) * x, (3,), name="times x")

for dim in (0, 1, -1):
    case("cat", lambda t, x, y, dim: t.cat([x, y, x], dim), (2, 3), (2, 3), dim=dim)
    case("cat", lambda t, x, y, dim: t.stack((x, y), dim), (2, 3), transposed(2, 3), dim=dim)
case("cat", lambda t, x, y, z: t.cat((x, y, z)), (1, 2), (3, 2), (0, 2), keeps="")
case("cat", lambda t, x, y, dim: t.cat([x, y], dim=dim), strided(2, 1), (2, 4), dim=1)
case("cat", lambda t, x, y: t.cat([x, y]), (0,), (2, 3))
case("cat", lambda t, x: t.cat([x]), (3,))
case("cat", lambda t, x, y: t.stack([x, y]), (), ())
case("cat", lambda t, x, y: t.cat([x, y]), (2,), np.arange(3))
case("cat", lambda t, x, y, axis: t.cat([x, y], axis=axis), (2,), (1,), axis=0)

case("narrow", lambda t, x: shape.narrow(x, axis=1, start=1, stop=3), (2, 4), theirs=lambda t, x: x[:, 1:3], keeps="")
case("narrow", lambda t, x: shape.narrow(x, axis=0, start=1, stop=1), (2, 4), theirs=lambda t, x: x[1:1], name="nothing")
case(
    "pad",
    lambda t, x: shape.pad(x, axis=1, start=1, size=5),
    (2, 3),
    theirs=lambda t, x: t.nn.functional.pad(x, (1, 1)),
    keeps="",
)

case("clone", lambda t, x: x.clone(), (2, 3), keeps="")
case("clone", lambda t, x: t.clone(x), transposed(2, 3))
case("clone", lambda t, x: x.T.clone(), (2, 3), name="of a view")
case("clone", lambda t, x: x.clone(), ())
case("clone", lambda t, x: tuple(x.max(0)), (), name="max")
case("move", lambda t, x: shape.move(x, place="cpu", source=x.device), (2, 3), theirs=lambda t, x: x.clone(), keeps="")

case("cast", lambda t, x: x.to(t.float32), (2, 3), smooth=False, keeps="")
case("cast", lambda t, x: x.half() * 2, (), smooth=False)
case("cast", lambda t, x: x.float().double(), (2, 0), smooth=False)
case("cast", lambda t, x: x.float() + x, (3,), smooth=False)
