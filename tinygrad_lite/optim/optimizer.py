"""PyTorch's name for nn.optim.optimizer: `from tinygrad_lite.optim.optimizer import Optimizer`. The same class."""

from tinygrad_lite.nn.optim.optimizer import Optimizer, required

__all__ = ["Optimizer", "required"]
