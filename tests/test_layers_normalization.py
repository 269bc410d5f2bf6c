"""Layers of normalization and dropout: values, gradients, running statistics, masks, names and refusals as in PyTorch."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

RNG = np.random.default_rng(0)
SHAPES = [(5, 4), (3, 4, 6), (3, 4, 3, 2), (2, 4, 2, 3, 2)]


def both(values: Any, dtype: str = "f8") -> tuple[Any, Any]:
    array = np.asarray(values, dtype)
    return tl.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)


def near(ours: Any, theirs: Any, rtol: float = 1e-11) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol, rtol)


LAYERS: list[tuple[Any, tuple[int, ...]]] = [
    (lambda nn: nn.LayerNorm(6), (3, 4, 6)),
    (lambda nn: nn.LayerNorm([4, 6], 0.1, bias=False), (3, 4, 6)),
    (lambda nn: nn.LayerNorm((4,), elementwise_affine=False), (5, 4)),
    (lambda nn: nn.RMSNorm(6), (3, 4, 6)),
    (lambda nn: nn.RMSNorm([4, 6], 0.1, False), (3, 4, 6)),
    (lambda nn: nn.GroupNorm(2, 4), (3, 4, 6)),
    (lambda nn: nn.GroupNorm(4, 4, 0.1, bias=False), (3, 4, 3, 2)),
    (lambda nn: nn.GroupNorm(1, 4, affine=False), (5, 4)),
    (lambda nn: nn.LocalResponseNorm(3, 0.1, 0.5, 2.0), (3, 4, 6)),
    (lambda nn: nn.LocalResponseNorm(2), (3, 4, 3, 2)),
    (lambda nn: nn.Softmax2d(), (3, 4, 3, 2)),
]
for d, shape in enumerate(SHAPES[1:], 1):
    LAYERS += [
        (lambda nn, d=d: getattr(nn, f"BatchNorm{d}d")(4), shape),
        (lambda nn, d=d: getattr(nn, f"BatchNorm{d}d")(4, 0.1, None, bias=False), shape),
        (lambda nn, d=d: getattr(nn, f"BatchNorm{d}d")(4, momentum=0.3, affine=False), shape),
        (lambda nn, d=d: getattr(nn, f"BatchNorm{d}d")(4, track_running_stats=False), shape),
        (lambda nn, d=d: getattr(nn, f"LazyBatchNorm{d}d")(momentum=0.3), shape),
        (lambda nn, d=d: getattr(nn, f"InstanceNorm{d}d")(4), shape),
        (lambda nn, d=d: getattr(nn, f"InstanceNorm{d}d")(4, 0.1, 0.3, True, True), shape),
        (lambda nn, d=d: getattr(nn, f"InstanceNorm{d}d")(4, affine=True), shape[1:]),
        (lambda nn, d=d: getattr(nn, f"LazyInstanceNorm{d}d")(), shape),
    ]
LAYERS.append((lambda nn: nn.BatchNorm1d(4), (5, 4)))


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=[repr(make(torch.nn)) + str(shape) for make, shape in LAYERS])
def test_layers_equal_torchs(make: Any, shape: tuple[int, ...]) -> None:
    ours, theirs = make(tl.nn).double(), make(torch.nn).double()
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    for turn in range(4):  # the first two in training, of which the second starts with other parameters; the last two in eval
        x, y = both(RNG.standard_normal(shape) * 2 + 3)
        found, expected = ours(x), theirs(y)
        near(found, expected)
        g = RNG.standard_normal(shape)
        found.backward(tl.tensor(g))
        expected.backward(torch.tensor(g))
        near(x.grad, y.grad, 1e-9)
        assert repr(ours) == repr(theirs) and type(ours).__name__ == type(theirs).__name__
        state = theirs.state_dict()
        assert list(ours.state_dict()) == list(state)
        for key, value in ours.state_dict().items():
            assert str(value.dtype) == str(state[key].dtype).removeprefix("torch.")
            near(value, state[key])
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            near(p.grad, q.grad, 1e-9)
            with tl.no_grad(), torch.no_grad():
                q += torch.tensor(RNG.standard_normal(q.shape) / 2)
                p.copy_(tl.from_numpy(q.detach().numpy()))
        if turn == 1:
            ours.eval()
            theirs.eval()
    again = make(tl.nn).double()
    again.load_state_dict(theirs.state_dict())
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    near(deepcopy(again).eval()(x), theirs(y))


def test_batch_norm_learns_what_it_is_told_to() -> None:
    layer = tl.nn.BatchNorm1d(2)
    layer(tl.tensor([[1.0, 2.0], [3.0, 6.0]]))
    assert layer.num_batches_tracked.item() == 1 and layer.num_batches_tracked.dtype == tl.int64
    np.testing.assert_allclose(layer.running_mean.tolist(), [0.2, 0.4], rtol=1e-6)
    np.testing.assert_allclose(layer.running_var.tolist(), [1.1, 1.7], rtol=1e-6)
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    for wrong in (tl.zeros(1, 2), tl.zeros(2, 3), tl.zeros(2)):  # nothing is changed by what is refused
        with pytest.raises((ValueError, RuntimeError)):
            layer(wrong)
    layer.eval()(tl.ones(3, 2))
    assert all(bool((value == before[key]).all()) for key, value in layer.state_dict().items())
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0, 0] and layer.running_var.tolist() == [1, 1]
    assert layer.num_batches_tracked.item() == 0
    layer.load_state_dict({key: value for key, value in before.items() if key != "num_batches_tracked"})  # as old ones are


def test_a_saved_running_statistic_may_be_written_before_backward() -> None:
    layer = tl.nn.BatchNorm1d(2)
    x, y = (tl.randn(3, 2, requires_grad=True) for _ in range(2))
    (layer(x) * layer(y)).sum().backward()  # the second call moves the buffers that the first one had
    assert x.grad is not None


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (0.5, 1), (1000, 1), (1000, 0.01), (1e4, 1), (0, 1e-4), (1000.3, 0)])
@pytest.mark.parametrize("shape", [(300, 20), (6, 3, 20, 20)])
@pytest.mark.parametrize("which", ["layer_norm", "batch_norm"])
def test_float32_is_exact_to_some_epsilons(which: str, shape: tuple[int, ...], mean: float, std: float) -> None:
    """Against float64 on the same numbers: a large mean costs no digits, and equal numbers give 0."""
    values = np.float32(mean + std * RNG.standard_normal(shape))
    upstream = RNG.standard_normal(shape)
    results = []
    for t, dtype in ((tl, tl.float32), (torch, torch.float64)):
        x = t.tensor(values.tolist(), dtype=dtype, requires_grad=True)
        f = t.nn.functional
        out = f.layer_norm(x, shape[1:]) if which == "layer_norm" else f.batch_norm(x, None, None, training=True)
        out.backward(t.tensor(upstream.tolist(), dtype=dtype))
        results.append((out.detach().numpy(), x.grad.numpy()))
    for a, b in zip(*results):
        assert np.abs(a - b).max() <= 4 * 2**-23 * max(np.abs(b).max(), 1e-3)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "group_norm", "instance_norm", "batch_norm", "silu", "gelu"])
def test_the_result_may_be_written_to(name: str) -> None:
    """As in PyTorch, the derivative does not need the result: relu_ after a normalization is common."""
    values, grads = RNG.standard_normal((3, 4, 5)), []
    for t in (tl, torch):
        x = t.tensor(values.tolist(), requires_grad=True)
        given = {"layer_norm": [(5,)], "rms_norm": [(5,)], "group_norm": [2], "batch_norm": [None, None, None, None, True]}
        out = getattr(t.nn.functional, name)(x, *given.get(name, []))
        out.relu_()
        (out * t.arange(60.0).reshape(3, 4, 5)).sum().backward()
        grads.append(x.grad.numpy())
    np.testing.assert_allclose(*grads, rtol=1e-4, atol=1e-4)


def test_lazy_layers_take_the_shape_of_what_they_load() -> None:
    source = tl.nn.BatchNorm2d(3)
    source(tl.randn(2, 3, 4, 4))
    lazy = tl.nn.LazyBatchNorm2d()
    assert isinstance(lazy.running_mean, tl.nn.UninitializedBuffer)
    lazy.load_state_dict(source.state_dict())
    x = tl.randn(2, 3, 4, 4)
    np.testing.assert_array_equal(lazy(x).detach().numpy(), source(x).detach().numpy())
    assert type(lazy) is tl.nn.BatchNorm2d and lazy.num_batches_tracked.item() == 2
    fresh = tl.nn.LazyBatchNorm1d()
    text = str(tl.nn.summary(fresh, (4, 3)))
    assert "BatchNorm1d" in text and isinstance(fresh.running_var, tl.nn.UninitializedBuffer)  # as it was before


WRONG: list[tuple[Any, type[Exception]]] = [
    (lambda t: t.nn.BatchNorm1d(3)(t.zeros(1, 3)), ValueError),
    (lambda t: t.nn.BatchNorm2d(3)(t.zeros(2, 3)), ValueError),
    (lambda t: t.nn.BatchNorm1d(3)(t.zeros(2, 4)), RuntimeError),
    (lambda t: t.nn.BatchNorm1d(3)(t.zeros(2, 3).long()), NotImplementedError),
    (lambda t: t.nn.BatchNorm1d(3).double()(t.zeros(2, 3)), RuntimeError),
    (lambda t: t.nn.functional.batch_norm(t.zeros(2, 3), None, None), RuntimeError),
    (lambda t: t.nn.functional.batch_norm(t.zeros(2, 3), t.zeros(3), None, training=True), ValueError),
    (lambda t: t.nn.functional.batch_norm(t.zeros(2, 3), None, None, training=True, eps=0.0), ValueError),
    (lambda t: t.nn.functional.batch_norm(t.zeros(2), None, None, training=True), IndexError),
    (lambda t: t.nn.InstanceNorm1d(3)(t.zeros(2, 3, 1)), ValueError),
    (lambda t: t.nn.InstanceNorm1d(3, affine=True)(t.zeros(2, 4, 5)), ValueError),
    (lambda t: t.nn.functional.instance_norm(t.zeros(2, 3, 4), use_input_stats=False), RuntimeError),
    (lambda t: t.nn.LayerNorm(3)(t.zeros(2, 4)), RuntimeError),
    (lambda t: t.nn.LayerNorm(3)(t.zeros(2, 3).double()), RuntimeError),
    (lambda t: t.nn.functional.layer_norm(t.zeros(2, 3), 3), TypeError),
    (lambda t: t.nn.functional.layer_norm(t.zeros(2, 3), ()), RuntimeError),
    (lambda t: t.nn.functional.layer_norm(t.zeros(2, 3), (3,), t.zeros(2)), RuntimeError),
    (lambda t: t.nn.GroupNorm(3, 4), ValueError),
    (lambda t: t.nn.GroupNorm(2, 4)(t.zeros(2, 6)), RuntimeError),
    (lambda t: t.nn.functional.group_norm(t.zeros(2, 4), 3), RuntimeError),
    (lambda t: t.nn.LocalResponseNorm(2)(t.zeros(2, 3)), ValueError),
    (lambda t: t.nn.Dropout2d(1.5), ValueError),
    (lambda t: t.nn.functional.dropout1d(t.zeros(2)), RuntimeError),
    (lambda t: t.nn.functional.feature_alpha_dropout(t.zeros(2), training=True), RuntimeError),
    (lambda t: t.nn.functional.dropout(t.zeros(2).long()), RuntimeError),
    (lambda t: t.nn.Softmax2d()(t.zeros(2, 3)), ValueError),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_is_wrong_is_refused_as_in_torch(number: int) -> None:
    call, kind = WRONG[number]
    for t in (tl, torch):
        with pytest.raises(kind) as error:
            call(t)
        assert type(error.value) is kind


@pytest.mark.filterwarnings("ignore:Mismatch dtype:UserWarning")
def test_float16_may_have_parameters_in_float32() -> None:
    values = RNG.standard_normal((4, 6)).astype("f2")
    for name, *given in (("layer_norm", (6,)), ("rms_norm", (6,)), ("group_norm", 2), ("batch_norm", None, None)):
        outs = []
        for t in (tl, torch):
            w = t.tensor(np.linspace(0.5, 2, 6).tolist())
            if name == "batch_norm":
                outs.append(t.nn.functional.batch_norm(t.from_numpy(values.copy()), None, None, w, training=True))
            else:
                outs.append(getattr(t.nn.functional, name)(t.from_numpy(values.copy()), *given, w))
        assert outs[0].dtype == tl.float16
        np.testing.assert_allclose(outs[0].numpy(), outs[1].numpy(), 2e-3, 2e-3)


@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"])
@pytest.mark.filterwarnings("ignore:dropout:UserWarning")
def test_the_masks_of_dropout_are_torchs_bit_for_bit(name: str) -> None:
    for shape in SHAPES:
        if name == "Dropout1d" and len(shape) > 3:
            continue
        for dtype in ("f4", "f8", "f2"):
            for p, inplace in ((0.3, False), (0.5, True), (1.0, False), (0.0, True)):
                values, results = RNG.standard_normal(shape).astype(dtype), []
                for t in (tl, torch):
                    t.manual_seed(3)
                    layer = getattr(t.nn, name)(p, inplace)
                    x = t.from_numpy(values.copy())
                    results.append((layer(x).numpy(), x.numpy(), layer.eval()(x).numpy(), repr(layer), float(t.rand(1))))
                for a, b in zip(*results):
                    np.testing.assert_array_equal(a, b)


def test_dropout2d_warns_as_torch_does() -> None:
    for t in (tl, torch):
        for shape in ((2, 3, 4), (2, 3)):
            with pytest.warns(UserWarning, match="dropout2d"):
                t.nn.functional.dropout2d(t.zeros(*shape))
