"""Layers that put numbers around their input: zeros, a constant, or its own numbers. functional/padding.py computes.

The padding is one number for every side, or a tuple from the last axis on: (left, right, top, bottom, front, back). The batch
may be missing. A negative size cuts off.
"""

from __future__ import annotations

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..module import Module

__all__ = ["ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d"]
__all__ += ["ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d"]
__all__ += ["CircularPad1d", "CircularPad2d", "CircularPad3d"]

Padding = int | tuple[int, ...]


class _Pad(Module):
    """What all of them share: the padding as a tuple, two sizes for each of d axes."""

    mode = "constant"
    d: int

    def __init__(self, padding: Padding) -> None:
        self.padding = (padding,) * (2 * self.d) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Padding, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Padding) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.d + 1, self.d + 2):
            raise ValueError(f"{type(self).__name__}: expected {self.d + 1}D or {self.d + 2}D input, got {input.ndim}D")
        return super().forward(input)


class ZeroPad1d(_ZeroPad):
    """Zeros around (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html

    >>> from tinygrad_lite import tensor
    >>> ZeroPad1d(1)(tensor([[1.0, 2.0]]))
    tensor([[0., 1., 2., 0.]])
    """

    d = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around (N, C, H, W). https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html"""

    d = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around (N, C, D, H, W). https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html"""

    d = 3


class ConstantPad1d(_ConstantPad):
    """A value around (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html

    >>> from tinygrad_lite import tensor
    >>> ConstantPad1d(1, 5.0)(tensor([[1.0, 2.0]]))
    tensor([[5., 1., 2., 5.]])
    """

    d = 1


class ConstantPad2d(_ConstantPad):
    """A value around (N, C, H, W). https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html"""

    d = 2


class ConstantPad3d(_ConstantPad):
    """A value around (N, C, D, H, W). https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html"""

    d = 3


class ReflectionPad1d(_Pad):
    """The mirrored input, without its edge, around (N, C, L).

    https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html

    >>> from tinygrad_lite import tensor
    >>> ReflectionPad1d(1)(tensor([[1.0, 2.0]]))
    tensor([[2., 1., 2., 1.]])
    """

    mode, d = "reflect", 1


class ReflectionPad2d(_Pad):
    """The mirrored input, without its edge, around (N, C, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """

    mode, d = "reflect", 2


class ReflectionPad3d(_Pad):
    """The mirrored input, without its edge, around (N, C, D, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
    """

    mode, d = "reflect", 3


class ReplicationPad1d(_Pad):
    """The edge, repeated, around (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html

    >>> from tinygrad_lite import tensor
    >>> ReplicationPad1d(1)(tensor([[1.0, 2.0]]))
    tensor([[1., 1., 2., 2.]])
    """

    mode, d = "replicate", 1


class ReplicationPad2d(_Pad):
    """The edge, repeated, around (N, C, H, W). https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html"""

    mode, d = "replicate", 2


class ReplicationPad3d(_Pad):
    """The edge, repeated, around (N, C, D, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
    """

    mode, d = "replicate", 3


class CircularPad1d(_CircularPad):
    """The other end on each side of (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html

    >>> from tinygrad_lite import tensor
    >>> CircularPad1d(1)(tensor([[1.0, 2.0]]))
    tensor([[2., 1., 2., 1.]])
    """

    d = 1


class CircularPad2d(_CircularPad):
    """The other end on each side of (N, C, H, W). https://pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html"""

    d = 2


class CircularPad3d(_CircularPad):
    """The other end on each side of (N, C, D, H, W).

    https://pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
    """

    d = 3
