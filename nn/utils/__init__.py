"""Functions on a model's parameters and gradients: clip gradients, write all parameters as one vector, compute a parameter from
others (weight and spectral norms, `nn.utils.parametrize` and `nn.utils.parametrizations`), and join layers for predictions.
`nn.utils.rnn` has batches of sequences of different lengths.
"""

# ruff: noqa: F403

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from . import clip_grad, models, norms, parametrizations, parametrize, prune, rnn, vectors
from .clip_grad import *
from .models import *
from .norms import *
from .vectors import *

__all__ = ["parametrizations", "parametrize", "prune", "rnn"]
__all__ += clip_grad.__all__
__all__ += models.__all__
__all__ += norms.__all__
__all__ += vectors.__all__

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
