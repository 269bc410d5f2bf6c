"""LRScheduler: the base of all schedulers. A subclass says in _rates() what the rates are in epoch `last_epoch`.

_rates() computes them from the present rates where it can ("chainable"): two schedulers of one optimizer then work together.
_get_closed_form_lr(), where it exists, computes them from the initial ones, for step(epoch) and SequentialLR.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.recorder import here

from ..optimizer import Optimizer

EPOCH_IS_DEPRECATED = "scheduler.step(epoch) is deprecated: call step() once for each epoch"


class LRScheduler:
    """The base of all schedulers: a subclass returns from get_lr() the rates in epoch `last_epoch`.

    `last_epoch` = -1 starts from the rates that the optimizer has. To continue from a later epoch, the optimizer's groups need
    "initial_lr" (else KeyError), which those of a loaded optimizer have. TypeError if `optimizer` is not an Optimizer.
    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LRScheduler.html

    >>> from tinygrad_lite import nn
    >>> class Harmonic(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / (1 + self.last_epoch) for lr in self.base_lrs]
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = Harmonic(optimizer)
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.5]
    """

    optimizer: Optimizer
    base_lrs: list[float]
    last_epoch: int
    _last_lr: list[float]
    _step_count: int
    _is_initial: bool = False  # whether the constructor takes its step
    _get_lr_called_within_step: bool = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0; "
                    f"load the optimizer's state first, or start with last_epoch=-1"
                )
        self.optimizer = optimizer
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """The step to the first epoch, which the constructor takes, and SequentialLR again."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[float]:
        """The rate of each group in epoch `last_epoch`, for step(). To look at the present rates, call get_last_lr()."""
        rates = self._rates()
        if not self._get_lr_called_within_step:
            warnings.warn(
                "get_lr() computes the next rates for step(); the present ones are get_last_lr()", UserWarning, stacklevel=2
            )
        return rates

    def _rates(self) -> list[float]:
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rates that step() has set."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Advance to the next epoch: set the rates of the optimizer's groups. An `epoch` is deprecated, and warned of."""
        if here.recording is not None and not here.recording.paused:  # each replay of capture() calls it again
            here.recording.effect(partial(self.step, epoch), self.optimizer)
            return
        # Only Optimizer's own step() notes that it was called.
        if self._step_count == 1 and type(self.optimizer).step is Optimizer.step and not self.optimizer._stepped:
            warnings.warn(
                "lr_scheduler.step() before optimizer.step(): the first value of the schedule is skipped. "
                "Call them in the opposite order",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_IS_DEPRECATED, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to the given one, and set its rates."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if epoch is not None and hasattr(self, "_get_closed_form_lr"):
            self._set(self._get_closed_form_lr())
        else:
            self._set(self._called_get_lr())

    def _called_get_lr(self) -> list[float]:
        """get_lr() without its warning."""
        self._get_lr_called_within_step = True
        try:
            return self.get_lr()
        finally:
            self._get_lr_called_within_step = False

    def _lrs(self) -> list[float]:
        return [copied(group["lr"]) for group in self.optimizer.param_groups]

    def _set(self, rates: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_rate(group, lr)
        self._last_lr = self._lrs()

    def state_dict(self) -> dict[str, Any]:
        """All attributes except the optimizer, under PyTorch's names."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a state_dict(). Load the optimizer's state as well: its groups hold the current rates."""
        vars(self).update(state_dict)


def check_optimizer(optimizer: object) -> None:
    """TypeError if it is not an Optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def copied(value: Any) -> Any:
    """A rate that does not change with the optimizer's: a copy of a Tensor, a number as it is."""
    return value.clone() if isinstance(value, Tensor) else value


def set_rate(group: dict[str, Any], lr: Any) -> None:
    """Change the rate of a group: that of a Tensor in place."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(float(lr))
    else:
        group["lr"] = lr


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each of the optimizer's groups: those of a list, or the same one for all. ValueError for other lengths."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(groups)]
    if len(value) != groups:
        raise ValueError(f"{name} has {len(value)} values, but the optimizer has {groups} parameter groups: give one for each")
    return [copied(x) for x in value]
