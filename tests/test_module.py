"""Module, Parameter and the containers: names, order and errors as in PyTorch, and state that moves both ways."""

from __future__ import annotations

import copy
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]


def block_of(lib: Any) -> Any:
    """A network of our library or torch: a parameter, children, a buffer of each kind, not in state_dict's order."""

    class Block(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = lib.nn.Linear(2, 3)
            self.register_buffer("seen", lib.zeros(2))
            self.scale = lib.nn.Parameter(lib.ones(3))
            self.register_buffer("scratch", lib.zeros(1), persistent=False)
            self.tail = lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Linear(3, 1, bias=False))

        def forward(self, x: Any) -> Any:
            return self.tail(self.inner(x) * self.scale)

    return Block()


class Pickled(nn.Module):
    """Pickle wants a class that can be imported."""

    def __init__(self) -> None:
        self.scale = nn.Parameter(tl.ones(3))
        self.tail = nn.Linear(3, 1)


@pytest.fixture
def block() -> Any:
    return block_of(tl)


def test_names_and_order_are_torchs(block: Any) -> None:
    theirs = block_of(torch)
    assert list(block.state_dict()) == list(theirs.state_dict())
    for name in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [k for k, _ in getattr(block, name)()] == [k for k, _ in getattr(theirs, name)()], name
    assert [k for k, _ in block.named_parameters("net", recurse=False)] == ["net.scale"]
    assert list(block.state_dict(prefix="net.")) == list(theirs.state_dict(prefix="net."))
    assert len(list(block.parameters())) == 4
    assert len(list(block.modules())) == 5
    assert len(list(block.buffers())) == 2


