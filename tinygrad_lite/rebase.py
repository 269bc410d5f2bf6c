"""A recorded write to memory that several tensors see: y = x * 1; v = y[0]; v += w. inplace.py comes here for it.

Every tensor on that memory must have the right history afterwards. After v is written, y on the tape is the old y with the new
numbers of v put where v lies in y. And v, like every other view of y, is a view of the new y.

Tensors do not know their views. They are found among the objects of the program, and the references to the memory are counted:
if there is one that neither a tensor nor a value saved for a derivative explains (a NumPy array), the write is refused. (A
saved value does not mind: a walk that needs it sees that it was written to, and says so.) The write is refused too if some
tensors on the memory have a history and others have none, because these may be detached or not. Only y.detach(), which is the
very array of y, is sure to be: it shows the new numbers and has no gradient. If none has a history, as in
out = zeros(2, 3); out[0] += w, all get one, unless some tensor on this memory was ever detached.
"""

from __future__ import annotations

from collections import Counter
from gc import get_objects
from sys import getrefcount
from typing import Any

import numpy as np

from ._tensor import Tensor, detached
from .backend import Array, array_module, owner
from .functional.memory import storage_offset, stride
from .inplace import become, kept
from .ops.arrangement import memory_of, places
from .ops.indexing import getitem, setitem
from .ops.shape import reshape
from .recorder import here
from .tape import Node


def on_the_memory_of(x: Tensor) -> list[Tensor] | None:
    """All tensors on the memory of x; None if something else uses that memory, too. Young objects are searched first, because
    a search of all takes some milliseconds, and views are mostly written to soon after they are made.
    """
    if here.recording is not None:
        return [thing for thing in all_on_the_memory_of(x) if type(thing) is not Node]
    memory, kinds = id(owner(x.array)), {Tensor, Node}  # the id, because a reference would count
    for kind in list(kinds - {Node}):
        kinds.update(kind.__subclasses__())
    found: dict[int, Any] = {}
    for generation in (0, 1, None):  # None: all objects
        things = [thing for thing in get_objects(generation) if type(thing) in kinds]
        found |= {id(thing): thing for thing in things if any([id(owner(array)) == memory for array in arrays_of(thing)])}
        if found and not any(unexplained(list(found.values()), memory)):
            return [thing for thing in found.values() if type(thing) is not Node]
    return None


def all_on_the_memory_of(x: Tensor) -> list[Any]:
    """All tensors and nodes on the memory of x; while capture() records, which itself refers to all arrays."""

    def search() -> list[Any]:
        memory = owner(x.array)
        things = [thing for thing in get_objects() if issubclass(type(thing), (Tensor, Node))]
        return [thing for thing in things if any([owner(array) is memory for array in arrays_of(thing)])]

    return here.recording.outside(search)  # type: ignore[no-any-return]


def arrays_of(thing: Tensor | Node) -> list[Array]:
    """The array of a tensor, or those that a node has saved."""
    return kept(thing) if type(thing) is Node else [thing.array] if hasattr(thing, "array") else []


def unexplained(things: list[Any], memory: int) -> list[int]:
    """For each array on this memory that tensors and nodes have, and the memory's owner: how many references are not theirs."""
    held: Counter[int] = Counter()
    distinct: dict[int, Array] = {}
    for thing in things:
        mine = [(id(array), array) for array in arrays_of(thing) if id(owner(array)) == memory]
        held.update([key for key, _ in mine])
        distinct.update(mine)
        mine.clear()
    held.update([id(array.base) for array in distinct.values() if array.base is not None])
    distinct |= {id(array.base): array.base for array in distinct.values() if array.base is not None}
    theirs, arrays = [held[key] for key in distinct], list(distinct.values())
    distinct.clear()
    return [n - known - alone[0] for n, known in zip(counts(arrays), theirs)]


def counts(arrays: list[Array]) -> list[int]:
    """The numbers of references to the arrays of a list."""
    return [getrefcount(array) for array in arrays]


