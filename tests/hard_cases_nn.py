"""Hard cases of nn and datasets, one short test for each kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.datasets import DataLoader, TensorDataset, default_collate


def test_a_batch_that_is_changed_leaves_the_dataset_alone() -> None:
    x = tl.ones(6, 2)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=4):
        batch /= 2
    assert x.tolist() == [[1, 1]] * 6


def test_a_matrix_becomes_a_plain_array_on_the_same_memory() -> None:
    m = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
    p = nn.Parameter(m)
    assert type(p.array) is np.ndarray and np.shares_memory(p.array, m)
    assert (p * p).tolist() == [[1, 4], [9, 16]]
    assert default_collate([m, m]).shape == (2, 2, 2)


def test_zeros_for_a_gradient_with_a_graph_are_detached() -> None:
    net = nn.Linear(1, 1)
    for zero in (net.zero_grad, optim.SGD(net.parameters()).zero_grad):
        ((net(tl.ones(1, 1))) ** 2).sum().backward(create_graph=True)
        zero(set_to_none=False)
        assert net.weight.grad is not None
        assert not net.weight.grad.requires_grad


@pytest.mark.parametrize(
    "value",
    [
        np.array(["1", "2"]),
        np.array([1j, 2]),
        np.array(["2020-01-01"] * 2, "datetime64[D]"),
        np.array([1, None]),
        torch.ones(2, requires_grad=True),
        torch.ones(2, dtype=torch.bfloat16),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_state_that_does_not_fit_changes_nothing(value: object, strict: bool) -> None:
    net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 2))
    before = [p.tolist() for p in net.parameters()]
    state = {key: np.full(x.shape, 7.0) for key, x in net.state_dict().items()} | {"1.bias": value}
    with pytest.raises(RuntimeError, match=r'for "1\.bias", '):
        net.load_state_dict(state, strict)
    assert [p.tolist() for p in net.parameters()] == before


def test_parameters_on_overlapping_memory_both_count() -> None:
    for lib, made in ((tl, nn.Parameter), (torch, torch.nn.Parameter)):
        x = lib.zeros(3)
        p, q = made(x[:2]), made(x[1:])
        p.grad, q.grad = lib.ones(2), lib.ones(2)
        lib.optim.SGD([p, q], lr=1.0).step()
        assert x.tolist() == [-1, -2, -1]


def test_an_optimizers_state_that_does_not_fit_changes_nothing() -> None:
    p = nn.Parameter(tl.ones(2))
    p.grad = tl.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    saved = optimizer.state_dict()
    for wrong in ({"exp_avg": np.array(["1", "2"])}, {"exp_avg_sq": None}, {"step": np.ones(2)}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            optimizer.load_state_dict({**saved, "state": {0: saved["state"][0] | wrong}})
    assert optimizer.state[p]["step"].item() == 1
