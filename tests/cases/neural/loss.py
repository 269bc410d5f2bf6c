"""Rows of nll, nll_of_logits, bce_with_logits, bce and huber."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops.neural import loss

from ..table import LOGITS, Array, at, case, f, inf, nan, positive

TARGET = np.array([0, 2, 1, 1])


def picked(t: Any, x: Any, target: Array, n: int) -> Any:
    """The primitive that takes the target of each row from the log-probabilities x."""
    return loss.nll(x, index=at(x, target + x.shape[1] * np.arange(len(target))), n=n)


def picked_in_torch(t: Any, x: Any, target: Array, n: int) -> Any:
    return t.nn.functional.nll_loss(x, t.tensor(target), reduction="sum") / n


case("nll", picked, (4, 3), target=TARGET, n=4, theirs=picked_in_torch, keeps="")
case("nll", picked, LOGITS, target=TARGET, n=1, smooth=False, theirs=picked_in_torch)
case("nll", picked, (0, 3), target=TARGET[:0], n=1, theirs=picked_in_torch)


def of_rows(t: Any, x: Any, target: Array, n: int) -> Any:
    """The primitive, which takes the target of each row from the logits x."""
    largest, power, total = loss.powers_and_sums(x.array)
    index = at(x, target + x.shape[1] * np.arange(len(target)))
    return loss.cross_entropy(x, index=index, largest=largest, power=power, total=total, n=n)


def of_rows_in_torch(t: Any, x: Any, target: Array, n: int) -> Any:
    return t.nn.functional.cross_entropy(x, t.tensor(target), reduction="sum") / n


case("cross_entropy", of_rows, (4, 3), target=TARGET, n=4, theirs=of_rows_in_torch, keeps="x largest power total")
case("cross_entropy", of_rows, LOGITS, target=TARGET, n=1, smooth=False, theirs=of_rows_in_torch, name="odd")
case("cross_entropy", of_rows, (4, 7), target=TARGET, n=2, theirs=of_rows_in_torch)


def of_logits(t: Any, x: Any, target: Array) -> Any:
    """The primitive, which takes the target of each row from the logits x."""
    largest, total = loss.sums_of_powers(x.array)
    return loss.nll_of_logits(x, target=at(x, target), largest=largest, total=total)


def in_torch(t: Any, x: Any, target: Array) -> Any:
    return t.nn.functional.cross_entropy(x, t.tensor(target), reduction="none")


case("nll_of_logits", of_logits, (4, 3), target=TARGET, theirs=in_torch, keeps="x largest total")
case("nll_of_logits", of_logits, LOGITS, target=TARGET, smooth=False, theirs=in_torch, name="odd")
case("nll_of_logits", of_logits, (0, 3), target=TARGET[:0], theirs=in_torch)


def bce_in_torch(t: Any, x: Any, y: Any) -> Any:
    return t.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none")


case("bce_with_logits", lambda t, x, y: loss.bce_with_logits(x, y), (3, 4), (3, 4), theirs=bce_in_torch, keeps=("x y", "x"))
case(
    "bce_with_logits",
    lambda t, x, y: loss.bce_with_logits(x, y),
    f(0, 0, 3e4, -3e4, 40, -40, inf, -inf, nan),
    f(0, 1, 1, 0, 0.5, 0.5, 0.5, 0.5, 1),
    smooth=False,
    theirs=bce_in_torch,
)

for values in (f(0.5, -2, 3, 0, -0.25), f()):
    case(
        "huber",
        lambda t, x: loss.huber(x, delta=1.5),
        values,
        theirs=lambda t, x: t.nn.functional.huber_loss(x, t.zeros_like(x), "none", 1.5),
        keeps="x",
    )

for x, y in (((2, 3), (2, 3)), ((), ()), ((0,), (0,))):
    shape = x
    case(
        "bce",
        lambda t, x, y: t.nn.functional.binary_cross_entropy(x, y, reduction="none"),
        positive(*shape) / 2.5,
        positive(*shape) / 3,
        theirs=lambda t, x, y: -y * x.log() - (1 - y) * (1 - x).log(),  # PyTorch's has no derivative in y
        keeps=("x y", "x"),
    )
