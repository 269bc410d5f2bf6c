"""tinygrad_lite: reverse-mode automatic differentiation on NumPy and CuPy arrays, under PyTorch's names.

    import tinygrad_lite as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    x.grad                                  # tensor([2., 4.])

`nn` (modules, losses, optimizers), `optim` and `datasets` load on first use. Where to look: a derivative is in ops/, directly
above its forward; how a step is remembered is in tape.py; how the gradient walks back is in backward.py.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from pkgutil import extend_path
from typing import Any

from . import autograd, creation, cuda, dtypes, functional
from .backend import device
from .creation import *
from .dtypes import *
from .functional import *
from .grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .ops.elementwise import abs, add, div, exp, log, maximum, minimum, mul, neg, relu, sigmoid, sign, sqrt, sub, tanh
from .ops.shape import clone
from .printing import NoSuch as _NoSuch
from .random import Generator, manual_seed
from .tensor import Tensor

__all__ = ["Generator", "Tensor", "autograd", "cuda", "device", "manual_seed"]
__all__ += ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]
__all__ += ["abs", "add", "div", "exp", "log", "maximum", "minimum", "mul", "neg", "relu", "sigmoid", "sign", "sqrt", "sub"]
__all__ += ["clone", "tanh"]
__all__ += creation.__all__
__all__ += dtypes.__all__
__all__ += functional.__all__
__version__ = "0.1.0"

# Python that is started in the root of a checkout imports this folder itself, and nn and datasets are not inside it: this line
# finds them where `pip install -e .` has put links to them.
__path__ = extend_path(__path__, __name__)

# PyTorch is silent about log 0 and overflow, and so is this: NumPy's warnings are switched off for what happens in our code.
# np.errstate around every op would say the same at half a microsecond each.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinygrad_lite\.")

_LAZY = ("nn", "optim", "datasets")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name not in ("tinygrad_lite.nn", "tinygrad_lite.datasets"):
                raise
            where = "this checkout is not installed; in its root type: pip install -e ."
            raise ImportError(f"{error.name} is in the folder {error.name[14:]}/, and {where}") from error
    raise _NoSuch(f"tinygrad_lite has no {name!r}", name, __dir__)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
