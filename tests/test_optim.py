"""Optimizers: 50 steps equal to PyTorch's for every option that matters, states that move both ways, errors, and no waste."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn
from tinygrad_lite.nn import optim

SHAPES = [(3, 2), (3,), (), (150, 130), (2, 3)]  # the fourth is large enough to be updated on its own, in two pieces

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "maximize": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 1}),
    ("SGD", {"lr": 0}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.6), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.0)}),
    ("Adam", {"lr": 0.1, "weight_decay": 1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0, "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1.0}),
]
ids = [f"{name}-{'-'.join(map(str, options))}" for name, options in CASES]


class Pair:
    """The same parameters here and in torch, and the same gradients, from a seed."""

    def __init__(self, shapes=tuple(SHAPES), dtype="float64", device="cpu"):
        self.rng = np.random.default_rng(0)
        values = [self.rng.standard_normal(shape).astype(dtype) for shape in shapes]
        self.ours = [nn.Parameter(tl.tensor(v, device=device)) for v in values]
        self.theirs = [torch.nn.Parameter(torch.tensor(v)) for v in values]
        self.device = device

    def gradients(self, without=()):
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = np.asarray(self.rng.standard_normal(p.shape)).astype(p.dtype)
            p.grad = None if i in without else tl.tensor(g, device=self.device)
            q.grad = None if i in without else torch.tensor(g)

    def check(self, close):
        for p, q in zip(self.ours, self.theirs, strict=True):
            close(p, q)


def check_state(ours, theirs, close):
    """Equal state_dicts, of an optimizer here and one in torch."""
    a, b = ours.state_dict(), theirs.state_dict()
    assert set(a["state"]) == set(b["state"])
    for i in a["state"]:
        assert list(a["state"][i]) == list(b["state"][i])
        for name in a["state"][i]:
            close(a["state"][i][name], b["state"][i][name])
    for group, other in zip(a["param_groups"], b["param_groups"], strict=True):
        assert group.items() <= other.items()


@pytest.mark.parametrize(("name", "options"), CASES, ids=ids)
def test_fifty_steps(name, options, close, device):
    pair = Pair(device=device)
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for _ in range(50):
        pair.gradients()
        ours.step()
        theirs.step()
    pair.check(close)
    check_state(ours, theirs, close)


@pytest.mark.parametrize(("name", "options"), CASES, ids=ids)
def test_gradients_that_come_and_go_and_options_that_change(name, options, close):
    pair = Pair()
    ours, theirs = getattr(optim, name)(pair.ours, **options), getattr(torch.optim, name)(pair.theirs, **options)
    for i in range(12):
        pair.gradients(without=[i % 5, 3] if i % 3 else [])
        for optimizer in (ours, theirs):
            group = optimizer.param_groups[0]
            group["lr"] = 0.1 / (i + 1)
            if name == "SGD" and i > 5:
                group["momentum"] = 0.5
            elif i > 5:
                group["amsgrad"] = True
                for state in theirs.state.values():
                    if "exp_avg_sq" in state:
                        state.setdefault("max_exp_avg_sq", torch.zeros_like(state["exp_avg_sq"]))
            optimizer.step()
    pair.check(close)
    check_state(ours, theirs, close)


@pytest.mark.parametrize(("name", "options"), CASES, ids=ids)
def test_state_goes_both_ways(name, options, close):
    """Torch's state continued here, and ours continued in torch."""
    pair = Pair()
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
def test_a_state_crosses_devices(name, device, close):
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


class Saved:
    """A state_dict as if an optimizer had it."""

    def __init__(self, state):
        self.state_dict = lambda: state


def test_a_loaded_state_is_a_copy():
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
def test_a_copied_optimizer_goes_on_alone(duplicate):
    net = nn.Linear(2, 2)
    optimizer = optim.Adam(net.parameters(), lr=0.1)

    def step(optimizer):
        for p in optimizer.param_groups[0]["params"]:
            p.grad = tl.ones_like(p)
        optimizer.step()

    step(optimizer)
    after_one = net.weight.tolist()
    twin = duplicate(optimizer)
    assert not twin._runs  # they would see the other's memory
    step(twin)
    assert net.weight.tolist() == after_one
    step(optimizer)
    assert twin.param_groups[0]["params"][0].tolist() == net.weight.tolist()
    step(twin)
    step(optimizer)
    assert twin.param_groups[0]["params"][0].tolist() == net.weight.tolist()
    assert twin.state_dict()["state"][0]["step"].item() == 3


def test_parameter_groups(close):
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
def test_dtypes(dtypes, close):
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


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_and_aliases(order, close):
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


def test_a_training_run_equals_torchs(close):
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)

    def build(lib):
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


def test_it_goes_on_after_the_model_has_moved(close):
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


def test_closure_and_zero_grad():
    p = nn.Parameter(tl.tensor([2.0]))
    optimizer = optim.SGD([p], lr=0.25)

    def closure():
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


