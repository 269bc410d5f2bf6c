"""`import tinygrad_lite.optim` and `from tinygrad_lite.optim.lr_scheduler import StepLR`: PyTorch's names for nn.optim."""

import sys

from tinygrad_lite.nn import lr_scheduler, optim

sys.modules[__name__] = optim  # the same modules, not copies of what is in them
sys.modules[f"{__name__}.lr_scheduler"] = lr_scheduler
