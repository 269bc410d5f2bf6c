"""From a loss to its Graph: every leaf and step that leads to it, in order, with all that the tape and watch() hold of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from inspect import getclosurevars
from linecache import getline
from math import inf
from typing import Any

from ..tape import Leaf, Node
from .graph import UNKNOWN, Graph, Input, Line, Module, Place


def collect(roots: Iterable[Any]) -> Graph:
    """The Graph of all that leads to these nodes and leaves. Its loss is the first of them."""
    roots = list(roots)
    graph = Graph([], None)
    for node in sorted(steps_before(roots), key=lambda node: node.birth):
        for edge in node.edges:
            if type(edge) is Leaf and edge not in graph.at:
                add(graph, Place(len(graph.places), edge, tuple(edge.shape), hooks=users(edge.hooks)))
        hooks = users(getattr(node, "hooks", ()))
        add(graph, Place(len(graph.places), node, tuple(node.shape), op=as_written(node.op), hooks=hooks))
    for root in roots:
        if type(root) is Leaf and root not in graph.at:
            add(graph, Place(len(graph.places), root, tuple(root.shape), hooks=users(root.hooks)))
    graph.loss = graph.at[roots[0]] if roots else None
    for place in graph.places:
        if not place.is_leaf:
            fill(graph, place)
    steps = [place for place in graph.places if not place.is_leaf]
    graph.watched = all([hasattr(place.node, "seen") for place in steps])
    graph.freed = any([place.node.saved is None for place in steps])
    for place in graph.places:
        if place.value is not None:
            place.dtype = str(place.value.dtype)
    return graph


def users(hooks: Iterable[float]) -> int:
    """How many gradient hooks the user has registered; retain_grad() is none of them, its number is inf."""
    return len([number for number in hooks if number != inf])


def steps_before(roots: Iterable[Any]) -> set[Node]:
    """All nodes from which these were computed, themselves too."""
    seen: set[Node] = set()
    waiting = [node for node in roots if type(node) is Node]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += [edge for edge in node.edges if type(edge) is Node]
    return seen


def add(graph: Graph, place: Place) -> None:
    graph.at[place.node] = place.number
    graph.places.append(place)


def fill(graph: Graph, place: Place) -> None:
    """The inputs of a step, and what watch() noted of it."""
    node, op = place.node, place.op
    seen = getattr(node, "seen", None)
    several = op.variadic or len(node.edges) != len(op.inputs)
    for nth, edge in enumerate(node.edges):
        name = f"{op.inputs[0]}[{nth}]" if several else op.inputs[nth]
        value = seen.inputs[nth] if seen and nth < len(seen.inputs) else UNKNOWN
        place.inputs.append(Input(name, None if edge is None else graph.at[edge], value))
        if edge is not None and value is not UNKNOWN:
            origin = graph.places[graph.at[edge]]
            if origin.value is None and tuple(value.shape) == origin.shape:
                origin.value = value
    if seen:
        place.options = (getattr(op.forward, "__kwdefaults__", None) or {}) | seen.options if hasattr(op, "forward") else {}
        if seen.out is not None:
            place.value = seen.out
        place.line = Line(seen.file, seen.number, getline(seen.file, seen.number).strip(), seen.function)


def as_written(op: Any) -> Any:
    """The op as it is written in ops/. What float16 is computed with is another one, made of it by apply.py."""
    forward = getattr(op, "forward", None)
    return within(forward) if getattr(forward, "__module__", "") == "tinygrad_lite.apply" else op


@cache
def within(forward: Any) -> Any:
    return getclosurevars(forward).nonlocals["op"]


def add_modules(graph: Graph, models: list[Any]) -> None:
    """The modules that were called, as watch() saw them: a fold for each, around its steps. A path is the one in the model that
    the module belongs to. A step that was not watched belongs to the module whose parameters it uses; one without parameters,
    to the innermost module that is around the steps before and after it.
    """
    running: list[int] = []  # the folds that are open
    paths = {id(module): path for model in models for path, module in model.named_modules()}
    for place, modules in zip(
        steps := [place for place in graph.places if not place.is_leaf], modules_of(graph, steps, models)
    ):
        if modules and id(modules[0]) not in paths:
            paths |= {id(module): path for path, module in modules[0].named_modules() if id(module) not in paths}
        same = 0
        while same < min(len(running), len(modules)) and graph.modules[running[same]].module is modules[same]:
            same += 1
        del running[same:]
        for module in modules[same:]:
            text = " ".join(repr(module).split())
            path = paths.get(id(module), "")
            graph.modules.append(Module(path, type(module).__name__, text, running[-1] if running else None, module))
            running.append(len(graph.modules) - 1)
        if running:
            place.module = running[-1]
    owned = {id(fold.module): {id(x.node) for x in fold.module.parameters()} for fold in graph.modules}
    for step in reversed(graph.places):  # a parameter stands with the first step that uses it
        for given in step.inputs if step.module is not None else ():
            leaf = None if given.place is None else graph.places[given.place]
            if leaf and leaf.is_leaf and id(leaf.node) in owned[id(graph.modules[step.module or 0].module)]:
                leaf.module = step.module
    for place in graph.places:
        if place.module is not None:
            graph.modules[place.module].places.append(place.number)


def modules_of(graph: Graph, steps: list[Place], models: list[Any]) -> list[tuple[Any, ...]]:
    """For each step the modules that it was computed in, the outermost first."""
    around: dict[int, tuple[Any, ...]] = {}  # the id of a parameter's leaf -> the modules that it is in
    for model in models:
        by_path = dict(model.named_modules())
        for path, x in model.named_parameters():
            parts = path.split(".")[:-1]
            around.setdefault(id(x.node), tuple([by_path[".".join(parts[:n])] for n in range(len(parts) + 1)]))
    found: list[tuple[Any, ...] | None] = []
    for step in steps:
        edges = [id(graph.places[given.place].node) for given in step.inputs if given.place is not None]
        users = [around[edge] for edge in edges if edge in around]
        found.append(step.node.seen.modules if hasattr(step.node, "seen") else users[0] if users else None)
    before: tuple[Any, ...] = ()
    after: list[tuple[Any, ...]] = [()]
    for modules in reversed(found):
        after.append(after[-1] if modules is None else modules)
    result = []
    for modules, following in zip(found, reversed(after[:-1])):
        if modules is None:
            same = [one is other for one, other in zip(before, following)]
            modules_here = before[: (*same, False).index(False)]
        else:
            modules_here = before = modules
        result.append(modules_here)
    return result
