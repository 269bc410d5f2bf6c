"""PyTorch's name for datasets: `from tinygrad_lite.utils.data import DataLoader`. The same classes."""

from typing import TYPE_CHECKING

from tinygrad_lite.datasets import *  # noqa: F403
from tinygrad_lite.suggest import missing_from, names_in

if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
