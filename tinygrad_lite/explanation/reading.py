"""Code that ran, read afterwards: which expression gave a variable its value.

A Scope is a function (or a script) and its statements before some point, as a list of definitions in the order in which they
ran: a loop over a list that is still there is written out, the branches of an `if` are only "may have changed these names".
lines.py asks a Scope what a name or an expression stood for, and gets nothing where more than one answer is possible.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from inspect import getattr_static
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .._tensor import Tensor
from ..tape import Node
from .syntax import aliases, blocks, changes_given, contains, library, names_in, placed_like, stored, top_level, tree_of

MISSING: Any = object()
LOOPS = (ast.For, ast.While, ast.AsyncFor)
LONGEST, MOST = 200, 1000  # a loop with more rounds, or more definitions, is not written out


@dataclass(slots=True, eq=False)
class Definition:
    """What gave some names their value: an expression, of which they got the part at `path` of a tuple; or an object; or, by
    one of several ways that the code may have gone, what the name is at the end of that fork. With none of these, the names
    may have been assigned or changed.
    """

    names: frozenset[str]
    value: Any = None
    path: tuple[Any, ...] = ()
    object: Any = MISSING
    start: int = 0  # the point at which the expression was computed
    forks: list[Scope] | None = None


@dataclass(slots=True, eq=False)
class Scope:
    """A function or script that ran, up to a point. `arguments` has each parameter's expression, with the Scope and the point
    of its call. `live` has the variables of a frame that is still there. `back` is the Scope that the call came from.
    """

    code: CodeType
    tree: Any
    globals: dict[str, Any]
    live: dict[str, Any] | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, Any] = field(default_factory=dict)
    back: tuple[Scope, int] | None = None
    did: list[Definition] = field(default_factory=list)
    unsafe: frozenset[str] = frozenset()  # what inner functions assign to
    origin: Scope | None = None  # of a fork: the Scope that it is a fork of
    written: Counter[str] = field(default_factory=Counter)  # how often each name is, until all statements are read
    returns: list[tuple[Any, Scope, int]] = field(default_factory=list)

    # What a name is

    def definition(self, name: str, at: int) -> tuple[Definition, int] | None:
        """The last definition of a name before a point."""
        for i in range(at - 1, -1, -1):
            if name in self.did[i].names:
                return self.did[i], i
        return None

    def where(self, name: str, at: int) -> tuple[Scope, int]:
        """The Scope that a name belongs to, and the point there: this one, or a running one around it."""
        scope, then = self, at
        if name in self.code.co_varnames or name in self.code.co_cellvars or top_level(self.code):
            return self, at
        while scope.back:
            scope, then = scope.back
            module = top_level(scope.code) and scope.globals is self.globals and name not in self.cells
            if scope.live is not None and (module or (name in self.cells and name in scope.code.co_cellvars)):
                return scope, then
        return self, at

    def look(self, name: str, at: int) -> Any:
        """The object that a variable held at a point; MISSING if that is not sure."""
        scope, at = self.where(name, at)
        if name in scope.unsafe:
            return MISSING
        found = scope.definition(name, at)
        if scope.live is not None:
            whole = scope.origin or scope
            last = whole.definition(name, len(whole.did))
            same = (found and found[0]) is (last and last[0]) and not (found and found[0].forks and scope.origin)
            if whole.written[name] > 1:  # while the statements are read, it is not known yet which is the last
                same = False
            if name in scope.live and same:
                x = scope.live[name]
                longer = whole.definition(f"{name}[]", len(whole.did)) if isinstance(x, (list, dict)) else None
                return MISSING if whole.written[f"{name}[]"] or (longer and longer[0] not in scope.did[:at]) else x
        if found:
            defined = found[0]
            if defined.object is not MISSING:
                return defined.object
            return MISSING if defined.value is None or defined.path else scope.value(defined.value, defined.start)
        if name in scope.arguments:
            given = scope.arguments[name]
            return given[1].value(given[0], given[2]) if isinstance(given, tuple) else given.object
        if name in scope.code.co_varnames:
            return MISSING
        x = scope.cells.get(name, scope.globals.get(name, getattr(builtins, name, MISSING)))
        return lasting(x)

    def value(self, e: Any, at: int) -> Any:
        """The object that an expression gave, if it only names one: w, self.fc1, layers[0], 2.0. MISSING otherwise."""
        if isinstance(e, ast.Constant):
            return e.value
        if isinstance(e, ast.Name):
            return self.look(e.id, at)
        if isinstance(e, ast.Attribute):
            return attribute(self.value(e.value, at), e.attr)
        if isinstance(e, ast.Subscript):
            base, key = self.value(e.value, at), self.value(e.slice, at)
            if isinstance(key, (int, str)) and (isinstance(base, (list, tuple, dict)) or layers(base)):
                with suppress(Exception):
                    return lasting(base[key])
        return MISSING

    # What ran

    def run(self, body: list[Any], until: Any = None) -> bool:
        """Add what the statements define, up to the statement that has the position `until`; whether it was met."""
        for s in body:
            here = until is not None and contains(s, until)
            inside = [part for part in blocks(s) if any([contains(t, until) for t in part])] if here else []
            if here and not inside:
                return True
            if isinstance(s, (ast.With, ast.AsyncWith)):
                self.maybe(s.items)
                if self.run(s.body, until if here else None):
                    return True
            elif isinstance(s, LOOPS):
                if here or not (isinstance(s, ast.For) and self.written_out(s)):
                    self.loop(s)
                if here:
                    return self.run(inside[0], until)
            elif isinstance(s, ast.If) and not here:
                self.branch(s)
            elif here:
                return self.run(inside[0], until)
            elif isinstance(s, (ast.Return, ast.Raise)):
                self.simple(s)
                if isinstance(s, ast.Return):
                    self.returns.append((s.value, self, len(self.did)))
                return False
            elif hasattr(s, "body"):
                self.maybe([s])
            else:
                self.simple(s)
        return False

    def fork(self, body: list[Any], *first: Definition) -> Scope:
        other = replace(self, did=[*self.did, *first], origin=self.origin or self)
        other.run(body)
        return other

    def branch(self, s: ast.If) -> None:
        """An `if` that went one way or the other."""
        self.maybe([s.test])
        forks = [self.fork(body) for body in (s.body, s.orelse)]
        left = (ast.Return, ast.Raise, ast.Break, ast.Continue)
        ends = [not body or not isinstance(body[-1], left) for body in (s.body, s.orelse)]
        if names := self.names_of([*s.body, *s.orelse], [s.body, s.orelse]):
            self.did.append(Definition(names, forks=[fork for fork, goes_on in zip(forks, ends) if goes_on]))

    def loop(self, s: Any) -> None:
        """A loop that ran we do not know how often: a name is as it was before, or as a round left it."""
        if s.orelse or any(isinstance(x, (ast.Break, ast.Continue)) for x in ast.walk(s)):
            self.fork(s.body)  # for what it returns
            return self.maybe([s])
        before = self.fork([])
        self.maybe([part for part in (getattr(s, "iter", None), getattr(s, "target", None)) if part is not None])
        if names := self.names_of(s.body, [s.body]):
            again = Definition(names, forks=[before])
            again.forks.append(self.fork(s.body, again))  # type: ignore[union-attr]
            self.did.append(again)

    def simple(self, s: Any) -> None:
        for part in ast.walk(s):
            if isinstance(part, ast.NamedExpr):
                self.did.append(Definition(frozenset([part.target.id]), part.value, start=len(self.did)))
        for call in ast.walk(s):
            if isinstance(call, ast.Call):
                self.called(call, s)
        if isinstance(s, ast.AugAssign):  # x += 1 changes what else is x; x[0] += 1 changes x too
            before = len(self.did)
            self.change(names_in(s.target))
        if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
            left = placed_like(ast.Name(s.target.id, ast.Load()), s.target)
            result = placed_like(ast.BinOp(left, s.op, s.value), s)
            self.did.append(Definition(frozenset([s.target.id]), result, start=before))
        elif isinstance(s, (ast.Assign, ast.AnnAssign)) and s.value is not None:
            start = len(self.did)
            for target in s.targets if isinstance(s, ast.Assign) else [s.target]:
                self.assign(target, s.value, (), start)

    def called(self, e: ast.Call, s: Any) -> None:
        """What a call changes: x.add_(1), xs.append(x), and a function of the user that changes its arguments in place."""
        if isinstance(e.func, ast.Attribute):
            alone = isinstance(s, ast.Expr) and s.value is e and isinstance(e.func.value, ast.Name)
            if alone and e.func.attr == "append" and len(e.args) == 1:
                self.did.append(Definition(frozenset([f"{e.func.value.id}[]"]), e.args[0], start=len(self.did)))  # type: ignore[attr-defined]
            elif alone and e.func.attr in ("extend", "insert", "pop", "clear", "reverse"):
                self.did.append(Definition(frozenset([f"{e.func.value.id}[]"])))  # type: ignore[attr-defined]
            elif alone and e.func.attr.endswith("_"):
                same = placed_like(ast.Attribute(e.func.value, e.func.attr.rstrip("_"), ast.Load()), e.func)
                new, start = placed_like(ast.Call(same, e.args, e.keywords), e), len(self.did)
                self.change(names_in(e.func.value))
                self.did.append(Definition(names_in(e.func.value), new, start=start))
            elif e.func.attr.endswith("_") and not e.func.attr.endswith(("__", "requires_grad_")):
                self.change(names_in(e.func))
        function = self.value(e.func, len(self.did))
        function = getattr(type(function), "forward", None) if hasattr(type(function), "forward") else function
        function = getattr(function, "__func__", function)
        ours = isinstance(function, FunctionType) and str(function.__globals__.get("__name__")).startswith("tinygrad_lite")
        if isinstance(function, FunctionType) and not ours and not library(function.__code__):
            tree = tree_of(function.__code__, function.__globals__)
            if tree is None or changes_given(tree):  # which of the tensors that it reaches, is not known
                self.did.append(Definition(frozenset([name for defined in self.did for name in defined.names])))

    def assign(self, target: Any, value: Any, path: tuple[int, ...], start: int) -> None:
        if isinstance(target, ast.Name):
            self.did.append(Definition(frozenset([target.id]), value, path, start=start))
        elif isinstance(target, (ast.Tuple, ast.List)) and not any(isinstance(part, ast.Starred) for part in target.elts):
            for i, part in enumerate(target.elts):
                self.assign(part, value, (*path, i), start)
        elif isinstance(target, ast.Attribute):
            return
        else:
            self.change(names_in(target))

    def maybe(self, parts: list[Any]) -> None:
        """Names that these statements may have assigned or changed."""
        names = self.names_of(parts, [block for part in parts for block in blocks(part)])
        if names:
            self.did.append(Definition(names))

    def names_of(self, parts: list[Any], bodies: list[list[Any]]) -> frozenset[str]:
        """The names that some syntax assigns to, and those that its statements change."""
        names = {name for part in parts for name in stored(part)}
        for body in bodies:
            tried = replace(self, did=list(self.did), origin=self.origin or self, returns=[])
            tried.run(body)
            names |= {name for defined in tried.did[len(self.did) :] for name in defined.names}
        return frozenset(names)

    def change(self, names: frozenset[str]) -> None:
        """These names were changed in place, and so were all that may hold the same tensor or a view of it."""
        more = True
        while more:
            more = False
            for defined in [one for one in self.did if one.value is not None]:
                same = defined.names | aliases(defined.value)
                if not names.isdisjoint(same) and not same <= names:
                    names, more = names | same, True
        self.did.append(Definition(names))

    def written_out(self, s: ast.For) -> bool:
        """Write out a loop over known elements; whether it could be done."""
        elements, start = self.elements(s.iter), len(self.did)
        if elements is None or s.orelse or any(isinstance(x, (ast.Break, ast.Continue, ast.Return)) for x in ast.walk(s)):
            return False
        for element in elements:
            bound = self.bind(s.target, element)
            self.run(s.body)
            if not bound or len(self.did) - start > MOST:
                del self.did[start:]
                return False
        return True

    def bind(self, target: Any, element: Any) -> bool:
        if isinstance(target, ast.Name):
            self.did.append(Definition(frozenset([target.id]), object=element))
            return True
        parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else []
        fits = isinstance(element, tuple) and len(element) == len(parts)
        return fits and all([self.bind(part, x) for part, x in zip(parts, element)])

    def elements(self, e: Any) -> list[Any] | None:
        """What a loop ran over: a list that is still there, range(3), and zip and enumerate of such."""
        at = len(self.did)
        if isinstance(e, ast.Call) and isinstance(e.func, ast.Name) and not e.keywords:
            kind = self.value(e.func, at)
            if kind is range:
                numbers = [self.value(x, at) for x in e.args]
                fits = all(type(n) is int for n in numbers) and len(range(*numbers)) <= LONGEST
                return list(range(*numbers)) if fits else None
            if kind is zip or kind is enumerate:
                parts = [part for x in e.args if (part := self.elements(x)) is not None]
                known = len(parts) == len(e.args) and (kind is zip or len(parts) == 1)
                return list(zip(*parts) if kind is zip else enumerate(parts[0])) if known else None
            return None
        x = self.value(e, at)
        return list(x) if (isinstance(x, (list, tuple)) or layers(x)) and len(x) <= LONGEST else None


def attribute(base: Any, name: str) -> Any:
    """base.name, without running code of the user."""
    if base is MISSING or isinstance(base, Tensor):
        return MISSING
    if isinstance(base, ModuleType):
        return getattr(base, name, MISSING)
    try:
        x = getattr_static(base, name)
    except (AttributeError, TypeError):
        return MISSING
    if isinstance(x, (staticmethod, classmethod)):
        return x.__func__ if isinstance(x, staticmethod) else MISSING
    if isinstance(x, FunctionType) and not isinstance(base, type):
        return (
            MISSING if name in getattr(base, "__dict__", ()) else MethodType(x, base)
        )  # one of its own may have been another one then
    return MISSING if isinstance(x, property) else lasting(x)


def lasting(x: Any) -> Any:
    """What an attribute, a list or a global holds, if it was the same then: a tensor that is no leaf may have been another."""
    if isinstance(x, (list, tuple, dict)):
        parts = x.values() if isinstance(x, dict) else x
        return MISSING if any([lasting(part) is MISSING for part in parts]) else x
    return MISSING if isinstance(x, Tensor) and (x.node is None or isinstance(x.node, Node)) else x


def layers(x: Any) -> bool:
    """Whether it is one of the library's lists of modules."""
    return x is not MISSING and type(x).__module__.startswith("tinygrad_lite.nn.") and hasattr(type(x), "__getitem__")


def filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def bound(called: Any, function: Any, e: Any, scope: Scope, at: int) -> dict[str, Any] | None:
    """What each parameter of a function got in a call: an expression with its Scope and point, or a Definition of an object."""
    code, here = function.__code__, (scope, at)
    given: list[Any] = [Definition(frozenset(), object=called.__self__)] if isinstance(called, MethodType) else []
    for x in [e.operand] if hasattr(e, "operand") else e.args:
        if not isinstance(x, ast.Starred):
            given.append((x, *here))
        elif isinstance(x.value, ast.Name) and isinstance(scope.arguments.get(f"*{x.value.id}"), list):
            given += scope.arguments[f"*{x.value.id}"]
        elif isinstance(parts := scope.value(x.value, at), (list, tuple)):
            given += [Definition(frozenset(), object=part) for part in parts]
        else:
            return None
    by_name: dict[str, Any] = {}
    for k in [] if hasattr(e, "operand") else e.keywords:
        if k.arg:
            by_name[k.arg] = (k.value, *here)
        elif isinstance(k.value, ast.Name) and isinstance(scope.arguments.get(f"*{k.value.id}"), dict):
            by_name |= scope.arguments[f"*{k.value.id}"]
        else:
            return None
    n, m = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    defaults = dict(zip(names[n - len(function.__defaults__ or ()) : n], function.__defaults__ or ())) | (
        function.__kwdefaults__ or {}
    )
    found: dict[str, Any] = {name: Definition(frozenset(), object=x) for name, x in defaults.items()} | dict(
        zip(names[:n], given)
    )
    rest = names[n + m :]
    if code.co_flags & 4:
        found[f"*{rest[0]}"] = given[n:]
        rest = rest[1:]
    elif len(given) > n:
        return None
    found |= {name: x for name, x in by_name.items() if name in names[: n + m]}
    if code.co_flags & 8:
        found[f"*{rest[0]}"] = {name: x for name, x in by_name.items() if name not in names[: n + m]}
    return found
