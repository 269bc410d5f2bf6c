"""A step computed again: the result of an op for other inputs, in float64. replay.py moves an element with it.

The forward of the op is called, with the options that the step had. Some options are computed from an input before the op is
called, because a vjp cannot name what a forward computes on the way: the mean and variance of a batch, say. Held fixed, they
would make a difference wrong; RECOMPUTED says how they follow from the input. A mask of dropout, an index and all that was
detached are held fixed: that is what the gradient means.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..autograd.function import Function, FunctionCtx
from ..backend import array_module, is_array
from ..ops.arrangement import places as places_in_memory
from ..ops.neural.activation import gelu_angle, gelu_share, sigmoid
from ..ops.neural.loss import powers_and_sums, sums_of_powers
from ..ops.neural.normalization import channel_moments, standard
from ..ops.neural.pooling import window_winners
from .graph import UNKNOWN, Graph, Place
from .paths import is_ours, numbers, start_of_part
from .recover import provable

Options = dict[str, Any]


class Impossible(Exception):
    """Why a step cannot be computed again."""


def wide(x: Any) -> Any:
    """A floating-point array in float64, a list or tuple of them too; anything else unchanged."""
    if type(x) in (list, tuple):
        return type(x)([wide(part) for part in x])
    return x.astype(np.float64) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x


def given_to(step: Place, graph: Graph) -> tuple[list[Any], Options]:
    """The inputs and options that a step had, in float64. Impossible if one is not known."""
    inputs = []
    for given in step.inputs:
        x = graph.places[given.place].value if given.place is not None else given.value
        x = given.value if x is None else x
        inputs.append(wide(x) if x is not UNKNOWN else UNKNOWN)
    options = {name: wide(value) for name, value in step.options.items() if value is not UNKNOWN}
    if hasattr(step.op, "forward"):
        options |= provable(graph, step)
        optional = getattr(getattr(step.op, "forward", None), "__kwdefaults__", None) or {}
        made = RECOMPUTED[step.op.name][0] if is_ours(step) and step.op.name in RECOMPUTED else ()
        missing = [name for name in step.op.options if name not in options and name not in optional and name not in made]
        if missing:
            raise Impossible(f"the option {missing[0]} of {step.op.name} was not kept; explain it with watch()")
    partly = options.get("drop") is not None or options.get("share") is not None
    if is_ours(step) and step.op.name == "embedding" and partly:
        raise Impossible("embedding gives some rows less than their gradient (padding_idx, scale_grad_by_freq)")
    if getattr(getattr(step.op, "function", None), "__name__", "") in ("StandardGamma", "StandardDirichlet"):
        raise Impossible("this draws random numbers, and their gradient is one of the distribution")
    return inputs, options


SYMMETRIC = ("cholesky", "eigh")  # of which one half is read, and the gradient is that of both


def forward(step: Place, inputs: list[Any], options: Options) -> Any:
    """The result of a step for these inputs."""
    op = step.op
    if any(x is UNKNOWN for x in inputs):
        nth = [x is UNKNOWN for x in inputs].index(True)
        raise Impossible(f"the input {step.inputs[nth].name} of {op.name} was not kept; explain it with watch()")
    try:
        if hasattr(op, "starts"):
            return of_function(op, inputs)
        if (start := start_of_part(step)) is not None:
            return inputs[0][start : start + prod(step.shape)].reshape(step.shape)
        if is_ours(step):
            if op.name in SYMMETRIC and not np.array_equal(inputs[0], inputs[0].swapaxes(-1, -2)):
                raise Impossible(f"{op.name} takes a symmetric matrix, of which one element cannot be moved alone")
            if op.name == "cholesky_solve" and np.triu(inputs[1], 1).any():
                raise Impossible("cholesky_solve takes a lower triangle, and this element is not in it")
            if op.name in INSTEAD:
                return INSTEAD[op.name](step, inputs[0], options)
            if op.name in RECOMPUTED:
                options = options | RECOMPUTED[op.name][1](inputs[0], options)
        out = op.forward(*inputs, **options)
        return out if is_array(out) else np.asarray(out)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError) as error:
        raise Impossible(f"{op.name} cannot be computed again: {type(error).__name__}: {error}") from error


# Where an input is not known, because nothing kept it. A vjp that does not name it does not depend on it, so that any number in
# its place gives the same differences; but what comes behind may depend on the result.

STEPS = ("sign", "zero", "angle", "copysign", "nextafter")  # and those in rounding.py: their vjps name nothing, for they are 0


def must_not_depend_on(step: Place, unsure: list[int], moved: list[int]) -> None:
    """Impossible if the derivatives of a step with respect to its `moved` inputs depend on one of the `unsure` inputs."""
    op = step.op
    asked = {name for nth in moved for name in op.needs[0 if op.variadic else nth]}
    names = {op.inputs[0 if op.variadic else nth] for nth in unsure}
    jumps = op.name in STEPS or not is_ours(step) or op.forward.__module__.endswith(".rounding")
    if asked & names or "out" in asked or jumps:
        raise Impossible(f"what {op.name} was given here was not kept; explain it with watch()")


def stand_in(step: Place, inputs: list[Any], known: dict[int, Any], options: Options, graph: Graph) -> None:
    """Replace inputs that are not known by zeros with which the result has its shape."""
    lost = [nth for nth, given in enumerate(step.inputs) if given.place not in known and inputs[nth] is UNKNOWN]
    for shape in ((), step.shape) if lost else ():
        for nth in lost:
            there = step.inputs[nth].place
            inputs[nth] = np.zeros(shape if there is None else graph.places[there].shape)
        try:
            full = [known.get(given.place, x) if given.place is not None else x for given, x in zip(step.inputs, inputs)]
            if forward(step, full, options).shape == tuple(step.shape):
                return
        except Impossible:
            continue
    if lost:
        raise Impossible(f"the input {step.inputs[lost[0]].name} of {step.op.name} was not kept; explain it with watch()")


def of_function(op: Any, inputs: list[Any]) -> Any:
    """The result of an autograd.Function: the user's forward, on copies. Several outputs are one vector, as on the tape."""
    given = [x if known is None else Tensor._of(array_module(x).array(x)) for x, known in zip(inputs, op.given)]
    ctx = FunctionCtx(op.ctx.needs_input_grad)
    takes_ctx = op.function.setup_context is Function.setup_context
    out = op.function.forward(ctx, *given) if takes_ctx else op.function.forward(*given)
    outs = list(out) if isinstance(out, (tuple, list)) else [out]
    if len(op.live) == 1:
        return outs[op.live[0]].array
    return np.concatenate([outs[i].array.reshape(-1) for i in op.live])


