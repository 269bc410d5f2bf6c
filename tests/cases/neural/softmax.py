"""Rows of softmax, log_softmax and logsumexp."""

from __future__ import annotations

from typing import Any

from tinygrad_lite.ops.neural.softmax import softmax_slope

from ..table import LOGITS, MANY, case, f, inf, nan, transposed


def soft(op: str) -> None:
    """The rows of softmax or log_softmax."""
    for dim in (0, 1, -1):
        case(op, lambda t, x, dim: getattr(t, op)(x, dim), (2, 3), dim=dim, keeps="out")
        case(op, lambda t, x, dim: getattr(t, op)(x, dim), transposed(2, 3, 2), dim=dim)
    for size in ((), (1,), (0, 3), (3, 0), (0,)):
        case(op, lambda t, x, dim: getattr(t, op)(x, dim), size, dim=-1)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), LOGITS, dim=-1, smooth=False)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim), f([-inf, -inf], [inf, 0], [nan, 0]), dim=-1, smooth=False)
    case(op, lambda t, x, dim: getattr(x, op)(dim=dim), (3,), dim=0)
    case(op, lambda t, x, dim: getattr(t, op)(x, dim, dtype=t.float32), (3,), dim=0, smooth=False, name="float32")


soft("softmax")
soft("log_softmax")
case("softmax", lambda t, x, dim: t.softmax(x, dim), MANY, dim=1, smooth=False)
case("log_softmax", lambda t, x, dim: t.log_softmax(x, dim), MANY.reshape(1, 401, 3), dim=-1, smooth=False)

case("softmax", lambda t, x: t.softmax(x, -1), (9, 130), smooth=False, name="many")  # many numbers, in long rows
case("log_softmax", lambda t, x: t.log_softmax(x, -1), (9, 130), smooth=False, name="many")

DIMS: list[Any] = [0, 1, 2, -1, -3, (0, 1), (0, 2), (-1, 0), (0, 1, 2)]
for dims in DIMS:
    for keep in (False, True):
        for x in ((2, 3, 4), transposed(2, 3, 4)):
            case("logsumexp", lambda t, x, dim, keepdim: t.logsumexp(x, dim, keepdim), x, dim=dims, keepdim=keep, keeps="x out")
case("logsumexp", lambda t, x, dim: t.logsumexp(x, dim), (), dim=0)
case("logsumexp", lambda t, x, dim: t.logsumexp(x, dim), (0, 3), dim=1)
case("logsumexp", lambda t, x, dim: t.logsumexp(x, dim), (3, 0), dim=1, smooth=False)
case("logsumexp", lambda t, x, dim: x.logsumexp(dim), LOGITS, dim=1, smooth=False)
case("logsumexp", lambda t, x, dim: x.logsumexp(dim), f([-inf, -inf], [inf, 0], [nan, 0]), dim=-1, smooth=False)
case("logsumexp", lambda t, x, dim: t.logsumexp(x, dim), MANY, dim=1, smooth=False)

for size, axis in (((2, 3), 1), ((4, 2, 3), 0), ((0, 3), 1)):
    case("softmax_slope", lambda t, x, y, axis: softmax_slope(x, y, axis=axis), size, size, axis=axis, keeps=("y", "x y"),
         theirs=lambda t, x, y, axis: y * (x - (x * y).sum(axis, keepdim=True)))  # fmt: skip
