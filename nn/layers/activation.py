"""Activations: what a layer does with each of its numbers, or with all numbers along an axis. The shape stays the same."""

from __future__ import annotations

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..module import Module

__all__ = ["ReLU", "Tanh", "Sigmoid", "Softmax", "LogSoftmax"]


class ReLU(Module):
    """max(x, 0). `inplace` is accepted as in PyTorch: the result is the same, but x itself is not changed.

    https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html

    >>> from tinygrad_lite import tensor
    >>> ReLU()(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x). https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html

    >>> from tinygrad_lite import tensor
    >>> Tanh()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class Sigmoid(Module):
    """1 / (1 + e^-x). https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html

    >>> from tinygrad_lite import tensor
    >>> Sigmoid()(tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class Softmax(Module):
    """e^x / Σ e^x along `dim`. https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html

    >>> from tinygrad_lite import zeros
    >>> Softmax(dim=1)(zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """x - log Σ e^x along `dim`. https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html

    >>> from tinygrad_lite import zeros
    >>> LogSoftmax(dim=1)(zeros(1, 2))
    tensor([[-0.6931, -0.6931]])
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
