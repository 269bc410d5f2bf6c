"""Values that nobody noted: what is still known of a computation that was not watched.

Three sources, the surest first. What the steps hold for their vjps: the saved value of an input is the value of the step that
the edge leads to. The tensors of the program that are still alive. And computing again: where all inputs and options of a step
are known, its forward gives its result. A value that is known in two ways is compared; where the two differ, something was
changed behind the engine's back (w.data = ...), and what no step holds is not believed. An array that was written to in place
since it was used is not believed either. What stays unknown stays None, and a note says so.
"""

from __future__ import annotations

from gc import get_objects
from math import prod
from types import FrameType
from typing import Any

import numpy as np

from .. import random
from .._tensor import Tensor
from ..backend import Array, array_module, is_array
from ..operands import as_array
from ..tape import Node, own
from .graph import UNKNOWN, Graph, Place
from .lines import find_lines, written

COMPUTED = 2**28  # bytes: so much is computed again at most


def recover(graph: Graph, frame: FrameType | None = None) -> None:
    """Fill in the values of places and of constant inputs, and the options of steps, as far as they can be known for certain.
    With the frame of the caller also the lines, and the constants that the source names.
    """
    since, changed = times(graph), set[int]()
    from_saved(graph, since, changed)
    sure = {place.number for place in graph.places if place.value is not None}
    alive = living(graph, since, changed)
    doubted = fill_in(graph, sure, alive, set())
    unknown = [x for place in graph.places for x in place.inputs if x.place is None and x.value is UNKNOWN]
    find_lines(graph, frame)
    if any([x.value is not UNKNOWN for x in unknown]):
        doubted = fill_in(graph, sure, alive, doubted)
    note(graph, {n for n in changed | doubted if graph.places[n].value is None})


def fill_in(graph: Graph, sure: set[int], alive: dict[int, Array], doubted: set[int]) -> set[int]:
    """Give the values that are alive, and what can be computed from them. Return the numbers of the living that are wrong."""
    while True:
        for number, array in alive.items():
            if number not in doubted and graph.places[number].value is None:
                graph.places[number].value = array
        wrong = computed_again(graph, sure, alive)
        if wrong <= doubted:
            break
        doubted |= wrong  # begin again without these, and without what was computed from them
        for place in graph.places:
            place.value = place.value if place.number in sure else None
    for place in graph.places:
        if place.value is not None and not place.dtype:
            place.dtype = str(place.value.dtype)
    return doubted


def times(graph: Graph) -> list[float]:
    """Since when the value of each place must not have been written to: since it was made; a leaf's, since its first use."""
    since = [place.node.birth if isinstance(place.node, Node) else float("inf") for place in graph.places]
    for place in graph.places:
        for x in place.inputs if isinstance(place.node, Node) else ():
            if x.place is not None and graph.places[x.place].is_leaf:
                since[x.place] = min(since[x.place], place.node.birth)
    return since


def from_saved(graph: Graph, since: list[float], changed: set[int]) -> None:
    """What the steps hold for backward: values of inputs, their own results, options."""

    def at(number: int, value: Any, birth: float) -> None:
        place = graph.places[number]
        if written(value, min(since[number], birth)):
            changed.add(number)
        elif place.value is None and is_array(value) and value.shape == tuple(place.shape):
            place.value = value

    for place in graph.places:
        node = place.node
        if not isinstance(node, Node) or type(node.saved) is not tuple:  # freed, or to be computed by a checkpoint
            continue
        if not hasattr(node.op, "forward"):
            saved_by_function(graph, node, at)
            continue
        op, birth = node.op, node.birth
        for nth, kept in enumerate(node.saved):
            for name, value in zip(op.needs[0 if op.variadic else nth], kept or ()):
                if name == "out":
                    at(place.number, value, birth)
                elif name in op.options and name != "shape":  # in a vjp, `shape` is that of the input
                    if written(value, birth):
                        changed.add(place.number)
                    else:
                        place.options.setdefault(name, value)
                elif name in op.inputs:
                    first = op.inputs.index(name)
                    for x, part in zip(place.inputs[first:], value if op.variadic else (value,)):
                        if x.place is not None:
                            at(x.place, part, birth)
                        elif x.value is UNKNOWN and not written(part, birth):
                            x.value = part


def saved_by_function(graph: Graph, node: Node, at: Any) -> None:
    """What an autograd.Function gave to save_for_backward(): tensors with a place on the tape, or, by number, its outputs."""
    values, edges, _ = next((kept for kept in node.saved if kept is not None), ((), (), None))
    for value, edge in zip(values, edges):
        if isinstance(edge, int) and len(node.op.live) == 1:  # type: ignore[attr-defined]
            edge = node
        if value is not None and edge is not None and not isinstance(edge, int) and edge in graph.at:
            at(graph.at[edge], value, node.birth)


