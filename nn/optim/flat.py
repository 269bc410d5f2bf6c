"""FlatGroup: parameters laid end to end, so that an update is computed on one vector.

Small parameters are copied into one vector and updated together: four small arrays then take hardly longer than one. A large
parameter is updated in place, chunk by chunk, so that a chunk and all that is computed from it stay in the processor's cache.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import Array, array_module, device_of, put
from tinygrad_lite.dtypes import float32, float64, get_default_dtype
from tinygrad_lite.inplace import write_all

if TYPE_CHECKING:
    from .optimizer import Optimizer

CHUNK = 1 << 15  # numbers updated at a time: AdamW on 4.2 M parameters takes 5.6 ms so, 7.8 all at once (float32, one core)
SMALL = 1 << 14  # parameters with fewer numbers are laid end to end


class FlatGroup:
    """Parameters with the same dtype, device and remembered numbers, as one vector, and one more vector for each state.

    The Tensors in each parameter's state become views of these vectors. `steps` is the number of steps taken so far, `numbers`
    has what is remembered of each parameter as a number: the memory of "step", always on the CPU. A parameter whose optimizer's
    formula needs its shape is alone and keeps it, and so do its states.
    """

    def __init__(
        self, optimizer: Optimizer, params: list[Tensor], steps: float, numbers: dict[str, float], group: dict[str, Any]
    ) -> None:
        self.steps, self.shaped, self.arrays = steps, optimizer.shaped, [p.array for p in params]
        first = self.arrays[0]
        xp, device, dtype = array_module(first), device_of(first), first.dtype
        ends = list(accumulate(x.size for x in self.arrays))
        slices = [slice(end - x.size, end) for x, end in zip(self.arrays, ends)]
        # One contiguous parameter is its own vector; otherwise values and gradients are copied into a vector at each step.
        self.copied = not self.shaped and (len(params) > 1 or not first.flags.c_contiguous)
        values = xp.empty(ends[-1], dtype) if self.copied else first if self.shaped else first.reshape(-1)
        self.gradient = xp.empty(ends[-1], dtype) if self.copied else None

        def views(vector: Array) -> list[Array]:
            return [vector[part].reshape(x.shape) for x, part in zip(self.arrays, slices)]

        self.value_views = views(values) if self.copied else []
        self.gradient_views = [] if self.gradient is None else views(self.gradient)
        self.numbers = {name: np.full(len(params), value, number_dtype()) for name, value in numbers.items()}
        memory = {}
        for name, value in optimizer.remembers(group, params[0])[1].items():
            shape = optimizer.state_shape(name, params[0]) if self.shaped else ends[-1]
            memory[name] = xp.full(shape, value, dtype) if value else xp.zeros(shape, dtype)
        for i, (p, part) in enumerate(zip(params, slices)):
            state = optimizer.state[p] if numbers or memory else {}
            for name, values_of_it in self.numbers.items():
                state[name] = Tensor._of(values_of_it[i : i + 1].reshape(()))
            for name, vector in memory.items():
                view = vector if self.shaped else vector[part].reshape(p.shape)
                if name in state:
                    view[...] = put(state[name].array, device)
                state[name] = Tensor._of(view)
        size = CHUNK if xp is np else max(ends[-1], 1)
        chunks = [...] if self.shaped else [slice(i, i + size) for i in range(0, ends[-1], size)]
        self.chunks = [(chunk, values[chunk], [vector[chunk] for vector in memory.values()]) for chunk in chunks]
        quick = hasattr(optimizer, "fast") and not self.shaped and isinstance(values, np.ndarray) and values.flags.aligned
        self.scratch = np.empty((2, min(size, ends[-1])), dtype) if quick else None

    def step(
        self, gradients: list[Array], optimizer: type[Optimizer], scalars: tuple[float, ...], flags: dict[str, bool]
    ) -> None:
        """Update the parameters in place, by the optimizer's formula or by its fast form."""
        if self.gradient is None:
            g = gradients[0] if self.shaped else gradients[0].reshape(-1)
        else:
            g = self.gradient
            for view, array in zip(self.value_views, self.arrays):
                view[...] = array
            for view, array in zip(self.gradient_views, gradients):
                view[...] = array
        update, options = optimizer.update, dict[str, Any](flags)
        if self.shaped:
            options["xp"] = array_module(g)
        elif not isinstance(g, np.ndarray):
            update, options = fused(update, *sorted(flags.items())), {}
        elif self.scratch is not None:
            update = optimizer.fast

        def change() -> None:
            for chunk, p, memory in self.chunks:
                if self.scratch is not None:
                    options["s"], options["t"] = self.scratch[:, : len(p)]
                update(p, g[chunk], *scalars, *memory, **options)
            if self.copied:
                for array, view in zip(self.arrays, self.value_views):
                    array[...] = view

        write_all(self.arrays, change)

    def count(self, numbers: dict[str, Any]) -> None:
        """One more step is made; `numbers` are those that are remembered from it on."""
        self.steps += 1
        for name, memory in self.numbers.items():
            memory.fill(self.steps if name == "step" else numbers[name])


def number_dtype() -> np.dtype[Any]:
    """The dtype of a remembered number, as "step": float64 if that is the default dtype, else float32."""
    return float64 if get_default_dtype() == float64 else float32


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