def test_order_does_not_depend_on_hashing() -> None:
    program = """if True:
        from tinygrad_lite import nn
        m = nn.Module()
        m.zebra, m.ant, m.fox = nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1)
        print(list(m.state_dict()))"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert outputs == {"['zebra.weight', 'zebra.bias', 'ant.weight', 'ant.bias', 'fox.weight', 'fox.bias']\n"}


def test_repr_is_torchs(block: Any) -> None:
    assert repr(block) == repr(block_of(torch))
    assert repr(nn.Dropout(0.1)) == repr(torch.nn.Dropout(0.1))
    assert repr(nn.Sequential()) == repr(torch.nn.Sequential())
    assert repr(nn.Parameter(tl.ones(2))) == repr(torch.nn.Parameter(torch.ones(2)))
    ours = nn.ModuleDict({"a": nn.Flatten(), "b": nn.Softmax(dim=1)})
    assert repr(ours) == repr(torch.nn.ModuleDict({"a": torch.nn.Flatten(), "b": torch.nn.Softmax(dim=1)}))


def test_state_moves_both_ways(block: Any, close: Close) -> None:
    theirs = block_of(torch)
    x = np.random.default_rng(0).standard_normal((5, 2)).astype("float32")
    block.load_state_dict(theirs.state_dict())
    close(block(tl.tensor(x)), theirs(torch.tensor(x)))
    back = block_of(torch)
    back.load_state_dict({k: torch.tensor(v.numpy()) for k, v in block.state_dict().items()})
    close(block(tl.tensor(x)), back(torch.tensor(x)))


def test_load_copies_in_place_and_casts(block: Any) -> None:
    before = {k: (p, p.array) for k, p in block.named_parameters()}
    block.load_state_dict({k: v.double() + 1 for k, v in block.state_dict().items()})
    for k, p in block.named_parameters():
        assert p is before[k][0]
        assert p.array is before[k][1]
        assert p.dtype == tl.float32
    np.testing.assert_array_equal(block.scale.detach().numpy(), [2, 2, 2])


def test_load_errors_list_everything_and_change_nothing(block: Any) -> None:
    before = copy.deepcopy(block.state_dict())
    state = {k: v + 1 for k, v in block.state_dict().items()}
    del state["scale"]
    state["extra"] = tl.ones(1)
    state["inner.weight"] = tl.ones(3, 7)
    state["seen"] = 3
    with pytest.raises(RuntimeError) as error:
        block.load_state_dict(state)
    for part in (
        'Missing key(s) in state_dict: "scale"',
        'Unexpected key(s) in state_dict: "extra"',
        "size mismatch for inner.weight: copying a param with shape [3, 7] from checkpoint, ",
        "the shape in current model is [3, 2]",
        "for \"seen\", expected a Tensor or an array but received <class 'int'>",
    ):
        assert part in str(error.value)
    for k, v in block.state_dict().items():
        np.testing.assert_array_equal(v.numpy(), before[k].numpy())
    with pytest.raises(RuntimeError, match="size mismatch"):
        block.load_state_dict({"scale": tl.ones(4)}, strict=False)
    result = block.load_state_dict({"scale": tl.zeros(3), "extra": tl.ones(1)}, strict=False)
    assert result.unexpected_keys == ["extra"]
    assert result.missing_keys == ["seen", "inner.weight", "inner.bias", "tail.1.weight"]
    assert block.scale.tolist() == [0, 0, 0]
    with pytest.raises(TypeError, match="dict-like"):
        block.load_state_dict([1])


def test_load_takes_what_torch_casts() -> None:
    rng = np.random.default_rng(0)
    values = [
        rng.integers(0, 2, 3).astype(bool),
        rng.integers(0, 9, 3),
        np.array([np.nan, np.inf, 1e39]),
        np.array([1.7, -1.7, 2]),
    ]
    ours, theirs = nn.Module(), torch.nn.Module()
    for lib, net in ((tl, ours), (torch, theirs)):
        for name, dtype in zip("abcd", ("float32", "float32", "float32", "int64")):
            net.register_buffer(name, lib.zeros(3, dtype=getattr(lib, dtype)))
    for value in values:
        value.flags.writeable = False
    ours.load_state_dict(dict(zip("abcd", values)))
    theirs.load_state_dict({name: torch.tensor(value) for name, value in zip("abcd", values)})
    for name in "abcd":
        np.testing.assert_array_equal(getattr(ours, name).numpy(), getattr(theirs, name).numpy())


class Unreadable:
    shape = (2,)

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise OSError("the disk is gone")


def test_load_names_a_value_that_cannot_be_read() -> None:
    net = nn.Linear(1, 2)
    before = net.weight.tolist()
    with pytest.raises(RuntimeError, match='for "bias", the disk is gone'):
        net.load_state_dict({"weight": tl.ones(2, 1), "bias": Unreadable()})
    assert net.weight.tolist() == before


def test_load_into_memory_that_cannot_be_written_to_changes_nothing() -> None:
    fixed = np.zeros(2)
    fixed.flags.writeable = False
    for array in (fixed, np.broadcast_to(np.zeros(1), 2)):
        net = nn.Module()
        net.a, net.b = nn.Parameter(tl.zeros(2)), nn.Parameter(array)
        words = r'for "b", (the owner|some elements) of this float64\[2\] tensor.* (read-only|one number in memory)'
        with pytest.raises(RuntimeError, match=words):
            net.load_state_dict({"a": tl.ones(2), "b": tl.ones(2)})
        assert net.a.tolist() == [0, 0]


def test_uninitialized_parameters_wait_until_everything_fits() -> None:
    lazy = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 2))
    p = lazy[0].weight
    leaf = p.node
    state = {"0.weight": tl.ones(3, 4), "0.bias": tl.ones(3), "1.weight": tl.ones(2, 3), "1.bias": tl.ones(5)}
    with pytest.raises(RuntimeError, match=r"size mismatch for 1\.bias"):
        lazy.load_state_dict(state)
    assert isinstance(p, nn.UninitializedParameter)
    lazy.load_state_dict(state | {"1.bias": tl.ones(2)})
    assert type(p) is nn.Parameter
    assert p.node is leaf and leaf.shape == p.shape == (3, 4)
    tied = nn.Module()
    tied.a = tied.b = nn.UninitializedParameter()
    with pytest.raises(
        RuntimeError, match=r"size mismatch for b: .* \[3\] from checkpoint, the shape in current model is \[2\]"
    ):
        tied.load_state_dict({"a": tl.ones(2), "b": tl.ones(3)})
    assert isinstance(tied.a, nn.UninitializedParameter)


def test_state_dict_shares_memory_and_keep_vars(block: Any) -> None:
    state = block.state_dict()
    with tl.no_grad():
        block.scale *= 3
    assert state["scale"].tolist() == [3, 3, 3]
    assert not state["scale"].requires_grad
    assert block.state_dict(keep_vars=True)["scale"] is block.scale


def test_shared_parameters_count_once_but_are_saved_twice() -> None:
    def build(lib: Any) -> Any:
        net = lib.Sequential(lib.Linear(2, 2), lib.ReLU(), lib.Linear(2, 2))
        net[2].weight = net[0].weight
        return net

    ours, theirs = build(nn), build(torch.nn)
    assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert len(list(ours.named_parameters(remove_duplicate=False))) == 4
    relu = nn.ReLU()
    twice = nn.Sequential(relu, relu)
    assert len(twice) == 2
    assert len(list(twice.children())) == 1
    assert len(list(twice.modules())) == 2


def test_train_eval_apply_requires_grad(block: Any) -> None:
    assert block.training
    assert block.eval() is block
    assert not any(m.training for m in block.modules())
    assert all(m.training for m in block.train().modules())
    with pytest.raises(ValueError, match="expected to be boolean"):
        block.train("yes")
    order = []
    assert block.apply(lambda m: order.append(type(m).__name__)) is block
    assert order == ["Linear", "ReLU", "Linear", "Sequential", "Block"]
    block.requires_grad_(False)
    assert not any(p.requires_grad for p in block.parameters())
    assert all(p.requires_grad for p in block.requires_grad_().parameters())


def test_zero_grad(block: Any) -> None:
    block(tl.ones(4, 2)).sum().backward()
    g = block.scale.grad
    block.zero_grad(set_to_none=False)
    assert block.scale.grad is g
    assert g.tolist() == [0, 0, 0]
    block.zero_grad()
    assert all(p.grad is None for p in block.parameters())
    block(tl.ones(4, 2)).sum().backward(create_graph=True)
    g = block.scale.grad
    block.zero_grad(set_to_none=False)
    assert block.scale.grad is g
    assert not g.requires_grad and g.is_leaf
    block.scale.grad = tl.ones(3, requires_grad=True)
    block.zero_grad(set_to_none=False)
    assert not block.scale.grad.requires_grad


def test_to_keeps_the_objects(block: Any, device: str) -> None:
    params = list(block.parameters())
    block(tl.ones(4, 2)).sum().backward()
    block.register_buffer("count", tl.tensor(3))
    assert block.to(device, tl.float64) is block
    assert all(a is b for a, b in zip(params, block.parameters(), strict=True))
    assert {(str(p.dtype), p.device.type) for p in [*params, *[p.grad for p in params]]} == {("float64", device)}
    assert block.seen.dtype == tl.float64
    assert block.count.dtype == tl.int64
    block(tl.ones(4, 2, dtype=tl.float64, device=device)).sum().backward()
    assert block.to(tl.zeros(1, dtype=tl.float32)).scale.dtype == tl.float32
    assert block.double().float().scale.dtype == tl.float32
    with pytest.raises(TypeError, match="only accepts floating point dtypes"):
        block.to(tl.int64)
    with pytest.raises(RuntimeError, match="unknown device"):
        block.to("gpu")


def test_deepcopy_and_pickle_are_independent(block: Any) -> None:
    block(tl.ones(4, 2)).sum().backward()
    plain = Pickled()
    for net, twin in ((block, copy.deepcopy(block)), (plain, pickle.loads(pickle.dumps(plain)))):
        assert isinstance(twin.scale, nn.Parameter)
        assert twin.scale.requires_grad and twin.scale.grad is None
        assert list(twin.state_dict()) == list(net.state_dict())
        with tl.no_grad():
            twin.scale += 1
        assert net.scale.tolist() == [1, 1, 1]
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    twin = copy.deepcopy(tied)
    assert twin[1].weight is twin[0].weight is not tied[0].weight


def test_a_misspelt_name_tells_the_nearest(block: Any) -> None:
    with pytest.raises(AttributeError, match=r"'Block' object has no attribute 'sclae'\. Did you mean: 'scale'"):
        _ = block.sclae
    with pytest.raises(AttributeError, match=r"no attribute 'zzz'$"):
        _ = block.zzz
    assert not hasattr(block, "weight")

    class Broken(nn.Module):
        @property
        def size(self) -> Any:
            return self.sise_of_it

    with pytest.raises(AttributeError, match="sise_of_it"):
        _ = Broken().size


def test_parameters_are_not_lost_by_assignment(block: Any) -> None:
    with pytest.raises(TypeError, match="cannot assign 'Tensor' as parameter 'scale'"):
        block.scale = block.scale - 1
    with pytest.raises(TypeError, match="cannot assign 'int' as child module 'inner'"):
        block.inner = 3
    assert len(list(block.parameters())) == 4
    block.scale = None
    assert len(list(block.parameters())) == 3
    block.seen = block.seen + 1  # a buffer may be replaced, and stays one
    assert block.state_dict()["seen"].tolist() == [1, 1]


def test_no_init_is_needed() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter(tl.ones(2))  # before, and without, super().__init__()
            super().__init__()

        def forward(self, x: tl.Tensor, power: int = 1) -> tl.Tensor:
            return (self.weight * x) ** power

    net = Plain()
    assert [k for k, _ in net.named_parameters()] == ["weight"]
    assert net(tl.tensor(2.0), power=2).tolist() == [4, 4]
    assert net.training
    with pytest.raises(NotImplementedError, match='missing the required "forward"'):
        nn.Module()(1)


def test_registering() -> None:
    m = nn.Module()
    m.register_parameter("bias", None)
    m.register_parameter("weight", nn.Parameter(tl.ones(1)))
    m.add_module("child", nn.ReLU())
    m.register_buffer("nothing", None)
    assert list(m.state_dict()) == ["weight"]
    assert m.bias is None and m.nothing is None
    for name, error in (("a.b", KeyError), ("", KeyError), ("train", KeyError), ("weight", KeyError), (3, TypeError)):
        with pytest.raises(error):
            m.register_buffer(name, tl.ones(1))
    with pytest.raises(TypeError, match="buffer 'x'"):
        m.register_buffer("x", 3)
    with pytest.raises(TypeError, match="parameter 'x'"):
        m.register_parameter("x", tl.ones(1))
    with pytest.raises(TypeError, match="not a Module subclass"):
        m.add_module("x", 3)


def test_parameter() -> None:
    x = tl.ones(2)
    p = nn.Parameter(x)
    assert p.requires_grad and p.array is x.array
    assert not nn.Parameter(x, requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="floating-point"):
        nn.Parameter(tl.tensor([1, 2]))
    with pytest.raises(TypeError, match="expected a Tensor, got list"):
        nn.Parameter([1.0])
    with pytest.raises(TypeError, match="unsupported dtype complex128"):
        nn.Parameter(np.ones(2, complex), requires_grad=False)
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    assert type(nn.Parameter(masked).array) is np.ndarray
    assert type(p + 1) is tl.Tensor


def test_sequential() -> None:
    a, b, c = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    net = nn.Sequential(a, b, c)
    assert net[0] is a and net[-1] is c and list(net) == [a, b, c]
    assert list(net[1:]) == [b, c]
    assert list(net[1:].state_dict()) == list(torch.nn.Sequential(*map(torch.nn.Linear, (1, 2, 3), (2, 3, 1)))[2:].state_dict())
    x = tl.ones(4, 2)
    np.testing.assert_array_equal(net(x).tolist(), c(b(a(x))).tolist())
    assert net.append(nn.Flatten()) is net and len(net) == 4
    net[1] = nn.Tanh()
    assert [type(m).__name__ for m in net] == ["Linear", "Tanh", "Linear", "Flatten"]
    named = nn.Sequential(OrderedDict(first=a, second=c))
    assert list(named.state_dict()) == ["first.weight", "first.bias", "second.weight", "second.bias"]
    assert named.first is a
    with pytest.raises(IndexError, match="index 7 is out of range"):
        _ = net[7]
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.Sequential(a, 3)


def test_lists_and_dicts_of_modules() -> None:
    layers = nn.ModuleList([nn.Linear(1, 1)]).append(nn.ReLU()).extend([nn.Linear(1, 2)])
    assert list(layers.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(layers) == 3 and layers[-1].out_features == 2 and len(layers[:2]) == 2
    heads = nn.ModuleDict({"a": nn.Linear(1, 1)})
    heads["b"] = nn.ReLU()
    assert list(heads) == ["a", "b"] == list(heads.keys()) and "a" in heads and len(heads) == 2
    assert dict(heads.items())["b"] is heads["b"] is list(heads.values())[1]
    with pytest.raises(KeyError):
        _ = heads["c"]


def test_torchs_ways_to_import() -> None:
    code = """