alone = counts([np.zeros(1)])  # of an array in a list that nothing else refers to; it differs between versions of Python


def rebase(x: Tensor, out: Tensor, tensors: list[Tensor]) -> None:
    """Give all tensors on the memory of x, to which `out` was written, their new history. The base, of which x is a view (or x
    itself), becomes the old base with the new numbers put in, and its views become views of the new base. A tensor that came to
    this memory in another way becomes the old one with the new numbers put in.
    """
    if x.node is None:
        base = next((y for y in tensors if y.array is memory_of(y.array)), x)
    else:
        base = min([y for y in tensors if is_view_of(x, y)], key=lambda y: y.node.birth)
    views: list[tuple[Tensor, Any]] = []
    for y in tensors:
        if y is not base:
            at = places_in(base, y)
            if at.min(initial=0) >= 0:
                views.append((y, at))
            else:
                become(y, y.array, put(y, out, x).node)
    become(base, base.array, out.node if base is x else put(base, out, x).node)
    flat = reshape(Tensor._of(base.array, base.node), shape=(-1,))
    for y, at in views:
        become(y, y.array, getitem(flat, index=(array_module(y.array).asarray(at),), once=False).node)


def consistent(tensors: list[Tensor]) -> bool:
    """Whether it is known what a write means for the history of all these tensors on one memory."""
    kinds = {type(y.node) for y in tensors}
    if kinds == {type(None)}:
        memory = owner(tensors[0].array)
        if id(memory) in detached or not type(memory).__weakrefoffset__:  # which takes no note
            return False
        kinds = {Node} if len({id(y.array) for y in tensors}) == len(tensors) else kinds  # no y.data = x, say
    return kinds == {Node} and len({y.dtype for y in tensors}) == 1 and len({origin(y) for y in tensors}) == 1


def origin(x: Tensor) -> Any:
    """The step that made the memory of x: the first above the views. A tensor of another origin on the same memory, which a
    Function that returns its input makes, has a derivative of its own, and a write would lose it.
    """
    node = x.node
    while type(node) is Node and getattr(node.op, "shares", False):
        node = node.edges[0]
    return node


def is_view_of(x: Tensor, y: Tensor) -> bool:
    """Whether the history of x leads to y by steps with one input: for tensors on the same memory, whether x is y or a view."""
    node = x.node
    while node is not y.node and type(node) is Node and len(node.edges) == 1:
        node = node.edges[0]
    return node is y.node


def same_history(x: Tensor, y: Tensor) -> bool:
    """For tensors on the same memory: whether both are views of one result, so that they agree on its history."""
    seen, node = set(), y.node
    while type(node) is Node:
        seen.add(node)
        node = node.edges[0] if len(node.edges) == 1 else None
    node = x.node
    while type(node) is Node and node not in seen:
        node = node.edges[0] if len(node.edges) == 1 else None
    return type(node) is Node


def put(y: Tensor, out: Tensor, x: Tensor) -> Tensor:
    """y with the numbers of `out` where x lies in it."""
    in_x = places_in(x, y).reshape(-1)
    in_y = np.flatnonzero(in_x >= 0)
    from_x, to_y = map(array_module(y.array).asarray, (in_x[in_y], in_y))
    new = getitem(reshape(out, shape=(-1,)), index=(from_x,), once=False)
    flat = reshape(Tensor._of(y.array, y.node), shape=(-1,))
    return reshape(setitem(flat, new, index=(to_y,)), shape=y.array.shape)


def places_in(x: Tensor, y: Tensor) -> Any:
    """For each number of y, its position in x, row by row; -1 if it is not in x."""
    at_x = _places(x)
    in_x = np.full(memory_of(x.array).nbytes // x.array.dtype.itemsize, -1)
    in_x[at_x] = np.arange(at_x.size).reshape(at_x.shape)
    return in_x[_places(y)]


def _places(x: Tensor) -> Any:
    """Where the numbers of x lie in its memory, counted in numbers."""
    return places(x.array.shape, stride(x), storage_offset(x))
