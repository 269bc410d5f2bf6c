"""The tape: what a recorded step is. This file knows arrays and nodes, but not Tensors.

    @op(x=lambda g, y: g * y,
        y=lambda g, x: g * x)
    def mul(x, y):
        return x * y

An Op is a forward and, for each input, a vjp (vector-Jacobian product). A vjp takes `g`, the gradient of the loss with respect
to the result, and returns the gradient with respect to the input that it is named after; None means that the input has no
derivative. Whatever else a vjp needs, it asks for by the names of its parameters: an input, `out` (the result), an option,
`shape` (the shape of its input), or a lemma. Only what a vjp asks for is saved. apply.py applies an op to Tensors and makes a
Node, which holds the saved values; backward.py walks the nodes.

A lemma is work that several vjps share: a keyword that is not the name of an input, written like a vjp. It is computed during
backward, once for all vjps of the node:

    @op(x=lambda g, s: g * s * (1 - s),
        y=lambda g, s: g * s,
        s=lambda x: sigmoid(x))
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from itertools import count, repeat
from types import CodeType, FunctionType
from typing import Any, cast

from .backend import Array

Vjp = Callable[..., Any]
clock = count(1)  # one count for new nodes and in-place writes, so that it is known which came first
Hooks = dict[float, Callable[..., Any]]  # by number; they run in the order of the numbers


class Handle:
    """What register_hook() returns: remove() removes the hook."""

    ever = 0  # how often a hook was registered or removed: a program without hooks does not pay for looking for them

    def __init__(self, hooks: Hooks, hook: Callable[..., Any], number: float | None = None) -> None:
        Handle.ever += 1
        self.hooks, self.number = hooks, next(clock) if number is None else number
        hooks[self.number] = hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        Handle.ever += 1
        self.hooks.pop(self.number, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Leaf:
    """The end of the tape: it holds the gradient of a tensor that the user made. A tensor keeps its Leaf for life, so that a
    step recorded before requires_grad was switched off and on again still leads to it.
    """

    __slots__ = ("grad", "requires_grad", "shape", "hooks", "after")
    after: Hooks  # what is called when backward() has added to the gradient; set by the first such hook only
    awaited = False  # whether there ever was such a hook: other programs do not pay for them
    next_functions = ()  # no step comes before it

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.requires_grad = shape, False
        self.grad: Any = None  # a Tensor once there is a gradient
        self.hooks: Hooks = {}

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """For copies and pickle: everything except the hooks, which stay with the original."""
        return None, {"shape": self.shape, "requires_grad": self.requires_grad, "grad": self.grad, "hooks": {}}

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


class Node:
    """One recorded step: the op, an edge for each input (the Node or Leaf that it came from, or None), and the saved values.
    A Node holds arrays and older nodes, never Tensors. So there are no reference cycles, and a result that nobody needs is
    freed at once. `birth` numbers the nodes in the order in which they were made. `hooks` is set by the first hook only, and
    `seen` by watch() only: what it noted of this step.
    """

    __slots__ = ("op", "edges", "saved", "shape", "birth", "hooks", "seen")
    hooks: Hooks
    seen: Any

    def __init__(self, op: Op, edges: tuple[Any, ...], saved: Any, shape: tuple[int, ...]) -> None:
        self.op, self.edges, self.saved, self.shape = op, edges, saved, shape
        self.birth = next(clock)

    def name(self) -> str:
        """The name of the op."""
        return self.op.name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Where the inputs came from, as pairs (step, 0); a step is a Node, a Leaf, or None if the input needs no gradient.
        In PyTorch the second number says which output of the step it was; here every op has one output, so it is 0.
        >>> x = tensor(2.0, requires_grad=True)
        >>> (x.exp() * x).grad_fn.next_functions
        ((<exp>, 0), (<AccumulateGrad>, 0))
        """
        return tuple([(edge, 0) for edge in self.edges])

    def __repr__(self) -> str:
        return f"<{self.op.name}>"


