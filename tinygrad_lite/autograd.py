"""PyTorch's torch.autograd: `autograd.grad`, `autograd.backward`, `autograd.gradcheck` and more, from the files they are in."""

from typing import TYPE_CHECKING

from .anomaly import detect_anomaly, set_detect_anomaly
from .backward import backward, grad
from .grad_mode import enable_grad, no_grad, set_grad_enabled
from .gradcheck import gradcheck, gradgradcheck
from .suggest import missing_from, names_in

__all__ = ["backward", "detect_anomaly", "enable_grad", "grad", "gradcheck", "gradgradcheck", "no_grad"]
__all__ += ["set_detect_anomaly", "set_grad_enabled"]

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
