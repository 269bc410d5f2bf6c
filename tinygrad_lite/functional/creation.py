"""x.new_zeros(2, 3) and its kin: new tensors with the dtype and device of another."""

from __future__ import annotations

from typing import Any

from .. import creation
from .._tensor import Tensor

__all__: list[str] = []
METHODS = ["new_tensor", "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided"]


def _as(x: Tensor, options: dict[str, Any]) -> dict[str, Any]:
    """The options, with dtype and device of x where none is given."""
    return {"dtype": x.dtype, "device": x.device} | {name: value for name, value in options.items() if value is not None}


def new_tensor(self: Tensor, data: Any, **options: Any) -> Tensor:
    """tensor(data) with the dtype and device of x. The options are dtype, device and requires_grad.
    >>> tensor([1.5]).new_tensor([1, 2])
    tensor([1., 2.])
    """
    return creation.tensor(data, **_as(self, options))


def new_zeros(self: Tensor, *shape: Any, size: Any = None, **options: Any) -> Tensor:
    """Zeros of a shape, x.new_zeros(2, 3), with the dtype and device of x."""
    return creation.zeros(*shape, size=size, **_as(self, options))


def new_ones(self: Tensor, *shape: Any, size: Any = None, **options: Any) -> Tensor:
    """Ones of a shape, x.new_ones(2, 3), with the dtype and device of x."""
    return creation.ones(*shape, size=size, **_as(self, options))


def new_empty(self: Tensor, *shape: Any, size: Any = None, **options: Any) -> Tensor:
    """A tensor of a shape, x.new_empty(2, 3), with the dtype and device of x. Its values are arbitrary."""
    return creation.empty(*shape, size=size, **_as(self, options))


def new_full(self: Tensor, size: Any, fill_value: Any, **options: Any) -> Tensor:
    """A tensor of a shape, filled with one number, with the dtype and device of x.
    >>> ones(1).new_full((2,), 7)
    tensor([7., 7.])
    """
    return creation.full(size, fill_value, **_as(self, options))


def new_empty_strided(self: Tensor, size: Any, stride: Any, **options: Any) -> Tensor:
    """A tensor of a shape with these strides (in numbers), and the dtype and device of x. Its values are arbitrary."""
    return creation.empty_strided(size, stride, **_as(self, options))
