"""In-place writes: x += y, x[0] = y and x.copy_(y) change the memory of x, and views of x show the change.

A vjp must get the values that its forward saw. So each write is noted: which memory, and when (views share their memory, and so
the note). At each node that is older than the last write, the walk checks whether a saved value was overwritten since.

If gradients flow, an in-place write is an op too (add, setitem), and from then on x is the result of that op on the tape. This
goes for every other tensor on the same memory (rebase.py). It is refused while something else sees that memory whose history
would be wrong: a NumPy array, or a tensor that may or may not be detached.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from gc import get_objects
from importlib import import_module
from math import inf
from operator import setitem
from sys import getrefcount
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from ._tensor import Tensor
from .backend import Array, address_of, is_array, overlaps, owner
from .dtypes import rank
from .grad_mode import mode
from .operands import explained
from .ops.indexing import setitem as overwritten
from .recorder import here, seam
from .tape import Leaf, Node, clock


class _Writes:
    last = 0  # the time of the last write, to anything
    times: ClassVar[dict[int, tuple[int, Any]]] = {}  # id of the memory's owner -> its last write, and a reference to it


writes = _Writes()


def same_memory(x: Array, y: Array) -> bool:
    """Whether two arrays are the same part of the same memory, element for element."""
    return address_of(x) == address_of(y) and (x.shape, x.strides, x.dtype) == (y.shape, y.strides, y.dtype)


def write(array: Array, change: Callable[..., Any], *operands: Any) -> None:
    """Call change(array, *operands), which writes to the array, and note the write. All writes to a Tensor's memory come here.
    RuntimeError, before anything is written, if the memory is read-only or several elements of the array share one number.
    >>> x = tensor([1.0, 2.0])
    >>> from operator import imul
    >>> write(x.array, imul, 3); x
    tensor([3., 6.])
    """
    if 0 in array.strides or (isinstance(array, np.ndarray) and not ((flags := array.flags).writeable and flags.forc)):
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
    """Call change(), which writes to several arrays, and note the writes; see write."""
    for array in arrays:
        if 0 in array.strides or (isinstance(array, np.ndarray) and not ((flags := array.flags).writeable and flags.forc)):
            refuse(array, "write")
    try:
        change()
    finally:
        _note(arrays)


def _note(arrays: list[Array]) -> None:
    """Note that the memory of these arrays was written to just now.
    The id of the owner identifies the memory: an owner whose array a node has saved is alive, so no other object has its id.
    The weak reference removes the note when the owner is freed. Some owners allow no weak reference (a bytearray, a DLPack
    capsule): their notes stay until another owner with the same id is written to.
    """
    if here.recording is not None:
        here.recording.wrote(arrays)
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
    """RuntimeError if a saved array of `node` has been written to since; it names the op and says what to do."""
    for array in kept(node):
        if writes.times.get(id(owner(array)), (0,))[0] > node.birth:
            raise RuntimeError(
                f"backward through {node.op.name}: the {array.dtype}{list(array.shape)} array that it saved was changed in "
                f"place afterwards. Change a copy instead (x = x + y, or x.clone()), or make the change after backward()"
            )


def unwritable(array: Array) -> str:
    """Why an array may not be written to; empty if it may."""
    if array.size and overlaps(array.shape, array.strides):
        what = f"some elements of this {array.dtype}{list(array.shape)} tensor are one number in memory"
        return f"{what} (it was expanded, or has windows that overlap)"
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        return f"the owner of this {array.dtype}{list(array.shape)} tensor's memory made it read-only"
    return ""


def refuse(array: Array, what: str) -> None:
    """RuntimeError for an array that may not be written to."""
    if why := unwritable(array):
        raise RuntimeError(f"in-place {what}: {why}; change a copy instead: x = x.clone()")


def recorded(x: Tensor, *others: Any) -> bool:
    """Whether writing others to x must be recorded as a step on the tape."""
    if not mode.enabled:
        return False
    found = x.node is not None
    for y in others:  # a third of the time of any([...])
        found = found or (isinstance(y, Tensor) and y.node is not None)
    return found


def in_place(
    what: str, x: Tensor, others: tuple[Any, ...], op: Callable[..., Tensor], change: Callable[..., Any] | None = None
) -> Tensor:
    """Replace x by op(x, *others), in the memory of x; if gradients flow, x is that result on the tape from then on.
    `change`, if given, does the same to arrays. RuntimeError, before anything is changed, for a leaf that requires grad, for a
    result of another shape or of a higher dtype, and, while recording, for memory that something else uses.
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
            if "same_kind" in str(error):  # NumPy will not cast the result; PyTorch casts integers to fewer bits
                return in_place(what, x, others, op)
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
    if is_shared(x) or not is_array(owner(x.array)):
        return _recorded_in_shared_memory(what, x, others, op)
    out = _result(what, x, x, others, op)
    become(x, out.array, out.node)  # nothing else uses the old memory, so new memory does as well
    return x


