"""Learning-rate schedules: PyTorch's numbers, to the last bit, over forty epochs, saved and loaded at any of them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.optim import swa_utils

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.nn import optim

OURS = SimpleNamespace(**vars(optim.lr_scheduler), SWALR=optim.swa_utils.SWALR)
THEIRS = SimpleNamespace(**vars(torch.optim.lr_scheduler), SWALR=swa_utils.SWALR)


class Decay:
    """A rate function that is an object, and so is saved."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, epoch: float) -> float:
        return self.rate**epoch


# A scheduler from the schedulers s of either library and an optimizer with two groups.
CASES: dict[str, Callable[[Any, Any], Any]] = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.9**epoch, Decay(0.3)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95 if epoch % 3 else 1.01),
    "multiplicatives": lambda s, o: s.MultiplicativeLR(o, (Decay(0.99), lambda epoch: 0.5)),
    "step": lambda s, o: s.StepLR(o, 3),
    "step 1": lambda s, o: s.StepLR(o, step_size=1, gamma=0.7),
    "milestones": lambda s, o: s.MultiStepLR(o, [2, 9, 9, 20], 0.3),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.93),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant 7": lambda s, o: s.ConstantLR(o, factor=0.7, total_iters=7),
    "linear": lambda s, o: s.LinearLR(o),
    "linear down": lambda s, o: s.LinearLR(o, start_factor=0.9, end_factor=0.1, total_iters=11),
    "polynomial": lambda s, o: s.PolynomialLR(o),
    "polynomial 2.5": lambda s, o: s.PolynomialLR(o, total_iters=17, power=2.5),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 7),
    "cosine to 0.01": lambda s, o: s.CosineAnnealingLR(o, T_max=5, eta_min=0.01),
    "cosine 1": lambda s, o: s.CosineAnnealingLR(o, 1),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 6),
    "restarts twice as long": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.003),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.3, total_steps=41),
    "one cycle of epochs": lambda s, o: s.OneCycleLR(
        o, [0.3, 0.7], epochs=9, steps_per_epoch=5, pct_start=0.4, anneal_strategy="linear", max_momentum=[0.9, 0.8]
    ),
    "one cycle in three": lambda s, o: s.OneCycleLR(o, 0.3, 50, three_phase=True, div_factor=7.0, final_div_factor=30.0),
    "one cycle alone": lambda s, o: s.OneCycleLR(o, 0.3, total_steps=60, cycle_momentum=False),
    "cycles": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4),
    "cycles halved": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 3, 5, mode="triangular2", base_momentum=[0.5, 0.6]),
    "cycles decaying": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 6, mode="exp_range", gamma=0.97, cycle_momentum=False),
    "cycles scaled": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 6, scale_fn=Decay(0.9), scale_mode="iterations"),
    "cycles of a function": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 6, mode="mine", scale_fn=lambda x: 1 / x),
    "sequence": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], milestones=[2]),
    "sequence of four": lambda s, o: s.SequentialLR(
        o,
        [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 9), s.StepLR(o, 2), s.CosineAnnealingWarmRestarts(o, 3)],
        [4, 13, 20],
    ),
    "chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 6)]),
    "chain in a sequence": lambda s, o: s.SequentialLR(
        o, [s.ChainedScheduler([s.LinearLR(o), s.PolynomialLR(o, 9)]), s.StepLR(o, 4)], [5]
    ),
    "sequence in a sequence": lambda s, o: s.SequentialLR(
        o, [s.SequentialLR(o, [s.LinearLR(o), s.StepLR(o, 4)], [4]), s.ExponentialLR(o, 0.9)], [9]
    ),
    "swa": lambda s, o: s.SWALR(o, swa_lr=0.05),
    "swa line": lambda s, o: s.SWALR(o, [0.05, 0.7], anneal_epochs=6, anneal_strategy="linear"),
    "swa at once": lambda s, o: s.SWALR(o, 0.05, 0),
}  # fmt: skip
both = pytest.mark.parametrize("name", CASES)
pytestmark = pytest.mark.filterwarnings("ignore:.*optimizer.step", "ignore:.*epoch parameter", "ignore:.*step.epoch. is dep")


