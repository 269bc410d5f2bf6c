"""Adadelta: the gradient times the root mean square of the steps so far, divided by that of the gradients; it needs no rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number


def adadelta(
    p: Array,
    g: Array,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
    v: Array,
    u: Array,
    *,
    decays: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·d with d = √(u + eps) / √(v + eps)·g: a step in the units of p, as Newton's is.

    v ← ρ·v + (1 - ρ)·g² and u ← ρ·u + (1 - ρ)·d² are the running means of g² and d². Zeiler 2012;
    https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    v *= rho
    v += (1 - rho) * g * g
    d = xp.sqrt(u + eps) / xp.sqrt(v + eps) * g
    u *= rho
    u += (1 - rho) * d * d
    p -= lr * d


class Adadelta(Optimizer):
    """Adadelta: p ← p - lr·√(u + eps) / √(v + eps)·g, with running means v of g² and u of the squared steps; see `adadelta`.

    weight_decay adds weight_decay·p to the gradient, maximize goes uphill. ValueError for negative options and rho outside
    [0, 1]. Zeiler 2012; https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adadelta([p], eps=0.1).step(); p
    tensor([0.1056], requires_grad=True)
    """

    update = staticmethod(adadelta)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        how = {"maximize": maximize, "capturable": capturable, "foreach": foreach, "differentiable": differentiable}
        super().__init__(params, defaults | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "rho", "eps", "weight_decay")
        if group["rho"] > 1:
            raise ValueError(f"Invalid rho value: {group['rho']}; it must be in [0, 1]")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0}, {"square_avg": 0.0, "acc_delta": 0.0}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        decay = float(group["weight_decay"])
        flags = {"decays": decay != 0, "maximize": group["maximize"]}
        return (number(group["lr"]), float(group["rho"]), float(group["eps"]), decay), flags
