"""NumPy's functions on Tensors: np.exp(x) and array * x give Tensors, differentiable, through NumPy's dispatch protocols.

Two tables say which function of ours replaces which NumPy function. A NumPy function that is not in them, or is called with
options that ours does not have, is computed on the arrays; if a gradient would be lost by that, it is refused. With `out=x`
the result is written to x as by x.copy_(), so that backward notices. All other Tensors are passed to NumPy as read-only arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from . import functional as f
from ._tensor import Tensor
from .functional import comparison, logic, numbers
from .functional import logarithmic as f_logarithmic
from .inplace import write
from .operands import as_tensor_like
from .ops import arithmetic, choice, exponential, logarithmic, rounding, trigonometric
from .ops import numbers as number_ops
from .recorder import seam


def _tensors(*values: Any) -> list[Tensor]:
    """All values as Tensors: numbers, arrays and lists of numbers too. At least one must be a Tensor already."""
    like = next(x for x in values if isinstance(x, Tensor))
    return [as_tensor_like(np.asarray(x) if isinstance(x, (list, tuple)) else x, like) for x in values]


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Tensor:
    given = {"min": min if a_min is None else a_min, "max": max if a_max is None else a_max}
    given = {name: bound for name, bound in given.items() if bound is not None}
    if any(not isinstance(bound, (int, float)) for bound in given.values()):
        a, *bounds = _tensors(a, *given.values())
        given = dict(zip(given, bounds))
    return f.clamp(a, **given)


# The adapters have NumPy's parameters in NumPy's order.
# fmt: off
HANDLED_UFUNCS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.add: arithmetic.add, np.subtract: arithmetic.sub, np.multiply: arithmetic.mul, np.divide: arithmetic.div,
    np.negative: arithmetic.neg, np.absolute: arithmetic.abs, np.sign: arithmetic.sign, np.power: f.pow, np.matmul: f.matmul,
    np.exp: exponential.exp, np.log: exponential.log, np.sqrt: exponential.sqrt, np.tanh: exponential.tanh,
    np.maximum: choice.maximum, np.minimum: choice.minimum, np.equal: comparison.eq, np.not_equal: comparison.ne,
    np.less: comparison.lt, np.less_equal: comparison.le, np.greater: comparison.gt, np.greater_equal: comparison.ge,
    np.bitwise_and: comparison.bitwise_and, np.bitwise_or: comparison.bitwise_or, np.bitwise_xor: comparison.bitwise_xor,
    np.sin: trigonometric.sin, np.cos: trigonometric.cos, np.tan: trigonometric.tan, np.arcsin: trigonometric.asin,
    np.arccos: trigonometric.acos, np.arctan: trigonometric.atan, np.arctan2: trigonometric.atan2, np.sinh: trigonometric.sinh,
    np.cosh: trigonometric.cosh, np.arcsinh: trigonometric.asinh, np.arccosh: trigonometric.acosh,
    np.arctanh: trigonometric.atanh, np.log1p: logarithmic.log1p, np.log2: logarithmic.log2, np.log10: logarithmic.log10,
    np.expm1: logarithmic.expm1, np.exp2: logarithmic.exp2, np.logaddexp: f_logarithmic.logaddexp,
    np.logaddexp2: f_logarithmic.logaddexp2, np.floor: rounding.floor, np.ceil: rounding.ceil, np.trunc: rounding.trunc,
    np.rint: lambda x: rounding.round(x, decimals=0), np.fmod: rounding.fmod, np.remainder: rounding.remainder,
    np.floor_divide: rounding.floor_divide, np.reciprocal: number_ops.reciprocal, np.square: numbers.square,
    np.copysign: number_ops.copysign, np.hypot: numbers.hypot, np.fmax: number_ops.fmax, np.fmin: number_ops.fmin,
    np.deg2rad: numbers.deg2rad, np.radians: numbers.deg2rad, np.rad2deg: numbers.rad2deg, np.degrees: numbers.rad2deg,
    np.float_power: numbers.float_power, np.positive: numbers.positive, np.ldexp: numbers.ldexp, np.isnan: logic.isnan,
    np.isinf: logic.isinf, np.isfinite: logic.isfinite, np.signbit: numbers.signbit, np.logical_and: logic.logical_and,
    np.logical_or: logic.logical_or, np.logical_xor: logic.logical_xor, np.logical_not: logic.logical_not,
}
HANDLED_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: lambda a, axis=None, dtype=None, *, keepdims=False: f.sum(a, axis, keepdims, dtype=dtype),
    np.mean: lambda a, axis=None, dtype=None, *, keepdims=False: f.mean(a, axis, keepdims, dtype=dtype),
    np.max: lambda a, axis=None, *, keepdims=False: f.amax(a, axis, keepdims),
    np.min: lambda a, axis=None, *, keepdims=False: f.amin(a, axis, keepdims),
    np.argmax: lambda a, axis=None, *, keepdims=False: f.argmax(a, axis, keepdims),
    np.argmin: lambda a, axis=None, *, keepdims=False: f.argmin(a, axis, keepdims),
    np.reshape: lambda a, shape: f.reshape(a, shape),
    np.squeeze: lambda a, axis=None: f.squeeze(a, axis),
    np.expand_dims: lambda a, axis: f.unsqueeze(a, axis),
    np.broadcast_to: lambda array, shape: f.broadcast_to(array, shape),
    np.transpose: lambda a, axes=None: a.T if axes is None else f.permute(a, axes),
    np.concatenate: lambda arrays, axis=0: f.cat(_tensors(*arrays), axis),
    np.stack: lambda arrays, axis=0: f.stack(_tensors(*arrays), axis),
    np.where: lambda condition, x, y: f.where(*_tensors(condition, x, y)),
    np.clip: _clip,
}
# fmt: on


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of a ufunc on Tensors, or of one of its methods (np.add.reduce, np.add.at)."""
    if method == "at" and isinstance(inputs[0], Tensor):
        plain(inputs[0], "add.at")  # raises an error if it requires grad
        write(inputs[0].array, ufunc.at, *plain(inputs[1:], f"{ufunc.__name__}.at"))
        for recorder in seam.recorders:
            recorder.written(f"{ufunc.__name__}.at", inputs[0], inputs[1:])
        return None
    if method != "__call__":
        return call(getattr(ufunc, method), inputs, options)
    if ufunc in HANDLED_UFUNCS and not options:
        return HANDLED_UFUNCS[ufunc](*(inputs if len(inputs) == 1 else _tensors(*inputs)))
    return call(ufunc, inputs, options)


