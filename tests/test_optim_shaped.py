"""LBFGS and Muon, whose formulas need all parameters or their shapes; and what PyTorch's optimizers offer beside steps:
hooks, names of parameters, learning rates that are Tensors.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from optim_pairs import Close, Pair, check_state
from torch.optim import lbfgs as torch_lbfgs

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.nn.optim.line_search import Point, strong_wolfe


def rosenbrock(x: Any) -> Any:
    """A valley that bends, with its minimum at 1, 1, ..."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


class Minimized:
    """One library's LBFGS on Rosenbrock's function of two parameters laid end to end, and one without a gradient."""

    def __init__(self, lib: Any, device: str = "cpu", **options: Any) -> None:
        self.lib = lib
        self.params = [lib.nn.Parameter(lib.tensor(np.array(x), device=device)) for x in ([1.5, -0.5], [[0.5, -0.3]], [7.0])]
        self.optimizer = lib.optim.LBFGS(self.params, **options)
        self.calls = 0

    def closure(self) -> Any:
        self.calls += 1
        self.optimizer.zero_grad()
        loss = rosenbrock(self.lib.cat([p.reshape(-1) for p in self.params[:2]]))
        loss.backward()
        return loss

    def step(self) -> list[Any]:
        """The loss that step() returns, how often it called, and where the parameters are."""
        with self.lib.no_grad():
            loss = self.optimizer.step(self.closure)
        numbers = [p.detach().cpu().numpy().copy() for p in self.params]
        state = self.optimizer.state[self.params[0]]
        return [loss.item(), self.calls, state["n_iter"], state["func_evals"], *numbers]


LBFGS_OPTIONS: list[dict[str, Any]] = [
    {"lr": 0.1},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "history_size": 3, "max_iter": 4},
    {"line_search_fn": "strong_wolfe", "max_iter": 30, "max_eval": 7, "lr": 0.5},
    {"line_search_fn": "strong_wolfe", "lr": 20.0, "max_iter": 4},
    {"line_search_fn": "strong_wolfe", "tolerance_grad": 1.0},
    {"lr": 0.1, "tolerance_change": 1e-2, "history_size": 2},
]


