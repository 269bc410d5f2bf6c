"""PyTorch's functions, composed from the primitives in ops/, so that none needs a derivative of its own.

They take PyTorch's arguments (and NumPy's `axis` and `keepdims` beside `dim` and `keepdim`), bring the awkward cases into
the form that a primitive expects, and explain what they refuse. A file has the name of the file in ops/ that it builds on. A
name in its `__all__` is a function of tinygrad_lite and, if its first parameter is `input`, a method of Tensor; METHODS are
methods only; IN_PLACE have an in-place form as well (clamp_). The source of each is
https://pytorch.org/docs/stable/generated/torch.NAME.html
"""

from .choice import *
from .choice import __all__ as _choice
from .einsum import *
from .einsum import __all__ as _einsum
from .exponential import *
from .exponential import __all__ as _exponential
from .linalg import *
from .linalg import __all__ as _linalg
from .neural import *
from .neural import __all__ as _neural
from .reduction import *
from .reduction import __all__ as _reduction
from .shape import *
from .shape import __all__ as _shape

__all__ = [*_choice, *_einsum, *_exponential, *_linalg, *_neural, *_reduction, *_shape]
