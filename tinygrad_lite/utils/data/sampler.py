"""PyTorch's name for the samplers: `from tinygrad_lite.utils.data.sampler import Sampler`. The same objects."""

from tinygrad_lite.datasets import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = ["BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler"]