# What follows from the first input


def winners(x: Any, o: Options) -> Options:
    """The largest of each window; not if there is none `found`: then the op is the derivative of another one."""
    if o.get("winners") is None or o.get("found") is None:
        return {}
    best, at = window_winners(x, o["windows"])
    return {"winners": at, "found": best}


RECOMPUTED: dict[str, tuple[tuple[str, ...], Callable[[Any, Options], Options]]] = {
    "gelu": (("share",), lambda x, o: {"share": gelu_share(x)}),
    "gelu_tanh": (("t",), lambda x, o: {"t": gelu_angle(x)}),
    "silu": (("share",), lambda x, o: {"share": sigmoid(x)}),
    "cross_entropy": (("largest", "power", "total"), lambda x, o: dict(zip(("largest", "power", "total"), powers_and_sums(x)))),
    "nll_of_logits": (("largest", "total"), lambda x, o: dict(zip(("largest", "total"), sums_of_powers(x)))),
    "normalized": (("h", "scale"), lambda x, o: dict(zip(("h", "scale"), standard(x, o["eps"], o["about_mean"])))),
    "normalized_batch": (("mean", "variance"), lambda x, o: dict(zip(("mean", "variance"), channel_moments(x)))),
    "window_sum": (("winners", "found"), winners),
    "lstm": (("held",), lambda x, o: {"held": []}),  # a list that the forward fills
    "gru": (("held",), lambda x, o: {"held": []}),
}


def strided(step: Place, x: Any, o: Options) -> Any:
    """as_strided: x is a copy here, and lies elsewhere in memory. What is not of x stays as it was; where several numbers of x
    are one in memory, each is a part of it, as in the gradient.
    """
    at = places_in_memory(x.shape, *o["source"]).reshape(-1)
    taken = places_in_memory(o["size"], o["strides"], o["offset"])
    n = 1 + max(int(at.max(initial=0)), int(taken.max(initial=0)))
    count = np.bincount(at, minlength=n)
    out = (np.bincount(at, numbers(x).reshape(-1), n) / np.maximum(count, 1))[taken]
    if not count[taken].all():
        if step.value is None:
            raise ValueError("it shows memory that is not that of x")
        out = np.where(count[taken] > 0, out, numbers(step.value))
    return array_module(x).asarray(out)


INSTEAD: dict[str, Callable[[Place, Any, Options], Any]] = {
    "cast": lambda step, x, o: x if np.dtype(o["dtype"]).kind == "f" else x.astype(o["dtype"]),  # float64 it stays
    "as_strided": strided,
}


# Products, of which an element of one matrix changes a row or a column only


def part_of_linear(inputs: list[Any], nth: int, element: int, base: Any) -> Any:
    x, weight, bias = inputs
    out = base.copy()
    flat_out, flat_x = out.reshape(-1, weight.shape[0]), x.reshape(-1, weight.shape[1])
    if nth == 0:
        row = element // weight.shape[1]
        flat_out[row] = weight @ flat_x[row] + (0 if bias is None else bias)
    else:
        o = element // weight.shape[1] if nth == 1 else element
        flat_out[:, o] = flat_x @ weight[o] + (0 if bias is None else bias[o])
    return out


def part_of_matmul(inputs: list[Any], nth: int, element: int, base: Any) -> Any:
    x, y = inputs
    if x.ndim != 2 or y.ndim != 2:
        return x @ y
    out = base.copy()
    if nth == 0:
        out[element // x.shape[1]] = x[element // x.shape[1]] @ y
    else:
        out[:, element % y.shape[1]] = x @ y[:, element % y.shape[1]]
    return out


PARTS: dict[str, Callable[[list[Any], int, int, Any], Any]] = {"linear": part_of_linear, "matmul": part_of_matmul}
