"""What a call does, as far as it is known: which steps a function or layer of the library records, and whose code it runs."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .._tensor import Tensor
from .reading import MISSING, Scope, layers

OPERATORS = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "div", "Pow": "pow_scalar pow", "MatMult": "matmul mv dot"}
# The step that a function, a method or a layer of this name is. One of several words, or none at all if 0 is among them; steps
# joined by < follow each other, the last one first. A name that is not here may do other steps before its own.
# fmt: off
SAME = [
    "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "sin", "cos", "tan", "abs", "neg", "softmax", "log_softmax",
    "mean", "sum", "gelu", "silu", "softplus", "elu", "selu", "maximum", "minimum", "logsumexp", "add", "sub", "mul",
    "div", "log1p", "expm1", "amax", "amin", "leaky_relu", "linear", "reciprocal", "rsqrt", "erf", "logsigmoid",
    "where", "dot", "mv", "var", "norm", "cat", "clone",
]
# fmt: on
STEPS = {name: name for name in SAME}
for names, steps in {
    "subtract": "sub",
    "multiply": "mul",
    "divide true_divide": "div",
    "negative": "neg",
    "absolute": "abs",
    "square": "pow_scalar",
    "pow": "pow_scalar pow",
    "matmul": "matmul mv dot",
    "mm": "matmul",
    "clamp clip": "clip",
    "max": "largest",
    "min": "smallest",
    "t transpose permute T mT": "permute",
    "unsqueeze": "reshape",
    "reshape view flatten squeeze": "reshape 0",
    "float double half": "cast 0",
    "contiguous": "clone 0",
    "dropout": "mul 0",
    "identity": "0",
    "std": "root<var",
    "mse_loss mseloss": "mean<pow_scalar<sub sum<pow_scalar<sub",
    "l1_loss l1loss": "mean<abs<sub sum<abs<sub",
    "cross_entropy crossentropyloss": "cross_entropy nll<log_softmax",
    "nll_loss nllloss": "nll",
    "binary_cross_entropy_with_logits bcewithlogitsloss": "mean<bce_with_logits",
    "conv1d conv2d": "conv",
    "batchnorm1d batchnorm2d": "normalized_batch",
    "layernorm": "normalized",
    "logsoftmax": "log_softmax",
    "leakyrelu": "leaky_relu",
    "max_pool2d maxpool2d": "window_sum<window_sum",
    "avg_pool2d avgpool2d": "div<window_sum<window_sum",
    "adaptive_avg_pool2d adaptiveavgpool2d": "mean",
}.items():
    STEPS |= dict.fromkeys(names.split(), steps)
NOT_STEPS = tuple(
    [f"tinygrad_lite.{name}." for name in ("backward", "autograd", "func", "utils", "explanation", "distributions")]
)
# fmt: off
CREATE = frozenset([
    "tensor", "zeros", "ones", "full", "empty", "eye", "arange", "linspace", "rand", "randn", "randint", "randperm",
    "normal", "from_numpy", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like",
])
# fmt: on
METHODS = frozenset([name for name in dir(Tensor) if not name.startswith("_")]) - {"grad", "backward", "data", "register_hook"}


@dataclass(frozen=True, eq=False)
class Applied:
    """A layer of a Sequential, called with what the layer before it made."""

    module: Any
    operand: Any
    call: Any


def line_of(e: Any) -> int:
    """The line that Python names while it runs an operation: of a method call, that of the method's name."""
    e = e.call if isinstance(e, Applied) else e
    if isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute):
        return e.func.end_lineno or e.lineno
    return (e.end_lineno or e.lineno) if isinstance(e, ast.Attribute) else e.lineno


def is_module(x: Any) -> bool:
    return x is not MISSING and not isinstance(x, type) and hasattr(type(x), "named_modules") and hasattr(type(x), "forward")


def users(x: Any) -> bool:
    """Whether calling it may run code of the user, or take steps of backward: if so, its steps are not this line's for sure."""
    if x is MISSING:
        return True
    if is_module(x):
        return any(
            [not type(part).__module__.startswith("tinygrad_lite.") or "_hooks" in vars(part) for _, part in x.named_modules()]
        )
    if is_op(x):
        return False
    home = str(getattr(x, "__module__", None) or ("numpy" if isinstance(x, np.ufunc) else ""))
    if isinstance(x, BuiltinFunctionType) or home == "builtins":
        return False
    return f"{home}.".startswith(NOT_STEPS) or home.partition(".")[0] not in ("tinygrad_lite", "numpy", "math", "_operator")


def is_op(x: Any) -> bool:
    """Whether it is the function of an @op, perhaps of the user: one step."""
    return isinstance(x, FunctionType) and x.__globals__.get("__name__") == "tinygrad_lite.apply"


def creates(e: Any, scope: Scope, at: int) -> bool:
    """Whether it is the call of a function that makes a leaf: tensor(...), randn(...).requires_grad_()."""
    while isinstance(e, ast.Call) and isinstance(e.func, ast.Attribute) and e.func.attr == "requires_grad_":
        e = e.func.value
    called = scope.value(e.func, at) if isinstance(e, ast.Call) else None
    home = str(getattr(called, "__module__", ""))
    return getattr(called, "__name__", "") in CREATE and home.partition(".")[0] == "tinygrad_lite"


def sequential(x: Any) -> bool:
    return layers(x) and type(x).__name__ == "Sequential" and "_hooks" not in vars(x)


def chained(x: Any, e: Any) -> Any:
    """The call of a Sequential, as calls of its layers."""
    call, operand = (e.call, e.operand) if isinstance(e, Applied) else (e, e.args[0])
    for layer in x._modules.values():
        operand = Applied(layer, operand, call)
    return operand