def optimizers(name: str = "SGD") -> list[Any]:
    """The same optimizer in both libraries, ours first: two groups of different rates."""
    made = []
    for library, net in ((optim, nn.Linear(2, 1)), (torch.optim, torch.nn.Linear(2, 1))):
        groups: list[Any] = [{"params": net.weight, "lr": 0.5}, {"params": net.bias}]
        made.append(getattr(library, name)(groups, lr=0.1, **({"momentum": 0.9} if name == "SGD" else {})))
    return made


def rates(optimizer: Any) -> list[Any]:
    """What a scheduler may change: of each group the rate, and the momentum or betas."""
    return [(group["lr"], group.get("momentum"), group.get("betas")) for group in optimizer.param_groups]


def state_of(scheduler: Any) -> Any:
    """A state_dict, copied."""
    return copy.deepcopy(scheduler.state_dict())


@both
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_forty_epochs(name: str, optimizer: str) -> None:
    a, b = optimizers(optimizer)
    ours, theirs = CASES[name](OURS, a), CASES[name](THEIRS, b)
    for _ in range(40):
        assert rates(a) == rates(b)
        assert ours.get_last_lr() == theirs.get_last_lr() == [group["lr"] for group in a.param_groups]
        assert state_of(ours) == state_of(theirs)
        a.step()
        b.step()
        ours.step()
        theirs.step()


@both
def test_a_rate_that_is_a_tensor(name: str) -> None:
    a, b = optimizers()
    for optimizer, library in ((a, tl), (b, torch)):
        for group in optimizer.param_groups:
            group["lr"] = library.tensor(group["lr"])  # type: ignore[attr-defined]
    ours, theirs, tensors = CASES[name](OURS, a), CASES[name](THEIRS, b), [group["lr"] for group in a.param_groups]
    for _ in range(20):
        assert [(float(lr), m) for lr, m, _ in rates(a)] == [(float(lr), m) for lr, m, _ in rates(b)]
        assert [float(lr) for lr in ours.get_last_lr()] == [float(lr) for lr in theirs.get_last_lr()]
        assert [type(lr).__name__ for lr in ours.get_last_lr()] == [type(lr).__name__ for lr in theirs.get_last_lr()]
        ours.step()
        theirs.step()
    assert all(group["lr"] is lr for group, lr in zip(a.param_groups, tensors))


@both
def test_saved_and_loaded_in_any_epoch(name: str) -> None:
    a, _ = optimizers()
    scheduler = CASES[name](OURS, a)
    history, states = [], []
    for _ in range(30):
        history.append(rates(a))
        states.append((copy.deepcopy(a.state_dict()), state_of(scheduler)))
        a.step()
        scheduler.step()
    for epoch, (optimizer_state, state) in enumerate(states[:12]):
        for library, other in zip((OURS, THEIRS), optimizers()):
            again = CASES[name](library, other)
            other.load_state_dict(copy.deepcopy(optimizer_state))
            again.load_state_dict(copy.deepcopy(state))
            for expected in history[epoch + 1 :]:
                other.step()
                again.step()
                assert rates(other) == expected, f"saved in epoch {epoch}"


RESUMED: dict[str, Callable[[Any, Any], Any]] = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 1 / (1 + epoch), 3),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, Decay(0.9), last_epoch=3),
    "step": lambda s, o: s.StepLR(o, 2, last_epoch=3),
    "milestones": lambda s, o: s.MultiStepLR(o, [3, 4, 8], last_epoch=3),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9, 3),
    "constant": lambda s, o: s.ConstantLR(o, 0.5, 6, 3),
    "linear": lambda s, o: s.LinearLR(o, 0.5, 1.0, 8, 3),
    "polynomial": lambda s, o: s.PolynomialLR(o, 9, 1.5, 3),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 6, 0.01, 3),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.01, 3),
    "cycles": lambda s, o: s.CyclicLR(o, 0.1, 0.2, 4, cycle_momentum=False, last_epoch=3),
    "swa": lambda s, o: s.SWALR(o, 0.05, 6, last_epoch=3),
}  # fmt: skip


