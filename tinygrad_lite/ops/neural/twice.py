"""For gradients that are written twice: fast, on arrays, and as a formula that can be differentiated again."""

from __future__ import annotations

from typing import Any

from ...backend import Array


def recorded_as(formula: Any, value: Array) -> Any:
    """A Tensor with this value, which is on the tape the result of a formula that gives the same but for rounding."""
    formula.array = value
    return formula


def array_of(x: Any) -> Any:
    """The array of a Tensor; anything else is unchanged."""
    return getattr(x, "array", x)


def arrays(*xs: Any) -> list[Any]:
    """The arrays of several Tensors."""
    return [array_of(x) for x in xs]
