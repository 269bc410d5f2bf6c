"""What the losses share."""

from __future__ import annotations

from collections.abc import Callable

from tinygrad_lite._tensor import Tensor

from ..functional.loss import reduction_of
from ..module import Module


class Loss(Module):
    """A function of nn.functional, and how its result is reduced; `size_average` and `reduce` are the old form of that."""

    function: Callable[..., Tensor]

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        if any(isinstance(option, Tensor) for option in (size_average, reduce, reduction)):
            name, function = type(self).__name__, getattr(type(self).function, "__name__", "")
            raise TypeError(
                f"{name} is made with options only: {name}(reduction='sum'). The tensors are what the loss is called with: "
                f"{name}()(input, target), or F.{function}(input, target)"
            )
        self.reduction = reduction_of(reduction, size_average, reduce)


class OfPair(Loss):
    """A loss without options besides the reduction."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self.function(input, target, reduction=self.reduction)
