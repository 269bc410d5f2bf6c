"""NAdam: Adam with Nesterov's momentum, which looks one step ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number, two_betas


def nadam(
    p: Array,
    g: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    a: float,
    b: float,
    c2: float,
    m: Array,
    v: Array,
    *,
    decays: bool,
    decoupled: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·(a·g + b·m) / (√v̂ + eps), where m ← β1·m + (1 - β1)·g and v ← β2·v + (1 - β2)·g².

    The weight of momentum grows: μ_t = β1·(1 - 0.96^(t·momentum_decay) / 2) in step t. Then a = (1 - μ_t) / (1 - μ_1⋯μ_t) and
    b = μ_(t+1) / (1 - μ_1⋯μ_(t+1)); v̂ = v / c2 with c2 = 1 - β2^t. Weight decay is added to the gradient or, decoupled, shrinks
    p itself. Dozat 2016; https://pytorch.org/docs/stable/generated/torch.optim.NAdam.html
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
    p -= (lr * a * g + lr * b * m) / (xp.sqrt(v / c2) + eps)


class NAdam(Optimizer):
    """NAdam: p ← p - lr·(a·g + b·m) / (√v̂ + eps), with running means m of g (β1) and v of g² (β2); see `nadam`.

    weight_decay adds weight_decay·p to the gradient, or with decoupled_weight_decay shrinks p; maximize goes uphill. ValueError
    for negative options and betas outside [0, 1). Dozat 2016;
    https://pytorch.org/docs/stable/generated/torch.optim.NAdam.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> NAdam([p], lr=0.1).step(); p
    tensor([0.8944], requires_grad=True)
    """

    update = staticmethod(nadam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        decay = {"weight_decay": weight_decay, "decoupled_weight_decay": decoupled_weight_decay}
        defaults = {"lr": lr, "betas": betas, "eps": eps, "momentum_decay": momentum_decay} | decay
        how = {"maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable}
        super().__init__(params, defaults | how)

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "eps", "weight_decay", "momentum_decay")
        two_betas(group)

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        return {"step": 0.0, "mu_product": 1.0}, {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        (beta1, beta2), decay = map(number, group["betas"]), float(group["weight_decay"])
        mu, mu_next = [beta1 * (1 - 0.5 * 0.96 ** (n * group["momentum_decay"])) for n in (t, t + 1)]
        numbers["mu_product"] *= mu  # in float32, as PyTorch's
        product = float(numbers["mu_product"])
        a, b = (1 - mu) / (1 - product), mu_next / (1 - product * mu_next)
        flags = {"decays": decay != 0, "decoupled": group["decoupled_weight_decay"], "maximize": group["maximize"]}
        return (number(group["lr"]), beta1, beta2, float(group["eps"]), decay, a, b, 1 - beta2**t), flags
