"""Modules: what is at a path, casts, buffers, and the names of PyTorch that are refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn


def net_of(lib: Any) -> Any:
    net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Linear(3, 1)))
    net[1].register_buffer("seen", lib.zeros(2, dtype=lib.int64))
    net[1].register_buffer("scratch", None, persistent=False)
    return net


PATHS = ["", "0", "1.1", "1.2", "1.1.weight", "1.seen", "weight", "0.weight", "1.scratch", "training", "1.", ".1"]


@pytest.mark.parametrize("name", ["get_submodule", "get_parameter", "get_buffer"])
@pytest.mark.parametrize("path", PATHS)
def test_what_is_at_a_path(name: str, path: str) -> None:
    found = []
    for lib in (tl, torch):
        net = net_of(lib)
        try:
            x = getattr(net, name)(path)
            found.append(repr(x) if name == "get_submodule" else list(x.shape))
        except AttributeError:
            found.append("AttributeError")
    assert found[0] == found[1]


def test_set_submodule() -> None:
    for lib in (tl, torch):
        net = net_of(lib)
        net.set_submodule("1.0", lib.nn.Tanh())
        net.set_submodule("2", lib.nn.Tanh())
        net.set_submodule("1.1", lib.nn.ReLU(), strict=True)
        assert [type(m).__name__ for m in net.modules()] == ["Sequential", "Linear", "Sequential", "Tanh", "ReLU", "Tanh"]
        for path, module, strict, error in [
            ("", lib.nn.ReLU(), False, ValueError),
            ("0", 3, False, ValueError),
            ("7.0", lib.nn.ReLU(), False, AttributeError),
            ("9", lib.nn.ReLU(), True, AttributeError),
            ("0.weight", lib.nn.ReLU(), False, AttributeError),
            ("0.in_features", lib.nn.ReLU(), False, AttributeError),
        ]:
            with pytest.raises(error):
                net.set_submodule(path, module, strict)


def test_casts() -> None:
    for lib in (tl, torch):
        net = net_of(lib)
        for do, floats, ints in [
            (lambda net: net.half(), "float16", "int64"),
            (lambda net, lib=lib: net.type(lib.float64), "float64", "float64"),
            (lambda net: net.float(), "float32", "float32"),
            (lambda net: net._apply(lambda x: x.double()), "float64", "float64"),
            (lambda net: net.to_empty(device="cpu"), "float64", "float64"),
            (lambda net, lib=lib: net.to(None, lib.float32, True), "float32", "float32"),
            (lambda net, lib=lib: net.to("cpu", lib.float64, non_blocking=True), "float64", "float64"),
        ]:
            weight = net[0].weight
            assert do(net) is net and (net[0].weight is weight or lib is torch)
            assert str(net[0].weight.dtype).endswith(floats) and str(net[1].seen.dtype).endswith(ints)
    with pytest.raises(NotImplementedError, match="bfloat16"):
        net_of(tl).bfloat16()
    with pytest.raises(NotImplementedError, match="share_memory"):
        net_of(tl).share_memory()
    assert net_of(tl)._get_name() == "Sequential"


def test_buffers() -> None:
    for lib in (tl, torch):
        m = lib.nn.Module()
        b = lib.nn.Buffer(lib.zeros(2))
        m.mean = b
        assert m.mean is b and isinstance(b, lib.nn.Buffer) and not b.requires_grad and "containing" not in repr(b)
        m.scratch = lib.nn.Buffer(lib.zeros(3), persistent=False)
        m.register_buffer("none", None)
        assert [name for name, _ in m.named_buffers()] == ["mean", "scratch"]
        assert list(m._buffers) == ["mean", "scratch", "none"] and list(m.state_dict()) == ["mean"]
        m.mean = lib.ones(2)
        m.none = lib.ones(1)
        assert list(m.state_dict()) == ["mean", "none"]
        with pytest.raises(TypeError, match="cannot assign 'float' as buffer 'mean'"):
            m.mean = 1.0
        m.mean = lib.nn.Parameter(lib.ones(2))
        assert [name for name, _ in m.named_parameters()] == ["mean"] and "mean" not in dict(m.named_buffers())
        del m.scratch
        m.scratch = lib.ones(1)
        assert "scratch" not in m._buffers and list(m.state_dict()) == ["mean", "none"]
        for twin in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
            assert list(twin.state_dict()) == ["mean", "none"]
        m.register_buffer("none", lib.zeros(5))
        m.register_parameter("mean", lib.nn.Parameter(lib.zeros(6)))
        assert len(m.none) == 5 and len(m.mean) == 6
        assert lib.nn.Buffer().numel() == 0 and lib.nn.Parameter().numel() == 0
        for args, error in [
            (("", lib.ones(1)), KeyError),
            (("a.b", lib.ones(1)), KeyError),
            (("mean", lib.ones(1)), KeyError),  # a parameter
            (("training", lib.ones(1)), KeyError),
            (("forward", lib.ones(1)), KeyError),
            ((3, lib.ones(1)), TypeError),
            (("x", 3), TypeError),
        ]:
            with pytest.raises(error):
                m.register_buffer(*args)
    with pytest.raises(TypeError, match=r"Buffer\(tensor"):
        nn.Buffer([1.0])


def test_uninitialized_buffer() -> None:
    b = nn.UninitializedBuffer(dtype=tl.float64)
    assert repr(b) == "<UninitializedBuffer>" and not b.requires_grad
    m = nn.Module()
    m.register_buffer("b", b)
    m.load_state_dict({"b": tl.ones(2, 3)})
    assert m.b is b and type(b) is tl.Tensor and b.dtype == tl.float64 and b.shape == (2, 3) and bool(b.all())
