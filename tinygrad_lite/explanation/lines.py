"""The user's line of each step, found afterwards in the source, when nobody watched.

The source and the tape are walked together. A variable of the caller holds the result of a step; the expression that gave the
variable its value made that step. If every name in the expression stands for a known tensor, then all steps between those
tensors and the result were made by it, whatever it calls. Otherwise its operation must be one whose steps are known (`a * b`
is mul, F.relu(a) is relu), and the walk goes on with its operands, into the user's own functions and modules. Where something
does not fit, or there are two answers, the steps keep no line: a line that is named is the right one.
"""

from __future__ import annotations

import ast
from linecache import getline
from types import FrameType, ModuleType
from typing import Any

from .._tensor import Tensor
from ..backend import is_array, owner
from ..inplace import writes
from ..tape import Node
from .calls import METHODS, STEPS, Applied, creates, is_module, line_of, users
from .frames import position, scope_of_frame
from .graph import UNKNOWN, Graph, Line
from .reading import MISSING, Scope
from .ways import At, Ways

PLAIN = (int, float, str, bytes, type(None), slice, range, ModuleType, type)


def find_lines(graph: Graph, frame: FrameType | None) -> None:
    """Give a line to each step without one, as far as the variables of a frame and the source tell it for certain."""
    lost = any([place.line is None for place in graph.places if not place.is_leaf])
    scope = scope_of_frame(frame) if frame is not None and lost else None
    if scope is None:
        return
    search = Search(graph)
    given = argument(scope, frame)
    if given is not None and graph.loss is not None:
        search.solve(At(given, scope, len(scope.did)), graph.loss)
    while scope is not None:
        for name, held in (scope.live or {}).items():
            here = ast.Name(name, ast.Load())
            parts: dict[tuple[Any, ...], Any] = {(): held}
            if isinstance(held, (list, tuple, dict)) and len(held) <= 100:
                parts = {(key,): x for key, x in (held.items() if isinstance(held, dict) else enumerate(held))}
            for path, x in parts.items():
                if isinstance(x, Tensor) and isinstance(x.node, Node) and x.node in graph.at:
                    search.solve(At(here, scope, len(scope.did), path), graph.at[x.node])
        scope = scope.back[0] if scope.back else None
    search.finish()


def argument(scope: Scope, frame: Any) -> Any:
    """The expression that explain() was given, as in explain((x @ w).sum()); None if it is not one."""
    end = position(frame)[2:]
    calls = [x for x in ast.walk(scope.tree) if isinstance(x, ast.Call) and (x.end_lineno, x.end_col_offset) == end]
    expression = calls[0].args[0] if len(calls) == 1 and calls[0].args else None
    return None if isinstance(expression, (ast.Lambda, ast.Starred)) else expression