@pytest.mark.parametrize("name", RESUMED)
def test_resumed_with_last_epoch(name: str) -> None:
    a, b = optimizers()
    for optimizer in (a, b):
        for group in optimizer.param_groups:
            group["initial_lr"] = 1.0
    ours, theirs = RESUMED[name](OURS, a), RESUMED[name](THEIRS, b)
    for _ in range(12):
        assert rates(a) == rates(b)
        ours.step()
        theirs.step()
    assert ours.base_lrs == theirs.base_lrs
    with pytest.raises(KeyError, match=r"initial_lr.*param_groups\[0\]"):
        RESUMED[name](OURS, optimizers()[0])


@both
def test_a_given_epoch(name: str) -> None:
    a, b = optimizers()
    ours, theirs = CASES[name](OURS, a), CASES[name](THEIRS, b)
    if "sequence" in name or "chain" in name:
        with pytest.raises(TypeError):
            ours.step(3)
        return
    restarts = "restarts" in name
    for epoch in (3, 0, 7, 2, 3, 9, 10, 6, 30):
        ours.step(epoch)
        theirs.step(epoch)
        ours.step()
        theirs.step()
        if restarts:
            ours.step(epoch + 0.3)
            theirs.step(epoch + 0.3)
        assert rates(a) == rates(b), epoch
        assert state_of(ours) == state_of(theirs)
    if not restarts:
        with pytest.warns(UserWarning, match="deprecated"):
            ours.step(2)


LOSSES = [9.0, 8.0, 8.1, 8.2, 7.9, 7.9, 7.9, 7.95, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, float("nan"), 7.0, 6.9995, 6.999, 6.5] * 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 2},
        {"patience": 1, "cooldown": 3, "factor": 0.5},
        {"mode": "max", "patience": 1, "factor": 0.3},
        {"patience": 0, "threshold": 0.3, "threshold_mode": "abs", "min_lr": [0.01, 1e-9]},
        {"mode": "max", "patience": 0, "threshold_mode": "abs", "threshold": 0.05, "min_lr": 0.02, "eps": 1e-3},
    ],
)
def test_plateau(options: dict[str, Any]) -> None:
    a, b = optimizers()
    ours, theirs = OURS.ReduceLROnPlateau(a, **options), THEIRS.ReduceLROnPlateau(b, **options)
    history, saved = [], []
    for loss in LOSSES:
        assert {**state_of(ours), "best": str(ours.best)} == {**state_of(theirs), "best": str(theirs.best)}
        assert ours.in_cooldown == theirs.in_cooldown
        saved.append((copy.deepcopy(a.state_dict()), state_of(ours)))
        ours.step(tl.tensor(loss, dtype=tl.float64))
        theirs.step(torch.tensor(loss, dtype=torch.float64))
        assert rates(a) == rates(b)
        history.append(rates(a))
    for epoch, (optimizer_state, state) in enumerate(saved):
        for library, other in zip((OURS, THEIRS), optimizers()):
            again = library.ReduceLROnPlateau(other, **options)
            other.load_state_dict(copy.deepcopy(optimizer_state))
            again.load_state_dict(copy.deepcopy(state))
            for loss, expected in zip(LOSSES[epoch:], history[epoch:]):
                again.step(loss)
                assert rates(other) == expected
    with pytest.warns(UserWarning, match="deprecated"):
        ours.step(1.0, epoch=3)
    assert ours.last_epoch == 3


def test_plateau_after_a_group_was_added() -> None:
    for library, make, p in ((OURS, 0, nn.Parameter(tl.ones(1))), (THEIRS, 1, torch.nn.Parameter(torch.ones(1)))):
        one, several = optimizers()[make], optimizers()[make]
        schedulers = (
            library.ReduceLROnPlateau(one, patience=0, min_lr=0.2),
            library.ReduceLROnPlateau(several, patience=0, min_lr=[0, 0]),
        )
        one.add_param_group({"params": p, "lr": 1.0})
        several.add_param_group({"params": p, "lr": 1.0})
        for scheduler in schedulers:
            scheduler.step(1.0)
        schedulers[0].step(1.0)
        assert [group["lr"] for group in one.param_groups] == [0.2, 0.1, 0.2]
        with pytest.raises(RuntimeError, match="min_lrs"):
            schedulers[1].step(1.0)


