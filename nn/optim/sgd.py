"""SGD: gradient descent, with optional momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite.backend import Array

from .optimizer import Optimizer, not_negative


def sgd(
    p: Array,
    g: Array,
    lr: float,
    weight_decay: float,
    momentum: float,
    dampening: float,
    b: Array = None,
    *,
    decays: bool,
    nesterov: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·b, where the momentum b ← momentum·b + (1 - dampening)·g; without momentum b is g.

    With nesterov, p ← p - lr·(g + momentum·b), which looks one step ahead. maximize changes g's sign. Sutskever et al. 2013;
    https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    if b is not None:
        b *= momentum
        b += (1 - dampening) * g
        g = g + momentum * b if nesterov else b
    p -= lr * g


class SGD(Optimizer):
    """Gradient descent with momentum: p ← p - lr·b, b ← momentum·b + (1 - dampening)·g. With momentum = 0, b is g.

    In the first step b is g, without dampening. weight_decay adds weight_decay·p to the gradient; nesterov takes
    g + momentum·b for b, which looks one step ahead; maximize goes uphill. ValueError for negative options, and for nesterov
    without momentum or with dampening. Sutskever et al. 2013;
    https://pytorch.org/docs/stable/generated/torch.optim.SGD.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> SGD([p], lr=0.1).step(); p
    tensor([0.8000], requires_grad=True)
    """

    update = staticmethod(sgd)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, options | {"nesterov": nesterov, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        not_negative("learning rate", group["lr"])
        not_negative("momentum value", group["momentum"])
        not_negative("weight_decay value", group["weight_decay"])
        if not isinstance(group["dampening"], (int, float, np.number)):
            raise TypeError(f"dampening must be a number, got {type(group['dampening']).__name__}")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def hyperparameters(self, group: dict[str, Any], t: float) -> tuple[tuple[float, ...], dict[str, bool]]:
        decay, dampening = group["weight_decay"], group["dampening"] if t > 1 else 0
        flags = {"decays": decay != 0, "nesterov": group["nesterov"], "maximize": group["maximize"]}
        return (float(group["lr"]), float(decay), float(group["momentum"]), float(dampening)), flags
