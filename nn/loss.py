"""Losses as modules; the formulas are in functional.py."""

from __future__ import annotations

from typing import Any

from tinygrad_lite._tensor import Tensor

from . import functional as F
from .module import Module


class _Loss(Module):
    def __init__(self, *, reduction: str = "mean") -> None:
        F._check_reduction(reduction)
        self.reduction = reduction


class MSELoss(_Loss):
    """(x - y)²; see functional.mse_loss. https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html

    >>> from tinygrad_lite import tensor
    >>> MSELoss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Predictions and targets of one shape."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """|x - y|; see functional.l1_loss. https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html

    >>> from tinygrad_lite import tensor
    >>> L1Loss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Predictions and targets of one shape."""
        return F.l1_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """-(y log σ(x) + (1 - y) log(1 - σ(x))); see functional.binary_cross_entropy_with_logits.

    https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html

    >>> from tinygrad_lite import tensor
    >>> BCEWithLogitsLoss()(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits, and probabilities of the same shape."""
        return F.binary_cross_entropy_with_logits(input, target, reduction=self.reduction)


class NLLLoss(_Loss):
    """-x[target] for log-probabilities x; see functional.nll_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html

    >>> from tinygrad_lite import tensor
    >>> NLLLoss()(tensor([[-1.0, -2.0]]), tensor([1]))
    tensor(2.)
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Log-probabilities (N, C), (C) or (N, C, d1, ...), and class indices without the C."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(NLLLoss):
    """-log softmax(x)[target] for logits x; see functional.cross_entropy.

    https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html

    >>> from tinygrad_lite import tensor
    >>> CrossEntropyLoss()(tensor([[0.0, 0.0]]), tensor([1]))
    tensor(0.6931)
    """

    def __init__(self, weight: Tensor | None = None, *, label_smoothing: float = 0.0, **options: Any) -> None:
        super().__init__(weight, **options)
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits (N, C), (C) or (N, C, d1, ...), and class indices without the C, or probabilities of the same shape."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
