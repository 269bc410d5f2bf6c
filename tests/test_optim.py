"""Optimizers: 50 steps equal to PyTorch's for every option that matters, groups, errors, and no waste."""

from __future__ import annotations

import copy
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from optim_pairs import CASES, IDS, Close, Pair, check_state

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.nn import optim


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_fifty_steps(name: str, options: dict[str, Any], close: Close, device: str) -> None:
    pair = Pair(device=device)
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for _ in range(50):
        pair.gradients()
        ours.step()
        theirs.step()
    pair.check(close)
    check_state(ours, theirs, close)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_gradients_that_come_and_go_and_options_that_change(name: str, options: dict[str, Any], close: Close) -> None:
    pair = Pair()
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for i in range(12):
        pair.gradients(without=[i % 5, 3] if i % 3 else [])
        for optimizer in (ours, theirs):
            group = optimizer.param_groups[0]
            group["lr"] = 0.1 / (i + 1)
            if name == "SGD" and i > 5:
                group["momentum"] = 0.5
            elif "amsgrad" not in group:
                group["weight_decay"] = 0.01 * i
            elif i > 5:
                group["amsgrad"] = True
                for state in theirs.state.values():
                    if "exp_avg_sq" in state:
                        state.setdefault("max_exp_avg_sq", torch.zeros_like(state["exp_avg_sq"]))
            optimizer.step()
    pair.check(close)
    check_state(ours, theirs, close)


def test_parameter_groups(close: Close) -> None:
    pair = Pair()
    optimizers = []
    for lib, params in ((optim, pair.ours), (torch.optim, pair.theirs)):
        optimizer = lib.AdamW([{"params": params[:2], "lr": 0.3}, {"params": params[2], "weight_decay": 0.5}], lr=0.01)
        optimizer.add_param_group({"params": params[3:], "betas": (0.5, 0.5)})
        optimizers.append(optimizer)
    for _ in range(10):
        pair.gradients()
        for optimizer in optimizers:
            optimizer.step()
    pair.check(close)
    check_state(*optimizers, close)


@pytest.mark.parametrize("dtypes", [("float32",), ("float32", "float64", "float16")])
def test_dtypes(dtypes: tuple[str, ...], close: Close) -> None:
    pairs = [Pair([(4, 3), (3,), (20_000,)], dtype) for dtype in dtypes]
    ours = optim.AdamW([p for pair in pairs for p in pair.ours], lr=0.01, eps=1e-3)
    theirs = torch.optim.AdamW([p for pair in pairs for p in pair.theirs], lr=0.01, eps=1e-3, foreach=False)
    for _ in range(5):
        for pair in pairs:
            pair.gradients()
        ours.step()
        theirs.step()
    for pair in pairs:
        pair.check(close)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_float32(name: str, options: dict[str, Any]) -> None:
    """Relative to the largest number, to a few units in the last place."""
    pair = Pair([(3, 2), (), (200, 100)], "float32")
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for _ in range(5):
        pair.gradients()
        ours.step()
        theirs.step()
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        a, b = p.detach().numpy(), q.detach().numpy()
        assert a.dtype == b.dtype
        assert np.abs(a - b).max() <= 8 * np.finfo("float32").eps * np.abs(b).max()


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_and_aliases(order: str, close: Close) -> None:
    """A parameter that is a transposed view, and gradients in column order; who looks at the memory sees the update."""
    for size in (4, 200):
        a, g = (np.random.default_rng(i).standard_normal((size, size)) for i in (0, 1))
        ours, theirs = nn.Parameter(tl.tensor(a).T), torch.nn.Parameter(torch.tensor(a).T)
        window = ours.detach()
        optimizers = optim.Adam([ours], lr=0.1), torch.optim.Adam([theirs], lr=0.1)
        for _ in range(3):
            ours.grad, theirs.grad = tl.from_numpy(np.array(g, order=order)), torch.tensor(g)
            for optimizer in optimizers:
                optimizer.step()
        close(ours, theirs)
        close(window, theirs)
        np.testing.assert_array_equal(ours.grad.numpy(), g)  # gradients are only read