import tinygrad_lite.nn as nn
import tinygrad_lite.nn.functional as F
import tinygrad_lite.optim as optim
from tinygrad_lite.optim.lr_scheduler import StepLR
from tinygrad_lite.optim import AdamW
import tinygrad_lite as torch
assert optim is torch.optim and AdamW is nn.optim.AdamW and StepLR is nn.optim.lr_scheduler.StepLR and F is nn.functional
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sequential_of_what_is_not_a_module_says_what_to_write() -> None:
    for wrong, message in (
        (nn.ReLU, r"^ReLU is a class, not a module: write ReLU\(\)"),
        (nn.functional.relu, r"^relu is a function, not a Module subclass: use the layer nn\.ReLU\(\)$"),
        (nn.functional.log_softmax, r"use the layer nn\.LogSoftmax\(\)$"),
        (tl.tanh, r"use the layer nn\.Tanh\(\)$"),
        (tl.exp, r"^exp is a function, .*: write a Module whose forward calls it$"),
        (lambda x: x, r"write a Module whose forward calls it$"),
        ([nn.ReLU()], r"^list is not a Module subclass: unpack it, as in Sequential\(\*layers\)$"),
        ((layer for layer in [nn.ReLU()]), r"^generator is .*: unpack it"),
        ("ReLU", r"^str is not a Module subclass$"),
    ):
        with pytest.raises(TypeError, match=message):
            nn.Sequential(nn.Linear(1, 1), wrong)
        with pytest.raises(TypeError, match=message):
            nn.ModuleList([wrong])


