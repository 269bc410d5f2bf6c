"""Layers: values and gradients as in PyTorch, and what they refuse."""

import math

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

F = nn.functional
RNG = np.random.default_rng(0)


def both(layer, theirs, shape, close, scale=1.0):
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
def test_linear(shape, bias, close):
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
def test_linear_of_every_shape(shapes, close):
    arrays = [RNG.standard_normal(shape) for shape in shapes if shape is not None]
    ours, theirs = ([lib.tensor(a, requires_grad=True) for a in arrays] for lib in (tl, torch))
    out, expected = F.linear(*ours), torch.nn.functional.linear(*theirs)
    close(out, expected)
    g = RNG.standard_normal(out.shape)
    out.backward(tl.tensor(g))
    expected.backward(torch.tensor(g))
    for x, y in zip(ours, theirs, strict=True):
        close(x.grad, y.grad)


def test_linear_starts_as_torchs():
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


def test_linear_errors():
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
def test_activations(name, shape, close):
    both(getattr(nn, name)(), getattr(torch.nn, name)(), shape, close)


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize(("shape", "dim"), [((4, 3), 1), ((4, 3), 0), ((2, 3, 4), -1), ((5,), 0), ((0, 3), 1)])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_softmax(name, shape, dim, scale, close):
    both(getattr(nn, name)(dim=dim), getattr(torch.nn, name)(dim=dim), shape, close, scale)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_infinities_and_dtype(name, close):
    a = np.array([[-np.inf, 0.0, 1.0], [-np.inf] * 3, [np.inf, 0.0, 0.0]])
    close(getattr(F, name)(tl.tensor(a), dim=1), getattr(torch.nn.functional, name)(torch.tensor(a), dim=1))
    assert getattr(F, name)(tl.tensor([1, 2]), dim=0, dtype=tl.float64).dtype == tl.float64
    with pytest.warns(UserWarning, match="implicit dimension"):
        getattr(F, name)(tl.zeros(2, 2))
    with pytest.raises(IndexError, match="out of range"):
        getattr(F, name)(tl.zeros(2, 2), dim=2)


def test_flatten_dims():
    x = tl.zeros(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)
    assert nn.Identity(3, name="any")(x) is x


def test_relu_inplace_is_accepted_and_leaves_the_input():
    x = tl.tensor([-1.0, 1.0])
    assert nn.ReLU(inplace=True)(x).tolist() == [0, 1]
    assert x.tolist() == [-1, 1]


def test_dropout():
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


def test_lazy_linear():
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


def test_lazy_linear_takes_loaded_weights():
    full, lazy = nn.Linear(2, 3), nn.LazyLinear(3)
    lazy.load_state_dict(full.state_dict())
    x = tl.ones(4, 2)
    assert lazy(x).tolist() == full(x).tolist()
    assert lazy.in_features == 2 and type(lazy) is nn.Linear


def test_one_hot(close):
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
