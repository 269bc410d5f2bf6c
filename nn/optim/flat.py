"""FlatGroup: parameters laid end to end, so that an update is computed on one vector.

Small parameters are copied into one vector and updated together: four small arrays then take hardly longer than one. A large
parameter is updated in place, chunk by chunk, so that a chunk and all that is computed from it stay in the processor's cache.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from itertools import accumulate
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of, put
from tinygrad_lite.dtypes import float32
from tinygrad_lite.inplace import write_all

CHUNK = 1 << 16  # numbers updated at a time: AdamW on 4.2 M parameters takes 11 ms so, 21 ms all at once (float32, one core)
SMALL = 1 << 14  # parameters with fewer numbers are laid end to end


class FlatGroup:
    """Parameters with the same dtype, device and step count, as one vector, and one more vector for each optimizer state.

    The Tensors in each parameter's `states` become views of these vectors. `steps` is the number of steps taken so far.
    """

    def __init__(
        self,
        params: list[Tensor],
        steps: float,
        state_names: tuple[str, ...],
        has_step: bool,
        states: dict[Tensor, dict[str, Any]],
    ) -> None:
        self.steps, self.arrays = steps, [p.array for p in params]
        first = self.arrays[0]
        xp, device, dtype = array_module(first), device_of(first), first.dtype
        ends = list(accumulate(x.size for x in self.arrays))
        slices = [slice(end - x.size, end) for x, end in zip(self.arrays, ends)]
        # One contiguous parameter is its own vector; otherwise values and gradients are copied into a vector at each step.
        self.copied = len(params) > 1 or not first.flags.c_contiguous
        values = xp.empty(ends[-1], dtype) if self.copied else first.reshape(-1)
        self.gradient = xp.empty(ends[-1], dtype) if self.copied else None

        def views(vector: Array) -> list[Array]:
            return [vector[part].reshape(x.shape) for x, part in zip(self.arrays, slices)]

        self.value_views = views(values)
        self.gradient_views = [] if self.gradient is None else views(self.gradient)
        memory = {name: xp.zeros(ends[-1], dtype) for name in state_names}
        self.step_counts = xp.full(len(params), steps, float32) if has_step else None  # the memory of each state's "step"
        for i, (p, part) in enumerate(zip(params, slices)):
            if self.step_counts is not None:
                states.setdefault(p, {})["step"] = Tensor._of(self.step_counts[i : i + 1].reshape(()))
            for name, vector in memory.items():
                state, view = states.setdefault(p, {}), vector[part].reshape(p.shape)
                if name in state:
                    view[...] = put(state[name].array, device)
                state[name] = Tensor._of(view)
        size = CHUNK if xp is np else max(ends[-1], 1)
        chunks = [slice(i, i + size) for i in range(0, ends[-1], size)]
        self.chunks = [(chunk, values[chunk], [vector[chunk] for vector in memory.values()]) for chunk in chunks]

    def step(
        self, gradients: list[Array], update: Callable[..., None], scalars: tuple[float, ...], flags: dict[str, bool]
    ) -> None:
        """Update the parameters in place."""
        if self.gradient is None:
            g = gradients[0].reshape(-1)
        else:
            g = self.gradient
            for view, array in zip(self.value_views, self.arrays):
                view[...] = array
            for view, array in zip(self.gradient_views, gradients):
                view[...] = array
        if not isinstance(g, np.ndarray):
            update = fused(update, *sorted(flags.items()))
            flags = {}

        def change() -> None:
            for chunk, p, memory in self.chunks:
                update(p, g[chunk], *scalars, *memory, **flags)
            if self.copied:
                for array, view in zip(self.arrays, self.value_views):
                    array[...] = view

        write_all(self.arrays, change)
        self.steps += 1
        if self.step_counts is not None:
            self.step_counts.fill(self.steps)


@cache
def fused(update: Callable[..., None], *flags: tuple[str, bool]) -> Callable[..., None]:
    """An update as one GPU kernel, compiled when it is first called."""
    import cupy

    kernel: Callable[..., None] = cupy.fuse(kernel_name=update.__name__)(partial(update, xp=cupy, **dict(flags)))
    return kernel


def overlapping(arrays: list[Array]) -> set[int]:
    """The indices of the arrays that share memory with another one, compared from the first number to the last.

    >>> x = np.zeros(4)
    >>> overlapping([x[:2], x[1:], np.zeros(4)])
    {0, 1}
    """
    times = Counter(map(id, arrays))
    # Two arrays that both own their memory share none, unless they are one object: only views have to be compared.
    views = [i for i, x in enumerate(arrays) if x.base is not None or times[id(x)] > 1]
    return {
        index
        for i in views
        for j, y in enumerate(arrays)
        if i != j and type(y) is type(arrays[i]) and array_module(y).may_share_memory(arrays[i], y)
        for index in (i, j)
    }
