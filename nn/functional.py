"""The functions behind the layers and losses, without their parameters: PyTorch's torch.nn.functional.

Activations are the engine's own ops. The losses take logits or log-probabilities of shape (N, C), (C) or (N, C, d1, ...), the
classes along dim 1, and are reduced by "mean" (the default), "sum" or "none".
"""

from __future__ import annotations

import warnings
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.creation import rand
from tinygrad_lite.dtypes import int64
from tinygrad_lite.operands import as_array, same_dtype
from tinygrad_lite.ops import arithmetic, choice, exponential, indexing, linalg
from tinygrad_lite.ops.neural import linear as _linear
from tinygrad_lite.ops.neural import loss as _loss
from tinygrad_lite.ops.neural import softmax as _softmax
from tinygrad_lite.ops.neural.activation import relu as _relu
from tinygrad_lite.ops.neural.activation import sigmoid
from tinygrad_lite.ops.reduction import sum as sum_over
from tinygrad_lite.ops.shape import mT
from tinygrad_lite.ops.trigonometric import tanh
from tinygrad_lite.suggest import missing_from

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "l1_loss",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b: (..., in), (out, in) and (out) give (..., out); a weight (in) gives (...), and the bias is then one number.

    The bias may be of any shape that broadcasts to the result's. RuntimeError if the shapes or dtypes do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    >>> from tinygrad_lite import tensor
    >>> linear(tensor([[1.0, 2.0]]), tensor([[3.0, 4.0]]), tensor([0.5]))
    tensor([[11.5000]])
    """
    x, w = input.array, weight.array
    fits = w.ndim == 2 and x.ndim and x.shape[-1] == w.shape[1] and x.dtype == w.dtype
    if fits and bias is not None and bias.array.shape == w.shape[:1]:
        return _linear.linear(input, weight, bias)  # nearly every call
    if x.dtype != w.dtype:
        raise RuntimeError(f"linear: the input is {x.dtype} but the weight is {w.dtype}; cast one: x.to({w.dtype})")
    if not x.ndim or not 0 < w.ndim < 3 or x.shape[-1] != w.shape[-1]:
        raise RuntimeError(
            f"linear: an input of shape {list(x.shape)} does not fit a weight of shape {list(w.shape)}, which is (out, in) or "
            f"(in): the last sizes must agree; flatten the input first?"
        )
    if x.ndim > 1 and w.ndim == 2:
        out = linalg.matmul(input, mT(weight))
    else:
        out = functional.matmul(input, mT(weight) if w.ndim == 2 else weight)
    return out if bias is None else _with_bias(out, bias, w.ndim == 2)


def _with_bias(out: Tensor, bias: Tensor, many: bool) -> Tensor:
    """What linear gives for a bias that is not simply one number for each output."""
    if bias.dtype != out.dtype:
        raise RuntimeError(f"linear: the result is {out.dtype} but the bias is {bias.dtype}; cast it: bias.to({out.dtype})")
    sizes = zip(bias.shape[::-1], out.shape[::-1])
    if bias.ndim > (out.ndim if many else 0) or not all([n in (1, size) for n, size in sizes]):
        expected = f"(out) = {list(out.shape[-1:])}" if many else "one number, () for a weight (in)"
        raise RuntimeError(
            f"linear: a bias of shape {list(bias.shape)} does not fit a result of shape {list(out.shape)}; it is {expected}"
        )
    return out + bias


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0). `inplace` is PyTorch's; the values are the same, and x is left as it was.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html

    >>> from tinygrad_lite import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return _relu(input)


def _dim(dim: int | None, ndim: int, what: str) -> int:
    """PyTorch's choice where none is given, and its warning."""
    if dim is None:
        warnings.warn(f"{what}: implicit dimension choice is deprecated; give dim=", UserWarning, stacklevel=3)
        return 0 if ndim in (0, 1, 3) else 1
    return dim


