"""Layers: values and gradients as in PyTorch, and what they refuse."""

from __future__ import annotations

import math
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]
F = nn.functional
RNG = np.random.default_rng(0)


def both(layer: Any, theirs: Any, shape: tuple[int, ...], close: Close, scale: float = 1.0) -> None:
    """Forward and gradient of the input through our layer and torch's, in float64."""
    a = RNG.standard_normal(shape) * scale
    x, y = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    out, expected = layer(x), theirs(y)
    close(out, expected)
    g = RNG.standard_normal(out.shape)
    out.backward(tl.tensor(g))
    expected.backward(torch.tensor(g))
    close(x.grad, y.grad)


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape: tuple[int, ...], bias: bool, close: Close) -> None:
    ours, theirs = nn.Linear(3, 2, bias=bias).double(), torch.nn.Linear(3, 2, bias=bias).double()
    ours.load_state_dict(theirs.state_dict())
    both(ours, theirs, shape, close)
    close(ours.weight.grad, theirs.weight.grad)
    if bias:
        close(ours.bias.grad, theirs.bias.grad)


SHAPES = [
    ((2, 3), (3,), None),  # a weight (in): one number a row
    ((3,), (3,), ()),
    ((5, 2, 3), (3,), ()),
    ((2, 3), (4, 3), (2, 4)),  # a bias of more dimensions, or fewer
    ((2, 3), (4, 3), (2, 1)),
    ((5, 2, 3), (4, 3), (5, 2, 4)),
    ((5, 2, 3), (4, 3), (2, 4)),
    ((5, 2, 3), (4, 3), ()),
    ((2, 3), (4, 3), (1,)),
    ((2, 0), (4, 0), (4,)),  # nothing in, nothing out, no rows
    ((0,), (4, 0), (4,)),
    ((5, 2, 0), (4, 0), (4,)),
    ((5, 2, 0), (4, 0), None),
    ((2, 3), (0, 3), (0,)),
    ((5, 2, 3), (0, 3), (0,)),
    ((2, 0), (0, 0), (0,)),
    ((0, 3), (4, 3), (4,)),
    ((5, 0, 3), (4, 3), (4,)),
    ((0, 3), (4, 3), None),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_linear_of_every_shape(shapes: tuple[Any, ...], close: Close) -> None:
    arrays = [RNG.standard_normal(shape) for shape in shapes if shape is not None]
    ours, theirs = ([lib.tensor(a, requires_grad=True) for a in arrays] for lib in (tl, torch))
    out, expected = F.linear(*ours), torch.nn.functional.linear(*theirs)
    close(out, expected)
    g = RNG.standard_normal(out.shape)
    out.backward(tl.tensor(g))
    expected.backward(torch.tensor(g))
    for x, y in zip(ours, theirs, strict=True):
        close(x.grad, y.grad)


def test_linear_starts_as_torchs() -> None:
    layer = nn.Linear(100, 50)
    for p in layer.parameters():
        assert p.array.min() >= -0.1 and p.array.max() <= 0.1
        assert abs(p.array.std() - 0.1 / math.sqrt(3)) < 0.012
    tl.manual_seed(1)
    first = nn.Linear(3, 3).weight.tolist()
    tl.manual_seed(1)
    assert nn.Linear(3, 3).weight.tolist() == first
    assert nn.Linear(3, 3).weight.tolist() != first
    layer = nn.Linear(2, 3, dtype=tl.float64)
    assert layer.weight.shape == (3, 2) and layer.bias.shape == (3,) and layer.bias.dtype == tl.float64


def test_linear_errors() -> None:
    layer = nn.Linear(3, 2)
    with pytest.raises(RuntimeError, match=r"shape \[2, 4\] does not fit a weight of shape \[2, 3\]"):
        layer(tl.zeros(2, 4))
    with pytest.raises(RuntimeError, match="the input is float64 but the weight is float32"):
        layer(tl.zeros(2, 3, dtype=tl.float64))
    with pytest.raises(RuntimeError, match="the input is int64"):
        layer(tl.tensor([[1, 2, 3]]))
    for weight, bias, message in (
        ((), None, r"does not fit a weight of shape \[\]"),
        ((2, 4, 3), None, r"does not fit a weight of shape \[2, 4, 3\]"),
        ((4,), None, r"does not fit a weight of shape \[4\]"),
        ((4, 3), (3,), r"linear: a bias of shape \[3\] does not fit a result of shape \[2, 4\]; it is \(out\) = \[4\]"),
        ((4, 3), (5, 4), r"a bias of shape \[5, 4\] does not fit a result of shape \[2, 4\]"),
        ((4, 3), (1, 2, 4), r"a bias of shape \[1, 2, 4\] does not fit"),
        ((3,), (2,), r"a bias of shape \[2\] does not fit a result of shape \[2\]; it is one number"),
    ):
        with pytest.raises(RuntimeError, match=message):
            F.linear(tl.zeros(2, 3), tl.zeros(weight), None if bias is None else tl.zeros(bias))
        with pytest.raises(RuntimeError):
            torch.nn.functional.linear(torch.zeros(2, 3), torch.zeros(weight), None if bias is None else torch.zeros(bias))
    for shape in ((4,), (1, 4)):
        with pytest.raises(RuntimeError, match=r"linear: .*float64"):
            F.linear(tl.zeros(2, 3), tl.zeros(4, 3), tl.zeros(shape, dtype=tl.float64))
    with pytest.raises(RuntimeError, match="cannot be negative"):
        nn.Linear(-1, 2)
    assert nn.Linear(0, 2)(tl.zeros(4, 0)).shape == (4, 2)


@pytest.mark.parametrize("name", ["ReLU", "Tanh", "Sigmoid", "Identity", "Flatten"])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4)])
def test_activations(name: str, shape: tuple[int, ...], close: Close) -> None:
    both(getattr(nn, name)(), getattr(torch.nn, name)(), shape, close)


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize(("shape", "dim"), [((4, 3), 1), ((4, 3), 0), ((2, 3, 4), -1), ((5,), 0), ((0, 3), 1)])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_softmax(name: str, shape: tuple[int, ...], dim: int, scale: float, close: Close) -> None:
    both(getattr(nn, name)(dim=dim), getattr(torch.nn, name)(dim=dim), shape, close, scale)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_infinities_and_dtype(name: str, close: Close) -> None:
    a = np.array([[-np.inf, 0.0, 1.0], [-np.inf] * 3, [np.inf, 0.0, 0.0]])
    close(getattr(F, name)(tl.tensor(a), dim=1), getattr(torch.nn.functional, name)(torch.tensor(a), dim=1))
    assert getattr(F, name)(tl.tensor([1, 2]), dim=0, dtype=tl.float64).dtype == tl.float64
    with pytest.warns(UserWarning, match="implicit dimension"):
        getattr(F, name)(tl.zeros(2, 2))
    with pytest.raises(IndexError, match="out of range"):
        getattr(F, name)(tl.zeros(2, 2), dim=2)


