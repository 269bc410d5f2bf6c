"""The Scope of a frame that is still there: the code of the caller, of its callers, and of the earlier cells of a notebook."""

from __future__ import annotations

import ast
from types import FrameType, FunctionType, MethodType
from typing import Any

from .reading import Scope, bound
from .syntax import earlier_cells, outer_names, stored, top_level, tree_of


def scope_of_frame(frame: FrameType, depth: int = 4) -> Scope | None:
    """The Scope of a frame that is still there, up to the line that it is at."""
    code = frame.f_code
    tree, place = tree_of(code, frame.f_globals), position(frame)
    if tree is None or place is None or isinstance(tree, ast.Lambda):
        return None
    scope = Scope(code, tree, frame.f_globals, live=dict(frame.f_locals), unsafe=outer_names(tree))
    back = scope_of_frame(frame.f_back, depth - 1) if frame.f_back and depth and not top_level(code) else None
    if back is not None and frame.f_back is not None:
        scope.back = back, len(back.did)
        calls = [
            x
            for x in ast.walk(back.tree)
            if isinstance(x, ast.Call) and (x.end_lineno, x.end_col_offset) == position(frame.f_back)[2:]
        ]
        called = back.value(calls[0].func, len(back.did)) if len(calls) == 1 else None
        function = called.__func__ if isinstance(called, MethodType) else called
        if isinstance(function, FunctionType) and function.__code__ is code:
            scope.arguments = bound(called, function, calls[0], *scope.back) or {}
    bodies = [*earlier_cells(frame.f_globals), tree.body] if top_level(code) else [tree.body]
    scope.written.update([name for body in bodies for s in body for name in stored(s)])
    met = [scope.run(body, place[:2] if body is tree.body else None) for body in bodies][-1]
    scope.written.clear()
    return scope if met else None


def position(frame: FrameType) -> Any:
    """Where the code of a frame is: line and column, and where the expression ends."""
    line, end, column, end_column = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    return None if line is None else (line, column or 0, end, end_column)