def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """e^x / Σ e^x along `dim`, without overflow.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html

    >>> from tinygrad_lite import tensor
    >>> softmax(tensor([0.0, 1000.0]), dim=0)
    tensor([0., 1.])
    """
    return functional.softmax(input, _dim(dim, input.ndim, "softmax"), dtype)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """x - log Σ e^x along `dim`: finite also where softmax underflows.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html

    >>> from tinygrad_lite import tensor
    >>> log_softmax(tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    return functional.log_softmax(input, _dim(dim, input.ndim, "log_softmax"), dtype)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, each number becomes 0 with probability p, and the others grow by 1 / (1 - p): the mean stays.

    Drawn from the default generator. `inplace` is PyTorch's; x is left as it was. ValueError unless 0 <= p <= 1.
    Srivastava et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html

    >>> from tinygrad_lite import ones
    >>> sorted(set(dropout(ones(100), 0.5).tolist())), dropout(ones(2), training=False)
    ([0.0, 2.0], tensor([1., 1.]))
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    keep = rand(*input.shape, device=input.device).array >= p
    return input * Tensor._of((keep / (1 - p) if p < 1 else keep).astype(input.dtype))


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class index a row of zeros with a 1 there: (...) int64 -> (..., C) int64; C = 1 + the largest, if not given.

    RuntimeError for other dtypes and for indices outside 0 ... C-1.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html

    >>> from tinygrad_lite import tensor
    >>> one_hot(tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    index = tensor.array
    if index.dtype != int64:
        raise RuntimeError(f"one_hot is only applicable to index tensors of int64, got {index.dtype}; use x.long()")
    if num_classes < 0:
        if not index.size:
            raise RuntimeError("one_hot: cannot infer the number of classes from an empty tensor; give num_classes")
        num_classes = int(index.max()) + 1
    if index.size and (index.min() < 0 or index.max() >= num_classes):
        raise RuntimeError(
            f"one_hot: class values must be from 0 to {num_classes - 1} (num_classes - 1), "
            f"got {int(index.min())} to {int(index.max())}"
        )
    classes = array_module(index).arange(num_classes)
    return Tensor._of((index[..., None] == classes).astype(int64))


# Losses


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    """All losses as one: their mean or sum, or as they are."""
    if reduction == "none":
        return loss
    reduced: Tensor = functional.mean(loss) if reduction == "mean" else functional.sum(loss)
    return reduced


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction!r} is not a valid value for reduction; use 'mean', 'sum' or 'none'")


def _pair(input: Tensor, target: Tensor, what: str) -> tuple[Tensor, Tensor]:
    """Prediction and target of a regression in one dtype; a warning where they would broadcast."""
    if input.shape != target.shape:
        warnings.warn(
            f"{what}: the target size {list(target.shape)} is different to the input size {list(input.shape)}. This will "
            f"likely lead to incorrect results due to broadcasting; ensure they have the same size",
            UserWarning,
            stacklevel=3,
        )
    x, y = same_dtype(input, target)
    return x, y


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(x - y)², averaged over all numbers unless told. A warning if the shapes differ, as they then broadcast.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html

    >>> from tinygrad_lite import tensor
    >>> mse_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """
    _check_reduction(reduction)
    x, y = _pair(input, target, "mse_loss")
    return _reduce(exponential.pow_scalar(x - y, y=2), reduction)


