"""Dropout: layers that are random in training and do nothing in eval(). The formulas are in functional/dropout.py."""

from __future__ import annotations

from collections.abc import Callable

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from ..module import Module

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]


class Dropout(Module):
    """In training, x · mask / (1 - p), where each element of the mask is 0 with probability p, else 1. In eval(), x itself.

    ValueError unless 0 <= p <= 1. Srivastava et al. 2014; https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html

    >>> from tinygrad_lite import ones
    >>> Dropout(0.5).eval()(ones(2))
    tensor([1., 1.])
    """

    function: Callable[..., Tensor] = staticmethod(F.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """Dropout of whole channels of x (N, C, L). https://pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html

    >>> from tinygrad_lite import ones
    >>> [sorted(set(row)) in ([0.0], [2.0]) for row in Dropout1d(0.5)(ones(2, 50)).tolist()]
    [True, True]
    """

    function = staticmethod(F.dropout1d)


class Dropout2d(Dropout):
    """Dropout of whole channels of x (N, C, H, W). https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html

    >>> from tinygrad_lite import ones
    >>> Dropout2d(1.0)(ones(1, 1, 2, 2)).sum()
    tensor(0.)
    """

    function = staticmethod(F.dropout2d)


class Dropout3d(Dropout):
    """Dropout of whole channels of x (N, C, D, H, W). https://pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html

    >>> from tinygrad_lite import ones
    >>> Dropout3d(1.0)(ones(1, 1, 2, 2, 2)).sum()
    tensor(0.)
    """

    function = staticmethod(F.dropout3d)


class AlphaDropout(Dropout):
    """The dropout for SELU: it keeps mean 0 and variance 1. `inplace` has no effect, as in PyTorch.

    https://pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html

    >>> from tinygrad_lite import zeros
    >>> len(set(AlphaDropout(0.5)(zeros(100)).tolist()))
    2
    """

    function = staticmethod(F.alpha_dropout)

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.p, self.training)


class FeatureAlphaDropout(AlphaDropout):
    """AlphaDropout of whole channels of x (N, C, ...).

    https://pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html

    >>> from tinygrad_lite import ones
    >>> len(set(FeatureAlphaDropout(0.5)(ones(1, 1, 50)).flatten().tolist()))
    1
    """

    function = staticmethod(F.feature_alpha_dropout)
