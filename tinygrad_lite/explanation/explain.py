"""explain(loss): why is w.grad this number? All of a computation, forward and backward, as one page that one can step through.

The Graph (graph.py) is collected from the tape, walked backward, and made into plain data at once: an Explanation holds no
tensor, so that it stays true when the weights move on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from .._tensor import Tensor
from .collect import add_modules, collect
from .graph import Graph
from .names import models_in, name_places
from .walk import walk
from .watch import watch


class Explanation:
    """What explain() made. `text()` is all of it in words, `save(path)` and `open()` make a page of it, and a notebook shows
    that page. `to_dict()` is the same as plain data.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def to_dict(self) -> dict[str, Any]:
        """All of it as dicts, lists, numbers and strings, as the page gets it."""
        return self._data


def explain(
    loss: Tensor | Callable[[], Tensor], model: Any = None, names: Mapping[Any, Any] | None = None, max_elements: int = 64
) -> Explanation:
    """Why is this gradient this number?"""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "tinygrad_lite":
        frame = frame.f_back
    graph = graph_of(loss, model, names, frame)
    raise NotImplementedError(f"{len(graph.places)} places, {max_elements}")


def graph_of(loss: Any, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> Graph:
    """The Graph of a loss, or of what a function computes, with its Visits."""
    if callable(loss) and not isinstance(loss, Tensor):
        with watch():
            loss = loss()
    graph = collect([loss.node])
    place = graph.places[graph.loss or 0]
    if place.value is None:
        place.value, place.dtype = loss.array, str(loss.array.dtype)
    add_modules(graph, [model] if model is not None else models_in(graph, frame))
    name_places(graph, model, names, frame)
    walk(graph)
    return graph


def explain_failure(error: BaseException, model: Any = None, names: Any = None, max_elements: int = 64) -> Explanation:
    raise NotImplementedError(str(error))
