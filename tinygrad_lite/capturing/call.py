"""Call: one NumPy call of a recording, and how it is written in the program that replays it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(slots=True, eq=False)
class Call:
    """function(*inputs, **options), and what it writes to. `style` says where the results go:
    positional   f(*inputs, *results): a ufunc
    keyword      f(*inputs, out=result)
    first        f(result, *inputs): np.copyto
    put          put(result, f(*inputs)): f has no out=
    within       f(*inputs), which changes a part of the results, that are among the inputs: x[i] = y
    name         a variable = f(*inputs): part of an argument, or a number
    guard        f(*inputs) must give `expected` again
    effect       f(*inputs) is called for what it does to Python's objects
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    options: dict[str, Any]
    results: tuple[Any, ...]
    style: str
    expected: Any = None
    state: tuple[int, ...] = ()  # the ids of Python objects that it changes, or (style name) looks at
    errors: dict[str, Any] | None = None  # the np.errstate that it was called in, if that was another one than at the start

    @property
    def overwrites(self) -> bool:
        """Whether the results hold nothing afterwards of what was there before."""
        return self.style in ("positional", "keyword", "first", "put") and "where" not in self.options


def root(array: Array) -> Array:
    """The array that owns the memory of this one."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def arrays_in(x: Any) -> Iterator[Any]:
    """The recorded arrays, NumPy arrays and numbers of the program in nested tuples, lists, dicts and slices."""
    kind = type(x)
    if kind in (tuple, list):
        for part in x:
            yield from arrays_in(part)
    elif kind is dict:
        yield from arrays_in(list(x.values()))
    elif kind is slice:
        yield from arrays_in([x.start, x.stop, x.step])
    elif kind is np.ndarray or hasattr(kind, "recording"):
        yield x