def _recorded_in_shared_memory(what: str, x: Tensor, others: tuple[Any, ...], op: Callable[..., Tensor]) -> Tensor:
    later = import_module(f"{__package__}.rebase")  # rarely needed, and it builds on this file
    tensors = later.on_the_memory_of(x)
    if tensors is not None and type(x.node) is Node:
        arrays = {id(y.array) for y in tensors if type(y.node) is Node}
        tensors = [y for y in tensors if y.node is not None or id(y.array) not in arrays]  # without what is detached
    if tensors is None or not later.consistent(tensors):
        raise RuntimeError(
            f"in-place {what}: this memory is shared with {' and '.join(sharers(x))}; its gradients would silently be "
            f"wrong. Write x = ... instead, or change x.clone()"
        )
    before = Tensor._of(x.array.copy(), x.node)  # what the op saves is not overwritten
    out = _result(what, x, before, others, op)
    write(x.array, setitem, ..., out.array)
    later.rebase(x, out, tensors)
    return x


def _result(what: str, x: Tensor, before: Tensor, others: tuple[Any, ...], op: Callable[..., Tensor]) -> Tensor:
    """What x is to become: op(before, *others) in its dtype, where `before` has the values of x."""
    out = op(before, *others)
    _check_fit(what, x, out)
    out = out.to(x.dtype)
    # x.eq_(y) has no derivative: as for x[...] = y, the gradient is 0.
    return overwritten(before, out, index=...) if out.node is None and x.node is not None else out


def become(x: Tensor, array: Array, node: Any) -> None:
    """Let x, a result, be this array from now on, and the result of this node."""
    retained = x.retains_grad
    if retained:  # as in PyTorch: of the new values, while other hooks stay with the old ones
        x.node.hooks.pop(inf)
    x.array, x.node = array, node
    if retained:
        x.retain_grad()


def _check_fit(what: str, x: Tensor, out: Tensor) -> None:
    """RuntimeError if a result cannot replace x: it has another shape, or it has floats and x has integers."""
    new, old = out.array, x.array
    if new.shape != old.shape or (new.dtype is not old.dtype and rank(new.dtype) > rank(old.dtype)):
        raise _misfit(what, x, out)


def _misfit(what: str, x: Tensor, out: Tensor) -> RuntimeError:
    text = f"in-place {what}: the result {out.dtype}{list(out.shape)} does not fit into {x.dtype}{list(x.shape)}"
    return RuntimeError(text + ("" if out.dtype == x.dtype else "; write x = ... for a new tensor, or cast x first"))


def is_shared(x: Tensor) -> bool:
    """Whether something else uses the memory of x."""
    if here.recording is not None:  # whose own references would count
        return len(import_module(f"{__package__}.rebase").all_on_the_memory_of(x)) > 1
    return any(n > alone[i > 0] for i, n in enumerate(references(x.array)))


def references(array: Array) -> list[int]:
    """How many references there are to an array, and to each array that it is a view of.
    Whoever else uses the memory, a view, a node or a NumPy array, holds a reference to the array or to one that it is a view
    of. So the counts tell, in 0.3 µs and without a list of views to maintain, whether the memory is shared.
    """
    found = [getrefcount(array)]
    while is_array(getattr(array, "base", None)):
        array = array.base
        found.append(getrefcount(array))
    return found


alone: list[int] = []


def measure(x: Tensor) -> None:
    """Set `alone` to references() of x, a view whose memory nothing else uses: what the counts are when nothing is shared.
    They are measured because they differ between versions of Python (references from the stack of a call may not count).
    """
    alone[:] = references(x.array)


def sharers(x: Tensor) -> list[str]:
    """What else uses the memory of x, for the text of an error. It searches all objects of the program, which is slow."""
    memory = owner(x.array)
    found = [
        f"another tensor, of shape {list(thing.array.shape)} (a view, or detached)"
        for thing in get_objects()
        if issubclass(type(thing), Tensor) and thing is not x and owner(thing.array) is memory
    ]
    return found or ["a NumPy array or the object that it was made from"]


def kept(node: Node) -> list[Array]:
    """The arrays among the saved values of a node."""
    return [
        part
        for values in (node.saved if type(node.saved) is tuple else ())
        for value in values or ()
        for part in (value if type(value) in (tuple, list) else (value,))
        if isinstance(part, np.ndarray) or is_array(part)
    ]


measure(Tensor._of(np.zeros(2)[:1]))
