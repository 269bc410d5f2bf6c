"""Losses as modules. The formulas are in functional/loss.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Never

from tinygrad_lite._tensor import Tensor

from . import functional as F
from .functional.loss import check_reduction
from .module import Module

__all__ = ["MSELoss", "L1Loss", "BCEWithLogitsLoss", "NLLLoss", "CrossEntropyLoss"]


class _Loss(Module):
    """What the losses share: a function of nn.functional, and how its result is reduced."""

    function: Callable[..., Tensor]

    def __init__(self, *tensors: Never, reduction: str = "mean") -> None:
        if tensors:
            name, function = type(self).__name__, getattr(type(self).function, "__name__", "")
            raise TypeError(
                f"{name} takes its options by name: {name}(reduction='sum'). The tensors are what the loss is called with: "
                f"{name}()(input, target), or F.{function}(input, target)"
            )
        check_reduction(reduction)
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return self.function(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """(x - y)², for predictions and targets of one shape; see functional.mse_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html

    >>> from tinygrad_lite import tensor
    >>> MSELoss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """

    function = staticmethod(F.mse_loss)


class L1Loss(_Loss):
    """|x - y|, for predictions and targets of one shape; see functional.l1_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html

    >>> from tinygrad_lite import tensor
    >>> L1Loss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(1.)
    """

    function = staticmethod(F.l1_loss)


class BCEWithLogitsLoss(_Loss):
    """-(y log σ(x) + (1 - y) log(1 - σ(x))), for logits x and probabilities y of one shape.

    See functional.binary_cross_entropy_with_logits.
    https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html

    >>> from tinygrad_lite import tensor
    >>> BCEWithLogitsLoss()(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(F.binary_cross_entropy_with_logits)


class NLLLoss(_Loss):
    """-x[target], for log-probabilities x of shape (N, C), (C) or (N, C, d1, ...) and class indices without the C.

    See functional.nll_loss. https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html

    >>> from tinygrad_lite import tensor
    >>> NLLLoss()(tensor([[-1.0, -2.0]]), tensor([1]))
    tensor(2.)
    """

    function = staticmethod(F.nll_loss)
    weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, *tensors: Never, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(*tensors, reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(NLLLoss):
    """-log softmax(x)[target], for logits x of shape (N, C), (C) or (N, C, d1, ...).

    The target holds class indices, of x's shape without the C, or class probabilities, of x's shape; see
    functional.cross_entropy. https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html

    >>> from tinygrad_lite import tensor
    >>> CrossEntropyLoss()(tensor([[0.0, 0.0]]), tensor([1]))
    tensor(0.6931)
    """

    function = staticmethod(F.cross_entropy)

    def __init__(
        self,
        weight: Tensor | None = None,
        *tensors: Never,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, *tensors, ignore_index=ignore_index, reduction=reduction)
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