ERRORS: list[tuple[Callable[[Any, Any], Any], type[Exception], str]] = [
    (lambda s, o: s.StepLR(3, 1), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.CyclicLR(3, 1, 2), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.OneCycleLR(3, 1, 2), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.ReduceLROnPlateau(3), TypeError, "int is not an Optimizer"),
    (lambda s, o: s.StepLR(o, 1, last_epoch=2), KeyError, r"initial_lr.*param_groups\[0\]"),
    (lambda s, o: s.LambdaLR(o, [lambda epoch: 1.0]), ValueError, "Expected 2 lr_lambdas, one for each.* but got 1"),
    (lambda s, o: s.LambdaLR(o, 0.5), TypeError, "function of the epoch|not callable"),
    (lambda s, o: s.MultiplicativeLR(o, [lambda epoch: 1.0] * 3), ValueError, "Expected 2 lr_lambdas"),
    (lambda s, o: s.MultiplicativeLR(o, 0.5), TypeError, "function"),
    (lambda s, o: s.ConstantLR(o, 1.5), ValueError, "between 0 and 1"),
    (lambda s, o: s.LinearLR(o, 0.0), ValueError, "start_factor must be more than 0"),
    (lambda s, o: s.LinearLR(o, 0.5, 1.5), ValueError, "end_factor must be between"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0 must be a positive integer"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2.0), ValueError, "T_0 must be a positive integer"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "T_mult must be a positive integer"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, 1, "0"), ValueError, "eta_min must be a number"),
    (lambda s, o: s.CosineAnnealingWarmRestarts(o, 2).step(-1), ValueError, "non-negative epoch"),
    (lambda s, o: s.OneCycleLR(o, 0.1), ValueError, "give total_steps, or"),
    (lambda s, o: s.OneCycleLR(o, 0.1, epochs=3), ValueError, "give total_steps, or"),
    (lambda s, o: s.OneCycleLR(o, 0.1, 2.5), ValueError, "total_steps must be a positive integer, got 2.5"),
    (lambda s, o: s.OneCycleLR(o, 0.1, epochs=3, steps_per_epoch=0), ValueError, "steps_per_epoch must be a positive integer"),
    (lambda s, o: s.OneCycleLR(o, 0.1, 9, pct_start=1), ValueError, "pct_start must be a float"),
    (lambda s, o: s.OneCycleLR(o, 0.1, 9, anneal_strategy="no"), ValueError, "anneal_strategy must be 'cos' or 'linear'"),
    (lambda s, o: s.OneCycleLR(o, [0.1], 9), ValueError, "max_lr has 1 values, .* 2 parameter groups"),
    (lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="no"), ValueError, "mode must be one of triangular"),
    (lambda s, o: s.CyclicLR(o, [0.1], 0.2), ValueError, "base_lr has 1 values"),
    (lambda s, o: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be less than 1"),
    (lambda s, o: s.ReduceLROnPlateau(o, "no"), ValueError, "mode must be 'min' or 'max'"),
    (lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="no"), ValueError, "threshold_mode must be"),
    (lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]), ValueError, "expected 2 min_lrs"),
    (lambda s, o: s.ReduceLROnPlateau(o).get_lr(), NotImplementedError, "does not define get_lr"),
    (lambda s, o: s.SequentialLR(o, [], []), ValueError, "at least one scheduler"),
    (lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [3]), ValueError, "1 schedulers need 0 milestones"),
    (lambda s, o: s.SequentialLR(o, [3], []), TypeError, "is no scheduler"),
    (lambda s, o: s.ChainedScheduler([]), ValueError, "at least one scheduler"),
    (lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]), ValueError, "needs the loss"),
    (lambda s, o: s.ChainedScheduler([s.StepLR(o, 1), s.StepLR(copy.deepcopy(o), 1)]), ValueError, "another optimizer"),
    (lambda s, o: s.SWALR(o, 0.1, anneal_strategy="no"), ValueError, "anneal_strategy must be"),
    (lambda s, o: s.SWALR(o, 0.1, 2.5), ValueError, "anneal_epochs must be an integer"),
    (lambda s, o: s.SWALR(o, [0.1]), ValueError, "swa_lr has 1 values"),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(ERRORS)))
