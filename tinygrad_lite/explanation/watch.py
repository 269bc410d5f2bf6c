"""watch(): note each step while it is computed: the user's line, the modules around it, its inputs, options and result.

The tape keeps of a step only what its vjps ask for. What more there is to know hangs on the Node, as `node.seen`, and is freed
with it. A Seen holds copies, so that later writes do not change what was noted, and the noting does not change what in-place
writes may do, which depends on who else uses the memory. It holds arrays, never Tensors, so that there are no reference cycles.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from .._tensor import Tensor
from ..backend import Array, array_module, is_array, owner
from ..recorder import Recorder
from ..tape import Node, Op

if TYPE_CHECKING:
    from .explain import Explanation


class Seen:
    """What was noted of one step: its inputs as arrays and numbers, its options and its result, the user's line, and the
    modules that were running, the outermost first. `memory` has the id of the memory of each input, None for a number.
    """

    __slots__ = ("file", "function", "inputs", "memory", "modules", "number", "options", "out")

    def __init__(self, inputs: tuple[Any, ...], options: dict[str, Any], out: Any, memory: tuple[int | None, ...]) -> None:
        self.inputs, self.options, self.out, self.memory = inputs, options, out, memory
        self.file, self.number, self.function, self.modules = place(sys._getframe(2))


class watch(Recorder):
    """Within it, each step is noted while it is computed, so that explain() knows everything: `with watch(): loss = ...`.
    Steps take some microseconds longer, and copies of their inputs and results are held as long as the tape holds them. Where
    an op raises, the error passes on, and `seen.explain()` shows the graph up to it.
    >>> w = tensor(3.0, requires_grad=True)
    >>> with watch() as seen:
    ...     loss = (w * 2).tanh()
    >>> explain(loss)
    <Explanation of loss = 0.999988, 2 steps from 1 leaf>
    """

    def __init__(self) -> None:
        self.last: Tensor | None = None  # the last result on the tape
        self.failed: tuple[BaseException, TracebackType | None] | None = None
        self.depth = 0

    def applied(self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> None:
        node = out.node
        if type(node) is not Node or hasattr(node, "seen"):
            return
        arrays = tuple([noted(x) for x in inputs])
        memory = tuple([id(owner(x.array)) if isinstance(x, Tensor) else None for x in inputs])
        node.seen = Seen(arrays, options, copied(out.array), memory)
        if node.op is not op and type(node.edges[0]) is Node:  # one output of several: the step itself is the one before
            node.edges[0].seen = Seen(arrays, options, None, memory)
        self.last = out

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if isinstance(exc[1], Exception):
            self.failed = exc[1], exc[1].__traceback__

    def explain(self, **options: Any) -> Explanation:
        """explain() of the last result that is on the tape; if an op raised, of the graph that leads to its inputs."""
        from .explain import explain, explain_failure

        if self.failed:
            return explain_failure(self.failed[0], **options)
        if self.last is None:
            raise RuntimeError("watch: nothing was recorded; does a tensor require grad, and was the loss computed within it?")
        return explain(self.last, **options)


def noted(x: Any) -> Any:
    """An input as an array or a number; the result of a noted step is the copy that is there already."""
    if not isinstance(x, Tensor):
        return copied(x) if is_array(x) else x
    seen = getattr(x.node, "seen", None) if type(x.node) is Node else None
    same = seen is not None and seen.out is not None and seen.out.shape == x.array.shape
    return seen.out if seen and same else copied(x.array)


def copied(array: Array) -> Array:
    return array_module(array).array(array)


def place(frame: FrameType | None) -> tuple[str, int, str, tuple[Any, ...]]:
    """The line of the user's program that is running (file, number, function), and the modules that are, outermost first."""
    modules: list[Any] = []
    file, number, function = "", 0, ""
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name == "tinygrad_lite.nn.hooks":
            if frame.f_code.co_name == "__call__":
                modules.append(frame.f_locals["self"])
        elif not file and not name.startswith("tinygrad_lite."):
            file, number, function = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
    return file, number, function, tuple(reversed(modules))
