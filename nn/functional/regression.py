"""Losses of numbers against numbers: how far they are apart, or how improbable the target is under a distribution.

Every loss is reduced over its elements by `reduction`: "mean" (the default), "sum" or "none".
"""

from __future__ import annotations

from math import inf, log, pi

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.operands import same_dtype
from tinygrad_lite.ops import choice, exponential, logarithmic
from tinygrad_lite.ops.neural import loss as ops
from tinygrad_lite.ops.neural.activation import logsigmoid, softplus

from .loss import check_pair, difference, l1_loss, reduced, reduction_of

__all__ = ["smooth_l1_loss", "huber_loss", "binary_cross_entropy", "kl_div", "poisson_nll_loss", "gaussian_nll_loss"]
__all__ += ["soft_margin_loss", "multilabel_soft_margin_loss"]


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d² / (2 beta) where |d| < beta, |d| - beta/2 elsewhere, for d = x - y. RuntimeError for a negative beta.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html

    >>> from tinygrad_lite import tensor
    >>> smooth_l1_loss(tensor([0.5, 3.0]), tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return reduced(ops.huber(difference(input, target, reduction, "smooth_l1_loss"), delta=beta) / beta, reduction)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d²/2 where |d| <= delta, delta (|d| - delta/2) elsewhere, for d = x - y; each times its weight.
    RuntimeError unless delta > 0; ValueError if the weight has another shape than x.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.huber_loss.html

    >>> from tinygrad_lite import tensor
    >>> huber_loss(tensor([0.5, 3.0]), tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    if not isinstance(delta, (int, float)):
        raise TypeError(f"huber_loss: delta must be a number, got {type(delta).__name__}")
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    loss = ops.huber(difference(input, target, reduction, "huber_loss"), delta=delta)
    if weight is not None:
        if weight.shape != input.shape:
            raise ValueError("huber_loss: Weights and input must have the same size.")
        loss = loss * weight
    return reduced(loss, reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(y log x + (1 - y) log(1 - x)) for probabilities x, where a logarithm counts as -100 if it is less.
    RuntimeError for an x outside [0, 1], ValueError if the shapes differ. For logits use the exact ..._with_logits.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html

    >>> from tinygrad_lite import tensor
    >>> binary_cross_entropy(tensor([0.5, 0.0]), tensor([1.0, 1.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("binary_cross_entropy", input, target)
    if input.shape != target.shape:
        what = f"Using a target size ({list(target.shape)}) that is different to the input size ({list(input.shape)})"
        raise ValueError(f"binary_cross_entropy: {what} is not allowed; ensure they have the same size")
    if input.dtype != target.dtype:
        raise RuntimeError(f"binary_cross_entropy: found dtype {target.dtype} but expected {input.dtype}; cast the target")
    x = input.array
    if x.size and not ((x >= 0) & (x <= 1)).all():
        raise RuntimeError("binary_cross_entropy: all elements of input should be between 0 and 1; logits need ..._with_logits")
    loss = ops.bce(input, target)
    return reduced(loss if weight is None else loss * weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y (log y - x), the divergence of a distribution y from one with the log-probabilities x; with log_target, y is given as
    its logarithm. Besides the usual ones, the reduction "batchmean" divides the sum by the size of dim 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html

    >>> from tinygrad_lite import tensor
    >>> kl_div(tensor([-1.0, -1.0]), tensor([0.5, 0.0]), reduction="none")
    tensor([0.1534, 0.0000])
    """
    if reduction != "batchmean" or size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    check_pair("kl_div", input, target)
    x, y = same_dtype(input, target)
    loss = exponential.exp(y) * (y - x) if log_target else logarithmic.xlogy(y, y) - y * x
    if reduction == "batchmean":
        return reduced(loss, "sum") / (input.shape[0] if input.ndim else 1)
    return reduced(loss, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """e^x - y x, the negative log-likelihood of a count y under a rate e^x, without log y!; with log_input=False, x is the
    rate: x - y log(x + eps). With `full`, Stirling's y log y - y + log(2πy)/2 for log y!, where y > 1.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.poisson_nll_loss.html

    >>> from tinygrad_lite import tensor
    >>> poisson_nll_loss(tensor([0.0, 1.0]), tensor([1.0, 2.0]), reduction="none")
    tensor([1.0000, 0.7183])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("poisson_nll_loss", input, target)
    x, y = same_dtype(input, target)
    loss = exponential.exp(x) - y * x if log_input else x - y * exponential.log(x + eps)
    if full:
        stirling = y * exponential.log(y) - y + exponential.log(y * (2 * pi)) * 0.5
        loss = loss + choice.masked(stirling, ~(y.array <= 1))
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log v + (x - y)² / v) / 2, the negative log-likelihood of y under the mean x and variance v, of which at least eps is
    taken; with `full`, plus log(2π) / 2. The variance has x's shape, or without the last size, or with 1 for one of them.
    ValueError for another shape and for a negative variance.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.gaussian_nll_loss.html

    >>> from tinygrad_lite import tensor
    >>> gaussian_nll_loss(tensor([0.0, 1.0]), tensor([1.0, 1.0]), tensor([1.0, 4.0]), reduction="none")
    tensor([0.5000, 0.6931])
    """
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError(f"gaussian_nll_loss: var has negative entry/entries, got {var}")
        var = Tensor._of(np.full_like(input.array, var))
    elif (var.array < 0).any():
        raise ValueError("gaussian_nll_loss: var has negative entry/entries")
    if var.shape != input.shape:
        others = [size for n, size in zip(input.shape, var.shape) if n != size]
        if input.shape[:-1] == var.shape:
            var = functional.unsqueeze(var, -1)
        elif input.ndim != var.ndim or others != [1]:
            raise ValueError(f"gaussian_nll_loss: var is of incorrect size {list(var.shape)} for {list(input.shape)}")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"gaussian_nll_loss: {reduction} is not valid")
    held = var.detach()
    var = var + (held.clamp(min=eps) - held)  # at least eps, and the gradient is that of var all the same
    loss = (exponential.log(var) + (input - target) ** 2 / var) * 0.5
    return reduced(loss + 0.5 * log(2 * pi) if full else loss, reduction)


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + e^(-y x)) for targets y of -1 and 1, without overflow.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.soft_margin_loss.html

    >>> from tinygrad_lite import tensor
    >>> soft_margin_loss(tensor([0.0, -1000.0]), tensor([1.0, 1.0]), reduction="none")
    tensor([6.9315e-01, 1.0000e+03])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("soft_margin_loss", input, target)
    x, y = same_dtype(input, target)
    return reduced(softplus(-y * x, beta=1, threshold=inf), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of -(y log σ(x) + (1 - y) log σ(-x)), each times its weight: one loss for each row.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_soft_margin_loss.html

    >>> from tinygrad_lite import tensor
    >>> multilabel_soft_margin_loss(tensor([[0.0, 0.0]]), tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("multilabel_soft_margin_loss", input, target)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced(functional.sum(loss, -1) / (input.shape[-1] if input.ndim else 1), reduction)
