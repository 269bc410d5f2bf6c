"""PyTorch's torch.autograd: `autograd.grad`, `autograd.backward`, `autograd.Function` and more, from the files they are in."""

from typing import TYPE_CHECKING, Any

from .._tensor import Tensor
from ..backward import backward, grad
from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ..suggest import missing_from, names_in
from . import functional
from .anomaly import detect_anomaly, set_detect_anomaly
from .function import Function
from .gradcheck import gradcheck, gradgradcheck

__all__ = ["Function", "Variable", "backward", "detect_anomaly", "enable_grad", "functional", "grad", "gradcheck"]
__all__ += ["gradgradcheck", "inference_mode", "no_grad", "set_detect_anomaly", "set_grad_enabled"]


def Variable(data: Tensor, requires_grad: bool = False, volatile: Any = None) -> Tensor:
    """A tensor on the memory of `data`. PyTorch made Variable and Tensor one class in 2018; old programs still call it.
    https://pytorch.org/docs/stable/autograd.html#variable-deprecated
    >>> Variable(tensor([1.0]), requires_grad=True)
    tensor([1.], requires_grad=True)
    """
    if not isinstance(data, Tensor):
        raise TypeError(f"Variable: data must be a Tensor, got {type(data).__name__}; make it one with tensor(...)")
    return data.detach().requires_grad_(requires_grad)


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
