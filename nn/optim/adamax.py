"""Adamax: Adam with the largest recent gradient in place of the root of the running mean of its square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number, two_betas


def adamax(
    p: Array,
    g: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    c1: float,
    m: Array,
    u: Array,
    *,
    decays: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·m̂ / u, where m ← β1·m + (1 - β1)·g and u ← max(β2·u, |g| + eps).

    m̂ = m / c1 with c1 = 1 - β1^t in step t: m starts at 0, which biases it towards 0. Kingma & Ba 2015, section 7.1;
    https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html
    """
    if maximize:
        g = -g
    if decays:
        g = g + weight_decay * p
    m *= beta1
    m += (1 - beta1) * g
    u *= beta2
    xp.maximum(u, xp.absolute(g) + eps, out=u)
    p -= lr / c1 * m / u


class Adamax(Optimizer):
    """Adamax: p ← p - lr·m̂ / u, with a running mean m of g (β1) and the largest |g|, which fades (β2); see `adamax`.

    weight_decay adds weight_decay·p to the gradient, maximize goes uphill. ValueError for negative options and betas outside
    [0, 1). Kingma & Ba 2015; https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adamax([p], lr=0.1).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update = staticmethod(adamax)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        how = {"foreach": foreach, "maximize": maximize, "differentiable": differentiable, "capturable": capturable}
        super().__init__(params, defaults | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "eps", "weight_decay")
        two_betas(group)

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0}, {"exp_avg": 0.0, "exp_inf": 0.0}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        (beta1, beta2), decay = map(number, group["betas"]), float(group["weight_decay"])
        flags = {"decays": decay != 0, "maximize": group["maximize"]}
        return (number(group["lr"]), beta1, beta2, float(group["eps"]), decay, 1 - beta1**t), flags
