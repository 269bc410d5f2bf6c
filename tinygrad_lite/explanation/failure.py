"""What was being computed when an op raised: its name, its inputs and the user's line, read from the error's traceback."""

from __future__ import annotations

from collections.abc import Iterator
from linecache import getline
from traceback import walk_tb
from types import FrameType
from typing import Any

from .._tensor import Tensor
from ..recorder import in_package
from .collect import collect
from .graph import UNKNOWN, Failure, Graph, Input, Line

APPLY = "tinygrad_lite.apply"


def graph_of_failure(error: BaseException) -> Graph:
    """The Graph of everything that leads to the inputs of the op that raised, and the Failure. RuntimeError if the error came
    from no function of this package.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if in_package(frame)]
    if not ours:
        raise RuntimeError(f"explain: this error was raised by no op: {type(error).__name__}: {error}") from error
    name, tensors, options = failing(ours)
    nodes = [x.node for _, x in tensors if isinstance(x, Tensor) and x.node is not None]
    graph = collect(dict.fromkeys(nodes))
    graph.loss = None
    inputs = []
    for given, x in tensors:
        at = graph.at.get(x.node) if isinstance(x, Tensor) and x.node is not None else None
        array = x.array if isinstance(x, Tensor) else x
        inputs.append(Input(given, at, UNKNOWN if array is None else array))
        if at is not None and graph.places[at].value is None:
            graph.places[at].value, graph.places[at].dtype = array, str(array.dtype)
    graph.failure = Failure(name, inputs, options, f"{type(error).__name__}: {error}", users_line(error))
    return graph


def called_in(error: BaseException) -> tuple[FrameType, int] | None:
    """Where the user's code called what raised: the frame, and its line then."""
    found = [at for at in walk_tb(error.__traceback__) if not in_package(at[0])]
    return found[-1] if found else None


def users_line(error: BaseException) -> Line | None:
    """The line of the user's program that called what raised."""
    if not (found := called_in(error)):
        return None
    frame, number = found
    file = frame.f_code.co_filename
    return Line(file, number, getline(file, number, frame.f_globals).strip(), frame.f_code.co_name)


def failing(frames: list[FrameType]) -> tuple[str, list[tuple[str, Any]], dict[str, Any]]:
    """The name, the inputs and the options of what raised: the op, if one was being applied, else the function that refused
    its arguments, the innermost one that was given a tensor.
    """
    for frame in reversed(frames):
        here = frame.f_locals
        if frame.f_globals.get("__name__") == APPLY and "op" in here:
            op = here["op"]
            given = here["inputs"] if "inputs" in here else [here[name] for name in ("input", "other") if name in here]
            names = [f"{op.inputs[0]}[{i}]" for i in range(len(given))] if op.variadic else op.inputs
            return op.name, list(zip(names, given)), dict(here.get("options", {}))
    for frame in reversed(frames):
        tensors = [(name, x) for name, x in arguments(frame) if isinstance(x, Tensor)]
        if tensors and not frame.f_code.co_name.startswith("_"):
            return frame.f_code.co_name, tensors, {}
    return frames[0].f_code.co_name, [], {}


def arguments(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """The arguments of the function that runs in a frame, those in a list or tuple one by one."""
    code = frame.f_code
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4)]:
        x = frame.f_locals.get(name)
        if isinstance(x, (list, tuple)):
            yield from [(f"{name}[{i}]", part) for i, part in enumerate(x)]
        else:
            yield name, x
