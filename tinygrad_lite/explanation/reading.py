"""Code that ran, read afterwards: which expression gave a variable its value.

A Scope is a function (or a script) and its statements before some point, as a list of definitions in the order in which they
ran: a loop over a list that is still there is written out, the branches of an `if` are only "may have changed these names".
lines.py asks a Scope what a name or an expression stood for, and gets nothing where more than one answer is possible.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from inspect import getattr_static
from linecache import getlines
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from .._tensor import Tensor
from ..tape import Node

MISSING: Any = object()
LOOPS = (ast.For, ast.While, ast.AsyncFor)
LONGEST = 200  # a loop with more rounds is not written out


@dataclass(slots=True, eq=False)
class Definition:
    """What gave some names their value: an expression, of which they got the part at `path` of a tuple; or an object. With
    neither, they may or may not have been assigned there.
    """

    names: frozenset[str]
    value: Any = None
    path: tuple[int, ...] = ()
    object: Any = MISSING


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
    reached: bool = False

    # What a name is

    def definition(self, name: str, at: int) -> tuple[Definition, int] | None:
        """The last definition of a name before a point."""
        for i in range(at - 1, -1, -1):
            if name in self.did[i].names:
                return self.did[i], i
        return None

    def where(self, name: str, at: int) -> tuple[Scope, int]:
        """The Scope that a name belongs to, and the point there: this one, or a running one around it."""
        scope = self
        if name in self.code.co_varnames or name in self.code.co_cellvars or self.code.co_name == "<module>":
            return self, at
        while scope.back:
            scope, at = scope.back
            module = scope.code.co_name == "<module>" and scope.globals is self.globals and name not in self.cells
            if scope.live is not None and (module or (name in self.cells and name in scope.code.co_cellvars)):
                return scope, at
        return self, at

    def look(self, name: str, at: int) -> Any:
        """The object that a variable held at a point; MISSING if that is not sure."""
        scope, at = self.where(name, at)
        if name in scope.unsafe:
            return MISSING
        found = scope.definition(name, at)
        if scope.live is not None:
            last = scope.definition(name, len(scope.did))
            if name in scope.live and (found and found[0]) is (last and last[0]):
                return scope.live[name]
        if found:
            (defined, i) = found
            if defined.object is not MISSING:
                return defined.object
            return MISSING if defined.value is None or defined.path else scope.value(defined.value, i)
        if name in scope.arguments:
            given = scope.arguments[name]
            return given[1].value(given[0], given[2]) if isinstance(given, tuple) else given.object
        if name in scope.code.co_varnames:
            return MISSING
        x = scope.cells.get(name, scope.globals.get(name, getattr(builtins, name, MISSING)))
        # It may be another by now. A tensor that is no leaf would mislead; a leaf, a module or a function hardly changes.
        return MISSING if isinstance(x, Tensor) and (x.node is None or isinstance(x.node, Node)) else x

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
                    return base[key]
        return MISSING

    # What ran

    def run(self, body: list[Any], until: Any = None) -> bool:
        """Add what the statements define, up to the statement that has the position `until`; whether it was met."""
        for s in body:
            here = until is not None and contains(s, until)
            simple = isinstance(s, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Assert, ast.Raise))
            if here and (simple or not hasattr(s, "body")):
                return True
            inside = [part for part in blocks(s) if any([contains(t, until) for t in part])] if here else []
            if here and not inside:  # in the head of the statement
                return True
            if isinstance(s, (ast.With, ast.AsyncWith)):
                self.maybe(s.items)
                if self.run(s.body, until if here else None):
                    return True
            elif here:
                self.maybe([s] if isinstance(s, LOOPS) else [s.test] if isinstance(s, ast.If) else [])
                return self.run(inside[0], until)
            elif isinstance(s, ast.For) and self.written_out(s):
                pass
            elif simple:
                self.simple(s)
            else:
                self.maybe([s])
        return False

    def simple(self, s: Any) -> None:
        for part in ast.walk(s):
            if isinstance(part, ast.NamedExpr):
                self.did.append(Definition(frozenset([part.target.id]), part.value))
        if isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
            left = ast.copy_location(ast.Name(s.target.id, ast.Load()), s.target)
            self.did.append(Definition(frozenset([s.target.id]), ast.copy_location(ast.BinOp(left, s.op, s.value), s)))
        elif isinstance(s, (ast.Assign, ast.AnnAssign)) and s.value is not None:
            for target in s.targets if isinstance(s, ast.Assign) else [s.target]:
                self.assign(target, s.value, ())
        elif isinstance(s, (ast.Expr, ast.AugAssign)):  # x.add_(1) and x[0] += 1 change x
            part = s.value.func if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) else getattr(s, "target", None)
            if isinstance(part, (ast.Subscript, ast.Attribute)) and getattr(part, "attr", "_").endswith("_"):
                self.did.append(Definition(names_in(part)))

    def assign(self, target: Any, value: Any, path: tuple[int, ...]) -> None:
        if isinstance(target, ast.Name):
            self.did.append(Definition(frozenset([target.id]), value, path))
        elif isinstance(target, (ast.Tuple, ast.List)) and not any(isinstance(part, ast.Starred) for part in target.elts):
            for i, part in enumerate(target.elts):
                self.assign(part, value, (*path, i))
        elif isinstance(target, ast.Attribute):
            return
        else:
            self.did.append(Definition(names_in(target)))

    def maybe(self, parts: list[Any]) -> None:
        """Names that these statements may have assigned or changed."""
        names = {name for part in parts for name in stored(part)}
        if names:
            self.did.append(Definition(frozenset(names)))

    def written_out(self, s: ast.For) -> bool:
        """Write out a loop over known elements; whether it could be done."""
        elements = self.elements(s.iter)
        if elements is None or s.orelse or any(isinstance(x, (ast.Break, ast.Continue, ast.Return)) for x in ast.walk(s)):
            return False
        for element in elements:
            if not self.bind(s.target, element):
                return False
            self.run(s.body)
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
                parts = [self.elements(x) for x in e.args]
                return list(kind(*parts)) if None not in parts else None
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
    if isinstance(x, FunctionType) and not isinstance(base, type) and name not in getattr(base, "__dict__", {}):
        return MethodType(x, base)
    if isinstance(x, Tensor) and (x.node is None or isinstance(x.node, Node)):
        return MISSING  # it may have been another one then
    return MISSING if isinstance(x, property) else x


def layers(x: Any) -> bool:
    """Whether it is one of the library's lists of modules."""
    return x is not MISSING and type(x).__module__.startswith("tinygrad_lite.nn.") and hasattr(type(x), "__getitem__")


