"""The activations as modules: the same numbers and the same repr as PyTorch's, and what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

MAKE: list[Any] = [
    *[lambda nn, name=name: getattr(nn, name)() for name in (
        "ReLU", "ReLU6", "Hardtanh", "Hardsigmoid", "Hardswish", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish",
        "Softplus", "Softsign", "Tanhshrink", "Softshrink", "Hardshrink", "PReLU", "LogSigmoid", "GLU", "Tanh", "Sigmoid",
    )],
    *[lambda nn, name=name: getattr(nn, name)(inplace=True) for name in (
        "ReLU", "ReLU6", "Hardtanh", "LeakyReLU", "ELU", "SELU", "CELU", "SiLU", "Mish",
    )],
    lambda nn: nn.RReLU().eval(), lambda nn: nn.RReLU(0.2, 0.3, True).eval(), lambda nn: nn.Threshold(0.1, 20.0),
    lambda nn: nn.Threshold(0.1, 20.0, inplace=True), lambda nn: nn.Softmin(1), lambda nn: nn.GELU("tanh"),
    lambda nn: nn.GLU(0),
    lambda nn: nn.PReLU(4, 0.1), lambda nn: nn.Softplus(2.0, 3.0), lambda nn: nn.Softshrink(0.1), lambda nn: nn.Hardshrink(0.1),
    lambda nn: nn.Hardtanh(-0.5, 2.0), lambda nn: nn.LeakyReLU(0.2), lambda nn: nn.ELU(2.0), lambda nn: nn.CELU(2.0),
]  # fmt: skip


@pytest.mark.parametrize("make", MAKE, ids=[repr(make(torch.nn)) for make in MAKE])
def test_modules_equal_torch(make: Any) -> None:
    values = np.random.default_rng(0).standard_normal((2, 4)).astype("f4") * 2
    ours, theirs = make(tl.nn), make(torch.nn)
    assert repr(ours) == repr(theirs)
    x = tl.tensor(values)
    np.testing.assert_allclose(ours(x).detach().numpy(), theirs(torch.tensor(values)).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert (x.numpy() == values).all() != ("inplace=True" in repr(ours))
    assert {name: tuple(p.shape) for name, p in ours.state_dict().items()} == {
        name: tuple(p.shape) for name, p in theirs.state_dict().items()
    }


def test_prelu_learns_its_slope() -> None:
    layer = tl.nn.PReLU()
    layer(tl.tensor([-2.0, 3.0])).sum().backward()
    assert layer.weight.grad.tolist() == [-2.0]
    with tl.no_grad():
        layer.weight += 1
    layer.reset_parameters()
    assert layer.weight.tolist() == [0.25]


def test_rrelu_draws_in_training_only() -> None:
    x = -tl.ones(100)
    layer = tl.nn.RReLU()
    assert len(set(layer(x).tolist())) > 90 and len(set(layer.eval()(x).tolist())) == 1
