"""Why is this element of a gradient this number? It is a sum, and a Path has its terms.

A gradient is the sum of what arrived, and what arrived was sent by a vjp: element i of it is the sum over j of g[j] times the
derivative of out[j] with respect to x[i], where g is the gradient at the step's result. So a term is four numbers: where g was
(place and element), the local derivative, g there, and their product. From a term one can go on to the path of that g, up to
the loss. `path` makes one Path, `choose` those that a page shows.

How the local derivatives are found, for one i, in the order tried:
    element by element   out[j] depends on x[j] only: the vjp of ones has all local derivatives (SEPARATE)
    a product            a column of the one matrix and a column of g (PRODUCTS)
    any other op         a vjp is linear in g and made of differentiable ops: its derivative with respect to g has them
    none of these        a vjp that computes outside of the tape, in NumPy say: it is called for one unit vector after another
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import getclosurevars
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..backend import array_module, is_array, put
from ..backward import grad
from ..grad_mode import enable_grad, no_grad
from ..ops.neural.linear import rows
from ..recorder import seam
from .graph import Graph, Place, Sent, Visit
from .walk import values_of

MODULES = "arithmetic choice error_function exponential logarithmic numbers rounding special trigonometric neural.activation"
OTHERS = "cast clone move expand root bce bce_with_logits huber scale_and_shift"
SEPARATE = frozenset([f"tinygrad_lite.ops.{name}" for name in MODULES.split()]), frozenset(OTHERS.split())
PROBES = 256  # so many unit vectors at most
EPSILONS = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-8}  # how well a sum of terms must agree with what was sent


class Term(NamedTuple):
    """g[j] · ∂out[j]/∂x[i]: the place of the step's result, j, the local derivative, g[j], and the product."""

    place: int
    element: int
    local: float
    g: float
    product: float


@dataclass(slots=True)
class Path:
    """Element `total` of a gradient as a sum: the largest terms first (nan and inf before them), the count of all that are not
    0, and the sum of those not listed. `text` says why there are no terms.
    """

    total: float
    terms: list[Term]
    count: int
    rest: float
    text: str = ""


@dataclass(slots=True)
class Steps:
    """The Graph of which paths are asked for, and what was computed for earlier ones: by visit and which of its `sent`."""

    graph: Graph
    locals: dict[tuple[int, int], Any] = field(default_factory=dict)
    recorded: dict[tuple[int, int], Any] = field(default_factory=dict)


def path(graph: Graph, place: int, element: int, most: int = 6, known: Steps | None = None) -> Path:
    """The terms of one element (its flat index) of the gradient at a place, of which the `most` largest are listed."""
    at = graph.places[place]
    if at.gradient is None:
        return Path(0.0, [], 0, 0.0, "no gradient arrives here")
    total = number(at.gradient, element)
    if not at.arrivals:
        return Path(total, [], 0, total, "backward begins here")
    parts, known = [], known or Steps(graph)
    for nth_visit, nth in at.arrivals:
        visit = graph.visits[nth_visit]
        try:
            with np.errstate(all="ignore"):
                elements, local, product = terms(known, nth_visit, nth, element)
        except LookupError as error:
            return Path(total, [], 0, total, str(error))
        parts.append((np.full(len(elements), visit.place), elements, local, flat(visit.g)[elements], product))
    columns = parts[0] if len(parts) == 1 else [np.concatenate(part) for part in zip(*parts)]
    order = largest_first(columns[4], most)
    listed, others = order[:most], order[most:]
    with np.errstate(all="ignore"):
        rest = float(columns[4][others].sum()) if len(others) else 0.0
    found = [Term(*row) for row in zip(*[column[listed].tolist() for column in columns])]
    return Path(total, found, len(order), rest)


def largest_first(x: Any, most: int) -> Any:
    """Where x is not 0: the `most` largest |x| first (nan and inf before them), the others in any order."""
    order = np.flatnonzero(x)
    if len(order) < 2:
        return order
    size = -np.nan_to_num(np.absolute(x[order]), nan=np.inf, posinf=np.inf)
    if len(order) <= most:
        return order[np.argsort(size, kind="stable")]
    parted = np.argpartition(size, most - 1)
    first = np.sort(parted[:most])  # of equal ones, the first in the array comes first
    first = first[np.argsort(size[first], kind="stable")]
    return order[np.concatenate([first, parted[most:]])]