def call(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of our function for a NumPy function, or of NumPy's on the arrays; TypeError if a gradient would be lost."""
    out = options.get("out")
    targets = out if isinstance(out, tuple) else (out,)
    if any(isinstance(x, Tensor) for x in targets):
        return _into(targets, function, args, {name: value for name, value in options.items() if name != "out"})
    if any(x is not None for x in targets) and any(isinstance(x, Tensor) and x.requires_grad for x in args):
        what = f"NumPy's {getattr(function, '__name__', function)} would write a Tensor that requires grad into an array"
        raise TypeError(f"{what}, and its gradient would be lost; write a = a + x, not a += x, or use x.detach()")
    if function in HANDLED_FUNCTIONS:
        try:
            bound = signature(HANDLED_FUNCTIONS[function]).bind(*args, **options)
        except TypeError:  # options that NumPy's function has and ours does not: order="F", where=, initial=
            return _on_arrays(function, args, options)
        return HANDLED_FUNCTIONS[function](*bound.args, **bound.kwargs)
    return _on_arrays(function, args, options)


def _on_arrays(function: Any, args: Any, options: Any) -> Any:
    name = getattr(function, "__name__", str(function))
    try:
        return function(*plain(args, name), **plain(options, name))
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        what = f"NumPy's {name} would write to a Tensor, and backward would not notice"
        raise RuntimeError(f"{what}; use x.copy_(...), x[...] = ... or out=x") from error


def plain(value: Any, name: str) -> Any:
    """A value in which read-only arrays replace the Tensors; TypeError for a Tensor that requires grad."""
    if isinstance(value, dict):
        return {key: plain(part, name) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)([plain(part, name) for part in value])
    if not isinstance(value, Tensor):
        return value
    if value.node is not None:
        raise TypeError(f"NumPy's {name} has no derivative here; use tinygrad_lite's functions or x.detach()")
    array = value.array[...]
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


def _into(targets: tuple[Any, ...], function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call the function and write its results to the targets; to a Tensor as copy_() does."""
    if len(targets) == 1 and not options and function in HANDLED_UFUNCS:
        results = [call_ufunc(function, "__call__", args, {})]
    else:
        buffers = tuple([x.array.copy() if isinstance(x, Tensor) else x for x in targets])
        _on_arrays(function, args, options | {"out": buffers if isinstance(function, np.ufunc) else buffers[0]})
        results = [Tensor._of(x) for x in buffers]
    for x, result in zip(targets, results):
        if isinstance(x, Tensor):
            if result.shape != x.shape or not np.can_cast(result.dtype, x.dtype, "same_kind"):
                shown = f"{result.dtype}{list(result.shape)} does not fit into {x.dtype}{list(x.shape)}"
                raise ValueError(f"NumPy's {getattr(function, '__name__', function)}: the result {shown}, given as out=")
            x.copy_(result)
    return targets[0] if len(targets) == 1 else targets
