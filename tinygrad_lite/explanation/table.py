"""memory(loss): what backward holds, step by step, the largest first, and which derivative asks for it.

A value that a vjp names is kept from forward until backward has passed its step. What would be free without it counts as held:
not a parameter's own memory, nor that of an input or constant that the user made, for these live on anyway; and memory that
several steps share counts once, for the oldest of them. A view keeps the whole array that it is a view of.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from ..backend import Array
from ..recorder import users_frame
from .collect import collect
from .graph import Graph, Line
from .kept import note_kept, size
from .known import check, name_graph


@dataclass(slots=True)
class Row:
    """What one step holds: `step` is its label, `values` has the names, with the derivatives that ask for each (x for dy)."""

    step: str
    values: str
    kind: str
    bytes: int
    holds: int
    why: str
    line: str


class Memory:
    """The table of memory(loss): `rows`, the largest first, and `total`, the bytes that backward() will free."""

    def __init__(self, rows: list[Row], total: int, freed: bool) -> None:
        self.rows, self.total, self.freed = rows, total, freed

    def to_dict(self) -> dict[str, Any]:
        """The table as plain data."""
        names = Row.__slots__
        rows = [{name: getattr(row, name) for name in names} for row in self.rows]
        return {"rows": rows, "total": self.total, "freed": self.freed}

    def __str__(self) -> str:
        head = [("step", "keeps", "dtype and shape", "size", "held", "line")]
        table = head + [(r.step, r.values, r.kind, size(r.bytes), held(r), r.line) for r in self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(6)]
        right = (3,)
        lines = [
            "  ".join([text.rjust(n) if i in right else text.ljust(n) for i, (text, n) in enumerate(zip(row, widths))]).rstrip()
            for row in table
        ]
        return "\n".join([*lines, self.summary()])

    __repr__ = __str__

    def summary(self) -> str:
        """The total in words."""
        if self.freed:
            return "backward() has freed what the steps held; look before it, or call backward(retain_graph=True)"
        return f"held until backward: {size(self.total)}"

    def _repr_html_(self) -> str:
        head = ("step", "keeps", "dtype and shape", "size", "held", "line")
        body = [(r.step, r.values, r.kind, size(r.bytes), held(r), r.line) for r in self.rows]
        cells = ["".join([f"<td>{escape(text)}</td>" for text in row]) for row in body]
        titles = "".join([f"<th>{title}</th>" for title in head])
        rows = "".join([f"<tr>{row}</tr>" for row in cells])
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table><p>{escape(self.summary())}</p>"


def memory(loss: Any, model: Any = None, names: Any = None) -> Memory:
    """What the tape of `loss` holds until backward, step by step, the largest first.

    Each row is a step: the values that its vjps ask for, and for which derivative (`x for dy`); dtype and shape; their size;
    how much of that is held only by the tape, and why if that is less; and the user's line, if it is known. The sum of what is
    held is what backward() frees. `model` and `names` give names, as in explain().
    TypeError or RuntimeError as in explain().
    >>> x, w = ones(100, 50), ones(50, 10, requires_grad=True)
    >>> print(memory((x @ w).tanh().sum(), names={"w": w}))  # doctest: +ELLIPSIS
    step      keeps  ...
    """
    check(loss)
    frame = users_frame()
    graph = collect([loss.node])
    name_graph(graph, model, names, frame)
    note_kept(graph)
    return table(graph)


def table(graph: Graph) -> Memory:
    """The Memory of a Graph."""
    rows = []
    for place in graph.places:
        arrays = [kept for kept in place.kept if kept.bytes]
        if arrays:
            values = ", ".join([f"{kept.name} for {' and '.join([f'd{name}' for name in kept.inputs])}" for kept in arrays])
            kinds = ", ".join([kind(kept.value) for kept in arrays])
            why = ", ".join(dict.fromkeys([kept.why for kept in arrays if kept.why]))
            label = f"{place.name} = {place.op.name}" if place.name else f"{place.op.name} {place.number}"
            total, holds = sum([kept.bytes for kept in arrays]), sum([kept.holds for kept in arrays])
            rows.append(Row(label, values, kinds, total, holds, why, shown(place.line)))
    rows.sort(key=lambda row: (-row.holds, -row.bytes))
    return Memory(rows, sum([row.holds for row in rows]), graph.freed)


def kind(array: Array) -> str:
    return f"{array.dtype}{list(array.shape)}"


def held(row: Row) -> str:
    return size(row.holds) + (f" ({row.why})" if row.why else "")


def shown(line: Line | None) -> str:
    """A line as `file:12  h = x @ w`."""
    return "" if line is None else f"{line.file.rpartition('/')[2]}:{line.number}  {line.code}".rstrip()
