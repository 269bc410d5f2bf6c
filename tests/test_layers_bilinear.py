"""nn.Bilinear is torch's: start, values, gradients, errors and text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]
BOTH = (tl, torch)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(), (5,), (0,), (2, 3)])
def test_bilinear(shape: tuple[int, ...], bias: bool, close: Close) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((*shape, 2)), rng.standard_normal((*shape, 3))
    made: list[list[Any]] = []
    for lib in BOTH:
        lib.manual_seed(0)
        layer = lib.nn.Bilinear(2, 3, 4, bias, dtype=lib.float64)
        ins = [lib.tensor(a, requires_grad=True) for a in (x, y)]
        out = layer(*ins)
        (out * out).sum().backward()
        made.append([*layer.state_dict().values(), out, *[a.grad for a in (*ins, *layer.parameters())], layer])
    ours, theirs = made
    assert repr(ours.pop()) == repr(theirs.pop())
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


def test_bilinear_starts_as_torchs_and_refuses_what_torch_refuses() -> None:
    made = []
    for lib in BOTH:
        lib.manual_seed(0)
        layer = lib.nn.Bilinear(5, 6, 7)
        assert list(layer.state_dict()) == ["weight", "bias"]
        made.append([p.detach().numpy() for p in layer.parameters()])
        with pytest.raises(ValueError, match="in1_features must be > 0"):
            lib.nn.Bilinear(0, 1, 1)
        with pytest.raises(RuntimeError):
            lib.nn.Bilinear(1, -1, 1)
        with pytest.raises(RuntimeError):
            layer(lib.ones(2, 5), lib.ones(2, 5))
    for a, b in zip(*made, strict=True):
        assert np.array_equal(a, b)
    assert nn.Bilinear(1, 1, 1, bias=False).bias is None
