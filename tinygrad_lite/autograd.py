"""PyTorch's names for differentiation: `autograd.grad`, `autograd.backward`, `autograd.gradcheck`."""

from .backward import backward, grad
from .grad_mode import enable_grad, no_grad, set_grad_enabled
from .gradcheck import gradcheck, gradgradcheck

__all__ = ["backward", "enable_grad", "grad", "gradcheck", "gradgradcheck", "no_grad", "set_grad_enabled"]