def test_a_training_run_equals_torchs(close: Close) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)

    def build(lib: Any) -> Any:
        return lib.Sequential(lib.Linear(4, 5), lib.Tanh(), lib.Linear(5, 3)).double()

    net, theirs = build(nn), build(torch.nn)
    net.load_state_dict(theirs.state_dict())
    ours, other = optim.AdamW(net.parameters(), lr=0.05), torch.optim.AdamW(theirs.parameters(), lr=0.05)
    for _ in range(50):
        ours.zero_grad()
        nn.functional.cross_entropy(net(tl.tensor(x)), tl.tensor(t)).backward()
        ours.step()
        other.zero_grad()
        torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(t)).backward()
        other.step()
    for p, q in zip(net.parameters(), theirs.parameters(), strict=True):
        close(p, q)


def test_closure_and_zero_grad() -> None:
    p = nn.Parameter(tl.tensor([2.0]))
    optimizer = optim.SGD([p], lr=0.25)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tl.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert p.tolist() == [1.0]
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None
    assert optimizer.step() is None
    assert p.tolist() == [1.0]  # no gradient, no step


def test_a_graph_from_before_the_step_is_refused() -> None:
    for size in (3, 20_000):
        p = nn.Parameter(tl.ones(size))
        y = (p * p).sum()
        p.grad = tl.ones(size)
        optim.SGD([p], lr=0.1).step()
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()


def test_large_parameters_are_updated_without_copies() -> None:
    p = nn.Parameter(tl.ones(1_000_000))
    p.grad = tl.ones(1_000_000)
    for optimizer, states in ((optim.SGD([p], lr=0.1, momentum=0.9), 1), (optim.AdamW([p], amsgrad=True, weight_decay=0.1), 3)):
        for kept in (4_000_000 * states, 0):  # in the first step and in later ones; the parameter has four million bytes
            tracemalloc.start()
            optimizer.step()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert kept <= peak < kept + 1_000_000


def test_repr() -> None:
    assert "Adam (\nParameter Group 0\n    amsgrad: False\n    betas: (0.9, 0.999)\n" in repr(
        optim.Adam([nn.Parameter(tl.ones(1))])
    )


BAD = [
    ("SGD", {"lr": -1}, "learning rate: -1"),
    ("SGD", {"lr": float("nan")}, "learning rate: nan"),
    ("SGD", {"momentum": -1}, "momentum value: -1"),
    ("SGD", {"weight_decay": -1}, "weight_decay value: -1"),
    ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "Nesterov"),
    ("Adam", {"lr": -1}, "learning rate: -1"),
    ("Adam", {"betas": (1.0, 0.9)}, "beta parameter at index 0: 1.0"),
    ("Adam", {"betas": (0.1, -0.9)}, "beta parameter at index 1: -0.9"),
    ("Adam", {"betas": (0.9,)}, "betas must be two numbers"),
    ("Adam", {"eps": -1}, "epsilon value: -1"),
    ("AdamW", {"weight_decay": -1}, "weight_decay value: -1"),
    ("Adam", {"betas": (0, 0.5)}, "betas must be either both floats or both Tensors"),
    ("RMSprop", {"alpha": -1}, "alpha value: -1"),
    ("RMSprop", {"momentum": -1}, "momentum value: -1"),
    ("Adagrad", {"lr_decay": -1}, "lr_decay value: -1"),
    ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value value: -1"),
    ("Adadelta", {"rho": 1.1}, "rho value: 1.1"),
    ("Adamax", {"betas": (0.5, 1.0)}, "beta parameter at index 1: 1.0"),
    ("NAdam", {"momentum_decay": -1}, "momentum_decay value: -1"),
    ("NAdam", {"betas": (0.5, 1.0)}, "beta parameter at index 1: 1.0"),
    ("RAdam", {"eps": -1}, "epsilon value: -1"),
    ("RAdam", {"betas": (0.5, 1.0)}, "beta parameter at index 1: 1.0"),
    ("Rprop", {"etas": (1.0, 1.2)}, "eta values: 1.0, 1.2"),
    ("ASGD", {"weight_decay": -1}, "weight_decay value: -1"),
    ("Adafactor", {"eps": (-1, 1)}, "epsilon1 should be >= 0 but is: -1"),
    ("Adafactor", {"eps": (None, -1)}, "epsilon2 should be >= 0 but is: -1"),
    ("Adafactor", {"beta2_decay": 1}, "beta2_decay should be <= 0"),
    ("Adafactor", {"d": 0.5}, "threshold d should be >= 1"),
    ("Adafactor", {"weight_decay": -1}, "weight_decay value: -1"),
]


