"""The names of places: those that the user gave, the paths of parameters in a model, and the variables that hold the tensors.

A step whose result no variable holds any more, as within a function that has returned, is named after the variable that its
line assigns to (`h = x @ w`), if it is the last step of that line.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import FrameType
from typing import Any

from .._tensor import Tensor
from .graph import Graph

LARGEST = 1000  # of a list or dict with more, the elements are not looked at


def name_places(graph: Graph, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> None:
    """Give names to the places that have one. `names` is {"w": w}, or {w: "w"}; it comes first."""
    for name, x in named(graph, model, names, frame):
        number = graph.at.get(x.node) if isinstance(x, Tensor) and x.node is not None else None
        if number is not None:
            place = graph.places[number]
            place.name = place.name or name
            if place.value is None and tuple(x.array.shape) == place.shape and place.is_leaf:
                place.value, place.dtype = x.array, str(x.array.dtype)
    name_by_lines(graph)


def named(graph: Graph, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> Iterator[tuple[str, Any]]:
    """Pairs of a name and a tensor, the best name of a tensor first."""
    for one, other in (names or {}).items():
        yield (str(other), one) if isinstance(one, Tensor) else (str(one), other)
    if model is not None:
        yield from model.named_parameters()
        yield from model.named_buffers()
    roots = {id(fold.module): fold.module for fold in graph.modules if fold.parent is None} if model is None else {}
    for module in roots.values():
        yield from module.named_parameters()
    if frame is not None:
        within = dict(frame.f_locals)
        yield from variables(within)
        if frame.f_globals is not frame.f_locals:
            yield from variables({name: x for name, x in frame.f_globals.items() if name not in within})


def models_in(graph: Graph, frame: FrameType | None) -> list[Any]:
    """The modules among the variables of a frame that have a parameter in the graph."""
    found: dict[int, Any] = {}
    for x in [] if frame is None else [*frame.f_locals.values(), *frame.f_globals.values()]:
        if not isinstance(x, (type, Tensor)) and hasattr(type(x), "named_parameters") and hasattr(type(x), "named_modules"):
            with suppress(Exception):  # a user's class with methods of these names
                if any([part.node in graph.at for part in x.parameters() if part.node is not None]):
                    found[id(x)] = x
    inner = {id(part) for x in found.values() for path, part in x.named_modules() if path}
    return [x for key, x in found.items() if key not in inner]


def variables(within: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The tensors among some variables, then those in their lists and dicts, and then the parameters of modules among them."""
    within = {name: x for name, x in within.items() if not name.startswith("__")}
    yield from within.items()
    for name, x in within.items():
        if isinstance(x, (list, tuple)) and len(x) <= LARGEST:
            yield from [(f"{name}[{i}]", part) for i, part in enumerate(x)]
        elif isinstance(x, dict) and len(x) <= LARGEST:
            yield from [(f"{name}[{key!r}]", part) for key, part in x.items() if isinstance(key, (str, int))]
        elif not isinstance(x, (type, Tensor)) and hasattr(type(x), "named_parameters"):
            with suppress(Exception):  # a user's class with a method of this name
                yield from [(f"{name}.{path}", part) for path, part in x.named_parameters()]
        elif name == "self" and hasattr(x, "__dict__"):
            yield from [(f"self.{attribute}", part) for attribute, part in vars(x).items()]


def name_by_lines(graph: Graph) -> None:
    """Name the last step of each line that is `name = ...`, where it has no name yet."""
    steps = [place for place in graph.places if not place.is_leaf and place.line]
    for step, after in zip(steps, [*steps[1:], None]):
        line, following = step.line, after.line if after else None
        last = following is None or (line and (line.file, line.number) != (following.file, following.number))
        if line and last and not step.name:
            step.name = target(line.code, step.op.name, step.module is not None)


def target(code: str, op: str, in_module: bool) -> str:
    """The variable that a line assigns the result of an op to; "" if it may be another result.
    >>> target("h = x @ w", "matmul", False), target("g = grad(y, x)", "mul", False)
    ('h', '')
    """
    try:
        (statement,) = ast.parse(code).body
    except (SyntaxError, ValueError):
        return ""
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return ""
    value, to = statement.value, statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if isinstance(value, ast.Call):
        called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        known = called in functions()
        if not (called == op or known or (in_module and called not in vars(Tensor))):
            return ""
    elif not isinstance(value, (ast.BinOp, ast.UnaryOp, ast.Subscript)):
        return ""
    return to[0].id if len(to) == 1 and isinstance(to[0], ast.Name) else ""


@cache
def functions() -> frozenset[str]:
    """The names of the functions whose result is a tensor."""
    methods = import_module("tinygrad_lite.methods")
    methods.load_all()
    neural = import_module("tinygrad_lite.nn.functional") if "tinygrad_lite.nn" in sys.modules else None
    families = [*methods.FAMILIES, *([neural] if neural else [])]
    return frozenset([name for family in families for name in getattr(family, "__all__", vars(family))])
