"""Averages of weights over the training: AveragedModel holds a second copy of a model whose weights are a mean over time.

Stochastic weight averaging (SWA) takes the plain mean of the weights after some epochs (Izmailov et al. 2018,
https://arxiv.org/abs/1803.05407); an exponential moving average (EMA) forgets the older ones. SWALR is the rate that SWA trains
with, update_bn() computes the statistics of BatchNorm layers again, which an average of weights does not have.

    averaged = AveragedModel(model)
    for epoch in range(100):
        train(model)
        if epoch > 75:
            averaged.update_parameters(model)
    update_bn(loader, averaged)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from math import cos, pi
from typing import TYPE_CHECKING, Any, Literal

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import tensor
from tinygrad_lite.dtypes import int64
from tinygrad_lite.grad_mode import no_grad
from tinygrad_lite.suggest import missing_from, names_in

from ..layers import normalization
from ..module import Module
from .lr_scheduler.scheduler import LRScheduler, check_optimizer, per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Tensor], Tensor]  # (average, weights, number averaged so far) -> new average
AverageAll = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]  # the same for lists, in place


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay}: it must be between 0 and 1")


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """avg ← decay · avg + (1 - decay) · weights: `avg_fn` for an exponential moving average. ValueError unless 0 <= decay <= 1.

    https://pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> from tinygrad_lite import tensor
    >>> get_ema_avg_fn(0.75)(tensor([4.0]), tensor([8.0]), tensor(1))
    tensor([5.])
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(average: Tensor, weights: Tensor, num_averaged: Tensor) -> Tensor:
        return decay * average + (1 - decay) * weights

    return ema_update


def get_swa_avg_fn() -> Average:
    """avg ← avg + (weights - avg) / (n + 1): `avg_fn` for the plain mean of n + 1 weights.

    https://pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> from tinygrad_lite import tensor
    >>> get_swa_avg_fn()(tensor([4.0]), tensor([7.0]), tensor(2))
    tensor([5.])
    """

    @no_grad()
    def swa_update(average: Tensor, weights: Tensor, num_averaged: Tensor) -> Tensor:
        return average + (weights - average) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageAll:
    """As get_ema_avg_fn, for lists of tensors of one dtype, in place: `multi_avg_fn` of AveragedModel.

    >>> from tinygrad_lite import tensor
    >>> average = tensor([4.0])
    >>> get_ema_multi_avg_fn(0.75)([average], [tensor([8.0])], tensor(1)); average
    tensor([5.])
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(averages: Sequence[Tensor], weights: Sequence[Tensor], num_averaged: Tensor) -> None:
        for average, w in zip(averages, weights, strict=True):
            if average.is_floating_point():
                average.lerp_(w, 1 - decay)
            else:
                average.copy_(average * decay + w * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> AverageAll:
    """As get_swa_avg_fn, for lists of tensors of one dtype, in place: `multi_avg_fn` of AveragedModel.

    RuntimeError for tensors of integers.

    >>> from tinygrad_lite import tensor
    >>> average = tensor([4.0])
    >>> get_swa_multi_avg_fn()([average], [tensor([7.0])], tensor(2)); average
    tensor([5.])
    """

    @no_grad()
    def swa_update(averages: Sequence[Tensor], weights: Sequence[Tensor], num_averaged: Tensor) -> None:
        for average, w in zip(averages, weights, strict=True):
            average.lerp_(w, float(1 / (num_averaged + 1)))

    return swa_update


class AveragedModel(Module):
    """A copy of `model` whose weights are an average of those that update_parameters() has been given.

    The average is the plain mean, or what avg_fn(average, weights, n) returns for each tensor, or what multi_avg_fn writes into
    lists of tensors of one dtype. Buffers are copied, or with use_buffers averaged too. AssertionError if both functions are
    given. https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html

    >>> from tinygrad_lite import nn, no_grad
    >>> model = nn.Linear(1, 1)
    >>> averaged = AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     _ = nn.init.constant_(model.weight, weight)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item(), averaged.n_averaged
    (3.0, tensor(3))
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: AverageAll | None = None,
        use_buffers: bool = False,
    ) -> None:
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("AveragedModel: give only one of avg_fn and multi_avg_fn")
        self.module = deepcopy(model)
        if device is not None:
            self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model computes."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the weights of `model` into the average; the first are copied."""
        averages, weights = self._averaged(self.module), self._averaged(model)
        weights = [w.to(average.device) for average, w in zip(averages, weights, strict=True)]
        if self.n_averaged == 0:
            for average, w in zip(averages, weights):
                average.copy_(w)
        elif self.multi_avg_fn is None:
            update = self.avg_fn or get_swa_avg_fn()
            for average, w in zip(averages, weights):
                average.copy_(update(average, w, self.n_averaged.to(average.device)))
        else:
            alike: dict[Any, list[tuple[Tensor, Tensor]]] = {}
            for average, w in zip(averages, weights):
                alike.setdefault((average.device, average.dtype), []).append((average, w))
            for pairs in alike.values():
                some, new = zip(*pairs)
                self.multi_avg_fn(list(some), list(new), self.n_averaged.to(some[0].device))
        if not self.use_buffers:
            for own, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                own.copy_(buffer.to(own.device))
        self.n_averaged += 1

    def _averaged(self, model: Module) -> list[Tensor]:
        return [x.detach() for x in (*model.parameters(), *(model.buffers() if self.use_buffers else ()))]


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all BatchNorm layers of `model` anew, as the mean over all batches of `loader`.

    A batch is the input, or a list or tuple that begins with it. The model runs in training mode, and is afterwards in the mode
    in which it was. https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.update_bn.html
    """
    norms = [module for module in model.modules() if isinstance(module, normalization._BatchNorm)]
    if not norms:
        return
    momenta, training = [norm.momentum for norm in norms], model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    model.train()
    try:
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """lr = (1 - α) · lr₀ + α · swa_lr, where α goes 0 → 1 in anneal_epochs epochs, and stays there.

    α is (1 - cos(π t)) / 2 or, with anneal_strategy "linear", t, for t = epoch / anneal_epochs. lr₀ is computed from the
    present rate, so that another scheduler may change it. ValueError for another strategy, a number of epochs that is no
    integer or negative, and lists with not one value for each group.
    https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html

    >>> from tinygrad_lite import nn
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        rates = per_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs must be an integer of at least 0, got {anneal_epochs!r}")
        for group, rate in zip(optimizer.param_groups, rates):
            group["swa_lr"] = rate
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _alpha(self, step: int) -> float:
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - cos(pi * t)) / 2

    def _rates(self) -> list[float]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, alpha = self._alpha(step - 1), self._alpha(step)
        rates = []
        for group in self.optimizer.param_groups:
            swa_lr = group["swa_lr"]
            start = swa_lr if before == 1 else (group["lr"] - before * swa_lr) / (1 - before)
            rates.append(swa_lr * alpha + start * (1 - alpha))
        return rates


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
