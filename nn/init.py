"""Initial weights: each function fills a tensor in place, without recording it, and returns the tensor.

A layer's fan-in is the number of inputs that each output sums, its fan-out the number of outputs that each input reaches.
Glorot's ("xavier") and He's ("kaiming") bounds keep the variance of activations and gradients the same from layer to layer.
See https://pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import ceil, erf, prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite import creation
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.functional import random
from tinygrad_lite.grad_mode import no_grad
from tinygrad_lite.random import Generator
from tinygrad_lite.suggest import missing_from, names_in

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform random numbers U(a, b). RuntimeError if a > b.

    >>> from tinygrad_lite import zeros
    >>> w = uniform_(zeros(100), 2, 3)
    >>> bool((w >= 2).all() & (w <= 3).all())
    True
    """
    with no_grad():
        return random.uniform_(tensor, a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal random numbers N(mean, std²). RuntimeError if std < 0.

    >>> from tinygrad_lite import zeros
    >>> normal_(zeros(2, 3), std=0.01).shape
    torch.Size([2, 3])
    """
    with no_grad():
        return random.normal_(tensor, mean, std, generator=generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element is `val`.

    >>> from tinygrad_lite import zeros
    >>> constant_(zeros(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Every element is 1.

    >>> from tinygrad_lite import zeros
    >>> ones_(zeros(2))
    tensor([1., 1.])
    """
    with no_grad():
        return tensor.fill_(1)


def zeros_(tensor: Tensor) -> Tensor:
    """Every element is 0.

    >>> from tinygrad_lite import ones
    >>> zeros_(ones(2))
    tensor([0., 0.])
    """
    with no_grad():
        return tensor.fill_(0)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor on a weight's standard deviation that keeps the variance through the activation after it.

    1 for linear and sigmoid, 5/3 for tanh, √2 for relu, √(2 / (1 + a²)) for leaky_relu with slope a = param (0.01), 3/4 for
    selu. ValueError for other names, and for a slope that is no number.

    >>> calculate_gain("relu")
    1.4142135623730951
    """
    if nonlinearity in ("linear", "sigmoid", *[f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]):
        return 1.0
    gains = {"tanh": 5.0 / 3, "relu": sqrt(2.0), "selu": 3.0 / 4}
    if nonlinearity == "leaky_relu":
        if isinstance(param, bool) or not isinstance(param, (int, float, type(None))):
            raise ValueError(f"negative_slope {param} not a valid number")
        return sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in gains:
        raise ValueError(
            f"Unsupported nonlinearity {nonlinearity!r}; there are linear, sigmoid, leaky_relu, {', '.join(gains)}"
        )
    return gains[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, ...); the further sizes are those of a kernel and multiply both."""
    if tensor.ndim < 2:
        raise ValueError(
            f"Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape {list(tensor.shape)}"
        )
    kernel = prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    """fan_in or fan_out, as `mode` says."""
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """U(-a, a), a = gain · √(6 / (fan_in + fan_out)). Glorot & Bengio 2010. ValueError for fewer than two dimensions.

    >>> from tinygrad_lite import zeros
    >>> bool((xavier_uniform_(zeros(3, 3)).abs() <= 1).all())
    True
    """
    a = gain * sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor))) * sqrt(3.0)
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """N(0, std²), std = gain · √(2 / (fan_in + fan_out)). Glorot & Bengio 2010. ValueError for fewer than two dimensions.

    >>> from tinygrad_lite import zeros
    >>> bool(xavier_normal_(zeros(3, 3)).any())
    True
    """
    return normal_(tensor, 0.0, gain * sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator | None = None
) -> Tensor:
    """U(-b, b), b = gain · √(3 / fan), with the gain of `nonlinearity` (a is the slope of leaky_relu). He et al. 2015.

    ValueError for fewer than two dimensions and for unknown names. An empty tensor is returned as it is.

    >>> from tinygrad_lite import zeros
    >>> bool((kaiming_uniform_(zeros(5, 6), nonlinearity="relu").abs() <= 1).all())
    True
    """
    if not tensor.array.size:
        return tensor
    # In PyTorch's order, so that every rounding is the same.
    bound = sqrt(3.0) * (calculate_gain(nonlinearity, a) / sqrt(_calculate_correct_fan(tensor, mode)))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator | None = None
) -> Tensor:
    """N(0, std²), std = gain / √fan, with the gain of `nonlinearity` (a is the slope of leaky_relu). He et al. 2015.

    ValueError for fewer than two dimensions and for unknown names. An empty tensor is returned as it is.

    >>> from tinygrad_lite import zeros
    >>> bool(kaiming_normal_(zeros(3, 3), nonlinearity="relu").any())
    True
    """
    if not tensor.array.size:
        return tensor
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_calculate_correct_fan(tensor, mode)), generator)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator | None = None
) -> Tensor:
    """N(mean, std²), of which numbers outside [a, b] are drawn again until they are within.

    >>> from tinygrad_lite import zeros
    >>> bool((trunc_normal_(zeros(100), a=-1, b=1).abs() <= 1).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        what = f"the mean {mean} is more than 2 standard deviations from [{a}, {b}]; the distribution may be wrong"
        warnings.warn(f"trunc_normal_: {what}", stacklevel=2)

    def below(x: float) -> float:
        return (1 + erf((x - mean) / std / sqrt(2.0))) / 2

    with no_grad():
        new, other = creation.empty_like(tensor), creation.empty_like(tensor)
        out = new.array
        if below(b) - below(a) > 0.3:
            low, high = out.dtype.type(a), out.dtype.type(b)
            random.normal_(new, mean, std, generator=generator)
            while bool((outside := (out < low) | (out > high)).any()):
                random.normal_(other, mean, std, generator=generator)
                out[outside] = other.array[outside]
        else:  # few of them would be within: uniform numbers are accepted in proportion to the density
            peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
            pending = np.ones_like(out, dtype=bool)
            while bool(pending.any()):
                random.uniform_(other, a, b, generator=generator)
                out[pending] = other.array[pending]
                density = ((other.array - mean) / std) ** 2 * -0.5 - peak
                pending &= np.log(random.uniform_(other, generator=generator).array) > density
        return tensor.copy_(new)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """gain · Q, where Q has orthonormal rows or columns, from the QR decomposition of normal random numbers. Saxe et al. 2013.

    A tensor of more than two dimensions is taken as a matrix with its first axis as rows. ValueError for fewer than two.

    >>> from tinygrad_lite import zeros
    >>> w = orthogonal_(zeros(2, 3))
    >>> bool(((w @ w.T - creation.eye(2)).abs() < 1e-6).all())
    True
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor.array.size:
        return tensor
    with no_grad():
        rows = tensor.shape[0]
        flat = creation.empty(rows, tensor.array.size // rows, dtype=tensor.dtype)
        normal = random.normal_(flat, generator=generator).array
        wide = normal.shape[0] < normal.shape[1]
        q, r = np.linalg.qr(normal.T if wide else normal)
        q = q * np.sign(np.diag(r))
        q = np.ascontiguousarray(q.T if wide else q).reshape(tensor.shape)
        return tensor.copy_(creation.as_tensor(q) * gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """N(0, std²), where in each column a share of `sparsity` is 0. Martens 2010. ValueError unless it is a matrix.

    >>> from tinygrad_lite import zeros
    >>> sparse_(zeros(4, 3), 0.5).ne(0).sum(0)
    tensor([2, 2, 2])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    with no_grad():
        random.normal_(tensor, 0, std, generator=generator)
        for column in range(columns):  # from the default generator, as in PyTorch
            tensor[creation.randperm(rows)[: ceil(sparsity * rows)], column] = 0
    return tensor


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix. ValueError unless the tensor is a matrix.

    >>> from tinygrad_lite import zeros
    >>> eye_(zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with no_grad():
        return tensor.copy_(creation.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The kernel of a convolution (out, in, ...) that passes its inputs on: 1 in the middle of kernel (i, i), else 0.

    ValueError unless it has 3 to 5 dimensions and `groups` divides the first size.

    >>> from tinygrad_lite import zeros
    >>> dirac_(zeros(2, 2, 3)).tolist()
    [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    each, middle = tensor.shape[0] // groups, tuple(n // 2 for n in tensor.shape[2:])
    with no_grad():
        tensor.zero_()
        for i in range(tensor.shape[0]):
            if i % each < tensor.shape[1]:
                tensor[(i, i % each, *middle)] = 1
    return tensor


# PyTorch's old names, without the underscore


def _renamed(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    new = function.__name__

    def old(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"nn.init.{new[:-1]} is the old name of nn.init.{new}: use {new}", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    old.__name__, old.__doc__ = new[:-1], f"{new}, under its old name, with PyTorch's FutureWarning."
    return old


uniform, normal, constant = _renamed(uniform_), _renamed(normal_), _renamed(constant_)
eye, dirac, sparse, orthogonal = _renamed(eye_), _renamed(dirac_), _renamed(sparse_), _renamed(orthogonal_)
xavier_uniform, xavier_normal = _renamed(xavier_uniform_), _renamed(xavier_normal_)
kaiming_uniform, kaiming_normal = _renamed(kaiming_uniform_), _renamed(kaiming_normal_)

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
