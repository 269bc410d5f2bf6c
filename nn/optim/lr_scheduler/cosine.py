"""Rates that fall along half a wave of the cosine, once or again and again (Loshchilov & Hutter 2017, "SGDR").

https://arxiv.org/abs/1608.03983
"""

from __future__ import annotations

from functools import partial
from math import cos, floor, log, pi

from tinygrad_lite.recorder import here

from ..optimizer import Optimizer
from .scheduler import LRScheduler


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (base_lr - eta_min) (1 + cos(π epoch / T_max)) / 2: down to eta_min in T_max epochs, then up again.

    Computed from the previous rate, as in PyTorch. ValueError unless T_max is positive.
    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html

    >>> from tinygrad_lite import nn
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max <= 0:
            raise ValueError(f"CosineAnnealingLR: T_max must be a positive number of epochs, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list[float]:
        low, epoch, half = self.eta_min, self.last_epoch, self.T_max
        if self._is_initial:
            return self._lrs()
        if self._step_count == 1 and epoch > 0:
            return self._get_closed_form_lr()
        if (epoch - 1 - half) % (2 * half) == 0:  # the previous rate is eta_min: the ratio below would divide by 0
            return [lr + (base - low) * (1 - cos(pi / half)) / 2 for lr, base in zip(self._lrs(), self.base_lrs)]
        ratio = (1 + cos(pi * epoch / half)) / (1 + cos(pi * (epoch - 1) / half))
        return [ratio * (lr - low) + low for lr in self._lrs()]

    def _get_closed_form_lr(self) -> list[float]:
        low, part = self.eta_min, pi * self.last_epoch / self.T_max
        return [low + (base - low) * (1 + cos(part)) / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + (base_lr - eta_min) (1 + cos(π T_cur / T_i)) / 2, where T_cur is the number of epochs since the restart.

    The first restart is after T_i = T_0 epochs, each further one after T_mult times as many. step(epoch) takes fractions, for
    a step after each batch. ValueError unless T_0 and T_mult are positive integers, and for a negative epoch.
    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html

    >>> from tinygrad_lite import nn
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: T_0 must be a positive integer, got {T_0!r}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"CosineAnnealingWarmRestarts: T_mult must be a positive integer, got {T_mult!r}")
        if not isinstance(eta_min, (int, float)):
            raise ValueError(f"CosineAnnealingWarmRestarts: eta_min must be a number, got {type(eta_min).__name__}")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list[float]:
        part = pi * self.T_cur / self.T_i
        return [self.eta_min + (base - self.eta_min) * (1 + cos(part)) / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Advance to the next epoch, or to the given one, which may be a fraction: epoch + batch / batches."""
        if here.recording is not None and not here.recording.paused:
            here.recording.effect(partial(self.step, epoch), self.optimizer)
            return
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {epoch}")
            self.T_cur, self.T_i = self._since_restart(epoch)
        self.last_epoch = floor(epoch)
        self._set(self._called_get_lr())

    def _since_restart(self, epoch: float) -> tuple[float, int]:
        """The epochs since the last restart, and from there to the next."""
        first, times = self.T_0, self.T_mult
        if epoch < first:
            return epoch, first
        if times == 1:
            return epoch % first, self.T_i
        restarts = int(log(epoch / first * (times - 1) + 1, times))
        return epoch - first * (times**restarts - 1) / (times - 1), first * times**restarts
