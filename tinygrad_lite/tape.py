"""The tape: what a recorded step is. It knows arrays and nodes, and no Tensor.

    @op(x=lambda g, y: g * y,
        y=lambda g, x: g * x)
    def mul(x, y):
        return x * y

An Op is a forward and, for each input, a vjp (vector-Jacobian product): from `g`, the gradient of the loss with respect to the
result, it makes the gradient with respect to the input that it is named after; None says that there is no derivative. What
else a vjp needs it asks for by name: an input, `out` (the result), an option, `shape` (of its input), or a lemma. What no vjp
asks for is not kept. apply.py applies an op to Tensors and leaves a Node, which holds what the vjps asked for; backward.py
walks the nodes.

A lemma is work that vjps share: a keyword that is not an input, written as a vjp is. It is computed in backward, and once for
all the vjps of a node that ask for it:

    @op(x=lambda g, s: g * s * (1 - s),
        y=lambda g, s: g * s,
        s=lambda x: sigmoid(x))
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count, repeat
from types import FunctionType
from typing import Any, cast

from .backend import Array

Vjp = Callable[..., Any]
clock = count(1)  # nodes are numbered as they are made, in-place writes as they happen
Hooks = dict[float, Callable[[Any], Any]]  # by number; they run in the order of the numbers


class Handle:
    """What register_hook() returns: remove() takes the hook away."""

    ever = False  # whether there has been a hook at all: the walk looks for some only then

    def __init__(self, hooks: Hooks, hook: Callable[[Any], Any], number: float | None = None) -> None:
        Handle.ever = True
        self.hooks, self.number = hooks, next(clock) if number is None else number
        hooks[self.number] = hook

    def remove(self) -> None:
        """Take the hook away; twice does no harm."""
        self.hooks.pop(self.number, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Leaf:
    """The end of the tape: where the gradient of a tensor that the user made is gathered. It is the tensor's for life, so that
    a step recorded before requires_grad was switched off and on again still leads to it.
    """

    __slots__ = ("grad", "requires_grad", "shape", "hooks")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.requires_grad = shape, False
        self.grad: Any = None  # a Tensor once there is a gradient
        self.hooks: Hooks = {}

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """For copies and pickle: all but the hooks, which stay with the original."""
        return None, {"shape": self.shape, "requires_grad": self.requires_grad, "grad": self.grad, "hooks": {}}

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


class Node:
    """One recorded step: the op, an edge for each input (the Node or Leaf it came from, or None), and what the vjps keep.
    It holds arrays and older nodes, never Tensors: there are no reference cycles, and a result that nobody needs is freed
    at once. `birth` orders the nodes, parents before children. `hooks` is set by the first hook, and not before.
    """

    __slots__ = ("op", "edges", "saved", "shape", "birth", "hooks")
    hooks: Hooks

    def __init__(self, op: Op, edges: tuple[Any, ...], saved: Any, shape: tuple[int, ...]) -> None:
        self.op, self.edges, self.saved, self.shape = op, edges, saved, shape
        self.birth = next(clock)

    def name(self) -> str:
        """The name of its op."""
        return self.op.name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Where its inputs came from, as pairs (step, 0): a Node, a Leaf, or None for what needs no gradient.
        The 0 is PyTorch's number of the step's output, and ops have one.
        >>> x = tensor(2.0, requires_grad=True)
        >>> (x.exp() * x).grad_fn.next_functions
        ((<exp>, 0), (<AccumulateGrad>, 0))
        """
        return tuple([(edge, 0) for edge in self.edges])

    def __repr__(self) -> str:
        return f"<{self.op.name}>"