def test_a_graph_from_before_the_step_is_refused():
    for size in (3, 20_000):
        p = nn.Parameter(tl.ones(size))
        y = (p * p).sum()
        p.grad = tl.ones(size)
        optim.SGD([p], lr=0.1).step()
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()


def test_large_parameters_are_updated_without_copies():
    p = nn.Parameter(tl.ones(1_000_000))
    p.grad = tl.ones(1_000_000)
    for optimizer in (optim.SGD([p], lr=0.1, momentum=0.9), optim.AdamW([p], amsgrad=True, weight_decay=0.1)):
        optimizer.step()
        tracemalloc.start()
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1_000_000  # bytes, where the parameter has four million


def test_repr():
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
]


@pytest.mark.parametrize(("name", "options", "message"), BAD)
def test_bad_options(name, options, message):
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


def test_bad_parameters():
    p = nn.Parameter(tl.ones(1))
    for params, error, message in (
        ([], ValueError, "empty parameter list"),
        (p, TypeError, r"iterable of Tensors or dicts, but got Parameter.*\[p\]"),
        ([3], TypeError, "can only optimize Tensors, but one of the params is int"),
        ([p * 2], ValueError, "non-leaf"),
        ([p, p], ValueError, "more than one place"),
        ([{"params": [p]}, {"params": [p]}], ValueError, "more than one place"),
        ([{"params": {p}}], TypeError, "ordered collection"),
        ([{"lr": 3}], KeyError, "params"),
    ):
        with pytest.raises(error, match=message):
            optim.SGD(params, lr=0.1)
    with pytest.raises(TypeError, match="learning rate must be a number, got str"):
        optim.SGD([p], lr="0.1")
    with pytest.raises(TypeError, match="must be a dict"):
        optim.SGD([p]).add_param_group([p])


def test_bad_states_change_nothing():
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


def _with(path, value):
    """A change of a state_dict: what stands at a path, or (None) that nothing does any more."""

    def change(state):
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
        (_with(["param_groups", 0, "params"], [0, 0]), r"each one once, got \[0, 0\]"),
        (_with(["param_groups", 0, "params"], ["a", "b"]), "numbers of parameters"),
        (_with(["param_groups", 0, "lr"], "fast"), "learning rate must be a number, got str"),
        (_with(["param_groups", 0, "betas"], 0.9), "betas must be two numbers, got 0.9"),
        (_with(["param_groups", 0, "betas"], ("a", "b")), "beta parameter at index 0 must be a number, got str"),
        (_with(["state", 5], {}), r"parameter 5: there is no such parameter, only \[0, 1\]"),
        (_with(["state", 1], 3), "the state of parameter 1: holds no names"),
        (_with(["state", 1, "exp_avg"], None), "the state of parameter 1 lacks exp_avg"),
        (_with(["state", 1, "step"], None), "the state of parameter 1 lacks step"),
        (_with(["state", 1, "step"], np.ones(2)), r"state 'step' of parameter 1: it has shape \[2\], not \[\]"),
        (_with(["state", 1, "step"], -1), "-1 is no number of steps"),
        (_with(["state", 1, "step"], float("nan")), "nan is no number of steps"),
        (_with(["state", 1, "exp_avg"], np.array(["1", "2"])), "state 'exp_avg' of parameter 1: expected real numbers"),
        (_with(["state", 1, "exp_avg"], np.array([1j, 2])), "real numbers but received an array of complex128"),
        (_with(["state", 1, "exp_avg"], [[1], [1, 2]]), "state 'exp_avg' of parameter 1: .*inhomogeneous"),
        (_with(["state", 1, "exp_avg"], torch.ones(2, requires_grad=True)), "state 'exp_avg' of parameter 1: .*grad"),
    ],
)
def test_garbage_in_a_state_changes_nothing(change, message):
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


@pytest.mark.parametrize(("inside", "out"), [(0, 3), (3, 0)])
def test_a_layer_without_features_is_trained_like_any_other(inside, out):
    layer = nn.Linear(inside, out)
    layer.load_state_dict(nn.Linear(inside, out).state_dict())
    optimizer = optim.Adam(layer.parameters(), lr=1.0)
    layer(tl.ones(2, inside)).sum().backward()
    nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    assert layer.weight.grad.shape == (out, inside)
    assert layer.bias.grad.tolist() == [0] * out


def test_a_step_that_cannot_be_taken_changes_nothing():
    a, b = nn.Parameter(tl.ones(2)), nn.Parameter(np.broadcast_to(np.float32(1), 2))
    a.grad, b.grad = tl.ones(2), tl.ones(2)
    for optimizer in (optim.Adam([a, b]), optim.Adam([{"params": [a]}, {"params": [b]}])):
        with pytest.raises(RuntimeError, match=r"step: some elements of this float32\[2\] tensor are one number in memory"):
            optimizer.step()
        assert a.tolist() == [1, 1]
    with pytest.raises(TypeError, match="dampening must be a number, got str"):
        optim.SGD([a], dampening="no")


