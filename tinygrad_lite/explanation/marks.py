"""What to look at: elements where the derivative is a convention, units that are off, saturation, where a nan or inf was born,
and gradients that are 0, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import is_array, put
from .conventions import CONVENTIONS, CUTS, FLAT, TIES, Values
from .graph import UNKNOWN, Graph, Input, Place, Sent, Visit
from .paths import Steps, flat, largest_first, terms

MOST = 20  # elements that a mark lists
SATURATED = 1e-3
ASKED = 6  # of so many rows or elements of a gradient that are 0 the reason is looked for
UNITS = frozenset(["relu", "threshold", "hardtanh", "hardswish", "hardshrink", "softshrink"])
CENTRED = {
    "normalized_batch": "batch norm subtracts the mean, so a shift before it changes nothing",
    "normalized": "the mean is subtracted, so a shift before it changes nothing",
    "softmax": "softmax does not change if all scores are shifted alike",
    "cross_entropy": "softmax does not change if all scores are shifted alike",
    "log_softmax": "softmax does not change if all scores are shifted alike",
    "centred": "the mean is subtracted, so a shift before it changes nothing",
}


@dataclass(slots=True)
class Mark:
    """Something to look at in the value or the gradient of a place: its kind, a sentence, some elements, how many there are."""

    place: int
    of: str
    kind: str
    text: str
    elements: list[int]
    count: int


def marks(graph: Graph) -> list[Mark]:
    """All marks of a graph, in the order of the places."""
    found: list[Mark] = []
    with np.errstate(all="ignore"):
        for place in graph.places:
            if place.value is not None and place.value.size:
                found += born_forward(graph, place)
                if place.op is not None:
                    found += conventions(graph, place) + units(graph, place) + saturated(place)
        for visit in graph.visits:
            for sent in visit.sent:
                found += born_backward(graph, visit, sent)
        known = Steps(graph)
        for place in graph.places:
            if place.is_leaf and graph.visits:
                found += zeros(known, place)
    return sorted(found, key=lambda mark: mark.place)


def mark(place: Place, of: str, kind: str, text: str, mask: Any) -> list[Mark]:
    """A Mark at the elements where the mask is true, if there are any."""
    at = np.flatnonzero(mask)
    return [Mark(place.number, of, kind, text, at[:MOST].tolist(), len(at))] if len(at) else []


def known_value(graph: Graph, given: Input) -> Any:
    """The value of an input, None if it is not known."""
    value = given.value
    if value is UNKNOWN and given.place is not None:
        value = graph.places[given.place].value
    return None if value is UNKNOWN else put(value, "cpu") if is_array(value) else value


def values(graph: Graph, place: Place) -> Values:
    """The inputs, options and result of a step that are known, by name."""
    known = {given.name: known_value(graph, given) for given in place.inputs} | place.options | {"out": put(place.value, "cpu")}
    return {name: value for name, value in known.items() if value is not None and value is not UNKNOWN}


def conventions(graph: Graph, place: Place) -> list[Mark]:
    """Elements of a step's result, or of its input, where its derivative is a convention."""
    if place.op.name in FLAT:
        text = f"the derivative of {place.op.name} is 0 everywhere, so no gradient passes"
        return mark(place, "value", "zero", text, np.ones(place.value.shape, bool))  # type: ignore[union-attr]
    for table in (CONVENTIONS, TIES):
        if place.op.name in table:
            points, text = table[place.op.name]
            try:
                at = points(values(graph, place))
            except (KeyError, TypeError, ValueError):
                return []  # something that the rule asks for is not known
            there = place if table is CONVENTIONS or place.inputs[0].place is None else graph.places[place.inputs[0].place]
            return mark(there, "value", "convention", text, at)
    return []


def units(graph: Graph, place: Place) -> list[Mark]:
    """Units of an activation that are 0 for every input of the batch."""
    if place.op.name not in UNITS or len(place.shape) < 2:
        return []
    out = put(place.value, "cpu")
    axes = (0, *range(2, out.ndim)) if out.ndim > 2 else (0,)
    off = (out == 0).all(axes)
    if not off.any():
        return []
    where = np.flatnonzero(off)
    names = ", ".join(map(str, where[:8])) + (", ..." if len(where) > 8 else "")
    what = f"{len(where)} of {off.size} units ({names})" if len(where) > 1 else f"unit {names}"
    be = "are" if len(where) > 1 else "is"
    rows = out.shape[0]
    text = f"{what} {be} off for this input" if rows == 1 else f"{what} {be} 0 for all {rows} inputs: dead for this batch"
    mask = np.zeros(out.shape, bool)
    mask[(slice(None), off)] = True
    return mark(place, "value", "dead", f"{text}, so no gradient passes", mask)


