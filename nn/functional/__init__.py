"""The functions behind the layers and losses, without their parameters: PyTorch's torch.nn.functional.

One file for each theme. The public names are those in each file's `__all__`; where a file takes its functions from
tinygrad_lite as they are, also those in the `__all__` over there.
"""

# ruff: noqa: F403

from typing import TYPE_CHECKING

from tinygrad_lite.functional import activation as _activation_functions
from tinygrad_lite.functional.activation import *
from tinygrad_lite.ops.neural import activation as _activation_ops
from tinygrad_lite.ops.neural.activation import *
from tinygrad_lite.suggest import missing_from, names_in

# Two files have the name of a function in them: F.linear is to be the function, so that the file is _linear here.
from . import (
    activation,
    attention,
    convolution,
    distance,
    loss,
    normalization,
    padding,
    patches,
    pooling,
    regression,
    resampling,
    sparse,
)
from . import dropout as _dropout
from . import linear as _linear
from .activation import *  # type: ignore[assignment]  # its relu has an option more, inplace
from .attention import *
from .convolution import *
from .distance import *
from .dropout import *
from .linear import *
from .loss import *
from .normalization import *
from .padding import *
from .patches import *
from .pooling import *
from .regression import *
from .resampling import *
from .sparse import *

# Line by line, in the form that pyright understands.
__all__: list[str] = []
__all__ += activation.__all__
__all__ += _activation_ops.__all__
__all__ += _activation_functions.__all__
__all__ += attention.__all__
__all__ += convolution.__all__
__all__ += distance.__all__
__all__ += _dropout.__all__
__all__ += _linear.__all__
__all__ += loss.__all__
__all__ += normalization.__all__
__all__ += padding.__all__
__all__ += patches.__all__
__all__ += pooling.__all__
__all__ += regression.__all__
__all__ += resampling.__all__
__all__ += sparse.__all__

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __all__ = list(dict.fromkeys(__all__))  # relu is in two files, because this one has an option more, inplace
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
