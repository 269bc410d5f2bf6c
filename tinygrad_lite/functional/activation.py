"""Activations that are functions of tinygrad_lite too, as in PyTorch: torch.selu(x) and nn.functional.selu(x) are the same.

With `inplace` the result is written to the memory of x, and the name with an underscore does that always.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from .._tensor import Tensor
from ..backend import array_module
from ..inplace import in_place
from ..ops.choice import masked
from ..ops.neural import activation as ops
from ..ops.neural.activation import relu, sigmoid
from ..ops.shape import reshape
from ..random import Generator, draw

__all__ = ["relu", "sigmoid", "selu", "celu", "rrelu", "threshold", "prelu", "hardshrink"]
__all__ += ["relu_", "selu_", "celu_", "rrelu_", "threshold_"]
IN_PLACE = ["relu", "sigmoid"]
NOT_METHODS = [name for name in __all__ if name not in (*IN_PLACE, "prelu", "hardshrink")]


def apply(op: Any, input: Tensor, inplace: bool = False, **options: Any) -> Tensor:
    """The result of an activation; NotImplementedError, as in PyTorch, for integers."""
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"{op.__name__}: not implemented for {input.dtype}; cast to float first: x.float()")
    return in_place(op.__name__, input, (), partial(op, **options)) if inplace else op(input, **options)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 x where x > 0, 1.7581 (e^x - 1) elsewhere: with these numbers, deep layers keep mean 0 and variance 1.

    Klambauer et al. 2017; https://pytorch.org/docs/stable/generated/torch.nn.functional.selu.html

    >>> selu(tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """
    return apply(ops.elu, input, inplace, alpha=1.6732632423543772, scale=1.0507009873554805, inner=1)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, alpha (e^(x/alpha) - 1) elsewhere: its derivative is continuous for any alpha. RuntimeError for alpha 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.celu.html

    >>> celu(tensor([-1.0, 1.0]), 2.0)
    tensor([-0.7869,  1.0000])
    """
    if alpha == 0:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0 for CELU")
    return apply(ops.elu, input, inplace, alpha=alpha, scale=1, inner=1 / alpha)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """leaky_relu with a slope drawn for each number between lower and upper; if not training, with the mean slope.

    Xu et al. 2015; https://pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html

    >>> rrelu(tensor([-24.0, 1.0]))
    tensor([-5.5000,  1.0000])
    """
    if lower > upper:
        raise RuntimeError(f"rrelu: lower bound should be less than or equal to the upper bound, got {lower} and {upper}")
    if not training:
        return apply(ops.leaky_relu, input, inplace, slope=(lower + upper) / 2)
    negative = input.detach().cpu().array <= 0
    slope = array_module(input.array).ones(input.shape, input.dtype)
    # PyTorch's numbers for the seed. Its code for this rounds the product and the sum, unlike that of uniform_.
    slope[negative] = draw(generator).uniform(int(negative.sum())) * (upper - lower) + lower
    factor = Tensor._of(slope).to(input.device)
    return in_place("rrelu", input, (), lambda x: x * factor) if inplace else input * factor


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, `value` elsewhere.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.threshold.html

    >>> threshold(tensor([0.5, 2.0]), 1.0, 0.0)
    tensor([0., 2.])
    """
    if inplace:
        return in_place("threshold", input, (), partial(ops.threshold, threshold=threshold, value=value))
    return ops.threshold(input, threshold=threshold, value=value)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, w · x elsewhere; w is one number, or one for each channel (dim 1).

    He et al. 2015; https://pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html

    >>> prelu(tensor([-2.0, 2.0]), tensor([0.25]))
    tensor([-0.5000,  2.0000])
    """
    if not isinstance(weight, Tensor):
        raise TypeError(f"prelu: weight must be a Tensor, got {type(weight).__name__}; make it one with tensor(...)")
    x, w = input.array, weight.array
    if x.dtype != w.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported: the input is {x.dtype}, the weight {w.dtype}; cast one")
    if w.size != 1:
        if not x.ndim:
            raise RuntimeError("prelu: Not allow zero-dim input tensor when weight has several numbers")
        channels = x.shape[1] if x.ndim > 1 else 1
        if w.size != channels:
            raise RuntimeError(f"prelu: Mismatch of parameter numbers and input channel size: {w.size} and {channels}")
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    shape = (1, -1, *(1,) * (x.ndim - 2)) if x.ndim > 1 else w.shape if x.ndim else ()
    weight = reshape(weight, shape=shape)
    return masked(input, x > 0) + weight * masked(input, ~(x > 0))


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, 0 elsewhere.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html

    >>> hardshrink(tensor([-1.0, 0.25]))
    tensor([-1.,  0.])
    """
    return apply(ops.hardshrink, input, lambd=lambd)


def relu_(input: Tensor) -> Tensor:
    """relu, written to the memory of x."""
    return in_place("relu", input, (), ops.relu)


def selu_(input: Tensor) -> Tensor:
    """selu, written to the memory of x."""
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """celu, written to the memory of x."""
    return celu(input, alpha, inplace=True)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """rrelu, written to the memory of x."""
    return rrelu(input, lower, upper, training, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """threshold, written to the memory of x."""
    return _threshold(input, threshold, value, inplace=True)


_threshold = threshold
