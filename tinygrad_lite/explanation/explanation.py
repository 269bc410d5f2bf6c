"""explain(loss): why is w.grad this number? All of a computation, forward and backward, as one page that one can step through.

The Graph (graph.py) is collected from the tape, walked backward, and made into plain data at once. So an Explanation holds no
tensor, and stays true when the weights move on.
"""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from .._tensor import Tensor
from ..recorder import users_frame
from ..serialize import write_whole
from .data import plain
from .failure import called_in, graph_of_failure
from .graph import Graph
from .kept import note_kept
from .known import graph_of, name_graph
from .marks import marks
from .noting import Watch
from .page import notebook, page
from .paths import choose
from .replay import checks
from .text import text


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
        leaves = len(places) - steps
        counted = f"{steps} step{'' if steps == 1 else 's'} from {leaves} {'leaf' if leaves == 1 else 'leaves'}"
        return f"<Explanation of {self._data['title']}, {counted}>"


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
    TypeError for something else; RuntimeError for more than one element, or no tape; ValueError for max_elements < 1.
    >>> w = tensor([2.0, -1.0], requires_grad=True)
    >>> explained = explain(lambda: w.relu().sum(), names={"w": w})
    >>> explained
    <Explanation of loss = 2.0, 2 steps from 1 leaf>
    >>> explained.text().splitlines()[0]  # .save(path) writes the page, .open() shows it
    'loss = 2.0'
    """
    if max_elements < 1:
        raise ValueError(f"explain: max_elements must be at least 1, got {max_elements}")
    graph = graph_of(loss, model, names, users_frame())
    return described(graph, max_elements)


def described(graph: Graph, max_elements: int) -> Explanation:
    """The Explanation of a Graph."""
    chosen = choose(graph, max_elements)
    return Explanation(plain(graph, max_elements=max_elements, paths=chosen, checks=checks(graph, chosen), marks=marks(graph)))


def explain_failure(
    error: BaseException, model: Any = None, names: Mapping[Any, Any] | None = None, max_elements: int = 64
) -> Explanation:
    """The graph up to the op that raised this error, with the shapes that did not fit."""
    graph = graph_of_failure(error)
    at = called_in(error)
    name_graph(graph, model, names, at[0] if at else users_frame())
    note_kept(graph)
    return described(graph, max_elements)


class watch(Watch):
    """Within it, each step is noted while it is computed, so that explain() knows everything: `with watch(): loss = ...`.
    Steps take some microseconds longer, and copies of their inputs and results are held as long as the tape holds them. Where
    an op raises, the error passes on, and `seen.explain()` shows the graph up to it.
    >>> w = tensor(3.0, requires_grad=True)
    >>> with watch() as seen:
    ...     loss = (w * 2).tanh()
    >>> explain(loss)
    <Explanation of loss = 0.999988, 2 steps from 1 leaf>
    """

    def explain(self, **options: Any) -> Explanation:
        """explain() of the last result that is on the tape; if an op raised, of the graph that leads to its inputs."""
        if self.failed:
            return explain_failure(self.failed, **options)
        if self.last is None:
            raise RuntimeError("watch: nothing was recorded; does a tensor require grad, and was the loss computed within it?")
        return explain(self.last, **options)
