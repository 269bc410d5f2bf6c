"""RAdam: Adam that waits, by plain momentum, until its mean of squared gradients is worth dividing by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number, two_betas


def radam(
    p: Array,
    g: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    c1: float,
    r: float,
    m: Array,
    v: Array,
    *,
    decays: bool,
    decoupled: bool,
    rectified: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·m̂·r / (√v + eps) once `rectified`, before that p ← p - lr·m̂.

    m ← β1·m + (1 - β1)·g, m̂ = m / c1 with c1 = 1 - β1^t, and v ← β2·v + (1 - β2)·g². v̂ = v / c2, with c2 = 1 - β2^t, is a mean
    of about ρ = ρ∞ - 2t·β2^t / c2 squares, where ρ∞ = 2 / (1 - β2) - 1. If ρ > 5 its variance is known, and r is √c2 times what
    makes up for it: √((ρ - 4)(ρ - 2)ρ∞ / ((ρ∞ - 4)(ρ∞ - 2)ρ)). Weight decay is added to the gradient or, decoupled, shrinks p
    itself. Liu et al. 2020; https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html
    """
    if maximize:
        g = -g
    if decays and decoupled:
        p *= 1 - lr * weight_decay
    elif decays:
        g = g + weight_decay * p
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    step = lr / c1 * m
    p -= step * r / (xp.sqrt(v) + eps) if rectified else step


class RAdam(Optimizer):
    """RAdam: p ← p - lr·m̂·r / (√v + eps), with running means m of g (β1) and v of g² (β2); see `radam`.

    In the first steps, five with the default betas, it is p ← p - lr·m̂. weight_decay adds weight_decay·p to the gradient, or
    with decoupled_weight_decay shrinks p; maximize goes uphill. ValueError for negative options and betas outside [0, 1).
    Liu et al. 2020; https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> RAdam([p], lr=0.1).step(); p
    tensor([0.8000], requires_grad=True)
    """

    update = staticmethod(radam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        decay = {"weight_decay": weight_decay, "decoupled_weight_decay": decoupled_weight_decay}
        how = {"maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable}
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps} | decay | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "eps", "weight_decay")
        two_betas(group)

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0}, {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        (beta1, beta2), decay = map(number, group["betas"]), float(group["weight_decay"])
        c1, c2, most = 1 - beta1**t, 1 - beta2**t, 2 / (1 - beta2) - 1
        rho = most - 2 * t * beta2**t / c2
        rectified = rho > 5
        r = (c2 * (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) ** 0.5 if rectified else 1.0
        flags = {"decays": decay != 0, "decoupled": group["decoupled_weight_decay"], "rectified": rectified}
        scalars = (number(group["lr"]), beta1, beta2, float(group["eps"]), decay, c1, r)
        return scalars, flags | {"maximize": group["maximize"]}
