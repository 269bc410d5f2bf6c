"""Optimizers, which change parameters by their gradients: SGD, Adam and AdamW give PyTorch's numbers.

The formula of each is one function above its class: `sgd` in sgd.py, `adam` in adam.py. optimizer.py has what they share
(parameter groups, state_dict), flat.py lays small parameters end to end. lr_scheduler/ changes the learning rate by epoch,
swa_utils.py averages weights.
"""

from typing import TYPE_CHECKING

from tinygrad_lite.suggest import missing_from, names_in

from . import lr_scheduler, swa_utils
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler", "swa_utils"]

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
