"""Program: the calls of a recording, without those that nobody needs, as the source of one Python function.

    matmul(x0, a1, a2)
    add(a2, a3, a2)
    maximum(a2, n, out=a2)

The arrays are global names of that function: the memory of the parameters, of the gradients, and room for what lies between.
Results that do not live at the same time share the room.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from keyword import iskeyword
from operator import setitem
from typing import Any

import numpy as np

from .arrays import Recorded, Scalar
from .call import Array, Call, arrays_in, root

ALIGNED = 64
VARIABLE = re.compile(r"[tuvxs]\d+|s\d+_.")  # the names of a program's own variables
COMPARED = {np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==", np.not_equal: "!="}
SAFE = {np.where, np.concatenate, np.stack, np.ndarray.view, np.ndarray.reshape, np.ndarray.fill, np.ndarray.transpose}


class Changed(Exception):
    """A guard: something that was read while recording has another value now."""


def array_of(x: Any) -> Array:
    return x if type(x) is np.ndarray else x.value


def memories(parts: Any) -> Iterator[int]:
    """The ids of the memory of all fixed arrays among the operands of a call."""
    for x in arrays_in(parts):
        if type(x) is not Scalar and not getattr(x, "name", ""):
            yield id(root(array_of(x)))


def names(parts: Any) -> Iterator[str]:
    """The names of all variables among them."""
    for x in arrays_in(parts):
        if getattr(x, "name", ""):
            yield x.name


def without_constants(calls: list[Call], own: dict[int, Array]) -> list[Call]:
    """Without what computes the same at each replay: the first time has filled the memory."""
    writers: dict[int, int] = {}
    for call in calls:
        for memory in memories(call.results):
            writers[memory] = writers.get(memory, 0) + 1
    constant = {memory for memory in own if writers.get(memory, 0) <= 1}
    changed = True
    while changed:
        changed = False
        for call in calls:
            reads = (call.inputs, call.options)
            if any(names(reads)) or call.state or not constant.issuperset(memories(reads)) or not call.overwrites:
                changed = changed or not constant.isdisjoint(memories(call.results))
                constant.difference_update(memories(call.results))
    return [
        call
        for call in calls
        if not call.overwrites or any(names(call.results)) or not constant.issuperset(memories(call.results))
    ]


def needed(calls: list[Call], own: dict[int, Array], kept: set[int], shown: set[str]) -> list[Call]:
    """Without what nobody reads. `kept` has the memory, `shown` the variables that are looked at after the program."""
    live, used, found = set(kept), set(shown), list[Call]()
    for call in reversed(calls):
        targets = list(memories(call.results))
        if call.style == "name":
            wanted = not used.isdisjoint(names(call.results)) or bool(call.state)
        elif call.style in ("guard", "effect") or call.state:  # a draw of random numbers moves the generator on
            wanted = True
        else:
            wanted = any(names(call.results)) or any(memory in live or memory not in own for memory in targets)
        if not wanted:
            continue
        found.append(call)
        if call.overwrites:
            for x in call.results:
                if not x.name and x.value.nbytes == root(x.value).nbytes:
                    live.discard(id(root(x.value)))
        live.update(memories((call.inputs, call.options)))
        used.update(names((call.inputs, call.options)))
        if call.style != "name":
            used.update(names(call.results))
    return found[::-1]


def guards_first(calls: list[Call], own: dict[int, Array]) -> tuple[list[Call], int]:
    """The calls that guards depend on, before all others, and their number. So little has changed when one does not hold."""
    first, rest = list[Call](), list[Call]()
    reads, writes, asked = set[int](), set[int](), set[str]()
    for call in reversed(calls):
        mine = set(memories((call.inputs, call.options))), set(memories(call.results))
        mine[call.style != "name"].update(call.state)
        needed_there = not mine[1].isdisjoint(reads | writes) or not mine[0].isdisjoint(writes)
        if call.style == "name":
            needed_there = needed_there or not asked.isdisjoint(names(call.results))
        if risky(call) or needed_there:
            first.append(call)
            reads |= mine[0]
            writes |= mine[1]
            asked.update(names((call.inputs, call.options, call.results)))
        else:
            rest.append(call)
    return first[::-1] + rest[::-1], len(first)


def compared(calls: list[Call]) -> list[Call]:
    """A branch on a comparison of two integers, as the check of labels, is made by Python, without an array for the answer."""
    found, everything = list[Call](), [(call.inputs, call.options, call.results) for call in calls]
    uses = Counter(memories(everything))
    for call in calls:
        asked = found[-1] if found else call
        if call.function is bool and asked.function in COMPARED and asked.results and asked.results[0] is call.inputs[0]:
            whole = [type(x) is int or (type(x) is Recorded and not x.ndim and x.dtype.kind in "iu") for x in asked.inputs]
            if all(whole) and uses[next(memories(call.inputs))] == 2:
                found[-1] = Call(asked.function, asked.inputs, {}, (), "guard", call.expected)
                continue
        found.append(call)
    return found


def risky(call: Call) -> bool:
    """Whether a replay may find that the call cannot be made, or gives another shape."""
    if call.style == "guard" or (call.style == "name" and call.state):
        return True
    if isinstance(call.function, np.ufunc) or call.style in ("effect", "first") or call.state or call.function in SAFE:
        return False
    if getattr(call.function, "__module__", "") == "numpy.linalg":
        return True
    return any(array_of(x).dtype.kind in "bi" for x in arrays_in((call.inputs, call.options)) if type(x) is not Scalar)


class Room:
    """Where the results between lie. Memory that is not needed any more is used again, the latest first: it is in the cache."""

    def __init__(self, calls: list[Call], own: dict[int, Array], fixed: set[int], ends: set[int]) -> None:
        """`fixed` memory stays where it is, that of `ends` is looked at after the last call."""
        self.places: dict[int, Array] = {}  # of each memory: the bytes in its stead
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for i, call in enumerate(calls):
            for memory in memories((call.inputs, call.options, call.results)):
                if memory in own and memory not in fixed:
                    first.setdefault(memory, i)
                    last[memory] = len(calls) if memory in ends else i
        free: list[Array] = []
        for i, call in enumerate(calls):
            read = dict.fromkeys(memories((call.inputs, call.options)))
            done = [memory for memory in read if last.get(memory) == i and first[memory] < i]
            begun = [memory for memory in dict.fromkeys(memories(call.results)) if first.get(memory) == i]
            over = [memory for memory in done if in_place(call, own[memory])]
            free += [self.places[memory] for memory in over]
            for memory in begun:
                self.places[memory] = take(free, own[memory].nbytes)
            free += [self.places[memory] for memory in done if memory not in over]
            free += [self.places[memory] for memory in begun if last[memory] == i]

    def of(self, array: Array) -> Array:
        """The array in place of a recorded one."""
        memory = root(array)
        if id(memory) not in self.places or not array.size:
            return array
        offset = array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        return np.ndarray(array.shape, array.dtype, self.places[id(memory)], offset, array.strides)


def in_place(call: Call, memory: Array) -> bool:
    """Whether the result may lie where an argument lies that is not needed any more: number for number, in a ufunc."""
    if not elementwise(call) or len(call.results) != 1 or call.results[0].name:
        return False
    out = array_of(call.results[0])
    layout, inputs = (out.shape, out.strides, out.dtype), [array_of(x) for x in arrays_in(call.inputs) if type(x) is not Scalar]
    return out.nbytes == memory.nbytes and all((x.shape, x.strides, x.dtype) == layout for x in inputs if root(x) is memory)


def elementwise(call: Call) -> bool:
    """Whether it is a ufunc, called plainly."""
    return call.style == "positional" and getattr(call.function, "signature", None) is None and not call.options


def take(free: list[Array], size: int) -> Array:
    """Room of that many bytes: of what is free, the latest of the same size, or the smallest that is large enough."""
    fitting = [i for i, place in enumerate(free) if size <= place.nbytes <= 2 * size + 256]
    if fitting:
        best = min(reversed(fitting), key=lambda i: free[i].nbytes)
        return free.pop(best)
    place = np.empty(size + ALIGNED, np.uint8)
    start = -place.__array_interface__["data"][0] % ALIGNED
    return place[start : start + size]


def put(result: Array, value: Any) -> None:
    """result[...] = value, where the shape must be that of the recording."""
    if np.shape(value) != result.shape:
        raise Changed
    result[...] = value


def put_all(results: tuple[Array, ...], found: Iterable[Any]) -> None:
    for result, value in zip(results, found, strict=True):
        put(result, value)


@cache
def same_product(*layouts: tuple[Any, ...]) -> bool:
    """Whether np.dot gives the bits of np.matmul for arrays of these shapes, strides and dtypes."""
    numbers, (x, y) = np.random.default_rng(0), [np.empty(1), np.empty(1)]
    for shape, strides, dtype in layouts:
        memory = numbers.standard_normal(sum((n - 1) * step for n, step in zip(shape, strides)) // np.dtype(dtype).itemsize + 1)
        x, y = y, np.ndarray(shape, dtype, memory.astype(dtype), 0, strides)
    return bool((np.matmul(x, y) == np.dot(x, y)).all())


def as_dot(call: Call) -> bool:
    """Whether a small product can be made by np.dot, which takes 0.4 µs less than np.matmul."""
    if call.function is not np.matmul or call.options or len(call.inputs) != 2:
        return False
    x, y, out = [array_of(part) for part in (*call.inputs, *call.results)]
    if not x.ndim == y.ndim == 2 or min(x.size, y.size) == 0 or max(x.size, y.size, out.size) > 4096:
        return False
    if x.dtype != y.dtype or x.dtype.char not in "fd" or min(*x.strides, *y.strides) < 0 or not out.flags.c_contiguous:
        return False
    return same_product((x.shape, x.strides, x.dtype.str), (y.shape, y.strides, y.dtype.str))


class Source:
    """The lines of a function, and its global names."""

    def __init__(self, room: Room, names: dict[str, Any]) -> None:
        self.room, self.lines = room, list[str]()
        self.names: dict[str, Any] = names | {"put": put, "put_all": put_all, "Changed": Changed, "setitem": setitem}
        self.known: dict[Any, str] = {}
        self.alive: list[Any] = []

    def constant(self, value: Any, name: str) -> str:
        """The global name of an object."""
        if id(value) not in self.known:
            name = "f" if not name.isidentifier() or iskeyword(name) or VARIABLE.fullmatch(name) else name
            while name in self.names:
                stem = name.rstrip("0123456789")
                name = f"{stem}{int(name[len(stem) :] or 0) + 1}"
            self.names[name] = value
            self.known[id(value)] = name
            self.alive.append(value)
        return self.known[id(value)]

    def array(self, array: Array) -> str:
        array = self.room.of(array)
        # One object for each place: NumPy sees at once that what it writes to is just what it reads.
        key = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
        if key not in self.known:
            self.known[key] = self.constant(array, f"a{len(self.known)}")
        return self.known[key]

    def text(self, x: Any) -> str:
        """An operand as an expression."""
        kind = type(x)
        if kind is np.ndarray:
            return self.array(x)
        if kind is Recorded or kind is Scalar:
            return x.name or self.array(x.value)
        if kind is tuple or kind is list:
            if not any(True for _ in arrays_in(x)):
                return self.constant(x, "c")
            inner = ", ".join(map(self.text, x))
            return f"({inner},)" if kind is tuple else f"[{inner}]"
        if kind is slice and any(True for _ in arrays_in(x)):
            return f"slice({self.text(x.start)}, {self.text(x.stop)}, {self.text(x.step)})"
        if x is None or kind in (bool, int):
            return repr(x)
        if kind is float and abs(x) < float("inf"):
            return repr(x)
        return self.constant(x, "c")

    def number(self, x: Any, dtype: Any) -> str:
        """A number among floats, as an array without axes: a ufunc then takes half as long for few numbers."""
        if type(x) is Scalar:
            name = f"{x.name}_{dtype.char}"
            if name not in self.names:
                self.names[name] = np.zeros((), dtype)
                self.lines.append(f"{name}.fill({x.name})")
            return name
        key = (float(x), dtype.char, np.signbit(x))
        if key not in self.known:
            self.known[key] = self.constant(np.asarray(x, dtype), "n")
        return self.known[key]

    def operands(self, call: Call) -> list[str]:
        """The inputs of a call as expressions."""
        kinds = {array_of(x).dtype for x in arrays_in(call.inputs) if type(x) is not Scalar}
        (dtype,) = kinds if len(kinds) == 1 else (None,)
        if call.style == "positional" and dtype is not None and dtype.char in "fd":
            weak = [type(x) in (int, float) or (type(x) is Scalar and type(x.value) is float) for x in call.inputs]
            return [self.number(x, dtype) if w else self.text(x) for x, w in zip(call.inputs, weak)]
        return [self.text(x) for x in call.inputs]

    def spread(self, call: Call, inputs: list[str]) -> list[str]:
        """The same for two operands of a few numbers, of which one is broadcast: written out first, that takes 0.2 µs less."""
        if not elementwise(call) or len(inputs) != 2:
            return inputs
        out = array_of(call.results[0])
        for i, x in enumerate(call.inputs):
            if hasattr(x, "shape") and x.size > 1 and x.shape != out.shape and 1 < out.size <= 4096 and out.flags.c_contiguous:
                key = ("spread", out.shape, x.dtype.str, i)
                if key not in self.known:
                    self.known[key] = self.constant(np.empty(out.shape, x.dtype), "spread")
                self.lines.append(f"setitem({self.known[key]}, ..., {inputs[i]})")
                inputs[i] = self.known[key]
        return inputs

    def add(self, call: Call) -> None:
        """The line of a call."""
        if as_dot(call):
            call = Call(np.dot, call.inputs, {}, call.results, "keyword", errors=call.errors)
        inputs, results = self.spread(call, self.operands(call)), [self.text(x) for x in call.results]
        if elementwise(call) and not any(x.shape or x.name for x in call.results):  # arrays without axes take thrice as long
            results = [self.array(array_of(x).reshape(1)) for x in call.results]
            fixed = [isinstance(x, np.ndarray) and not getattr(x, "name", "") for x in call.inputs]
            inputs = [self.array(array_of(x).reshape(1)) if f else text for x, text, f in zip(call.inputs, inputs, fixed)]
        options = [f"{name}={self.text(x)}" for name, x in call.options.items()]
        if call.function is np.dot and len(results) == 1 and not options:
            line = f"{self.bound_dot(call.inputs[0], inputs[0])}({inputs[1]}, {results[0]})"
        else:
            # For a third argument by position NumPy 2.4 warns here, or takes 0.8 µs longer.
            by_name = call.style == "keyword" or call.function in (np.maximum, np.minimum)
            if call.style in ("positional", "keyword"):
                inputs, options = (inputs, [*options, f"out={results[0]}"]) if by_name else (inputs + results, options)
            elif call.style == "first":
                inputs = results + inputs
            line = f"{self.constant(call.function, function_name(call.function))}({', '.join(inputs + options)})"
        if call.style == "put":
            line = f"put({results[0]}, {line})" if len(results) == 1 else f"put_all(({', '.join(results)}), {line})"
        elif call.style == "name":
            line = f"{', '.join(results)}{',' if call.state else ''} = {line}"
        elif call.style == "guard":
            line = self.guard(call, inputs, line)
        if call.errors:
            line = f"with {self.constant(np.errstate, 'errstate')}(**{self.constant(call.errors, 'errors')}): {line}"
        self.lines.append(line)

    def bound_dot(self, x: Any, text: str) -> str:
        """x.dot, which takes less time than np.dot with x."""
        return f"{text}.dot" if getattr(x, "name", "") else self.constant(self.names[text].dot, "dot")

    def guard(self, call: Call, inputs: list[str], line: str) -> str:
        """The line of a guard."""
        if call.function in COMPARED:
            x, y = [f"{part}.item()" if part[0].isalpha() else part for part in inputs]
            return f"if {'not ' * call.expected}{x} {COMPARED[call.function]} {y}: raise Changed"
        if call.function is bool:
            return f"if {'not ' * call.expected}{inputs[0]}: raise Changed"
        return f"if {line} != {self.text(call.expected)}: raise Changed"


def function_name(function: Any) -> str:
    """The name of a function in the source: np.add.reduce is add_reduce."""
    name = getattr(function, "__name__", "f")
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{owner.__name__}_{name}"
    return name.strip("_") if name.startswith("__") else name.strip("<>")
