"""explain(loss): why is w.grad this number? All of a computation, forward and backward, as one page that one can step through.

The Graph (graph.py) is collected from the tape, walked backward, and made into plain data at once. So an Explanation holds no
tensor, and stays true when the weights move on.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Any

from .._tensor import Tensor
from ..grad_mode import enable_grad
from ..serialize import write_whole
from .collect import add_modules, collect
from .data import plain
from .failure import graph_of_failure
from .graph import Graph
from .lines import find_lines
from .marks import marks
from .memory import note_kept
from .names import models_in, name_by_lines, name_places
from .page import notebook, page
from .paths import choose
from .recover import recover
from .replay import checks
from .text import text
from .walk import walk
from .watch import watch


class Explanation:
    """What explain() made: a page (`save(path)`, `open()`, and a notebook shows it), the same in words (`text()`), and as plain
    data (`to_dict()`). It holds numbers, not tensors, and does not change when the tensors do.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, one HTML file that needs nothing else. Creates the folder; returns the path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, page(self._data).encode())
        return path

    def open(self) -> Path:
        """Write the page to a temporary folder and show it in the browser; returns the path."""
        path = self.save(Path(mkdtemp(prefix="tinygrad_lite-")) / "explanation.html")
        webbrowser.open(path.as_uri())
        return path

    def text(self) -> str:
        """The page in words: for a terminal, a log, a screen reader."""
        return text(self._data)

    def to_dict(self) -> dict[str, Any]:
        """All of it as dicts, lists, numbers and strings, as the page gets it."""
        return self._data

    def _repr_html_(self) -> str:
        return notebook(self._data)

    def __repr__(self) -> str:
        places = self._data["places"]
        steps = len([place for place in places if place.get("op")])
        counted = [f"{n} {word}{'' if n == 1 else more}" for n, word, more in counts_of(steps, len(places) - steps)]
        return f"<Explanation of {self._data['title']}, {' from '.join(counted)}>"


def counts_of(steps: int, leaves: int) -> list[tuple[int, str, str]]:
    return [(steps, "step", "s"), (leaves, "lea" + "f" * (leaves == 1), "ves")]


def explain(
    loss: Tensor | Callable[[], Tensor], model: Any = None, names: Mapping[Any, Any] | None = None, max_elements: int = 64
) -> Explanation:
    """Every step of the computation of `loss`, forward and backward, with its numbers: why each gradient is what it is.

    `loss` is a tensor of one element, or a function without arguments that computes it: explain(lambda: f(net(x), y)). Of a
    function everything is known, as of what is computed within watch(). Of a tensor that is there already, the tape tells the
    steps, the shapes and all of backward; values that nothing keeps any more, and lines that cannot be found, are missing, and
    the page says so. Parameters are named by their paths in `model`, other tensors by `names`, {"w": w}, or by the variables
    that hold them. Arrays of at most `max_elements` numbers are shown exactly, larger ones thinned.

    Nothing is changed: no gradient, not the tape. Gradient hooks are not called, and the page says where there are some. After
    backward() call it with retain_graph=True, or on a function, because backward() frees what the tape held.
    TypeError for something else; RuntimeError for more than one element, or if there is no tape.
    >>> w = tensor([2.0, -1.0], requires_grad=True)
    >>> explained = explain(lambda: w.relu().sum(), names={"w": w})
    >>> explained
    <Explanation of loss = 2.0, 2 steps from 1 leaf>
    >>> path = explained.save("explanation.html")  # doctest: +SKIP
    """
    graph = graph_of(loss, model, names, users_frame())
    return described(graph, max_elements)


def graph_of(loss: Any, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> Graph:
    """The Graph of a loss, or of what a function computes, with its Visits and all that is known of it."""
    if callable(loss) and not isinstance(loss, Tensor):
        with watch(), enable_grad():
            loss = loss()
    check(loss)
    graph = collect([loss.node])
    place = graph.places[graph.loss or 0]
    if place.value is None:
        place.value, place.dtype = loss.array, str(loss.array.dtype)
    name_graph(graph, model, names, frame)
    walk(graph)
    note_kept(graph)
    return graph


def name_graph(graph: Graph, model: Any, names: Mapping[Any, Any] | None, frame: FrameType | None) -> None:
    """Add the modules, the names, and what can be found out of steps that no one watched."""
    add_modules(graph, [model] if model is not None else models_in(graph, frame))
    name_places(graph, model, names, frame)
    if not graph.watched:
        recover(graph, frame)
        find_lines(graph, frame)
    name_by_lines(graph)


def described(graph: Graph, max_elements: int) -> Explanation:
    """The Explanation of a Graph."""
    chosen = choose(graph, max_elements)
    return Explanation(plain(graph, max_elements=max_elements, paths=chosen, checks=checks(graph, chosen), marks=marks(graph)))


def explain_failure(
    error: BaseException, model: Any = None, names: Mapping[Any, Any] | None = None, max_elements: int = 64
) -> Explanation:
    """The graph up to the op that raised this error, with the shapes that did not fit."""
    graph = graph_of_failure(error)
    name_graph(graph, model, names, users_frame())
    note_kept(graph)
    return described(graph, max_elements)


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


def users_frame() -> FrameType:
    """The frame of the user's code that called this package."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "tinygrad_lite":
        frame = frame.f_back
    return frame
