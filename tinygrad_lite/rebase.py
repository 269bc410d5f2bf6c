"""A recorded write to memory that several tensors see: y = x * 1; v = y[0]; v += w. inplace.py comes here for it.

Every tensor on that memory must have the right history afterwards. After v is written, y on the tape is the old y with the new
numbers of v put where v lies in y, and the same holds for every other view. So each of them becomes the result of such a step.

Tensors do not know their views. They are found among the objects of the program, and the references to the memory are counted:
if there is one that no tensor explains (a NumPy array, a value saved for a derivative), the write is refused. It is refused too
if a tensor on the memory has no history, because it may be either a part without history or all of what is written to. Only
y.detach(), which is the very array of y, is sure to be no more than that: it shows the new numbers and has no gradient.
"""

from __future__ import annotations

from gc import get_objects
from sys import getrefcount
from typing import Any

import numpy as np

from ._tensor import Tensor
from .backend import Array, array_module
from .inplace import become, owner
from .ops.arrangement import memory_of, places
from .ops.indexing import getitem, setitem
from .ops.shape import reshape


def on_the_memory_of(x: Tensor) -> list[Tensor] | None:
    """All tensors on the memory of x; None if something else uses that memory, too. Young objects are searched first, because
    a search of all takes some milliseconds, and views are mostly written to soon after they are made.
    """
    found: dict[int, Tensor] = {}
    for generation in (0, 1, None):  # None: all objects
        found |= {id(thing): thing for thing in get_objects(generation) if shares(thing, x)}
        if found and not any(unexplained(list(found.values()))):
            return list(found.values())
    return None


def shares(thing: Any, x: Tensor) -> bool:
    """Whether an object is a tensor on the memory of x."""
    return issubclass(type(thing), Tensor) and owner(getattr(thing, "array", None)) is owner(x.array)


def unexplained(tensors: list[Tensor]) -> list[int]:
    """For each array of some tensors, and the array that owns their memory: how many references to it are not theirs."""
    distinct = {id(x.array): x.array for x in tensors}
    distinct |= {id(array.base): array.base for array in distinct.values() if array.base is not None}
    arrays = list(distinct.values())
    distinct.clear()
    held = [sum([x.array is array for x in tensors]) + sum([part.base is array for part in arrays]) for array in arrays]
    return [n - theirs - alone[0] for n, theirs in zip(counts(arrays), held)]


def counts(arrays: list[Array]) -> list[int]:
    """The numbers of references to the arrays of a list."""
    return [getrefcount(array) for array in arrays]


alone = counts([np.zeros(1)])  # of an array in a list that nothing else refers to; it differs between versions of Python


def rebase(x: Tensor, out: Tensor, tensors: list[Tensor]) -> None:
    """Let x be `out` on the tape, and let each other tensor on its memory be the old one with the numbers of x in it."""
    at_x = _places(x)
    in_x = np.full(memory_of(x.array).nbytes // x.array.dtype.itemsize, -1)
    in_x[at_x] = np.arange(at_x.size).reshape(at_x.shape)
    flat = reshape(out, shape=(-1,))
    for y in tensors:
        if y is x:
            continue
        from_x = in_x[_places(y)].reshape(-1)  # for each number of y, its place in x; -1 if it is not in x
        to_y = np.flatnonzero(from_x >= 0)
        if to_y.size:
            xp = array_module(y.array)
            new = getitem(flat, index=(xp.asarray(from_x[to_y]),), once=False)
            new = setitem(reshape(Tensor._of(y.array, y.node), shape=(-1,)), new, index=(xp.asarray(to_y),))
            become(y, y.array, reshape(new, shape=y.array.shape).node)
    become(x, x.array, out.node)


def _places(x: Tensor) -> Any:
    """Where the numbers of x lie in its memory, counted in numbers."""
    from .functional.memory import storage_offset, stride

    return places(x.array.shape, stride(x), storage_offset(x))

