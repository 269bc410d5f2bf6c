"""Hard cases of nn and datasets, one short test for each kind."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, optim
from tinygrad_lite.datasets import DataLoader, FashionMNIST, TensorDataset, default_collate, read_labelled
from tinygrad_lite.datasets.fashion_mnist import read_idx


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


def test_bce_of_infinite_logits() -> None:
    found = []
    for lib in (tl, torch):
        x = lib.tensor([float("inf"), float("-inf"), 3.4e38], requires_grad=True)
        y = lib.nn.functional.binary_cross_entropy_with_logits(x, lib.tensor([0.0, 1.0, 0.5]), reduction="none")
        found.append((y.tolist(), lib.autograd.grad(y.sum(), x)[0].tolist()))
    np.testing.assert_array_equal(*[values for values, _ in found])
    np.testing.assert_array_equal(*[gradients for _, gradients in found])


def test_linear_without_features_and_with_a_weight_of_one_dimension() -> None:
    x, w, b = tl.ones(5, 2, 0), tl.ones(4, 0, requires_grad=True), tl.ones(4, requires_grad=True)
    nn.functional.linear(x, w, b).sum().backward()
    assert b.grad is not None
    assert b.grad.tolist() == [10] * 4
    assert nn.functional.linear(tl.ones(2, 3), tl.ones(3)).tolist() == [3, 3]


def test_a_number_too_large_for_the_dtype_is_named(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    file.write_text("1 1\n2 1e39\n")
    with pytest.raises(ValueError, match=r"large\.txt, line 2: '1e39' is too large for float32"):
        read_labelled(file)


def test_a_gzip_that_unpacks_to_a_gigabyte_is_not_unpacked(tmp_path: Path) -> None:
    part = gzip.compress(bytes(1 << 24), 1)  # a gzip file may have many parts
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(part * 64)
    tracemalloc.start()
    with pytest.raises(ValueError, match="magic number"):
        read_idx(path, FashionMNIST.files["train"][1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 23


def test_the_norm_of_float16_gradients() -> None:
    p = tl.zeros(2, dtype=tl.float16, requires_grad=True)
    p.grad = tl.tensor([300.0, 400.0], dtype=tl.float16)
    assert nn.utils.clip_grad_norm_(p, 5.0).item() == 500
    np.testing.assert_allclose(p.grad.tolist(), [3, 4], 1e-3)