class Op:
    """A forward, a vjp (or None) for each input, and lemmas. Four tuples have one entry for each vjp: `vjps`; `reads`, the
    names that it asks for; `needs`, the names of the values to save for it (a lemma is replaced by what the lemma asks for);
    `keeps`, the function that picks these values. `saves_arrays` says whether any saved value is an array, and `shares`
    whether the result may be a part of the input's memory.
    A forward takes its inputs by position and its options by keyword only. A forward with a variable number of inputs (`*xs`)
    has one vjp for all of them, which may ask for `nth`, the position of the input that it is called for.
    """

    __slots__ = (
        "name",
        "forward",
        "inputs",
        "options",
        "variadic",
        "vjps",
        "lemmas",
        "reads",
        "needs",
        "keeps",
        "saves_arrays",
        "shares",
    )

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
                what = f"give it one, {name}=lambda g, ...: ..., or {name}=None if it has no derivative"
                raise TypeError(f"@op {self.name}: the input {name} has no vjp; {what}")
        vjps = tuple([given[name] for name in self.inputs])
        self.vjps: Any = repeat(vjps[0]) if self.variadic else vjps
        self.reads = tuple([reads[name] for name in self.inputs])
        self.needs = tuple([self._needs(reads) for reads in self.reads])
        self.keeps = tuple(map(self._keep, self.inputs, self.needs))
        self.saves_arrays = any(name in (*self.inputs, "out") for needs in self.needs for name in needs)
        self.shares = False  # set by @view in apply.py
        self._check_lemmas()

    def _check_names(self, given: dict[str, Vjp | None]) -> None:
        """TypeError for a keyword that is neither an input nor a lemma that a vjp asks for, or that has a meaning already."""
        asked = {name for input, f in given.items() if f for name in parameters(f, f"@op {self.name}: the vjp {input}=")}
        for name in given:
            if name in (*self.options, "out", "shape", "nth", "g"):
                what = "an option" if name in self.options else "what the vjps get"
                raise TypeError(f"@op {self.name}: {name}= is not an input, and {name} is {what}; give a lemma another name")
            if name not in self.inputs and name not in asked:
                there = ", ".join((*self.inputs, *self.options, "out", "shape"))
                what = f"is neither an input nor a lemma that a vjp asks for; the known names are {there}"
                raise TypeError(f"@op {self.name}: the keyword {name}= {what}")

    def _reads(self, input: str, vjp: Vjp | None) -> tuple[str, ...]:
        """The names that a vjp asks for: its parameters after `g`. TypeError for an unknown name."""
        what = f"@op {self.name}: the vjp {input}="
        reads = parameters(vjp, what)[1:] if vjp else ()
        known = (*self.inputs, *self.options, "out", "shape", *(["nth"] if self.variadic else []), *self.lemmas)
        if unknown := [name for name in reads if name not in known]:
            raise TypeError(f"{what} asks for {unknown}; the known names are {', '.join(known)}")
        return reads

    def _check_lemmas(self) -> None:
        """TypeError for a lemma that asks for an unknown name."""
        known = ["g", *self.inputs, *self.options, "out"]
        for name, (_, asks) in self.lemmas.items():
            what = f"@op {self.name}: {name}="
            if self.variadic:
                raise TypeError(f"{what} is a lemma, and an op with a variable number of inputs (*xs) cannot have one")
            if unknown := [part for part in asks if part not in known]:
                raise TypeError(f"{what} asks for {unknown}; a lemma may ask for {', '.join(known)}")
            known.append(name)  # only the lemmas after it may ask for it, so that no lemma waits for itself

    def _needs(self, reads: tuple[str, ...]) -> tuple[str, ...]:
        """What must be saved for a vjp that asks for these names: in place of a lemma, what the lemma asks for."""
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
        """A function that picks the values to save for one vjp from all that are known; for d(mul)/dx `lambda x, y, out: (y,)`.
        It is compiled from source, as in namedtuple: picking by name would take three times as long at every step.
        """
        nth = ["nth"] if self.variadic else []
        options = ["*", *self.options] if self.options else []
        parameters = ", ".join((*self.inputs, *nth, "out", *options))
        shape = f"{input}[nth].shape" if self.variadic else f"{input}.shape"
        picked = "".join(f"{shape if name == 'shape' else name}, " for name in needs)
        keep = FunctionType(compiled(f"lambda {parameters}: ({picked})"), {})
        keep.__kwdefaults__ = self.forward.__kwdefaults__
        return cast("Callable[..., tuple[Any, ...]]", keep)

    def with_lemmas(self, g: Any, saved: Any) -> list[Any]:
        """The arguments after `g` of each vjp, from the saved values; None where no gradient is needed."""
        known = {"g": g}
        asked = set[str]()
        for reads, needs, values in zip(self.reads, self.needs, saved):
            if values is not None:
                known.update(zip(needs, values))
                asked.update(reads)
        for name, (_, asks) in reversed(self.lemmas.items()):  # a lemma asks only for earlier ones
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


@cache
def compiled(source: str) -> CodeType:
    """The code of a lambda. Many ops save the same values, so 67 sources are 39 different ones."""
    made: CodeType = eval(source).__code__
    return made


def parameters(function: Vjp | None, what: str) -> tuple[str, ...]:
    """The names of the parameters of a vjp or lemma. TypeError if it is not a function of positional parameters."""
    if not isinstance(function, FunctionType):
        kind = f"{type(function).__name__} {function!r}"
        raise TypeError(f"{what} must be a Python function (a lambda or def) or None, got {kind}")
    code = function.__code__
    if not code.co_argcount or code.co_kwonlyargcount or code.co_flags & 12:  # CO_VARARGS, CO_VARKEYWORDS
        raise TypeError(f"{what} takes positional parameters only, in a vjp g first: lambda g, x: ..., without * or **")
    return code.co_varnames[: code.co_argcount]


ops: dict[str, Op] = {}  # every op by name: tests/cases/ must have a row for each


def register(op: Op) -> None:
    """Add an op to `ops`. TypeError if another op has the same name; but an op of a user may have the name of one of ours."""
    before = ops.get(op.name)
    users = [own(known) for known in (before, op) if known]
    # The same lines may run again (a module is reloaded); in an interactive session a changed cell may define the op anew.
    if before and users[0] == users[1] and place_of(before.forward) != place_of(op.forward) and not hasattr(sys, "ps1"):
        file, line = place_of(before.forward)
        raise TypeError(f"@op {op.name}: an op of this name exists already, in {file}, line {line}; choose another name")
    if not before or users[0] or not users[1]:
        ops[op.name] = op


def own(op: Op) -> bool:
    """Whether an op is a user's own, not one of this package."""
    return str(op.forward.__module__).partition(".")[0] != "tinygrad_lite"


def place_of(function: Callable[..., Any]) -> tuple[str, int]:
    """Where a function is defined: file and line."""
    return function.__code__.co_filename, function.__code__.co_firstlineno
