"""Losses of numbers against numbers. The formulas are in functional/regression.py."""

from __future__ import annotations

from tinygrad_lite._tensor import Tensor

from .. import functional as F
from .base import Loss, OfPair

__all__ = ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "KLDivLoss", "PoissonNLLLoss", "GaussianNLLLoss"]


class MSELoss(OfPair):
    """(x - y)², for predictions and targets of one shape; see functional.mse_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html

    >>> from tinygrad_lite import tensor
    >>> MSELoss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """

    function = staticmethod(F.mse_loss)


class L1Loss(OfPair):
    """|x - y|, for predictions and targets of one shape; see functional.l1_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html

    >>> from tinygrad_lite import tensor
    >>> L1Loss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(1.)
    """

    function = staticmethod(F.l1_loss)


class SmoothL1Loss(Loss):
    """d² / (2 beta) where |d| < beta, |d| - beta/2 elsewhere, for d = x - y; see functional.smooth_l1_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html

    >>> from tinygrad_lite import tensor
    >>> SmoothL1Loss(reduction="none")(tensor([0.5, 3.0]), tensor([0.0, 0.0]))
    tensor([0.1250, 2.5000])
    """

    function = staticmethod(F.smooth_l1_loss)

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, beta=self.beta, reduction=self.reduction)


class HuberLoss(Loss):
    """d²/2 where |d| <= delta, delta (|d| - delta/2) elsewhere, for d = x - y; see functional.huber_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html

    >>> from tinygrad_lite import tensor
    >>> HuberLoss("none", delta=2.0)(tensor([1.0, 3.0]), tensor([0.0, 0.0]))
    tensor([0.5000, 4.0000])
    """

    function = staticmethod(F.huber_loss)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        if not isinstance(delta, (int, float)):
            raise TypeError(f"HuberLoss: delta must be a float or int, got {type(delta).__name__}")
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, delta=self.delta, reduction=self.reduction)


class KLDivLoss(Loss):
    """y (log y - x), for log-probabilities x and probabilities y of one shape, which are logarithms too with `log_target`.

    The reduction "batchmean", the sum divided by the size of dim 0, is the one that gives the divergence; see
    functional.kl_div.

    https://pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html

    >>> from tinygrad_lite import tensor
    >>> KLDivLoss(reduction="batchmean")(tensor([[0.5, 0.5]]).log(), tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    function = staticmethod(F.kl_div)

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        by_batch = reduction == "batchmean" and size_average is None and reduce is None
        super().__init__(size_average, reduce, "mean" if by_batch else reduction)
        self.reduction = reduction if by_batch else self.reduction
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, log_target=self.log_target, reduction=self.reduction)


class PoissonNLLLoss(Loss):
    """e^x - y x, for log-rates x and counts y; with log_input=False, x - y log(x + eps) for rates x.

    See functional.poisson_nll_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html

    >>> from tinygrad_lite import tensor
    >>> PoissonNLLLoss()(tensor([0.0]), tensor([1.0]))
    tensor(1.)
    """

    function = staticmethod(F.poisson_nll_loss)

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction)


class GaussianNLLLoss(Loss):
    """(log v + (x - y)² / v) / 2, for means x, targets y and variances v, at least eps; see functional.gaussian_nll_loss.

    https://pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html

    >>> from tinygrad_lite import tensor
    >>> GaussianNLLLoss()(tensor([1.0]), tensor([3.0]), tensor([1.0]))
    tensor(2.)
    """

    function = staticmethod(F.gaussian_nll_loss)

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
