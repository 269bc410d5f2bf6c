"""Losses as modules: a loss holds its options and is called with tensors. The formulas are in nn/functional."""

# ruff: noqa: F403

from . import adaptive, classes, distance, regression
from .adaptive import *
from .classes import *
from .distance import *
from .regression import *

__all__: list[str] = []
__all__ += adaptive.__all__
__all__ += classes.__all__
__all__ += distance.__all__
__all__ += regression.__all__
