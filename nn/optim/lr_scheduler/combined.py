"""Several schedulers of one optimizer as one: SequentialLR one after another, ChainedScheduler all in every epoch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_lite.recorder import here

from ..optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler, set_rate


class _Combined(LRScheduler):
    """What both share: checks, and a state with the states of the schedulers."""

    _schedulers: Sequence[Any]

    def _check(self, schedulers: Sequence[Any], optimizer: Optimizer | None) -> Optimizer:
        """The optimizer of all schedulers, or ValueError or TypeError."""
        name = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(f"{name} expects at least one scheduler, but got none")
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{name}: schedulers[{i}] is no scheduler, it has no optimizer: {type(scheduler).__name__}")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(f"{name}: schedulers[{i}] is ReduceLROnPlateau, whose step() needs the loss; step it yourself")
            optimizer = optimizer or scheduler.optimizer
            if scheduler.optimizer is not optimizer:
                raise ValueError(f"{name}: schedulers[{i}] belongs to another optimizer than the others")
        assert optimizer is not None
        return optimizer

    def state_dict(self) -> dict[str, Any]:
        """As LRScheduler's; "_schedulers" has the states of the schedulers."""
        return super().state_dict() | {"_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a state_dict(). Load the optimizer's state as well: its groups hold the current rates."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(saved)


class SequentialLR(_Combined):
    """schedulers[i] from epoch milestones[i - 1] to milestones[i]: each begins with its epoch 0, from the initial rate.

    ValueError unless there is a milestone between every two schedulers, and all are of this optimizer.
    https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html

    >>> from tinygrad_lite import nn
    >>> from tinygrad_lite.nn.optim.lr_scheduler import ExponentialLR, LinearLR
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> warm_up, decay = LinearLR(optimizer, 0.25, total_iters=3), ExponentialLR(optimizer, 0.5)
    >>> scheduler = SequentialLR(optimizer, [warm_up, decay], milestones=[3])
    >>> rates = []
    >>> for epoch in range(6):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step(); scheduler.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} milestones, one between every two, "
                f"got {len(milestones)}"
            )
        self._schedulers, self._milestones, self.last_epoch = schedulers, milestones, last_epoch + 1
        for group in optimizer.param_groups:  # each scheduler's constructor has set its own first rate
            set_rate(group, group["initial_lr"])
        _undo_first_step(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Advance to the next epoch: the step of the scheduler whose turn it is."""
        if here.recording is not None and not here.recording.paused:  # each replay of capture() calls it again
            here.recording.effect(self.step, self.optimizer)
            return
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo_first_step(scheduler: Any) -> None:
    """Count the epochs of all schedulers in a combined one from -1 again."""
    for part in scheduler._schedulers:
        if hasattr(part, "_schedulers"):
            _undo_first_step(part)
        elif hasattr(part, "last_epoch"):
            part.last_epoch -= 1


class ChainedScheduler(_Combined):
    """In every epoch the steps of all schedulers, one after another: their factors are multiplied.

    That is so for schedulers that compute the rate from the previous one; LambdaLR and others set it anew. ValueError unless
    all are of one optimizer. https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html

    >>> from tinygrad_lite import nn
    >>> from tinygrad_lite.nn.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)])
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step(); scheduler.step()
    >>> rates
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        self._schedulers, self._last_lr = schedulers, self._lrs()

    def step(self) -> None:  # type: ignore[override]
        """Advance to the next epoch: the steps of all schedulers."""
        if here.recording is not None and not here.recording.paused:
            here.recording.effect(self.step, self.optimizer)
            return
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._lrs()
