"""The check by difference: is this element of a gradient right? The loss is computed again, with the element moved by ±ε.

    (loss(x + ε) - loss(x - ε)) / 2ε  is the gradient, but for rounding and terms in ε²

Only the steps behind the place are computed again (again.py), in float64, on the numbers that the engine had. `check` does this
for some elements of one place, `checks` for those that a page shows.

Where the two disagree, the slopes to the left and to the right tell more: at a kink (ReLU at 0) they differ, and
the gradient is a convention.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite, log10, prod
from time import perf_counter
from typing import Any

import numpy as np

from ..backend import array_module
from ..grad_mode import no_grad
from ..random import fork_rng
from .again import PARTS, Impossible, forward, given_to, must_not_depend_on, stand_in, wide
from .graph import UNKNOWN, Graph, Place
from .paths import Path, flat, is_ours, number, path, quiet

EPS = float(np.finfo(np.float64).eps)
NEAR = {"float16": 0.05, "float32": 2e-3, "float64": 1e-6}  # how well the loss computed again must agree with the loss


@dataclass(slots=True)
class Check:
    """The difference quotient for one element, and to how many digits it equals the gradient (at most 16). Where it does not,
    `left` and `right` are the slopes to both sides. `text` says why there is no difference.
    """

    difference: float | None = None
    digits: int | None = None
    left: float | None = None
    right: float | None = None
    text: str = ""


def check(graph: Graph, place: int, elements: Iterable[int], known: Behind | None = None) -> dict[int, Check]:
    """The checks of some elements (flat indexes) of the gradient at a place."""
    elements = list(elements)
    with unnoticed():
        try:
            loss = Moved(known or Behind(graph), place)
        except Impossible as error:
            return {element: Check(text=str(error)) for element in elements}
        gradient = graph.places[place].gradient
        return {i: compared(loss, i, 0.0 if gradient is None else number(gradient, i)) for i in elements}


@contextmanager
def unnoticed() -> Iterator[None]:
    """Where steps are computed again: no one hears of it, nothing is recorded, and the random numbers stay as they were."""
    state, numpys = random.getstate(), np.random.get_state() if "numpy.random" in sys.modules else None
    try:
        with quiet(), no_grad(), fork_rng():
            yield
    finally:
        random.setstate(state)
        if numpys is not None:
            np.random.set_state(numpys)


# The loss as a function of one place


class Behind:
    """For each place of a graph, the steps that use it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.users: list[list[int]] = [[] for _ in graph.places]
        for place in graph.places:
            for given in place.inputs:
                if given.place is not None:
                    self.users[given.place].append(place.number)
        self.lead = {graph.loss}  # the places from which the loss was computed
        for place in reversed(graph.places):
            if place.number in self.lead:
                self.lead.update([given.place for given in place.inputs])

    def steps(self, place: int) -> list[Place]:
        """The steps between a place and the loss, in order."""
        found, waiting = set[int](), [place]
        while waiting:
            for user in self.users[waiting.pop()]:
                if user not in found and user in self.lead:
                    found.add(user)
                    waiting.append(user)
        return [self.graph.places[number] for number in sorted(found)]


