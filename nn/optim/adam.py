"""Adam and AdamW: a step for each number that is scaled by running means of its gradient and of the gradient's square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_lite.backend import Array

from .optimizer import Optimizer, not_negative


def adam(
    p: Array,
    g: Array,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    c1: float,
    c2: float,
    m: Array,
    v: Array,
    v_max: Array = None,
    *,
    decays: bool,
    decoupled: bool,
    maximize: bool,
    xp: Any = np,
) -> None:
    """p ← p - lr·m̂ / (√v̂ + eps), where m and v are the running means of g and g².

    m ← β1·m + (1 - β1)·g and v ← β2·v + (1 - β2)·g² start at 0, which biases them towards 0. Corrected for it are m̂ = m / c1
    and v̂ = v / c2, with c1 = 1 - β1^t and c2 = 1 - β2^t in step t. Weight decay is added to the gradient or, decoupled (AdamW),
    shrinks p itself. With v_max (AMSGrad) the largest v so far is used in place of v.
    Kingma & Ba 2015; Loshchilov & Hutter 2019; Reddi et al. 2018; https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
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
    if v_max is not None:
        xp.maximum(v_max, v, out=v_max)
        v = v_max
    p -= lr / c1 * m / (xp.sqrt(v) / c2**0.5 + eps)


class Adam(Optimizer):
    """Adam: p ← p - lr·m̂ / (√v̂ + eps), with running means m of g (β1) and v of g² (β2); see `adam`.

    weight_decay adds weight_decay·p to the gradient (AdamW's form usually works better), amsgrad uses the largest v so far,
    maximize goes uphill. ValueError for negative options and betas outside [0, 1). Kingma & Ba 2015; Reddi et al. 2018;
    https://pytorch.org/docs/stable/generated/torch.optim.Adam.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adam([p], lr=0.1).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update = staticmethod(adam)
    has_step = True
    decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, options | {"amsgrad": amsgrad, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        not_negative("learning rate", group["lr"])
        not_negative("epsilon value", group["eps"])
        if not isinstance(group["betas"], (tuple, list)) or len(group["betas"]) != 2:
            raise ValueError(f"betas must be two numbers, got {group['betas']}")
        for i, beta in enumerate(group["betas"]):
            not_negative(f"beta parameter at index {i}", beta)
            if not beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}; it must be in [0, 1)")
        not_negative("weight_decay value", group["weight_decay"])

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def hyperparameters(self, group: dict[str, Any], t: float) -> tuple[tuple[float, ...], dict[str, bool]]:
        beta1, beta2 = map(float, group["betas"])
        decay = float(group["weight_decay"])
        flags = {"decays": decay != 0, "decoupled": self.decoupled, "maximize": group["maximize"]}
        return (float(group["lr"]), beta1, beta2, float(group["eps"]), decay, 1 - beta1**t, 1 - beta2**t), flags


class AdamW(Adam):
    """Adam with decoupled weight decay: p ← p - lr·weight_decay·p, and then Adam's step without weight decay; see `adam`.

    Options and errors are Adam's. Loshchilov & Hutter 2019;
    https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step(); p
    tensor([0.8500], requires_grad=True)
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
