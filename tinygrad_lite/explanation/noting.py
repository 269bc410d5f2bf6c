"""watch(): note each step while it is computed: the user's line, the modules around it, its inputs, options and result.

The tape keeps of a step only what its vjps ask for. What more there is to know hangs on the Node, as `node.seen`, and is freed
with it. A Seen holds copies, so that later writes do not change what was noted, and the noting does not change what in-place
writes may do, which depends on who else uses the memory. It holds arrays, never Tensors, so that there are no reference cycles.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from .._tensor import Tensor
from ..backend import Array, array_module, is_array, owner
from ..recorder import Recorder, in_package
from ..tape import Node, Op
from .graph import UNKNOWN


class Seen:
    """What was noted of one step: its inputs as arrays and numbers, its options and its result, the user's line, and the
    modules that were running, the outermost first. `memory` has the id of the memory of each input, None for a number.
    """

    __slots__ = ("file", "function", "inputs", "memory", "modules", "number", "options", "out")

    def __init__(self, inputs: tuple[Any, ...], options: dict[str, Any], out: Any, memory: tuple[int | None, ...]) -> None:
        self.inputs, self.options, self.out, self.memory = inputs, options, out, memory
        self.file, self.number, self.function, self.modules = place(sys._getframe(2))


class Watch(Recorder):
    """Notes each step while it is open. `last` is the last result on the tape; `failed` the error that ended it."""

    def __init__(self) -> None:
        self.last: Tensor | None = None
        self.failed: Exception | None = None

    def applied(self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> None:
        node = out.node
        if type(node) is not Node or hasattr(node, "seen"):
            return
        arrays = tuple([noted(x) for x in inputs])
        memory = tuple([id(owner(x.array)) if isinstance(x, Tensor) else None for x in inputs])
        if node.op is not op and type(node.edges[0]) is Node:  # one output of several: the call itself is the step before
            node.edges[0].seen = Seen(arrays, options, None, memory)
            node.seen = Seen((UNKNOWN,), {}, copied(out.array), (None,))
        else:
            node.seen = Seen(arrays, options, copied(out.array), memory)
        self.last = out

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if isinstance(exc[1], Exception):
            self.failed = exc[1]


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
        if frame.f_globals.get("__name__") == "tinygrad_lite.nn.hooks" and frame.f_code.co_name == "__call__":
            modules.append(frame.f_locals["self"])
        elif not file and not in_package(frame):
            file, number, function = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
    return file, number, function, tuple(reversed(modules))
