"""`@op` turns a forward and its vjps into a function that records itself.

Called on arrays, the function is just the forward. Called on Tensors, it computes on their arrays and, where an input needs a
gradient, leaves a Node (tape.py) with what the vjps asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from itertools import repeat
from types import FunctionType
from typing import Any, ParamSpec, Protocol, cast

import numpy as np

from ._tensor import Tensor
from .backend import Array
from .dtypes import float16, float32
from .grad_mode import mode
from .operands import NUMBERS, as_array, explained, promoted, wrapped
from .recorder import seam
from .tape import Node, Op, Vjp, register

Arguments = ParamSpec("Arguments")
ndarray = np.ndarray
new = object.__new__


class Decorator(Protocol):
    """What op(...) returns: it makes of a forward on arrays a function of the same parameters on Tensors."""

    def __call__(self, forward: Callable[Arguments, Array], /) -> Callable[Arguments, Tensor]: ...


def op(**vjps: Vjp | None) -> Decorator:
    """Make a recorded function of a forward on arrays; the keywords are its vjps and lemmas, as the head of tape.py says.
    TypeError, at import, if an input has no vjp, a keyword is neither an input nor a lemma that a vjp asks for, one asks for
    an unknown name, or another op has the name already. The first parameter is the user's `input`, the second `other`.
    >>> @op(x=lambda g, x: g * cos(x))
    ... def sine(x):
    ...     return np.sin(x)
    >>> @op(x=lambda g, x: -g * sine(x))
    ... def cos(x):
    ...     return np.cos(x)
    >>> x = tensor(0.0, requires_grad=True)
    >>> sine(x).backward(); x.grad
    tensor(1.)
    """
    return partial(_registered, vjps, computes=True)


def view(**vjps: Vjp | None) -> Decorator:
    """An op that computes nothing: its result shows the input's memory, or the same numbers in another place or dtype."""
    return partial(_registered, vjps, computes=False)


def _registered(vjps: dict[str, Vjp | None], forward: Callable[..., Array], *, computes: bool) -> Callable[..., Tensor]:
    made = Op(forward, vjps)
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
    """What help() and editors show: Tensors under PyTorch's names, where the forward has arrays under mathematical ones."""
    given = list(signature(op.forward).parameters.values())
    names = {1: ("input",), 2: ("input", "other")}.get(0 if op.variadic else len(op.inputs), op.inputs)
    kind = "Tensor | Number" if len(op.inputs) == 2 else "Tensor"
    inputs = [Parameter(name, given[i].kind, annotation=kind) for i, name in enumerate(names)]
    options = given[len(inputs) :]
    if len(inputs) == 1 and not op.variadic:  # its options may be given by position too, as PyTorch's arguments are
        options = [option.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for option in options]
    return Signature(inputs + options, return_annotation="Tensor")


def _in_float32(op: Op) -> Op:
    """The same op for float16: computed in float32, the result and the gradients rounded once. The nodes keep float16."""

    def forward(*inputs: Any, **options: Any) -> Array:
        return as_array(op.forward(*in_dtype(float32, inputs), **options)).astype(float16)

    def rounded(vjp: Vjp | None) -> Vjp | None:
        return vjp and (lambda g, *kept: in_dtype(float16, vjp(*in_dtype(float32, (g, *kept)))))

    def widened(lemma: Vjp) -> Vjp:
        return lambda *kept: lemma(*in_dtype(float32, kept))

    wide = copy(op)
    wide.forward = cast("FunctionType", forward)
    wide.vjps = repeat(rounded(next(op.vjps))) if op.variadic else tuple(map(rounded, op.vjps))
    wide.lemmas = {name: (widened(lemma), asks) for name, (lemma, asks) in op.lemmas.items()}
    return wide


def in_dtype(dtype: np.dtype[Any], x: Any) -> Any:
    """Arrays and Tensors of a floating dtype, also those in a list or tuple, in another; anything else as it is."""
    if type(x) in (list, tuple):
        return type(x)([in_dtype(dtype, part) for part in x])
    if isinstance(x, Tensor):
        return x.to(dtype) if x.is_floating_point() else x
    return as_array(x).astype(dtype, copy=False) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x


# An op is applied millions of times, nearly always to one or two tensors, so the step is written once per arity.
# Each computes, corrects what NumPy and PyTorch see differently (0-d results, the dtypes of integers), and records.


def _one(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    forward, keep = op.forward, op.keeps[0]
    convert = "dtype" not in op.options  # an op with that option makes the dtype that it is told

    def apply(input: Any, *given: Any, **options: Any) -> Any:
        if given:
            options = _named(op, given, options)
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
        if out.dtype is not dtype and out.dtype != dtype and convert:  # exp of integers: once more, in floats
            return apply(*promoted(op.name, input), **options)
        result = new(Tensor)
        result.array = out
        if edge is not None and mode.enabled:
            result.node = Node(op, (edge,), (keep(x, out, **options),), out.shape)
        else:
            result.node = None
        if seam.recorders:
            _tell(op, (input,), options, result)
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

    def apply(input: Any, other: Any) -> Any:
        if isinstance(input, Tensor):
            x, x_edge, dtype = input.array, input.node, input.array.dtype
            if isinstance(other, Tensor):
                y, y_edge = other.array, other.node
                if y.dtype is not dtype and y.dtype != dtype:
                    return apply(*promoted(op.name, input, other))
            elif type(other) in NUMBERS:
                y, y_edge = other, None
            else:
                return apply(input, wrapped(op.name, other))
        elif isinstance(other, Tensor):
            if type(input) not in NUMBERS:
                return apply(wrapped(op.name, input), other)
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
            _tell(op, (input, other), {}, result)
        return result

    return apply


def _several(op: Op, half: Callable[..., Tensor] | None) -> Callable[..., Tensor]:
    """Any number of inputs; two with an option go this way too, as few do and it is 0.3 µs slower."""
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
        if seam.recorders:
            _tell(op, inputs, options, result)
        return result

    return apply


def _tell(op: Op, inputs: tuple[Any, ...], options: dict[str, Any], out: Tensor) -> None:
    for recorder in seam.recorders:
        recorder.applied(op, inputs, options, out)
