"""How a step is remembered: `@op` turns a forward and its derivatives into a function that records itself.

    @op(x=lambda g, y: g * y,
        y=lambda g, x: g * x)
    def mul(x, y):
        return x * y

Each keyword is a vjp (vector-Jacobian product): from `g`, the gradient of the loss with respect to the result, it makes the
gradient with respect to the input it is named after; None says that there is no derivative. What else it needs it asks for by
name: an input, `out` (the result), an option, or `shape` (of its input). What no needed vjp names is not kept. Called on
arrays, an op is just its forward; called on Tensors, it computes on their arrays and leaves a Node, which holds what the vjps
asked for. backward.py walks the nodes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy
from functools import partial, wraps
from itertools import count, repeat
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .backend import Array, device_of, is_array, plain
from .dtypes import float16, float32, get_default_dtype, result_type
from .grad_mode import mode

if TYPE_CHECKING:
    from .tensor import Tensor
else:
    Tensor = None  # tensor.py puts its class here: it needs the ops, and they need only its name

Vjp = Callable[..., Any]
NUMBERS = frozenset((int, float, bool))
ndarray = np.ndarray
births = count(1)  # the one clock: nodes are numbered as they are made, in-place writes as they happen


class Leaf:
    """The end of the tape: where the gradient of a tensor that the user made is gathered. It is the tensor's for life, so that
    a step recorded before requires_grad was switched off and on again still leads to it.
    """

    __slots__ = ("grad", "requires_grad", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.requires_grad = shape, False
        self.grad: Tensor | None = None


class Node:
    """One recorded step: the op, an edge for each input (the Node or Leaf it came from, or None), and what the vjps keep.
    It holds arrays and older nodes, never Tensors: there are no reference cycles, and a result that nobody needs is freed
    at once. `birth` orders the nodes, parents before children.
    """

    __slots__ = ("op", "edges", "saved", "shape", "birth")

    def __init__(self, op: Op, edges: tuple[Any, ...], saved: Any, shape: tuple[int, ...]) -> None:
        self.op, self.edges, self.saved, self.shape = op, edges, saved, shape
        self.birth = next(births)

    def __repr__(self) -> str:
        return f"<{self.op.name}>"


class Op:
    """A forward, a vjp (or None) for each input, and for each vjp what it `reads` and so `keeps`; `holds` tells whether arrays.
    A forward takes its inputs by position and its options by keyword only. One with a variadic input (`*xs`) has one vjp
    for all of them, which may ask for `nth`, the place of the input that it is called for.
    """

    def __init__(self, forward: Callable[..., Array], vjps: dict[str, Vjp | None]) -> None:
        if not isinstance(forward, FunctionType):
            raise TypeError(f"@op: expected a Python function, got {type(forward).__name__} {forward!r}; wrap it in a def")
        code, names = forward.__code__, forward.__code__.co_varnames
        self.name, self.forward = forward.__name__, forward
        end = code.co_argcount + code.co_kwonlyargcount
        self.options = names[code.co_argcount : end]
        self.variadic = bool(code.co_flags & 4)  # CO_VARARGS
        self.inputs = names[end : end + 1] if self.variadic else names[: code.co_argcount]
        known = (*self.inputs, *self.options, "out", "shape", *(["nth"] if self.variadic else []))
        asks = {name: reads(vjp, f"@op {self.name}: the vjp {name}=") for name, vjp in vjps.items()}
        for name, wanted in asks.items():
            unknown = [asked for asked in wanted if asked not in known]
            if name not in self.inputs or unknown:
                what = f"asks for {unknown}" if unknown else "is for no input"
                raise TypeError(f"@op {self.name}: the vjp {name}= {what}; there are {', '.join(known)}")
        for name in self.inputs:
            if name not in vjps:
                what = f"give it one, {name}=lambda g, ...: ..., or say {name}=None if it has no derivative"
                raise TypeError(f"@op {self.name}: the input {name} has no vjp; {what}")
        self.reads = tuple([asks[name] for name in self.inputs])
        self.keeps = tuple(map(self._keep, self.inputs, self.reads))
        self.vjps: Any = repeat(vjps[self.inputs[0]]) if self.variadic else tuple([vjps[name] for name in self.inputs])
        self.holds = any(name in (*self.inputs, "out") for wanted in self.reads for name in wanted)

    def _keep(self, owner: str, wanted: tuple[str, ...]) -> Callable[..., tuple[Any, ...]]:
        """From all that an application knows, the tuple that one vjp reads: for d(mul)/dx, `lambda x, y, out: (y,)`."""
        nth = ["nth"] if self.variadic else []
        shape = f"{owner}[nth].shape" if self.variadic else f"{owner}.shape"
        values = "".join(f"{shape if name == 'shape' else name}, " for name in wanted)
        options = ["*", *self.options] if self.options else []
        keep = eval(f"lambda {', '.join((*self.inputs, *nth, 'out', *options))}: ({values})")
        keep.__kwdefaults__ = self.forward.__kwdefaults__
        return cast("Callable[..., tuple[Any, ...]]", keep)

    def in_float32(self) -> Op:
        """The same op for float16: computed in float32, the result and the gradients rounded once. The nodes keep float16."""

        def forward(*inputs: Any, **options: Any) -> Array:
            return as_array(self.forward(*in_dtype(float32, inputs), **options)).astype(float16)

        def rounded(vjp: Vjp | None) -> Vjp | None:
            return vjp and (lambda g, *kept: in_dtype(float16, vjp(*in_dtype(float32, (g, *kept)))))

        wide = copy(self)
        wide.forward = cast("FunctionType", forward)
        wide.vjps = repeat(rounded(next(self.vjps))) if self.variadic else tuple(map(rounded, self.vjps))
        return wide


def in_dtype(dtype: np.dtype[Any], x: Any) -> Any:
    """Arrays and Tensors of a floating dtype, also those in a list or tuple, in another; anything else as it is."""
    if type(x) in (list, tuple):
        return type(x)([in_dtype(dtype, part) for part in x])
    if isinstance(x, Tensor):
        return x.to(dtype) if x.is_floating_point() else x
    return as_array(x).astype(dtype, copy=False) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x


def reads(vjp: Vjp | None, what: str) -> tuple[str, ...]:
    """The names that a vjp asks for: its parameters after `g`. TypeError if it is not of that form."""
    if vjp is None:
        return ()
    if not isinstance(vjp, FunctionType):
        raise TypeError(f"{what} must be a Python function (a lambda or def) or None, got {type(vjp).__name__} {vjp!r}")
    code = vjp.__code__
    if not code.co_argcount or code.co_kwonlyargcount or code.co_flags & 12:  # CO_VARARGS, CO_VARKEYWORDS
        raise TypeError(f"{what} takes g and then, by position, what it asks for: lambda g, x: ..., without * or **")
    return code.co_varnames[1 : code.co_argcount]


ops: dict[str, Op] = {}  # every op by name: tests/cases.py must have a row for each


def op(**vjps: Vjp | None) -> Callable[[Callable[..., Array]], Callable[..., Tensor]]:
    """Make a recorded function of a forward on arrays; the keywords are its derivatives, as the file's head says.
    TypeError, at import, if an input has no vjp, a vjp is for something that is not an input or asks for an unknown name, or
    another op has the name already.
    """
    return partial(_registered, vjps, computes=True)


def view(**vjps: Vjp | None) -> Callable[[Callable[..., Array]], Callable[..., Tensor]]:
    """An op that computes nothing: its result shows the input's memory, or the same numbers in another place or dtype."""
    return partial(_registered, vjps, computes=False)


