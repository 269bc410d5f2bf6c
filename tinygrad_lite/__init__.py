"""tinygrad_lite: reverse-mode automatic differentiation on NumPy and CuPy arrays, under PyTorch's names.

    import tinygrad_lite as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward()
    x.grad                                  # tensor([2., 4.])

`nn` (modules, losses, optimizers), `datasets` and other parts are imported on first use, and so are the functions that not
every program needs (methods.py). Where to look: a derivative is in ops/, directly above its forward; tape.py shows how a step
is recorded, backward.py how the gradient walks back.
"""

from __future__ import annotations

import warnings as _warnings
from importlib import import_module as _import_module
from os.path import isdir as _isdir
from os.path import join as _join
from sys import path as _path
from typing import TYPE_CHECKING
from typing import Any as _Any

from . import creation as _creation
from . import dtypes as _dtypes
from . import methods as _methods
from .apply import op as op
from .backend import device as device
from .creation import *
from .dtypes import *
from .functional.arithmetic import *
from .functional.choice import *
from .functional.exponential import *
from .functional.linalg import *
from .functional.neural import *
from .functional.reduction import *
from .functional.shape import *
from .grad_mode import enable_grad as enable_grad
from .grad_mode import is_grad_enabled as is_grad_enabled
from .grad_mode import no_grad as no_grad
from .grad_mode import set_grad_enabled as set_grad_enabled
from .ops.arithmetic import *
from .ops.choice import *
from .ops.exponential import *
from .ops.shape import *
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

# Parts that are imported by the first program line that names them.
_LAZY = ["accelerator", "autograd", "backends", "cuda", "datasets", "distributed", "distributions", "func", "linalg", "nn"]
_LAZY += ["optim", "special", "utils"]

# Functions of nn.functional that PyTorch has here too, with the same arguments.
_NEURAL = ["adaptive_avg_pool1d", "alpha_dropout", "avg_pool1d", "channel_shuffle", "conv1d", "conv2d", "conv3d"]
_NEURAL += ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "dropout", "feature_alpha_dropout", "group_norm"]
_NEURAL += ["layer_norm", "max_pool1d", "max_pool2d", "max_pool3d", "pixel_shuffle", "pixel_unshuffle", "rms_norm"]

# What shows how a gradient came about.
_EXPLANATION = ["Explanation", "explain", "memory", "watch"]

# A step recorded once and replayed.
_CAPTURING = ["capture"]