def terms(known: Steps, nth_visit: int, nth: int, element: int) -> tuple[Any, Any, Any]:
    """The j for which out[j] depends on x[i], the local derivatives, and their products with g[j]. LookupError if they are not
    known.
    """
    visit = known.graph.visits[nth_visit]
    sent, place = visit.sent[nth], known.graph.places[visit.place]
    start, g, key = start_of_part(place), flat(visit.g), (nth_visit, nth)
    if start is not None:
        elements = np.array([element - start] * (start <= element < start + g.size), int)
        return elements, np.ones(len(elements)), g[elements]
    at = summed_into(element, sent)
    if is_separate(place) and sent.raw.shape == visit.g.shape:
        if key not in known.locals:
            known.locals[key] = flat(pulled(place, sent, array_module(visit.g).ones_like(visit.g)))
        return at, known.locals[key][at], flat(sent.raw)[at]
    if place.op.name in PRODUCTS and is_ours(place):
        elements, local = PRODUCTS[place.op.name](visit, sent, place.op.inputs[sent.nth], at)
    else:
        column = column_of(known, key, place, visit, sent, at)
        elements = np.flatnonzero((column != 0) | ~np.isfinite(g))
        local = column[elements]
    product = local.astype(np.float64) * g[elements]
    wanted = flat(sent.raw)[at].astype(np.float64).sum()
    if np.isfinite(wanted):  # the op left out what would be 0 · inf
        product[local == 0] = 0
    found, size = product.sum(), np.absolute(product).sum()
    close = np.absolute(found - wanted) <= EPSILONS.get(str(sent.raw.dtype), 1e-4) * size
    if not (close or found == wanted or (found != found and wanted != wanted)):
        raise LookupError(f"the terms are not known: their sum would be {found:.6g}, and {place.op.name} sent {wanted:.6g}")
    return elements, local, product


def summed_into(element: int, sent: Sent) -> Any:
    """The flat positions in `raw` that are summed into one element of x_g: several where broadcasting is undone."""
    if not sent.axes:
        return np.array([element])
    index = (0,) * (sent.raw.ndim - sent.x_g.ndim) + np.unravel_index(element, sent.x_g.shape)
    at = np.zeros(1, np.int64)
    for axis, (n, i) in enumerate(zip(sent.raw.shape, index)):
        at = (at[:, None] * n + (np.arange(n) if axis in sent.axes else i)).reshape(-1)
    return at


def is_ours(place: Place) -> bool:
    """Whether its op is one of ops/, not the user's own."""
    return str(getattr(getattr(place.op, "forward", None), "__module__", "")).startswith("tinygrad_lite.ops.")


def is_separate(place: Place) -> bool:
    """Whether each out[j] depends on the x[j] only, after broadcasting."""
    modules, others = SEPARATE
    return is_ours(place) and (place.op.forward.__module__ in modules or place.op.name in others)


def start_of_part(place: Place) -> int | None:
    """Where an output of an autograd.Function, one of several, begins in the vector of all; None for any other step."""
    forward = getattr(place.op, "forward", None)
    if getattr(forward, "__module__", "") != "tinygrad_lite.autograd.function":
        return None
    return getclosurevars(place.op.vjps[0]).nonlocals.get("start")


# The vjp once more, for another g


@contextmanager
def quiet() -> Iterator[None]:
    """So that no Recorder hears of what explain() computes."""
    recorders, seam.recorders = seam.recorders, ()
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        seam.recorders = recorders


def pulled(place: Place, sent: Sent, g: Any) -> Any:
    """What the vjp makes of another g: of an array, or of a Tensor, and then with the saved values as Tensors."""
    op, as_given = place.node.op, not isinstance(g, Tensor)
    at = 0 if op.variadic else sent.nth
    with quiet(), no_grad() if as_given else enable_grad():
        if op.lemmas:
            kept = [values if n == sent.nth else None for n, values in enumerate(values_of(place))]
            if hasattr(op, "starts"):  # a Function: as if a gradient had come to all of its outputs
                op.reached.update(op.starts)
                if not as_given:  # a result that is a Tensor with a node asks it to record its backward
                    kept = [v and (v[0], (None,) * len(v[0]), Tensor._of(g.array, g.node)) for v in kept]
            elif not as_given:
                kept = [None if values is None else wrapped(op, op.needs[at], values) for values in kept]
            values = op.with_lemmas(g, kept)[sent.nth]
        else:
            values = tuple(sent.values.values())
            values = values if as_given else wrapped(op, op.reads[at], values)
        vjp = next(v for n, v in enumerate(op.vjps) if n == sent.nth)
        return vjp(g, *values)


