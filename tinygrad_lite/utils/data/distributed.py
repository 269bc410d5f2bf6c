"""PyTorch's name for the sampler of several processes, `utils.data.distributed.DistributedSampler`. The same class."""

from tinygrad_lite.datasets.distributed import DistributedSampler

__all__ = ["DistributedSampler"]
