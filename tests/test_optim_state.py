"""The state of an optimizer: state_dicts move between ours and PyTorch's, and between devices; bad ones are refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from optim_pairs import CASES, IDS, Close, Pair, check_state

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.nn import optim


class Saved:
    """A state_dict as if an optimizer had it."""

    def __init__(self, state: Any) -> None:
        self.state_dict = lambda: state


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_state_goes_both_ways(name: str, options: dict[str, Any], close: Close) -> None:
    """Torch's state continued here, and ours continued in torch.

    What NAdam and ASGD remember as a number in float32, torch has after loading in the dtype of the parameter.
    """
    pair = Pair(dtype="float32" if name in ("NAdam", "ASGD") else "float64")
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for _ in range(3):
        pair.gradients()
        ours.step()
        theirs.step()
    ours_again = getattr(optim, name)(pair.ours)
    ours_again.load_state_dict(theirs.state_dict())
    state = ours.state_dict()
    for values in state["state"].values():
        values.update({key: torch.tensor(value.numpy()) for key, value in values.items()})
    theirs_again = getattr(torch.optim, name)(pair.theirs)
    theirs_again.load_state_dict(state)
    for _ in range(3):
        pair.gradients()
        ours_again.step()
        theirs_again.step()
    pair.check(close)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_state_crosses_devices(name: str, device: str, close: Close) -> None:
    """A state saved on one device goes on on another, in either direction."""
    options = {"lr": 0.1, "momentum": 0.9} if name == "SGD" else {"lr": 0.1}
    for start, end in ((device, "cpu"), ("cpu", device)):
        there, here = Pair(device=start), Pair(device=end)
        first, second = getattr(optim, name)(there.ours, **options), getattr(optim, name)(here.ours, **options)
        there.gradients()
        here.gradients()
        first.step()
        second.step()
        expected = copy.deepcopy(second.state_dict())
        second.load_state_dict(first.state_dict())
        assert {state["step"].device.type for state in second.state.values() if "step" in state} <= {"cpu"}
        check_state(second, Saved(expected), close)
        assert {x.device.type for state in second.state.values() for key, x in state.items() if key != "step"} == {end}
        here.gradients()
        second.step()


def test_adamw_stays_adamw_with_a_state_of_adam() -> None:
    for lib in (tl, torch):
        params = [lib.ones(2, requires_grad=True)]
        optimizer = lib.optim.AdamW(params)
        optimizer.load_state_dict(lib.optim.Adam(params, weight_decay=0.3).state_dict())
        group = optimizer.param_groups[0]
        assert (group["weight_decay"], group["decoupled_weight_decay"]) == (0.3, True)


def test_a_resumed_run_is_the_run_bit_for_bit() -> None:
    """What is remembered as a number keeps its dtype, too."""
    for name, options in CASES:
        one, two = Pair(), Pair()
        whole, part = getattr(optim, name)(one.ours, **options), getattr(optim, name)(two.ours, **options)
        for i in range(6):
            one.gradients()
            two.gradients()
            whole.step()
            part.step()
            if i == 2:
                state = copy.deepcopy(part.state_dict())
                part = getattr(optim, name)(two.ours)
                part.load_state_dict(state)
        for p, q in zip(one.ours, two.ours, strict=True):
            np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_a_loaded_state_is_a_copy() -> None:
    pair = Pair()
    a, b = optim.Adam(pair.ours), optim.Adam(pair.ours)
    pair.gradients()
    a.step()
    saved = a.state_dict()
    b.load_state_dict(saved)
    kept = copy.deepcopy(saved)
    pair.gradients()
    b.step()
    assert saved["state"][0]["exp_avg"].tolist() == kept["state"][0]["exp_avg"].tolist()
    assert saved["param_groups"] == kept["param_groups"]
    assert b.state_dict()["state"][0]["step"].item() == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copied_optimizer_goes_on_alone(duplicate: Callable[[Any], Any]) -> None:
    net = nn.Linear(2, 2)
    optimizer = optim.Adam(net.parameters(), lr=0.1)

    def step(optimizer: Any) -> None:
        for p in optimizer.param_groups[0]["params"]:
            p.grad = tl.ones_like(p)
        optimizer.step()

    step(optimizer)
    after_one = net.weight.tolist()
    twin = duplicate(optimizer)
    assert not twin._flat  # it would be the other's memory
    step(twin)
    assert net.weight.tolist() == after_one
    step(optimizer)
    assert twin.param_groups[0]["params"][0].tolist() == net.weight.tolist()
    step(twin)
    step(optimizer)
    assert twin.param_groups[0]["params"][0].tolist() == net.weight.tolist()
    assert twin.state_dict()["state"][0]["step"].item() == 3


def test_it_goes_on_after_the_model_has_moved(close: Close) -> None:
    net = nn.Linear(3, 2)
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    for _ in range(2):
        net(tl.ones(4, 3, dtype=net.weight.dtype)).sum().backward()
        before = net.weight.tolist()
        optimizer.step()
        assert net.weight.tolist() != before
        optimizer.zero_grad()
        net.double()  # new memory for every parameter
    net(tl.ones(4, 3, dtype=tl.float64)).sum().backward()
    optimizer.step()
    assert optimizer.state[net.weight]["exp_avg"].dtype == tl.float64
    assert optimizer.state[net.weight]["step"].item() == 3


def test_bad_states_change_nothing() -> None:
    net, other = nn.Linear(2, 2), nn.Linear(3, 2)
    optimizer = optim.Adam(net.parameters())
    other(tl.ones(1, 3)).sum().backward()
    wrong = optim.Adam(other.parameters(), lr=5)
    wrong.step()
    with pytest.raises(ValueError, match=r"state 'exp_avg' of parameter 0: it has shape \[2, 3\], not \[2, 2\]"):
        optimizer.load_state_dict(wrong.state_dict())
    with pytest.raises(ValueError, match="doesn't match the size"):
        optimizer.load_state_dict(optim.Adam([other.weight]).state_dict())
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict(optim.Adam([{"params": other.weight}, {"params": other.bias}]).state_dict())
    assert not optimizer.state
    assert optimizer.param_groups[0]["lr"] == 1e-3


def _with(path: list[Any], value: Any) -> Callable[[Any], None]:
    """A change of a state_dict: what stands at a path, or (None) that nothing does any more."""

    def change(state: Any) -> None:
        *way, last = path
        for key in way:
            state = state[key]
        if value is None:
            del state[last]
        else:
            state[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_with(["state"], None), "this one is {'param_groups': list}"),
        (_with(["param_groups"], 3), "'param_groups': int"),
        (_with(["param_groups", 0], 3), r"param_groups\[0\] of the loaded state dict has no list"),
        (_with(["param_groups", 0, "params"], None), r"param_groups\[0\] of the loaded state dict has no list"),
        (_with(["param_groups", 0, "params"], [0, 0]), r"must be different integers, got \[0, 0\]"),
        (_with(["param_groups", 0, "params"], ["a", "b"]), "must be different integers"),
        (_with(["param_groups", 0, "lr"], "fast"), "learning rate must be a number, got str"),
        (_with(["param_groups", 0, "betas"], 0.9), "betas must be two numbers, got 0.9"),
        (_with(["param_groups", 0, "betas"], ("a", "b")), "beta parameter at index 0 must be a number, got str"),
        (_with(["state", 5], {}), r"parameter 5: there is no such parameter, only \[0, 1\]"),
        (_with(["state", 1], 3), "the state of parameter 1: expected names and values, got int"),
        (_with(["state", 1, "exp_avg"], None), "the state of parameter 1 lacks exp_avg"),
        (_with(["state", 1, "step"], None), "the state of parameter 1 lacks step"),
        (_with(["state", 1, "step"], np.ones(2)), r"state 'step' of parameter 1: it has shape \[2\], not \[\]"),
        (_with(["state", 1, "step"], -1), "-1 is not a number of steps"),
        (_with(["state", 1, "step"], float("nan")), "nan is not a number of steps"),
        (_with(["state", 1, "exp_avg"], np.array(["1", "2"])), "state 'exp_avg' of parameter 1: expected real numbers"),
        (_with(["state", 1, "exp_avg"], np.array([1j, 2])), "real numbers but received an array of complex128"),
        (_with(["state", 1, "exp_avg"], [[1], [1, 2]]), "state 'exp_avg' of parameter 1: .*inhomogeneous"),
        (_with(["state", 1, "exp_avg"], torch.ones(2, requires_grad=True)), "state 'exp_avg' of parameter 1: .*grad"),
    ],
)
def test_garbage_in_a_state_changes_nothing(change: Callable[[Any], None], message: str) -> None:
    net = nn.Linear(2, 2)
    optimizer = optim.Adam(net.parameters())
    net(tl.ones(1, 2)).sum().backward()
    optimizer.step()
    before, state = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(optimizer.state_dict())
    state["state"][0]["exp_avg"] += 1
    change(state)
    with pytest.raises((ValueError, TypeError), match=message):
        optimizer.load_state_dict(state)
    with pytest.raises(TypeError, match="a dict, got list"):
        optimizer.load_state_dict([state])
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    assert {i: {k: v.tolist() for k, v in s.items()} for i, s in after["state"].items()} == {
        i: {k: v.tolist() for k, v in s.items()} for i, s in before["state"].items()
    }


def test_none_in_a_state_is_nothing() -> None:
    """SGD without momentum saved it so in older versions of PyTorch."""
    optimizer = optim.SGD([tl.ones(2, requires_grad=True)])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": {0: {"momentum_buffer": None}}, "param_groups": groups})
    assert optimizer.state_dict()["state"] == {0: {}}


def test_a_state_before_the_first_step_is_loaded() -> None:
    p = tl.ones(2, requires_grad=True)
    state = {"step": np.float32(0), "exp_avg": np.zeros(2), "exp_avg_sq": np.zeros(2)}
    optimizer = optim.Adam([p])
    optimizer.load_state_dict({"state": {0: state}, "param_groups": optimizer.state_dict()["param_groups"]})
    assert optimizer.state[p]["step"].item() == 0
