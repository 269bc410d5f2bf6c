"""Every layer, in training and evaluation, as PyTorch's database calls it: a captured step of it and the step itself agree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import optim

from .certificate import modules
from .test_capture_networks import Run, same


def fresh(x: Any, i: int) -> Any:
    """Arguments with other numbers, where they may be any."""
    if isinstance(x, tl.Tensor):
        a = x.detach().numpy()
        if a.dtype.kind == "f" and (a < 0).any():
            a = a + np.random.default_rng(i).normal(size=a.shape).astype(a.dtype) / 100
        return tl.tensor(np.array(a))
    if isinstance(x, dict):
        return {key: fresh(part, i) for key, part in x.items()}
    return type(x)([fresh(part, i) for part in x]) if isinstance(x, (list, tuple)) else x


def tensors_in(x: Any) -> Iterator[Any]:
    if isinstance(x, tl.Tensor):
        yield x
    elif isinstance(x, (list, tuple)):
        for part in x:
            yield from tensors_in(part)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("info", [info for info in modules.chosen([]) if modules.our_class(info)], ids=modules.title)
def test_every_layer(info: Any, training: bool) -> None:
    entry = modules.Module(info, limit=3)
    dtype = torch.float64 if torch.float64 in info.dtypes else torch.float32
    for sample in entry.samples(dtype, training):
        given: Any = entry.net(True, sample, dtype).args, entry.net(True, sample, dtype).kwargs

        def make(sample: Any = sample) -> Run:
            module = entry.net(True, sample, dtype).module.requires_grad_(True)
            weights = [*module.parameters()]
            optimizer = [optim.SGD(weights, lr=0.01)] if weights else []

            def step(args: Any, named: Any) -> Any:
                module.zero_grad()
                outs = list(tensors_in(module(*args, **named)))
                loss = sum((out * out).sum() for out in outs if out.is_floating_point())
                if loss.requires_grad:
                    loss.backward()
                for one in optimizer:
                    one.step()
                return [out.detach() for out in outs]

            return step, module, *optimizer

        replayed = same(make, partial(fresh, given), 4)
        assert replayed.recordings <= 2 and replayed.programs