if TYPE_CHECKING:
    from . import accelerator as accelerator
    from . import autograd as autograd
    from . import backends as backends
    from . import cuda as cuda
    from . import datasets as datasets
    from . import distributed as distributed
    from . import distributions as distributions
    from . import func as func
    from . import linalg as linalg
    from . import nn as nn
    from . import optim as optim
    from . import special as special
    from . import utils as utils
    from ._tensor import Tensor as Tensor
    from .autograd.gradcheck import gradcheck as gradcheck
    from .capturing.capture import capture as capture
    from .explanation import Explanation as Explanation
    from .explanation import explain as explain
    from .explanation import memory as memory
    from .explanation import watch as watch
    from .functional.activation import *
    from .functional.contraction import *
    from .functional.copies import *
    from .functional.counting import *
    from .functional.creation import *
    from .functional.decomposition import *
    from .functional.differences import *
    from .functional.in_place import *
    from .functional.joining import *
    from .functional.kinds import *
    from .functional.logarithmic import *
    from .functional.logic import *
    from .functional.lu import *
    from .functional.memory import *
    from .functional.numbers import *
    from .functional.placement import *
    from .functional.products import *
    from .functional.random import *
    from .functional.rounding import *
    from .functional.scan import *
    from .functional.selection import *
    from .functional.similarity import *
    from .functional.solving import *
    from .functional.sorting import *
    from .functional.special import *
    from .functional.statistics import *
    from .functional.triangles import *
    from .functional.views import *
    from .functional.windows import *
    from .grad_mode import inference_mode as inference_mode
    from .nn.functional import adaptive_avg_pool1d as adaptive_avg_pool1d
    from .nn.functional import alpha_dropout as alpha_dropout
    from .nn.functional import avg_pool1d as avg_pool1d
    from .nn.functional import channel_shuffle as channel_shuffle
    from .nn.functional import conv1d as conv1d
    from .nn.functional import conv2d as conv2d
    from .nn.functional import conv3d as conv3d
    from .nn.functional import conv_transpose1d as conv_transpose1d
    from .nn.functional import conv_transpose2d as conv_transpose2d
    from .nn.functional import conv_transpose3d as conv_transpose3d
    from .nn.functional import dropout as dropout
    from .nn.functional import feature_alpha_dropout as feature_alpha_dropout
    from .nn.functional import group_norm as group_norm
    from .nn.functional import layer_norm as layer_norm
    from .nn.functional import max_pool1d as max_pool1d
    from .nn.functional import max_pool2d as max_pool2d
    from .nn.functional import max_pool3d as max_pool3d
    from .nn.functional import pixel_shuffle as pixel_shuffle
    from .nn.functional import pixel_unshuffle as pixel_unshuffle
    from .nn.functional import rms_norm as rms_norm
    from .ops.error_function import *
    from .ops.logarithmic import *
    from .ops.numbers import *
    from .ops.rounding import *
    from .ops.special import *
    from .ops.trigonometric import *
    from .printing import set_printoptions as set_printoptions
    from .random import default_generator as default_generator
    from .random import get_rng_state as get_rng_state
    from .random import initial_seed as initial_seed
    from .random import seed as seed
    from .random import set_rng_state as set_rng_state
    from .serialize import load as load
    from .serialize import save as save
    from .settings import *
else:  # hidden from type checkers, or every misspelt name would be valid for them
    _MORE: dict[str, list[str]] = {  # names of other files; an empty list stands for the file's __all__
        "autograd": ["gradcheck", "inference_mode"],
        "printing": ["set_printoptions"],
        "random": ["default_generator", "get_rng_state", "initial_seed", "seed", "set_rng_state"],
        "serialize": [],
        "settings": [],
    }
    _FEW = ["Generator", "device", "manual_seed", "op", "enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

    def _load_all() -> None:
        """Load all functions, and put them here; see methods.load_all(). With them comes Tensor, so that it has all methods."""
        _methods.load_all()
        names = {name: getattr(family, name) for family in (*_methods.FAMILIES, _creation, _dtypes) for name in family.__all__}
        here = globals()
        for file, more in _MORE.items():
            module = _import_module(f"{__name__}.{file}")
            names |= {name: getattr(module, name) for name in more or module.__all__}
        here.update({"Tensor": _methods.Tensor, **{name: f for name, f in names.items() if name not in here}})
        here["__all__"] = list(dict.fromkeys([*_FEW, *_LAZY, "Tensor", *names, *_NEURAL, *_EXPLANATION, *_CAPTURING]))

    def __getattr__(name: str) -> _Any:
        if name in _LAZY:
            try:
                return _import_module(f"{__name__}.{name}")
            except ModuleNotFoundError as error:
                if error.name not in ("tinygrad_lite.nn", "tinygrad_lite.datasets"):
                    raise
                where = "this checkout is not installed; in its root type: pip install -e ."
                raise ImportError(f"{error.name} is in the folder {error.name[14:]}/, and {where}") from error
        if name in _NEURAL:
            return getattr(_import_module(f"{__name__}.nn.functional"), name)
        if name in _EXPLANATION:
            return getattr(_import_module(f"{__name__}.explanation"), name)
        if name in _CAPTURING:
            return getattr(_import_module(f"{__name__}.capturing.capture"), name)
        if "__all__" not in globals() and (name == "__all__" or not name.startswith("_")):
            _load_all()
            if name in globals():
                return globals()[name]
        raise _no_such(__name__, name, __dir__)

    def __dir__() -> list[str]:
        if "__all__" not in globals():
            _load_all()
        return sorted([*globals()["__all__"], "__version__"])
