"""All that is known of a loss: its Graph, with the names, the modules, the lines and the values that can be found, and its
backward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType
from typing import Any

from .._tensor import Tensor
from ..grad_mode import enable_grad
from .collect import add_modules, collect
from .graph import Graph
from .kept import note_kept
from .names import models_in, name_by_lines, name_places
from .noting import Watch
from .recover import recover
from .walk import walk


def graph_of(loss: Any, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> Graph:
    """The Graph of a loss, or of what a function computes, with its Visits and all that is known of it."""
    check_names(model, names)
    if callable(loss) and not isinstance(loss, Tensor):
        with Watch(), enable_grad():
            loss = loss()
    check(loss)
    graph = collect([loss.node])
    place = graph.places[graph.loss or 0]
    if place.value is None:
        place.value, place.dtype = loss.array, str(loss.array.dtype)
    name_graph(graph, model, names, frame)
    place.name = place.name or "loss"
    walk(graph)
    note_kept(graph)
    graph.notes += notes(graph)
    return graph


def notes(graph: Graph) -> list[str]:
    """What a reader should know beforehand: what is missing, and how to get it."""
    found = []
    if graph.freed:
        how = "Call explain() before backward(), or backward(retain_graph=True), or explain a function that computes the loss."
        found.append(f"backward() has been here, and what the tape held was freed. {how}")
    stopped = [visit for visit in graph.visits if visit.error]
    if stopped:
        what = "one step, which says why" if len(stopped) == 1 else f"{len(stopped)} steps, each of which says why"
        found.append(f"The gradients are not complete: backward stops at {what}.")
    if any([place.line and not place.line.seen for place in graph.places]):
        found.append("No one watched while the graph was made: the lines of code were found in the source afterwards.")
    lost = [place for place in graph.places if place.op is not None and place.line is None]
    if lost:
        many = f"Of {len(lost)} steps" if len(lost) > 1 else "Of one step"
        found.append(
            f"{many} the line of code is not known: they were not watched. explain(lambda: ...) or watch() knows all lines."
        )
    hooked = [place.name or f"place {place.number}" for place in graph.places if place.hooks]
    if hooked:
        where = ", ".join(hooked[:5])
        found.append(
            f"Gradient hooks are registered at {where}. explain() does not call them; in backward() they may change g."
        )
    return found


def name_graph(graph: Graph, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> None:
    """Add the modules, the names, and what can be found out of steps that no one watched."""
    add_modules(graph, [model] if model is not None else models_in(graph, frame))
    name_places(graph, model, names, frame)
    if not graph.watched:
        recover(graph, frame)  # lines too
    name_by_lines(graph)


def check_names(model: Any, names: Any) -> None:
    """TypeError for a model that is no module, and for names that are no dict."""
    if model is not None and not (hasattr(model, "named_parameters") and hasattr(model, "named_modules")):
        raise TypeError(f"explain: model= must be an nn.Module, got {type(model).__name__}")
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(f"explain: names= must be a dict of names and tensors, {{'w': w}}, got {type(names).__name__}")


def check(loss: Any) -> None:
    """TypeError or RuntimeError for what cannot be explained."""
    if not isinstance(loss, Tensor):
        what = f"explain: expected a Tensor, or a function that computes one, got {type(loss).__name__}"
        raise TypeError(f"{what}; call explain(loss) or explain(lambda: loss_function(net(x), y))")
    if loss.node is None:
        what = "explain: this tensor was not computed from one that requires grad, so there is nothing to differentiate"
        raise RuntimeError(f"{what}; make leaves with requires_grad=True, and compute outside no_grad()")
    if loss.array.size != 1:
        what = f"explain: the loss must have one element, and this tensor has shape {list(loss.array.shape)}"
        raise RuntimeError(f"{what}; explain one of them, y[0, 1], or a reduction, y.sum()")
