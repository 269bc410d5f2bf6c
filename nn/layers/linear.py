"""Linear layers: every output is a weighted sum of all inputs, or of all products of two inputs."""

from __future__ import annotations

from math import sqrt
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import empty

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter, UninitializedParameter

__all__ = ["Linear", "LazyLinear", "Bilinear"]


class Linear(Module):
    """x Wᵀ + b: (..., in_features) -> (..., out_features), with `weight` of shape (out, in) and `bias` (out).

    Both start as uniform random numbers between ±1/√in_features, from the default generator.
    https://pytorch.org/docs/stable/generated/torch.nn.Linear.html

    >>> from tinygrad_lite import ones
    >>> layer = Linear(2, 3)
    >>> layer(ones(4, 2)).shape
    torch.Size([4, 3])
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
        """Draw new random values for weight and bias."""
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        if self.bias is not None:
            bound = 1 / sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class LazyLinear(Linear):
    """A Linear that learns in_features from its first input, and is a Linear from then on.

    Its parameters remain the same objects, so an optimizer may be made before the first input.
    https://pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html

    >>> from tinygrad_lite import ones
    >>> layer = LazyLinear(3)
    >>> layer(ones(4, 2)).shape, layer
    (torch.Size([4, 3]), Linear(in_features=2, out_features=3, bias=True))
    """

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        if out_features < 0:
            raise RuntimeError(f"LazyLinear: out_features ({out_features}) cannot be negative")
        self.in_features, self.out_features = 0, out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        loaded = not isinstance(self.weight, UninitializedParameter)  # by load_state_dict
        self.in_features = self.weight.shape[1] if loaded else input.shape[-1]
        if isinstance(self.weight, UninitializedParameter):
            self.weight.materialize((self.out_features, self.in_features))
            if isinstance(self.bias, UninitializedParameter):
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        self.__class__ = Linear  # type: ignore[assignment]
        return Linear.forward(self, input)


class Bilinear(Module):
    """x W y + b: (..., in1_features) and (..., in2_features) -> (..., out_features), with `weight` of shape (out, in1, in2).

    Both start as uniform random numbers between ±1/√in1_features, from the default generator.
    https://pytorch.org/docs/stable/generated/torch.nn.Bilinear.html

    >>> from tinygrad_lite import ones
    >>> layer = Bilinear(2, 3, 4)
    >>> layer(ones(5, 2), ones(5, 3)).shape
    torch.Size([5, 4])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        if min(in2_features, out_features) < 0:
            raise RuntimeError(f"Bilinear: in2_features ({in2_features}) and out_features ({out_features}) cannot be negative")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, device=device, dtype=dtype))
        self.bias = Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new random values for weight and bias."""
        bound = 1 / sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"
