"""Functions on layers as a whole: make one without initial values, and join a layer with the batch norm behind it."""

from __future__ import annotations

import inspect
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import ones_like, zeros_like
from tinygrad_lite.random import get_rng_state, set_rng_state

from ..module import Module
from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights", "skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, **kwargs: Any) -> M:
    """A module whose parameters have no meaning yet: for values that are loaded or drawn next. The generator of random numbers
    is left as it was. RuntimeError if it is no class of modules, or takes no device.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.skip_init.html

    >>> from tinygrad_lite import nn
    >>> skip_init(nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(state)


def fuse_conv_bn_eval(conv: M, bn: Any, transpose: bool = False) -> M:
    """A copy of a convolution that computes bn(conv(x)), for predictions: both must be in eval().

    https://pytorch.org/docs/stable/generated/torch.nn.utils.fuse_conv_bn_eval.html
    """
    return _fused(conv, bn, partial(fuse_conv_bn_weights, transpose=transpose))


def fuse_linear_bn_eval(linear: M, bn: Any) -> M:
    """A copy of a Linear layer that computes bn(linear(x)), for predictions: both must be in eval().

    https://pytorch.org/docs/stable/generated/torch.nn.utils.fuse_linear_bn_eval.html
    """
    outputs = vars(linear)["out_features"]
    if bn.num_features not in (1, outputs):
        sizes = f"{outputs} outputs of the layer and {bn.num_features} features of the batch norm"
        raise AssertionError(f"fuse_linear_bn_eval: the sizes do not fit: {sizes}")
    return _fused(linear, bn, fuse_linear_bn_weights)


def _fused(layer: M, bn: Any, join: Any) -> M:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    fused: Any = deepcopy(layer)
    running = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    fused.weight, fused.bias = join(fused.weight, fused.bias, *running)
    return fused  # type: ignore[no-any-return]


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution that does the work of a batch norm too; `transpose` for a transposed one.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.fuse_conv_bn_weights.html
    """
    shape = (1, -1, *[1] * (conv_w.ndim - 2)) if transpose else (-1, *[1] * (conv_w.ndim - 1))
    return _joined(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, shape)


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a Linear layer that does the work of a batch norm too.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.fuse_linear_bn_weights.html
    """
    return _joined(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, (-1, 1))


def _joined(
    w: Tensor, b: Tensor | None, mean: Tensor, var: Tensor, eps: float, scale: Any, shift: Any, shape: tuple[int, ...]
) -> tuple[Parameter, Parameter]:
    """(w x + b - mean) / √(var + eps) · scale + shift, as one weight and one bias."""
    factor = (ones_like(mean) if scale is None else scale) * (var + eps).rsqrt()
    bias = ((0 if b is None else b) - mean) * factor + (zeros_like(mean) if shift is None else shift)
    weight = (w * factor.reshape(shape)).to(w.dtype)
    trained = b is not None and b.requires_grad
    return Parameter(weight.detach(), w.requires_grad), Parameter(bias.to(w.dtype if b is None else b.dtype).detach(), trained)
