"""What is said of operators, NumPy's names and an optimizer that are not here. test_names.py has PyTorch's other names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn, suggest


def asked(place: Any, name: str) -> str:
    """What the error says when a place is asked for a name."""
    with pytest.raises(AttributeError) as error:
        getattr(place, name)
    return str(error.value)


def test_adam_without_momentum_is_rmsprop_with_bias_correction() -> None:
    """Its step t is the one of RMSprop, times the root of 1 - 0.99^t."""
    p, q = tl.zeros(3, dtype=tl.float64, requires_grad=True), torch.zeros(3, dtype=torch.float64, requires_grad=True)
    adam = eval(suggest.instead()["optim.RMSprop"], {"optim": nn.optim, "parameters": [p], "lr": 0.1})
    rmsprop = torch.optim.RMSprop([q], 0.1)
    for t in range(1, 6):
        before = p.tolist(), q.tolist()
        for x, one, optimizer in ((p, tl, adam), (q, torch, rmsprop)):
            optimizer.zero_grad()
            (x * one.tensor([1.0, -2.0, 3.0 * t], dtype=one.float64)).sum().backward()
            optimizer.step()
        steps = [np.array(x.tolist()) - old for x, old in zip((p, q), before)]
        np.testing.assert_allclose(steps[0], steps[1] * (1 - 0.99**t) ** 0.5, 1e-6)


def test_numpys_names_lead_to_pytorchs() -> None:
    assert asked(tl.ones(1), "copy").endswith("has no attribute 'copy'; in PyTorch it is x.clone()")
    assert asked(tl.ones(1), "astype").endswith("; in PyTorch it is x.to(dtype)")
    assert asked(tl, "array").endswith("; in PyTorch it is tl.tensor(data)")