@pytest.mark.parametrize(("name", "options", "message"), BAD)
def test_bad_options(name: str, options: dict[str, Any], message: str) -> None:
    p, q = nn.Parameter(tl.ones(1)), nn.Parameter(tl.ones(1))
    with pytest.raises(ValueError, match=message):
        getattr(optim, name)([p], **options)
    if "nan" not in message and "two" not in message:  # torch lets the first pass, and trips over the second
        with pytest.raises(ValueError):
            getattr(torch.optim, name)([torch.nn.Parameter(torch.ones(1))], **options)
    optimizer = getattr(optim, name)([p])
    with pytest.raises(ValueError, match=message):
        optimizer.add_param_group({"params": [q], **options})
    assert len(optimizer.param_groups) == 1
    state = optimizer.state_dict()
    state["param_groups"][0].update(options)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0].items() >= optimizer.defaults.items()


def test_bad_parameters() -> None:
    p = nn.Parameter(tl.ones(1))
    for params, error, message in (
        ([], ValueError, "empty parameter list"),
        (p, TypeError, r"iterable of Tensors or dicts, but got Parameter.*\[p\]"),
        (3, TypeError, "iterable of Tensors or dicts, but got int"),
        (nn.Linear(1, 1), TypeError, r"got the module Linear; give model\.parameters\(\)"),
        (nn.Sequential(nn.Linear(1, 1)), TypeError, r"got the module Sequential; give model\.parameters\(\)"),
        (nn.Linear(1, 1).parameters, TypeError, r"got method; call it: model\.parameters\(\)"),
        (iter([]), ValueError, "layers in a plain list are not registered, use nn.ModuleList"),
        ([3], TypeError, "can only optimize Tensors, but one of the params is int"),
        ([nn.Linear(1, 1)], TypeError, r"one of the params is Linear; give its parameters\(\)"),
        ([(p, "name")], TypeError, r"is tuple; with a name it is \(name, Tensor\)"),
        ([("name", p), tl.ones(1, requires_grad=True)], ValueError, "with/without names. Some param names are missing"),
        ([{"params": [("name", p)]}, {"params": []}], ValueError, "cannot add param group without names"),
        ([{"params": []}, {"params": [("name", p)]}], ValueError, "cannot add param group with names"),
        ([nn.Linear(1, 1).parameters()], TypeError, r"is generator; several go together as \[\*a.parameters\(\)"),
        ([torch.nn.Parameter(torch.ones(1))], TypeError, r"one of the params is torch\.nn\.parameter\.Parameter$"),
        ([p * 2], ValueError, "non-leaf"),
        ([p, p], ValueError, "more than one place"),
        ([{"params": [p]}, {"params": [p]}], ValueError, "more than one place"),
        ([{"params": {p}}], TypeError, "ordered collection"),
        ([{"lr": 3}], KeyError, r"a parameter group needs .params.: its tensors; this one has only lr"),
    ):
        with pytest.raises(error, match=message):
            optim.SGD(params, lr=0.1)
    with pytest.raises(TypeError, match="learning rate must be a number, got str"):
        optim.SGD([p], lr="0.1")
    with pytest.raises(TypeError, match="must be a dict"):
        optim.SGD([p]).add_param_group([p])


