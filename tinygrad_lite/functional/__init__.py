"""PyTorch's functions, composed from the primitives in ops/, so that none needs its own derivative.

They take PyTorch's arguments (and NumPy's `axis` and `keepdims` beside `dim` and `keepdim`), bring special cases into the form
that a primitive expects, and raise errors that explain what is wrong. A file that builds on one file of ops/ has its name; the
others are named after their theme. A name in a file's `__all__` becomes a function of tinygrad_lite and, if its first parameter
is `input`, a method of Tensor; methods.py explains METHODS, NOT_METHODS and IN_PLACE. The source of each is
https://pytorch.org/docs/stable/generated/torch.NAME.html
"""

from .arithmetic import *
from .choice import *
from .exponential import *
from .linalg import *
from .neural import *
from .reduction import *
from .shape import *
