"""The functions behind the layers and losses, without their parameters: PyTorch's torch.nn.functional.

One file for each theme. The public names are those in each file's `__all__`; where a file takes its functions from
tinygrad_lite.ops as they are, also those in the `__all__` over there.
"""

# ruff: noqa: F403

# Three files bear the name of a function in them: F.linear is to be the function, so that the file is named _linear here.
from . import activation, embedding, loss
from . import dropout as _dropout
from . import linear as _linear
from .activation import *
from .dropout import *
from .embedding import *
from .linear import *
from .loss import *

__all__ = [*activation.__all__, *_dropout.__all__, *embedding.__all__, *_linear.__all__, *loss.__all__]