class Moved:
    """The loss as a function of one place: called with an element and a number, it is the loss with that number there."""

    def __init__(self, behind: Behind, place: int) -> None:
        self.graph, self.place = behind.graph, place
        at = self.graph.places[place]
        self.steps = behind.steps(place)
        if self.graph.loss is None or not (self.steps or place == self.graph.loss):
            raise Impossible("the loss does not depend on this")
        self.dtype = str(at.dtype or "float64") if at.value is None else str(at.value.dtype)
        self.x = np.zeros(at.shape) if at.value is None else wide(at.value)
        self.given = [given_to(step, self.graph) for step in self.steps]
        self.open = {place} if at.value is None else set[int]()  # of these places only the changes are known, not the values
        self.shifts: dict[int, Any] = {}  # what is added to a result that was computed with a stand-in
        self.base: dict[int, Any] = {place: self.x}
        for step, (inputs, options) in zip(self.steps, self.given):
            moved = [nth for nth, given in enumerate(step.inputs) if given.place in self.base]
            unsure = [nth for nth, given in enumerate(step.inputs) if given.place in self.open or inputs[nth] is UNKNOWN]
            unsure = [nth for nth in unsure if nth not in moved or step.inputs[nth].place in self.open]
            if unsure:
                must_not_depend_on(step, unsure, moved)
                stand_in(step, inputs, self.base, options, self.graph)
            out = forward(step, inputs_of(step, inputs, self.base), options)
            if unsure and step.value is not None:
                self.shifts[step.number] = wide(step.value) - out
                out = wide(step.value)
            elif unsure:
                self.open.add(step.number)
            self.base[step.number] = out
        self.loss = float(self.base[self.graph.loss].sum())
        if self.graph.loss not in self.open:
            self.must_be_as_before()
        self.moved = 0.0  # what was really added, after rounding

    def must_be_as_before(self) -> None:
        known = self.graph.places[self.graph.loss or 0].value
        if known is None:
            return
        before = float(flat(known).astype(np.float64).sum())
        if not isfinite(before):
            raise Impossible(f"the loss is {before}")
        if not np.absolute(self.loss - before) <= NEAR.get(str(known.dtype), 1e-6) * max(abs(before), abs(self.loss), 1e-3):
            what = "does a step draw random numbers, or was an array changed in place?"
            raise Impossible(f"computed again, the loss is {self.loss:.6g} and not {before:.6g}: {what}")

    def rounding(self, element: int) -> float:
        """How far the gradient may be off because its terms were added in its dtype."""
        gradient = self.graph.places[self.place].gradient
        if gradient is None:
            return 0.0
        terms = path(self.graph, self.place, element, most=gradient.size + 10**6).terms
        return 8 * float(np.finfo(gradient.dtype).eps) * sum([abs(term.product) for term in terms])

    def __call__(self, element: int, by: float) -> float:
        x = array_module(self.x).array(self.x, order="C")
        here = x.reshape(-1)
        was = float(here[element])
        here[element] = was + by
        self.moved = float(here[element]) - was
        values: dict[int, Any] = {self.place: x}
        for step, (inputs, options) in zip(self.steps, self.given):
            part = PARTS.get(step.op.name) if is_ours(step) else None
            uses = [nth for nth, given in enumerate(step.inputs) if given.place in values]
            if part and len(uses) == 1 and step.inputs[uses[0]].place == self.place and step.number not in self.shifts:
                full = inputs_of(step, inputs, values)
                values[step.number] = part(full, uses[0], element, self.base[step.number])
            else:
                values[step.number] = forward(step, inputs_of(step, inputs, values), options)
                if step.number in self.shifts:
                    values[step.number] = values[step.number] + self.shifts[step.number]
        return float(values[self.graph.loss].sum())  # type: ignore[index]


def inputs_of(step: Place, inputs: list[Any], values: dict[int, Any]) -> list[Any]:
    """The inputs of a step: those that are among `values`, and the others as they were."""
    return [values.get(given.place, x) if given.place is not None else x for given, x in zip(step.inputs, inputs)]


# Differences


def compared(loss: Moved, element: int, gradient: float) -> Check:
    """The difference quotient for one element beside the gradient."""
    try:
        x = abs(float(loss.x.reshape(-1)[element]))
        if not isfinite(x):
            return Check(text=f"the element itself is {float(loss.x.reshape(-1)[element])}")
        return compared_at(loss, element, gradient, x)
    except Impossible as error:
        return Check(text=str(error))


def compared_at(loss: Moved, element: int, gradient: float, x: float) -> Check:
    step = EPS ** (1 / 3) * max(1.0, x)
    best, noise = central(loss, element, step)
    if digits(best, gradient) < (9 if loss.dtype == "float64" else 6):
        best, noise = refined(loss, element, max(1.0, x))
        if digits(best, gradient) < 5 and 0 < x < 1:  # the loss may be steep beside 0: steps relative to x
            best, noise = min(refined(loss, element, x), (best, noise), key=by_error)
    if not isfinite(best):
        return beside(Check(text="the loss beside it is not finite"), loss, element, step)
    if abs(best) <= noise and gradient == 0:
        best = 0.0
    found = Check(best, digits(best, gradient))
    if (found.digits or 0) < 3:
        if abs(best - gradient) <= 4 * noise:
            found.text = f"it is too small beside the loss: a difference has an error of {noise:.1g} here"
        elif loss.rounding(element) >= abs(best - gradient):
            found.text = "the terms of the gradient cancel, and rounding is what remains of them"
        else:
            beside(found, loss, element, step)
    return found


