"""What explain() knows of a computation: the graph, with the numbers that flowed forward and back.

A Graph is a list of places. A place is a leaf or the result of a step; a step has inputs, some of which are places and the
others constants. A Visit is one step of backward: the gradient that arrived there, and what was sent on to each input. All
other files of this package fill these records in or read them:

    noting.py    notes each step while the user's code runs
    collect.py   from a loss to its Graph; names.py, lines.py and recover.py add what no one noted
    walk.py      a backward pass of its own, which keeps all numbers: the Visits
    paths.py  replay.py  marks.py      why an element is this number; the check by difference; what to look at
    data.py      all of it, thinned, as plain data; page.py and text.py show it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..backend import Array

UNKNOWN: Any = object()  # an option or a constant that nothing kept


@dataclass(slots=True)
class Line:
    """A line of the user's program. `seen`: it was noted while it ran. Otherwise it was found in the source afterwards."""

    file: str
    number: int
    code: str = ""
    function: str = ""
    seen: bool = True


@dataclass(slots=True)
class Input:
    """One input of a step. `place` is None for a constant; `value` is then the number or array, or UNKNOWN."""

    name: str
    place: int | None
    value: Any = UNKNOWN


@dataclass(slots=True)
class Place:
    """A leaf (op is None), or the result of a step. `value` is None if nothing kept it. `number` is its position in
    Graph.places: leaves come before the first step that uses them, steps in the order in which they were made.
    """

    number: int
    node: Any  # a Leaf or Node
    shape: tuple[int, ...]
    dtype: str = ""
    value: Array | None = None
    name: str = ""  # w, layers.0.weight; "" if no variable holds it
    op: Any = None  # the tape's Op
    inputs: list[Input] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)  # only what is known
    line: Line | None = None
    module: int | None = None  # the innermost module that it was computed in: an index of Graph.modules
    kept: list[Kept] = field(default_factory=list)  # what the tape holds for the vjps
    gradient: Array | None = None  # the sum of all that arrived
    arrivals: list[tuple[int, int]] = field(default_factory=list)  # (visit, which of its `sent`) of each gradient that arrived
    hooks: int = 0  # how many gradient hooks are registered here; explain() does not call them

    @property
    def is_leaf(self) -> bool:
        return self.op is None


@dataclass(slots=True)
class Kept:
    """A value that a step holds until backward: its name in the vjps, and the inputs whose vjps ask for it. `holds` counts the
    bytes that would be free without it: 0 for a number, for a parameter's own memory, and for memory that an older step holds.
    """

    name: str
    inputs: tuple[str, ...]
    value: Any
    bytes: int = 0
    holds: int = 0
    why: str = ""  # why holds is less than bytes: "the memory of w", "held by step 3 too"


@dataclass(slots=True)
class Sent:
    """What one vjp made: `raw`, and after the sum over the axes that broadcasting had added, `x_g`, for the place `to`.
    `values` are what the vjp was given after g, by name.
    """

    nth: int
    to: int
    values: dict[str, Any]
    raw: Array
    axes: tuple[int, ...]  # of raw, which are summed; () without broadcasting
    x_g: Array


@dataclass(slots=True)
class Visit:
    """One step of backward, at a place: g is all of its gradient. `error` says why the engine's backward() would stop here."""

    place: int
    g: Array
    sent: list[Sent] = field(default_factory=list)
    lemmas: dict[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(slots=True)
class Module:
    """A call of a module: its path in the model (layers.0), its class, the module around it, and the places whose innermost
    module it is.
    """

    path: str
    kind: str
    text: str  # its repr, one line
    parent: int | None
    module: Any  # the nn.Module itself
    places: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Failure:
    """The op or function that raised, instead of a loss: its name, what it was called with, and the error."""

    op: str
    inputs: list[Input]
    options: dict[str, Any]
    error: str
    line: Line | None


@dataclass(slots=True)
class Graph:
    """The places in order, and after the walk the visits in the order of backward. `loss` is the place where backward begins
    (None if an op raised before there was a loss). `notes` say what is missing, and how to get it. `watched`: all steps were
    noted while they ran. `freed`: backward() has already been, and what the tape held is gone.
    """

    places: list[Place]
    loss: int | None
    visits: list[Visit] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    watched: bool = False
    freed: bool = False
    failure: Failure | None = None
    at: dict[Any, int] = field(default_factory=dict)  # the number of a Leaf or Node
