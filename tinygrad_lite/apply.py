"""`@op` turns a forward and its vjps into a function that records itself.

Called on arrays, the function is just the forward. Called on Tensors, it computes on their arrays and, if an input needs a
gradient, makes a Node (tape.py) with the values that the vjps ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial, wraps
from inspect import Parameter, Signature
from itertools import repeat
from types import FunctionType
from typing import Any, Never, ParamSpec, Protocol, cast

import numpy as np

from ._tensor import Tensor
from .backend import Array
from .dtypes import float16, float32
from .grad_mode import mode
from .operands import NUMBERS, as_array, explained, not_a_tensor, not_an_operand, promoted, wrapped, wrapped_around
from .recorder import seam
from .tape import Node, Op, Vjp, register

Arguments = ParamSpec("Arguments")
ndarray = np.ndarray
PLAIN = frozenset((int, float, bool, complex, list, tuple))  # PyTorch wants a Tensor, and NumPy would make an array of these
new = object.__new__


class Decorator(Protocol):
    """What op(...) returns: it turns a forward on arrays into a function on Tensors with the same parameters."""

    def __call__(self, forward: Callable[Arguments, Array], /) -> Callable[Arguments, Tensor]: ...


def op(*forward: Never, **vjps: Vjp | None) -> Decorator:
    """A decorator that turns a forward on arrays into a function on Tensors that records itself on the tape. The keywords are
    its vjps and lemmas; the first lines of tape.py explain them. In the function that users see, the first parameter is called
    `input` and the second `other`. TypeError, at import, if an input has no vjp, if a keyword is neither an input nor a lemma
    that a vjp asks for, if a vjp or lemma asks for an unknown name, or if another op has the same name.
    >>> @op(x=lambda g, x: g * cosine(x))
    ... def sine(x):
    ...     return np.sin(x)
    >>> @op(x=lambda g, x: -g * sine(x))
    ... def cosine(x):
    ...     return np.cos(x)
    >>> x = tensor(0.0, requires_grad=True)
    >>> sine(x).backward(); x.grad
    tensor(1.)
    """
    if forward:
        raise TypeError("@op: give the derivative of each input above the function: @op(x=lambda g, ...: ...), or x=None")
    return partial(_registered, vjps, computes=True)


def tensors_only(forward: Callable[Arguments, Array]) -> Callable[Arguments, Array]:
    """A decorator below @op, for two inputs neither of which may be a Python number, as in PyTorch: TypeError if one is."""
    forward.tensors_only = True  # type: ignore[attr-defined]
    return forward


def view(**vjps: Vjp | None) -> Decorator:
    """An op that computes nothing: its result shares the input's memory, or is a copy of it, perhaps on another device or in
    another dtype. Unlike the forward of an @op, its forward gets float16 arrays as they are: there is nothing to round.
    """
    return partial(_registered, vjps, computes=False)


def _registered(vjps: dict[str, Vjp | None], forward: Callable[..., Array], *, computes: bool) -> Callable[..., Tensor]:
    made = Op(forward, vjps)
    made.shares = not computes
    register(made)
    simple = not made.variadic and None not in made.vjps
    if simple and len(made.inputs) == 1:
        applied = _one
    elif simple and len(made.inputs) == 2 and not made.options:
        applied = _two
    else:
        applied = _several
    recorded = wraps(forward)(applied(made, applied(_in_float32(made), None) if computes else None))
    recorded.__signature__ = _signature(made)  # type: ignore[attr-defined]
    return recorded


def _signature(op: Op) -> Signature:
    """The signature for help() and editors: Tensors with PyTorch's names. The forward has arrays, named as in formulas."""
    names = {1: ("input",), 2: ("input", "other")}.get(0 if op.variadic else len(op.inputs), op.inputs)
    kind = "Tensor | Number" if len(op.inputs) == 2 else "Tensor"
    position = Parameter.VAR_POSITIONAL if op.variadic else Parameter.POSITIONAL_OR_KEYWORD
    inputs = [Parameter(name, position, annotation=kind) for name in names]
    # The options of one input may be given by position too, as PyTorch's arguments are.
    by_position = Parameter.POSITIONAL_OR_KEYWORD if len(op.inputs) == 1 and not op.variadic else Parameter.KEYWORD_ONLY
    types, defaults = op.forward.__annotations__, op.forward.__kwdefaults__ or {}
    options = [
        Parameter(name, by_position, default=defaults.get(name, Parameter.empty), annotation=types.get(name, Parameter.empty))
        for name in op.options
    ]
    return Signature(inputs + options, return_annotation="Tensor", __validate_parameters__=False)


def _in_float32(op: Op) -> Op:
    """The same op for float16: computed in float32, with one rounding of the result and the gradients. float16 is saved."""

    def forward(*inputs: Any, **options: Any) -> Array:
        return as_array(op.forward(*in_dtype(float32, inputs), **options)).astype(float16)

    def rounded(vjp: Vjp | None) -> Vjp | None:
        if vjp is None:
            return None
        return lambda g, *kept: in_dtype(float16, vjp(*in_dtype(float32, (g, *kept))))

    def widened(lemma: Vjp) -> Vjp:
        return lambda *kept: lemma(*in_dtype(float32, kept))

    wide = copy(op)
    wide.forward = cast("FunctionType", forward)
    wide.vjps = repeat(rounded(next(op.vjps))) if op.variadic else tuple(map(rounded, op.vjps))
    wide.lemmas = {name: (widened(lemma), asks) for name, (lemma, asks) in op.lemmas.items()}
    return wide


