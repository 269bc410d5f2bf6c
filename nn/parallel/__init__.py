"""Training on several processes: PyTorch's torch.nn.parallel."""

from .data_parallel import DistributedDataParallel

__all__ = ["DistributedDataParallel"]
