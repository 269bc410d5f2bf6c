"""Activations: what a layer does with each of its numbers, or with all numbers along an axis. The formulas are in
functional/activation.py. With `inplace` the result is written to the memory of the input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import full

from .. import functional as F
from ..module import Module
from ..parameter import Parameter

__all__ = ["ReLU", "Tanh", "Sigmoid", "Softmax", "Softmax2d", "LogSoftmax", "Softmin", "LogSigmoid", "Softsign", "Tanhshrink"]
__all__ += ["ReLU6", "Hardsigmoid", "Hardswish", "SELU", "SiLU", "Mish"]
__all__ += ["LeakyReLU", "ELU", "CELU", "Hardtanh", "Threshold", "RReLU", "PReLU"]
__all__ += ["GELU", "Softplus", "Softshrink", "Hardshrink", "GLU"]


class _Maybe(Module):
    """What activations with the option `inplace` alone share."""

    function: Callable[..., Tensor]

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_Maybe):
    """max(x, 0). https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html

    >>> from tinygrad_lite import tensor
    >>> ReLU()(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    function = staticmethod(F.relu)


class Tanh(Module):
    """The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x). https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html

    >>> from tinygrad_lite import tensor
    >>> Tanh()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class Sigmoid(Module):
    """1 / (1 + e^-x). https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html

    >>> from tinygrad_lite import tensor
    >>> Sigmoid()(tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
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
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Module):
    """e^-x / Σ e^-x along `dim`. https://pytorch.org/docs/stable/generated/torch.nn.Softmin.html

    >>> from tinygrad_lite import zeros
    >>> Softmin(dim=1)(zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSigmoid(Module):
    """log σ(x). https://pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html

    >>> from tinygrad_lite import tensor
    >>> LogSigmoid()(tensor([0.0]))
    tensor([-0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + |x|). https://pytorch.org/docs/stable/generated/torch.nn.Softsign.html

    >>> from tinygrad_lite import tensor
    >>> Softsign()(tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x). https://pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html

    >>> from tinygrad_lite import tensor
    >>> Tanhshrink()(tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class ReLU6(_Maybe):
    """min(max(x, 0), 6). https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html

    >>> from tinygrad_lite import tensor
    >>> ReLU6()(tensor([-1.0, 7.0]))
    tensor([0., 6.])
    """

    function = staticmethod(F.relu6)


class Hardsigmoid(_Maybe):
    """x / 6 + ½, limited to [0, 1]. https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html

    >>> from tinygrad_lite import tensor
    >>> Hardsigmoid()(tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """

    function = staticmethod(F.hardsigmoid)

    def extra_repr(self) -> str:
        return ""  # as PyTorch prints it


class Hardswish(_Maybe):
    """x · hardsigmoid(x). https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html

    >>> from tinygrad_lite import tensor
    >>> Hardswish()(tensor([-1.0, 4.0]))
    tensor([-0.3333,  4.0000])
    """

    function = staticmethod(F.hardswish)

    def extra_repr(self) -> str:
        return ""  # as PyTorch prints it


class SELU(_Maybe):
    """1.0507 x where x > 0, 1.7581 (e^x - 1) elsewhere. https://pytorch.org/docs/stable/generated/torch.nn.SELU.html

    >>> from tinygrad_lite import tensor
    >>> SELU()(tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """

    function = staticmethod(F.selu)


class SiLU(_Maybe):
    """x · σ(x). https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html

    >>> from tinygrad_lite import tensor
    >>> SiLU()(tensor([-1.0, 1.0]))
    tensor([-0.2689,  0.7311])
    """

    function = staticmethod(F.silu)


class Mish(_Maybe):
    """x · tanh(softplus(x)). https://pytorch.org/docs/stable/generated/torch.nn.Mish.html

    >>> from tinygrad_lite import tensor
    >>> Mish()(tensor([-1.0, 1.0]))
    tensor([-0.3034,  0.8651])
    """

    function = staticmethod(F.mish)


class LeakyReLU(Module):
    """x where x > 0, negative_slope · x elsewhere. https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html

    >>> from tinygrad_lite import tensor
    >>> LeakyReLU()(tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, inplace=self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}{', inplace=True' if self.inplace else ''}"


class ELU(Module):
    """x where x > 0, alpha (e^x - 1) elsewhere. https://pytorch.org/docs/stable/generated/torch.nn.ELU.html

    >>> from tinygrad_lite import tensor
    >>> ELU()(tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, inplace=self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{', inplace=True' if self.inplace else ''}"


class CELU(Module):
    """x where x > 0, alpha (e^(x/alpha) - 1) elsewhere. https://pytorch.org/docs/stable/generated/torch.nn.CELU.html

    >>> from tinygrad_lite import tensor
    >>> CELU(2.0)(tensor([-1.0, 1.0]))
    tensor([-0.7869,  1.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, inplace=self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{', inplace=True' if self.inplace else ''}"


class Hardtanh(Module):
    """x limited to [min_val, max_val]. https://pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html

    >>> from tinygrad_lite import tensor
    >>> Hardtanh()(tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, inplace=self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}{', inplace=True' if self.inplace else ''}"


class Threshold(Module):
    """x where x > threshold, `value` elsewhere. https://pytorch.org/docs/stable/generated/torch.nn.Threshold.html

    >>> from tinygrad_lite import tensor
    >>> Threshold(1.0, 0.0)(tensor([0.5, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, inplace=self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}{', inplace=True' if self.inplace else ''}"


class RReLU(Module):
    """x where x > 0, s x elsewhere, with slopes s drawn in training. https://pytorch.org/docs/stable/generated/torch.nn.RReLU.html

    >>> from tinygrad_lite import tensor
    >>> RReLU().eval()(tensor([-24.0, 1.0]))
    tensor([-5.5000,  1.0000])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}{', inplace=True' if self.inplace else ''}"


class PReLU(Module):
    """x where x > 0, weight · x elsewhere, where the weight is learned: one number, or one for each channel (dim 1).

    https://pytorch.org/docs/stable/generated/torch.nn.PReLU.html

    >>> from tinygrad_lite import tensor
    >>> PReLU()(tensor([-2.0, 2.0]))
    tensor([-0.5000,  2.0000], grad_fn=<add>)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """Set the weight to its first value."""
        self.weight.detach().fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class GELU(Module):
    """x Φ(x), with the distribution function Φ of normal numbers. https://pytorch.org/docs/stable/generated/torch.nn.GELU.html

    >>> from tinygrad_lite import tensor
    >>> GELU()(tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + e^(beta x)) / beta. https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html

    >>> from tinygrad_lite import tensor
    >>> Softplus()(tensor([0.0, 10.0]))
    tensor([ 0.6931, 10.0000])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softshrink(Module):
    """x moved by lambd towards 0, 0 where |x| <= lambd. https://pytorch.org/docs/stable/generated/torch.nn.Softshrink.html

    >>> from tinygrad_lite import tensor
    >>> Softshrink()(tensor([-1.0, 0.25]))
    tensor([-0.5000,  0.0000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Hardshrink(Module):
    """x where |x| > lambd, 0 elsewhere. https://pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html

    >>> from tinygrad_lite import tensor
    >>> Hardshrink()(tensor([-1.0, 0.25]))
    tensor([-1.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class GLU(Module):
    """a · σ(b), for the two halves a and b along `dim`. https://pytorch.org/docs/stable/generated/torch.nn.GLU.html

    >>> from tinygrad_lite import tensor
    >>> GLU()(tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax2d(Module):
    """Softmax over the channels at each place of a picture: of x (N, C, H, W) or (C, H, W) along C. ValueError for others.

    https://pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html

    >>> from tinygrad_lite import zeros
    >>> Softmax2d()(zeros(2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