@pytest.mark.parametrize("options", LBFGS_OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_lbfgs_on_rosenbrocks_function(options: dict[str, Any], device: str) -> None:
    ours, theirs = Minimized(tl, device, **options), Minimized(torch, **options)
    for _ in range(8):
        for a, b in zip(ours.step(), theirs.step(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-12)
    assert set(ours.optimizer.state[ours.params[0]]) == set(theirs.optimizer.state[theirs.params[0]])


def test_lbfgs_finds_the_minimum() -> None:
    ours = Minimized(tl, line_search_fn="strong_wolfe", max_iter=60)
    ours.step()
    assert all(abs(x - 1) < 1e-5 for p in ours.params[:2] for x in p.flatten().tolist())


CURVES: list[Any] = [  # functions of one number, each with its derivative
    (lambda x: np.sin(3 * x) + 0.1 * x * x, lambda x: 3 * np.cos(3 * x) + 0.2 * x),
    (lambda x: abs(x - 2) + 0.3 * abs(x - 5), lambda x: np.sign(x - 2) + 0.3 * np.sign(x - 5)),
    (lambda x: (x - 3) ** 4 + np.sin(8 * x), lambda x: 4 * (x - 3) ** 3 + 8 * np.cos(8 * x)),
    (lambda x: np.exp(-x) + 1e-3 * np.exp(3 * x), lambda x: -np.exp(-x) + 3e-3 * np.exp(3 * x)),
    (lambda x: -x / (x * x + 2), lambda x: (x * x - 2) / (x * x + 2) ** 2),
    (lambda x: -np.sqrt(9 + x), lambda x: -0.5 / np.sqrt(9 + x)),  # nan below -9
    (lambda x: np.sqrt(4 - x), lambda x: -0.5 / np.sqrt(4 - x)),  # nan from 4 on
    (lambda x: -1.0 * (x > 1) + 0.5 * (x > 3) + 0.01 * x * x, lambda x: 0.02 * x),  # steps
    (lambda x: 1e-12 * (x - 1) ** 2, lambda x: 2e-12 * (x - 1)),
]


@pytest.mark.parametrize("curve", range(len(CURVES)))
@pytest.mark.filterwarnings("ignore:invalid value")
def test_the_line_search_is_torchs(curve: int) -> None:
    """From many starts, with few and many evaluations: the same points, in the same order."""
    f, slope = CURVES[curve]
    rng = np.random.default_rng(curve)
    for _ in range(150):
        x, t, most = rng.uniform(-6, 3.9), 10 ** rng.uniform(-2, 1.3), int(rng.integers(0, 26))
        least_change = 10 ** rng.uniform(-9, -0.5)
        d = -np.sign(slope(x)) * 10 ** rng.uniform(-0.5, 0.5)
        seen: list[list[float]] = [[], []]

        def at(t: float, x: float = x, d: float = d, seen: list[float] = seen[0]) -> Point:
            seen.append(t)
            return Point(t, float(f(x + t * d)), np.array([slope(x + t * d)]), float(slope(x + t * d) * d))

        def there(x: float, t: Any, d: Any, seen: list[float] = seen[1]) -> Any:
            seen.append(float(t))
            place = x + float(t) * d.item()
            return float(f(place)), torch.tensor([slope(place)], dtype=torch.float64)

        start = Point(0, float(f(x)), np.array([slope(x)]), float(slope(x) * d))
        found = strong_wolfe(at, t, start, abs(d), least_change, most)
        g, direction = torch.tensor(start.g), torch.tensor([d])
        given = (there, x, t, direction, start.loss, g, g @ direction)
        loss, g, t, count = torch_lbfgs._strong_wolfe(*given, tolerance_change=least_change, max_ls=most)
        np.testing.assert_allclose(seen[0], seen[1], rtol=1e-9)
        np.testing.assert_allclose([found.t, found.loss, *found.g], [float(t), loss, *g.numpy()], rtol=1e-9, atol=1e-15)
        assert len(seen[0]) == count


@pytest.mark.parametrize("to", [tl, torch], ids=["ours", "theirs"])
def test_lbfgs_goes_on_from_a_state(to: Any) -> None:
    options = {"line_search_fn": "strong_wolfe", "max_iter": 3}
    first = Minimized(torch if to is tl else tl, **options)
    first.step()
    again = Minimized(to, **options)
    for p, q in zip(again.params, first.params, strict=True):
        p.data = to.tensor(q.detach().numpy())

    def translated(value: Any) -> Any:
        if isinstance(value, list):
            return [*map(translated, value)]
        return to.tensor(value.numpy()) if hasattr(value, "numpy") else value

    state = copy.deepcopy(first.optimizer.state_dict())
    state["state"][0] = {name: translated(value) for name, value in state["state"][0].items()}
    again.optimizer.load_state_dict(state)
    first.calls = 0
    for a, b in zip(first.step(), again.step(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_lbfgs_refuses_groups_and_other_searches() -> None:
    p, q = tl.ones(2, requires_grad=True), tl.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported as line_search_fn, not 'golden'"):
        optim.LBFGS([p], line_search_fn="golden").step(lambda: (p * p).sum())


MUON: list[dict[str, Any]] = [
    {},
    {"lr": 0.1, "momentum": 0.4, "weight_decay": 0.3, "adjust_lr_fn": "match_rms_adamw"},
    {"lr": 0.1, "nesterov": False, "ns_coefficients": (3.4, -4.7, 2.0), "ns_steps": 3, "eps": 3.0, "adjust_lr_fn": "original"},
]


@pytest.mark.parametrize("options", MUON, ids=["default", "like AdamW", "not Nesterov"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_muon(options: dict[str, Any], dtype: str, close: Close, device: str) -> None:
    pair = Pair([(3, 2), (2, 3), (1, 1), (12, 8), (0, 3)], dtype, device)
    ours, theirs = optim.Muon(pair.ours, **options), torch.optim.Muon(pair.theirs, **options)
    for _ in range(20):
        pair.gradients()
        ours.step()
        theirs.step()
    pair.check(close)
    check_state(ours, theirs, close)


def test_muon_on_large_matrices_is_some_units_of_bfloat16_away() -> None:
    """PyTorch sums products in an order that depends on the processor; then five steps of rounding follow."""
    pair = Pair([(300, 200)])
    optimizers = optim.Muon(pair.ours, lr=1.0, weight_decay=0), torch.optim.Muon(pair.theirs, lr=1.0, weight_decay=0)
    start = pair.theirs[0].detach().clone().numpy()
    pair.gradients()
    for optimizer in optimizers:
        optimizer.step()
    steps = [np.asarray(p.detach().numpy()) - start for p in (pair.ours[0], pair.theirs[0])]
    assert np.abs(steps[0] - steps[1]).max() < 2**-5 * np.abs(steps[1]).max()
    assert np.abs(steps[0] - steps[1]).mean() < 2**-8 * np.abs(steps[1]).mean()


def test_muon_refuses_what_is_no_matrix() -> None:
    for options, params, message in (
        ({}, [tl.ones(3, requires_grad=True)], r"Muon only supports 2D parameters .* size: torch.Size\(\[3\]\)"),
        (
            {"adjust_lr_fn": "other"},
            [tl.ones(3, 1, requires_grad=True)],
            "Adjust learning rate function other is not supported",
        ),
        ({"ns_steps": 100}, [tl.ones(3, 1, requires_grad=True)], "Number of steps must be less than 100"),
        ({"ns_coefficients": (1, 2)}, [tl.ones(3, 1, requires_grad=True)], "exactly 3 values"),
    ):
        with pytest.raises(ValueError, match=message):
            optim.Muon(params, **options)


# What PyTorch's optimizers have besides steps


def libraries() -> Iterator[tuple[Any, Any]]:
    """Both libraries, each with a parameter that has a gradient."""
    for lib in (tl, torch):
        p = lib.tensor([1.0, 2.0], requires_grad=True)
        (p**2).sum().backward()
        yield lib, p


def test_hooks_are_called_as_in_torch() -> None:
    seen: list[list[Any]] = []
    for lib, p in libraries():
        calls: list[Any] = []
        optimizer = lib.optim.Adam([p])

        def note(*what: Any, calls: list[Any] = calls) -> Any:
            return lambda optimizer, *given: calls.append((*what, len(given)))

        closed = partial(calls.append, "closure")
        seen.append(calls)
        handles = [
            optimizer.register_step_pre_hook(note("before")),
            optimizer.register_step_post_hook(note("after")),
            optimizer.register_step_pre_hook(lambda optimizer, args, kwargs, closed=closed: (args, {"closure": closed})),
            optimizer.register_state_dict_pre_hook(note("saving")),
            optimizer.register_state_dict_pre_hook(note("saving first"), prepend=True),
            optimizer.register_state_dict_post_hook(lambda optimizer, state: state | {"epoch": 3}),
            optimizer.register_load_state_dict_pre_hook(lambda optimizer, state: seen[-1].append(state.pop("epoch"))),
            optimizer.register_load_state_dict_post_hook(note("loaded")),
        ]
        optimizer.step()
        state = optimizer.state_dict()
        optimizer.load_state_dict(state)
        calls.append(sorted(state))
        for handle in handles:
            handle.remove()
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
        with pytest.raises(RuntimeError, match="must return None"), optimizer.register_step_pre_hook(lambda *given: 3):
            optimizer.step()
        optimizer.register_step_pre_hook(note("not in a copy"))
        copy.deepcopy(optimizer).step()
    assert seen[0] == seen[1]
    assert "closure" in seen[0]


def test_a_step_of_ones_own_calls_hooks() -> None:
    class Own(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            return "own"

    calls = []
    optimizer = Own([tl.ones(1, requires_grad=True)])
    optimizer.register_step_post_hook(lambda *given: calls.append(len(given)))
    assert optimizer.step() == "own"
    assert calls == [3]


def test_parameters_with_names() -> None:
    ours, theirs = nn.Linear(2, 3), torch.nn.Linear(2, 3)
    optimizers = optim.SGD(ours.named_parameters()), torch.optim.SGD(theirs.named_parameters())
    for optimizer in optimizers:
        assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
        state = optimizer.state_dict()
        assert state["param_groups"][0]["param_names"] == ["weight", "bias"]
        del state["param_groups"][0]["param_names"]
        optimizer.load_state_dict(state)
        assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
        state["param_groups"][0]["param_names"] = ["a", "b"]
        optimizer.load_state_dict(state)
        assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    groups = [{"params": [("w", ours.weight)], "lr": 0.5}, {"params": [("b", ours.bias)]}]
    assert [group["param_names"] for group in optim.Adam(groups).param_groups] == [["w"], ["b"]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["SGD", "Adam", "NAdam", "RAdam", "Adagrad", "Adamax", "ASGD", "Adafactor", "RMSprop", "Muon"])
def test_a_learning_rate_that_is_a_tensor(name: str, dtype: str) -> None:
    """PyTorch calculates with its number in the tensor's dtype, and so do we."""
    pair = Pair([(3, 2), (2, 3)])
    rates = tl.tensor([0.1], dtype=getattr(tl, dtype)), torch.tensor([0.1], dtype=getattr(torch, dtype))
    ours, theirs = getattr(optim, name)(pair.ours, lr=rates[0]), getattr(torch.optim, name)(pair.theirs, lr=rates[1])
    assert ours.param_groups[0]["lr"] is rates[0]
    for i in range(6):
        pair.gradients()
        ours.step()
        theirs.step()
        if i == 3:
            rates[0].mul_(0.5)
            rates[1].mul_(0.5)
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12 if dtype == "float64" else 2e-7)
    state = theirs.state_dict()
    ours.load_state_dict(state)
    assert isinstance(ours.param_groups[0]["lr"], tl.Tensor)
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        getattr(optim, name)(pair.ours, lr=tl.ones(2))


def test_options_that_choose_between_pytorchs_implementations() -> None:
    p = tl.ones(2, requires_grad=True)
    optim.Adam([p], foreach=True, capturable=True)
    with pytest.raises(RuntimeError, match="`fused` and `foreach` cannot be `True` together"):
        optim.Adam([p], foreach=True, fused=True)
    with pytest.raises(NotImplementedError, match="differentiable=True: a step is not recorded"):
        optim.RMSprop([p], differentiable=True)
    for options in ({"lr": tl.tensor(0.1)}, {"betas": (tl.tensor(0.9), tl.tensor(0.99))}):
        optim.Adam([p], **options)
        with pytest.raises(ValueError, match="as a Tensor is not supported for capturable=False and foreach=True"):
            optim.Adam([p], foreach=True, **options)
    with pytest.raises(ValueError, match="either both floats or both Tensors"):
        optim.Adam([p], betas=(0.9, tl.tensor(0.99)))


def test_betas_that_are_tensors(close: Close) -> None:
    pair = Pair()
    ours = optim.AdamW(pair.ours, betas=(tl.tensor(0.8, dtype=tl.float64), tl.tensor(0.9, dtype=tl.float64)))
    theirs = torch.optim.AdamW(pair.theirs, betas=(0.8, 0.9))
    pair.gradients()
    ours.step()
    theirs.step()
    pair.check(close)


def test_adagrad_has_a_state_before_its_first_step(close: Close) -> None:
    pair = Pair()
    optimizers = [
        lib.Adagrad(params, initial_accumulator_value=0.5) for lib, params in ((optim, pair.ours), (torch.optim, pair.theirs))
    ]
    check_state(*optimizers, close)


def test_numbers_are_float64_if_that_is_the_default_dtype(close: Close) -> None:
    for name in ("NAdam", "ASGD"):
        pair = Pair()
        try:
            for lib in (tl, torch):
                lib.set_default_dtype(lib.float64)
            ours, theirs = getattr(optim, name)(pair.ours), getattr(torch.optim, name)(pair.theirs)
            for _ in range(3):
                pair.gradients()
                ours.step()
                theirs.step()
        finally:
            for lib in (tl, torch):
                lib.set_default_dtype(lib.float32)
        pair.check(close)
        check_state(ours, theirs, close)


def test_rprop_stays_where_a_gradient_is_nan() -> None:
    for lib, p in libraries():
        optimizer = lib.optim.Rprop([p])
        p.grad = lib.tensor([float("nan"), 1.0])
        optimizer.step()
        optimizer.step()
        np.testing.assert_allclose(p.detach().numpy(), [1.0, 2 - 0.01 - 0.012], rtol=1e-6)


def test_what_retains_its_gradient_is_optimized() -> None:
    for lib, p in libraries():
        q = p * 3
        q.retain_grad()
        (q**2).sum().backward()
        lib.optim.SGD([q], lr=0.5).step()
        assert q.detach().tolist() == [0, 0]
