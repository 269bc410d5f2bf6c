"""Distances and angles as modules, and the losses made of them. The formulas are in functional/distance.py."""

from __future__ import annotations

from collections.abc import Callable

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..module import Module
from .base import Loss

__all__ = [
    "CosineSimilarity",
    "PairwiseDistance",
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class CosineSimilarity(Module):
    """x · y / (‖x‖ ‖y‖), the cosine of the angle between vectors along `dim`; see functional.cosine_similarity.

    https://pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html

    >>> from tinygrad_lite import tensor
    >>> CosineSimilarity(dim=0)(tensor([1.0, 0.0]), tensor([1.0, 1.0]))
    tensor(0.7071)
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """‖x - y + eps‖, the p-norm along the last axis; see functional.pairwise_distance.

    https://pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html

    >>> from tinygrad_lite import tensor
    >>> PairwiseDistance()(tensor([[0.0, 0.0]]), tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineEmbeddingLoss(Loss):
    """1 - cos(x1, x2) for the target 1, max(0, cos(x1, x2) - margin) for the target -1; see functional.cosine_embedding_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html

    >>> from tinygrad_lite import tensor
    >>> CosineEmbeddingLoss()(tensor([1.0, 0.0]), tensor([1.0, 1.0]), tensor(1))
    tensor(0.2929)
    """

    function = staticmethod(F.cosine_embedding_loss)

    def __init__(
        self, margin: float = 0.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(Loss):
    """x for the target 1, max(0, margin - x) for the target -1; see functional.hinge_embedding_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html

    >>> from tinygrad_lite import tensor
    >>> HingeEmbeddingLoss(reduction="none")(tensor([0.5, 0.25]), tensor([1, -1]))
    tensor([0.5000, 0.7500])
    """

    function = staticmethod(F.hinge_embedding_loss)

    def __init__(
        self, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(Loss):
    """max(0, margin - y (x1 - x2)): x1 should be the larger where y is 1, x2 where y is -1.

    See functional.margin_ranking_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html

    >>> from tinygrad_lite import tensor
    >>> MarginRankingLoss()(tensor([1.0]), tensor([3.0]), tensor([1]))
    tensor(2.)
    """

    function = staticmethod(F.margin_ranking_loss)

    def __init__(
        self, margin: float = 0.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """max(0, margin + ‖a - p‖ - ‖a - n‖): the anchor should be nearer to the positive than to the negative, by the margin.
    ValueError unless margin > 0. See functional.triplet_margin_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html

    >>> from tinygrad_lite import tensor
    >>> TripletMarginLoss()(tensor([[0.0]]), tensor([[3.0]]), tensor([[1.0]]))
    tensor(3.)
    """

    function = staticmethod(F.triplet_margin_loss)

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: margin must be greater than 0, got {margin}")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """TripletMarginLoss with any function of two tensors as the distance; see functional.triplet_margin_with_distance_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html

    >>> from tinygrad_lite import tensor
    >>> loss = TripletMarginWithDistanceLoss(distance_function=lambda x, y: abs(x - y))
    >>> loss(tensor([0.0]), tensor([3.0]), tensor([1.0]))
    tensor(3.)
    """

    function = staticmethod(F.triplet_margin_with_distance_loss)

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: margin must be greater than 0, got {margin}")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