def saturated(place: Place) -> list[Mark]:
    """Elements of a sigmoid, tanh or softmax whose derivative is nearly 0."""
    out, name = put(place.value, "cpu"), place.op.name
    if name == "tanh":
        mask = 1 - out * out < SATURATED
    elif name in ("sigmoid", "softmax"):
        mask = out * (1 - out) < SATURATED if name == "sigmoid" else out > 1 - SATURATED
    else:
        return []
    text = f"{int(mask.sum())} of {out.size} are saturated: the derivative is below {SATURATED} there"
    return mark(place, "value", "saturated", text, mask)


def born_forward(graph: Graph, place: Place) -> list[Mark]:
    """Elements that became nan although no input is nan there, or infinite although all inputs are finite there."""
    out = put(place.value, "cpu")
    if not not_finite(out).any():
        return []
    given = [] if place.op is None else [(one.name, known_value(graph, one)) for one in place.inputs]
    found = []
    for kind, broken in kinds(out):
        born = broken & ~spoilt(kind, [x for _, x in given if is_array(x)], out.shape)
        if born.any():
            first = int(np.flatnonzero(born)[0])
            text = f"{kind} is in this leaf itself, not computed"
            if place.op is not None:
                parts = [f"{name} = {short(x, first, out)}" for name, x in given if x is not None and short(x, first, out)]
                text = f"born here: {place.op.name} made {flat(out)[first]} at {index(first, out.shape)}{origin(parts)}"
            found += mark(place, "value", kind, text, born)
    return found


def born_backward(graph: Graph, visit: Visit, sent: Sent) -> list[Mark]:
    """The same of a gradient: where neither the gradient that arrived nor what forward had saved explains the nan or inf."""
    x_g, g = put(sent.x_g, "cpu"), put(visit.g, "cpu")
    if not not_finite(x_g).any():
        return []
    given = [("g", g), *[(name, put(value, "cpu")) for name, value in sent.values.items() if is_array(value)]]
    found = []
    for kind, broken in kinds(x_g):
        born = broken & ~spoilt(kind, [x for _, x in given], x_g.shape)
        if born.any():
            first = int(np.flatnonzero(born)[0])
            parts = [f"{name} = {short(x, first, x_g)}" for name, x in given if short(x, first, x_g)]
            op, number = graph.places[visit.place].op.name, flat(x_g)[first]
            text = f"born here: backward through {op} made {number} at {index(first, x_g.shape)}{origin(parts)}"
            found += mark(graph.places[sent.to], "gradient", kind, text, born)
    return found


def spoilt(kind: str, inputs: list[Any], shape: tuple[int, ...]) -> Any:
    """Where one of the inputs explains a nan (it is nan) or an inf (it is nan or inf). If it has another shape: everywhere."""
    found = np.zeros(shape, bool)
    for x in inputs:
        bad = (np.isnan(x) if kind == "nan" else ~np.isfinite(x)) if x.dtype.kind == "f" else np.zeros((), bool)
        if bad.any():
            found = found | (bad if bad.shape in (shape, ()) else True)
    return found


def kinds(x: Any) -> list[tuple[str, Any]]:
    """Where x is nan and where it is infinite; only the kinds that there are."""
    return [(kind, mask) for kind, mask in (("nan", np.isnan(x)), ("inf", np.isinf(x))) if mask.any()]


def origin(parts: list[str]) -> str:
    return f", from {', '.join(parts)}" if parts else ""


def not_finite(x: Any) -> Any:
    return ~np.isfinite(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)


def short(x: Any, element: int, like: Any) -> str:
    """The number of x that belongs to an element of an array `like`; "" if that cannot be said."""
    if not is_array(x):
        return f"{x:.6g}" if isinstance(x, (int, float)) else ""
    if x.shape == like.shape:
        return f"{flat(x)[element]:.6g}"
    return f"{flat(x)[0]:.6g}" if x.size == 1 else ""


def index(element: int, shape: tuple[int, ...]) -> str:
    return str([int(i) for i in np.unravel_index(element, shape)]) if shape else "the number"


