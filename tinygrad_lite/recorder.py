"""The one seam for those who watch: a Recorder sees each application of an op and each call of a vjp.

    with MyRecorder():          # a subclass of Recorder
        loss = f(x)             # .applied(op, inputs, options, out) after each op
        loss.backward()         # .differentiated(node, nth, g, x_g) after each vjp

anomaly.py is one. While none is open, apply.py and backward.py look at one attribute and go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

    from .tape import Node, Op


class _Seam:
    __slots__ = ("recorders",)

    def __init__(self) -> None:
        self.recorders: tuple[Recorder, ...] = ()  # those that are open, in all threads


seam = _Seam()


class Recorder:
    """Watches what is computed while it is open (`with recorder:`), in all threads. Override what you need.
    >>> class Names(Recorder):
    ...     def applied(self, op, inputs, options, out):
    ...         print(op.name, out.shape)
    >>> with Names():
    ...     _ = (tensor([1.0, 2.0]) * 2).sum()
    mul (2,)
    sum ()
    """

    def applied(self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> None:
        """After each application of an op to Tensors, recorded or not: what it was given, and the Tensor that it made."""

    def written(self, what: str, x: Any, others: tuple[Any, ...]) -> None:
        """After each in-place step that was not an application of an op: x += y within no_grad(), x.copy_(y)."""

    def differentiated(self, node: Node, nth: int, g: Any, x_g: Any) -> None:
        """After each vjp: the node, which of its inputs, the gradient of its result, and what the vjp made of it.
        Both are arrays; with create_graph=True they are Tensors. x_g has not been fitted to the input's shape yet.
        """

    def __enter__(self) -> Self:
        seam.recorders = (*seam.recorders, self)
        return self

    def __exit__(self, *exc: object) -> None:
        found = list(seam.recorders)
        if self in found:  # set_detect_anomaly(False) may have closed it
            found.remove(self)
        seam.recorders = tuple(found)
