"""The linear map x Wᵀ + b."""

from __future__ import annotations

from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.functional.products import bilinear
from tinygrad_lite.ops.neural import linear as ops

from .errors import not_tensors

__all__ = ["bilinear", "linear"]

CASTS = {"float16": "half", "float32": "float", "float64": "double", "int32": "int", "int64": "long", "uint8": "byte"}


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b: (..., in), (out, in) and (out) give (..., out); a weight (in) gives (...), and the bias is then one number.

    The bias may have any shape that broadcasts to the result's. RuntimeError if the shapes or dtypes do not fit.
    https://pytorch.org/docs/stable/generated/torch.nn.functional.linear.html

    >>> from tinygrad_lite import tensor
    >>> linear(tensor([[1.0, 2.0]]), tensor([[3.0, 4.0]]), tensor([0.5]))
    tensor([[11.5000]])
    """
    try:
        x, w, b = input.array, weight.array, None if bias is None else bias.array
    except AttributeError:
        given = {"input": input, "weight": weight} | ({} if bias is None else {"bias": bias})
        raise not_tensors("linear", **given) from None
    fits = w.ndim == 2 and x.ndim and x.shape[-1] == w.shape[1] and x.dtype == w.dtype
    if fits and (b is None or b.shape == w.shape[:1]):
        return ops.linear(input, weight, bias)  # nearly every call
    if x.dtype != w.dtype:
        raise RuntimeError(f"linear: the input is {x.dtype} but the weight is {w.dtype}; cast the input: {_cast('x', w)}")
    if not x.ndim or not 0 < w.ndim < 3 or x.shape[-1] != w.shape[-1]:
        raise RuntimeError(
            f"linear: an input of shape {list(x.shape)} does not fit a weight of shape {list(w.shape)}, which is (out, in) or "
            f"(in): the last sizes must agree; flatten the input first?"
        )
    out = ops.linear(input, weight, None) if w.ndim == 2 else functional.matmul(input, weight)
    return out if bias is None else _with_bias(out, bias, w.ndim == 2)


def _with_bias(out: Tensor, bias: Tensor, many: bool) -> Tensor:
    """out + bias, for a bias that is not simply one number for each output. many: the weight is a matrix."""
    if bias.dtype != out.dtype:
        what = f"linear: the result is {out.dtype} but the bias is {bias.dtype}"
        raise RuntimeError(f"{what}; cast the bias: {_cast('bias', out.array)}")
    sizes = zip(bias.shape[::-1], out.shape[::-1])
    if bias.ndim > (out.ndim if many else 0) or not all([n in (1, size) for n, size in sizes]):
        expected = f"(out) = {list(out.shape[-1:])}" if many else "one number, () for a weight (in)"
        raise RuntimeError(
            f"linear: a bias of shape {list(bias.shape)} does not fit a result of shape {list(out.shape)}; it is {expected}"
        )
    return out + bias


def _cast(name: str, like: Any) -> str:
    """The call that casts a tensor to the dtype of `like`, for an error text: it can be typed as it is."""
    return f"{name}.{CASTS.get(like.dtype.name, 'bool')}()"
