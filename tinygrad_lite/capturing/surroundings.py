"""Surroundings: the Python values that a step finds outside its arguments, and that a program therefore takes as constants.

These are the globals and closures that its code names, the attributes of its modules (`training`, a dropout's p) and of the
user's own objects, found once, through functions that these call. A replay compares them by identity, a few nanoseconds each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..tape import Leaf
from .call import root

PLAIN = (int, float, bool, complex, str, bytes, type(None), tuple, frozenset)
ANY = {"getattr", "vars", "__dict__", "eval", "exec", "globals", "locals"}  # code that names these may look at anything
SMALL = 64  # numbers of a NumPy array that each replay compares
LARGE = 100  # of larger lists and dicts only the length is compared
OURS = __name__.partition(".")[0]


class Surroundings:
    """`places` are (what it is called, a dict or list or cell, the keys looked at or None for all)."""

    def __init__(self, function: Any) -> None:
        self.places: list[tuple[str, Any, tuple[Any, ...] | None]] = []
        self.memory: set[int] = set()  # the ids of the owners of NumPy arrays
        self._opaque: dict[int, tuple[str, Any]] = {}  # objects that are only looked at before and after a recording
        self._names: set[str] = set()  # all that the code looks up, in variables and attributes
        self._found: dict[int, tuple[str, Any]] = {}  # the objects that it may come to, by id, and what they are called
        self._visit("", function)
        looked_at = 0
        while looked_at < len(self._found) + len(self._names):  # a function that was found may name more
            looked_at = len(self._found) + len(self._names)
            for name, x in list(self._found.values()):
                for key, part in self._parts(x):
                    self._visit(f"{name}.{key}" if name else str(key), part)
        for name, x in self._found.values():
            self._add(name, x)

    def now(self) -> list[Any]:
        """The values at all places."""
        return [value for _, place, keys in self.places for value in values_at(place, keys)]

    def within(self) -> list[tuple[str, Any]]:
        """What is in objects that a replay does not look at, for a comparison before and after a recording."""
        return [(name, hidden(x)) for name, x in self._opaque.values()]

    def small(self) -> list[Any]:
        """What is in the small ones of these, which each replay compares."""
        held = [hidden(x) for _, x in self._opaque.values() if not isinstance(x, np.ndarray) or x.size <= SMALL]
        return [values for values in held if values is not None]

    def iterators(self) -> list[str]:
        """The names of iterators: nothing tells how far one has come."""
        return [name for name, x in self._opaque.values() if hasattr(type(x), "__next__")]

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
        """Note an object whose parts may matter."""
        if isinstance(x, np.ndarray):
            self.memory.add(id(root(x)))
        if hasattr(type(x), "__next__") or hidden(x) is not None:
            self._opaque[id(x)] = name, x
        if isinstance(x, Tensor) and isinstance(x.node, Leaf):
            for hooks in filter(None, (x.node.hooks, getattr(x.node, "after", None))):
                self._visit(name, hooks)
        if isinstance(groups := getattr(getattr(x, "optimizer", x), "param_groups", None), list):
            self._visit(name, getattr(x, "_hooks", None))
            if self._looks_up("param_groups") or self._looks_up("get_last_lr"):  # otherwise they are inputs of the program
                for group in groups:
                    self._visit(f"{name}.param_groups", group)
        if id(x) in self._found or (isinstance(x, PLAIN) and not isinstance(x, tuple)):
            return
        if isinstance(x, (Tensor, BuiltinFunctionType, type)) or (_ours(type(x)) and not _transparent(x)):
            return
        if not isinstance(x, FunctionType) or not _ours(x):
            self._found[id(x)] = name, x
        if isinstance(x, FunctionType) and not _ours(x):
            self._names.update(_names(x.__code__))

    def _parts(self, x: Any) -> list[tuple[Any, Any]]:
        """The parts of an object that the code may look at."""
        if isinstance(x, FunctionType):
            cells = zip(x.__code__.co_freevars, x.__closure__ or ())
            held = [(name, value) for name, cell in cells for value in values_at(cell, None)]
            held += [(name, x.__globals__[name]) for name in _names(x.__code__) if name in x.__globals__]
            return held + list(enumerate((*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values())))
        if isinstance(x, MethodType):
            return [("", x.__self__), ("", x.__func__)]
        if isinstance(x, partial):
            return [("", x.func), *enumerate(x.args), *x.keywords.items()]
        if isinstance(x, (list, tuple)):
            return list(enumerate(x[:LARGE]))
        if isinstance(x, dict):
            return list(x.items())[:LARGE]
        if isinstance(x, ModuleType):
            return []
        own = vars(x) if hasattr(x, "__dict__") else {}
        methods = [] if _ours(type(x)) else [part for kind in type(x).__mro__ for part in vars(kind).items() if not _ours(kind)]
        named = [(key, part) for key, part in methods if isinstance(part, FunctionType) and self._looks_up(key)]
        return [(key, own[key]) for key in self._keys(x)] + named

    def _looks_up(self, name: str) -> bool:
        return name in self._names or name in ("forward", "__call__") or not self._names.isdisjoint(ANY)

    def _keys(self, x: Any) -> tuple[Any, ...]:
        """The attributes of an object that the code may look at: of a module all."""
        return (
            tuple(key for key in vars(x) if hasattr(type(x), "named_modules") or self._looks_up(key))
            if hasattr(x, "__dict__")
            else ()
        )

    def _add(self, name: str, x: Any) -> None:
        """Note the places of the object that a replay looks at."""
        if isinstance(x, FunctionType):
            named = tuple(key for key in dict.fromkeys(_names(x.__code__)) if key in x.__globals__)
            self.places += [(", ".join(named), x.__globals__, named)] if named else []
            self.places.append((x.__name__, vars(x), None))
            self.places += [(key, cell, None) for key, cell in zip(x.__code__.co_freevars, x.__closure__ or ())]
        elif isinstance(x, (list, dict)):
            self.places.append((name, x, None))
        elif isinstance(x, ModuleType):  # config.lr
            named = (
                ()
                if _ours(x)
                else tuple(key for key, value in vars(x).items() if key in self._names and isinstance(value, PLAIN))
            )
            self.places += [(name, vars(x), named)] if named else []
        elif not isinstance(x, (tuple, MethodType, partial)) and hasattr(x, "__dict__"):
            keys = self._keys(x)
            self.places += [(name, vars(x), None if hasattr(type(x), "named_modules") else keys)] if keys else []


def _transparent(x: Any) -> bool:
    """Whether the parts of an object of a library's class are looked at: containers, functions, and the package's modules."""
    kinds = (FunctionType, MethodType, ModuleType, partial, list, dict, tuple)
    return isinstance(x, kinds) or hasattr(type(x), "named_modules")


def hidden(x: Any) -> Any:
    """What an object of no other interest holds, as something to compare; None if it holds nothing."""
    if isinstance(x, np.random.Generator):
        return repr(x.bit_generator.state)
    if isinstance(x, np.ndarray):
        return x.tobytes() if x.dtype != object else list(map(id, x.flat))
    if isinstance(x, (set, deque)):
        return list(map(id, x))
    slots = () if _ours(type(x)) else getattr(type(x), "__slots__", ())
    names = (slots,) if isinstance(slots, str) else slots
    return [id(getattr(x, name, None)) for name in names] or None


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
