"""Optimizers, which change parameters by their gradients: all of PyTorch's but SparseAdam give PyTorch's numbers here.

The formula of each is one function above its class: `sgd` in sgd.py, `adam` in adam.py, and so on. optimizer.py has what they
share (parameter groups, state_dict), flat.py lays small parameters end to end, hooks.py calls what users want called.
lr_scheduler/ changes the learning rate by epoch, swa_utils.py averages weights.
"""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from . import lr_scheduler, swa_utils
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .lbfgs import LBFGS
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "Optimizer",
    "RAdam", "RMSprop", "Rprop", "lr_scheduler", "swa_utils",
]  # fmt: skip

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
