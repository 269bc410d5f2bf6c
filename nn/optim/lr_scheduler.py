"""Learning rates that change during training. Call scheduler.step() once per epoch, after the optimizer's steps.

The numbers are PyTorch's, which computes most rates from the previous one. See https://pytorch.org/docs/stable/optim.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from math import cos, pi
from types import FunctionType
from typing import TYPE_CHECKING, Any

from tinygrad_lite.suggest import missing_from, names_in

from .optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "LRScheduler", "LambdaLR", "StepLR"]


class LRScheduler:
    """The base of all schedulers: a subclass returns from get_lr() the rates in epoch `last_epoch`.

    `last_epoch` = -1 starts from the rates that the optimizer has. To continue from a later epoch, the optimizer's groups need
    "initial_lr" (else KeyError), which those of a loaded optimizer have. TypeError if `optimizer` is not an Optimizer.
    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LRScheduler.html
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        _check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0; "
                    f"load the optimizer's state first, or start with last_epoch=-1"
                )
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self.step()

    def get_lr(self) -> list[float]:
        """The rate of each group in epoch `last_epoch`."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The rates that step() has set."""
        return self._last_lr

    def step(self) -> None:
        """Advance to the next epoch: set the rates of the optimizer's groups."""
        # Only Optimizer's own step() notes that it was called.
        if self._step_count == 1 and type(self.optimizer).step is Optimizer.step and not self.optimizer._stepped:
            warnings.warn(
                "lr_scheduler.step() before optimizer.step(): the first value of the schedule is skipped. "
                "Call them in the opposite order",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        self.last_epoch += 1
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr):
            group["lr"] = lr

    def _lrs(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """All attributes except the optimizer, under PyTorch's names."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a state_dict(). Load the optimizer's state as well: its groups hold the current rates."""
        vars(self).update(state_dict)


def _check_optimizer(optimizer: object) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


class LambdaLR(LRScheduler):
    """lr = base_lr · f(epoch), for a function f or a list of functions, one for each group.

    ValueError if there are not as many functions as groups. If f is an object with attributes, state_dict() holds these.
    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html

    >>> from tinygrad_lite import nn
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]], last_epoch: int = -1
    ) -> None:
        _check_optimizer(optimizer)
        groups = len(optimizer.param_groups)
        self.lr_lambdas: list[Any] = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, one for each parameter group, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas)]

    def state_dict(self) -> dict[str, Any]:
        """As LRScheduler's; in "lr_lambdas" a function is None, another callable the dict of its attributes."""
        saved = [None if isinstance(f, FunctionType) else dict(vars(f)) for f in self.lr_lambdas]
        return super().state_dict() | {"lr_lambdas": saved}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a state_dict(); functions stay as they are."""
        all_saved = state_dict["lr_lambdas"]
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for f, saved in zip(self.lr_lambdas, all_saved):
            if saved is not None:
                vars(f).update(saved)


class StepLR(LRScheduler):
    """lr ← lr · gamma, every step_size epochs. ValueError unless step_size is positive.

    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html

    >>> from tinygrad_lite import nn
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step(); scheduler.step()
    >>> rates
    [1.0, 1.0, 0.1, 0.1]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        if step_size <= 0:
            raise ValueError(f"StepLR: step_size must be a positive number of epochs, got {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        changes = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma for lr in self._lrs()] if changes else self._lrs()


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (base_lr - eta_min) (1 + cos(π epoch / T_max)) / 2: down to eta_min in T_max epochs, then up again.

    Computed from the previous rate, as in PyTorch. ValueError unless T_max is positive. Loshchilov & Hutter 2017;
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

    def get_lr(self) -> list[float]:
        low, epoch, half = self.eta_min, self.last_epoch, self.T_max
        if self._step_count == 1:  # called by __init__: the rates are the ones to start from
            return self._lrs()
        if (epoch - 1 - half) % (2 * half) == 0:  # the previous rate is eta_min: the ratio below would divide by 0
            step = (1 - cos(pi / half)) / 2
            return [lr + (base - low) * step for lr, base in zip(self._lrs(), self.base_lrs)]
        ratio = (1 + cos(pi * epoch / half)) / (1 + cos(pi * (epoch - 1) / half))
        return [ratio * (lr - low) + low for lr in self._lrs()]


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
