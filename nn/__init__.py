"""What one trains: modules, layers, losses, where weights start, and optimizers, under PyTorch's names.

Its parts are `nn.functional`, `nn.init`, `nn.optim` (with `nn.optim.lr_scheduler`), `nn.utils` and `nn.plots`; `nn.Trainer` is
the loop around them, `nn.summary(model, input)` shows a model as a table. The names of layers, losses and containers are those
in each file's `__all__`.
"""

# ruff: noqa: F403

from __future__ import annotations

# Each file is starred by itself: mypy finds no names in an `import *` from a package that computes its `__all__`.
from . import containers, functional, init, loss, module, optim, parameter, plots, utils
from .containers import *
from .layers import activation as _activation
from .layers import dropout as _dropout
from .layers import linear as _linear
from .layers import shape as _shape
from .layers.activation import *
from .layers.dropout import *
from .layers.linear import *
from .layers.shape import *
from .loss import *
from .module import *
from .parameter import *
from .summary import summary
from .trainer import BestWeights, Callback, EarlyStopping, History, Trainer, accuracy

__all__ = ["BestWeights", "Callback", "EarlyStopping", "History", "Trainer", "accuracy"]
__all__ += ["functional", "init", "optim", "plots", "summary", "utils"]
__all__ += [*module.__all__, *parameter.__all__, *containers.__all__, *loss.__all__]
__all__ += [*_activation.__all__, *_dropout.__all__, *_linear.__all__, *_shape.__all__]
