"""The one place to watch the computation from: a Recorder sees each application of an op and each call of a vjp.

    with MyRecorder():          # a subclass of Recorder
        loss = f(x)             # .applied(op, inputs, options, out) after each op
        loss.backward()         # .differentiated(node, nth, g, x_g) after each vjp

detect_anomaly() in autograd/anomaly.py and watch() in explanation/ are Recorders. While none is open, apply.py and backward.py
only test one attribute.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from types import FrameType
    from typing import Self

    from .tape import Node, Op


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def in_package(frame: FrameType) -> bool:
    """Whether the code of a frame is this package's, not the user's."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "tinygrad_lite"


def users_frame() -> FrameType:
    """The frame of the user's code that called this package; the outermost one if there is none."""
    frame = sys._getframe(1)
    while frame.f_back and in_package(frame):
        frame = frame.f_back
    return frame


class _Seam:
    __slots__ = ("recorders",)

    def __init__(self) -> None:
        self.recorders: tuple[Recorder, ...] = ()  # the open ones, of all threads


class _Here(threading.local):
    recording: Any = None  # that of capture(), while it is open in this thread


seam, here = _Seam(), _Here()


def one_call(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A decorator for a function of arrays that is one call in what capture() records, because it hands them to SciPy, say."""

    @wraps(function)
    def called(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        if here.recording is not None and any([hasattr(x, "recording") for x in args]):
            return here.recording.call(function, args, options)  # type: ignore[no-any-return]
        return function(*args, **options)

    return called


def one_write(function: Callable[..., None], about: object) -> Callable[..., None]:
    """A function that changes the array which is its first argument, and the state of an object, as one call in what capture()
    records. A replay makes it even if nobody reads the array, after all that changed the same object before. A step where a
    number that was so written decides what to do is not replayed: a replay that finds another number has made the call already.
    """

    def called(x: Any, *operands: Any) -> None:
        if here.recording is None or not hasattr(x, "recording"):
            function(x, *operands)
        else:
            here.recording.effect(_nothing, about)
            here.recording.write(x, function, x, *operands)
            here.recording.calls[-1].state = (id(about),)

    return called


def _nothing() -> None:
    """An effect that is there for its place among the others."""


class Recorder:
    """Watches what is computed, in all threads, while it is open (`with recorder:`). Override the methods that you need.
    >>> class Names(Recorder):
    ...     def applied(self, op, inputs, options, out):
    ...         print(op.name, out.shape)
    >>> with Names():
    ...     _ = (tensor([1.0, 2.0]) * 2).sum()
    mul torch.Size([2])
    sum torch.Size([])
    """

    def applied(self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> None:
        """Called after each application of an op to Tensors, recorded or not, with its inputs and options and its result."""

    def written(self, what: str, x: Any, others: tuple[Any, ...]) -> None:
        """Called after each in-place write that was not an application of an op: x += y within no_grad(), x.copy_(y)."""

    def differentiated(self, node: Node, nth: int, g: Any, x_g: Any) -> None:
        """Called after each vjp: for input number `nth` of a node, it made x_g from g, the gradient of the node's result.
        g and x_g are arrays, or Tensors with create_graph=True. x_g has the shape of the input: broadcasting is undone.
        """

    def __enter__(self) -> Self:
        seam.recorders = (*seam.recorders, self)
        return self

    def __exit__(self, *exc: object) -> None:
        found = list(seam.recorders)
        if self in found:  # set_detect_anomaly(False) may have closed it
            found.remove(self)
        seam.recorders = tuple(found)
