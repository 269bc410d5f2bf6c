"""The table of op cases: a row per case, from which test_ops.py makes all its checks.

A row is a function of `t` and tensors, where `t` is tinygrad_lite or torch: since the names are PyTorch's, the one text
computes both. A primitive that PyTorch has no name for says what it is in torch as `theirs`. Inputs are arrays, or shapes to
be filled with normal numbers. `smooth=False` marks inputs where a difference quotient says nothing (ties, kinks, inf, nan),
`twice=False` those where one library's second derivative is nan (0 · inf) and the other's is the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_lite.backend import array_module
from tinygrad_lite.ops import arithmetic, choice, indexing, linalg, reduction, shape
from tinygrad_lite.ops.neural import linear, loss

inf, nan = np.inf, np.nan
Function = Callable[..., Any]


class Case(NamedTuple):
    """One row: what is computed, from what, and which primitive it is there for."""

    op: str  # the primitive (a name in tape.ops) that it exercises
    ours: Function
    inputs: tuple[np.ndarray[Any, Any], ...]
    theirs: Function
    smooth: bool
    twice: bool
    name: str


CASES: list[Case] = []


def case(
    op: str, ours: Function, *inputs: Any, theirs: Function | None = None, smooth: bool = True, twice: bool = True
) -> None:
    """Add a row. An input is an array, or a shape (a tuple) to be filled with normal numbers."""
    nth = sum(row.op == op for row in CASES)
    rng = np.random.default_rng([nth, *op.encode()])  # a new row changes no other op's numbers
    arrays = tuple(rng.standard_normal(x) if isinstance(x, tuple) else np.asarray(x) for x in inputs)
    shapes = "-".join("x".join(map(str, x.shape)) or "0d" for x in arrays)
    name = f"{op}-{shapes}-{nth}"
    CASES.append(Case(op, ours, tuple(_laid_out(a, x) for a, x in zip(arrays, inputs)), theirs or ours, smooth, twice, name))


def _laid_out(array: Any, given: Any) -> Any:
    """np.asarray above keeps the strides of arrays that were given; 0-d results of NumPy are made arrays again."""
    return given if isinstance(given, np.ndarray) else np.array(array)


def f(*values: Any) -> np.ndarray[Any, Any]:
    """A float64 array of literal numbers."""
    return np.array(values, dtype=np.float64)


def at(x: Any, index: np.ndarray[Any, Any]) -> Any:
    """An index where x is: what primitives take on a GPU."""
    return array_module(x.array).asarray(index)


def positive(*size: int) -> np.ndarray[Any, Any]:
    """Numbers between 0.5 and 2, none of them alike."""
    return np.random.default_rng(7).uniform(0.5, 2.0, size)


def transposed(*size: int) -> np.ndarray[Any, Any]:
    """An array of this shape that lies in memory with its axes reversed."""
    return np.random.default_rng(8).standard_normal(size[::-1]).T


def strided(*size: int) -> np.ndarray[Any, Any]:
    """An array of this shape, every second number of a larger one."""
    return np.random.default_rng(9).standard_normal([2 * n for n in size])[tuple(slice(1, None, 2) for _ in size)]


TIES = f([1, 2, 2], [3, 3, 1])
ODD = f(-inf, -2, -0.0, 0.0, 1.5, inf, nan)
MASK = np.array([[True, False, True], [False, False, True]])

# ---- elementwise, two inputs: broadcast on neither, either and both sides; 0-d, empty, strided

PAIRS = [
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
for x, y in PAIRS:
    case("add", lambda t, x, y: x + y, x, y)
    case("sub", lambda t, x, y: x - y, x, y)
    case("mul", lambda t, x, y: x * y, x, y)
    case("div", lambda t, x, y: x / y, x, np.abs(y) + 0.5 if isinstance(y, np.ndarray) else positive(*y))
    case("maximum", lambda t, x, y: t.maximum(x, y), x, y)
    case("minimum", lambda t, x, y: t.minimum(x, y), x, y)
    case("pow", lambda t, x, y: x**y, np.abs(x) + 0.5 if isinstance(x, np.ndarray) else positive(*x), y)
    case("where", lambda t, x, y: t.where(x > y, x, y), x, y)

case("add", lambda t, x: x + 2, (2, 3))
case("add", lambda t, x: 2.5 + x, ())
case("add", lambda t, x: x + x, (3,))
case("add", lambda t, x, y: t.add(x, y), (3,), np.arange(3))
case("sub", lambda t, x: 2 - x, (2, 3))
case("sub", lambda t, x: x - x, (3,))
case("mul", lambda t, x: 3 * x, (2, 3))
case("mul", lambda t, x: x * x * x, (3,))
case("mul", lambda t, x, y: x * y, (2, 3), np.arange(3))
case("mul", lambda t, x, y: x * y, (3,), np.array([True, False, True]))
case("mul", lambda t, x, y: x * y, ODD, f(1, 2, 3, inf, -inf, 0, 1), smooth=False)
case("div", lambda t, x: x / 4, (2, 3))
case("div", lambda t, x: 4 / x, positive(2, 3))
case("div", lambda t, x: x / x, positive(3))
case("div", lambda t, x, y: x / y, f(1, -1, 0, 2, inf), f(0, 0, 0, inf, inf), smooth=False)
case("maximum", lambda t, x, y: t.maximum(x, y), TIES, f(2, 3, 2), smooth=False)
case("maximum", lambda t, x: t.maximum(x, x), (3,))
case("maximum", lambda t, x: t.max(x, x * 2), (3,))
case("maximum", lambda t, x, y: t.maximum(x, y), ODD, f(0, -2, 0, 0, nan, inf, 1), smooth=False)
case("minimum", lambda t, x, y: t.minimum(x, y), TIES, f(2, 3, 2), smooth=False)
case("minimum", lambda t, x: t.min(x, x), (3,))
case("minimum", lambda t, x, y: t.minimum(x, y), ODD, f(0, -2, 0, 0, nan, inf, 1), smooth=False)
case("pow", lambda t, x, y: x**y, f(0, 0, 0, 0), f(2, 1, 0, 0.5), smooth=False, twice=False)
case("pow", lambda t, x, y: x**y, f(-2, -2, -2, 2), f(2, 3, 0.5, -1), smooth=False)
case("pow", lambda t, x, y: t.pow(x, y), f(-2, 0, 3), np.array([2, 2, 3]), smooth=False)
case("pow", lambda t, y: 2**y, (2, 3))
case("pow", lambda t, y: 0.5**y, ())
case("pow", lambda t, y: 0**y, f(0, 1, 2, 0.5), smooth=False, twice=False)
case("pow", lambda t, x: x**x, positive(3))
for exponent in (2, 3, 1, 0, -1, 0.5, -1.5, 2.0, True):
    case("pow_scalar", lambda t, x, exponent=exponent: x**exponent, positive(2, 3))
case("pow_scalar", lambda t, x: t.pow(x, 3), (2, 3))
case("pow_scalar", lambda t, x: x.pow(2), ())
case("pow_scalar", lambda t, x: x**2, (0, 2))
case("pow_scalar", lambda t, x: x**2, transposed(2, 3))
case("pow_scalar", lambda t, x: x**0, f(0, 1, -1), smooth=False)
case("pow_scalar", lambda t, x: x**0.5, f(0, -1, 4), smooth=False)
case("pow_scalar", lambda t, x: x**-1, f(0, -1, 4), smooth=False)
case("pow_scalar", lambda t, x: x**1, f(0, inf, nan), smooth=False)
case("where", lambda t, x, c: t.where(c, x, 0), (2, 3), MASK)
case("where", lambda t, x, c: t.where(c, 1.5, x), (3,), MASK)
case("where", lambda t, x, y, c: t.where(c, x, y), (), (2, 1), MASK)
case("where", lambda t, x, y, c: x.where(c, y), (3,), (2, 3), MASK)
case("where", lambda t, x: t.where(x > 0, x, (-x) ** 0.5), f(-1, 1, 4), smooth=False)
case("where", lambda t, x, y: t.where(x > 0, x, y), ODD, ODD[::-1].copy(), smooth=False)

# ---- elementwise, one input

for name in ("neg", "exp", "tanh", "sigmoid", "relu", "abs", "sign"):
    unary: Function = lambda t, x, name=name: getattr(t, name)(x)  # noqa: E731
    for x in ((2, 3), (), (0,), (2, 0, 3), transposed(3, 2), strided(2, 3)):
        case(name, unary, x)
    case(name, unary, ODD[:-1] if name in ("sign", "abs") else ODD, smooth=False)  # sign(nan) is 0 in PyTorch, nan in NumPy
    case(name, unary, f(-800, -100, -30, 30, 100, 800), smooth=False)
    case(name, lambda t, x, name=name: getattr(x, name)(), (3,))
for name in ("log", "sqrt"):
    unary = lambda t, x, name=name: getattr(t, name)(x)  # noqa: E731
    for x in (positive(2, 3), positive(), positive(0), positive(3, 2).T, positive(4, 6)[::2, ::3]):
        case(name, unary, x)
    case(name, unary, ODD, smooth=False)
    case(name, lambda t, x, name=name: getattr(x, name)(), positive(3))
case("neg", lambda t, x: -x, (3,))
case("abs", lambda t, x: abs(x), (3,))
for low, high in ((-0.5, 0.5), (None, 0.3), (0, None), (1, 0), (-inf, inf)):
    case("clip", lambda t, x, low=low, high=high: t.clamp(x, low, high), (3, 4))
    case("clip", lambda t, x, low=low, high=high: x.clamp(min=low, max=high), ODD, smooth=False)
case("clip", lambda t, x: x.clip(-1, 1), ())
case("clip", lambda t, x: t.clamp(x, 0, 1), (0, 2))
case("clip", lambda t, x: t.clamp(x, 0, 1), transposed(2, 3))
case("clip", lambda t, x: t.clamp(x, min=0), f(-1, 0, 1), smooth=False)
case("clip", lambda t, x: t.clamp(x, 0, 1), f(-1, 0, 0.5, 1, 2), smooth=False)
case("clamp", lambda t, x, y, z: t.clamp(x, y, z), (2, 3), (3,), (2, 1))
case(
    "clamp",
    lambda t, x, y, z: t.clamp(x, y, z),
    f(0, 1, 2, nan, 1, 5, 1.5, 0, 2),
    f(1, 1, 1, 1, nan, 3, 3, 1, 2),
    f(2, 2, 2, 2, 2, 1, 1, 1, 2),
    smooth=False,
)
case("clamp", lambda t, x, y, z: x.clamp(y, z), (2, 3), (), (3,))
case("clamp_max", lambda t, x, y: t.clamp(x, max=y), (2, 3), ())
case("clamp_max", lambda t, x, y: t.clamp(x, max=y), f(0, 1, 2, nan, 1, 0), f(1, 1, 1, 1, nan, -inf), smooth=False)
case("clamp_min", lambda t, x, y: t.clamp(x, min=y), (2, 3), (3,))
case("clamp_min", lambda t, x, y: t.clamp(x, min=y), f(0, 1, 2, nan, 1, 0), f(1, 1, 1, 1, nan, inf), smooth=False)
case("zero", lambda t, x: arithmetic.zero(x), (2, 3), theirs=lambda t, x: x * 0)
case("zero", lambda t, x: arithmetic.zero(x), (), theirs=lambda t, x: x * 0)
case("zero", lambda t, x: arithmetic.zero(x), (0, 2), theirs=lambda t, x: x * 0)
case("masked", lambda t, x: choice.masked(x, t.tensor(MASK, device=x.device)), (2, 3), theirs=lambda t, x: x * t.tensor(MASK))
case("masked", lambda t, x: choice.masked(x, x > 0), transposed(2, 3), theirs=lambda t, x: x * (x > 0))
case("masked", lambda t, x: choice.masked(x, x > 0), (), theirs=lambda t, x: x * (x > 0))
case(
    "masked",
    lambda t, x: choice.masked(x, x == 1),
    f(1, inf, nan, -inf),
    smooth=False,
    theirs=lambda t, x: t.where(x == 1, x, 0.0),
)
case("cast", lambda t, x: x.to(t.float32), (2, 3), smooth=False)
case("cast", lambda t, x: x.half() * 2, (), smooth=False)
case("cast", lambda t, x: x.float().double(), (2, 0), smooth=False)
case("cast", lambda t, x: x.float() + x, (3,), smooth=False)
case("clone", lambda t, x: x.clone(), (2, 3))
case("clone", lambda t, x: t.clone(x), transposed(2, 3))
case("clone", lambda t, x: x.T.clone(), (2, 3))
case("clone", lambda t, x: x.clone(), ())

# ---- reductions

DIMS: list[Any] = [None, 0, 1, 2, -1, -3, (0, 1), (0, 2), (-1, 0), (0, 1, 2), ()]
for dim in DIMS:
    for keep in (False, True):
        for x in ((2, 3, 4), transposed(2, 3, 4)):
            case("sum", lambda t, x, dim=dim, keep=keep: t.sum(x, dim, keep), x)
            case("mean", lambda t, x, dim=dim, keep=keep: x.mean(dim, keepdim=keep), x)
            if dim is not None:
                case("amax", lambda t, x, dim=dim, keep=keep: t.amax(x, dim, keep), x)
                case("amin", lambda t, x, dim=dim, keep=keep: x.amin(dim, keepdim=keep), x)
            if dim not in (None, ()):
                case("logsumexp", lambda t, x, dim=dim, keep=keep: t.logsumexp(x, dim, keep), x)
for name in ("sum", "mean", "amax", "amin"):
    reduce: Function = lambda t, x, name=name: getattr(t, name)(x)  # noqa: E731
    case(name, reduce, ())
    case(name, reduce, (2, 3))
    case(name, lambda t, x, name=name: getattr(t, name)(x, 0), ())
    case(name, lambda t, x, name=name: getattr(t, name)(x, -1, True), ())
    case(name, lambda t, x, name=name: getattr(t, name)(x, axis=1, keepdims=True), strided(2, 3))
    case(name, lambda t, x, name=name: getattr(t, name)(x, 1), (0, 3))
    case(name, reduce, ODD, smooth=False)
    case(name, lambda t, x, name=name: getattr(t, name)(x, 1), TIES, smooth=False)
    case(name, lambda t, x, name=name: getattr(t, name)(x), TIES, smooth=False)
for name in ("sum", "mean"):
    case(name, lambda t, x, name=name: getattr(t, name)(x), (0,), twice=False)
    case(name, lambda t, x, name=name: getattr(t, name)(x, 0), (0, 3), twice=False)
    case(name, lambda t, x, name=name: getattr(t, name)(x, dtype=t.float32), (2, 3), smooth=False)
case("sum", lambda t, x, c: (x * c.sum()).sum(), (3,), MASK)
case("largest", lambda t, x: x.max(), (2, 3))
case("largest", lambda t, x: x.max(), ())
case("largest", lambda t, x: t.max(x), transposed(2, 3))
case("largest", lambda t, x: x.max(), TIES, smooth=False)
case("largest", lambda t, x: t.max(x), f(1, 2, 2), smooth=False)
case("largest", lambda t, x: t.max(x), f(1, nan, 2, nan), smooth=False)
case("smallest", lambda t, x: x.min(), (2, 3))
case("smallest", lambda t, x: x.min(), ())
case("smallest", lambda t, x: t.min(x), transposed(2, 3))
case("smallest", lambda t, x: t.min(x), f(1, nan, 1, inf), smooth=False)
case("smallest", lambda t, x: x.min(), f(1, 1, 2), smooth=False)
case("smallest", lambda t, x: t.min(x), ())
for dim in (0, 1, -1):
    for keep in (False, True):
        case("gather", lambda t, x, dim=dim, keep=keep: tuple(t.max(x, dim, keep)), (3, 4))
        case("gather", lambda t, x, dim=dim, keep=keep: tuple(x.min(dim, keepdim=keep)), TIES, smooth=False)
case("gather", lambda t, x: tuple(x.max(dim=1)), transposed(2, 3, 4))
case("gather", lambda t, x: x.max(axis=1).values, (2, 3))
case("gather", lambda t, x: tuple(x.max(1)), f([1, nan, 2], [inf, 0, inf]), smooth=False)
case("gather", lambda t, x: tuple(x.min(1)), (0, 3))
case("clone", lambda t, x: tuple(x.max(0)), ())
SPREAD = {"shape": (2, 3, 4), "axis": (0, 2)}
case(
    "expand_reduced",
    lambda t, x: reduction.expand_reduced(x, **SPREAD, keepdims=True),
    (1, 3, 1),
    theirs=lambda t, x: x.expand(2, 3, 4) + 0,
)
case(
    "expand_reduced",
    lambda t, x: reduction.expand_reduced(x, **SPREAD, keepdims=False),
    (3,),
    theirs=lambda t, x: x[None, :, None].expand(2, 3, 4) + 0,
)
case(
    "expand_reduced",
    lambda t, x: reduction.expand_reduced(x, shape=(2, 2), axis=(0, 1), keepdims=False),
    (),
    theirs=lambda t, x: x.expand(2, 2) + 0,
)
INDEX = np.array([[0, 2], [1, 1], [2, 2]])
case(
    "gather",
    lambda t, x: indexing.gather(x, index=at(x, INDEX), axis=1),
    (3, 3),
    theirs=lambda t, x: x.gather(1, t.tensor(INDEX)),
)
case(
    "scatter_add",
    lambda t, x: indexing.scatter_add(x, index=at(x, INDEX), axis=1, shape=(3, 4)),
    (3, 2),
    theirs=lambda t, x: t.zeros(3, 4, dtype=x.dtype).scatter_add(1, t.tensor(INDEX), x),
)
case(
    "scatter_add",
    lambda t, x: indexing.scatter_add(x, index=at(x, INDEX), axis=0, shape=(3, 2)),
    transposed(3, 2),
    theirs=lambda t, x: t.zeros(3, 2, dtype=x.dtype).scatter_add(0, t.tensor(INDEX), x),
)

# ---- linear algebra

for a, b in [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 2)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((0,), (0,)),
    ((0, 2, 3), (3, 2)),
    (transposed(2, 3), transposed(3, 2)),
    (strided(2, 3), strided(3, 2)),
    ((1, 1), (1, 1)),
    (np.arange(6.0).reshape(2, 3), np.arange(6).reshape(3, 2) * 1.0),
]:
    case("matmul", lambda t, a, b: a @ b, a, b)
case("matmul", lambda t, a, b: t.matmul(a, b), (2, 3), (3, 2))
case("matmul", lambda t, a, b: a.matmul(b), (2, 3), (3, 2))
case("matmul", lambda t, a: a @ a, (3, 3))
case("matmul", lambda t, a: a @ a.T, (2, 3))
case("matmul", lambda t, a: linalg.matmul(a, a.mT), (2, 2, 3), theirs=lambda t, a: a @ a.mT)
for batch in ((4,), (), (2, 4), (0,)):
    case(
        "linear",
        lambda t, x, w, b: linear.linear(x, w, b),
        (*batch, 3),
        (2, 3),
        (2,),
        theirs=lambda t, x, w, b: t.nn.functional.linear(x, w, b),
    )

# ---- shape

case("reshape", lambda t, x: x.reshape(3, 2), (2, 3))
case("reshape", lambda t, x: t.reshape(x, (-1,)), transposed(2, 3))
case("reshape", lambda t, x: x.reshape([2, -1, 1]), (2, 3))
case("reshape", lambda t, x: x.reshape(()), (1, 1))
case("reshape", lambda t, x: x.reshape(1, 1), ())
case("reshape", lambda t, x: x.reshape(3, 0), (0, 2))
case("reshape", lambda t, x: x.view(-1, 2), (2, 3))
case("reshape", lambda t, x: x.view((6,)), (2, 3))
for axes in ((0, 1, 2), (2, 0, 1), (-1, 0, 1), (1, -1, 0)):
    case("permute", lambda t, x, axes=axes: x.permute(*axes), (2, 3, 4))
    case("permute", lambda t, x, axes=axes: t.permute(x, axes), transposed(2, 3, 4))
case("permute", lambda t, x: x.permute(()), ())
case("permute", lambda t, x: x.permute(1, 0), (0, 2))
case("permute", lambda t, x: x.transpose(0, -1), (2, 3, 4))
case("permute", lambda t, x: t.transpose(x, 1, 1), (2, 3))
case("permute", lambda t, x: t.transpose(x, 0, -1), ())
case("permute", lambda t, x: x.T, (2, 3))
case("permute", lambda t, x: x.mT, (2, 3, 4))
for dim in (None, 0, 1, -1, (0, 2), (0, 1)):
    case("reshape", lambda t, x, dim=dim: x.squeeze() if dim is None else x.squeeze(dim), (1, 3, 1))
case("reshape", lambda t, x: t.squeeze(x), ())
case("reshape", lambda t, x: t.squeeze(x, 0), ())
case("reshape", lambda t, x: x.squeeze(()), (1, 2))
for dim in (0, 1, 2, -1, -3):
    case("reshape", lambda t, x, dim=dim: t.unsqueeze(x, dim), (2, 3))
case("reshape", lambda t, x: x.unsqueeze(0), ())
for start, end in ((0, -1), (1, -1), (0, 1), (-2, 2)):
    case("reshape", lambda t, x, start=start, end=end: t.flatten(x, start, end), (2, 3, 4))
case("reshape", lambda t, x: x.flatten(), ())
case("reshape", lambda t, x: x.flatten(), transposed(2, 3))
case("reshape", lambda t, x: x.flatten(1), (0, 2, 3))
case("expand", lambda t, x: x.expand(4, 3), (1, 3))
case("expand", lambda t, x: x.expand(4, -1, 3), (2, 1))
case("expand", lambda t, x: x.expand((2, 2)), ())
case("expand", lambda t, x: t.broadcast_to(x, (2, 3)), (3,))
case("expand", lambda t, x: x.broadcast_to((2, 2, 3)), (2, 1))
case("expand", lambda t, x: x.expand(0, 3), (1, 3))
case("expand", lambda t, x: x.expand(2, 3) * x, (3,))
for dim in (0, 1, -1):
    case("cat", lambda t, x, y, dim=dim: t.cat([x, y, x], dim), (2, 3), (2, 3))
    case("cat", lambda t, x, y, dim=dim: t.stack((x, y), dim), (2, 3), transposed(2, 3))
case("cat", lambda t, x, y, z: t.cat((x, y, z)), (1, 2), (3, 2), (0, 2))
case("cat", lambda t, x, y: t.cat([x, y], dim=1), strided(2, 1), (2, 4))
case("cat", lambda t, x, y: t.cat([x, y]), (0,), (2, 3))
case("cat", lambda t, x: t.cat([x]), (3,))
case("cat", lambda t, x, y: t.stack([x, y]), (), ())
case("cat", lambda t, x, y: t.cat([x, y]), (2,), np.arange(3))
case("cat", lambda t, x, y: t.cat([x, y], axis=0), (2,), (1,))
case("narrow", lambda t, x: shape.narrow(x, axis=1, start=1, stop=3), (2, 4), theirs=lambda t, x: x[:, 1:3])
case("narrow", lambda t, x: shape.narrow(x, axis=0, start=1, stop=1), (2, 4), theirs=lambda t, x: x[1:1])
case("pad", lambda t, x: shape.pad(x, axis=1, start=1, size=5), (2, 3), theirs=lambda t, x: t.nn.functional.pad(x, (1, 1)))
case("move", lambda t, x: shape.move(x, place="cpu", source=x.device), (2, 3), theirs=lambda t, x: x.clone())

# ---- indexing: basic (views), with arrays and repeats, and the two mixed

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
    case("getitem", lambda t, x, index=index: x[indexed(t, index)], (2, 3, 4))
case("getitem", lambda t, x: x[...], ())
case("getitem", lambda t, x: x[None], ())
case("getitem", lambda t, x: x[()], ())
case("getitem", lambda t, x: x[True], ())
case("getitem", lambda t, x: x[t.tensor(1)], (3,))
case("getitem", lambda t, x: x[[0, 0, 1]], (2,))
case("getitem", lambda t, x: x[1:, [0, 0]], transposed(3, 2))
case("getitem", lambda t, x: x[::2, 1], strided(3, 2))
case("getitem", lambda t, x: x[x > 0], (3, 4))
case("getitem", lambda t, x: x[x > 0] * x[x > 0], (3, 4))
case("getitem", lambda t, x: x[t.tensor([[0, 1]], dtype=t.int32)], (2, 3))
case("getitem", lambda t, x: x[t.arange(2), t.tensor([2, 0])], (2, 3))
case(
    "index_add",
    lambda t, x: indexing.index_add(x, shape=(3, 2), index=(slice(1, None), ...), once=True),
    (2, 2),
    theirs=lambda t, x: t.nn.functional.pad(x, (0, 0, 1, 0)),
)
case(
    "index_add",
    lambda t, x: indexing.index_add(x, shape=(2, 2), index=(at(x, np.array([0, 0, 1])),), once=False),
    (3, 2),
    theirs=lambda t, x: t.zeros(2, 2, dtype=x.dtype).index_add(0, t.tensor([0, 0, 1]), x),
)


def written(index: Any) -> Function:
    """x with y written at an index, in place on a copy."""

    def write(t: Any, x: Any, y: Any) -> Any:
        x = x.clone()
        x[indexed(t, index)] = y
        return x

    return write


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
    case("setitem", written(index), (2, 3, 4), size)

# ---- neural

LOGITS = f([1e4, -1e4, 0], [-inf, 0, 1], [1e4, 1e4, 1e4], [-inf, -inf, 5])
for name in ("softmax", "log_softmax"):
    soft: Function = lambda t, x, dim=-1, name=name: getattr(t, name)(x, dim)  # noqa: E731
    for dim in (0, 1, -1):
        case(name, lambda t, x, dim=dim, soft=soft: soft(t, x, dim), (2, 3))
        case(name, lambda t, x, dim=dim, soft=soft: soft(t, x, dim), transposed(2, 3, 2))
    for size in ((), (1,), (0, 3), (3, 0), (0,)):
        case(name, lambda t, x, soft=soft: soft(t, x, -1), size)
    case(name, soft, LOGITS, smooth=False)
    case(name, soft, f([-inf, -inf], [inf, 0], [nan, 0]), smooth=False)
    case(name, lambda t, x, name=name: getattr(x, name)(dim=0), (3,))
    case(name, lambda t, x, name=name: getattr(t, name)(x, 0, dtype=t.float32), (3,), smooth=False)
case("logsumexp", lambda t, x: t.logsumexp(x, 0), ())
case("logsumexp", lambda t, x: t.logsumexp(x, 1), (0, 3))
case("logsumexp", lambda t, x: t.logsumexp(x, 1), (3, 0), smooth=False)
case("logsumexp", lambda t, x: x.logsumexp(1), LOGITS, smooth=False)
case("logsumexp", lambda t, x: x.logsumexp(-1), f([-inf, -inf], [inf, 0], [nan, 0]), smooth=False)
TARGET = np.array([0, 2, 1, 1])
case(
    "bce_with_logits",
    lambda t, x, y: loss.bce_with_logits(x, y),
    (3, 4),
    (3, 4),
    theirs=lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none"),
)
case(
    "bce_with_logits",
    lambda t, x, y: loss.bce_with_logits(x, y),
    f(0, 0, 3e4, -3e4, 40, -40, inf, -inf, nan),
    f(0, 1, 1, 0, 0.5, 0.5, 0.5, 0.5, 1),
    smooth=False,
    theirs=lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none"),
)
case(
    "nll",
    lambda t, x: loss.nll(x, index=(at(x, np.arange(4)), at(x, TARGET)), n=4),
    (4, 3),
    theirs=lambda t, x: t.nn.functional.nll_loss(x, t.tensor(TARGET)),
)
case(
    "nll",
    lambda t, x: loss.nll(x, index=(at(x, np.arange(4)), at(x, TARGET)), n=1),
    LOGITS,
    smooth=False,
    theirs=lambda t, x: t.nn.functional.nll_loss(x, t.tensor(TARGET), reduction="sum"),
)
case(
    "nll",
    lambda t, x: loss.nll(x, index=(at(x, np.arange(0)), at(x, TARGET[:0])), n=1),
    (0, 3),
    theirs=lambda t, x: t.nn.functional.nll_loss(x, t.tensor(TARGET[:0]), reduction="sum"),
)

# ---- rows that are many and short, which are summed column by column, and maximized by columns

MANY = np.random.default_rng(3).standard_normal((401, 3))
case("sum", lambda t, x: t.sum(x, 1), MANY, smooth=False)
case("sum", lambda t, x: x.sum(-1, keepdim=True), np.asfortranarray(MANY), smooth=False)
case("softmax", lambda t, x: t.softmax(x, 1), MANY, smooth=False)
case("log_softmax", lambda t, x: t.log_softmax(x, -1), MANY.reshape(1, 401, 3), smooth=False)
case("logsumexp", lambda t, x: t.logsumexp(x, 1), MANY, smooth=False)

# ---- einsum: one operand, two, three; labels twice in one, summed out, broadcast; dots; without an arrow

EINSUM: list[tuple[str, list[Any]]] = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk", [transposed(2, 3), strided(3, 4)]),
    ("bA,Ac", [(2, 3), (3, 4)]),
    (",", [(), ()]),
    ("ij,kj->ki", [(2, 3), (4, 3)]),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 1)]),
    ("i,j->ji", [(2,), (3,)]),
    ("i,i", [(3,), (3,)]),
    ("ij,ij->i", [(2, 3), (2, 3)]),
    ("ij,kl->", [(2, 3), (2, 4)]),
    ("ij,jk->k", [(2, 3), (3, 4)]),
    ("ii,i->i", [(3, 3), (3,)]),
    ("iij,jk->ik", [(3, 3, 2), (2, 4)]),
    ("ij,ij->i", [(2, 1), (2, 3)]),
    ("i,ij->ij", [(1,), (2, 3)]),
    ("i,ij", [(1,), (0, 3)]),
    ("...ij,...kj->...ik", [(4, 1, 2, 3), (5, 2, 3)]),
    ("...,...->...", [(2, 3), (3,)]),
    ("...i,i...->...", [(2, 3), (3, 2)]),
    ("a b... , b... -> a", [(2, 3, 2), (3, 2)]),
    ("ij,jk,kl->li", [(2, 3), (3, 4), (4, 2)]),
    ("i,i,i", [(3,), (1,), (3,)]),
    ("nc,nck,nkjf->jf", [(4, 3), (4, 3, 3), (4, 3, 3, 2)]),
    ("ij,jk->ik", [(2, 0), (0, 3)]),
    ("ij,j->i", [(0, 3), (3,)]),
]
for equation, sizes in EINSUM:
    case("einsum", lambda t, *xs, equation=equation: t.einsum(equation, *xs), *sizes)
case("einsum", lambda t, x: t.einsum("ij,ji->j", [x, x]), (3, 3))
for equation, size in [("ba", (2, 3)), ("i...->...i", (2, 3, 4)), ("ij->ij", (2, 3)), ("->", ())]:
    case("permute", lambda t, x, equation=equation: t.einsum(equation, x), size)
for equation, size in [("ij->i", (2, 3)), ("i...->i", (2, 3, 4)), ("ij->", (0, 3))]:
    case("sum", lambda t, x, equation=equation: t.einsum(equation, x), size)
for equation, size in [("ii->i", (3, 3)), ("ii", (3, 3)), ("...ii", (2, 3, 3)), ("iji->j", transposed(2, 3, 2))]:
    case("getitem", lambda t, x, equation=equation: t.einsum(equation, x), size)

# What each primitive keeps for backward when all of its inputs require grad: arrays only, input by input.
# This is the memory that training needs, so a change here should be meant.
KEEPS: dict[str, tuple[str, ...]] = {
    "add": ("", ""),
    "sub": ("", ""),
    "mul": ("y", "x"),
    "div": ("y", "x y"),
    "neg": ("",),
    "pow_scalar": ("x",),
    "pow": ("x y", "x y out"),
    "exp": ("out",),
    "log": ("x",),
    "sqrt": ("out",),
    "tanh": ("out",),
    "sigmoid": ("out",),
    "relu": ("out",),
    "abs": ("x",),
    "sign": ("",),
    "maximum": ("x y", "x y"),
    "minimum": ("x y", "x y"),
    "clip": ("x",),
    "clamp": ("x min max", "x min max", "x min max"),
    "clamp_min": ("x min", "x min"),
    "clamp_max": ("x max", "x max"),
    "zero": ("",),
    "cast": ("",),
    "sum": ("",),
    "expand_reduced": ("",),
    "mean": ("",),
    "amax": ("x out",),
    "amin": ("x out",),
    "largest": ("x out",),
    "smallest": ("x out",),
    "matmul": ("y", "x"),
    "linear": ("weight", "x", ""),
    "reshape": ("",),
    "permute": ("",),
    "expand": ("",),
    "cat": ("",),
    "narrow": ("",),
    "pad": ("",),
    "clone": ("",),
    "move": ("",),
    "getitem": ("",),
    "index_add": ("",),
    "setitem": ("", ""),
    "gather": ("",),
    "scatter_add": ("",),
    "softmax": ("out",),
    "log_softmax": ("out",),
    "logsumexp": ("x out",),
    "nll": ("",),
    "bce_with_logits": ("x y", "x"),
    "einsum": ("y", "x"),
    "where": ("", "condition", "condition"),
    "masked": ("keep", ""),
}
