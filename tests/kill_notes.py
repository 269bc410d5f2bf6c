"""Tests that kill what survived `tests/mutate.py --mutants 60 --seed 1`, to be moved where each says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.ops import neural


def test_as_tensor_of_a_tensor() -> None:  # test_creation.py; creation.py:73, twice
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    assert tl.as_tensor(x) is x
    assert tl.as_tensor(x, dtype=tl.float64).dtype == tl.float64
    assert tl.as_tensor(tl.tensor([1, 2])).dtype == tl.int64
    assert tl.as_tensor(x, device="cpu").device == "cpu"


def test_dampening_without_momentum_does_nothing() -> None:  # test_optim.py; nn/optim.py:41
    found: list[Any] = []
    for t, o in ((tl, optim), (torch, torch.optim)):
        p = t.tensor([1.0, -2.0], dtype=t.float64, requires_grad=True)
        optimizer = o.SGD([p], lr=0.1, dampening=0.5)
        for _ in range(3):
            optimizer.zero_grad()
            (p**2).sum().backward()
            optimizer.step()
        found.append(p.detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-14)


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("value", [12345.0, 0.25])
def test_the_format_of_a_cut_tensor_counts_what_is_shown(place: int, value: float) -> None:  # test_tensor.py; printing.py:50
    a = np.ones((8, 200), np.float32)
    a[place, 0] = value
    assert repr(tl.tensor(a)) == repr(torch.tensor(a))


def test_logsumexp_of_arrays_drops_its_axis() -> (
    None
):  # test_tape.py; neural.py:55 (or drop the default: every caller gives it)
    assert neural.logsumexp(np.zeros((2, 3)), axis=(1,)).shape == (2,)


def test_the_message_names_what_was_called() -> None:  # test_tape.py, test_losses.py; tensor.py:113, nn/functional.py:192
    with pytest.raises(IndexError, match=r"^size: dim 3"):
        tl.ones(2).size(3)
    with pytest.warns(UserWarning, match=r"^mse_loss: the target size"):
        nn.functional.mse_loss(tl.ones(2, 1), tl.ones(2))
    with pytest.warns(UserWarning, match=r"^l1_loss: the target size"):
        nn.functional.l1_loss(tl.ones(2, 1), tl.ones(2))


@pytest.mark.parametrize(
    "index", [True, False, (0, slice(None), True), (slice(None), 0, True), (True, slice(None), 0), (None, True, 1)]
)
def test_a_bool_as_index(index: Any) -> None:  # test_ops.py; functional.py:534
    a = np.arange(6.0).reshape(2, 3)
    x, z = tl.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    ours, theirs = x[index], z[index]
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), z.grad.numpy())
