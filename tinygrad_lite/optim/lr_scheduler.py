"""PyTorch's name for nn.optim.lr_scheduler: `from tinygrad_lite.optim.lr_scheduler import StepLR`. The same classes."""

from typing import TYPE_CHECKING

from tinygrad_lite.nn.optim.lr_scheduler import *  # noqa: F403
from tinygrad_lite.nn.optim.lr_scheduler import _LRScheduler as _LRScheduler
from tinygrad_lite.suggest import missing_from, names_in

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
