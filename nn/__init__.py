"""What you train: modules, layers, losses, initial weights and optimizers, under PyTorch's names.

Its parts are `nn.functional`, `nn.init`, `nn.optim` (with `nn.optim.lr_scheduler`), `nn.utils` and `nn.plots`; `nn.Trainer` is
the loop around them, `nn.summary(model, input)` shows a model as a table. The names of layers, losses and containers are those
in each file's `__all__`.
"""

# ruff: noqa: F403

from __future__ import annotations

from typing import TYPE_CHECKING

# Each file is starred by itself: mypy finds no names in an `import *` from a package that computes its `__all__`.
from tinygrad_lite.suggest import missing_from, names_in

from . import containers, functional, init, module, optim, parallel, parameter, plots, utils
from .callbacks import BestWeights, Checkpoint, EarlyStopping, GradientNorms
from .containers import *
from .history import History
from .layers import activation as _activation
from .layers import attention as _attention
from .layers import convolution as _convolution
from .layers import dropout as _dropout
from .layers import linear as _linear
from .layers import normalization as _normalization
from .layers import padding as _padding
from .layers import pooling as _pooling
from .layers import recurrent as _recurrent
from .layers import resampling as _resampling
from .layers import shape as _shape
from .layers import sparse as _sparse
from .layers import transformer as _transformer
from .layers.activation import *
from .layers.attention import *
from .layers.convolution import *
from .layers.dropout import *
from .layers.linear import *
from .layers.normalization import *
from .layers.padding import *
from .layers.pooling import *
from .layers.recurrent import *
from .layers.resampling import *
from .layers.shape import *
from .layers.sparse import *
from .layers.transformer import *
from .losses import adaptive as _adaptive
from .losses import classes as _classes
from .losses import distance as _distance
from .losses import regression as _regression
from .losses.adaptive import *
from .losses.classes import *
from .losses.distance import *
from .losses.regression import *
from .metrics import accuracy
from .module import *
from .parameter import *
from .summary import summary
from .trainer import Callback, Trainer

__all__ = ["BestWeights", "Callback", "Checkpoint", "EarlyStopping", "GradientNorms", "History", "Trainer", "accuracy"]
__all__ += ["functional", "init", "optim", "parallel", "plots", "summary", "utils"]
__all__ += module.__all__
__all__ += parameter.__all__
__all__ += containers.__all__
__all__ += _adaptive.__all__
__all__ += _classes.__all__
__all__ += _distance.__all__
__all__ += _regression.__all__
__all__ += _activation.__all__
__all__ += _attention.__all__
__all__ += _convolution.__all__
__all__ += _dropout.__all__
__all__ += _linear.__all__
__all__ += _normalization.__all__
__all__ += _padding.__all__
__all__ += _pooling.__all__
__all__ += _recurrent.__all__
__all__ += _resampling.__all__
__all__ += _shape.__all__
__all__ += _sparse.__all__
__all__ += _transformer.__all__

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