class Search(Ways):
    """The walk through source and tape. `found` has the lines of each step; a step with two of them gets none."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.found: dict[int, set[tuple[str, int, str]]] = {}
        self.done: set[tuple[At, int]] = set()

    def finish(self) -> None:
        for number, lines in self.found.items():
            place = self.graph.places[number]
            if place.line is None and len(lines) == 1:
                ((file, line, function),) = lines
                place.line = None if not file else Line(file, line, getline(file, line).strip(), function, seen=False)

    def solve(self, here: At, number: int) -> None:
        """This expression gave the result of this place."""
        waiting = [(here, number)]
        while waiting:
            here, number = waiting.pop()
            if self.graph.places[number].is_leaf or (inner := self.inner(here, number)) is None:
                continue
            key = inner, number
            if key not in self.done:
                self.done.add(key)
                waiting += self.region(inner, number)
                joined = self.joined(inner, number)
                waiting += self.step(inner, number) if joined is None else joined

    def claim(self, number: int, here: At) -> None:
        self.note(number, here, line_of(here.e))

    def note(self, number: int, here: At, line: int) -> None:
        file = getattr(here.e.call if isinstance(here.e, Applied) else here.e, "file", None)
        file = here.scope.code.co_filename if file is None else file
        self.found.setdefault(number, set()).add((file, line, here.scope.code.co_name))

    # All steps between known tensors and a result

    def region(self, here: At, number: int) -> list[tuple[At, int]]:
        """If each name in an expression stands for a known tensor, the steps between those and its result are its own. Then
        these names, with their places, to go on with.
        """
        e, places, kinds = here.e, self.graph.places, self.operation(here)[0]
        if isinstance(e, Applied) or (kinds and "0" not in kinds and not any([self.chain(kind, number) for kind in kinds])):
            return []
        names: list[tuple[At, int]] = []
        lines: set[int] = set()
        self.leaves: set[int] = set()
        if not self.atoms(here, set(), names, lines, places[number].node.birth) or len(lines) != 1:
            return []
        stops, hit, inside, waiting = {n for _, n in names}, set[int](), set[int](), [number]
        while waiting:
            at = waiting.pop()
            if at in stops:
                hit.add(at)
            elif places[at].is_leaf and at not in self.leaves:
                return []  # a leaf that the expression does not name: it did not give this result
            elif at not in inside and not places[at].is_leaf:
                inside.add(at)
                waiting += [x.place for x in places[at].inputs if x.place is not None]
        if hit != stops or not inside:
            return []
        (line,) = lines
        for at in inside:
            self.note(at, here, line)
        return names

    def atoms(self, here: At, ours: set[str], names: list[tuple[At, int]], lines: set[int], before: int) -> bool:
        """Collect the known tensors that an expression uses, and the lines of its operations. False if something is unknown."""
        e, scope, at = here.e, here.scope, here.at

        def all_of(parts: Any, also: set[str] = ours) -> bool:
            return all([self.atoms(At(part, scope, at), also, names, lines, before) for part in parts])

        if isinstance(e, (ast.ListComp, ast.GeneratorExp)):
            also = ours | {x.id for g in e.generators for x in ast.walk(g.target) if isinstance(x, ast.Name)}
            first, *rest = e.generators
            return all_of([first.iter]) and all_of(
                [*[g.iter for g in rest], *[x for g in e.generators for x in g.ifs], e.elt], also
            )
        if isinstance(e, ast.Name) and e.id in ours:
            return True
        x = scope.value(e, at)
        if x is not MISSING and not isinstance(e, ast.Call):
            return self.tensors(x, here, names, before)
        if isinstance(e, ast.Name):
            return all([creates(way.e, way.scope, way.at) for way in self.ways(here)])
        if isinstance(e, ast.Attribute) and e.attr in ("T", "mT", "shape", "ndim", "dtype"):
            lines.update([line_of(e)] if e.attr in ("T", "mT") else [])
            return all_of([e.value])
        if isinstance(e, ast.Call):
            lines.add(line_of(e))
            called = self.called(e, scope, at)
            parts = [*e.args, *[k.value for k in e.keywords]]
            if called is not MISSING:
                return not users(called) and self.tensors(called, here, names, before) and all_of(parts)
            method = (isinstance(e.func, ast.Attribute) and e.func.attr in STEPS) or getattr(e.func, "attr", "") in METHODS
            return bool(method) and all_of([e.func.value, *parts])  # type: ignore[attr-defined]
        if isinstance(e, (ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Compare)):
            lines.add(line_of(e))
        elif not isinstance(
            e, (ast.List, ast.Tuple, ast.Slice, ast.Starred, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop)
        ):
            return False
        return all_of(ast.iter_child_nodes(e))

    def tensors(self, x: Any, here: At, names: list[tuple[At, int]], before: int) -> bool:
        if isinstance(x, Tensor):
            number = self.graph.at.get(x.node) if x.node is not None else None
            if number is not None and not isinstance(x.node, Node):
                self.leaves.add(number)
            elif number is not None:
                names.append((here, number))
            return not isinstance(x.node, Node) or x.node.birth < before
        if isinstance(x, (list, tuple, dict)) and len(x) <= 1000:
            parts = list(x.values() if isinstance(x, dict) else x)
            ways = self.elements(here) or []
            ways = ways if len(ways) == len(parts) else [At(ast.Constant(0), here.scope, here.at)] * len(parts)
            return all([self.tensors(part, way, names, before) for part, way in zip(parts, ways)])
        if is_module(x):
            self.leaves.update([self.graph.at[p.node] for p in x.parameters() if p.node in self.graph.at])
        if callable(x) and not isinstance(x, type):
            return not users(x)
        return isinstance(x, PLAIN) or is_array(x) or type(x).__module__ in ("numpy", "numpy.dtypes", "tinygrad_lite.backend")

    # One operation

    def step(self, here: At, number: int) -> list[tuple[At, int]]:
        """If the operation of an expression is this step, its operands and their places, to go on with."""
        kinds, operands = self.operation(here)
        if any([not operand_of(here.scope.value(x, here.at)) for x in operands]):
            return []  # an object of the user: its own code ran, in lines of its own
        on = [At(x, here.scope, here.at) for x in operands]
        fitting = [chain for kind in kinds if (chain := self.chain(kind, number))]
        if "0" in kinds and on:  # perhaps it did nothing, and the step is that of its operand
            if not fitting:
                return [(on[0], number)]
            below = self.kinds_of(on[0], number)
            if below is None or {fitting[0][0].op.name, "0"}.intersection(
                [name for kind in below for name in kind.split("<")[:1]]
            ):
                return []
        if not fitting or here.path:
            return []
        for step in fitting[0]:
            self.claim(step.number, here)
        last, go_on = fitting[0][-1], []
        if isinstance(here.e, ast.BinOp) and last.op.name in ("add", "mul") and last.inputs[1].place is None:
            on = self.turned(on, last.inputs[0].place)
        module = self.called(here.e, here.scope, here.at) if isinstance(here.e, (ast.Call, Applied)) else None
        for x in last.inputs:
            if x.place is None and x.value is UNKNOWN and is_module(module) and vars(module).get(x.name, 0) is None:
                x.value = None  # the bias that a layer does not have
        for x, operand in zip(last.inputs, on):
            below_number = x.place
            if below_number is None:
                self.constant(x, operand, last)
                continue
            below_place = self.graph.places[below_number]
            if (
                below_place.op is not None and below_place.op.name == "cast"
            ):  # of this operand, or for the sake of the other one
                kinds = self.kinds_of(operand, below_number) or ["cast"]
                if any(kind in ("cast", "0") for kind in kinds):
                    continue
                self.claim(below_number, here)
                below_number = below_place.inputs[0].place
            if below_number is not None and not (
                last.op.name == "mv" and below_place.op is not None and below_place.op.name == "permute"
            ):
                go_on.append((operand, below_number))
        return go_on

    def joined(self, here: At, number: int) -> list[tuple[At, int]] | None:
        """The steps of sum(xs), cat(xs) and stack(xs), with the elements of the list to go on with; None for anything else."""
        e, places = here.e, self.graph.places
        called = self.called(e, here.scope, here.at) if isinstance(e, ast.Call) and e.args else MISSING
        kind = getattr(called, "__name__", "") if called is sum or not users(called) else ""
        ways = self.elements(At(e.args[0], here.scope, here.at)) if kind in ("sum", "cat", "stack") else None
        if not ways or here.path or (kind == "sum" and (called is not sum or len(e.args) > 1)):
            return None
        place, on, claimed = places[number], list[tuple[At, int]](), [number]
        if kind == "sum":
            for i, way in enumerate(reversed(ways)):
                below = [x.place for x in place.inputs if x.place is not None]
                if place.op is None or place.op.name != "add" or len(below) != (2 if i < len(ways) - 1 else 1):
                    return None  # an element without a gradient, say
                on.append((way, below[-1]))
                claimed.append(place.number)
                place = places[below[0]]
        else:
            if place.op.name != "cat" or len(place.inputs) != len(ways):
                return None
            for way, x in zip(ways, place.inputs):
                below_place = None if x.place is None else places[x.place]
                if kind == "stack" and below_place is not None:
                    if below_place.op is None or below_place.op.name != "reshape":
                        return None
                    claimed.append(below_place.number)
                    below_place = places[below_place.inputs[0].place or 0]
                on += [] if below_place is None else [(way, below_place.number)]
        for claim in claimed:
            self.claim(claim, here)
        return on

    def turned(self, on: list[At], number: int) -> list[At]:
        """The operands in the order of the inputs: 2 * x is recorded as x * 2."""
        left, right = [operand.scope.value(operand.e, operand.at) for operand in on]
        if isinstance(right, Tensor):  # the other one may be a number that is computed, 2 * 0.5
            return on[::-1] if right.node is not None else on
        if left is MISSING and right is MISSING:
            if self.gives_tensor(on[0]):
                return on
            fits = [[self.fits(way, number) for way in self.ways(x)] for x in on]
            sure = None not in fits[0] + fits[1] and (True in fits[0]) != (True in fits[1])
            return [on[True in fits[1]]] if sure else []
        return on[::-1] if type(left) in (int, float) else on

    def constant(self, x: Any, here: At, place: Any) -> None:
        """The value of a constant operand, if the source says it: a number, or a variable with data."""
        value = here.scope.value(here.e, here.at)
        value = value.array if isinstance(value, Tensor) and value.node is None else value
        kinds = {p.dtype for p in self.graph.places if p.dtype}
        fits = is_array(value) and kinds == {str(value.dtype)} and not written(value, place.node.birth)
        if x.value is UNKNOWN and (fits or type(value) in (int, float, type(None))):
            x.value = value


def operand_of(x: Any) -> bool:
    """Whether a value, if it is known, is one that the library computes with."""
    return x is MISSING or isinstance(x, (*PLAIN, Tensor, list, tuple)) or is_array(x) or type(x).__module__ == "numpy"


def written(value: Any, since: float) -> bool:
    """Whether an array, or one in a tuple of them (an index), was written to since then."""
    if since >= writes.last:
        return False
    parts = value if isinstance(value, (tuple, list)) else (value,)
    return any([is_array(part) and writes.times.get(id(owner(part)), (0,))[0] > since for part in parts])