@pytest.mark.parametrize(("inside", "out"), [(0, 3), (3, 0)])
def test_a_layer_without_features_is_trained_like_any_other(inside: int, out: int) -> None:
    layer = nn.Linear(inside, out)
    layer.load_state_dict(nn.Linear(inside, out).state_dict())
    optimizer = optim.Adam(layer.parameters(), lr=1.0)
    layer(tl.ones(2, inside)).sum().backward()
    nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    assert layer.weight.grad.shape == (out, inside)
    assert layer.bias.grad.tolist() == [0] * out


def test_a_step_that_cannot_be_taken_changes_nothing() -> None:
    a, b = nn.Parameter(tl.ones(2)), nn.Parameter(np.broadcast_to(np.float32(1), 2))
    a.grad, b.grad = tl.ones(2), tl.ones(2)
    for optimizer in (optim.Adam([a, b]), optim.Adam([{"params": [a]}, {"params": [b]}])):
        with pytest.raises(RuntimeError, match=r"step: some elements of this float32\[2\] tensor are one number in memory"):
            optimizer.step()
        assert a.tolist() == [1, 1]
    with pytest.raises(TypeError, match="dampening must be a number, got str"):
        optim.SGD([a], dampening="no")


SHARED = [(slice(0, 4), slice(2, 6)), (slice(0, 4), slice(0, 4)), (slice(0, 100), slice(0, 18_000), slice(90, 200))]


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
@pytest.mark.parametrize("slices", SHARED, ids=str)
def test_parameters_on_the_same_memory_count_one_after_the_other(
    name: str, options: dict[str, Any], slices: tuple[slice, ...], close: Close
) -> None:
    a = np.random.default_rng(0).standard_normal(20_000)
    b = torch.tensor(a)
    pair = Pair([a[part].shape for part in slices])
    pair.ours = [nn.Parameter(a[part]) for part in slices]
    pair.theirs = [torch.nn.Parameter(b[part]) for part in slices]
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for _ in range(3):
        pair.gradients()
        ours.step()
        theirs.step()
    close(a, b)
    check_state(ours, theirs, close)


def test_only_what_overlaps_is_updated_alone() -> None:
    a = np.zeros(9)
    params = [nn.Parameter(x) for x in (a[:3], np.zeros(2), a[2:5], np.zeros(2), a[5:])]
    for p in params:
        p.grad = tl.ones_like(p)
    optimizer = optim.SGD(params)
    optimizer.step()
    assert [places for _, places in optimizer._flat[0][1]] == [[0], [1, 3, 4], [2]]


def test_two_parameters_on_one_array_are_updated_one_after_the_other() -> None:
    a = np.zeros(2)
    params = [nn.Parameter(a), nn.Parameter(a)]
    for p in params:
        p.grad = tl.ones_like(p)
    optim.SGD(params, lr=1.0).step()
    assert a.tolist() == [-2.0, -2.0]


def test_dampening_without_momentum_does_nothing() -> None:
    found = []
    for t, o in ((tl, optim), (torch, torch.optim)):
        p = t.tensor([1.0, -2.0], dtype=t.float64, requires_grad=True)
        optimizer = o.SGD([p], lr=0.1, dampening=0.5)
        for _ in range(3):
            optimizer.zero_grad()
            (p**2).sum().backward()
            optimizer.step()
        found.append(p.detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-14)