class Plain(nn.Module):
    """Layers wherever the test puts them."""

    def __init__(self, **held: Any) -> None:
        super().__init__()
        vars(self).update(held)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ([nn.Linear(1, 1)], r"^Plain\.layers is a plain list: .* use nn\.ModuleList for layers"),
        ((nn.Linear(1, 1), nn.ReLU()), r"^Plain\.layers is a plain tuple: .* use nn\.ModuleList"),
        ({"a": nn.Linear(1, 1)}, r"^Plain\.layers is a plain dict: .* use nn\.ModuleDict"),
        ([nn.Parameter(tl.ones(1))], r"a separate attribute for a Parameter$"),
    ],
)
def test_layers_in_a_plain_container_are_not_lost_in_silence(held: Any, message: str) -> None:
    net = nn.Sequential(nn.Linear(1, 1), Plain(layers=held))
    with pytest.warns(UserWarning, match=message) as found:
        assert len(list(net.parameters())) == 2  # as in PyTorch
    assert found[0].filename == __file__
    assert len(list(net.parameters())) == 2  # the second call does not warn again: warnings are errors here


def test_a_plain_container_of_what_is_found_or_frozen_is_fine() -> None:
    layer, frozen = nn.Linear(1, 1), nn.Linear(1, 1).requires_grad_(False)
    net = Plain(layer=layer, same=[layer], params=[layer.weight], teacher=[frozen], empty=[], numbers=[1, 2], names={"a": 1})
    assert len(list(net.parameters())) == 2
    assert len(list(Plain(layers=[layer]).parameters(recurse=False))) == 0


