"""The syntax of code that ran: the tree of a function or a script, and what its statements assign to and change."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from functools import lru_cache
from os.path import dirname
from types import CodeType
from typing import Any

INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)  # with names of their own

# fmt: off
FRESH = frozenset([
    "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "sin", "cos", "abs", "neg", "softmax", "log_softmax", "mean", "sum",
    "gelu", "silu", "matmul", "mm", "norm", "item",
])
VIEWS = frozenset([
    "reshape", "view", "flatten", "squeeze", "unsqueeze", "t", "T", "mT", "transpose", "permute", "expand", "narrow", "select",
    "chunk", "split", "to", "float",
])
# fmt: on


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


def changes(x: Any) -> bool:
    """Whether it may change a tensor in place, or make a name of an outer function another one."""
    if isinstance(x, ast.AugAssign) or (isinstance(x, ast.Subscript) and not isinstance(x.ctx, ast.Load)):
        return True
    return isinstance(x, ast.Attribute) and x.attr.endswith("_") and not x.attr.endswith(("__", "requires_grad_"))


def changes_given(tree: Any) -> bool:
    """Whether a function may change in place what it was given, or reaches, and did not make itself."""
    made: dict[str, bool] = {}  # the names that it assigns to, and whether all that they get is new
    for x in own_nodes(tree):
        for target in x.targets if isinstance(x, ast.Assign) else [x.target] if isinstance(x, (ast.AnnAssign, ast.For)) else []:
            for name in [] if isinstance(target, (ast.Subscript, ast.Attribute)) else names_in(target):
                value = None if isinstance(x, ast.For) or not isinstance(target, ast.Name) else x.value
                made[name] = made.get(name, True) and value is not None and not aliases(value) and not called_by_name(value)
    own = {x.arg for x in ast.walk(tree.args) if isinstance(x, ast.arg)}
    changed = [x.target if isinstance(x, ast.AugAssign) else x.value for x in own_nodes(tree) if changes(x)]
    return not all([isinstance(x, ast.Name) and made.get(x.id, False) and x.id not in own for x in changed])


def library(code: CodeType) -> bool:
    """Whether a function is one of Python's own or of a package that is installed, which do not change Tensors in place."""
    return "-packages" in code.co_filename or code.co_filename.startswith((dirname(ast.__file__), "<frozen"))


def called_by_name(e: Any) -> bool:
    return isinstance(e, ast.Call) and isinstance(e.func, ast.Name)


def aliases(e: Any) -> frozenset[str]:
    """The names whose tensors an expression may give as they are, or as views."""
    if isinstance(e, ast.Name):
        return frozenset([e.id])
    parts: list[Any] = []
    if isinstance(e, ast.IfExp):
        parts = [e.body, e.orelse]
    elif isinstance(e, (ast.Tuple, ast.List)):
        parts = e.elts
    elif isinstance(e, ast.Dict):
        parts = e.values
    elif isinstance(e, (ast.Subscript, ast.Starred, ast.NamedExpr, ast.Attribute)):
        parts = [e.value]
    elif isinstance(e, ast.Call):
        method = isinstance(e.func, ast.Attribute)
        parts = [*e.args, *[k.value for k in e.keywords], *([e.func.value] if method and e.func.attr in VIEWS else [])]  # type: ignore[attr-defined]
        parts = [] if method and e.func.attr in FRESH else parts  # type: ignore[attr-defined]
    return frozenset([name for part in parts for name in aliases(part)])


