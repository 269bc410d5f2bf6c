"""Every row of the table of ops, captured: replays with quite other numbers are the op itself, bit for bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tl

from .cases import CASES, Case
from .test_ops import each, noise, ours_of, outputs

ROWS = list(CASES.values())


def other(a: Any, call: int) -> Any:
    """The numbers of an input in one of three calls: as they are, in reverse order, and with other signs in another order."""
    if call == 1:
        return a.reshape(-1)[::-1].reshape(a.shape)
    if call == 2:
        turned = np.roll(a.reshape(-1), 1).reshape(a.shape)
        return ~turned if a.dtype.kind == "b" else turned * a.dtype.type(-1.03125) if a.dtype.kind == "f" else turned
    return a


def in_variables(row: Case) -> tuple[Callable[..., Any], Callable[[int], tuple[Any, ...]]]:
    """A step that finds the inputs in a variable, and goes backward; and what sets them for a call."""
    xs = [ours_of(np.array(a, order="K") if 0 not in a.strides else a) for a in row.inputs]
    upstream: dict[int, Any] = {}

    def step() -> Any:
        for x in xs:
            x.grad = None
        live = outputs(row.ours(*xs))
        for seed, y in enumerate(live):
            if y.requires_grad:
                if seed not in upstream:
                    upstream[seed] = tl.tensor(noise(y, seed))
                (y * upstream[seed]).sum().backward(retain_graph=True)
        return [y.detach() for y in live], [x.grad for x in xs]

    def set_for(call: int) -> tuple[Any, ...]:
        with tl.no_grad():
            for x, a in zip(xs, row.inputs):
                if 0 not in a.strides:
                    x.copy_(tl.tensor(other(a, call)))
        return ()

    return step, set_for


def as_arguments(row: Case) -> tuple[Callable[..., Any], Callable[[int], tuple[Any, ...]]]:
    """A step that gets the inputs as arguments, which are other tensors at each call."""

    def step(*xs: Any) -> Any:
        return [y * 1 for y in outputs(row.ours(*xs))]

    def set_for(call: int) -> tuple[Any, ...]:
        made = []
        for a in row.inputs:
            x = np.lib.stride_tricks.as_strided(a, a.shape, a.strides).copy(order="K")
            x[...] = other(a, call)
            made.append(tl.from_numpy(x))
        return tuple(made)

    return step, set_for


def run(step: Any, set_for: Callable[[int], tuple[Any, ...]]) -> tuple[list[Any], list[str]]:
    """What four calls give, and what was told."""
    found: list[Any] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for call in (0, 1, 2, 0):
            given = set_for(call)
            try:
                result = step(*given)
            except Exception as error:
                result = f"{type(error).__name__}: {error}"
            found.append(
                [None if x is None else x.numpy().copy() for part in result for x in (part if type(part) is list else [part])]
                if not isinstance(result, str)
                else [result]
            )
    return found, [str(w.message) for w in caught if "capture(" in str(w.message)]


@pytest.mark.parametrize("form", [in_variables, as_arguments])
@each(ROWS)
def test_replays_of_every_op(row: Case, form: Any) -> None:
    right, _ = run(*form(row))
    step, set_for = form(row)
    captured = tl.capture(step)
    found, told = run(captured, set_for)
    for ours, theirs in zip(found, right, strict=True):
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(x, y)
    if row.op == "as_strided" and form is as_arguments:  # what lies around an argument is another at each call
        assert len(told) == 1 and "memory around an argument" in told[0]
        return
    assert not told
    if not any(isinstance(x, str) for result in right for x in result):
        assert captured.programs and captured.recordings <= 4  # where a branch or a shape depends on the numbers