def zeros(known: Steps, leaf: Place) -> list[Mark]:
    """Why the gradient of a leaf, or of some rows or elements of it, is 0."""
    if leaf.gradient is None:
        if any([visit.error for visit in known.graph.visits]):
            return []  # it may be that backward did not come so far
        return [Mark(leaf.number, "gradient", "zero", "no gradient arrives: the loss does not depend on it", [], 0)]
    g = put(leaf.gradient, "cpu")
    zero = g == 0
    if not g.size or g.dtype.kind != "f":
        return []
    if not zero.any():
        return only_rounding(known, leaf, g)
    found: list[Mark] = []
    reasons: dict[str, list[int]] = {}
    rows = zero.reshape(zero.shape[0], -1).all(1) if zero.ndim > 1 else np.zeros(0, bool)
    if zero.all():
        asked = [(0, "all of it")]
    elif rows.any():
        width = g.size // len(rows)
        asked = [(int(row) * width, f"row {row}") for row in np.flatnonzero(rows)[:ASKED]]
    else:
        asked = [(int(i), index(int(i), g.shape)) for i in np.flatnonzero(zero)[:ASKED]]
    named: dict[str, list[str]] = {}
    for element, what in asked:
        reason = why(known, leaf, element)
        reasons.setdefault(reason, []).append(element)
        named.setdefault(reason, []).append(what)
    for reason, elements in reasons.items():
        text = f"{' and '.join(named[reason])}: the gradient is 0, because {reason}"
        found.append(Mark(leaf.number, "gradient", "zero", text, elements, int(zero.sum())))
    return found if zero.all() else found + only_rounding(known, leaf, g)


def why(known: Steps, place: Place, element: int) -> str:
    """Why an element of a gradient is 0: followed back to the step that cut it off."""
    reasons: list[str] = []
    for _ in range(len(known.graph.places)):
        after = None
        for at, nth in place.arrivals:
            visit = known.graph.visits[at]
            step = known.graph.places[visit.place]
            label = step.name or f"{step.op.name} {step.number}"
            try:
                elements, local, product = terms(known, at, nth, element)
            except LookupError:
                reasons.append(f"{step.op.name} at {label} sent 0")
                continue
            linked = np.asarray(local) != 0
            g = flat(put(visit.g, "cpu"))[elements]
            if not linked.any():
                reasons.append(f"{cut(step.op.name)} (step {step.number}, {label})")
            elif not (g[linked] != 0).any():
                after = after or (step, int(np.asarray(elements)[linked][0]))
            elif not np.any(product):
                reasons.append(f"the products with g are too small for the dtype (step {step.number}, {label})")
            else:
                n = int(np.count_nonzero(product))
                reasons.append(f"the {n} terms from step {step.number}, {label}, cancel{cancels(known, step)}")
        if after is None:
            break
        place, element = after
    return " and ".join(dict.fromkeys(reasons)) or "no gradient arrives"


def cut(op: str) -> str:
    return CUTS.get(op, f"the derivative of {op} is 0 everywhere" if op in FLAT else f"the derivative of {op} is 0 there")


def cancels(known: Steps, step: Place) -> str:
    """The reason why the gradients that a step got add up to 0, if it is one that centres."""
    ops = [known.graph.places[known.graph.visits[at].place].op.name for at, _ in step.arrivals]
    found = [CENTRED[name] for name in (step.op.name, *ops) if name in CENTRED]
    return f": {found[0]}" if found else ""


def only_rounding(known: Steps, leaf: Place, g: Any) -> list[Mark]:
    """A gradient that is 0 but for rounding: its terms are far larger than their sum, for every element."""
    largest = int(np.argmax(np.absolute(g)))
    size = 0.0
    for at, nth in leaf.arrivals:
        try:
            _, _, product = terms(known, at, nth, largest)
        except LookupError:
            return []
        listed = np.asarray(product)[largest_first(np.asarray(product), 1)]
        size += float(np.absolute(listed).sum())
    if not np.isfinite(size) or abs(float(flat(g)[largest])) > size * 32 * float(np.finfo(g.dtype).eps):
        return []
    step = known.graph.places[known.graph.visits[leaf.arrivals[0][0]].place] if leaf.arrivals else leaf
    reason = cancels(known, step) if step.op is not None else ""
    most = abs(float(flat(g)[largest]))
    text = f"0 but for rounding: at most {most:.2g}, where the terms together are {size:.2g} in size{reason}"
    return [Mark(leaf.number, "gradient", "zero", text, [largest], g.size)]
