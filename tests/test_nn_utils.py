"""nn.utils, which work on the gradients between backward() and step()."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from optim_pairs import Close, Pair

import tinygrad_lite as tl
from tinygrad_lite import nn


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 1e6, 0.0])
def test_clip_grad_norm(norm_type: float, max_norm: float, close: Close) -> None:
    pair = Pair()
    pair.gradients(without=[1])
    total = nn.utils.clip_grad_norm_(pair.ours, max_norm, norm_type)
    close(total, torch.nn.utils.clip_grad_norm_(pair.theirs, max_norm, norm_type))
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        if p.grad is not None:
            close(p.grad, q.grad)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, float("inf")])
@pytest.mark.parametrize(
    "gradients",
    [
        [([300, 400], "float16")],
        [([60_000, 60_000], "float16")],
        [([100] * 3000, "float16")],
        [([300, 400], "float16"), ([3, 4], "float32")],
        [([3, 4], "float64"), ([300, 400], "float16")],
    ],
)
def test_clip_grad_norm_of_float16(gradients: list[tuple[list[float], str]], norm_type: float, close: Close) -> None:
    params = []
    for lib in (tl, torch):
        params.append([])
        for values, dtype in gradients:
            x = lib.zeros(len(values), dtype=getattr(lib, dtype)).requires_grad_()
            x.grad = lib.tensor(values, dtype=x.dtype)
            params[-1].append(x)
    close(nn.utils.clip_grad_norm_(params[0], 1.0, norm_type), torch.nn.utils.clip_grad_norm_(params[1], 1.0, norm_type))
    for p, q in zip(*params, strict=True):
        close(p.grad, q.grad)


def test_clip_grad_norm_of_bad_gradients() -> None:
    p = nn.Parameter(tl.ones(2))
    p.grad = tl.tensor([float("inf"), 1.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == [float("inf"), 1.0]
    p.grad = tl.tensor([float("nan"), 1.0])
    assert np.isnan(nn.utils.clip_grad_norm_([p], 1.0).item())
    assert np.isnan(p.grad.tolist()).all()
    assert nn.utils.clip_grad_norm_([nn.Parameter(tl.ones(1))], 1.0).item() == 0


def test_clip_grad_value(close: Close) -> None:
    pair = Pair()
    pair.gradients(without=[1])
    nn.utils.clip_grad_value_(pair.ours, 0.3)
    torch.nn.utils.clip_grad_value_(pair.theirs, 0.3)
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        if p.grad is not None:
            close(p.grad, q.grad)


def test_parameters_to_vector(close: Close) -> None:
    pair = Pair()
    ours = nn.utils.parameters_to_vector(pair.ours)
    close(ours, torch.nn.utils.parameters_to_vector(pair.theirs))
    (ours * ours).sum().backward()
    for p in pair.ours:
        close(p.grad, 2 * p.detach())


@pytest.mark.parametrize("norm_type", [2.0, 0.5, float("inf")])
def test_norm_and_clipping_apart(norm_type: float, close: Close) -> None:
    pair = Pair()
    pair.gradients(without=[1])
    total = nn.utils.get_total_norm([p.grad for p in pair.ours if p.grad is not None], norm_type, foreach=True)
    expected = torch.nn.utils.get_total_norm([p.grad for p in pair.theirs if p.grad is not None], norm_type)
    close(total, expected)
    nn.utils.clip_grads_with_norm_(pair.ours, 0.1, total, foreach=False)
    torch.nn.utils.clip_grads_with_norm_(pair.theirs, 0.1, expected)
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        if p.grad is not None:
            close(p.grad, q.grad)
    assert nn.utils.get_total_norm([]).item() == 0 and nn.utils.get_total_norm(tl.tensor([3.0, 4.0])).item() == 5
    with pytest.raises(RuntimeError, match="non-finite"):
        nn.utils.get_total_norm(tl.tensor([float("inf")]), error_if_nonfinite=True)


def test_old_name_of_clip_grad_norm(close: Close) -> None:
    pair = Pair()
    pair.gradients()
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        total = nn.utils.clip_grad_norm(iter(pair.ours), 0.1, foreach=True)
    close(total, torch.nn.utils.clip_grad_norm_(pair.theirs, 0.1))
    close(pair.ours[0].grad, pair.theirs[0].grad)


def test_vector_to_parameters(close: Close) -> None:
    made = []
    for lib in (tl, torch):
        net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Linear(3, 1, bias=False))
        vector = lib.arange(13, dtype=lib.float32)
        lib.nn.utils.vector_to_parameters(vector, net.parameters())  # a longer vector is allowed
        vector.mul_(2)  # its memory is theirs now
        made.append(lib.nn.utils.parameters_to_vector(net.parameters()))
        with pytest.raises(TypeError, match="expected"):
            lib.nn.utils.vector_to_parameters([1.0], net.parameters())
        with pytest.raises(RuntimeError):
            lib.nn.utils.vector_to_parameters(lib.ones(4), net.parameters())
    close(*made)
