"""Learning-rate schedules: PyTorch's numbers, to the last bit."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.nn import optim


class Decay:
    """A rate function that is an object, and so is saved."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, epoch: int) -> float:
        return self.rate**epoch


CASES: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("LambdaLR", lambda: {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("LambdaLR", lambda: {"lr_lambda": [lambda epoch: 0.9**epoch, Decay(0.3)]}),
    ("StepLR", lambda: {"step_size": 3}),
    ("StepLR", lambda: {"step_size": 1, "gamma": 0.7}),
    ("CosineAnnealingLR", lambda: {"T_max": 7}),
    ("CosineAnnealingLR", lambda: {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingLR", lambda: {"T_max": 1}),
]


def optimizers() -> list[Any]:
    ours, theirs = nn.Linear(2, 1), torch.nn.Linear(2, 1)
    return [
        lib.SGD([{"params": net.weight, "lr": 0.5}, {"params": net.bias}], lr=0.1)
        for lib, net in ((optim, ours), (torch.optim, theirs))
    ]


def rates(optimizer: Any) -> list[float]:
    return [group["lr"] for group in optimizer.param_groups]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_thirty_epochs(name: str, options: Callable[[], dict[str, Any]]) -> None:
    a, b = optimizers()
    ours, theirs = getattr(optim.lr_scheduler, name)(a, **options()), getattr(torch.optim.lr_scheduler, name)(b, **options())
    for _ in range(30):
        assert rates(a) == rates(b) == ours.get_last_lr() == theirs.get_last_lr()
        a.step()
        b.step()
        ours.step()
        theirs.step()
    state = theirs.state_dict()
    assert ours.state_dict().items() <= state.items()
    assert set(state) - set(ours.state_dict()) == {"_is_initial", "_get_lr_called_within_step"}  # of torch's own bookkeeping


@pytest.mark.parametrize(("name", "options"), CASES)
def test_saved_and_loaded_in_the_middle(name: str, options: Callable[[], dict[str, Any]]) -> None:
    a, b = optimizers()
    ours, theirs = getattr(optim.lr_scheduler, name)(a, **options()), getattr(torch.optim.lr_scheduler, name)(b, **options())
    for _ in range(4):
        a.step()
        b.step()
        ours.step()
        theirs.step()
    c, _ = optimizers()
    again = getattr(optim.lr_scheduler, name)(c, **options())
    c.load_state_dict(copy.deepcopy(a.state_dict()))
    again.load_state_dict(theirs.state_dict())  # torch's own will do
    for _ in range(9):
        b.step()
        theirs.step()
        again.step()
        assert rates(c) == rates(b)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_resumed_with_last_epoch(name: str, options: Callable[[], dict[str, Any]]) -> None:
    a, b = optimizers()
    for optimizer in (a, b):
        for group in optimizer.param_groups:
            group["initial_lr"] = 1.0
    ours = getattr(optim.lr_scheduler, name)(a, **options(), last_epoch=3)
    theirs = getattr(torch.optim.lr_scheduler, name)(b, **options(), last_epoch=3)
    for _ in range(9):
        assert rates(a) == rates(b)
        a.step()
        b.step()
        ours.step()
        theirs.step()
    assert ours.base_lrs == theirs.base_lrs == [1.0, 1.0]


def test_lambda_objects_are_saved() -> None:
    a, _ = optimizers()
    scheduler = optim.lr_scheduler.LambdaLR(a, [lambda epoch: 1.0, Decay(0.5)])
    state = scheduler.state_dict()
    assert state["lr_lambdas"] == [None, {"rate": 0.5}]
    b, _ = optimizers()
    other = optim.lr_scheduler.LambdaLR(b, [lambda epoch: 1.0, Decay(0.9)])
    other.load_state_dict(state)
    assert other.lr_lambdas[1].rate == 0.5
    assert "lr_lambdas" in state


def test_errors() -> None:
    a, _ = optimizers()
    schedulers = optim.lr_scheduler
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        schedulers.StepLR(3, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        schedulers.LambdaLR(3, lambda epoch: 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Expected 2 lr_lambdas, one for each parameter group, but got 1"):
        schedulers.LambdaLR(a, [lambda epoch: 1.0])
    with pytest.raises(ValueError, match="step_size must be a positive number"):
        schedulers.StepLR(a, 0)
    with pytest.raises(ValueError, match="T_max must be a positive number"):
        schedulers.CosineAnnealingLR(a, 0)
    with pytest.raises(KeyError, match=r"initial_lr.*param_groups\[0\]"):
        schedulers.StepLR(a, 1, last_epoch=2)
    assert rates(a) == [0.5, 0.1]
    scheduler = schedulers.StepLR(a, 1)
    with pytest.warns(UserWarning, match="before optimizer.step"):
        scheduler.step()


def test_the_optimizer_uses_the_rate() -> None:
    p = nn.Parameter(tl.tensor([1.0]))
    optimizer = optim.SGD([p], lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for expected in (0.0, -0.5, -0.75):
        p.grad = tl.ones(1)
        optimizer.step()
        scheduler.step()
        assert p.tolist() == [expected]