class Op:
    """A forward, a vjp (or None) for each input, and lemmas. For each vjp, `reads` names what it asks for, `needs` what that
    takes (the lemmas' part too), and keeps() picks this; `saves_arrays` tells whether any saved value is an array.
    A forward takes its inputs by position and its options by keyword only. One with a variadic input (`*xs`) has one vjp
    for all of them, which may ask for `nth`, the place of the input that it is called for.
    """

    def __init__(self, forward: Callable[..., Array], given: dict[str, Vjp | None]) -> None:
        if not isinstance(forward, FunctionType):
            raise TypeError(f"@op: expected a Python function, got {type(forward).__name__} {forward!r}; wrap it in a def")
        code, names = forward.__code__, forward.__code__.co_varnames
        self.name, self.forward = forward.__name__, forward
        end = code.co_argcount + code.co_kwonlyargcount
        self.options = names[code.co_argcount : end]
        self.variadic = bool(code.co_flags & 4)  # CO_VARARGS
        self.inputs = names[end : end + 1] if self.variadic else names[: code.co_argcount]
        self._check_names(given)
        self.lemmas: dict[str, tuple[Any, tuple[str, ...]]] = {
            name: (lemma, parameters(lemma, f"@op {self.name}: the lemma {name}="))
            for name, lemma in given.items()
            if name not in self.inputs
        }
        reads = {name: self._reads(name, given[name]) for name in self.inputs if name in given}
        for name in self.inputs:
            if name not in given:
                what = f"give it one, {name}=lambda g, ...: ..., or say {name}=None if it has no derivative"
                raise TypeError(f"@op {self.name}: the input {name} has no vjp; {what}")
        vjps = tuple([given[name] for name in self.inputs])
        self.vjps: Any = repeat(vjps[0]) if self.variadic else vjps
        self.reads = tuple([reads[name] for name in self.inputs])
        self.needs = tuple([self._needs(reads) for reads in self.reads])
        self.keeps = tuple(map(self._keep, self.inputs, self.needs))
        self.saves_arrays = any(name in (*self.inputs, "out") for needs in self.needs for name in needs)
        self._check_lemmas()

    def _check_names(self, given: dict[str, Vjp | None]) -> None:
        """TypeError for a keyword that is neither an input nor asked for as a lemma, or that already means something."""
        asked = {name for input, f in given.items() if f for name in parameters(f, f"@op {self.name}: the vjp {input}=")}
        for name in given:
            if name in (*self.options, "out", "shape", "nth", "g"):
                what = "an option" if name in self.options else "what the vjps get"
                raise TypeError(f"@op {self.name}: {name}= is for no input, and {name} is {what}; give a lemma another name")
            if name not in self.inputs and name not in asked:
                there = ", ".join((*self.inputs, *self.options, "out", "shape"))
                what = f"is for no input; there are {there}. Nor is it a lemma, since no vjp asks for it"
                raise TypeError(f"@op {self.name}: the vjp {name}= {what}")

    def _reads(self, input: str, vjp: Vjp | None) -> tuple[str, ...]:
        """The names that a vjp asks for: its parameters after `g`. TypeError for a name that there is not."""
        what = f"@op {self.name}: the vjp {input}="
        reads = parameters(vjp, what)[1:] if vjp else ()
        known = (*self.inputs, *self.options, "out", "shape", *(["nth"] if self.variadic else []), *self.lemmas)
        if unknown := [name for name in reads if name not in known]:
            raise TypeError(f"{what} asks for {unknown}; there are {', '.join(known)}")
        return reads

    def _check_lemmas(self) -> None:
        """TypeError for a lemma that asks for a name that there is not."""
        known = ["g", *self.inputs, *self.options, "out"]
        for name, (_, asks) in self.lemmas.items():
            what = f"@op {self.name}: {name}="
            if self.variadic:
                raise TypeError(f"{what} is a lemma, which an op of a variable number of inputs cannot have")
            if unknown := [part for part in asks if part not in known]:
                raise TypeError(f"{what} asks for {unknown}; a lemma may ask for {', '.join(known)}")
            known.append(name)  # for the next lemmas only, so that none waits for itself

    def _needs(self, reads: tuple[str, ...]) -> tuple[str, ...]:
        """What has to be kept for a vjp that asks for these names: in a lemma's place, what the lemma asks for."""
        needs: list[str] = []
        waiting, seen = list(reads), set[str]()
        while waiting:
            name = waiting.pop(0)
            if name in self.lemmas and name not in seen:
                waiting = [*self.lemmas[name][1], *waiting]
            elif name not in self.lemmas and name != "g" and name not in needs:
                needs.append(name)
            seen.add(name)
        return tuple(needs)

    def _keep(self, input: str, needs: tuple[str, ...]) -> Callable[..., tuple[Any, ...]]:
        """From all that an application knows, the tuple of what is needed for one vjp: for d(mul)/dx, `lambda x, y, out: (y,)`.
        Written as source and compiled, as namedtuple does it: picking by name would take three times as long at every step.
        """
        nth = ["nth"] if self.variadic else []
        options = ["*", *self.options] if self.options else []
        parameters = ", ".join((*self.inputs, *nth, "out", *options))
        shape = f"{input}[nth].shape" if self.variadic else f"{input}.shape"
        picked = "".join(f"{shape if name == 'shape' else name}, " for name in needs)
        keep = eval(f"lambda {parameters}: ({picked})")
        keep.__kwdefaults__ = self.forward.__kwdefaults__
        return cast("Callable[..., tuple[Any, ...]]", keep)

    def with_lemmas(self, g: Any, saved: Any) -> list[Any]:
        """What each vjp reads, from what its node saved for it (None if it is not wanted). A lemma is computed once."""
        known = {"g": g}
        asked = set[str]()
        for reads, needs, values in zip(self.reads, self.needs, saved):
            if values is not None:
                known.update(zip(needs, values))
                asked.update(reads)
        for name, (_, asks) in reversed(self.lemmas.items()):  # a lemma asks for earlier ones only
            asked.update(asks if name in asked else ())
        for name, (lemma, asks) in self.lemmas.items():
            if name in asked:
                try:
                    known[name] = lemma(*[known[part] for part in asks])
                except (AttributeError, TypeError, ValueError, IndexError) as error:
                    what = f"backward through {self.name}: the lemma {name}= of {self.name} failed"
                    raise RuntimeError(f"{what}: {type(error).__name__}: {error}") from error
        read: list[Any] = []
        for reads, needs, values in zip(self.reads, self.needs, saved):
            own = known if values is None else known | dict(zip(needs, values))  # `shape` is another for each input
            read.append(None if values is None else tuple([own[name] for name in reads]))
        return read


