"""In-place writes: x += y, x[0] = y, x.copy_(y) change x's memory, and views of it see that.

A vjp must see the values that its forward saw. So every write is noted with its time, by the memory it went to (which views
share), and the walk asks of each node older than the last write whether what it kept was written to since. Where gradients
flow, x stands for the result of an op (add, setitem) on the tape from then on; that is refused while something else looks
at the same memory, because the other's gradient would silently be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from gc import get_objects
from math import inf
from operator import setitem
from sys import getrefcount
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from ._tensor import Tensor
from .backend import Array, is_array
from .dtypes import rank
from .grad_mode import mode
from .operands import explained
from .recorder import seam
from .tape import Leaf, Node, clock


class _Writes:
    last = 0  # the time of the last write, to anything
    times: ClassVar[dict[int, tuple[int, Any]]] = {}  # id of the memory's owner -> its last write, and a reference to it


writes = _Writes()


def owner(array: Array) -> Any:
    """What owns the memory that an array, or a view of it, shows."""
    while True:
        base = array.obj if type(array) is memoryview else getattr(array, "base", None)
        if base is None:
            return array
        array = base


def same_memory(x: Array, y: Array) -> bool:
    """Whether two arrays show the same numbers in memory, place for place."""
    at_x, at_y = [getattr(a, "__cuda_array_interface__", None) or a.__array_interface__ for a in (x, y)]
    return bool(at_x["data"] == at_y["data"]) and (x.shape, x.strides, x.dtype) == (y.shape, y.strides, y.dtype)


def write(array: Array, change: Callable[..., Any], *operands: Any) -> None:
    """change(array, *operands), which writes to the array, and a note of it: the one way to write to what a Tensor shows.
    RuntimeError, before anything is written, for memory that is read-only or shown more than once by the array.
    >>> x = tensor([1.0, 2.0])
    >>> from operator import imul
    >>> write(x.array, imul, 3); x
    tensor([3., 6.])
    """
    if 0 in array.strides or (type(array) is np.ndarray and not array.flags.writeable):
        refuse(array, "write")
    try:
        change(array, *operands)
    except (TypeError, ValueError, IndexError, OverflowError):  # NumPy refuses before it writes
        raise
    except BaseException:
        _note([array])
        raise
    _note([array])


def write_all(arrays: list[Array], change: Callable[[], Any]) -> None:
    """change(), which writes to several arrays, and a note of each; see write."""
    for array in arrays:
        if 0 in array.strides or (type(array) is np.ndarray and not array.flags.writeable):
            refuse(array, "write")
    try:
        change()
    finally:
        _note(arrays)


def _note(arrays: list[Array]) -> None:
    """Remember that the memory of arrays was just written to.
    An owner's id is enough to know it by: what a node keeps is alive, so no other owner had that id when it was written to.
    The reference is there only to forget an owner that is gone. Some cannot be referred to (a bytearray, a DLPack capsule):
    their notes stay until the id is used again.
    """
    now, times = next(clock), writes.times
    for array in arrays:
        if not array.size:
            continue
        memory = array if array.base is None else owner(array)
        key = id(memory)
        alive = times[key][1] if key in times else None
        if alive is None:
            with suppress(TypeError):
                alive = ref(memory, partial(_forget, key))
        times[key] = now, alive
        writes.last = now


def _forget(key: int, _: Any) -> None:
    writes.times.pop(key, None)


def check_unwritten(node: Node) -> None:
    """RuntimeError if an array that `node` kept has been written to since; named are the op and the mend."""
    for array in kept(node):
        if writes.times.get(id(owner(array)), (0,))[0] > node.birth:
            raise RuntimeError(
                f"backward through {node.op.name}: a {array.dtype}{list(array.shape)} array that it kept was changed in "
                f"place after it was computed. Change a copy instead (x = x + y, x.clone()), or after backward()"
            )


def unwritable(array: Array) -> str:
    """Why an array may not be written to; empty if it may."""
    if 0 in array.strides and array.size and any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape)):
        return f"some elements of this {array.dtype}{list(array.shape)} tensor are one number in memory (it was expanded)"
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        return f"the owner of this {array.dtype}{list(array.shape)} tensor's memory made it read-only"
    return ""


def refuse(array: Array, what: str) -> None:
    """RuntimeError for an array that may not be written to."""
    if why := unwritable(array):
        raise RuntimeError(f"in-place {what}: {why}; change a copy instead: x = x.clone()")


def recorded(x: Tensor, *others: Any) -> bool:
    """Whether a write of others to x is a step on the tape."""
    return mode.enabled and any([getattr(y, "node", None) is not None for y in (x, *others)])


def in_place(
    what: str, x: Tensor, others: tuple[Any, ...], op: Callable[..., Tensor], change: Callable[..., Any] | None = None
) -> Tensor:
    """Let x become op(x, *others) in its own memory; if gradients flow, x stands for that result on the tape from then on.
    `change`, if there is one, does the same to the arrays. RuntimeError, before anything is changed, for a leaf that requires
    grad, for a result of another shape or dtype, and for memory that may not be written to or that something else looks at.
    """
    if recorded(x, *others):
        return _recorded_in_place(what, x, others, op)
    if change is None:
        out = op(x, *others)
        _check_fit(what, x, out)
        write(x.array, setitem, ..., out.array)
    else:
        y = [getattr(other, "array", other) for other in others]
        try:
            write(x.array, change, *y)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise explained("in-place " + what, error, x.array, *y) from error
    for recorder in seam.recorders:
        recorder.written(what, x, others)
    return x


def _recorded_in_place(what: str, x: Tensor, others: tuple[Any, ...], op: Callable[..., Tensor]) -> Tensor:
    if isinstance(x.node, Leaf):
        why = "a leaf that requires grad cannot be changed in place while steps are recorded"
        raise RuntimeError(
            f"in-place {what}: {why}. To update a weight, do it within no_grad(): `with no_grad(): w -= lr * w.grad`; "
            f"w = w - ... would make a new tensor, whose .grad stays None"
        )
    refuse(x.array, what)
    if any(n > alone[i > 0] for i, n in enumerate(references(x.array))) or not is_array(owner(x.array)):
        raise RuntimeError(
            f"in-place {what}: this memory is shared with {' and '.join(sharers(x))}; the gradients there would silently be "
            f"wrong. Write x = ... instead, or change x.clone()"
        )
    out = op(x, *others)
    _check_fit(what, x, out)
    out = out.to(x.dtype)
    retained = x.retains_grad
    if retained:  # as in PyTorch: of the new values, while other hooks stay with the old ones
        x.node.hooks.pop(inf)
    x.array, x.node = out.array, out.node  # nobody else can see the memory, so that new memory is as good
    if retained:
        x.retain_grad()
    return x


def _check_fit(what: str, x: Tensor, out: Tensor) -> None:
    """RuntimeError if a result cannot take x's place: another shape, or floats where x holds integers."""
    if out.shape != x.shape or rank(out.dtype) > rank(x.dtype):
        raise RuntimeError(
            f"in-place {what}: the result {out.dtype}{list(out.shape)} does not fit into {x.dtype}{list(x.shape)}"
        )