def _registered(vjps: dict[str, Vjp | None], forward: Callable[..., Array], *, computes: bool) -> Callable[..., Tensor]:
    made = Op(forward, vjps)
    before = ops.get(made.name)
    # The same lines may be run again, and in an interactive session a cell that was changed.
    if before and place_of(before.forward) != place_of(forward) and not hasattr(sys, "ps1"):
        file, line = place_of(before.forward)
        raise TypeError(f"@op {made.name}: there is an op of this name already, in {file}, line {line}; choose another name")
    ops[made.name] = made
    simple = not made.variadic and None not in made.vjps
    if simple and len(made.inputs) == 1:
        applied = _one
    elif simple and len(made.inputs) == 2 and not made.options:
        applied = _two
    else:
        applied = _several
    return wraps(forward)(applied(made, applied(made.in_float32(), None) if computes else None))


def place_of(function: Callable[..., Any]) -> tuple[str, int]:
    """Where a function is written: the file and the line."""
    return function.__code__.co_filename, function.__code__.co_firstlineno


# An op is applied millions of times, nearly always to one or two tensors, so the step is written once per arity.
# Each computes, mends what NumPy and PyTorch see differently (0-d results, the dtypes of integers), and records.


def _one(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    forward, keep, convert = op.forward, op.keeps[0], "dtype" not in op.options

    def apply(input: Any, **options: Any) -> Any:
        if not isinstance(input, Tensor):
            return forward(input, **options)
        x, edge, dtype = input.array, input.node, input.array.dtype
        if dtype is not float32 and half is not None and dtype == float16:
            return half(input, **options)
        try:
            out = forward(x, **options)
        except Exception as error:
            raise explained(op.name, error, x) from error
        if type(out) is not ndarray:
            out = as_array(out)
        if out.dtype is not dtype and out.dtype != dtype and convert:
            return apply(*promoted(op, input), **options)
        result = new(Tensor)
        result.array = out
        if edge is not None and mode.enabled:
            result.node = Node(op, (edge,), (keep(x, out, **options),), out.shape)
        else:
            result.node = None
        return result

    return apply


def _two(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    forward, (keep_x, keep_y) = op.forward, op.keeps

    def apply(input: Any, other: Any) -> Any:
        if isinstance(input, Tensor):
            x, x_edge, dtype = input.array, input.node, input.array.dtype
            if isinstance(other, Tensor):
                y, y_edge = other.array, other.node
                if y.dtype is not dtype and y.dtype != dtype:
                    return apply(*promoted(op, input, other))
            elif type(other) in NUMBERS:
                y, y_edge = other, None
            else:
                return apply(input, wrapped(op, other))
        elif isinstance(other, Tensor):
            if type(input) not in NUMBERS:
                return apply(wrapped(op, input), other)
            x, x_edge, y, y_edge, dtype = input, None, other.array, other.node, other.array.dtype
        else:
            return forward(input, other)
        if dtype is not float32 and half is not None and dtype == float16:
            return half(input, other)
        try:
            out = forward(x, y)
        except Exception as error:
            raise explained(op.name, error, x, y) from error
        if type(out) is not ndarray:
            out = as_array(out)
        if out.dtype is not dtype and out.dtype != dtype:
            return apply(*promoted(op, input, other))
        result = new(Tensor)
        result.array = out
        if (x_edge is not None or y_edge is not None) and mode.enabled:
            kept_x = None if x_edge is None else keep_x(x, y, out)
            kept_y = None if y_edge is None else keep_y(x, y, out)
            result.node = Node(op, (x_edge, y_edge), (kept_x, kept_y), out.shape)
        else:
            result.node = None
        return result

    return apply


def _several(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    forward, keeps, vjps, variadic = op.forward, op.keeps, op.vjps, op.variadic

    def apply(*inputs: Any, **options: Any) -> Any:
        for x in inputs:
            if isinstance(x, Tensor):
                break
        else:
            return forward(*inputs, **options)
        arrays, edges, recorded = [], [], False
        for x, vjp in zip(inputs, vjps):
            edge = None
            if isinstance(x, Tensor):
                x, edge = x.array, x.node if vjp else None
                recorded = recorded or edge is not None
            arrays.append(x)
            edges.append(edge)
        try:
            out = forward(*arrays, **options)
        except Exception as error:
            raise explained(op.name, error, *arrays) from error
        if type(out) is not ndarray:
            out = as_array(out)
        dtype = out.dtype
        if dtype is not float32 and half is not None and dtype == float16:
            return half(*inputs, **options)
        for x, vjp in zip(arrays, vjps):
            if vjp and x is not None and type(x) not in NUMBERS and x.dtype is not dtype and x.dtype != dtype:
                raise RuntimeError(f"{op.name}: dtypes {x.dtype} and {dtype} do not mix; cast one: x.to(y.dtype)")
        result = new(Tensor)
        result.array, result.node = out, None
        if recorded and mode.enabled:
            if variadic:
                saved = [e and keeps[0](arrays, nth, out, **options) for nth, e in enumerate(edges)]
            else:
                saved = [e and keep(*arrays, out, **options) for e, keep in zip(edges, keeps)]
            result.node = Node(op, tuple(edges), tuple(saved), out.shape)
        return result

    return apply


new = object.__new__


def as_array(out: Any) -> Array:
    """NumPy turns 0-d results into scalars; a tensor's array is always an array."""
    return out if is_array(out) else np.asarray(out)


def wrapped(op: Op, value: Any) -> Any:
    """An operand that is neither Tensor nor Python number: an array becomes a Tensor, a NumPy scalar a number."""
    if isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating)):
        return np.asarray(value).item()  # weak, as Python numbers are
    if is_array(value):
        return Tensor._of(plain(value))
    raise TypeError(f"{op.name}: expected a Tensor or a number, got {type(value).__name__}; make it one with tensor(...)")


def promoted(op: Op, *operands: Any) -> tuple[Any, ...]:
    """The operands in the dtype that PyTorch computes in: result_type's, or the default where `op` makes floats of integers."""
    arrays = [x.array if isinstance(x, Tensor) else x for x in operands]
    dtype = result_type(*arrays)
    if all(x.dtype == dtype for x in arrays if is_array(x)):
        dtype = get_default_dtype()
    if all(x.dtype == dtype for x in arrays if is_array(x)):
        raise RuntimeError(f"{op.name}: its result on {dtype} is of another dtype; are its options Python numbers?")
    return tuple(x.to(dtype) if isinstance(x, Tensor) else x for x in operands)


def explained(what: str, error: Exception, *operands: Any) -> Exception:
    """An error of NumPy's, told in terms of what was done and with what; RuntimeError (as in PyTorch) or IndexError."""
    arrays = [x for x in operands if is_array(x)]
    places = sorted({str(device_of(x)) for x in arrays})
    if len(places) > 1:
        return RuntimeError(f"{what}: tensors on different devices, {' and '.join(places)}; move one with .to(device)")
    shapes = " and ".join(f"{x.dtype}{list(x.shape)}" for x in arrays)
    kind = IndexError if isinstance(error, IndexError) else RuntimeError
    return kind(f"{what}: cannot compute with {shapes}: {error}")
