"""Rows of the activations. The kinks are those of PyTorch's vectorized loops: its others give another gradient at nan."""

from __future__ import annotations

from typing import Any

from tinygrad_lite.ops.neural import activation

from ..table import FAR, case, f, inf, transposed, unary

unary("relu", keeps="out")
unary("sigmoid", keeps="out")


def row(
    op: str, x: Any, *, keeps: str | None = None, smooth: bool = True, twice: bool = True, call: str = "", **options: Any
) -> None:
    """A row of nn.functional.op(x, **options), or of the function `call` there."""
    theirs = (
        (lambda t, x: t.nn.functional.relu6(x + 3) / 6) if op == "hardsigmoid" else None
    )  # PyTorch's has one derivative only
    case(
        op,
        lambda t, x, **o: getattr(t.nn.functional, call or op)(x, **o),
        x,
        theirs=theirs,
        keeps=keeps,
        smooth=smooth,
        twice=twice,
        name=call,
        **options,
    )


KINKS = f(-inf, -6, -3, -1, -0.5, -0.0, 0.0, 0.5, 1, 3, 6, inf)
for op, keeps in {
    "logsigmoid": "x",
    "softplus": "x",
    "leaky_relu": "x",
    "hardtanh": "x",
    "hardsigmoid": "x",
    "hardswish": "x",
    "hardshrink": "x",
    "softshrink": "x",
    "elu": "x",
}.items():
    row(op, (2, 3), keeps=keeps)
    row(op, transposed(3, 2) * 3)
    row(op, ())
    row(op, KINKS[op == "hardswish" :], smooth=False, twice=op != "elu")  # at -inf, hardswish is nan
for op in ("logsigmoid", "softplus", "elu"):
    row(op, FAR, smooth=False)
row("leaky_relu", (0,))
row("leaky_relu", KINKS, negative_slope=-0.5, smooth=False)
row("leaky_relu", KINKS, negative_slope=2.0, smooth=False)
row("hardtanh", KINKS, call="relu6", smooth=False)
row("hardtanh", (0, 3), min_val=-0.5, max_val=2.0)
row("softplus", f(-1.0, 0.4, 0.5, 0.6, 3.0), beta=2.0, threshold=1.0, smooth=False, twice=False)
row("threshold", (2, 3), threshold=0.1, value=20.0, keeps="x")
row("threshold", KINKS, threshold=0.5, value=-inf, smooth=False)
row("threshold", (), threshold=0.1, value=20.0)
row("elu", (2, 3), alpha=-2.0)
row("elu", KINKS, call="selu", smooth=False, twice=False)
row("elu", (2, 3), call="celu", alpha=2.0)
row("hardshrink", (2, 3), lambd=-0.5)
row("hardshrink", f(-1.0, -0.0, 0.0, 1.0), lambd=0.0, smooth=False)
row("gelu_tanh", (2, 3), call="gelu", approximate="tanh", keeps="x t")
row("gelu_tanh", FAR, call="gelu", approximate="tanh", smooth=False)
row("gelu_tanh", (), call="gelu", approximate="tanh")
for x in ((2, 3), FAR):
    smooth = x is not FAR
    case(
        "gelu_share", lambda t, x: activation.gelu_share(x), x, theirs=lambda t, x: t.special.ndtr(x), keeps="x", smooth=smooth
    )
    case("exp_below_0", lambda t, x: activation.exp_below_0(x), x, keeps="x out", smooth=smooth,
         theirs=lambda t, x: t.where(x < 0, x, 0).exp())  # fmt: skip
    case("hardswish_slope", lambda t, x: activation.hardswish_slope(x), x, keeps="x", smooth=smooth,
         theirs=lambda t, x: t.where(x.abs() < 3, x / 3 + 0.5, (x > 0).to(x.dtype)))  # fmt: skip
row("gelu", (2, 3), keeps="x share")
row("gelu", FAR, smooth=False)
row("silu", (2, 3), keeps="x share")
row("silu", FAR, smooth=False)
row("softplus", (2, 3), call="mish")
row("sigmoid", (4, 6), call="glu", dim=0)
row("abs", (2, 3), call="softsign")
row("tanh", (2, 3), call="tanhshrink")
row("softmax", (2, 3), call="softmin", dim=1)
case(
    "scaled",
    lambda t, x: activation.scaled(x, x.detach() > 0, by=0.1),
    (2, 3),
    theirs=lambda t, x: t.where(x > 0, x, x * 0.1),
    keeps=("", ""),
)
case("scaled", lambda t, x: activation.scaled(x, x.detach() > 0, by=0.1), (0,), theirs=lambda t, x: t.where(x > 0, x, x * 0.1))
case("masked", lambda t, x, w: t.nn.functional.prelu(x, w), (2, 3), (1,))
case("masked", lambda t, x, w: t.prelu(x, w), (2, 3, 2), (3,), name="channels")