def references(array: Array) -> list[int]:
    """How many references there are to an array, and to each array whose memory it shows."""
    found = [getrefcount(array)]
    while is_array(getattr(array, "base", None)):
        array = array.base
        found.append(getrefcount(array))
    return found


alone: list[int] = []


def measure(x: Tensor) -> None:
    """Take references() to the array of x, a view that nobody else looks at, for what it always is: the count differs from
    one version of Python to the next, but within one it is the same for every tensor.
    """
    alone[:] = references(x.array)


def sharers(x: Tensor) -> list[str]:
    """Who else looks at x's memory, found among all living objects: for the text of an error."""
    memory, found = owner(x.array), []
    for thing in get_objects():
        if type(thing) is Node and any(owner(array) is memory for array in kept(thing)):
            found.append(f"the recorded step {thing!r}, which kept it for its derivative")
        elif issubclass(type(thing), Tensor) and thing is not x and owner(thing.array) is memory:
            found.append(f"another tensor, of shape {list(thing.array.shape)} (a view, or detached)")
    return found or ["a NumPy array or what it was made from"]


def kept(node: Node) -> list[Array]:
    """The arrays that a node holds for its vjps."""
    return [
        part
        for values in node.saved or ()
        for value in values or ()
        for part in (value if type(value) in (tuple, list) else (value,))
        if type(part) is np.ndarray or is_array(part)
    ]


measure(Tensor._of(np.zeros(2)[:1]))