def blocks(s: Any) -> Iterator[list[Any]]:
    """The blocks of statements within a statement."""
    for name in ("body", "orelse", "finalbody"):
        if isinstance(getattr(s, name, None), list):
            yield getattr(s, name)
    for part in (*getattr(s, "handlers", ()), *getattr(s, "cases", ())):
        yield part.body


def contains(s: Any, position: tuple[int, int]) -> bool:
    return (s.lineno, s.col_offset) <= position < (s.end_lineno, s.end_col_offset)


def names_in(part: Any) -> frozenset[str]:
    return frozenset([x.id for x in ast.walk(part) if isinstance(x, ast.Name)])


def stored(part: Any) -> Iterator[str]:
    """The names that a statement assigns to, or may change in place."""
    for x in ast.walk(part):
        if isinstance(x, ast.Name) and not isinstance(x.ctx, ast.Load):
            yield x.id
        elif isinstance(x, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            yield x.name
        elif isinstance(x, ast.alias):
            yield (x.asname or x.name).partition(".")[0]
        elif isinstance(x, ast.ExceptHandler) and x.name:
            yield x.name
        elif isinstance(x, (ast.Subscript, ast.Attribute)) and (
            not isinstance(x.ctx, ast.Load) or getattr(x, "attr", "")[-1:] == "_"
        ):
            yield from names_in(x)


@lru_cache(64)
def parsed(source: str) -> Any:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def tree_of(code: CodeType, globals: dict[str, Any]) -> Any:
    """The syntax of a code object: its module, function or lambda; None if the source is not there or not the same."""
    module = parsed("".join(getlines(code.co_filename, globals)))
    if module is None or code.co_name == "<module>":
        return module
    found = [
        x
        for x in ast.walk(module)
        if isinstance(x, (ast.FunctionDef, ast.Lambda))
        and (getattr(x, "name", "<lambda>") == code.co_name)
        and min([x.lineno, *[d.lineno for d in getattr(x, "decorator_list", ())]]) == code.co_firstlineno
        and [a.arg for a in (*x.args.posonlyargs, *x.args.args)] == list(code.co_varnames[: code.co_argcount])
    ]
    return found[0] if len(found) == 1 else None


def scope_of_frame(frame: FrameType, depth: int = 4) -> Scope | None:
    """The Scope of a frame that is still there, up to the line that it is at."""
    code = frame.f_code
    tree = tree_of(code, frame.f_globals)
    positions = list(code.co_positions())[frame.f_lasti // 2]
    if tree is None or positions[0] is None or isinstance(tree, ast.Lambda):
        return None
    scope = Scope(code, tree, frame.f_globals, live=dict(frame.f_locals), unsafe=outer_names(tree))
    back = scope_of_frame(frame.f_back, depth - 1) if frame.f_back and depth and code.co_name != "<module>" else None
    if back is not None:
        scope.back = back, len(back.did)
    scope.reached = scope.run(tree.body, (positions[0], positions[2] or 0))
    return scope if scope.reached else None


def outer_names(tree: Any) -> frozenset[str]:
    return frozenset([name for x in ast.walk(tree) if isinstance(x, (ast.Global, ast.Nonlocal)) for name in x.names])
