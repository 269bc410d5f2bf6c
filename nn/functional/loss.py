"""Losses: how far a prediction is from its target, as one number that training makes small.

Those of classes take logits or log-probabilities of shape (N, C), (C) or (N, C, d1, ...), with the classes along dim 1. Every
loss is reduced over its elements by `reduction`: "mean" (the default), "sum" or "none".
"""

from __future__ import annotations

import warnings
from math import inf, prod
from typing import Any, Never

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module
from tinygrad_lite.dtypes import int64
from tinygrad_lite.operands import as_array, same_dtype
from tinygrad_lite.ops import arithmetic, choice, exponential, indexing
from tinygrad_lite.ops.neural import loss as ops
from tinygrad_lite.ops.neural.activation import softplus
from tinygrad_lite.ops.neural.softmax import log_softmax
from tinygrad_lite.ops.reduction import sum as sum_over
from tinygrad_lite.ops.special import CACHED

from .errors import not_tensors
from .linear import linear

__all__ = ["mse_loss", "l1_loss", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss"]
__all__ += ["linear_cross_entropy", "ctc_loss"]


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x - y)², by default the mean over all elements. A warning if the shapes differ, because they are then broadcast.
    With a `weight` of x's shape, each element is multiplied by its weight, and the mean is the weighted one.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    >>> from tinygrad_lite import tensor
    >>> mse_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    loss = exponential.pow_scalar(difference(input, target, reduction, "mse_loss"), y=2)
    return reduced(loss, reduction) if weight is None else _weighted(loss, weight, input, reduction, "mse_loss")


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|x - y|, by default the mean over all elements. A warning if the shapes differ, because they are then broadcast.
    With a `weight` of x's shape, each element is multiplied by its weight, and the mean is the weighted one.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html

    >>> from tinygrad_lite import tensor
    >>> l1_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(1.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    loss = arithmetic.abs(difference(input, target, reduction, "l1_loss"))
    return reduced(loss, reduction) if weight is None else _weighted(loss, weight, input, reduction, "l1_loss")


def _weighted(loss: Tensor, weight: Tensor, input: Tensor, reduction: str, what: str) -> Tensor:
    if weight.shape != input.shape:
        raise ValueError(f"{what}: Weights and input must have the same size.")
    loss = loss * weight
    return functional.sum(loss) / functional.sum(weight) if reduction == "mean" else reduced(loss, reduction)


def difference(input: Tensor, target: Tensor, reduction: str, what: str) -> Tensor:
    """Prediction minus target, in their common dtype."""
    check_reduction(reduction)
    check_pair(what, input, target)
    if input.shape != target.shape:
        warnings.warn(
            f"{what}: the target size {list(target.shape)} is different to the input size {list(input.shape)}. This will "
            f"likely lead to incorrect results due to broadcasting; ensure they have the same size",
            UserWarning,
            stacklevel=3,
        )
    x, y = same_dtype(input, target)
    return x - y


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(y log σ(x) + (1 - y) log(1 - σ(x))) = (1 - y) x + max(-x, 0) + log(1 + e^-|x|), for targets y in [0, 1] of x's shape.

    `weight` multiplies each loss, and `pos_weight` its first term. At infinite logits it is what the second formula
    gives, as in PyTorch: nan where 0 meets ∞. ValueError if the shapes differ.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html

    >>> from tinygrad_lite import tensor
    >>> binary_cross_entropy_with_logits(tensor([0.0, 1000.0]), tensor([1.0, 1.0]), reduction="none")
    tensor([0.6931, 0.0000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    check_pair("binary_cross_entropy_with_logits", input, target)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({list(target.shape)}) must be the same as input size ({list(input.shape)})")
    x, y = same_dtype(input, target)
    if pos_weight is None:
        loss = ops.bce_with_logits(x, y)
    else:
        loss = (1 - y) * x + (y * (pos_weight - 1) + 1) * softplus(-x, beta=1, threshold=inf)
    return reduced(loss if weight is None else loss * weight, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(x)[target]: the negative log-likelihood of the right class, for logits x.

    `target` holds class indices (integers, of x's shape without the class dimension) or class probabilities (floats of x's
    shape). Where an index is ignore_index, the loss is 0 and does not count in the mean. `weight` (C) multiplies the loss of
    each class, and the mean is then the weighted one. With label_smoothing e, the target is 1 - e of the class plus e / C of
    every class.
    IndexError for an index outside 0 ... C-1, ValueError or RuntimeError for shapes that do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html

    >>> from tinygrad_lite import tensor
    >>> cross_entropy(tensor([[0.0, 0.0], [0.0, 1000.0]]), tensor([0, 1]), reduction="none")
    tensor([0.6931, -0.0000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    _check_classes("cross_entropy", input, target, weight)
    x, t = input.array, target.array
    if weight is None and ignore_index < 0 and _are_rows(x, t):
        if x.size > CACHED and not label_smoothing:
            largest, total = ops.sums_of_powers(x)
            return reduced(ops.nll_of_logits(input, target=t, largest=largest, total=total), reduction)
        if reduction != "none" and not label_smoothing:  # nearly every call
            return _cross_entropy(input, t, reduction)
        log_p = log_softmax(input, axis=1)
        loss = _of_rows(log_p, t, reduction)
        if not label_smoothing:
            return loss
        every = functional.sum(log_p, 1) if reduction == "none" else functional.sum(log_p)
        share = label_smoothing / x.shape[1] / (t.size if reduction == "mean" else 1)
        smoothed: Tensor = loss * (1 - label_smoothing) - every * share
        return smoothed
    log_p = log_softmax(_rows(input, "cross_entropy"), axis=1)
    if t.dtype.kind != "f":
        return _class_loss(log_p, input, target, weight, ignore_index, reduction, label_smoothing, "cross_entropy")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if t.shape != x.shape:
        _check_batch("cross_entropy", x.shape, t.shape)
        raise RuntimeError(
            f"cross_entropy: a {t.dtype} target holds class probabilities and needs the input's shape {list(x.shape)}, got "
            f"{list(t.shape)}; if it holds class indices, use target.long()"
        )
    share = _rows(target, "cross_entropy")
    if label_smoothing:
        share = share * (1 - label_smoothing) + label_smoothing / share.shape[1]
    share = share if weight is None else share * _class_weights(weight, log_p)
    loss = -functional.sum(log_p * share, 1)
    return reduced(loss.reshape(x.shape[:1] * (x.ndim > 1) + x.shape[2:]), reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-x[target]: the negative log-likelihood of the right class, for log-probabilities x. The options are cross_entropy's.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html

    >>> from tinygrad_lite import tensor
    >>> nll_loss(tensor([[-1.0, -2.0], [-3.0, -4.0]]), tensor([0, 1]))
    tensor(2.5000)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    _check_classes("nll_loss", input, target, weight)
    if target.array.dtype.kind == "f":
        raise RuntimeError(f"nll_loss: the target must hold class indices (integers), got {target.dtype}; use target.long()")
    if weight is None and ignore_index < 0 and _are_rows(input.array, target.array):
        return _of_rows(input, target.array, reduction)
    return _class_loss(_rows(input, "nll_loss"), input, target, weight, ignore_index, reduction, 0.0, "nll_loss")


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """cross_entropy(linear(input, linear_weight, linear_bias), target): the weight is (C, in) or (C, d1, ..., in), the input
    (N, in) or, with a weight (C, in), also (in). RuntimeError for shapes that do not fit, and for an ignore_index where the
    target holds probabilities. `options`, by which PyTorch computes it in parts to save memory, is accepted and does nothing.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.linear_cross_entropy.html

    >>> from tinygrad_lite import tensor, zeros
    >>> linear_cross_entropy(tensor([[1.0, 2.0]]), zeros(4, 2), tensor([3]))
    tensor(1.3863)
    """
    check_pair("linear_cross_entropy", input, target)
    if input.ndim not in (1, 2) or linear_weight.ndim < 2 or linear_weight.shape[-1] != input.shape[-1]:
        found = f"{list(input.shape)} and {list(linear_weight.shape)}"
        raise RuntimeError(f"linear_cross_entropy: expected (N, in) or (in) and a weight (C, ..., in), got {found}")
    sizes = linear_weight.shape[:-1]
    if linear_bias is not None and linear_bias.shape != sizes:
        raise RuntimeError(f"expected linear_bias shape {tuple(sizes)}, got {tuple(linear_bias.shape)}")
    if len(sizes) > 1 and input.ndim == 1:
        what = f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input"
        raise RuntimeError(f"{what}, (N, {input.shape[-1]}), got {tuple(input.shape)}")
    shape = (*input.shape[:-1], *sizes)
    if target.shape == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input, linear_weight.reshape((prod(sizes), input.shape[-1])), bias).reshape(shape)
    return cross_entropy(
        logits,
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Never:
    """NotImplementedError: connectionist temporal classification is not here. It sums over all alignments of two sequences,
    a recursion in time whose derivatives would need an op of their own. https://www.cs.toronto.edu/~graves/icml_2006.pdf
    """
    raise NotImplementedError(
        "ctc_loss: it sums over all alignments of two sequences, a loop over time that is not here; "
        "train with aligned targets and cross_entropy, or compute this loss in PyTorch"
    )


# What the arguments must be


def check_reduction(reduction: str) -> None:
    """ValueError for a name that is not one of the reductions."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction!r} is not a valid value for reduction; use 'mean', 'sum' or 'none'")


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that the arguments ask for. `size_average` and `reduce` are its old form: with one of them, a warning."""
    if size_average is None and reduce is None:
        check_reduction(reduction)
        return reduction
    old = "none" if reduce is False else "sum" if size_average is False else "mean"
    what = f"size_average and reduce are the old form of reduction: use reduction={old!r}"
    warnings.warn(what, UserWarning, stacklevel=3)
    return old


def check_pair(what: str, input: Tensor, target: Tensor) -> None:
    """TypeError if one of the two is not a Tensor."""
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        raise not_tensors(what, input=input, target=target)


def _check_classes(what: str, input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    check_pair(what, input, target)
    if weight is not None and not isinstance(weight, Tensor):
        raise not_tensors(what, weight=weight)
    x, t = input.array, target.array
    if type(x) is not type(t):
        raise RuntimeError(f"{what}: the input is on {input.device}, the target on {target.device}; move one with .to(device)")
    if x.dtype.kind != "f" and t.dtype.kind == "f":
        raise RuntimeError(
            f"{what}: the input is {x.dtype}{list(x.shape)} and the target {t.dtype}{list(t.shape)}; the scores come first, "
            f"then the target: are the two swapped?"
        )


def _check_batch(what: str, shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    if len(shape) > 1 and target[:1] != shape[:1]:
        found = target[0] if target else 0
        raise ValueError(f"{what}: Expected input batch_size ({shape[0]}) to match target batch_size ({found}).")


# What they are made of


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The mean or sum of the losses of all elements, or the losses themselves."""
    if reduction == "none":
        return loss
    reduced: Tensor = functional.mean(loss) if reduction == "mean" else functional.sum(loss)
    return reduced


def _are_rows(x: Array, t: Array) -> bool:
    """Whether x is a matrix with a row for each index in t, and every index is that of a class: the case of most calls."""
    return bool(
        t.dtype == int64
        and (x.ndim == 2 and t.shape == x.shape[:1] and x.dtype.kind == "f")
        and t.size
        and t.view(np.uint64).max() < x.shape[1]  # one look for both ends: a negative index is a huge unsigned one
    )


def _of_rows(log_p: Tensor, t: Array, reduction: str) -> Tensor:
    """The loss of such a matrix of log-probabilities, where every class counts the same."""
    n, classes = log_p.array.shape
    if reduction == "none":
        return -indexing.getitem(log_p, index=(array_module(t).arange(n), t), once=True)
    places = t + array_module(t).arange(0, n * classes, classes)
    return ops.nll(log_p, index=places, n=n if reduction == "mean" else 1)


def _cross_entropy(input: Tensor, t: Array, reduction: str) -> Tensor:
    """The mean or sum of the losses of a matrix of logits, where every class counts the same."""
    n, classes = input.array.shape
    largest, power, total = ops.powers_and_sums(input.array)
    places = t + array_module(t).arange(0, n * classes, classes)
    divisor = n if reduction == "mean" else 1
    return ops.cross_entropy(input, index=places, largest=largest, power=power, total=total, n=divisor)


def _rows(x: Tensor, what: str) -> Tensor:
    """(C), (N, C) or (N, C, d1, ...) as a matrix with one row of C for each index in the target."""
    if not x.ndim or x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: expected floats of shape (N, C), (C) or (N, C, d1, ...), got {x.dtype}{list(x.shape)}")
    if x.ndim > 2:
        x = functional.permute(x, 0, *range(2, x.ndim), 1)
    return x if x.ndim == 2 else x.reshape((prod(x.shape[:-1]), x.shape[-1]))


def _class_weights(weight: Tensor | None, rows: Tensor) -> Tensor:
    """The weight of each class, by default 1."""
    if weight is None:
        return Tensor._of(array_module(rows.array).ones(rows.shape[1], rows.dtype))
    if weight.shape != rows.shape[1:] or weight.dtype != rows.dtype:
        raise RuntimeError(
            f"weight must be {rows.dtype}{list(rows.shape[1:])}, one number per class, got {weight.dtype}{list(weight.shape)}"
        )
    return weight.detach()


def _class_loss(
    log_p: Tensor,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float,
    what: str,
) -> Tensor:
    """The loss of class indices, from one row of log-probabilities for each."""
    shape, t = input.shape, target.array
    _check_batch(what, shape, t.shape)
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if t.dtype.kind not in "iu" or t.shape not in (expected, expected or (1,)):
        raise RuntimeError(
            f"{what}: Expected an integer target of shape {list(expected)} for an input of shape {list(shape)}, "
            f"got {t.dtype}{list(t.shape)}"
        )
    index = t.reshape(-1).astype(int64)
    counted = index != ignore_index
    wrong = index[counted & ((index < 0) | (index >= log_p.shape[1]))]
    if wrong.size:
        raise IndexError(f"{what}: Target {int(wrong[0])} is out of bounds: classes are 0 to {log_p.shape[1] - 1}.")
    index = np.where(counted, index, 0)
    if not log_p.shape[1]:  # without any class every row is ignored: its loss is an empty sum
        log_p = functional.sum(log_p, 1, True)
    per_class = _class_weights(weight, log_p)
    w = per_class.array[index] * counted
    places = (array_module(index).arange(len(index)), index)
    picked = choice.masked(indexing.getitem(log_p, index=places, once=True), counted)  # of an ignored row 0, not 0 · inf
    loss = -picked * Tensor._of(w)
    if smoothing:
        log_p = choice.masked(log_p, counted[:, None])
        loss = loss * (1 - smoothing) - functional.sum(log_p * per_class, 1) * (smoothing / log_p.shape[1])
    if reduction == "mean":
        total: Tensor = functional.sum(loss)
        return total / Tensor._of(as_array(sum_over(w, axis=(0,))))
    return reduced(loss.reshape(expected), reduction)
