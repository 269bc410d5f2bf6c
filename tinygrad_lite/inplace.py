"""In-place writes: x += y, x[0] = y, x.copy_(y) change x's memory, and views of it see that.

A vjp must see the values that its forward saw. So every write is noted with its time, by the memory it went to (which views
share), and the walk asks of each node older than the last write whether what it kept was written to since. Where gradients
flow, x stands for the result of an op (add, setitem) on the tape from then on; that is refused while something else looks
at the same memory, because its place on the tape would be wrong without a sign.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

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


def note_write(array: Array) -> None:
    """Remember that an array's memory was just written to: whoever writes to `x.array` directly has to call this."""
    memory = owner(array)
    key = id(memory)
    writes.last = next(births)
    known = writes.times.get(key)
    alive = known[1] if known else ref(memory, lambda _: writes.times.pop(key, None))
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


def in_place(what: str, x: Tensor, other: Any, op: Callable[..., Tensor], write: Callable[..., Any]) -> Tensor:
    """Let `write` change x's memory; if gradients flow, x stands for the result of `op` on the tape from then on.
    RuntimeError, before anything is changed, for a leaf that requires grad, for a result of another shape or dtype, and for
    memory that something else looks at.
    """
    if not (mode.enabled and (x.node is not None or getattr(other, "node", None) is not None)):
        y = getattr(other, "array", other)
        try:
            write(x.array, y)
        except Exception as error:
            raise explained("in-place " + what, error, x.array, y) from error
        note_write(x.array)
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