def test_modules_by_torchs_private_name(block: Any) -> None:
    assert list(block._modules) == list(block_of(torch)._modules) == ["inner", "tail"]
    assert block._modules["tail"] is block.tail
    for lib, net in ((tl, block), (torch, block_of(torch))):
        net._modules["tail"] = net._modules["more"] = lib.nn.ReLU()
        net._parameters["scale"] = lib.nn.Parameter(lib.ones(1))
        net._buffers["seen"] = lib.ones(1)
        net._buffers["late"] = lib.ones(1)
        del net._modules["inner"], net._buffers["scratch"]
        assert list(net._modules) == ["tail", "more"] and list(net._parameters) == ["scale"]
        assert list(net._buffers) == ["seen", "late"] and net.seen is net._buffers["seen"]
        assert list(net.state_dict()) == ["scale", "seen", "late"]
        with pytest.raises(KeyError):
            net._modules["lost"]
        with pytest.raises(KeyError):
            del net._modules["scale"]


def test_html_is_a_tree_with_counts() -> None:
    shared = nn.Linear(2, 2)
    net = nn.ModuleDict({"<b>": shared, "again": nn.Sequential(shared, nn.ReLU()), "lazy": nn.LazyLinear(1000, bias=False)})
    net["again"].append(nn.Linear(1000, 1, bias=False).requires_grad_(False))
    html = net._repr_html_()
    assert "<b>" not in html and "(&lt;b&gt;): Linear(in_features=2, out_features=2, bias=True)" in html
    assert html.count("<details open>") == html.count("</details>") == 2
    for line in ("ModuleDict", "Sequential"):  # shared parameters count once
        assert re.search(rf"{line} <span[^>]*>1,006 parameters, 1,000 frozen(, not initialized)?</span></summary>", html)
    assert re.search(r"LazyLinear\([^)]*\) <span[^>]*>not initialized</span>", html)
    assert re.search(r"ReLU\(\) <span[^>]*></span></div>", html)
    assert ">1 parameter<" in nn.Linear(1, 1, bias=False)._repr_html_()
    assert html == net._repr_html_() and "details" not in nn.ReLU()._repr_html_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Plain(layers=[shared])._repr_html_()  # showing is no place for the warning of parameters()
