"""Recording: one run of a step, of which every NumPy call is written down, with the memory that it read and wrote.

While it is open, `Tensor.array` gives a Recorded (arrays.py) in place of the array of any tensor, so that neither ops nor
layers know of it. The step computes as always, on the same memory. What could not be written down sets `failed`; the result is
right all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial
from threading import get_ident
from typing import Any
from weakref import ref

import numpy as np

from .._tensor import Tensor
from ..recorder import here, users_frame
from ..tape import Leaf
from .arrays import Module, Recorded, Scalar, values
from .call import Array, Call, arrays_in, root

UNREAD = object()


class Recording:
    """`calls` in order; `own` has the memory of results by the id of its owner, `outer` what was there before."""

    def __init__(self, arguments: list[Tensor]) -> None:
        self.calls: list[Call] = []
        self.failed, self.writes_arguments = "", False
        self.module = Module(self)
        self.known: dict[int, Recorded] = {}  # by the id of the array
        self.own: dict[int, Array] = {}  # memory of results, by the id of its owner
        self.made: dict[int, Call] = {}  # what would fill it, for memory that was filled without a recorded call
        self.outer: dict[int, Array] = {}  # memory that was there before
        self.fresh: dict[int, Any] = {}  # weak references to the tensors that were made or set
        self.tensors: dict[int, tuple[Tensor, Array, Any]] = {}  # what was there before and was looked at
        self.grads: dict[int, list[Any]] = {}  # [leaf, its gradient when it was first read, or UNREAD]
        self.written: dict[int, Array] = {}  # memory of tensors that was written to
        self.names = 0
        self.errors = np.geterr()
        self.generators: list[Any] = []
        self.used: list[Array] = []  # arrays of the user's
        self.paused, self.thread = False, get_ident()
        for i, array in enumerate(map(array_of, arguments)):
            if isinstance(array, np.ndarray):
                self.known[id(array)] = Recorded(self, array, f"x{i}")

    # Tensors

    def __enter__(self) -> Recording:
        here.recording = self
        Tensor.array, Leaf.grad = ARRAY, GRAD  # type: ignore[misc]
        return self

    def __exit__(self, *exc: object) -> None:
        here.recording = None
        Tensor.array, Leaf.grad = array_slot, grad_slot  # type: ignore[misc]

    def arguments(self, x: Any) -> Any:
        """The arguments with recorded arrays in place of NumPy's."""
        if type(x) is np.ndarray:
            return self.known[id(x)]
        if type(x) in (tuple, list):
            return type(x)([self.arguments(part) for part in x])
        return {key: self.arguments(part) for key, part in x.items()} if type(x) is dict else x

    def close(self) -> None:
        """Let go of everything: a recording and its arrays refer to each other."""
        for held in (self.known, self.calls, self.own, self.made, self.outer, self.tensors, self.grads, self.written):
            held.clear()

    def of(self, array: Array) -> Recorded:
        """The recorded array of an array that was there before the recording."""
        if id(array) not in self.known:
            self.known[id(array)] = Recorded(self, array)
            self.outer[id(root(array))] = root(array)
        return self.known[id(array)]

    def new(self, array: Array) -> Recorded:
        """The recorded array of one that was just allocated for a result."""
        self.own[id(root(array))] = root(array)
        return Recorded(self, array)

    def constant(self, array: Array) -> Recorded:
        """The recorded array of one that is filled with the same values at each replay."""
        memory = root(array)
        if id(memory) in self.own or id(memory) in self.outer:
            return Recorded(self, array)
        self.made[id(memory)] = fill = Call(np.copyto, (), {}, (Recorded(self, memory),), "first")  # see restore()
        self.calls.append(fill)
        return self.new(array)

    # Calls

    def note(self, call: Call) -> None:
        errors: dict[str, Any] = {**np.geterr()}
        call.errors = None if errors == self.errors else errors
        self.calls.append(call)

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], to_out: bool = False) -> Any:
        """A function that changes no array: a new array, or a view of an argument's memory."""
        result = function(*values(args), **values(options))
        if isinstance(result, (np.ndarray, np.generic)):
            found = self._view(result, args)
            if found is None:
                found = self.new(np.asarray(result))
                self.note(Call(function, args, options, (found,), "keyword" if to_out and "dtype" not in options else "put"))
            elif found.name:
                self.note(Call(function, args, options, (found,), "name"))
            return found
        if isinstance(result, (tuple, list)) and all(isinstance(part, (np.ndarray, np.generic)) for part in result):
            parts: list[Any] = [self._view(part, args) for part in result]
            if all(part is None for part in parts):
                parts = [self.new(np.asarray(part)) for part in result]
                self.note(Call(function, args, options, tuple(parts), "put"))
            elif any(part is None or part.name for part in parts):
                self.fail(f"{getattr(function, '__name__', function)} of an argument gives several arrays")
            return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
        return self.read(function, *args, **options)

    def _view(self, result: Any, args: Any) -> Recorded | None:
        """The result as a view of one of the arguments; None if it has memory of its own."""
        for x in arrays_in(args):
            x = x if type(x) is Recorded else Recorded(self, x) if type(x) is np.ndarray else None
            if x is not None and isinstance(result, np.ndarray) and root(result) is root(x.value):
                return Recorded(self, result, self.name("v") if x.name else "")
        return None

    def name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def write(self, target: Any, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """A function that changes a part of an array which is among its arguments."""
        self.restore(target)
        function(*values(args), **values(options))
        self.note(Call(function, args, options, (target,), "within"))

    def into(self, out: tuple[Any, ...], function: Callable[..., Any], inputs: Any, options: dict[str, Any], style: str) -> Any:
        """A function that writes its results to `out`."""
        for target in out:
            self.restore(target)
        if style == "positional":
            function(*values(inputs), out=tuple(values(out)), **values(options))
        else:
            function(*values(inputs), out=values(out[0]), **values(options))
        self.note(Call(function, inputs, options, out, style))
        return out[0] if len(out) == 1 else out

    def restore(self, target: Any) -> None:
        """A constant that is about to be written to is none: where it was made, the program must fill it each time."""
        self.writes_arguments = self.writes_arguments or bool(getattr(target, "name", ""))
        memory = root(values(target))
        fill = self.made.pop(id(memory), None)
        if fill is not None:
            fill.inputs = (memory.copy(),)

    def read(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """A value that Python reads: the program goes on only where it is the same again."""
        value = function(*values(args), **values(options))
        whole = isinstance(value, list) and args[0].dtype.kind in "biu"
        if isinstance(value, float) or not (whole or isinstance(value, (bool, int, np.bool_, np.integer, tuple))):
            self.fail("a number was read from a tensor")
        self.note(Call(function, args, options, (), "guard", value))
        return value

    def scalar(self, function: Callable[..., Any], *args: Any) -> Scalar:
        """A number that is computed from others."""
        made = Scalar(self, function(*values(args)), self.name("s"))
        self.note(Call(function, args, {}, (made,), "name"))
        return made

    def numbers(self, function: Callable[[], list[Any]], about: object) -> tuple[Scalar, ...]:
        """Numbers that function() gives, from what is known of a Python object; each replay calls it again."""
        made = tuple([Scalar(self, value, self.name("s")) for value in self.outside(function)])
        self.note(Call(function, (), {}, made, "name", state=(id(about),)))
        return made

    def effect(self, function: Callable[[], Any], about: object) -> None:
        """Call a function that changes a Python object; each replay calls it again, at the same place."""
        self.outside(function)
        self.note(Call(function, (), {}, (), "effect", state=(id(about),)))

    def outside(self, function: Callable[[], Any]) -> Any:
        """What function() gives, on real arrays; nothing of it is recorded."""
        self.paused = True
        try:
            return function()
        finally:
            self.paused = False

    def seen(self, x: Any) -> Any:
        """A copy of an object, with recorded arrays in place of its arrays."""
        if type(x) in (list, tuple):
            return type(x)([self.seen(part) for part in x])
        if type(x) is np.ndarray:
            return self.of(x)
        if type(x) is dict:
            return {key: self.seen(part) for key, part in x.items()}
        if not hasattr(x, "__dict__") or isinstance(x, type) or callable(x):
            return x
        made = copy(x)
        vars(made).update({name: self.seen(part) for name, part in vars(x).items()})
        return made

    def brought(self, array: Any) -> Any:
        """An array of the user's, as a plain one. What it holds at each replay is what counts."""
        array = np.asarray(array) if type(array) is not Recorded and isinstance(array, np.ndarray) else array
        if type(array) is not np.ndarray or self.paused:
            return array
        self.used.append(array)
        return self.of(array)

    def memory_of(self, x: Recorded) -> Recorded:
        """The array that owns the memory of x."""
        if x.name:
            self.fail("the memory around an argument was looked at")
        memory = root(x.value)
        return x if memory is x.value else self.known.setdefault(id(memory), Recorded(self, memory))

    def wrote(self, arrays: list[Any]) -> None:
        """Memory of tensors was written to; see inplace.py."""
        for array in values(arrays):
            self.written[id(root(array))] = root(array)

    def stream(self, generator: Any) -> Any:
        """What random numbers are drawn from."""
        return generator.stream if self.paused else Stream(self, generator)

    def drawn(self, generator: Any, name: str, *args: Any) -> Any:
        """Random numbers, drawn anew at each replay."""

        def draw(*args: Any) -> Any:
            return getattr(generator.stream, name)(*args)

        numbers = draw(*values(args))
        if not isinstance(numbers, np.ndarray):
            self.fail("a random number was drawn for Python")
            return numbers
        draw.__name__, made = name, self.new(numbers)
        if generator not in self.generators:
            self.generators.append(generator)
        self.note(Call(draw, args, {}, (made,), "put", state=(id(generator),)))
        return made

    def fail(self, why: str) -> None:
        """This recording cannot be replayed. The first reason is kept, with the user's line if the step is still running."""
        if not self.failed:
            frame = users_frame() if here.recording is self else None
            self.failed = why + (f" ({frame.f_code.co_filename}, line {frame.f_lineno})" if frame else "")


class Stream:
    """The stream of a generator, of which each draw is recorded."""

    def __init__(self, recording: Recording, generator: Any) -> None:
        self.recording, self.generator = recording, generator

    def __getattr__(self, name: str) -> Any:
        return partial(self.recording.drawn, self.generator, name)


array_slot, grad_slot = Tensor.__dict__["array"], Leaf.__dict__["grad"]


def array_of(x: Any) -> Array:
    """The array of an argument, which is a tensor or an array."""
    array: Array = array_slot.__get__(x) if isinstance(x, Tensor) else x
    return array


def _active() -> Recording | None:
    recording: Recording | None = here.recording
    return None if recording is None or recording.paused else recording


def _get_array(x: Tensor) -> Any:
    array, recording = array_slot.__get__(x), _active()
    if recording is None:
        return array
    if not isinstance(array, np.ndarray):
        recording.fail("its tensors are on the GPU: only steps on the CPU are recorded")
        return array
    made = recording.fresh.get(id(x))
    if (made is None or made() is not x) and id(x) not in recording.tensors:
        recording.tensors[id(x)] = x, array, x.node
    return recording.of(array)


def _set_array(x: Tensor, array: Any) -> None:
    recording = _active()
    if recording is not None:
        recording.fresh[id(x)] = ref(x)
        if type(array) is Recorded:
            recording.known[id(array.value)] = array
        elif id(array) not in recording.known:
            fixed = id(root(array)) in recording.own or id(root(array)) in recording.outer
            recording.known[id(array)] = Recorded(recording, array) if fixed else recording.constant(array)
    array_slot.__set__(x, values(array))


def _get_grad(leaf: Leaf) -> Any:
    grad, recording = grad_slot.__get__(leaf), _active()
    if recording is not None:
        recording.grads.setdefault(id(leaf), [leaf, grad])
    return grad


def _set_grad(leaf: Leaf, grad: Any) -> None:
    recording = _active()
    if recording is not None:
        recording.grads.setdefault(id(leaf), [leaf, UNREAD])
    grad_slot.__set__(leaf, grad)


ARRAY, GRAD = property(_get_array, _set_array), property(_get_grad, _set_grad)
