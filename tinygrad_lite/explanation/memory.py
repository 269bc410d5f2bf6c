"""memory(loss): what backward holds, step by step, the largest first, and which derivative asks for it.

A value that a vjp names is kept from forward until backward has passed its step. What would be free without it counts as held:
not a parameter's own memory, nor that of an input or constant that the user made, for these live on anyway; and memory that
several steps share counts once, for the oldest of them. A view keeps the whole array that it is a view of.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from ..backend import Array, is_array, owner
from ..tape import Leaf
from .graph import Graph, Kept, Line, Place


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
    from .collect import collect
    from .explain import check, name_graph, users_frame

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


def note_kept(graph: Graph) -> None:
    """Note at each step what the tape holds for its vjps."""
    outside, made = leaves(graph), made_by_steps(graph)
    held: dict[int, Place] = {}
    for place in graph.places:
        saved = None if place.is_leaf else place.node.saved
        if type(saved) is tuple:
            found: dict[tuple[str, int], Kept] = {}
            for nth, values in enumerate(saved):
                note(place, nth, values, found)
            place.kept = list(found.values())
            for kept in place.kept:
                count(kept, place, outside, made, held)


def leaves(graph: Graph) -> dict[int, Place]:
    """The leaves by the id of the memory in which they lie, as far as it is known."""
    found = {id(owner(place.value)): place for place in graph.places if place.is_leaf and place.value is not None}
    for place in graph.places:
        memory = place.node.seen.memory if hasattr(place.node, "seen") else ()
        found |= {
            key: graph.places[given.place]
            for key, given in zip(memory, place.inputs)
            if key is not None and given.place is not None and graph.places[given.place].is_leaf
        }
    return found


def made_by_steps(graph: Graph) -> set[int]:
    """The memory in which results of steps lie, by the id of its owner, as far as it is known."""
    found = set()
    for place in graph.places:
        if not place.is_leaf and type(place.node.saved) is tuple:
            op = place.op
            for nth, values in enumerate(place.node.saved):
                names = names_of(op, nth)
                for name, value in zip(names, values or ()):
                    of_step = name == "out" or (name in op.inputs and edge_of(place, name, nth) is not None)
                    if of_step and is_array(value):
                        found.add(id(owner(value)))
    return found


def edge_of(place: Place, name: str, nth: int) -> Any:
    edges = place.node.edges
    at = place.op.inputs.index(name) if not place.op.variadic else nth
    return edges[at] if at < len(edges) and type(edges[at]) is not Leaf else None


def names_of(op: Any, nth: int) -> tuple[str, ...]:
    """The names of what is saved for one vjp."""
    if not hasattr(op, "reads"):
        return ("saved tensors", "", "")  # an autograd.Function
    return op.needs[0 if op.variadic else nth]  # type: ignore[no-any-return]


def note(place: Place, nth: int, values: Any, found: dict[tuple[str, int], Kept]) -> None:
    """Add the values that are saved for one vjp to what was found; a value that several ask for is noted once."""
    given = place.inputs[nth].name
    for name, value in zip(names_of(place.op, nth), values or ()):
        if not name:
            continue
        for i, part in enumerate(value if type(value) in (tuple, list) and any(map(is_array, value)) else [value]):
            key = (name, id(part) if is_array(part) else i)
            if key in found:
                found[key].inputs += (given,) if given not in found[key].inputs else ()
            else:
                n = int(part.nbytes) if is_array(part) else 0
                found[key] = Kept(name, (given,), part, n)


def count(kept: Kept, place: Place, outside: dict[int, Place], made: set[int], held: dict[int, Place]) -> None:
    """How many bytes would be free without this value, and why if that is not all of them."""
    if not kept.bytes:
        return
    memory = owner(kept.value)
    key, whole = id(memory), int(getattr(memory, "nbytes", kept.bytes))
    if key in outside:
        kept.why = f"the memory of {outside[key].name or 'a leaf'}"
    elif key in held:
        before = held[key]
        kept.why = "" if before is place else f"held by {before.name or f'{before.op.name} {before.number}'} too"
    elif key not in made:
        held[key] = place
        kept.why, kept.holds = "a constant of yours" if kept.name in place.op.inputs else "", 0
        kept.holds = 0 if kept.why else whole
    else:
        held[key], kept.holds = place, whole
        kept.why = "" if whole == kept.bytes else f"a view: it keeps {size(whole)} alive"


def kind(array: Array) -> str:
    return f"{array.dtype}{list(array.shape)}"


def held(row: Row) -> str:
    return size(row.holds) + (f" ({row.why})" if row.why else "")


def size(n: int) -> str:
    """A number of bytes: 512 B, 1.5 KiB, 3.0 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if n < 1024 or unit == "MiB":
            return f"{n} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024  # type: ignore[assignment]
    return ""


def shown(line: Line | None) -> str:
    """A line as `file:12  h = x @ w`."""
    return "" if line is None else f"{line.file.rpartition('/')[2]}:{line.number}  {line.code}".rstrip()