SHARED = [(slice(0, 4), slice(2, 6)), (slice(0, 4), slice(0, 4)), (slice(0, 100), slice(0, 18_000), slice(90, 200))]


@pytest.mark.parametrize(("name", "options"), CASES, ids=ids)
@pytest.mark.parametrize("slices", SHARED, ids=str)
def test_parameters_on_the_same_memory_count_one_after_the_other(name, options, slices, close):
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


def test_only_what_overlaps_is_updated_alone():
    a = np.zeros(9)
    params = [nn.Parameter(x) for x in (a[:3], np.zeros(2), a[2:5], np.zeros(2), a[5:])]
    for p in params:
        p.grad = tl.ones_like(p)
    optimizer = optim.SGD(params)
    optimizer.step()
    assert [places for _, places in optimizer._runs[0][1]] == [[0], [1, 3, 4], [2]]


# nn.utils, which work on the gradients between backward() and step()


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 1e6, 0.0])
def test_clip_grad_norm(norm_type, max_norm, close):
    pair = Pair()
    pair.gradients(without=[1])
    total = nn.utils.clip_grad_norm_(pair.ours, max_norm, norm_type)
    close(total, torch.nn.utils.clip_grad_norm_(pair.theirs, max_norm, norm_type))
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        if p.grad is not None:
            close(p.grad, q.grad)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, float("inf")])
@pytest.mark.parametrize(
    "gradients",
    [
        [([300, 400], "float16")],
        [([60_000, 60_000], "float16")],
        [([100] * 3000, "float16")],
        [([300, 400], "float16"), ([3, 4], "float32")],
        [([3, 4], "float64"), ([300, 400], "float16")],
    ],
)
def test_clip_grad_norm_of_float16(gradients, norm_type, close):
    params = []
    for lib in (tl, torch):
        params.append([])
        for values, dtype in gradients:
            x = lib.zeros(len(values), dtype=getattr(lib, dtype)).requires_grad_()
            x.grad = lib.tensor(values, dtype=x.dtype)
            params[-1].append(x)
    close(nn.utils.clip_grad_norm_(params[0], 1.0, norm_type), torch.nn.utils.clip_grad_norm_(params[1], 1.0, norm_type))
    for p, q in zip(*params, strict=True):
        close(p.grad, q.grad)


def test_clip_grad_norm_of_bad_gradients():
    p = nn.Parameter(tl.ones(2))
    p.grad = tl.tensor([float("inf"), 1.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == [float("inf"), 1.0]
    p.grad = tl.tensor([float("nan"), 1.0])
    assert np.isnan(nn.utils.clip_grad_norm_([p], 1.0).item())
    assert np.isnan(p.grad.tolist()).all()
    assert nn.utils.clip_grad_norm_([nn.Parameter(tl.ones(1))], 1.0).item() == 0


def test_clip_grad_value(close):
    pair = Pair()
    pair.gradients(without=[1])
    nn.utils.clip_grad_value_(pair.ours, 0.3)
    torch.nn.utils.clip_grad_value_(pair.theirs, 0.3)
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        if p.grad is not None:
            close(p.grad, q.grad)


def test_parameters_to_vector(close):
    pair = Pair()
    ours = nn.utils.parameters_to_vector(pair.ours)
    close(ours, torch.nn.utils.parameters_to_vector(pair.theirs))
    (ours * ours).sum().backward()
    for p in pair.ours:
        close(p.grad, 2 * p.detach())


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
    """Together they are longer than a piece, and the first is empty."""
    sizes = [0, *[12_000] * 6]
    ours = [tl.ones(n, requires_grad=True) for n in sizes]
    theirs = [torch.ones(n, requires_grad=True) for n in sizes]
    for params, lib in ((ours, optim), (theirs, torch.optim)):
        for p in params:
            p.grad = p.detach() * 0.5
        getattr(lib, kind)(params, lr=0.1).step()
    for p, q in zip(ours, theirs):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-6)


def test_a_state_before_the_first_step_is_loaded() -> None:
    p = tl.ones(2, requires_grad=True)
    state = {"step": np.float32(0), "exp_avg": np.zeros(2), "exp_avg_sq": np.zeros(2)}
    optimizer = optim.Adam([p])
    optimizer.load_state_dict({"state": {0: state}, "param_groups": optimizer.state_dict()["param_groups"]})
    assert optimizer.state[p]["step"].item() == 0


def test_an_optimizer_says_itself_what_it_does() -> None:
    with pytest.raises(NotImplementedError):
        optim.Optimizer([tl.ones(2, requires_grad=True)], {})


def test_the_default_learning_rates_are_torchs() -> None:
    p, q = tl.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    for kind in ("SGD", "Adam", "AdamW"):
        ours, theirs = getattr(optim, kind)([p]).param_groups[0], getattr(torch.optim, kind)([q]).param_groups[0]
        assert {k: v for k, v in ours.items() if k != "params"} == {k: theirs[k] for k in ours if k != "params"}
