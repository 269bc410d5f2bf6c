"""PyTorch's name for nn.optim: `from tinygrad_lite import optim`, `from tinygrad_lite.optim import SGD`. The same classes."""

from tinygrad_lite.nn.optim import *  # noqa: F403
