"""Adam and AdamW: a step for each number that is scaled by running means of its gradient and of the gradient's square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array

from .optimizer import Arguments, Numbers, Optimizer, Options, not_negative, number, two_betas


def adam(
    p: Array,
    g: Array,
    step: float,
    beta1: float,
    beta2: float,
    eps: float,
    root: float,
    weight_decay: float,
    shrink: float,
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
    and v̂ = v / c2, with c1 = 1 - β1^t and c2 = 1 - β2^t in step t; `step` is lr / c1, `root` is √c2. Weight decay is added to
    the gradient or, decoupled (AdamW), shrinks p itself, by `shrink` = 1 - lr·weight_decay. With v_max (AMSGrad) the largest v
    so far is used in place of v.
    Kingma & Ba 2015; Loshchilov & Hutter 2019; Reddi et al. 2018; https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """
    if maximize:
        g = -g
    if decays and decoupled:
        p *= shrink
    elif decays:
        g = g + weight_decay * p
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g * g
    if v_max is not None:
        xp.maximum(v_max, v, out=v_max)
        v = v_max
    p -= step * m / (xp.sqrt(v) / root + eps)


def adam_fast(
    p: Array,
    g: Array,
    step: float,
    beta1: float,
    beta2: float,
    eps: float,
    root: float,
    weight_decay: float,
    shrink: float,
    m: Array,
    v: Array,
    v_max: Array = None,
    *,
    decays: bool,
    decoupled: bool,
    maximize: bool,
    s: Array,
    t: Array,
) -> None:
    """`adam` in 13 passes over memory that stays in the cache, with p ← p - step·root · m / (√v + eps·root) at the end."""
    if maximize:
        g = np.negative(g, out=t)
    if decays and decoupled:
        p *= shrink
    elif decays:
        g = np.add(g, np.multiply(p, weight_decay, out=s), out=t)
    m *= beta1
    m += np.multiply(g, 1 - beta1, out=s)
    v *= beta2
    np.multiply(g, g, out=s)
    v += np.multiply(s, 1 - beta2, out=s)
    if v_max is not None:
        v = np.maximum(v_max, v, out=v_max)
    np.sqrt(v, out=s)
    s += eps * root
    np.divide(m, s, out=s)
    p -= np.multiply(s, step * root, out=s)


class Adam(Optimizer):
    """Adam: p ← p - lr·m̂ / (√v̂ + eps), with running means m of g (β1) and v of g² (β2); see `adam`.

    weight_decay adds weight_decay·p to the gradient (AdamW's form, decoupled_weight_decay, usually works better), amsgrad uses
    the largest v so far, maximize goes uphill. ValueError for negative options and betas outside [0, 1).
    Kingma & Ba 2015; Reddi et al. 2018; https://pytorch.org/docs/stable/generated/torch.optim.Adam.html

    >>> from tinygrad_lite import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p**2).sum().backward()
    >>> Adam([p], lr=0.1).step(); p
    tensor([0.9000], requires_grad=True)
    """

    update, fast = staticmethod(adam), staticmethod(adam_fast)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        how = {"maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable}
        super().__init__(params, defaults | how | {"fused": fused, "decoupled_weight_decay": decoupled_weight_decay})

    def check(self, group: Options) -> None:
        super().check(group)
        not_negative(group, "eps", "weight_decay")
        two_betas(group)
        kinds = [isinstance(beta, kind) for kind in (float, Tensor) for beta in group["betas"]]
        if not (all(kinds[:2]) or all(kinds[2:])):
            raise ValueError(f"betas must be either both floats or both Tensors, got {group['betas']}")
        for name, value in (("lr", group["lr"]), ("betas[0]", group["betas"][0])):
            if isinstance(value, Tensor) and group["foreach"] and not group["capturable"]:
                raise ValueError(f"{name} as a Tensor is not supported for capturable=False and foreach=True")

    def remembers(self, group: Options, p: Tensor) -> tuple[dict[str, float], dict[str, float]]:
        means = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {"step": 0.0}, means | {"max_exp_avg_sq": 0.0} if group["amsgrad"] else means

    def hyperparameters(self, group: Options, t: float, numbers: Numbers) -> Arguments:
        (beta1, beta2), decay, lr = map(number, group["betas"]), float(group["weight_decay"]), number(group["lr"])
        flags = {"decays": decay != 0, "decoupled": group["decoupled_weight_decay"], "maximize": group["maximize"]}
        step, root = float(lr / (1 - beta1**t)), float((1 - beta2**t) ** 0.5)
        return (step, beta1, beta2, float(group["eps"]), root, decay, float(1 - lr * decay)), flags


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

    kept: ClassVar[dict[str, Any]] = {"decoupled_weight_decay": True}  # also after a state of Adam

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        how: dict[str, Any] = {"maximize": maximize, "foreach": foreach, "capturable": capturable, "fused": fused}
        how |= {"differentiable": differentiable, "decoupled_weight_decay": True}
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **how)
