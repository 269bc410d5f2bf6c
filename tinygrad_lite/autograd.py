"""PyTorch's names for differentiation: `autograd.grad`, `autograd.backward`, `autograd.gradcheck`, ..."""

from .anomaly import detect_anomaly, set_detect_anomaly
from .backward import backward, grad
from .grad_mode import enable_grad, no_grad, set_grad_enabled
from .gradcheck import gradcheck, gradgradcheck

__all__ = ["backward", "detect_anomaly", "enable_grad", "grad", "gradcheck", "gradgradcheck", "no_grad"]
__all__ += ["set_detect_anomaly", "set_grad_enabled"]
