"""detect_anomaly(): stop where the first nan or inf appears, in forward or backward, and name the op and the line.

It is a Recorder (recorder.py) that checks the result of each op and each vjp. Programs run several times slower with it, so use
it for debugging only.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from linecache import getline
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..recorder import Recorder, seam, users_frame
from ..tape import Node, Op

REMEMBERED = 1_000_000  # for how many recorded steps the user's line is remembered, at most


class detect_anomaly(Recorder, ContextDecorator):
    """Within it, the first op or vjp that makes a nan or inf raises a RuntimeError, which shows the line of the user's program
    that called the op. An op that was given a nan or inf is not blamed. check_nan=False switches the check off. PyTorch's looks
    for nan in backward only; this one also looks for inf, and in forward.
    https://pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    >>> x = tensor([1.0, 0.0], requires_grad=True)
    >>> with detect_anomaly():
    ...     y = x.sqrt().sum()
    ...     y.backward()
    Traceback (most recent call last):
        ...
    RuntimeError: backward through sqrt made 1 inf of 2 elements at [1] of the gradient ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.lines: dict[int, str] = {}  # a node's birth -> the user's line that recorded the node

    def applied(self, op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> None:
        if isinstance(out.node, Node):
            if len(self.lines) >= REMEMBERED:
                self.lines.clear()
            self.lines[out.node.birth] = users_line()
        if self.check_nan and broken(out) and not any([broken(x) for x in inputs]):
            given = " and ".join([shown(x) for x in inputs])
            raise RuntimeError(f"{op.name} made {elements(out)}, from {given}. It was called in {users_line()}")

    def written(self, what: str, x: Any, others: tuple[Any, ...]) -> None:
        if self.check_nan and broken(x) and not any([broken(y) for y in others]):
            raise RuntimeError(f"in-place {what} left {elements(x)}. It was called in {users_line()}")

    def differentiated(self, node: Node, nth: int, g: Any, x_g: Any) -> None:
        if self.check_nan and broken(x_g) and not broken(g):
            op = node.op
            x, shape = op.inputs[0 if op.variadic else nth], list(node.edges[nth].shape)
            line = self.lines.get(node.birth, "a line that ran before detect_anomaly() was entered")
            raise RuntimeError(
                f"backward through {op.name} made {elements(x_g)} of the gradient with respect to its input {x} of shape "
                f"{shape}, from a gradient that was finite. {op.name} was called in {line}"
            )


class set_detect_anomaly:
    """Switch detect_anomaly() on (True) or off (False) from now on; in a `with` statement, until its end.
    https://pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly
    >>> with set_detect_anomaly(True):
    ...     tensor(1e30) * 1e30
    Traceback (most recent call last):
        ...
    RuntimeError: mul made 1 inf of 1 elements, from ...
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before, others = _apart()
        same = [recorder for recorder in self.before if recorder.check_nan == check_nan]
        seam.recorders = (*others, *(same[:1] or [detect_anomaly(check_nan)])) if mode else others

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        seam.recorders = (*_apart()[1], *self.before)


def _apart() -> tuple[tuple[detect_anomaly, ...], tuple[Recorder, ...]]:
    """The recorders that are open: those that look for anomalies, and the others."""
    ours = tuple([recorder for recorder in seam.recorders if isinstance(recorder, detect_anomaly)])
    return ours, tuple([recorder for recorder in seam.recorders if recorder not in ours])


def broken(x: Any) -> bool:
    """Whether there is a nan or inf in a Tensor, an array, a number, or a list of them."""
    if isinstance(x, (list, tuple)):
        return any([broken(part) for part in x])
    array = x.array if isinstance(x, Tensor) else x
    kind = getattr(getattr(array, "dtype", None), "kind", "")
    return (kind == "f" or isinstance(x, float)) and not bool(np.isfinite(array).all())


def elements(x: Any) -> str:
    """Which elements of a Tensor or array are not finite: `1 nan and 1 inf of 6 elements at [0, 1], [1, 2]`."""
    array = x.array if isinstance(x, Tensor) else x
    counts = {"nan": int(np.isnan(array).sum()), "inf": int(np.isinf(array).sum())}
    found = " and ".join([f"{n} {name}" for name, n in counts.items() if n])
    places = [list(place) for place in np.argwhere(~np.isfinite(array))[:3].tolist()]
    where = f" at {', '.join(map(str, places))}" if array.ndim else ""
    more = " (the first three)" if sum(counts.values()) > 3 else ""
    return f"{found} of {array.size} elements{where}{more}"


def shown(x: Any) -> str:
    """A Tensor as its dtype and shape, a number as it is."""
    return f"{x.dtype}{list(x.shape)}" if hasattr(x, "dtype") else repr(x)


def users_line() -> str:
    """The line of the user's program that is running, outside of this package: file, number and text."""
    frame = users_frame()
    file, line = frame.f_code.co_filename, frame.f_lineno
    source = getline(file, line, frame.f_globals).strip()
    return f"{file}, line {line}" + (f": {source}" if source else "")
