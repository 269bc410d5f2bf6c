"""Distances and angles between vectors, and the losses made of them, which want some pairs near and others far.

Every loss is reduced over its elements by `reduction`: "mean" (the default), "sum" or "none".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.functional import statistics
from tinygrad_lite.functional.similarity import cosine_similarity, pairwise_distance
from tinygrad_lite.operands import same_dtype
from tinygrad_lite.ops import choice, exponential, indexing

from .loss import check_pair, check_reduction, reduced, reduction_of

__all__ = ["normalize", "cosine_similarity", "pairwise_distance", "pdist", "cosine_embedding_loss", "hinge_embedding_loss"]
__all__ += ["margin_ranking_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss", "multi_margin_loss"]
__all__ += ["multilabel_margin_loss"]


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖, eps), with the p-norm along `dim`: vectors of length 1.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html

    >>> from tinygrad_lite import tensor
    >>> normalize(tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / choice.clip(input.norm(p, dim, keepdim=True), min=eps, max=np.inf)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norm distances between all pairs of rows: (N, D) gives (N (N-1) / 2), in the order (0,1), (0,2), ..., (1,2), ...

    https://pytorch.org/docs/stable/generated/torch.nn.functional.pdist.html

    >>> from tinygrad_lite import tensor
    >>> pdist(tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    return statistics.pdist(input, p)


# Losses


def hinge(x: Tensor) -> Tensor:
    """max(x, 0), with the derivative 1 at 0."""
    return choice.clip(x, min=0, max=np.inf)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x, y) for the target 1, max(0, cos(x, y) - margin) for the target -1; (N, D), (N, D) and (N), or (D), (D) and ().

    https://pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html

    >>> from tinygrad_lite import tensor
    >>> cosine_embedding_loss(tensor([1.0, 0.0]), tensor([1.0, 1.0]), tensor(1))
    tensor(0.2929)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if target.ndim not in (0, 1):
        raise RuntimeError(f"cosine_embedding_loss: 0D or 1D target tensor expected, got {target.ndim}D")
    if input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        what = f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors"
        raise RuntimeError(f"cosine_embedding_loss: {what}, but found inputs with sizes {input1.shape} and {input2.shape}")
    x, y = same_dtype(input1, input2)
    sizes = [functional.sum(z * z, -1) + 1e-12 for z in (x, y)]
    cosine = functional.sum(x * y, -1) / exponential.sqrt(sizes[0] * sizes[1])
    same, other = target.array == 1, target.array == -1
    return reduced(choice.masked(1 - cosine, same) + choice.masked(hinge(cosine - margin), other), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x for the target 1, max(0, margin - x) for the target -1.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.hinge_embedding_loss.html

    >>> from tinygrad_lite import tensor
    >>> hinge_embedding_loss(tensor([0.5, 0.25]), tensor([1, -1]), reduction="none")
    tensor([0.5000, 0.7500])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("hinge_embedding_loss", input, target)
    shape = np.broadcast_shapes(input.shape, target.shape)
    x, y = functional.broadcast_to(input, shape), functional.broadcast_to(target, shape).array
    return reduced(choice.masked(hinge(margin - x), y != 1) + choice.masked(x, y != -1), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - y (x1 - x2)): the target y is 1 if x1 should be the larger, -1 if x2 should.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.margin_ranking_loss.html

    >>> from tinygrad_lite import tensor
    >>> margin_ranking_loss(tensor([1.0, 2.0]), tensor([0.0, 0.0]), tensor([1.0, -1.0]), reduction="none")
    tensor([0., 2.])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        sizes = f"{list(input1.shape)}, {list(input2.shape)} and {list(target.shape)}"
        raise RuntimeError(f"margin_ranking_loss : All input tensors should have same dimension but got sizes: {sizes}")
    return reduced(hinge(-target * (input1 - input2) + margin), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + d(a, p) - d(a, n)), with pairwise_distance as d: the positive should be nearer to the anchor than the
    negative. With `swap`, d(p, n) is taken for d(a, n) where it is less. ValueError unless margin > 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_loss.html

    >>> from tinygrad_lite import tensor
    >>> a, b, c = tensor([[0.0, 0.0]]), tensor([[3.0, 4.0]]), tensor([[0.0, 1.0]])
    >>> triplet_margin_loss(a, b, c), triplet_margin_loss(a, c, b)
    (tensor(5.0000), tensor(0.))
    """

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    reduction = reduction_of(reduction, size_average, reduce)
    return triplet_margin_with_distance_loss(
        anchor, positive, negative, distance_function=distance, margin=margin, swap=swap, reduction=reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """triplet_margin_loss with any function of two tensors as the distance.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html

    >>> from tinygrad_lite import tensor
    >>> a, b, c = tensor([0.0]), tensor([3.0]), tensor([1.0])
    >>> triplet_margin_with_distance_loss(a, b, c, distance_function=lambda x, y: abs(x - y))
    tensor(3.)
    """
    check_reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        found = f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        what = "The anchor, positive, and negative tensors are expected to have the same number of dimensions"
        raise RuntimeError(f"{what}, but got: {found}")
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = choice.minimum(far, distance(positive, negative))
    return reduced(hinge(margin + near - far), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes i of max(0, margin - x[y] + x[i])^p without i = y, times weight[y]: the right class's score
    should be larger by the margin than every other. (N, C) and (N), or (C) and (). p is 1 or 2.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.multi_margin_loss.html

    >>> from tinygrad_lite import tensor
    >>> multi_margin_loss(tensor([[0.5, 0.0, 2.0]]), tensor([0]))
    tensor(1.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("multi_margin_loss", input, target)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    x, y = input.array, target.array
    classes = x.shape[-1] if x.ndim else 1
    if x.ndim > 2 or (x.ndim and not classes) or y.size != (x.shape[0] if x.ndim == 2 else 1) or y.ndim > 1:
        found = f"{list(x.shape)} and {list(y.shape)}"
        raise RuntimeError(f"multi_margin_loss: expected non-empty (N, C) or (C), and a target (N) or (), got {found}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"multi_margin_loss: weight must be one-dimensional, got {list(weight.shape)}")
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(f"multi_margin_loss: inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    index = y.reshape(-1)
    if ((index < 0) | (index >= classes)).any():
        raise RuntimeError(f"multi_margin_loss: target out of range; classes are 0 to {classes - 1}")
    rows = functional.reshape(input, (-1, classes))
    places = array_module(x).arange(index.size)
    right = indexing.getitem(rows, index=(places, index), once=True)
    others = index[:, None] != array_module(x).arange(classes)
    loss = choice.masked(hinge(margin - functional.unsqueeze(right, 1) + rows), others)
    loss = loss if p == 1 else loss * loss
    if weight is not None:
        loss = loss * functional.unsqueeze(weight.detach()[Tensor._of(index)], 1)
    loss = functional.sum(loss, 1) / classes
    return reduced(loss if y.ndim else functional.reshape(loss, ()), reduction)


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """Σ max(0, 1 - (x[j] - x[i])) / C over the right classes j and the others i. A row of the target lists the right classes,
    up to the first -1; it has the shape of x, (N, C) or (C).

    https://pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_margin_loss.html

    >>> from tinygrad_lite import tensor
    >>> multilabel_margin_loss(tensor([[0.5, 0.0, 2.0]]), tensor([[2, -1, 0]]))
    tensor(0.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("multilabel_margin_loss", input, target)
    x, y = input.array, target.array
    if x.ndim > 2 or (x.ndim and not x.shape[-1]):
        raise RuntimeError(f"multilabel_margin_loss: Expected non-empty vector or matrix, got {list(x.shape)}")
    if y.shape != x.shape:
        raise RuntimeError(f"multilabel_margin_loss: inconsistent target size {list(y.shape)} for {list(x.shape)}")
    classes = x.shape[-1] if x.ndim else 1
    index = y.reshape(-1, classes)
    if index.size and (index.min() < -1 or index.max() >= classes):
        raise RuntimeError(f"multilabel_margin_loss: target out of range; classes are 0 to {classes - 1}, and -1 ends a row")
    rows = functional.reshape(input, (-1, classes))
    listed = np.cumprod(index >= 0, axis=1).astype(bool)  # up to the first -1
    index = np.where(listed, index, 0)
    every = array_module(x).arange(classes)
    right = ((index[:, :, None] == every) & listed[:, :, None]).any(1)
    chosen = indexing.getitem(rows, index=(array_module(x).arange(index.shape[0])[:, None], index), once=False)
    loss = hinge(1 - functional.unsqueeze(chosen, 2) + functional.unsqueeze(rows, 1))
    loss = choice.masked(loss, listed[:, :, None] & ~right[:, None, :])
    loss = functional.sum(loss, (1, 2)) / classes
    return reduced(loss if x.ndim > 1 else functional.reshape(loss, ()), reduction)