def wrapped(op: Any, names: Any, values: Any) -> tuple[Any, ...]:
    """Saved values, with the inputs and the result as Tensors without a history."""
    made: list[Any] = []
    for name, value in zip(names, values):
        if op.variadic and name == op.inputs[0]:
            made.append(tuple(map(Tensor._of, value)))
        else:
            made.append(Tensor._of(value) if name in (*op.inputs, "out") and is_array(value) else value)
    return tuple(made)


def column_of(known: Steps, key: tuple[int, int], place: Place, visit: Visit, sent: Sent, at: Any) -> Any:
    """For each j, the local derivative: that of the sum of raw[at] with respect to g[j]."""
    if key not in known.recorded:
        known.recorded[key] = recorded(place, visit, sent)
    g, raw = known.recorded[key]
    xp = array_module(visit.g)
    if raw is None:
        return probed(place, visit, sent, at)
    seed = xp.zeros(raw.shape, raw.dtype)
    seed.reshape(-1)[xp.asarray(at)] = 1
    with quiet():
        (column,) = grad(raw, g, Tensor._of(seed), retain_graph=True, materialize_grads=True)
    made = flat(column.array)  # it can be nan where the vjp is not: of inf and -inf, say
    return probed(place, visit, sent, at) if made.size <= PROBES and not np.isfinite(made).all() else made


def recorded(place: Place, visit: Visit, sent: Sent) -> tuple[Any, Any]:
    """A new g and, on a tape of its own, what the vjp makes of it; None for the latter if it computes outside of the tape."""
    g = Tensor._of(array_module(visit.g).array(visit.g)).requires_grad_()
    try:
        raw = pulled(place, sent, g)
        if not isinstance(raw, Tensor) or raw.node is None or raw.shape != sent.raw.shape:
            return g, None
        with quiet():  # and backward through it must be possible, and give the numbers that were sent
            (once,) = grad(raw, g, Tensor._of(array_module(visit.g).ones_like(raw.array)), retain_graph=True)
            found, wanted = float((once.array * visit.g).sum()), float(sent.raw.sum())
            size = float(np.absolute(once.array * visit.g).sum()) + float(np.absolute(sent.raw).sum())
        same = not np.isfinite(size) or np.absolute(found - wanted) <= EPSILONS.get(str(raw.dtype), 1e-4) * size
        return g, raw if same else None
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError, IndexError):
        return g, None


def probed(place: Place, visit: Visit, sent: Sent, at: Any) -> Any:
    """The same by unit vectors in place of g."""
    if visit.g.size > PROBES:
        raise LookupError(f"the terms are not known: {place.op.name} computes its vjp outside of the tape")
    xp, made = array_module(visit.g), np.zeros(visit.g.size)
    for j in range(visit.g.size):
        unit = xp.zeros(visit.g.shape, visit.g.dtype)
        unit.reshape(-1)[j] = 1
        try:
            made[j] = flat(pulled(place, sent, unit))[at].sum()
        except Exception as error:
            raise LookupError(f"the terms are not known: {type(error).__name__}: {error}") from error
    return made


# Products of matrices


def terms_of_linear(visit: Visit, sent: Sent, name: str, at: Any) -> tuple[Any, Any]:
    """Of out[r, o] = Σ x[r, i] weight[o, i] + bias[o]."""
    n = visit.g.shape[-1]
    every = visit.g.size // max(n, 1)
    if name == "x":
        weight = numbers(sent.values["weight"])
        r, i = divmod(int(at[0]), weight.shape[1])
        return r * n + np.arange(n), weight[:, i]
    if name == "bias":
        return np.arange(every) * n + at[0], np.ones(every)
    x = numbers(rows(sent.values["x"]))
    o, i = divmod(int(at[0]), x.shape[1])
    return np.arange(every) * n + o, x[:, i]