def test_flatten_dims() -> None:
    x = tl.zeros(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)
    assert nn.Identity(3, name="any")(x) is x


def test_relu_inplace_writes_to_the_input() -> None:
    x = tl.tensor([-1.0, 1.0])
    assert nn.ReLU(inplace=True)(x) is x
    assert x.tolist() == [0, 1]


def test_dropout() -> None:
    x = tl.ones(200, 200, requires_grad=True)
    layer = nn.Dropout(0.2)
    out = layer(x)
    assert set(np.unique(out.detach().numpy())) == {np.float32(0), np.float32(1.25)}
    assert abs(float(out.mean()) - 1) < 0.01
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), out.detach().numpy())  # the same mask backward
    assert layer.eval()(x) is x
    tl.manual_seed(3)
    first = layer.train()(x).tolist()
    tl.manual_seed(3)
    assert layer(x).tolist() == first
    assert float(F.dropout(tl.ones(5), p=1.0).sum()) == 0
    assert F.dropout(x, p=0.0) is x
    assert F.dropout(tl.ones(5, dtype=tl.float64)).dtype == tl.float64
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            nn.Dropout(p)
        with pytest.raises(ValueError, match="between 0 and 1"):
            F.dropout(x, p)


def test_lazy_linear() -> None:
    layer = nn.LazyLinear(3)
    assert repr(layer) == repr(torch.nn.LazyLinear(3))
    params = list(layer.parameters())
    optimizer = nn.optim.SGD(nn.Sequential(nn.Flatten(), layer).parameters(), lr=0.1)
    out = layer(tl.ones(4, 2))
    assert type(layer) is nn.Linear and layer.in_features == 2 and out.shape == (4, 3)
    assert all(a is b and type(a) is nn.Parameter for a, b in zip(params, layer.parameters(), strict=True))
    assert np.abs(layer.weight.array).max() <= 1 / math.sqrt(2)
    before = layer.weight.tolist()
    out.sum().backward()
    assert layer.weight.grad.shape == (3, 2)
    optimizer.step()
    assert layer.weight.tolist() != before
    assert list(nn.LazyLinear(3, bias=False).state_dict()) == ["weight"]


def test_lazy_linear_takes_loaded_weights() -> None:
    full, lazy = nn.Linear(2, 3), nn.LazyLinear(3)
    lazy.load_state_dict(full.state_dict())
    x = tl.ones(4, 2)
    assert lazy(x).tolist() == full(x).tolist()
    assert lazy.in_features == 2 and type(lazy) is nn.Linear


