"""In-place writes: x += y, x[0] = y, x.copy_(y) change x's memory, and views of it see that.

A vjp must see the values that its forward saw. So every write is noted with its time, by the memory it went to (which views
share), and the walk asks of each node older than the last write whether what it kept was written to since. Where gradients
flow, x stands for the result of an op (add, setitem) on the tape from then on; that is refused while something else looks
at the same memory, because its place on the tape would be wrong without a sign.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

import numpy as np

from .backend import Array, is_array
from .grad_mode import mode
from .tape import Leaf, Node, births, explained

if TYPE_CHECKING:
    from .tensor import Tensor


class _Writes:
    last = 0  # the time of the last write, to anything
    times: ClassVar[dict[int, tuple[int, Any]]] = {}  # id of the memory's owner -> its last write, and a reference to it


writes = _Writes()


def owner(array: Array) -> Any:
    """What owns the memory that an array, or a view of it, shows."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def write(array: Array, change: Callable[..., Any], *operands: Any) -> None:
    """change(array, *operands), which writes to the array, and a note of it: the one way to write to what a Tensor shows.
    RuntimeError, before anything is written, for memory that is read-only or shown more than once by the array.
    >>> x = tensor([1.0, 2.0])
    >>> from operator import imul
    >>> write(x.array, imul, 3); x
    tensor([3., 6.])
    """
    if 0 in array.strides and any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape)):
        what = f"in this tensor of shape {list(array.shape)} several elements are one number in memory (it was expanded)"
        raise RuntimeError(f"in-place write: {what}; write to a copy: x = x.clone()")
    if isinstance(array, np.ndarray) and not array.flags.writeable:
        raise RuntimeError("in-place write: this memory is read-only, as its owner decided; write to a copy: x = x.clone()")
    try:
        change(array, *operands)
    except (TypeError, ValueError, IndexError, OverflowError):  # NumPy refuses before it writes
        raise
    except BaseException:
        _note(array)
        raise
    _note(array)


def _note(array: Array) -> None:
    """Remember that an array's memory was just written to.
    An owner's id is enough to know it by: what a node keeps is alive, so no other owner had that id when it was written to.
    The reference is there only to forget an owner that is gone. Some cannot be referred to (a bytearray, a DLPack capsule):
    their notes stay until the id is used again.
    """
    memory = owner(array)
    key = id(memory)
    writes.last = next(births)
    _, alive = writes.times.get(key, (0, None))
    if alive is None:
        with suppress(TypeError):
            alive = ref(memory, lambda _: writes.times.pop(key, None))
    writes.times[key] = writes.last, alive


def check_unwritten(node: Node) -> None:
    """RuntimeError if an array that `node` kept has been written to since; named are the op and the mend."""
    values = [value for kept in node.saved for value in kept or ()]
    for value in values:
        for array in value if isinstance(value, (tuple, list)) else (value,):
            if is_array(array) and writes.times.get(id(owner(array)), (0,))[0] > node.birth:
                raise RuntimeError(
                    f"backward through {node.op.name}: a {array.dtype}{list(array.shape)} array that it kept was changed in "
                    f"place after it was computed. Change a copy instead (x = x + y, x.clone()), or after backward()"
                )


def in_place(what: str, x: Tensor, other: Any, op: Callable[..., Tensor], change: Callable[..., Any]) -> Tensor:
    """Let `change` write to x's memory; if gradients flow, x stands for the result of `op` on the tape from then on.
    RuntimeError, before anything is changed, for a leaf that requires grad, for a result of another shape or dtype, and for
    memory that something else looks at.
    """
    if not (mode.enabled and (x.node is not None or getattr(other, "node", None) is not None)):
        y = getattr(other, "array", other)
        try:
            write(x.array, change, y)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise explained("in-place " + what, error, x.array, y) from error
        return x
    if isinstance(x.node, Leaf):
        why = "a leaf that requires grad would lose its place on the tape"
        raise RuntimeError(f"in-place {what}: {why}; write x = ... instead, or change it within no_grad()")
    if x.array.base is not None or getrefcount(x.array) > alone:
        raise RuntimeError(
            f"in-place {what}: this memory is also seen by a view, a detached tensor, NumPy or a recorded step, whose "
            f"gradients would be wrong without a sign; write x = ... instead, or change x.clone()"
        )
    out = op(x, other).to(x.dtype) if x.is_floating_point() else op(x, other)
    if out.shape != x.shape or out.dtype != x.dtype:
        raise RuntimeError(
            f"in-place {what}: the result {out.dtype}{list(out.shape)} does not fit into {x.dtype}{list(x.shape)}"
        )
    x.array, x.node = out.array, out.node  # nobody else can see the memory, so that new memory is as good
    return x


alone = 0  # getrefcount of an array that only its tensor refers to; tensor.py measures it with its first Tensor