def terms_of_matmul(visit: Visit, sent: Sent, name: str, at: Any) -> tuple[Any, Any]:
    """Of out[n, m] = Σ x[n, k] y[k, m], matrix by matrix."""
    (n, m), mine = visit.g.shape[-2:], sent.raw.shape
    other: Any = numbers(sent.values["y" if name == "x" else "x"])
    other = np.broadcast_to(other, (*visit.g.shape[:-2], *other.shape[-2:]))
    elements: list[Any] = [np.zeros(0, int)]
    local: list[Any] = [np.zeros(0)]
    for position in at.tolist():
        *batch, row, column = (int(k) for k in np.unravel_index(position, mine))
        start = int(np.ravel_multi_index(batch, mine[:-2])) * n * m if batch else 0
        if name == "x":
            elements.append(start + row * m + np.arange(m))
            local.append(other[(*batch, column)])
        else:
            elements.append(start + np.arange(n) * m + column)
            local.append(other[(*batch, slice(None), row)])
    return np.concatenate(elements), np.concatenate(local)


PRODUCTS = {"linear": terms_of_linear, "matmul": terms_of_matmul}


# Numbers


def numbers(array: Any) -> Any:
    """An array as NumPy's, wherever it is."""
    return array if isinstance(array, (np.ndarray, np.generic)) else put(array, "cpu")


def flat(array: Any) -> Any:
    """Its numbers, row by row."""
    return np.asarray(numbers(array)).reshape(-1)


def number(array: Any, element: int) -> float:
    return float(flat(array)[element])


# Which of them a page shows

LISTED = 20_000  # terms, about 1 MB of a page
SHOWN = 8  # of a large array, so many of the largest


def choose(graph: Graph, max_elements: int, budget: float = 0.5) -> dict[int, dict[int, Path]]:
    """The paths that a page shows: {place: {element: Path}}. Of arrays of at most max_elements elements all, of larger ones the
    largest |gradient|, and the corners; and those of each g that a listed term leads to, first of all along the largest terms
    up to the loss. Half of it is for the leaves and what they lead to, the rest for the results of the steps. All together they
    take about `budget` seconds and have at most LISTED terms; what they take is estimated, so that a page has the same paths on
    every machine.
    """
    chosen: dict[int, dict[int, Path]] = {}
    known, room, left, stop = Steps(graph), float(LISTED), budget * 1e6, perf_counter() + 4 * budget
    places = [place for place in graph.places if place.gradient is not None]
    leaves, steps = [[place for place in places if place.is_leaf == is_leaf] for is_leaf in (True, False)]
    for nth, at in enumerate([*leaves, *steps]):
        shares = 2 * len(leaves) - nth if nth < len(leaves) else len(places) - nth
        least = left - left / shares, room - room / shares
        waiting = deque([(at.number, element) for element in worth_showing(at, max_elements)])
        while waiting and left > least[0] and room > least[1] and perf_counter() < stop:
            number, element = waiting.popleft()
            of = chosen.setdefault(number, {})
            if element not in of:
                left -= cost(known, graph.places[number])
                of[element] = path(graph, number, element, known=known)
                room -= 1 + len(of[element].terms)
                further = [(term.place, term.element) for term in of[element].terms]
                waiting.extendleft(further[:1])
                waiting += further[1:]
    return chosen


def worth_showing(place: Place, max_elements: int) -> list[int]:
    """The elements of a gradient that are shown in any case: all of a small one."""
    g = flat(place.gradient)
    if g.size <= max_elements:
        return list(range(g.size))
    columns = place.shape[-1]
    size = np.nan_to_num(np.absolute(g), nan=np.inf, posinf=np.inf)
    largest = np.argpartition(-size, SHOWN)[:SHOWN]
    largest = largest[np.argsort(-size[largest], kind="stable")]
    return list(dict.fromkeys([*largest.tolist(), 0, columns - 1, g.size - columns, g.size - 1]))


def cost(known: Steps, place: Place) -> float:
    """About how many microseconds the path of one element takes."""
    total = 10.0
    for nth_visit, nth in place.arrivals:
        visit = known.graph.visits[nth_visit]
        step = known.graph.places[visit.place]
        size = visit.g.size + visit.sent[nth].raw.size
        if is_separate(step):
            total += 15 + (0 if (nth_visit, nth) in known.locals else 10 + size / 100)
        elif step.op.name in PRODUCTS:
            total += 25 + max(visit.g.shape[-2:], default=1) / 50
        else:
            total += (150 if (nth_visit, nth) in known.recorded else 600) + size / 100
    return total