def test_one_hot(close: Close) -> None:
    for data, classes in (([0, 2, 1], -1), ([[1], [0]], 4), (2, -1)):
        close(F.one_hot(tl.tensor(data), classes), torch.nn.functional.one_hot(torch.tensor(data), classes))
    assert F.one_hot(tl.zeros(0, dtype=tl.int64), 3).shape == (0, 3)
    for data, classes, message in (([0, -1], -1, "from 0 to"), ([0, 3], 3, "from 0 to 2"), ([0.0], -1, "int64")):
        with pytest.raises(RuntimeError, match=message):
            F.one_hot(tl.tensor(data), classes)
    with pytest.raises(RuntimeError, match="empty"):
        F.one_hot(tl.zeros(0, dtype=tl.int64))


def test_linear_is_one_step_for_any_batch() -> None:
    layer = nn.Linear(3, 2)
    for shape in ((3,), (4, 3), (2, 4, 3), (0, 3)):
        assert layer(tl.ones(*shape)).grad_fn.op.name == "linear"


def test_dropout_stays_on_its_device(device: str) -> None:
    x = tl.ones(50, device=device)
    y = nn.functional.dropout(x, 0.5)
    assert y.device == x.device
    assert set(y.cpu().tolist()) == {0.0, 2.0}


def test_public_names_are_those_of_the_files() -> None:
    for package, public in ((nn.functional, nn.functional), (nn.layers, nn)):
        for found in pkgutil.iter_modules(package.__path__):
            module = import_module(f"{package.__name__}.{found.name}")
            for name in getattr(module, "__all__", ()):
                assert getattr(public, name) is getattr(module, name)
                assert name in public.__all__
    for public in (nn, nn.functional):
        assert len(set(public.__all__)) == len(public.__all__)
        assert all([hasattr(public, name) for name in public.__all__])


def test_linear_says_how_to_cast_as_it_is_to_be_typed() -> None:
    x, layer = tl.ones(2, 3, dtype=tl.float64), nn.Linear(3, 2)
    with pytest.raises(RuntimeError, match=r"the input is float64 but the weight is float32; cast the input: x\.float\(\)$"):
        layer(x)
    assert layer(x.float()).shape == (2, 2)
    for weight, call in ((layer.double().weight, r"x\.double\(\)"), (layer.weight.long(), r"x\.long\(\)")):
        with pytest.raises(RuntimeError, match=call):
            F.linear(x.float(), weight)
    with pytest.raises(RuntimeError, match=r"the bias is float32; cast the bias: bias\.double\(\)"):
        F.linear(x, layer.weight, tl.ones(1))


@pytest.mark.parametrize("given", [[[1.0, 2, 3]], np.ones((2, 3), "float32"), torch.ones(2, 3)], ids=["list", "array", "torch"])
def test_linear_of_something_else_than_tensors(given: Any) -> None:
    kind = "torch.Tensor" if isinstance(given, torch.Tensor) else type(given).__name__
    with pytest.raises(TypeError, match=rf"^linear: input must be a Tensor, got {kind}; make it one with tensor"):
        nn.Linear(3, 2)(given)
    with pytest.raises(TypeError, match=rf"^linear: weight must be a Tensor, got {kind}"):
        F.linear(tl.ones(2, 3), given)
    with pytest.raises(TypeError, match=rf"^linear: bias must be a Tensor, got {kind}"):
        F.linear(tl.ones(2, 3), tl.ones(2, 3), given)


def test_a_lazy_layer_that_was_frozen_can_be_trained_later() -> None:
    layer = nn.LazyLinear(3).requires_grad_(False)
    layer(tl.ones(4, 2))
    layer.requires_grad_()(tl.ones(4, 2)).sum().backward()
    assert layer.weight.grad.tolist() == [[4, 4]] * 3


def test_a_lazy_layer_calls_itself_once() -> None:
    calls = []

    class Counted(nn.LazyLinear):
        def __call__(self, x: tl.Tensor) -> tl.Tensor:
            calls.append(x)
            return super().__call__(x)

    Counted(3)(tl.ones(4, 2))
    assert len(calls) == 1


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_dropout_in_place_is_torchs(p: float) -> None:
    found = []
    for t in (tl, torch):
        t.manual_seed(2)
        w = t.ones(4, 5, dtype=t.float64, requires_grad=True)
        x = w * 2
        y = t.nn.Dropout(p, inplace=True)(x)
        assert y is x
        y.sum().backward()
        found.append((x.tolist(), w.grad.tolist()))
        if p:
            with pytest.raises(RuntimeError):
                t.nn.functional.dropout(w, p, inplace=True)
    assert found[0] == found[1]
