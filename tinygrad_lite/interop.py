"""NumPy's functions on Tensors: np.exp(x) and array * x are Tensors, differentiable, through NumPy's dispatch protocols.

One table says which op stands for which NumPy function. What is not in it is computed on the arrays where no gradient is
lost by that, and refused where one would be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import functional as f
from .ops import elementwise as e
from .tensor import Tensor

# fmt: off
TABLE: dict[Callable[..., Any], Callable[..., Any]] = {
    np.add: e.add, np.subtract: e.sub, np.multiply: e.mul, np.divide: e.div, np.power: f.pow, np.matmul: f.matmul,
    np.negative: e.neg, np.absolute: e.abs, np.exp: e.exp, np.log: e.log, np.sqrt: e.sqrt, np.tanh: e.tanh, np.sign: e.sign,
    np.maximum: e.maximum, np.minimum: e.minimum, np.equal: Tensor.__eq__, np.not_equal: Tensor.__ne__,
    np.less: Tensor.__lt__, np.less_equal: Tensor.__le__, np.greater: Tensor.__gt__, np.greater_equal: Tensor.__ge__,
    np.sum: f.sum, np.mean: f.mean, np.max: f.amax, np.min: f.amin, np.argmax: f.argmax, np.argmin: f.argmin,
    np.reshape: f.reshape, np.squeeze: f.squeeze, np.expand_dims: f.unsqueeze, np.broadcast_to: f.broadcast_to,
    np.concatenate: f.cat, np.stack: f.stack, np.where: f.where, np.clip: f.clamp,
    np.transpose: lambda x, axes=None: x.T if axes is None else f.permute(x, axes),
}
# fmt: on


def call(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What stands for a NumPy function, or the function itself on the arrays; TypeError if a gradient would be lost."""

    def plain(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return type(value)(map(plain, value)) if type(value) in (list, tuple) else value
        if value.node is None:
            return value.array
        raise TypeError(f"NumPy's {function.__name__} has no derivative here; use tinygrad_lite's functions or x.detach()")

    if function not in TABLE or (isinstance(function, np.ufunc) and options):
        return function(*plain(args), **{name: plain(value) for name, value in options.items()})
    if isinstance(function, np.ufunc) and not isinstance(args[0], Tensor):
        args = (f.as_tensor_like(args[0], args[-1]), *args[1:])
    return TABLE[function](*args, **options)
