"""Averages of weights: as PyTorch's, for each way to average, each dtype, with buffers and without."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite.nn.optim import swa_utils

THEIRS = torch.optim.swa_utils


def nets() -> list[Any]:
    """The same net in both libraries, ours first: with buffers of floating-point numbers and of integers, one not saved."""
    made = []
    for library in (tl, torch):
        library.manual_seed(0)  # type: ignore[attr-defined]
        net = library.nn.Sequential(library.nn.Linear(3, 4), library.nn.Tanh(), library.nn.Linear(4, 2).double())  # type: ignore[attr-defined]
        net.register_buffer("mean", library.zeros(2))  # type: ignore[attr-defined]
        net.register_buffer("count", library.tensor(7), persistent=False)
        made.append(net)
    return made


def change(net: Any, step: int) -> None:
    """Write other numbers into all parameters and buffers."""
    rng = np.random.default_rng(step)
    for x in (*net.parameters(), *net.buffers()):
        values = np.asarray(rng.standard_normal(tuple(x.shape)) * 9)
        x.detach().copy_(tl.tensor(values) if isinstance(x, tl.Tensor) else torch.tensor(values))


WAYS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "mean": lambda s: {},
    "mean of buffers too": lambda s: {"use_buffers": True},
    "mean one by one": lambda s: {"avg_fn": s.get_swa_avg_fn()},
    "mean in lists": lambda s: {"multi_avg_fn": s.get_swa_multi_avg_fn()},
    "ema one by one": lambda s: {"avg_fn": s.get_ema_avg_fn(0.9), "use_buffers": True},
    "ema in lists": lambda s: {"multi_avg_fn": s.get_ema_multi_avg_fn(0.7), "use_buffers": True},
    "ema by default": lambda s: {"multi_avg_fn": s.get_ema_multi_avg_fn()},
    "own": lambda s: {"avg_fn": lambda average, weights, n: average + weights * n},
}


@pytest.mark.parametrize("way", WAYS)
def test_averages(way: str) -> None:
    a, b = nets()
    ours = swa_utils.AveragedModel(a, **WAYS[way](swa_utils))
    theirs = THEIRS.AveragedModel(b, **WAYS[way](THEIRS))
    assert repr(ours) == repr(theirs)
    for step in range(6):
        change(a, step)
        change(b, step)
        ours.update_parameters(a)
        theirs.update_parameters(b)
        if step == 3:
            ours, theirs = copy.deepcopy(ours), copy.deepcopy(theirs)
        state, expected = ours.state_dict(), theirs.state_dict()
        assert list(state) == list(expected)
        for (name, x), y in zip([*state.items(), *ours.named_buffers()], [*expected.values(), *theirs.buffers()]):
            eps = np.finfo(x.dtype).eps if x.is_floating_point() else 0  # torch rounds x + w · d once, we twice
            np.testing.assert_allclose(x.numpy(), y.numpy(), 2 * eps, 20 * eps, err_msg=name)
            assert x.dtype == y.numpy().dtype
    assert all(p.requires_grad and p.grad is None for p in ours.parameters())
    again, theirs_again = swa_utils.AveragedModel(nets()[0]), THEIRS.AveragedModel(nets()[1])
    again.load_state_dict(theirs.state_dict())
    theirs_again.load_state_dict({name: torch.tensor(x.numpy()) for name, x in ours.state_dict().items()})
    assert again.n_averaged.item() == 6
    x = tl.ones(2, 3)
    assert again.module[:2](x).tolist() == pytest.approx(np.array(ours.module[:2](x).tolist()))


def test_the_model_is_copied() -> None:
    net = tl.nn.Linear(1, 1)
    averaged = swa_utils.AveragedModel(net, device="cpu")
    tl.nn.init.zeros_(averaged.module.weight)
    assert net.weight.item() != 0


def test_errors() -> None:
    net = tl.nn.Linear(1, 1)
    with pytest.raises(AssertionError, match="only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(net, avg_fn=swa_utils.get_swa_avg_fn(), multi_avg_fn=swa_utils.get_swa_multi_avg_fn())
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"decay value 1.5"):
            make(1.5)
    averaged = swa_utils.AveragedModel(net)
    with pytest.raises(ValueError, match="shorter"):
        averaged.update_parameters(tl.nn.Linear(1, 1, bias=False))
    assert averaged.n_averaged == 0


def batches() -> list[list[np.ndarray[Any, Any]]]:
    """Inputs and targets, as a loader gives them."""
    rng = np.random.default_rng(0)
    return [[rng.standard_normal((size, 3)) * size + 1, rng.standard_normal((size, 2))] for size in (4, 6, 3)]


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_gets_new_statistics(training: bool) -> None:
    results = []
    for library, utils in ((tl, swa_utils), (torch, THEIRS)):
        library.manual_seed(0)  # type: ignore[attr-defined]
        nn: Any = library.nn  # type: ignore[attr-defined]
        net = nn.Sequential(
            nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=0.3), nn.Tanh(), nn.BatchNorm1d(4, momentum=None)
        ).double()
        averaged = utils.AveragedModel(net)
        pairs = [[library.tensor(x), library.tensor(y)] for x, y in batches()]  # type: ignore[attr-defined]
        for step, (x, _) in enumerate(pairs):
            net(x)
            change(net[0], step)
            averaged.update_parameters(net)
        averaged.train(training)
        utils.update_bn(pairs, averaged, device="cpu")
        assert averaged.training == averaged.module[1].training == training
        assert (averaged.module[1].momentum, averaged.module[3].momentum) == (0.3, None)
        results.append([averaged.state_dict(), averaged.module.eval()(pairs[0][0])])
        utils.update_bn([x for x, _ in pairs], averaged)
        utils.update_bn(pairs, nn.Linear(3, 1))  # has none: the batches, which it could not take, are not looked at
        results[-1].append(averaged.state_dict())
    (state, output, again), (theirs, expected, theirs_again) = results
    assert list(state) == list(theirs)
    for x, y in zip([output, *state.values(), *again.values()], [expected, *theirs.values(), *theirs_again.values()]):
        np.testing.assert_allclose(np.asarray(x.detach()), y.detach().numpy(), 1e-13, 1e-13)


def test_batch_norm_keeps_its_momentum_after_an_error() -> None:
    net = tl.nn.Sequential(tl.nn.BatchNorm1d(4, momentum=0.3)).eval()
    with pytest.raises(Exception, match="4"):
        swa_utils.update_bn([tl.ones(2, 3)], net)
    assert net[0].momentum == 0.3 and not net.training
