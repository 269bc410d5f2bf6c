"""The user's line of each step, found afterwards in the source, when nobody watched.

The source and the tape are walked together. A variable of the caller holds the result of a step; the expression that gave the
variable its value made that step. If every name in the expression stands for a known tensor, then all steps between those
tensors and the result were made by it, whatever it calls. Otherwise its operation must be one whose steps are known (`a * b`
is mul, F.relu(a) is relu), and the walk goes on with its operands, into the user's own functions and modules. Where something
does not fit, or there are two answers, the steps keep no line: a line that is named is the right one.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from linecache import getline
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from .._tensor import Tensor
from ..backend import is_array
from ..inplace import writes
from ..tape import Node
from .graph import UNKNOWN, Graph, Line
from .calls import METHODS, OPERATORS, STEPS, Applied, chained, creates, is_module, is_op, line_of, sequential, users
from .reading import MISSING, Scope, bound, filled, outer_names, own_nodes, scope_of_frame, tree_of

PLAIN = (int, float, str, bytes, type(None), slice, range, ModuleType, type)


@dataclass(frozen=True)
class At:
    """An expression, the Scope that it is in, the point there, and the part of its tuple that is meant."""

    e: Any
    scope: Scope
    at: int
    path: tuple[int, ...] = ()


def find_lines(graph: Graph, frame: FrameType | None) -> None:
    """Give a line to each step without one, as far as the variables of a frame and the source tell it for certain."""
    scope = scope_of_frame(frame) if frame is not None else None
    if scope is None:
        return
    search = Search(graph)
    while scope is not None:
        for name, x in (scope.live or {}).items():
            if isinstance(x, Tensor) and isinstance(x.node, Node) and x.node in graph.at:
                search.solve(At(ast.Name(name, ast.Load()), scope, len(scope.did)), graph.at[x.node])
        scope = scope.back[0] if scope.back else None
    search.finish()


class Search:
    """The walk through source and tape. `found` has the lines of each step; a step with two of them gets none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found: dict[int, set[tuple[str, int, str]]] = {}
        self.done: set[tuple[At, int]] = set()
        self.entered: dict[Any, list[At]] = {}
        self.found_ways: dict[At, list[At]] = {}
        self.depth = 0
        self.chained: dict[Any, Any] = {}

    def finish(self) -> None:
        for number, lines in self.found.items():
            place = self.graph.places[number]
            if place.line is None and len(lines) == 1:
                ((file, line, function),) = lines
                place.line = Line(file, line, getline(file, line).strip(), function, seen=False)

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
                known = self.region(inner, number)
                known = self.joined(inner, number) if known is None else known
                waiting += self.step(inner, number) if known is None else known

    def claim(self, number: int, here: At) -> None:
        line = here.scope.code.co_filename, line_of(here.e), here.scope.code.co_name
        self.found.setdefault(number, set()).add(line)

    # From names and calls of the user's functions to the operation behind them

    def inner(self, here: At, number: int) -> At | None:
        """The operation that gave the value of an expression, which is that of a place; None if it is not sure."""
        ways = self.ways(here)
        if len(ways) > 1:
            fits = [self.fits(way, number) for way in ways]
            ways = [ways[fits.index(True)]] if fits.count(True) == 1 and None not in fits else []
        return ways[0] if ways and not isinstance(ways[0].e, ast.Name) else None

    def ways(self, here: At) -> list[At]:
        """The operations that may have given the value of an expression: through names, tuples and the user's own functions,
        and by all ways that the code may have gone. A name in it stands for a value that nothing is known of.
        """
        key = here
        if key not in self.found_ways:
            found: list[At] = []
            waiting, seen = [here], set[At]()
            while waiting:
                here = waiting.pop()
                if here not in seen:
                    seen.add(here)
                    on = self.behind(here) if len(seen) < 100 else []
                    waiting += on
                    found += [] if on else [here]
            self.found_ways[key] = found
        return self.found_ways[key]

    def behind(self, here: At) -> list[At]:
        """The expressions of which one has given this one its value; none if it is an operation, or a name that is not known."""
        e, scope, at, path = here.e, here.scope, here.at, here.path
        if isinstance(e, ast.Name):
            scope, at = scope.where(e.id, at)
            found, i = (None if e.id in scope.unsafe else scope.definition(e.id, at)) or (None, 0)
            if found and found.value is not None:
                return [At(found.value, scope, i, found.path + path)]
            if found and found.forks:
                ways = [At(e, fork, len(fork.did), path) for fork in found.forks]
                return [way for way in ways if e.id in way.scope.arguments or way.scope.definition(e.id, way.at)]
            if not found and e.id not in scope.unsafe and isinstance(scope.arguments.get(e.id), tuple):
                return [At(*scope.arguments[e.id], path)]
        elif isinstance(e, ast.NamedExpr):
            return [At(e.value, scope, at, path)]
        elif isinstance(e, ast.IfExp):
            return [At(e.body, scope, at, path), At(e.orelse, scope, at, path)]
        elif isinstance(e, (ast.Tuple, ast.List)) and path:
            return [At(e.elts[path[0]], scope, at, path[1:])]
        elif isinstance(e, (ast.Call, Applied)):
            called = self.called(e, scope, at)
            if sequential(called) and (isinstance(e, Applied) or len(e.args) == 1):
                return [At(self.chained.setdefault((called, e), chained(called, e)), scope, at, path)]
            return [At(way.e, way.scope, way.at, path) for way in self.enter(called, e, scope, at)]
        return []

    def fits(self, here: At, number: int) -> bool | None:
        """Whether an operation can have made this place; None if that is not known."""
        x = MISSING if here.path else here.scope.value(here.e, here.at)
        if isinstance(x, Tensor):
            return self.graph.at.get(x.node) == number
        if x is not MISSING or creates(here.e, here.scope, here.at):
            return False
        kinds, operands = self.operation(here)
        found = any([self.chain(kind, number) for kind in kinds])
        if "0" not in kinds:
            return found if kinds and not here.path else None
        if found or not operands or self.depth > 8:
            return None
        self.depth += 1
        fits = [self.fits(way, number) for way in self.ways(At(operands[0], here.scope, here.at))]
        self.depth -= 1
        return True if True in fits else None if None in fits else False

    def called(self, e: Any, scope: Scope, at: int) -> Any:
        """What a call calls; MISSING for a method of a tensor. For nn.ReLU()(x) the class."""
        if isinstance(e, Applied):
            return e.module
        made = scope.value(e.func.func, at) if isinstance(e.func, ast.Call) else None
        return made if isinstance(made, type) and not users(made) else scope.value(e.func, at)

    def enter(self, called: Any, e: Any, scope: Scope, at: int) -> list[At]:
        """The expressions that a function of the user may have returned in this call."""
        key = e, scope, at
        if key not in self.entered:
            self.entered[key] = self._enter(called, e, scope, at)
        return self.entered[key]

    def _enter(self, called: Any, e: Any, scope: Scope, at: int) -> list[At]:
        if is_module(called):
            if not users(called) or not {"_hooks", "forward"}.isdisjoint(vars(called)):
                return []
            kind = type(called)
            called = MethodType(kind.__call__ if users(kind.__call__) else kind.forward, called)
        elif not isinstance(called, (FunctionType, MethodType, type)) and isinstance(
            getattr(type(called), "__call__", 0), FunctionType
        ):
            called = MethodType(type(called).__call__, called)
        function = called.__func__ if isinstance(called, MethodType) else called
        if not isinstance(function, FunctionType) or not users(function) or function.__code__.co_flags & 0x2A0:  # a generator
            return []
        code, depth, around = function.__code__, 0, scope
        while around.back and depth < 50:
            around, depth = around.back[0], depth + 1
        tree = tree_of(code, function.__globals__)
        arguments = bound(called, function, e, scope, at)
        if tree is None or arguments is None or depth == 50:
            return []
        cells = {name: cell.cell_contents for name, cell in zip(code.co_freevars, function.__closure__ or ()) if filled(cell)}
        inside = Scope(code, tree, function.__globals__, None, arguments, cells, (scope, at), unsafe=outer_names(tree))
        if isinstance(tree, ast.Lambda):
            return [At(tree.body, inside, 0)]
        inside.run(tree.body)
        found = {id(e): At(e, where, end) for e, where, end in inside.returns}
        written = [x for x in own_nodes(tree) if isinstance(x, ast.Return)]
        return list(found.values()) if len(found) == len(written) == len(inside.returns) else []

    # All steps between known tensors and a result

    def region(self, here: At, number: int) -> list[tuple[At, int]] | None:
        """If each name in an expression stands for a known tensor, the steps between those and its result are its own. Then
        these names, with their places, to go on with; else None.
        """
        e, places, kinds = here.e, self.graph.places, self.operation(here)[0]
        if isinstance(e, Applied) or (kinds and "0" not in kinds and not any([self.chain(kind, number) for kind in kinds])):
            return None
        names: list[tuple[At, int]] = []
        lines: set[int] = set()
        if not self.atoms(here, set(), names, lines, places[number].node.birth) or len(lines) != 1:
            return None
        stops, hit, inside, waiting = {n for _, n in names}, set[int](), set[int](), [number]
        while waiting:
            at = waiting.pop()
            if at in stops:
                hit.add(at)
            elif at not in inside and not places[at].is_leaf:
                inside.add(at)
                waiting += [x.place for x in places[at].inputs if x.place is not None]
        if hit != stops or not inside:
            return None
        (line,) = lines
        for at in inside:
            self.found.setdefault(at, set()).add((here.scope.code.co_filename, line, here.scope.code.co_name))
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
                return not users(called) and all_of(parts)
            method = isinstance(e.func, ast.Attribute) and e.func.attr in STEPS or getattr(e.func, "attr", "") in METHODS
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
            number = self.graph.at.get(x.node) if isinstance(x.node, Node) else None
            if number is not None:
                names.append((here, number))
            return not isinstance(x.node, Node) or x.node.birth < before
        if isinstance(x, (list, tuple, dict)) and len(x) <= 1000:
            parts = list(x.values() if isinstance(x, dict) else x)
            ways = self.elements(here) or []
            ways = ways if len(ways) == len(parts) else [At(ast.Constant(0), here.scope, here.at)] * len(parts)
            return all([self.tensors(part, way, names, before) for part, way in zip(parts, ways)])
        if callable(x) and not isinstance(x, type):
            return not users(x)
        return isinstance(x, PLAIN) or is_array(x) or type(x).__module__ in ("numpy", "numpy.dtypes", "tinygrad_lite.backend")

    def elements(self, here: At) -> list[At] | None:
        """What gave the elements of a list their values: [a, b], and each xs.append(a) since; None if that is not known."""
        scope, at, start = here.scope, here.at, here.at
        e, name = here.e, ""
        if isinstance(e, ast.Name):
            scope, at = scope.where(e.id, at)
            found, start = scope.definition(e.id, at) or (None, 0)
            e, name = (found.value if found and not found.path else None), f"{e.id}[]"
        if not isinstance(e, (ast.List, ast.Tuple)) or any(isinstance(x, ast.Starred) for x in e.elts):
            return None
        later = [(scope.did[i].value, i) for i in range(start, at) if name in scope.did[i].names]
        if any([x is None for x, _ in later]):
            return None
        return [At(x, scope, i) for x, i in [*[(x, start) for x in e.elts], *later]]

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
        if left is MISSING and right is MISSING:
            if all([isinstance(way.e, (ast.Call, Applied)) and self.operation(way)[0] for way in self.ways(on[0])]):
                return on
            fits = [[self.fits(way, number) for way in self.ways(x)] for x in on]
            sure = None not in fits[0] + fits[1] and (True in fits[0]) != (True in fits[1])
            return [on[True in fits[1]]] if sure else []
        return on[::-1] if type(left) in (int, float) else on

    def chain(self, kind: str, number: int | None) -> list[Any]:
        """The steps of this kind that end at a place, the last one first; nothing if the steps there are others."""
        found: list[Any] = []
        for name in kind.split("<"):
            place = None if number is None else self.graph.places[number]
            if place is None or place.op is None or place.op.name != name:
                return []
            found.append(place)
            number = place.inputs[0].place
        return found

    def kinds_of(self, here: At, number: int) -> list[str] | None:
        inner = self.inner(here, number)
        return (self.operation(inner)[0] or None) if inner else None

    def operation(self, here: At) -> tuple[list[str], list[Any]]:
        """The steps that the operation of an expression may be, and its operands."""
        e, scope, at = here.e, here.scope, here.at
        if isinstance(e, ast.BinOp):
            return OPERATORS.get(type(e.op).__name__, "").split(), [e.left, e.right]
        if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
            return ["neg"], [e.operand]
        if isinstance(e, ast.Attribute) and e.attr in ("T", "mT"):
            return ["permute"], [e.value]
        if isinstance(e, ast.Subscript):
            ways = self.ways(At(e.value, scope, at))
            known = (
                isinstance(e.slice, (ast.Slice, ast.Tuple))
                or isinstance(scope.value(e.value, at), Tensor)
                or all([self.operation(way)[0] for way in ways])
            )
            return (["getitem"], [e.value]) if known else ([], [])
        if isinstance(e, Applied):
            return STEPS.get(type(e.module).__name__.lower(), "").split() if not users(e.module) else [], [e.operand]
        if isinstance(e, ast.Call):
            called = self.called(e, scope, at)
            kind = called if isinstance(called, type) else type(called)
            if (
                is_module(called)
                and not users(called)
                or (isinstance(called, type) and isinstance(e.func, ast.Call) and not users(called))
            ):
                return STEPS.get(kind.__name__.lower(), "").split(), e.args
            if (
                isinstance(e.func, ast.Attribute)
                and e.func.attr == "apply"
                and isinstance(base := scope.value(e.func.value, at), type)
            ):
                return [f"{base.__name__}Backward"], e.args
            if is_op(called):
                return [called.__name__], e.args
            named = [k.arg for k in e.keywords]
            if "dtype" in named or (called is not MISSING and users(called)):
                return [], []
            method = called is MISSING and isinstance(e.func, ast.Attribute)
            if not method and not str(getattr(called, "__module__", "")).startswith("tinygrad_lite."):
                return [], []
            name = e.func.attr if method else called.__name__  # type: ignore[attr-defined]
            operands = [e.func.value, *e.args] if method else e.args  # type: ignore[attr-defined]
            if name in ("max", "min") and (len(operands) > 1 or named) or (name == "where" and method):
                return [], []
            if name == "cat":
                operands = operands[0].elts if operands and isinstance(operands[0], (ast.List, ast.Tuple)) else []
            return STEPS.get(name, "").split(), operands
        return [], []

    def constant(self, x: Any, here: At, place: Any) -> None:
        """The value of a constant operand, if the source says it: a number, or a variable with data."""
        value = here.scope.value(here.e, here.at)
        value = value.array if isinstance(value, Tensor) and value.node is None else value
        kinds = {p.dtype for p in self.graph.places if p.dtype}
        fits = is_array(value) and kinds == {str(value.dtype)} and place.node.birth >= writes.last
        if x.value is UNKNOWN and (fits or type(value) in (int, float)):
            x.value = value


def operand_of(x: Any) -> bool:
    """Whether a value, if it is known, is one that the library computes with."""
    return x is MISSING or isinstance(x, (*PLAIN, Tensor, list, tuple)) or is_array(x) or type(x).__module__ == "numpy"
