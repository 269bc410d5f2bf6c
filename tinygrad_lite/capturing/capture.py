"""capture(): a training step that is recorded once and then replayed, as NumPy calls into the same memory.

The first call runs the step as always, and writes down each NumPy call of forward, backward and optimizer, with the memory that
it read and wrote (recording.py, arrays.py). From these calls one Python function is made that repeats them, and nothing else
(program.py). What Python decided on the way holds only as long as what it looked at: shapes and dtypes of the arguments,
parameters, settings, values of variables (surroundings.py), and numbers that a branch read. Each replay compares all of these
(replay.py); if something differs, the step runs and is recorded anew. What no recording can repeat runs as if it were not
captured, with a warning that names the line.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import update_wrapper
from threading import Lock
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..recorder import here, seam
from .call import root
from .recording import Recording, array_of
from .replay import OTHER, Replay
from .surroundings import Surroundings

recording_now = Lock()
PROGRAMS, ATTEMPTS = 8, 64  # programs that are kept, and recordings that are made, for one captured function


class Captured:
    """A function that replays its recording; see capture()."""

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.function = function
        self.programs: list[Replay] = []  # the last one used is the first
        self.recordings = 0
        self.lends = True  # whether .grad is the program's own memory, until somebody keeps a gradient
        self.told: set[str] = set()  # warnings
        self.eager: dict[Any, int] = {}  # arguments for which recordings failed, and how often

    def __call__(self, *args: Any, **options: Any) -> Any:
        if not options and self.programs and self.programs[0].alone == len(args):
            result = self.programs[0].run(*args)  # nearly every call
            if result is not OTHER:
                return result
        if seam.recorders or here.recording is not None:  # explain() and others watch each op
            return self.function(*args, **options)
        tensors: list[Any] = []
        spec = structure((args, options), tensors)
        for program in list(self.programs):
            if program.spec == spec:
                result = program.run(*tensors)
                if result is not OTHER:
                    self.programs.remove(program)
                    self.programs.insert(0, program)
                    return result
        return self._recorded(spec, tensors, args, options)

    def __get__(self, instance: Any, kind: Any = None) -> Any:
        return self if instance is None else self.__class__._bound(self, instance)

    def _bound(self, instance: Any) -> Captured:
        """A method is captured for each object by itself."""
        bound = Captured(self.function.__get__(instance))
        vars(instance)[self.function.__name__] = bound
        return bound

    def _recorded(self, spec: Any, tensors: list[Tensor], args: Any, options: Any) -> Any:
        """The step as always, and a program made of it if that can be."""
        key = spec, tuple([(a.shape, a.dtype.str, a.strides) for a in map(array_of, tensors)])
        if self.eager.get(key, 0) >= 2 or self.recordings >= ATTEMPTS:
            return self.function(*args, **options)
        if not recording_now.acquire(blocking=False):  # by another thread
            return self.function(*args, **options)
        try:
            return self._record(key, spec, tensors, args, options)
        finally:
            recording_now.release()

    def _record(self, key: Any, spec: Any, tensors: list[Tensor], args: Any, options: Any) -> Any:
        self.recordings += 1
        if self.recordings == ATTEMPTS:
            what = f"{ATTEMPTS} calls needed a recording of their own, the next ones run without one"
            why = "Arguments other than tensors, and variables, are constants of a recording"
            self._warn(f"{what}. {why}: make tensors of those that change")
        surroundings = Surroundings(self.function)
        before, within = surroundings.now(), surroundings.within()
        if any(isinstance(x, Tensor) and not isinstance(array_of(x), np.ndarray) for x in (*tensors, *before)):
            self.eager[key] = 2
            self._warn("its tensors are on the GPU: only steps on the CPU are recorded. It runs without a recording")
            return self.function(*args, **options)
        drawn = drawn_from()
        listener = Listener(sys.stdout)
        with Recording(tensors) as recording, redirect_stdout(listener):
            args, options = recording.arguments((args, options))
            result = self.function(*args, **options)
        if listener.heard:
            recording.fail("the step prints, which no replay would do; print what it returns")
        if name := surroundings.changed(before, surroundings.now()):
            recording.fail(f"the step changes {name}, which no replay would do")
        for (name, held), (_, holds) in zip(within, surroundings.within()):
            if held != holds:
                recording.fail(f"the step changes {name}, which no replay would do")
        for name in surroundings.iterators():
            recording.fail(f"the step names the iterator {name}, which no replay would move on; make its values arguments")
        if drawn != drawn_from():
            recording.fail("the step draws numbers from random or np.random, which no replay would do; use tinygrad_lite's")
        if any(id(root(x)) not in surroundings.memory for x in recording.used):
            recording.fail("the step computes a NumPy array and uses it with tensors; make it a tensor before, or an argument")
        program = Replay(self, spec, tensors, recording, surroundings, result)
        recording.close()
        if recording.failed:
            self.eager[key] = self.eager.get(key, 0) + 1
            if self.eager[key] == 2 or not recording.failed.startswith("the step changes"):
                self.eager[key] = 2
                self._warn(f"{recording.failed}. It runs without a recording")
        else:
            program.settle()
            self.programs.insert(0, program)
            if len(self.programs) > PROGRAMS:
                self.programs.pop()
                self._warn(f"{PROGRAMS} recordings are kept, and there are more: arguments or variables of ever other kinds")
        return result

    def _warn(self, why: str) -> None:
        if why in self.told:
            return
        self.told.add(why)
        name = getattr(self.function, "__name__", "step")
        warnings.warn(f"capture({name}): {why}", RuntimeWarning, stacklevel=5)


def capture(function: Callable[..., Any]) -> Captured:
    """The function, recorded once and then replayed as NumPy calls into the same memory: what it returns and changes is the
    same, bit for bit; small networks take a third of the time. `step = capture(step)`, or a decorator, also of a method.

    The function may do all that a training step does: forward, backward(), optimizer.step(), scheduler.step(), clipping,
    dropout (each replay draws anew), running statistics, branches on numbers. Arguments are tensors, which may be others at
    each call but require no grad, NumPy arrays, and tuples, lists and dicts of them. All else, numbers among the arguments and
    variables that the function looks up, is a constant; if one has changed, as the shape of a tensor may, the step is recorded
    again. Eight recordings are kept. A gradient in `.grad` lies in the same memory after each replay, until somebody keeps one:
    from then on each is a copy.

    What no replay could do runs as if it were not captured, with a RuntimeWarning that names the reason: item() and print(), a
    list or a counter that the step changes, Python's or NumPy's random numbers, a result whose graph is still alive, tensors on
    the GPU. `captured.programs[0].text` is the source of a replay. TypeError for anything that cannot be called.

    >>> from tinygrad_lite import nn, optim
    >>> net = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(net.parameters(), lr=0.1)
    >>> @capture
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = nn.functional.mse_loss(net(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> losses = [step(ones(4, 2), ones(4, 1)).item() for _ in range(100)]
    >>> losses[-1] < 1e-6, step.recordings
    (True, 1)
    """
    if not callable(function):
        raise TypeError(f"capture: expected a function, as a training step, got {type(function).__name__}")
    return function if isinstance(function, Captured) else Captured(function)


def structure(x: Any, tensors: list[Tensor]) -> Any:
    """What the arguments are, apart from their tensors and arrays, which are added to a list: two calls with equal structures
    differ only in these.
    """
    kind = type(x)
    if isinstance(x, Tensor) or kind is np.ndarray:
        tensors.append(x)
        return kind
    if kind in (tuple, list):
        return kind, tuple([structure(part, tensors) for part in x])
    if kind is dict:
        return kind, tuple([(key, structure(part, tensors)) for key, part in x.items()])
    if isinstance(x, (int, float, str, bytes, bool, type(None))):
        return kind, x
    return kind, Same(x)


def drawn_from() -> Any:
    """Where Python's and NumPy's own random numbers are."""
    state = np.random.get_state(legacy=False)["state"]
    return random.getstate(), state["key"].tobytes(), state["pos"]


class Listener:
    """Output that notes whether something was written."""

    def __init__(self, out: Any) -> None:
        self.out, self.heard = out, False

    def write(self, text: str) -> Any:
        self.heard = True
        return self.out.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.out, name)


class Same:
    """An object that is equal to itself only; NumPy arrays and models among the arguments, say."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.x is other.x

    def __hash__(self) -> int:
        return id(self.x)
