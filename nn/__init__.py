"""What one trains: modules, layers, losses, where weights start, and optimizers, under PyTorch's names.

Its parts are `nn.functional`, `nn.init`, `nn.optim` (with `nn.optim.lr_scheduler`), `nn.utils` and `nn.plots`; `nn.Trainer` is
the loop around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from

from . import functional, init, optim, plots, utils
from .callbacks import BestWeights, EarlyStopping, GradientNorms
from .containers import ModuleDict, ModuleList, Sequential
from .history import History
from .layers import Dropout, Flatten, Identity, LazyLinear, Linear, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .loss import BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from .metrics import accuracy
from .module import Module, Parameter, UninitializedParameter
from .trainer import Callback, Trainer

__all__ = [
    "BCEWithLogitsLoss",
    "BestWeights",
    "Callback",
    "CrossEntropyLoss",
    "Dropout",
    "EarlyStopping",
    "Flatten",
    "GradientNorms",
    "History",
    "Identity",
    "L1Loss",
    "LazyLinear",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Trainer",
    "UninitializedParameter",
    "accuracy",
    "functional",
    "init",
    "optim",
    "plots",
    "utils",
]

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__ = missing_from(__name__)