def test_errors(place: int) -> None:
    call, kind, text = ERRORS[place]
    a, b = optimizers()
    with pytest.raises(kind):
        call(THEIRS, b)
    with pytest.raises(kind, match=text):
        call(OURS, a)
    assert [group["lr"] for group in a.param_groups] == [0.5, 0.1]


def test_one_cycle_ends() -> None:
    for library, optimizer in zip((OURS, THEIRS), optimizers()):
        scheduler = library.OneCycleLR(optimizer, 0.1, 3)
        with pytest.raises(ValueError, match=r"step 4 of 3: the cycle is over|Tried to step 4 times"):
            for _ in range(4):
                scheduler.step()


def test_steps_that_torch_divides_by_zero_for() -> None:
    a, _ = optimizers()
    with pytest.raises(ValueError, match="step_size must be a positive number"):
        OURS.StepLR(a, 0)
    with pytest.raises(ValueError, match="T_max must be a positive number"):
        OURS.CosineAnnealingLR(a, 0)


def test_momentum_of_an_optimizer_without_one() -> None:
    for library, make, lists in zip((OURS, THEIRS), (optim.Optimizer, torch.optim.Optimizer), (tl, torch)):
        plain = make([lists.ones(1, requires_grad=True)], {"lr": 0.1})  # type: ignore[abstract]
        with pytest.raises(ValueError, match="momentum"):
            library.OneCycleLR(plain, 0.1, 9)
        with pytest.raises(ValueError, match="momentum"):
            library.CyclicLR(plain, 0.1, 0.2)


def test_warnings() -> None:
    a, _ = optimizers()
    scheduler = OURS.StepLR(a, 1)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()
    with pytest.warns(UserWarning, match="before optimizer.step"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
        a.step()
        OURS.StepLR(a, 1).step()


def test_a_scheduler_of_ones_own() -> None:
    class Floor(optim.lr_scheduler.StepLR):
        def get_lr(self) -> list[float]:
            return [max(lr, 0.2) for lr in super().get_lr()]

    a, _ = optimizers()
    scheduler = Floor(a, 1, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        a.step()
        scheduler.step()
        scheduler.step()
    assert scheduler.get_last_lr() == [0.2, 0.2]
    assert OURS._LRScheduler is OURS.LRScheduler


def test_objects_as_functions_are_saved() -> None:
    a, b = optimizers()[0], optimizers()[0]
    state = OURS.LambdaLR(a, [lambda epoch: 1.0, Decay(0.5)]).state_dict()
    assert state["lr_lambdas"] == [None, {"rate": 0.5}]
    other = OURS.LambdaLR(b, [lambda epoch: 1.0, Decay(0.9)])
    other.load_state_dict(state)
    assert other.lr_lambdas[1].rate == 0.5
    assert "lr_lambdas" in state
    cycles = OURS.CyclicLR(a, 0.1, 0.2, scale_fn=Decay(0.5))
    again = OURS.CyclicLR(b, 0.1, 0.2, scale_fn=Decay(0.9))
    again.load_state_dict(cycles.state_dict())
    assert again.scale_fn(1) == 0.5


def test_the_optimizer_uses_the_rate() -> None:
    p = nn.Parameter(tl.tensor([1.0]))
    optimizer = optim.SGD([p], lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for expected in (0.0, -0.5, -0.75):
        p.grad = tl.ones(1)
        optimizer.step()
        scheduler.step()
        assert p.tolist() == [expected]
