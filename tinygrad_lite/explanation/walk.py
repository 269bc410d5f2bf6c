"""A backward pass that keeps all of its numbers, and changes nothing: the Visits of a Graph.

It does what backward.walk does, in the same order, so that the numbers are the same to the last bit. It only reads the tape:
nothing is freed, no `.grad` is written, and no gradient hook is called. What the tape no longer holds, because backward() has
been, is put together again from what watch() noted, where it can be.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

from ..backend import array_module
from ..backward import misfit, unbroadcast
from ..inplace import check_unwritten, writes
from ..operands import as_array
from .graph import UNKNOWN, Graph, Place, Sent, Visit

Saved = tuple[Any, ...]


def walk(graph: Graph) -> None:
    """Fill in the visits, and the gradient and the arrivals of each place. Backward starts with 1 at the loss."""
    if graph.loss is None:
        return
    for place in graph.places:  # what is known of a place is known of the inputs that are this place
        for given in place.inputs:
            if given.value is UNKNOWN and given.place is not None and graph.places[given.place].value is not None:
                given.value = graph.places[given.place].value
    loss = graph.places[graph.loss]
    loss.gradient = one_like(loss)
    waiting = [] if loss.is_leaf else [(-loss.node.birth, loss.number)]
    while waiting:
        place = graph.places[heappop(waiting)[1]]
        visit = Visit(place.number, place.gradient)
        graph.visits.append(visit)
        try:
            send(place, visit, graph)
        except Exception as error:
            visit.error = f"{type(error).__name__}: {error}"
            visit.sent.clear()
        for nth, sent in enumerate(visit.sent):
            there = graph.places[sent.to]
            if there.gradient is None and not there.is_leaf:
                heappush(waiting, (-there.node.birth, there.number))
            there.gradient = sent.x_g if there.gradient is None else as_array(there.gradient + sent.x_g)
            there.arrivals.append((len(graph.visits) - 1, nth))


def one_like(loss: Place) -> Any:
    """The gradient of the loss with respect to itself."""
    known = loss.value
    if known is None:
        raise RuntimeError("explain: the value of the loss is not known")
    return array_module(known).array(1, known.dtype).reshape(loss.shape)


def send(place: Place, visit: Visit, graph: Graph) -> None:
    """Call the vjps of a step, with the gradient that arrived there."""
    node, op, g = place.node, place.node.op, visit.g
    saved: Any = values_of(place)
    if node.birth < writes.last and type(node.saved) is tuple:
        check_unwritten(node)
    if op.lemmas:
        reads = op.with_lemmas(g, saved)
        if hasattr(op, "reads"):
            visit.lemmas = lemmas_in(op, reads)
    else:
        reads = saved
    for nth, (edge, vjp, values) in enumerate(zip(node.edges, op.vjps, reads)):
        if values is None:
            continue
        raw = None
        try:
            raw = as_array(vjp(g, *values))
            x_g = raw if raw.shape == edge.shape else as_array(unbroadcast(raw, edge.shape))
        except (AttributeError, TypeError, ValueError, IndexError) as error:
            raise misfit(node, edge, vjp, raw, error) from error
        extra = len(raw.shape) - len(edge.shape)
        axes = tuple([i for i, n in enumerate(raw.shape) if i < extra or (edge.shape[i - extra] == 1 and n != 1)])
        names = op.reads[0 if op.variadic else nth] if hasattr(op, "reads") else ()
        visit.sent.append(Sent(nth, graph.at[edge], dict(zip(names, values)), raw, axes, x_g))


def lemmas_in(op: Any, reads: list[Any]) -> dict[str, Any]:
    """The values of the lemmas that the vjps were given."""
    given = [dict(zip(names, values)) for names, values in zip(op.reads, reads) if values is not None]
    return {name: value for values in given for name, value in values.items() if name in op.lemmas}


def values_of(place: Place) -> list[Saved | None] | Saved:
    """What the tape saved for each vjp of a step. RuntimeError if it is not there, and not known otherwise."""
    node, op = place.node, place.op
    if type(node.saved) is tuple:
        return node.saved
    if node.saved is not None:
        return node.saved()  # type: ignore[no-any-return]  # utils.checkpoint: computed anew
    if not hasattr(op, "keeps"):
        raise RuntimeError(f"what {op.name} saved was freed by backward(); call explain() before it, or retain_graph=True")
    return [None if edge is None else saved_again(place, nth) for nth, edge in enumerate(node.edges)]


def saved_again(place: Place, nth: int) -> Saved:
    """What a step had saved for its nth vjp, put together from its inputs, its result and its options."""
    op, at = place.op, 0 if place.op.variadic else nth
    known: dict[str, Any] = {**dict.fromkeys(op.options, UNKNOWN), **place.options, "out": place.value, "nth": nth}
    shape = tuple(place.node.edges[nth].shape)
    if op.variadic:
        known[op.inputs[0]] = [given.value for given in place.inputs]
    else:
        known |= {name: given.value for name, given in zip(op.inputs, place.inputs)}
    found = [shape if name == "shape" else known[name] for name in op.needs[at]]
    for name, value in zip(op.needs[at], found):
        if value is UNKNOWN or (name == "out" and value is None):
            what = f"what {op.name} saved ({name}) was freed by backward()"
            raise RuntimeError(f"{what}; call explain() before it, or backward(retain_graph=True)")
    return tuple(found)
