"""Learning rates that change as training goes on. Call scheduler.step() once an epoch, after the optimizer's steps.

The numbers are PyTorch's, which computes most rates from the one before. See https://pytorch.org/docs/stable/optim.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from math import cos, pi
from types import FunctionType
from typing import TYPE_CHECKING, Any

from tinygrad_lite.suggest import missing_from

if TYPE_CHECKING:
    from .optim import Optimizer


class LRScheduler:
    """What all schedulers share: a subclass says in get_lr() what the rates are in epoch `last_epoch`.

    `last_epoch` = -1 starts anew, from the rates that the optimizer has; to go on from a later one, the groups need
    "initial_lr" (KeyError), as a loaded optimizer's have. TypeError if it is given no optimizer.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
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
        """The rate of each group in epoch `last_epoch`, from the one before."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The rates that step() has set."""
        return self._last_lr

    def step(self) -> None:
        """Go on to the next epoch: set the rates of the optimizer's groups."""
        if self._step_count == 1 and not self.optimizer._stepped:
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
        """All that it knows but the optimizer, under PyTorch's names."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state_dict(). Load the optimizer's state as well: its groups hold the present rates."""
        vars(self).update(state_dict)


class LambdaLR(LRScheduler):
    """base_lr · f(epoch), for a function f or a list of them, one for each group.

    ValueError if there are not as many functions as groups. A function that is an object with attributes has them saved.
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
        groups = len(getattr(optimizer, "param_groups", ()))
        self.lr_lambdas: list[Any] = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, one for each parameter group, but got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas)]

    def state_dict(self) -> dict[str, Any]:
        """As of every scheduler; a function is None, another callable its attributes."""
        saved = [None if isinstance(f, FunctionType) else dict(vars(f)) for f in self.lr_lambdas]
        return super().state_dict() | {"lr_lambdas": saved}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state_dict(); functions stay what they are."""
        of_each = state_dict["lr_lambdas"]
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for f, saved in zip(self.lr_lambdas, of_each):
            if saved is not None:
                vars(f).update(saved)


class StepLR(LRScheduler):
    """The rate times gamma every step_size epochs. ValueError unless step_size is positive.

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
    """eta_min + (base_lr - eta_min) (1 + cos(π epoch / T_max)) / 2: half a cosine down in T_max epochs, and up again.

    Computed from the rate before, as PyTorch does. ValueError unless T_max is positive. Loshchilov & Hutter 2017;
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
        if self._step_count == 1:  # made just now: the rates are what they are
            return self._lrs()
        if (epoch - 1 - half) % (2 * half) == 0:  # the rate before was the lowest: a ratio to it says nothing
            step = (1 - cos(pi / half)) / 2
            return [lr + (base - low) * step for lr, base in zip(self._lrs(), self.base_lrs)]
        ratio = (1 + cos(pi * epoch / half)) / (1 + cos(pi * (epoch - 1) / half))
        return [ratio * (lr - low) + low for lr in self._lrs()]


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__ = missing_from(__name__)