@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_many_small_parameters_are_updated_to_the_last(kind: str) -> None:
    """Together they are longer than a chunk, and the first is empty."""
    sizes = [0, *[12_000] * 6]
    ours = [tl.ones(n, requires_grad=True) for n in sizes]
    theirs = [torch.ones(n, requires_grad=True) for n in sizes]
    for params, lib in ((ours, optim), (theirs, torch.optim)):
        for p in params:
            p.grad = p.detach() * 0.5
        getattr(lib, kind)(params, lr=0.1).step()
    for p, q in zip(ours, theirs):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-6)


def test_an_optimizer_that_says_nothing_cannot_step() -> None:
    p = tl.ones(2, requires_grad=True)
    p.grad = tl.ones(2)
    with pytest.raises(NotImplementedError, match=r"Optimizer defines neither step\(\) nor hyperparameters\(\); define one"):
        optim.Optimizer([p], {}).step()
    assert p.tolist() == [1, 1]


def test_an_optimizer_as_it_is_written_for_torch(close: Close) -> None:
    """Its own step(), param_groups, and a state that is an empty dict at first."""

    def heavy_ball(lib: Any, tensors: Any) -> Any:
        class HeavyBall(lib.Optimizer):  # type: ignore[misc]
            def __init__(self, params: Any, lr: float) -> None:
                super().__init__(params, {"lr": lr})

            def step(self, closure: Any = None) -> None:
                with tensors.no_grad():
                    for group in self.param_groups:
                        for p in group["params"]:
                            state = self.state[p]
                            if len(state) == 0:
                                state["velocity"] = tensors.zeros_like(p)
                            state["velocity"] *= 0.9
                            state["velocity"] += p.grad
                            p -= group["lr"] * state["velocity"]

        return HeavyBall

    pair = Pair()
    ours, theirs = heavy_ball(optim, tl)(pair.ours, lr=0.1), heavy_ball(torch.optim, torch)(pair.theirs, lr=0.1)
    schedules = optim.lr_scheduler.StepLR(ours, 1), torch.optim.lr_scheduler.StepLR(theirs, 1)
    for _ in range(4):
        pair.gradients()
        ours.step()
        theirs.step()
        for schedule in schedules:  # without a warning: the optimizer has stepped
            schedule.step()
    pair.check(close)
    check_state(ours, theirs, close)
    pair.gradients()
    saved = copy.deepcopy(ours.state_dict())
    ours.step()
    ours.load_state_dict(saved)
    assert ours.state_dict()["state"][0]["velocity"].tolist() == saved["state"][0]["velocity"].tolist()


def test_torchs_ways_to_import() -> None:
    code = """
import tinygrad_lite as torch
import tinygrad_lite.optim as optim
from tinygrad_lite import nn
from tinygrad_lite.optim import *
from tinygrad_lite.optim import Adam, AdamW, Optimizer, lr_scheduler
from tinygrad_lite.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler, StepLR
from tinygrad_lite.nn.optim import lr_scheduler as schedules
assert optim is torch.optim and optim.SGD is SGD is nn.optim.SGD and Adam is nn.optim.Adam and AdamW is nn.optim.AdamW
assert Optimizer is nn.optim.Optimizer and {*nn.optim.__all__} <= {*dir(optim)}
assert lr_scheduler.StepLR is StepLR is nn.optim.lr_scheduler.StepLR is schedules.StepLR
for name in schedules.__all__:
    assert getattr(lr_scheduler, name) is getattr(schedules, name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_seen_of_the_package_are_its_names() -> None:
    assert {name for name in dir(tl.optim) if not name.startswith("_")} == {*optim.__all__, "optimizer"}


def test_the_default_learning_rates_are_torchs() -> None:
    p, q = tl.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    for kind in {name for name, _ in CASES} | {"LBFGS"}:
        ours, theirs = getattr(optim, kind)([p]).param_groups[0], getattr(torch.optim, kind)([q]).param_groups[0]
        assert {k: v for k, v in ours.items() if k != "params"} == {k: v for k, v in theirs.items() if k != "params"}
