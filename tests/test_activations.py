"""Activations of nn.functional: in place, arguments, dtypes, errors, numbers far out. Derivatives are in cases/."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

VALUES = [[-2.0, -0.5, 0.0, 0.25], [1.0, 3.5, 7.0, -8.0]]
IN_PLACE: dict[str, dict[str, Any]] = {
    "relu": {}, "relu6": {}, "hardtanh": {}, "hardsigmoid": {}, "hardswish": {}, "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 0.5}, "selu": {}, "celu": {"alpha": 2.0}, "silu": {}, "mish": {}, "rrelu": {},
    "threshold": {"threshold": 0.1, "value": 20.0},
}  # fmt: skip


def both(function: Any) -> list[Any]:
    """What a function of t gives in both libraries."""
    return [function(tl), function(torch)]


@pytest.mark.parametrize("name", IN_PLACE)
def test_inplace_writes_to_x_and_is_differentiable(name: str) -> None:
    def run(t: Any) -> Any:
        w = t.tensor(VALUES, dtype=t.float64, requires_grad=True)
        x = w * 1.5
        y = getattr(t.nn.functional, name)(x, **IN_PLACE[name], inplace=True)
        assert y is x
        x.sum().backward()
        return x.detach(), w.grad

    ours, theirs = both(run)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-7)
    x = tl.tensor(VALUES)
    view = x[0]
    memory = x.array
    getattr(tl.nn.functional, name)(x, **IN_PLACE[name], inplace=True)
    assert x.array is memory and view.tolist() == x[0].tolist()
    with pytest.raises(RuntimeError, match="leaf"):
        getattr(tl.nn.functional, name)(tl.tensor(VALUES, requires_grad=True), **IN_PLACE[name], inplace=True)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "celu", "hardtanh", "threshold", "rrelu"])
def test_the_name_with_an_underscore_writes_to_x(name: str) -> None:
    x = tl.tensor(VALUES)
    options = IN_PLACE[name] if name == "threshold" else {}
    expected = getattr(tl.nn.functional, name)(x, **options)
    assert getattr(tl.nn.functional, f"{name}_")(x, **options) is x
    assert x.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "selu", "celu", "rrelu", "hardshrink"])
def test_functions_of_the_package_are_the_same(name: str) -> None:
    ours, theirs = both(lambda t: getattr(t, name)(t.tensor(VALUES)))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
    assert getattr(tl, name)(tl.tensor(VALUES)).tolist() == getattr(tl.nn.functional, name)(tl.tensor(VALUES)).tolist()


def test_methods() -> None:
    for t in (tl, torch):
        x = t.tensor(VALUES)
        assert x.hardshrink(1.0).tolist() == [[-2, 0, 0, 0], [0, 3.5, 7, -8]]
        assert x.prelu(t.tensor([0.5])).tolist() == [[-1, -0.25, 0, 0.25], [1, 3.5, 7, -4]]
        for name in ("selu", "celu", "rrelu", "threshold", "gelu", "softplus"):
            assert not hasattr(x, name)


def test_rrelu_draws_its_slopes() -> None:
    tl.manual_seed(0)
    x = tl.tensor(np.r_[-np.ones(2000), np.ones(2000)]).requires_grad_()
    y = tl.nn.functional.rrelu(x, 0.1, 0.3, training=True)
    slopes = -y.detach().numpy()[:2000]
    assert 0.1 <= slopes.min() < 0.11 and 0.29 < slopes.max() <= 0.3 and abs(slopes.mean() - 0.2) < 0.005
    assert (y[2000:] == 1).all()
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.r_[slopes, np.ones(2000)])

    def seeded(t: Any, dtype: str) -> Any:
        t.manual_seed(7)
        return t.nn.functional.rrelu(t.tensor(VALUES, dtype=getattr(t, dtype)), 0.1, 0.3, training=True).tolist()

    for dtype in ("float32", "float64"):
        np.testing.assert_allclose(seeded(tl, dtype), seeded(torch, dtype), rtol=2e-7)


def test_gumbel_softmax_draws_with_the_probabilities() -> None:
    tl.manual_seed(0)
    logits = tl.tensor([0.5, 0.3, 0.2]).log().expand(4000, 3).clone().requires_grad_()
    hard = tl.nn.functional.gumbel_softmax(logits, hard=True)
    assert hard.sum(1).tolist() == pytest.approx([1.0] * 4000, abs=1e-6)
    np.testing.assert_allclose(hard.detach().numpy().mean(0), [0.5, 0.3, 0.2], atol=0.03)
    (hard * tl.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert logits.grad.abs().sum() > 0
    for t in (tl, torch):
        t.manual_seed(7)
    ours, theirs = both(lambda t: t.nn.functional.gumbel_softmax(t.tensor(VALUES), tau=0.5))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5)
    soft = tl.nn.functional.gumbel_softmax(logits, tau=0.5)
    np.testing.assert_allclose(soft.detach().numpy().sum(1), 1, rtol=1e-5)


OTHERS = ["gelu", "softplus", "softsign", "tanhshrink", "softshrink", "hardshrink", "logsigmoid", "sigmoid", "tanh"]


@pytest.mark.parametrize(("name", "options"), [*IN_PLACE.items(), *[(name, {}) for name in OTHERS]])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32"])
def test_dtypes_and_refusals_equal_torch(name: str, options: dict[str, Any], dtype: str) -> None:
    def run(t: Any) -> Any:
        try:
            return getattr(t.nn.functional, name)(t.tensor([[0, 1, 1]], dtype=getattr(t, dtype)), **options)
        except RuntimeError as error:  # NotImplementedError is one
            return type(error)

    ours, theirs = both(run)
    if isinstance(theirs, type) or isinstance(ours, type):
        further = dtype == "bool" and name in ("relu", "threshold", "softsign", "tanhshrink")  # ours go further
        assert ours == theirs or further
    else:
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, f, x: f.celu(x, 0.0),
        lambda t, f, x: f.gelu(x, approximate="erf"),
        lambda t, f, x: f.softshrink(x, -0.5),
        lambda t, f, x: f.hardtanh(x, 2.0, 1.0),
        lambda t, f, x: f.rrelu(x, 0.5, 0.1),
        lambda t, f, x: f.glu(t.tensor(1.0)),
        lambda t, f, x: f.glu(x, 0),
        lambda t, f, x: f.glu(x, 2),
        lambda t, f, x: f.prelu(x, t.ones(3)),
        lambda t, f, x: f.prelu(x, t.ones(2, 2)),
        lambda t, f, x: f.prelu(t.tensor(1.0), t.ones(2)),
        lambda t, f, x: f.prelu(x, t.ones(1, dtype=t.float64)),
        lambda t, f, x: f.prelu(x, 0.25),
    ],
)
def test_errors_are_of_torchs_type(call: Any) -> None:
    errors = []
    for t in (tl, torch):
        with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)) as info:
            call(t, t.nn.functional, t.ones(3, 4))
        errors.append(info.type)
    assert errors[0] is errors[1]


@pytest.mark.parametrize("name", ["softplus", "logsigmoid", "gelu", "silu", "mish", "elu", "hardswish"])
def test_many_float32_numbers_are_exact(name: str) -> None:
    x = np.linspace(-30, 30, 100_001).astype("f4")
    ours = getattr(tl.nn.functional, name)(tl.from_numpy(x)).numpy()
    exact = getattr(torch.nn.functional, name)(torch.from_numpy(x).double()).numpy()
    if name in ("gelu", "mish", "elu", "hardswish"):
        np.testing.assert_allclose(ours, exact, rtol=1e-6, atol=6e-7)
    else:
        np.testing.assert_allclose(ours, exact, rtol=5e-7)
