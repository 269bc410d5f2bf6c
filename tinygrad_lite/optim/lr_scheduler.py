"""PyTorch's name for nn.optim.lr_scheduler: `from tinygrad_lite.optim.lr_scheduler import StepLR`. The same classes."""

from tinygrad_lite.nn.optim.lr_scheduler import *  # noqa: F403
