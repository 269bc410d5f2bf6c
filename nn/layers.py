"""Layers: a function and, where it has any, its parameters."""

from __future__ import annotations

from math import sqrt
from typing import Any

from tinygrad_lite import functional
from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty

from . import functional as F
from . import init
from .module import Module, Parameter, UninitializedParameter


class Identity(Module):
    """x, whatever arguments it is made with. https://pytorch.org/docs/stable/generated/torch.nn.Identity.html

    >>> Identity()(3)
    3
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        pass

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Linear(Module):
    """x Wᵀ + b: (..., in_features) -> (..., out_features), with `weight` (out, in) and `bias` (out).

    Both start uniform in ±1/√in_features, drawn from the default generator.
    https://pytorch.org/docs/stable/generated/torch.nn.Linear.html

    >>> from tinygrad_lite import ones
    >>> layer = Linear(2, 3)
    >>> layer(ones(4, 2)).shape
    (4, 3)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        if min(in_features, out_features) < 0:
            raise RuntimeError(f"Linear: in_features ({in_features}) and out_features ({out_features}) cannot be negative")
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.bias = Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        if self.bias is not None:
            bound = 1 / sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class LazyLinear(Linear):
    """A Linear that learns in_features from its first input, and is a Linear from then on.

    Its parameters are the same objects before and after, so an optimizer may be made before the first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html

    >>> from tinygrad_lite import ones
    >>> layer = LazyLinear(3)
    >>> layer(ones(4, 2)).shape, layer
    ((4, 3), Linear(in_features=2, out_features=3, bias=True))
    """

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        if out_features < 0:
            raise RuntimeError(f"LazyLinear: out_features ({out_features}) cannot be negative")
        self.in_features, self.out_features = 0, out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        loaded = not isinstance(self.weight, UninitializedParameter)  # by load_state_dict
        self.in_features = self.weight.shape[1] if loaded else input.shape[-1]
        if isinstance(self.weight, UninitializedParameter):
            self.weight.materialize((self.out_features, self.in_features))
            if isinstance(self.bias, UninitializedParameter):
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        self.__class__ = Linear  # type: ignore[assignment]
        return self(input)  # type: ignore[no-any-return]


class Flatten(Module):
    """The axes from start_dim to end_dim as one; by default all but the first, the batch.

    https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html

    >>> from tinygrad_lite import zeros
    >>> Flatten()(zeros(2, 1, 28, 28)).shape
    (2, 784)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """(N, ...) -> (N, the product of the rest)."""
        return functional.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Dropout(Module):
    """In training, each number becomes 0 with probability p, and the others grow by 1 / (1 - p); in eval(), x.

    ValueError unless 0 <= p <= 1. Srivastava et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html

    >>> from tinygrad_lite import ones
    >>> Dropout(0.5).eval()(ones(2))
    tensor([1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Any shape, kept."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class ReLU(Module):
    """max(x, 0). `inplace` is PyTorch's; the values are the same, and x is left as it was.

    https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html

    >>> from tinygrad_lite import tensor
    >>> ReLU()(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Any shape, kept."""
        return F.relu(input)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """Hyperbolic tangent. https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html

    >>> from tinygrad_lite import tensor
    >>> Tanh()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Any shape, kept."""
        return F.tanh(input)


class Sigmoid(Module):
    """1 / (1 + e^-x). https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html

    >>> from tinygrad_lite import tensor
    >>> Sigmoid()(tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Any shape, kept."""
        return F.sigmoid(input)


class Softmax(Module):
    """e^x / Σ e^x along `dim`. https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html

    >>> from tinygrad_lite import zeros
    >>> Softmax(dim=1)(zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Any shape, kept."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """x - log Σ e^x along `dim`. https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html

    >>> from tinygrad_lite import zeros
    >>> LogSoftmax(dim=1)(zeros(1, 2))
    tensor([[-0.6931, -0.6931]])
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Any shape, kept."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
