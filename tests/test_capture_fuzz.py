"""Random programs, captured: replays with other numbers give what the program itself gives, bit for bit.

The programs are those of test_fuzz.py: leaves, then ops, indexing, views, writes in place, gradients switched off and on,
walks. The lines that run become one function of the leaves.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import torch

import tinygrad_lite as tl

from .fuzz.pen import Pen, leaves
from .fuzz.twins import Difference, Twins, attempt, space, variables


def program(seed: int, length: int = 14) -> tuple[list[str], list[str]]:
    """The lines that make leaves, and those that run after them."""
    twins, first = Twins(Counter()), leaves(seed)
    try:
        for line in first:
            twins.run(line)
        for n in range(length):
            line = Pen(1000 * seed + n, twins.theirs).line()
            if "retain_grad" not in line:
                twins.run(line)
    except Difference:  # which is test_fuzz.py's business
        pass
    return first, [line for line in twins.ran if line not in first]


def step_of(first: list[str], lines: list[str]) -> tuple[Any, list[Any]]:
    """The program as a function of its leaves, and the leaves."""
    made = space(tl)
    for line in first:
        attempt(line, made)
    found = {name: x for name, x in variables(made).items() if isinstance(x, tl.Tensor)}
    grads = [x.requires_grad for x in found.values()]

    def step(*xs: Any) -> Any:
        names = space(tl)
        for name, x, needs in zip(found, xs, grads):
            names[name] = x.clone().requires_grad_() if needs else x.clone()
        refused = [attempt(line, names) != "" for line in lines]
        held = {name: x for name, x in variables(names).items() if isinstance(x, tl.Tensor)}
        ends = {name: x.detach() for name, x in held.items()}
        slopes = {name: x.grad.detach() for name, x in held.items() if x.is_leaf and x.grad is not None}
        return ends, slopes, tuple(refused)

    return step, [x.detach() for x in found.values()]


def outcome(result: Any) -> Any:
    return [
        {name: (x.dtype, x.shape, x.numpy().tobytes()) for name, x in part.items()} if type(part) is dict else part
        for part in result
    ]


def differs(seed: int, counts: Counter[str]) -> str:
    """'', or in which call a captured program gave something else."""
    first, lines = program(seed)
    step, xs = step_of(first, lines)
    captured = tl.capture(step)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        for call in range(4):
            given = [x if call == 0 else tl.tensor(np.roll(x.numpy(), call).astype(x.dtype)) for x in xs]
            right, found = outcome(step(*given)), outcome(captured(*given))
            if right != found:
                return f"call {call}:\n" + "\n".join(first + lines)
    counts["replayed"] += bool(captured.programs) and captured.recordings < 4
    counts["programs"] += 1
    return ""


def test_random_programs() -> None:
    counts: Counter[str] = Counter()
    before = torch.get_default_dtype()
    try:
        for seed in range(60):
            torch.manual_seed(seed)
            tl.manual_seed(seed)
            assert not (found := differs(seed, counts)), f"seed {seed}, {found}"
    finally:  # a program sets it
        tl.set_default_dtype(tl.float32)
        torch.set_default_dtype(before)
    assert counts["replayed"] > 30
