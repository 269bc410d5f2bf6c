"""How capture() records the step of an optimizer: its numbers, as the learning rate, are found anew at each replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .optimizer import Optimizer


FLOATS = (float, np.floating)


def recorded_step(optimizer: Optimizer, work: list[tuple[Any, dict[str, Any], list[Any]]], recording: Any) -> None:
    """What Optimizer.step does with its flat groups, their options and gradients. A replay whose flags are others, as `decays`,
    or whose parameters or states are, is none: it raises Changed.
    """
    from tinygrad_lite.capturing.program import Changed  # only while recording

    found = recording.outside(lambda: [optimizer._next(flat, group) for flat, group, _ in work])
    flags, entries, latest = [flags for _, flags, _ in found], dict(optimizer._flat), [numbers for *_, numbers in found]

    def numbers() -> list[Any]:
        if optimizer._flat != entries or optimizer.param_groups != groups:
            raise Changed
        now: list[Any] = []
        for i, (flat, group) in enumerate(pairs):
            scalars, own_flags, latest[i] = optimizer._next(flat, group)
            if own_flags != flags[i]:
                raise Changed
            if fixed[i]:
                if fixed[i] != [x for x in scalars if not isinstance(x, FLOATS)]:
                    raise Changed
                scalars = tuple([x for x in scalars if isinstance(x, FLOATS)])
            now += scalars
        return now

    def count() -> None:
        for (flat, _), remembered in zip(pairs, latest):
            flat.count(remembered)

    pairs = [(flat, group) for flat, group, _ in work]  # a replay must not keep the gradients
    groups = list(optimizer.param_groups)
    fixed = [[x for x in scalars if not isinstance(x, FLOATS)] for scalars, _, _ in found]  # None, or a tuple
    scalars = iter(recording.numbers(numbers, optimizer))
    for (flat, _, gradients), (own, own_flags, _) in zip(work, found):
        now = tuple([next(scalars) if isinstance(x, FLOATS) else x for x in own])
        recording.seen(flat).step(gradients, type(optimizer), now, own_flags)
    recording.effect(count, optimizer)
