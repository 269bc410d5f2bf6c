"""Activations: what a layer does with each of its numbers, or with all numbers along an axis. The shape stays the same, except
in glu, which halves an axis.

With `inplace`, the result is written to the memory of x, and the name with an underscore does that always. The primitives are
in tinygrad_lite/ops/neural/activation.py; what is a function of tinygrad_lite too is in tinygrad_lite/functional/activation.py.
"""

from __future__ import annotations

import warnings
from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.axes import axis_of
from tinygrad_lite.backend import Array
from tinygrad_lite.creation import empty_like
from tinygrad_lite.dtypes import float16, float32
from tinygrad_lite.functional.activation import apply
from tinygrad_lite.functional.random import exponential_
from tinygrad_lite.inplace import in_place
from tinygrad_lite.ops.exponential import tanh
from tinygrad_lite.ops.neural import activation as ops
from tinygrad_lite.ops.shape import narrow

__all__ = ["relu", "tanh", "softmax", "log_softmax", "softmin", "gumbel_softmax", "glu"]
__all__ += ["leaky_relu", "elu", "relu6", "hardtanh", "hardsigmoid", "hardswish", "softshrink"]
__all__ += ["gelu", "silu", "mish", "softplus", "softsign", "tanhshrink", "logsigmoid"]
__all__ += ["leaky_relu_", "elu_", "hardtanh_"]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0).

    https://pytorch.org/docs/stable/generated/torch.nn.functional.relu.html

    >>> from tinygrad_lite import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return in_place("relu", input, (), ops.relu) if inplace else ops.relu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, negative_slope · x elsewhere.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html

    >>> from tinygrad_lite import tensor
    >>> leaky_relu(tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    return apply(ops.leaky_relu, input, inplace, slope=negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, alpha (e^x - 1) elsewhere.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.elu.html

    >>> from tinygrad_lite import tensor
    >>> elu(tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return apply(ops.elu, input, inplace, alpha=alpha, scale=1, inner=1)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]; the derivative at the bounds is 0. ValueError if min_val > max_val.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html

    >>> from tinygrad_lite import tensor
    >>> hardtanh(tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be greater than max_val, got {min_val} and {max_val}")
    if input.array.dtype.kind == "b":
        raise RuntimeError("hardtanh: bool inputs not supported; cast to float first: x.float()")
    if input.array.dtype.kind != "f":
        low, high = int(min_val), int(max_val)
        if input.array.dtype.kind == "u" and low < 0:
            raise RuntimeError("hardtanh: cannot do hardtanh on an unsigned type with negative limits")
        return in_place("hardtanh", input, (), lambda x: functional.clamp(x, low, high)) if inplace else input.clamp(low, high)
    return apply(ops.hardtanh, input, inplace, min=min_val, max=max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6).

    https://pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html

    >>> from tinygrad_lite import tensor
    >>> relu6(tensor([-1.0, 7.0]))
    tensor([0., 6.])
    """
    return hardtanh(input, 0, 6, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + ½, limited to [0, 1].

    https://pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html

    >>> from tinygrad_lite import tensor
    >>> hardsigmoid(tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """
    return apply(ops.hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · hardsigmoid(x).

    Howard et al. 2019; https://pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html

    >>> from tinygrad_lite import tensor
    >>> hardswish(tensor([-1.0, 4.0]))
    tensor([-0.3333,  4.0000])
    """
    return apply(ops.hardswish, input, inplace)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved by lambd towards 0, and 0 where |x| <= lambd. RuntimeError for a negative lambd.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.softshrink.html

    >>> from tinygrad_lite import tensor
    >>> softshrink(tensor([-1.0, 0.25]))
    tensor([-0.5000,  0.0000])
    """
    if lambd < 0:
        raise RuntimeError(f"softshrink: lambda must be greater or equal to 0, but found to be {lambd}")
    return apply(ops.softshrink, input, lambd=lambd)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x Φ(x), where Φ is the distribution function of normal numbers; with approximate="tanh", Φ is nearly that.

    Hendrycks and Gimpel 2016; https://pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html

    >>> from tinygrad_lite import tensor
    >>> gelu(tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate argument must be either 'none' or 'tanh', got {approximate!r}")
    return apply(_gelu_tanh if approximate == "tanh" else _gelu, input)


def _gelu(x: Tensor) -> Tensor:
    return ops.gelu(x, share=ops.gelu_share(_wide(x)))


def _gelu_tanh(x: Tensor) -> Tensor:
    return ops.gelu_tanh(x, t=ops.gelu_angle(_wide(x)))


def _wide(x: Tensor) -> Array:
    """The array of x; that of float16 in float32."""
    return x.array.astype(float32) if x.dtype == float16 else x.array


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x), also called swish.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.silu.html

    >>> from tinygrad_lite import tensor
    >>> silu(tensor([-1.0, 1.0]))
    tensor([-0.2689,  0.7311])
    """
    return apply(_silu, input, inplace)


def _silu(x: Tensor) -> Tensor:
    return ops.silu(x, share=ops.sigmoid(_wide(x)))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x)).

    Misra 2019; https://pytorch.org/docs/stable/generated/torch.nn.functional.mish.html

    >>> from tinygrad_lite import tensor
    >>> mish(tensor([-1.0, 1.0]))
    tensor([-0.3034,  0.8651])
    """
    return apply(_mish, input, inplace)


def _mish(x: Tensor) -> Tensor:
    return x * tanh(ops.softplus(x, beta=1, threshold=20))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + e^(beta x)) / beta, a smooth max(x, 0); x itself where beta · x > threshold.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html

    >>> from tinygrad_lite import tensor
    >>> softplus(tensor([0.0, 1000.0]))
    tensor([6.9315e-01, 1.0000e+03])
    """
    return apply(ops.softplus, input, beta=beta, threshold=threshold)


def logsigmoid(input: Tensor) -> Tensor:
    """log sigmoid(x), finite also where sigmoid underflows to 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html

    >>> from tinygrad_lite import tensor
    >>> logsigmoid(tensor([0.0, -1000.0]))
    tensor([-6.9315e-01, -1.0000e+03])
    """
    return apply(ops.logsigmoid, input)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|). https://pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html

    >>> from tinygrad_lite import tensor
    >>> softsign(tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    return input / (abs(input) + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x). https://pytorch.org/docs/stable/generated/torch.nn.functional.tanhshrink.html

    >>> from tinygrad_lite import tensor
    >>> tanhshrink(tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """
    return input - tanh(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · sigmoid(b), where a and b are the two halves of x along `dim`. RuntimeError if its size is odd.

    Dauphin et al. 2016; https://pytorch.org/docs/stable/generated/torch.nn.functional.glu.html

    >>> from tinygrad_lite import tensor
    >>> glu(tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    if not input.ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    axis = axis_of(dim, input.ndim, "glu")
    size = input.shape[axis]
    if size % 2:
        raise RuntimeError(f"glu: Halving dimension must be even, but dimension {axis} is size {size}")
    a, b = [narrow(input, axis=axis, start=start, stop=start + size // 2) for start in (0, size // 2)]
    return apply(_glu, a, b=b)


def _glu(a: Tensor, b: Tensor) -> Tensor:
    return a * ops.sigmoid(b)


def softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """e^x / Σ e^x along `dim`, without overflow.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html

    >>> from tinygrad_lite import tensor
    >>> softmax(tensor([0.0, 1000.0]), dim=0)
    tensor([0., 1.])
    """
    return functional.softmax(input, _dim(dim, input.ndim, "softmax"), dtype)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """x - log Σ e^x along `dim`: finite also where softmax underflows to 0.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html

    >>> from tinygrad_lite import tensor
    >>> log_softmax(tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    return functional.log_softmax(input, _dim(dim, input.ndim, "log_softmax"), dtype)


def softmin(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """softmax of -x: e^-x / Σ e^-x along `dim`.

    https://pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html

    >>> from tinygrad_lite import tensor
    >>> softmin(tensor([0.0, 1000.0]), dim=0)
    tensor([1., 0.])
    """
    return functional.softmax(-input, _dim(dim, input.ndim, "softmin"), dtype)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((logits + noise) / tau): nearly one-hot vectors, drawn with probabilities softmax(logits) and differentiable.
    The noise is Gumbel's, -log e for exponential numbers e. With `hard` the vectors are one-hot, and the gradient is that of
    the soft ones. `eps` has no effect, as in PyTorch.

    Jang et al. 2016; https://pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html

    >>> from tinygrad_lite import zeros
    >>> gumbel_softmax(zeros(2, 3), hard=True).sum(-1)
    tensor([1., 1.])
    """
    noise = -exponential_(empty_like(logits)).log()
    soft = functional.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    largest = soft.array == soft.array.max(dim, keepdims=True)
    return Tensor._of(largest.astype(soft.dtype)) - soft.detach() + soft


def _dim(dim: int | None, ndim: int, what: str) -> int:
    """`dim`, or the axis that PyTorch takes without one, with PyTorch's warning."""
    if dim is None:
        warnings.warn(f"{what}: implicit dimension choice is deprecated; give dim=", UserWarning, stacklevel=3)
        return 0 if ndim in (0, 1, 3) else 1
    return dim


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """leaky_relu, written to the memory of x."""
    return leaky_relu(input, negative_slope, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """elu, written to the memory of x."""
    return elu(input, alpha, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """hardtanh, written to the memory of x."""
    return hardtanh(input, min_val, max_val, inplace=True)
