"""Losses of scores against classes. The formulas are in functional/loss.py, regression.py and distance.py."""

from __future__ import annotations

import warnings
from math import prod
from typing import Any

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..layers.linear import Linear
from .base import Loss, OfPair

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "NLLLoss",
    "CrossEntropyLoss",
    "NLLLoss2d",
    "LinearCrossEntropyLoss",
    "CTCLoss",
    "MultiMarginLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "SoftMarginLoss",
]


class BCELoss(Loss):
    """-(y log x + (1 - y) log(1 - x)), for probabilities x and targets y of one shape; see functional.binary_cross_entropy.
    BCEWithLogitsLoss takes x before the sigmoid, and is exact there.

    https://pytorch.org/docs/stable/generated/torch.nn.BCELoss.html

    >>> from tinygrad_lite import tensor
    >>> BCELoss()(tensor([0.5]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(F.binary_cross_entropy)
    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """-(y log σ(x) + (1 - y) log(1 - σ(x))), for logits x and probabilities y of one shape. `weight` multiplies each loss, and
    `pos_weight` its first term. See functional.binary_cross_entropy_with_logits.

    https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html

    >>> from tinygrad_lite import tensor
    >>> BCEWithLogitsLoss()(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(F.binary_cross_entropy_with_logits)
    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class NLLLoss(Loss):
    """-x[target], for log-probabilities x of shape (N, C), (C) or (N, C, d1, ...) and class indices without the C.
    See functional.nll_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html

    >>> from tinygrad_lite import tensor
    >>> NLLLoss()(tensor([[-1.0, -2.0]]), tensor([1]))
    tensor(2.)
    """

    function = staticmethod(F.nll_loss)
    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(Loss):
    """-log softmax(x)[target], for logits x of shape (N, C), (C) or (N, C, d1, ...).

    The target holds class indices, of x's shape without the C, or class probabilities, of x's shape; see
    functional.cross_entropy.

    https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html

    >>> from tinygrad_lite import tensor
    >>> CrossEntropyLoss()(tensor([[0.0, 0.0]]), tensor([1]))
    tensor(0.6931)
    """

    function = staticmethod(F.cross_entropy)
    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    """NLLLoss, which takes pictures too: PyTorch's old name for it, with PyTorch's FutureWarning."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn("NLLLoss2d is the old name of NLLLoss: use NLLLoss", FutureWarning, stacklevel=2)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class LinearCrossEntropyLoss(Loss):
    """CrossEntropyLoss of a Linear layer's outputs, which belongs to the loss; see functional.linear_cross_entropy.

    The input is (N, in_features) or (in_features). With `out_features` (d1, ...) there is a prediction for each of them, and
    the target is (N, d1, ...). `options`, by which PyTorch computes it in parts to save memory, is accepted and does nothing.
    https://pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html

    >>> from tinygrad_lite import tensor, zeros
    >>> loss = LinearCrossEntropyLoss(3, 2)
    >>> loss(zeros(1, 3), tensor([0]))
    tensor(0.6931, grad_fn=<cross_entropy>)
    """

    function = staticmethod(F.linear_cross_entropy)
    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.num_classes, self.out_features = num_classes, out_features
        self.ignore_index, self.label_smoothing, self.options = ignore_index, label_smoothing, options
        self.linear = Linear(in_features, prod(out_features, start=num_classes), bias, device, dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        sizes, bias = (self.num_classes, *self.out_features), self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*sizes, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(sizes),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


class CTCLoss(Loss):
    """NotImplementedError: connectionist temporal classification is not here; see functional.ctc_loss."""

    function = staticmethod(F.ctc_loss)

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        F.ctc_loss(None, None, None, None, blank, reduction, zero_infinity)


class MultiMarginLoss(Loss):
    """The mean over the other classes i of max(0, margin - x[y] + x[i])^p; see functional.multi_margin_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html

    >>> from tinygrad_lite import tensor
    >>> MultiMarginLoss()(tensor([[0.5, 0.0, 2.0]]), tensor([0]))
    tensor(1.)
    """

    function = staticmethod(F.multi_margin_loss)
    weight: Tensor | None

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: only p == 1 and p == 2 supported, got {p}")
        if weight is not None and weight.ndim != 1:
            raise ValueError(f"MultiMarginLoss: weight must be one-dimensional, got {list(weight.shape)}")
        self.register_buffer("weight", weight)
        self.p, self.margin = p, margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class MultiLabelMarginLoss(OfPair):
    """Σ max(0, 1 - (x[j] - x[i])) / C over the right classes j, which the target lists up to a -1, and the others i; see
    functional.multilabel_margin_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html

    >>> from tinygrad_lite import tensor
    >>> MultiLabelMarginLoss()(tensor([[0.5, 0.0, 2.0]]), tensor([[2, -1, 0]]))
    tensor(0.)
    """

    function = staticmethod(F.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(Loss):
    """The mean over the classes of -(y log σ(x) + (1 - y) log σ(-x)), each times its weight; see
    functional.multilabel_soft_margin_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html

    >>> from tinygrad_lite import tensor
    >>> MultiLabelSoftMarginLoss()(tensor([[0.0, 0.0]]), tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    function = staticmethod(F.multilabel_soft_margin_loss)
    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class SoftMarginLoss(OfPair):
    """log(1 + e^(-y x)) for targets y of -1 and 1; see functional.soft_margin_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html

    >>> from tinygrad_lite import tensor
    >>> SoftMarginLoss()(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(F.soft_margin_loss)