def stored(part: Any) -> Iterator[str]:
    """The names that a statement assigns to, or may change in place."""
    for x in [part] if isinstance(part, INNER) else [part, *own_nodes(part)]:
        if isinstance(x, ast.Name) and not isinstance(x.ctx, ast.Load):
            yield x.id
        elif isinstance(x, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.MatchAs, ast.MatchStar)):
            yield x.name or ""
        elif isinstance(x, ast.alias):
            yield (x.asname or x.name).partition(".")[0]
        elif isinstance(x, ast.ExceptHandler) and x.name:
            yield x.name
        elif isinstance(x, ast.Attribute) and x.attr in ("append", "extend", "insert", "pop") and isinstance(x.value, ast.Name):
            yield f"{x.value.id}[]"
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
    module = parsed("".join(linecache.getlines(code.co_filename, globals)))
    if module is None or top_level(code):
        return module if module is not None and said(code, module) else None
    found = [
        x
        for x in ast.walk(module)
        if isinstance(x, (ast.FunctionDef, ast.Lambda))
        and (getattr(x, "name", "<lambda>") == code.co_name)
        and min([x.lineno, *[d.lineno for d in getattr(x, "decorator_list", ())]]) == code.co_firstlineno
        and [a.arg for a in (*x.args.posonlyargs, *x.args.args)] == list(code.co_varnames[: code.co_argcount])
    ]
    return found[0] if len(found) == 1 and said(code, found[0]) else None


def top_level(code: CodeType) -> bool:
    """Whether it is a script or a cell, not a function."""
    return not code.co_flags & 1  # CO_OPTIMIZED


def said(code: CodeType, tree: Any) -> bool:
    """Whether all names of the code are in this source: if not, the file was changed since."""
    parts = list(ast.walk(tree))
    names = {str(value) for x in parts for _, value in ast.iter_fields(x) if isinstance(value, str)}
    names |= {name for value in list(names) for name in value.split(".")} | {"__name__", "__module__", "__qualname__"}
    return all([name in names or name[:1] in "@." or "__" in name for name in (*code.co_names, *code.co_varnames)])


def outer_names(tree: Any) -> frozenset[str]:
    """The names that functions within this code assign to, or change what they hold, though the names are not their own."""
    names = {name for x in ast.walk(tree) if isinstance(x, (ast.Global, ast.Nonlocal)) for name in x.names}
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.Lambda)) and function is not tree:
            own = {x.arg for x in ast.walk(function) if isinstance(x, ast.arg)}
            own |= {x.id for x in ast.walk(function) if isinstance(x, ast.Name) and not isinstance(x.ctx, ast.Load)}
            for x in ast.walk(function):
                if isinstance(x, (ast.Subscript, ast.Attribute)) and not isinstance(x.value, ast.Attribute):
                    holds = getattr(x, "attr", "") in ("append", "extend", "insert", "pop", "clear", "update")
                    if changes(x) or holds:
                        names |= names_in(x.value) - own
    return frozenset(names)


def own_nodes(tree: Any) -> Iterator[Any]:
    """The syntax within a function, without that of functions within it."""
    for x in ast.iter_child_nodes(tree):
        yield x
        if not isinstance(x, INNER):
            yield from own_nodes(x)


def placed_like(new: Any, old: Any) -> Any:
    """New syntax, in the place of another piece of it."""
    new = ast.copy_location(new, old)
    new.file = getattr(old, "file", None)
    return new


def earlier_cells(globals: dict[str, Any]) -> Iterator[list[Any]]:
    """The statements of the cells of a notebook that ran before this one, each with its file; of the cell that failed last,
    those before the failure. A cell whose text stands in several files has none: its lines are not named.
    """
    cells = globals.get("In")
    if "get_ipython" not in globals or not isinstance(cells, list):
        return
    files: dict[str, list[str]] = {}
    for name, entry in list(linecache.cache.items()):
        if len(entry) == 4:
            files.setdefault("".join(entry[2]).rstrip("\n"), []).append(name)
    failed: dict[str, int] = {}
    step = getattr(sys, "last_traceback", None)
    while step is not None:
        failed.setdefault(step.tb_frame.f_code.co_filename, step.tb_lineno)
        step = step.tb_next
    for number, source in enumerate(cells[:-1]):
        names = files.get(str(source).rstrip("\n"), [])
        names = [name for name in names if f"input-{number}-" in name] or names  # IPython's, in a terminal
        tree = parsed.__wrapped__(str(source))  # a tree of its own: the same text may have run twice
        part: Any
        for part in ast.walk(tree) if tree else ():
            part.file = names[0] if len(names) == 1 else ""
        if tree:
            yield [s for s in tree.body if s.end_lineno < failed.get(names[0] if names else "", s.end_lineno + 1)]
