"""PyTorch's name for nn.optim: `from tinygrad_lite import optim`, `from tinygrad_lite.optim import SGD`. The same classes."""

from typing import TYPE_CHECKING

from tinygrad_lite.nn.optim import *  # noqa: F403
from tinygrad_lite.suggest import missing_from, names_in

from . import optimizer as optimizer

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
