"""What each step of a Graph keeps until backward, which derivative asks for it, and how many bytes are held by it alone."""

from __future__ import annotations

from typing import Any

from ..backend import is_array, owner
from ..tape import Leaf
from .graph import Graph, Kept, Place


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
                n = int(part.size) * part.dtype.itemsize if is_array(part) else 0
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
    elif key not in made and kept.name in place.op.inputs:
        held[key], kept.why = place, "a constant of yours"
    else:
        held[key], kept.holds = place, whole
        kept.why = "" if whole == kept.bytes else f"a view: it keeps {size(whole)} alive"


def size(n: int) -> str:
    """A number of bytes: 512 B, 1.5 KiB, 3.0 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if n < 1024 or unit == "MiB":
            return f"{n} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024  # type: ignore[assignment]
    return ""