def in_dtype(dtype: np.dtype[Any], x: Any) -> Any:
    """x in another dtype if it is a floating-point array or Tensor, or a list or tuple of them; anything else is unchanged."""
    if type(x) in (list, tuple):
        return type(x)([in_dtype(dtype, part) for part in x])
    if isinstance(x, Tensor):
        return x.to(dtype) if x.is_floating_point() else x
    return as_array(x).astype(dtype, copy=False) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x


# An op is applied millions of times, nearly always to one or two tensors. So there are three versions of applying it: for one
# input, for two, and for any number. Each computes, corrects what NumPy does differently from PyTorch (0-d results, the dtypes
# of integers), and records.


def _one(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    forward, keep = op.forward, op.keeps[0]
    # A result of another dtype means that integers must be promoted. But not where the caller chose that dtype, by an option
    # named dtype, as in cast(x, dtype=float64).
    convert = "dtype" not in op.options

    def apply(input: Any, *given: Any, **options: Any) -> Any:
        if given:
            options = _named(op, given, options)
        if not isinstance(input, Tensor):
            if type(input) in PLAIN:
                raise not_an_operand(op.name, input)
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
        # For exp of int64 NumPy gives float64, PyTorch float32. Only the result shows it, so that the forward runs again, on
        # floats. That costs integers 5 µs (16 numbers: 8.2, x.float().exp() 2.9), and floats nothing but this comparison.
        if out.dtype is not dtype and out.dtype != dtype and convert:
            return apply(*promoted(op.name, input), **options)
        result = new(Tensor)
        result.array = out
        if edge is not None and mode.enabled:
            result.node = Node(op, (edge,), (keep(x, out, **options),), out.shape)
        else:
            result.node = None
        if seam.recorders:
            tell(op, (input,), options, result)
        return result

    return apply


def _named(op: Op, given: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """The options, with those that were given by position, as in softplus(x, 2.0), under their names.
    TypeError for too many of them, or for one that is given twice.
    """
    named = dict(zip(op.options, given))
    if len(given) > len(op.options) or named.keys() & options.keys():
        takes = ", ".join(("input", *op.options))
        raise TypeError(f"{op.name}: takes ({takes}), got {1 + len(given)} arguments by position and {list(options)} by name")
    return named | options


def _two(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    forward, (keep_x, keep_y) = op.forward, op.keeps
    no_numbers = hasattr(forward, "tensors_only")

    def apply(input: Any, other: Any) -> Any:
        if isinstance(input, Tensor):
            x, x_edge, dtype = input.array, input.node, input.array.dtype
            if isinstance(other, Tensor):
                y, y_edge = other.array, other.node
                if y.dtype is not dtype and y.dtype != dtype:
                    return apply(*promoted(op.name, input, other))
            elif type(other) in NUMBERS:
                if no_numbers:
                    raise not_a_tensor(op.name, other)
                y, y_edge = other, None
            else:
                return apply(input, wrapped(op.name, other))
        elif isinstance(other, Tensor):
            if type(input) not in NUMBERS:
                return apply(wrapped(op.name, input), other)
            if no_numbers:
                raise not_a_tensor(op.name, input)
            x, x_edge, y, y_edge, dtype = input, None, other.array, other.node, other.array.dtype
        else:
            if no_numbers and type(input) in NUMBERS:
                raise not_a_tensor(op.name, input)
            return forward(input, other)
        if dtype is not float32 and half is not None and dtype == float16:
            return half(input, other)
        try:
            out = forward(x, y)
        except OverflowError:  # a number too large for the integers wraps around, as in PyTorch
            return apply(*wrapped_around(input, other))
        except Exception as error:
            raise explained(op.name, error, x, y) from error
        if type(out) is not ndarray:
            out = as_array(out)
        if out.dtype is not dtype and out.dtype != dtype:
            return apply(*promoted(op.name, input, other))
        result = new(Tensor)
        result.array = out
        if (x_edge is not None or y_edge is not None) and mode.enabled:
            kept_x = None if x_edge is None else keep_x(x, y, out)
            kept_y = None if y_edge is None else keep_y(x, y, out)
            result.node = Node(op, (x_edge, y_edge), (kept_x, kept_y), out.shape)
        else:
            result.node = None
        if seam.recorders:
            tell(op, (input, other), {}, result)
        return result

    return apply


def _several(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    """Any number of inputs, and two inputs with an option. Recording two takes 2.9 µs here and 1.3 µs in _two (16 numbers). The
    only ops with two inputs and an option are setitem, einsum and cross, so a fourth version is not worth its lines.
    """
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
                saved = [None if e is None else keeps[0](arrays, nth, out, **options) for nth, e in enumerate(edges)]
            else:
                saved = [None if e is None else keep(*arrays, out, **options) for e, keep in zip(edges, keeps)]
            result.node = Node(op, tuple(edges), tuple(saved), out.shape)
        if seam.recorders:
            tell(op, inputs, options, result)
        return result

    return apply


def tell(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Tensor) -> None:
    """Show an application of an op to those who watch."""
    for recorder in seam.recorders:
        recorder.applied(op, inputs, options, out)
