"""Which operation gave an expression its value: the way from a name back to it, through the code of the user."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any

from .._tensor import Tensor
from .calls import OPERATORS, STEPS, Applied, chained, creates, is_module, is_op, sequential, users
from .graph import Graph
from .reading import MISSING, Scope, attribute, bound, filled
from .syntax import outer_names, own_nodes, tree_of


@dataclass(frozen=True)
class At:
    """An expression, the Scope that it is in, the point there, and the part of its tuple that is meant."""

    e: Any
    scope: Scope
    at: int
    path: tuple[Any, ...] = ()


class Ways:
    """The ways through the source, and which of them a place of the graph allows."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found_ways: dict[At, list[At]] = {}
        self.entered: dict[Any, list[At]] = {}
        self.chained: dict[Any, Any] = {}
        self.depth = 0

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
        """The expressions of which one has given this one its value; none for an operation, and for an unknown name."""
        e, scope, at, path = here.e, here.scope, here.at, here.path
        if isinstance(e, ast.Name):
            scope, at = scope.where(e.id, at)
            found, _ = (None if e.id in scope.unsafe else scope.definition(e.id, at)) or (None, 0)
            if found and found.value is not None:
                return [At(found.value, scope, found.start, found.path + path)]
            if found and found.forks:
                ways = [At(e, fork, len(fork.did), path) for fork in found.forks]
                return [way for way in ways if e.id in way.scope.arguments or way.scope.definition(e.id, way.at)]
            if not found and e.id not in scope.unsafe and isinstance(scope.arguments.get(e.id), tuple):
                given, caller, then = scope.arguments[e.id]
                return [At(given, caller, then, path)]
        elif isinstance(e, ast.NamedExpr):
            return [At(e.value, scope, at, path)]
        elif isinstance(e, ast.IfExp):
            return [At(e.body, scope, at, path), At(e.orelse, scope, at, path)]
        elif isinstance(e, (ast.Tuple, ast.List)) and path:
            known = type(path[0]) is int and path[0] < len(e.elts) and not any(isinstance(x, ast.Starred) for x in e.elts)
            return [At(e.elts[path[0]], scope, at, path[1:])] if known else []
        elif isinstance(e, ast.Dict) and path:
            keys = [scope.value(key, at) if key else MISSING for key in e.keys]
            found_at = [i for i, key in enumerate(keys) if key == path[0]]
            return [At(e.values[found_at[0]], scope, at, path[1:])] if len(found_at) == 1 and MISSING not in keys else []
        elif isinstance(e, ast.Subscript) and isinstance(e.slice, ast.Constant):  # of a tuple or dict, not of a tensor
            ways = self.ways(At(e.value, scope, at, (e.slice.value, *path)))
            return ways if all([not way.path and not isinstance(way.e, ast.Name) for way in ways]) else []
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
            leaves = [x.node for x in called.parameters()]
            if leaves and not any(leaf in self.graph.at for leaf in leaves):  # it has taken the place of another one
                return []
            kind = type(called)
            called = MethodType(kind.__call__ if users(kind.__call__) else kind.forward, called)
        elif not isinstance(called, (FunctionType, MethodType, type)):
            called = attribute(called, "__call__")
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

    def gives_tensor(self, here: At) -> bool:
        """Whether an expression gives a Tensor for certain, not a number."""
        self.depth += 1
        ways = self.ways(here) if self.depth < 8 else []
        found = bool(ways) and all([self.is_tensor(way) for way in ways])
        self.depth -= 1
        return found

    def is_tensor(self, way: At) -> bool:
        e = way.e
        parts = [e.left, e.right] if isinstance(e, ast.BinOp) else [e.operand] if isinstance(e, ast.UnaryOp) else []
        sure = isinstance(way.scope.value(e, way.at), Tensor) or creates(e, way.scope, way.at)
        called = isinstance(e, (ast.Call, Applied)) and self.operation(way)[0]
        return not way.path and bool(sure or called or any([self.gives_tensor(At(x, way.scope, way.at)) for x in parts]))

    def elements(self, here: At) -> list[At] | None:
        """What gave the elements of a list their values: [a, b], and each xs.append(a) since; None if that is not known."""
        scope, at, e = here.scope, here.at, here.e
        later: list[tuple[Any, int]] = []
        if isinstance(e, ast.Name):
            scope, at = scope.where(e.id, at)
            found, i = scope.definition(e.id, at) or (None, 0)
            if found is None or found.path:
                return None
            name, e, start = f"{e.id}[]", found.value, found.start
            later = [(defined.value, defined.start) for defined in scope.did[i:at] if name in defined.names]
        else:
            start = at
        if not isinstance(e, (ast.List, ast.Tuple)) or any([x is None for x, _ in later]):
            return None
        if any(isinstance(x, ast.Starred) for x in e.elts):
            return None
        return [At(x, scope, start) for x in e.elts] + [At(x, scope, then) for x, then in later]

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
            if (is_module(called) and not users(called)) or (
                isinstance(called, type) and isinstance(e.func, ast.Call) and not users(called)
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
            if (name in ("max", "min") and (len(operands) > 1 or named)) or (name == "where" and method):
                return [], []
            if name == "cat":
                operands = operands[0].elts if operands and isinstance(operands[0], (ast.List, ast.Tuple)) else []
            return STEPS.get(name, "").split(), operands
        return [], []
