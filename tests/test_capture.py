"""capture(): replays leave behind what the step itself would have, bit for bit; and what cannot be replayed is not."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.nn import functional as F

Step = Callable[..., Any]


class World:
    """A small network, its optimizer, and whatever a test adds."""

    def __init__(self) -> None:
        tl.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        self.net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
        self.optimizer: Any = optim.AdamW(self.net.parameters(), lr=0.01)
        self.seen: list[Any] = []

    def train(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.net(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def left_behind(self) -> list[Any]:
        """Everything that a step changes, as bytes."""
        tensors = [*self.net.state_dict().values(), *[p.grad for p in self.net.parameters()]]
        for state in self.optimizer.state_dict()["state"].values():
            tensors += state.values()
        return [None if t is None else t.detach().numpy().tobytes() for t in tensors] + [tl.get_rng_state().numpy().tobytes()]


def plain(of: Any) -> Any:
    """A result as what can be compared."""
    if isinstance(of, tl.Tensor):
        return of.dtype, of.shape, of.requires_grad, of.detach().numpy().tobytes()
    if isinstance(of, (tuple, list)):
        return [plain(part) for part in of]
    return {key: plain(part) for key, part in of.items()} if isinstance(of, dict) else of


def batch(i: int, n: int = 6) -> tuple[tl.Tensor, tl.Tensor]:
    tl.manual_seed(i)
    return tl.randn(n, 4), tl.randint(0, 3, (n,))


def check(
    make: Callable[[World], Step], between: Callable[[World, int], None] = lambda world, i: None, data: Any = batch, n: int = 6
) -> tuple[Any, list[str]]:
    """The captured step, after n calls that are compared with the step itself, and the warnings that came."""
    runs = []
    for captured in (False, True):
        world = World()
        step = make(world)
        step = tl.capture(step) if captured else step
        run = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for i in range(n):
                between(world, i)
                try:
                    result = plain(step(*data(i)))
                except Exception as error:
                    result = f"{type(error).__name__}: {error}"
                run.append((result, world.left_behind(), [plain(x) for x in world.seen]))
        runs.append(run)
    for i, (right, found) in enumerate(zip(*runs)):
        assert found == right, f"call {i}"
    return step, [str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)]


def test_a_step_is_recorded_once() -> None:
    step, told = check(lambda world: world.train)
    assert (step.recordings, len(step.programs), told) == (1, 1, [])


def test_each_shape_has_its_program() -> None:
    step, told = check(lambda world: world.train, data=lambda i: batch(i, 6 if i % 3 else 2), n=9)
    assert (step.recordings, told) == (2, [])


# What a replay must see


def branch(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        world.optimizer.zero_grad()
        loss = F.cross_entropy(world.net(x), y)
        if loss > 1.2:
            loss = loss * 2
        loss.backward()
        world.optimizer.step()
        return loss

    return step


RATE = 0.1


def by_hand(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        world.net.zero_grad()
        loss = F.cross_entropy(world.net(x), y)
        loss.backward()
        with tl.no_grad():
            for p in world.net.parameters():
                p -= RATE * p.grad
        return loss

    return step


def change_rate(world: World, i: int) -> None:
    global RATE
    RATE = 0.1 if i < 3 else 0.05


def dropout(world: World) -> Step:
    world.net.append(nn.Dropout(0.5))
    return world.train


def batch_norm(world: World) -> Step:
    world.net.insert(1, nn.BatchNorm1d(5))
    return world.train


def accumulate(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(world.net(x), y)
        loss.backward()
        return loss

    return step


def zero_sometimes(world: World, i: int) -> None:
    if i % 2 == 0:
        world.optimizer.zero_grad()


def zeros_kept(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        world.optimizer.zero_grad(set_to_none=False)
        loss = F.cross_entropy(world.net(x), y)
        loss.backward()
        world.optimizer.step()
        return loss

    return step


def scheduled(world: World) -> Step:
    scheduler = optim.lr_scheduler.OneCycleLR(world.optimizer, 0.1, total_steps=20)

    def step(x: Any, y: Any) -> Any:
        loss = world.train(x, y)
        scheduler.step()
        return loss, nn.utils.get_total_norm([p.grad for p in world.net.parameters()])

    return step


def clipped(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        world.optimizer.zero_grad()
        loss = F.cross_entropy(world.net(x), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(world.net.parameters(), 0.3)
        nn.utils.clip_grad_value_(world.net.parameters(), 0.1)
        world.optimizer.step()
        return {"loss": loss, "norm": norm}

    return step


def two_optimizers(world: World) -> Step:
    other = optim.SGD(world.net[2].parameters(), lr=0.1, momentum=0.9)

    def step(x: Any, y: Any) -> Any:
        loss = world.train(x, y)
        other.step()
        return loss

    return step


def moving_average(world: World) -> Step:
    means = [p.detach().clone() for p in world.net.parameters()]
    world.seen = means

    def step(x: Any, y: Any) -> Any:
        loss = world.train(x, y)
        with tl.no_grad():
            for mean, p in zip(means, world.net.parameters()):
                mean.mul_(0.9).add_(p, alpha=0.1)
        return loss

    return step


def in_place(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        h = tl.zeros(len(x), 4)
        h += x
        h[0] = 1.0
        h[:, 1] *= 2
        return world.train(h, y)

    return step


def second_order(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        world.optimizer.zero_grad()
        loss = F.cross_entropy(world.net(x), y)
        slopes = tl.autograd.grad(loss, list(world.net.parameters()), create_graph=True)
        (loss + sum((g * g).sum() for g in slopes)).backward()
        world.optimizer.step()
        return loss

    return step


def slope_of_input(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        x = x.detach().clone().requires_grad_()
        world.train(x, y)
        return x.grad

    return step


def a_table(world: World) -> Step:
    table = np.ones(4, np.float32)
    world.table = table  # type: ignore[attr-defined]
    return lambda x, y: world.train(x * tl.tensor(table) + tl.from_numpy(table) * table, y)


def change_table(world: World, i: int) -> None:
    world.table[:] = i + 1  # type: ignore[attr-defined]


def some_rows(world: World) -> Step:
    return lambda x, y: world.train(x[y != 0], y[y != 0])


def freeze(world: World, i: int) -> None:
    world.net[0].weight.requires_grad_(i % 3 != 2)


def swap(world: World, i: int) -> None:
    world.net[0].weight.data = world.net[0].weight.detach() * 1.01


def load(world: World, i: int) -> None:
    if i == 3:
        world.optimizer.load_state_dict(world.optimizer.state_dict())


def hook(world: World, i: int) -> None:
    if i == 3:
        world.net[0].weight.register_hook(lambda g: g * 2)
    if i == 4:
        world.net[0].register_forward_hook(lambda module, inputs, out: out * 2)


def keep_gradients(world: World, i: int) -> None:
    world.seen += [p.grad for p in world.net.parameters() if p.grad is not None]


def add_group(world: World, i: int) -> None:
    if i == 3:
        world.optimizer.add_param_group({"params": [tl.ones(3, requires_grad=True)]})


REPLAYED: dict[str, tuple[Any, ...]] = {
    "branch": (branch,),
    "a global": (by_hand, change_rate),
    "dropout": (dropout,),
    "eval": (dropout, lambda world, i: world.net.train(i % 2 == 0)),
    "batch norm": (batch_norm,),
    "accumulate": (accumulate,),
    "accumulate and zero": (accumulate, zero_sometimes),
    "zeros kept": (zeros_kept,),
    "scheduler": (scheduled,),
    "clip": (clipped,),
    "two optimizers": (two_optimizers,),
    "moving average": (moving_average,),
    "in place": (in_place,),
    "second order": (second_order,),
    "slope of the input": (slope_of_input,),
    "an array": (a_table, change_table),
    "some rows": (some_rows,),
    "learning rate": (lambda world: world.train, lambda world, i: world.optimizer.param_groups[0].update(lr=0.01 * (i + 1))),
    "weight decay": (lambda world: world.train, lambda world, i: world.optimizer.param_groups[0].update(weight_decay=i // 3)),
    "frozen": (lambda world: world.train, freeze),
    "data": (lambda world: world.train, swap),
    "state": (lambda world: world.train, load),
    "hooks": (lambda world: world.train, hook),
    "gradients kept": (lambda world: world.train, keep_gradients),
    "group": (lambda world: world.train, add_group),
}


@pytest.mark.parametrize("name", REPLAYED)
def test_a_replay_sees_what_the_step_would_see(name: str) -> None:
    step, told = check(*REPLAYED[name])
    assert step.programs and not told
    assert step.recordings < 6 or name in ("data", "an array")  # new memory, or other numbers in a small array, each time


# What no replay can do


def with_item(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(world.net(x), y)
        return loss.detach() * (1 + loss.item())

    return step


def with_text(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        loss = world.train(x, y)
        world.seen = [f"{loss}"]
        return loss

    return step


def with_list(world: World) -> Step:
    losses: list[Any] = []
    world.seen = losses

    def step(x: Any, y: Any) -> Any:
        loss = world.train(x, y)
        losses.append(loss.detach())
        return loss

    return step


def with_count(world: World) -> Step:
    count = 0

    def step(x: Any, y: Any) -> Any:
        nonlocal count
        count += 1
        return world.train(x * count, y)

    return step


def with_print(world: World) -> Step:
    def step(x: Any, y: Any) -> Any:
        print("step")
        return world.train(x, y)

    return step


def alive(world: World) -> Step:
    return lambda x, y: F.cross_entropy(world.net(x), y)


def scheduled_first(world: World) -> Step:
    scheduler = optim.lr_scheduler.StepLR(world.optimizer, 1, 0.9)

    def step(x: Any, y: Any) -> Any:
        world.net.zero_grad()
        loss = F.cross_entropy(world.net(x), y)
        loss.backward()
        scheduler.step()
        world.optimizer.step()
        return loss

    return step


EAGER = {
    "a number": (with_item, "a number was read"),
    "text": (with_text, "a number was read|printed"),
    "print": (with_print, "prints"),
    "a list": (with_list, "the step changes losses"),
    "a count": (with_count, "the step changes count"),
    "np.random": (lambda world: lambda x, y: world.train(x * float(np.random.rand()), y), "np.random"),
    "random": (lambda world: lambda x, y: world.train(x * random.random(), y), "random"),
    "alive": (alive, "backward"),
    "an array": (lambda world: lambda x, y: world.train(x * (np.ones(4, np.float32) * 2), y), "computes a NumPy array"),
    "the scheduler first": (scheduled_first, "let these be the last"),
    "an argument that requires grad": (
        lambda world: lambda x, y: world.train(x, y) if x.requires_grad_() is x else None,
        "requires grad",
    ),
}


@pytest.mark.parametrize("name", EAGER)
@pytest.mark.filterwarnings("ignore:lr_scheduler.step")
def test_what_cannot_be_replayed_runs_as_ever(name: str) -> None:
    make, why = EAGER[name]
    step, told = check(make)
    assert not step.programs
    told = [text for text in told if "capture" in text]
    assert len(told) == 1 and any(part in told[0] for part in why.split("|")), told
