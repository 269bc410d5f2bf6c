"""What the tests of the optimizers share: the options to test, and the same parameters in our optimizers and torch's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

import tinygrad_lite as tl
from tinygrad_lite import nn

Close = Callable[..., None]  # the fixture `close`

SHAPES = [(3, 2), (3,), (), (150, 130), (2, 3)]  # the fourth is large enough to be updated on its own

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "maximize": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 1}),
    ("SGD", {"lr": 0}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.6), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.0)}),
    ("Adam", {"lr": 0.1, "weight_decay": 1}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0, "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1.0}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True, "foreach": False, "capturable": False}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9, "maximize": True}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.8, "eps": 1e-2, "weight_decay": 0.1, "centered": True}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.8, "eps": 1e-2, "momentum": 0.5, "centered": True}),
    ("Adagrad", {}),
    (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.3, "weight_decay": 0.1, "initial_accumulator_value": 0.2, "eps": 0.1, "maximize": True},
    ),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.5, 0.6), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.7, 0.8), "eps": 1e-2, "weight_decay": 0.1, "momentum_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.7), "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.7), "step_sizes": (1e-2, 0.3), "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5, "weight_decay": 0.1, "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.1, "beta2_decay": -0.5, "eps": (0.1, 0.5), "d": 1.5, "weight_decay": 0.1, "maximize": True}),
]

IDS = [f"{name}-{'-'.join(map(str, options))}" for name, options in CASES]


class Pair:
    """The same parameters here and in torch, and the same gradients, from a seed."""

    def __init__(self, shapes: Sequence[tuple[int, ...]] = tuple(SHAPES), dtype: str = "float64", device: str = "cpu") -> None:
        self.rng = np.random.default_rng(0)
        values = [self.rng.standard_normal(shape).astype(dtype) for shape in shapes]
        self.ours = [nn.Parameter(tl.tensor(v, device=device)) for v in values]
        self.theirs = [torch.nn.Parameter(torch.tensor(v)) for v in values]
        self.device = device

    def gradients(self, without: Sequence[int] = ()) -> None:
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = np.asarray(self.rng.standard_normal(p.shape)).astype(p.dtype)
            p.grad = None if i in without else tl.tensor(g, device=self.device)
            q.grad = None if i in without else torch.tensor(g)

    def check(self, close: Close) -> None:
        for p, q in zip(self.ours, self.theirs, strict=True):
            close(p, q)


def check_state(ours: Any, theirs: Any, close: Close) -> None:
    """Equal state_dicts, of an optimizer here and one in torch."""
    a, b = ours.state_dict(), theirs.state_dict()
    assert set(a["state"]) == set(b["state"])
    for i in a["state"]:
        assert list(a["state"][i]) == list(b["state"][i])
        for name in a["state"][i]:
            close(a["state"][i][name], b["state"][i][name])
    for group, other in zip(a["param_groups"], b["param_groups"], strict=True):
        assert group == other
