"""Surroundings: the Python values that a step finds outside its arguments, and that a program therefore takes as constants.

These are the globals and closures that its code names, the attributes of its modules (`training`, a dropout's p) and of the
user's own objects, found once, through functions that these call. A replay compares them by identity, a few nanoseconds each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .._tensor import Tensor

PLAIN = (int, float, bool, complex, str, bytes, type(None), tuple, frozenset)
LARGE = 100  # of larger lists and dicts only the length is compared
OURS = __name__.partition(".")[0]


class Surroundings:
    """`places` are (what it is called, a dict or list or cell, the keys looked at or None for all)."""

    def __init__(self, function: Any) -> None:
        self.places: list[tuple[str, Any, tuple[Any, ...] | None]] = []
        self._seen: set[int] = set()
        self._keep: list[Any] = []
        self._visit("", function)

    def now(self) -> list[Any]:
        """The values at all places."""
        return [value for _, place, keys in self.places for value in values_at(place, keys)]

    def changed(self, before: list[Any], after: list[Any]) -> str:
        """What is not as before; empty if nothing has changed."""
        at = 0
        for name, place, keys in self.places:
            here = after[at : at + len(values_at(place, keys))]
            if not all(map(_same, before[at : at + len(here)], here)):
                return name
            at += len(here)
        return "" if len(before) == len(after) else "a list or an object"

    def _visit(self, name: str, x: Any) -> None:
        if id(x) in self._seen or isinstance(x, (*PLAIN, Tensor, BuiltinFunctionType, type)):
            if isinstance(x, tuple) and id(x) not in self._seen:
                self._seen.add(id(x))
                for i, part in enumerate(x):
                    self._visit(f"{name}[{i}]", part)
            return
        self._seen.add(id(x))
        self._keep.append(x)
        if isinstance(x, FunctionType):
            if not _ours(x):
                self._function(x)
        elif isinstance(x, MethodType):
            self._visit("self", x.__self__)
            self._visit(name, x.__func__)
        elif isinstance(x, partial):
            self._visit(name, (x.func, x.args, *x.keywords.values()))
        elif isinstance(x, (list, dict)):
            self._add(name, x, None)
            for key, part in list(x.items() if isinstance(x, dict) else enumerate(x))[:LARGE]:
                self._visit(f"{name}[{key!r}]", part)
        elif isinstance(x, ModuleType) or not hasattr(x, "__dict__"):
            pass
        elif hasattr(type(x), "named_modules") or not _ours(type(x)):
            self._add(name, vars(x), None)
            for key, part in list(vars(x).items()):
                self._visit(f"{name}.{key}" if name else key, part)
            for kind in type(x).__mro__:
                if not _ours(kind):
                    for part in list(vars(kind).values()):
                        self._visit(name, part) if isinstance(part, FunctionType) else None

    def _function(self, function: FunctionType) -> None:
        named = tuple(name for name in dict.fromkeys(_names(function.__code__)) if name in function.__globals__)
        self._add("", function.__globals__, named)
        for name in named:
            found = function.__globals__[name]
            self._visit(name, found)
            if isinstance(found, ModuleType) and not _ours(found):  # config.lr
                self._add(name, vars(found), tuple(key for key in _names(function.__code__) if isinstance(vars(found).get(key), PLAIN)))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self._add(name, cell, None)
            for value in values_at(cell, None):
                self._visit(name, value)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._visit("a default", value)

    def _add(self, name: str, place: Any, keys: tuple[Any, ...] | None) -> None:
        if keys is None or keys:
            self.places.append((name, place, keys))


def values_at(place: Any, keys: tuple[Any, ...] | None) -> list[Any]:
    if keys is not None:
        return [place.get(key) for key in keys]
    if isinstance(place, (list, dict)):
        held = list(place.values() if isinstance(place, dict) else place)
        return held if len(held) <= LARGE else [len(held)]
    try:
        return [place.cell_contents]
    except ValueError:  # not set yet
        return [None]


def _same(x: Any, y: Any) -> bool:
    return x is y or (type(x) is type(y) and isinstance(x, PLAIN) and bool(x == y))


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function's code, and functions within it, look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _ours(x: Any) -> bool:
    """Whether a class, function or module is this package's or a library's: their state is not a user's."""
    name = x.__name__ if isinstance(x, ModuleType) else str(getattr(x, "__module__", ""))
    return name.partition(".")[0] in (OURS, "numpy", "builtins", "collections", "functools", "typing", "abc", "enum", "math")