def by_error(quotient: tuple[float, float]) -> float:
    return quotient[1] if isfinite(quotient[0]) else float("inf")


def central(loss: Moved, element: int, step: float) -> tuple[float, float]:
    """The quotient with one step to each side, and how large an error its rounding may be."""
    above = loss(element, step)
    moved = loss.moved
    below = loss(element, -step)
    moved -= loss.moved
    return (above - below) / moved, 4 * EPS * max(abs(above), abs(below)) / moved


def refined(loss: Moved, element: int, size: float) -> tuple[float, float]:
    """The best of several quotients, and its error. Each step is a fourth of the one before; two of them together cancel the
    error in ε², three that in ε⁴ (Ridders, 1982). The error is what the last one changed.
    """
    step, best, error = 4e-3 * size, float("nan"), float("inf")
    before: list[float] = []
    for _ in range(7):
        quotient, noise = central(loss, element, step)
        row, factor = [quotient], 1.0
        for earlier in before:
            factor *= 16
            row.append(row[-1] + (row[-1] - earlier) / (factor - 1))
            change = max(abs(row[-1] - row[-2]), abs(row[-1] - earlier), noise)
            if change < error:
                best, error = row[-1], change
        if 4 * noise > error:  # the next quotient has this error at least
            break
        before, step = row, step / 4
    return best, error


def beside(found: Check, loss: Moved, element: int, step: float) -> Check:
    """The same, with the slopes to the left and to the right."""
    for name, sign in (("left", -1), ("right", 1)):
        once, first = loss(element, sign * step), loss.moved
        twice, second = loss(element, sign * 2 * step), loss.moved
        a, b = (once - loss.loss) / first, (twice - loss.loss) / second
        slope = a + (a - b) * first / (second - first)
        setattr(found, name, slope if isfinite(slope) else None)
    return found


def digits(a: float, b: float) -> int:
    """On how many significant digits two numbers agree, at most 16."""
    if a == b:
        return 16
    if not (isfinite(a) and isfinite(b)):
        return 0
    return max(0, min(16, int(-log10(abs(a - b) / max(abs(a), abs(b))))))


# For a page


def checks(graph: Graph, chosen: dict[int, dict[int, Path]], budget: float = 0.5) -> dict[int, dict[int, Check]]:
    """The checks of the chosen paths, in about `budget` seconds: leaves first, each in a fourth of the time left at most, then
    the steps, from the loss back, because behind the last ones there is little to compute. What it takes is estimated, so that
    a page has the same checks on every machine.
    """
    made: dict[int, dict[int, Check]] = {}
    behind, left, stop = Behind(graph), budget * 1e6, perf_counter() + 4 * budget
    leaves, steps = [[at for at in sorted(chosen) if graph.places[at].is_leaf == is_leaf] for is_leaf in (True, False)]
    for at in [*leaves, *reversed(steps)]:
        after = behind.steps(at)
        each = cost(behind, after)
        left -= 20 + 2 * len(after) + each / EVALUATIONS
        if left < 0 or perf_counter() > stop:
            break
        elements = list(chosen[at])[: max(int(left / 4 / each), int(each < left))]
        left -= each * len(elements)
        if elements:
            made[at] = check(graph, at, elements, behind)
    return made


EVALUATIONS = 6  # of the loss, for one element: from 2, where the first quotient agrees, to some 20


def cost(behind: Behind, steps: list[Place]) -> float:
    """About how many microseconds the check of one element takes, with these steps behind it."""
    total = 10.0
    for step in steps:
        size = prod(step.shape) + sum([prod(behind.graph.places[n.place].shape) for n in step.inputs if n.place is not None])
        total += 4 + size / 300 + (60 * step.shape[-3] if step.op.name in ("rnn", "lstm", "gru") else 0)
    return EVALUATIONS * total