def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """|x - y|, averaged over all numbers unless told. A warning if the shapes differ, as they then broadcast.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html

    >>> from tinygrad_lite import tensor
    >>> l1_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(1.)
    """
    _check_reduction(reduction)
    x, y = _pair(input, target, "l1_loss")
    return _reduce(arithmetic.abs(x - y), reduction)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """-(y log σ(x) + (1 - y) log(1 - σ(x))) = (1 - y) x + max(-x, 0) + log(1 + e^-|x|), for targets y in [0, 1] of x's shape.

    At infinite logits it is what this formula gives, as in PyTorch: nan where 0 meets ∞. ValueError if the shapes differ.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html

    >>> from tinygrad_lite import tensor
    >>> binary_cross_entropy_with_logits(tensor([0.0, 1000.0]), tensor([1.0, 1.0]), reduction="none")
    tensor([0.6931, 0.0000])
    """
    _check_reduction(reduction)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({list(target.shape)}) must be the same as input size ({list(input.shape)})")
    x, y = same_dtype(input, target)
    return _reduce(_loss.bce_with_logits(x, y), reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(x)[target]: what the right class costs, for logits x.

    `target` holds class indices (integers, of x's shape without the class dimension) or class probabilities (floats of x's
    shape). Rows whose index is ignore_index cost nothing. `weight` (C) multiplies each class's cost, and the mean is then the
    weighted one. With label_smoothing e, the target is 1 - e of the class and e / C of each.
    IndexError for an index outside 0 ... C-1, ValueError or RuntimeError for shapes that do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html

    >>> from tinygrad_lite import tensor
    >>> cross_entropy(tensor([[0.0, 0.0], [0.0, 1000.0]]), tensor([0, 1]), reduction="none")
    tensor([0.6931, -0.0000])
    """
    _check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    x, t = input.array, target.array
    _check_device(input, target, "cross_entropy")
    if (
        t.dtype == int64
        and (weight is None and not label_smoothing and ignore_index < 0)
        and (x.ndim == 2 and t.shape == x.shape[:1] and x.dtype.kind == "f")
        and t.size
        and t.view(np.uint64).max() < x.shape[1]  # one look for both ends: a negative index is a huge unsigned one
    ):
        log_p = _softmax.log_softmax(input, axis=1)  # nearly every call
        places = array_module(x).arange(t.size), t
        if reduction == "none":
            return -indexing.getitem(log_p, index=places, once=True)
        return _loss.nll(log_p, index=places, n=t.size if reduction == "mean" else 1)
    log_p = _softmax.log_softmax(_rows(input, "cross_entropy"), axis=1)
    if t.dtype.kind != "f":
        return _class_loss(log_p, input, target, weight, ignore_index, reduction, label_smoothing, "cross_entropy")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if t.shape != x.shape:
        raise RuntimeError(
            f"cross_entropy: a {t.dtype} target holds class probabilities and needs the input's shape {list(x.shape)}, got "
            f"{list(t.shape)}; if it holds class indices, use target.long()"
        )
    share = _rows(target, "cross_entropy")
    if label_smoothing:
        share = share * (1 - label_smoothing) + label_smoothing / share.shape[1]
    loss = -functional.sum(log_p * share * _class_weights(weight, log_p), 1)
    return _reduce(loss.reshape(x.shape[:1] * (x.ndim > 1) + x.shape[2:]), reduction)


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """-x[target]: what the right class costs, for log-probabilities x. The options are cross_entropy's.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html

    >>> from tinygrad_lite import tensor
    >>> nll_loss(tensor([[-1.0, -2.0], [-3.0, -4.0]]), tensor([0, 1]))
    tensor(2.5000)
    """
    _check_reduction(reduction)
    _check_device(input, target, "nll_loss")
    if target.array.dtype.kind == "f":
        raise RuntimeError(f"nll_loss: the target must hold class indices (integers), got {target.dtype}; use target.long()")
    return _class_loss(_rows(input, "nll_loss"), input, target, weight, ignore_index, reduction, 0.0, "nll_loss")


def _check_device(input: Tensor, target: Tensor, what: str) -> None:
    if type(input.array) is not type(target.array):
        raise RuntimeError(f"{what}: the input is on {input.device}, the target on {target.device}; move one with .to(device)")


def _rows(x: Tensor, what: str) -> Tensor:
    """(C), (N, C) or (N, C, d1, ...) as a matrix with one row of C for each index in the target."""
    if not x.ndim or x.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: expected floats of shape (N, C), (C) or (N, C, d1, ...), got {x.dtype}{list(x.shape)}")
    if x.ndim > 2:
        x = functional.permute(x, 0, *range(2, x.ndim), 1)
    return x if x.ndim == 2 else x.reshape((prod(x.shape[:-1]), x.shape[-1]))


def _class_weights(weight: Tensor | None, rows: Tensor) -> Tensor:
    """What each class counts, 1 unless told."""
    if weight is None:
        return Tensor._of(array_module(rows.array).ones(rows.shape[1], rows.dtype))
    if weight.shape != rows.shape[1:] or weight.dtype != rows.dtype:
        raise RuntimeError(
            f"weight must be {rows.dtype}{list(rows.shape[1:])}, one number a class, got {weight.dtype}{list(weight.shape)}"
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
    if len(shape) > 1 and t.shape[:1] != shape[:1]:
        found = t.shape[0] if t.ndim else 0
        raise ValueError(f"{what}: Expected input batch_size ({shape[0]}) to match target batch_size ({found}).")
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
    if not log_p.shape[1]:  # without any class every row is ignored: its loss is a sum of nothing
        log_p = functional.sum(log_p, 1, True)
    per_class = _class_weights(weight, log_p)
    w = per_class.array[index] * counted
    log_p = choice.masked(log_p, counted[:, None])  # 0, not 0 · inf, for what is ignored
    places = (array_module(index).arange(len(index)), index)
    loss = -indexing.getitem(log_p, index=places, once=True) * Tensor._of(w)
    if smoothing:
        loss = loss * (1 - smoothing) - functional.sum(log_p * per_class, 1) * (smoothing / log_p.shape[1])
    if reduction == "mean":
        total: Tensor = functional.sum(loss)
        return total / Tensor._of(as_array(sum_over(w, axis=(0,))))
    return _reduce(loss.reshape(expected), reduction)


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__ = missing_from(__name__)
