"""SGD: gradient descent, with optional momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


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


def sgd_fast(
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
    s: Array,
    t: Array,
) -> None:
    """`sgd`, in memory that stays in the cache."""
    if maximize:
        g = np.negative(g, out=t)
    if decays:
        g = np.add(g, np.multiply(p, weight_decay, out=s), out=t)
    if b is not None:
        b *= momentum
        b += np.multiply(g, 1 - dampening, out=s)
        g = np.add(g, np.multiply(b, momentum, out=s), out=t) if nesterov else b
    p -= np.multiply(g, lr, out=s)


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

    update, fast = staticmethod(sgd), staticmethod(sgd_fast)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
        how = {"maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused}
        super().__init__(params, defaults | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "momentum", "weight_decay")
        if not isinstance(group["dampening"], (int, float, np.number)):
            raise TypeError(f"dampening must be a number, got {type(group['dampening']).__name__}")
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {}, {"momentum_buffer": 0.0} if group["momentum"] else {}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        decay, dampening = number(group["weight_decay"]), float(group["dampening"]) if t > 1 else 0.0
        flags = {"decays": decay != 0, "nesterov": group["nesterov"], "maximize": group["maximize"]}
        return (number(group["lr"]), decay, float(group["momentum"]), dampening), flags
