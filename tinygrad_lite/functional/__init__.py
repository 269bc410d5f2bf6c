"""PyTorch's functions, composed from the primitives in ops/, so that none needs a derivative of its own.

They take PyTorch's arguments (and NumPy's `axis` and `keepdims` beside `dim` and `keepdim`), bring the awkward cases into
the form that a primitive expects, and explain what they refuse. A file has the name of the file in ops/ that it builds on. A
name in its `__all__` is a function of tinygrad_lite and, if its first parameter is `input`, a method of Tensor; METHODS are
methods only; IN_PLACE have an in-place form as well (clamp_). The source of each is
https://pytorch.org/docs/stable/generated/torch.NAME.html
"""

from .choice import *
from .contraction import *
from .exponential import *
from .linalg import *
from .neural import *
from .reduction import *
from .shape import *