def parameters(function: Vjp | None, what: str) -> tuple[str, ...]:
    """The names of a vjp's or a lemma's parameters. TypeError if it is not of that form."""
    if not isinstance(function, FunctionType):
        kind = f"{type(function).__name__} {function!r}"
        raise TypeError(f"{what} must be a Python function (a lambda or def) or None, got {kind}")
    code = function.__code__
    if not code.co_argcount or code.co_kwonlyargcount or code.co_flags & 12:  # CO_VARARGS, CO_VARKEYWORDS
        raise TypeError(f"{what} takes g and then, by position, what it asks for: lambda g, x: ..., without * or **")
    return code.co_varnames[: code.co_argcount]


ops: dict[str, Op] = {}  # every op by name: tests/cases/ must have a row for each


def register(op: Op) -> None:
    """Add an op to `ops`. TypeError if another has its name."""
    before = ops.get(op.name)
    # The same lines may be run again, and in an interactive session a cell that was changed.
    if before and place_of(before.forward) != place_of(op.forward) and not hasattr(sys, "ps1"):
        file, line = place_of(before.forward)
        raise TypeError(f"@op {op.name}: there is an op of this name already, in {file}, line {line}; choose another name")
    ops[op.name] = op


def place_of(function: Callable[..., Any]) -> tuple[str, int]:
    """Where a function is written: the file and the line."""
    return function.__code__.co_filename, function.__code__.co_firstlineno