def living(graph: Graph, since: list[float], changed: set[int]) -> dict[int, Array]:
    """The arrays of the tensors that are alive, by the number of their place."""
    kinds = [Tensor]
    for kind in kinds:  # grows as it is read: also subclasses of subclasses
        kinds += kind.__subclasses__()
    found: dict[int, Array] = {}
    all_kinds = set(kinds)
    for x in [thing for thing in get_objects() if type(thing) in all_kinds]:
        node = getattr(x, "node", None)
        number = graph.at.get(node) if node is not None else graph.at.get(getattr(x, "_leaf", None))
        if number is None or not hasattr(x, "array") or tuple(x.array.shape) != tuple(graph.places[number].shape):
            continue
        if written(x.array, since[number]):
            changed.add(number)
        else:
            found.setdefault(number, x.array)
    return found


def computed_again(graph: Graph, sure: set[int], alive: dict[int, Array]) -> set[int]:
    """Compute each step whose inputs and options are known. Return the numbers of living tensors that must be wrong."""
    places, left = graph.places, COMPUTED
    for place in places:
        op = place.op
        forward = getattr(op, "forward", None)
        if forward is None or forward.__module__ == "tinygrad_lite.autograd.function":  # an output of a Function, not an op
            continue
        inputs = [places[x.place].value if x.place is not None else x.value for x in place.inputs]
        if any([(x is None and y.place is not None) or x is UNKNOWN for x, y in zip(inputs, place.inputs)]):
            continue
        for name, value in provable(graph, place).items():
            place.options.setdefault(name, value)
        size = prod(place.shape) * (8 if place.value is None else 0)
        if set(op.options).difference(place.options) or size > left:
            continue
        out = result(op, inputs, place.options)
        if place.value is not None and (out is None or not agree(out, place.value)):
            near = [place.number, *[x.place for x in place.inputs if x.place is not None]]
            if wrong := {n for n in sources(graph, near, sure) if n in alive}:
                return wrong
        elif place.value is None and out is not None and out.shape == tuple(place.shape):
            place.value, left = out, left - out.nbytes
    return set()


def result(op: Any, inputs: list[Any], options: dict[str, Any]) -> Array | None:
    """What the forward of an op makes of these; None if it raises. A user's is asked twice: it might draw numbers."""
    options = {name: options[name] for name in op.options}
    state = random.get_rng_state() if own(op) else None
    try:
        with np.errstate(all="ignore"):
            out = as_array(op.forward(*inputs, **options))
            return out if state is None or agree(out, as_array(op.forward(*inputs, **options))) else None
    except Exception:  # arrays that do not belong together, because one was replaced
        return None
    finally:
        if state is not None:
            random.set_rng_state(state)


def sources(graph: Graph, numbers: list[int], sure: set[int]) -> set[int]:
    """The places whose values these were computed from, without those that are sure."""
    found: set[int] = set()
    while numbers:
        number = numbers.pop()
        if number not in found and number not in sure:
            found.add(number)
            numbers += [x.place for x in graph.places[number].inputs if x.place is not None]
    return found


def provable(graph: Graph, place: Place) -> dict[str, Any]:
    """Options that no vjp asks for, where the shape of the result says what they were."""
    op, shape, known = place.op, tuple(place.shape), place.options
    found: dict[str, Any] = {}
    if own(op):
        return found
    if "shape" in op.options:
        found["shape"] = shape
    if op.name == "narrow" and "axis" in known and "start" in known:
        found["stop"] = known["start"] + shape[known["axis"]]
    if op.name == "pad" and "axis" in known:
        found["size"] = shape[known["axis"]]
    if op.name == "window_sum":
        found["found"] = None  # the same result, which was at hand already
    if op.name in ("norm", "var", "prod") and place.inputs[0].place is not None:
        found["keepdims"] = len(shape) == len(graph.places[place.inputs[0].place].shape)
    return found


def agree(x: Array, y: Array) -> bool:
    """Whether two arrays are the same, but for what a sum in another order changes."""
    if x is y:
        return True
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    xp = array_module(x)
    if bool((x == y).all()):
        return True
    if x.dtype.kind != "f":
        return False
    with np.errstate(all="ignore"):
        apart = xp.abs(x - y)
        same = (x == y) | ((x != x) & (y != y))
        largest = xp.where(xp.isfinite(y), xp.abs(y), 0).max()
        return bool((same | (apart <= 16 * np.finfo(x.dtype).eps * largest)).all())


def note(graph: Graph, changed: set[int]) -> None:
    """Say what is not known, and why."""
    if changed:
        names = [graph.places[n].name or (graph.places[n].op.name if graph.places[n].op else "a leaf") for n in sorted(changed)]
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        graph.notes.append(f"Changed in place since it was used, so its numbers then are not known: {shown}.")
    if missing := sum([place.value is None for place in graph.places]):
        what = f"{missing} of {len(graph.places)} values were not kept by anything"
        graph.notes.append(f"{what}. All are known if the loss is computed within `with tinygrad_lite.watch():`.")
