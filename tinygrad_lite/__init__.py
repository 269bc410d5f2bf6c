"""tinygrad_lite: reverse-mode automatic differentiation on NumPy and CuPy arrays, under PyTorch's names.

    import tinygrad_lite as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    x.grad                                  # tensor([2., 4.])

`nn` (modules, losses, optimizers), `optim` and `datasets` are imported on first use. Where to look: a derivative is in ops/,
directly above its forward; tape.py shows how a step is recorded, backward.py how the gradient walks back.
"""

from __future__ import annotations

import warnings as _warnings
from importlib import import_module as _import_module
from os.path import isdir as _isdir
from os.path import join as _join
from sys import path as _path
from typing import TYPE_CHECKING
from typing import Any as _Any

from . import autograd as autograd
from . import creation as _creation
from . import cuda as cuda
from . import dtypes as _dtypes
from . import methods as _methods
from ._tensor import Tensor as Tensor
from .apply import op as op
from .backend import device as device
from .creation import *
from .dtypes import *
from .functional.choice import *
from .functional.contraction import *
from .functional.exponential import *
from .functional.linalg import *
from .functional.neural import *
from .functional.reduction import *
from .functional.shape import *
from .grad_mode import enable_grad as enable_grad
from .grad_mode import is_grad_enabled as is_grad_enabled
from .grad_mode import no_grad as no_grad
from .grad_mode import set_grad_enabled as set_grad_enabled
from .gradcheck import gradcheck as gradcheck
from .ops.arithmetic import *
from .ops.choice import *
from .ops.exponential import *
from .ops.neural.activation import relu as relu
from .ops.neural.activation import sigmoid as sigmoid
from .ops.shape import *
from .ops.trigonometric import *
from .random import Generator as Generator
from .random import manual_seed as manual_seed
from .suggest import no_such as _no_such

__version__ = "0.1.0"

# Started in the root of a checkout, Python imports this folder itself, and nn and datasets are not inside it. With this line
# they are found where `pip install -e .` has put links to them.
__path__ += [
    _here for _here in (_join(_folder, __name__) for _folder in _path if _folder) if _isdir(_here) and _here not in __path__
]

# PyTorch does not warn of log 0 or overflow, and neither do we: NumPy's warnings are switched off for our modules. np.errstate
# around every op would do the same, but takes half a microsecond each time.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinygrad_lite\.")

_LAZY = ("nn", "optim", "datasets")

if TYPE_CHECKING:
    from . import datasets as datasets
    from . import nn as nn
    from . import optim as optim
else:  # hidden from type checkers, or every misspelt name would be valid for them
    __all__ = ["Generator", "Tensor", "autograd", "cuda", "device", "gradcheck", "manual_seed", "op", "relu", "sigmoid"]
    __all__ += ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]
    __all__ += [name for family in (*_methods.FAMILIES, _creation, _dtypes) for name in family.__all__]

    def __getattr__(name: str) -> _Any:
        if name in _LAZY:
            try:
                return _import_module(f"{__name__}.{name}")
            except ModuleNotFoundError as error:
                if error.name not in ("tinygrad_lite.nn", "tinygrad_lite.datasets"):
                    raise
                where = "this checkout is not installed; in its root type: pip install -e ."
                raise ImportError(f"{error.name} is in the folder {error.name[14:]}/, and {where}") from error
        raise _no_such(__name__, name, __dir__)

    def __dir__() -> list[str]:
        return sorted([*__all__, *_LAZY, "__version__"])
