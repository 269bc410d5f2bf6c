"""Samplers: in which order a DataLoader takes the items of a dataset. Iterating over one gives indices, an epoch of them.

What they draw, and when, is what PyTorch's samplers draw: the same seed gives the same batches, and the same numbers after
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_lite.creation import as_tensor
from tinygrad_lite.dtypes import float64
from tinygrad_lite.functional.random import multinomial
from tinygrad_lite.random import Generator, draw

Index = TypeVar("Index", covariant=True)


def _positive(what: str, name: str, n: Any) -> None:
    """ValueError unless n is a positive integer."""
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"{what}: {name} must be a positive integer, got {n!r}")


def _bool(what: str, name: str, value: Any, error: type[Exception] = ValueError) -> None:
    if not isinstance(value, bool):
        raise error(f"{what}: {name} must be a bool, got {value!r}")


class Sampler(Generic[Index]):
    """Indices, in an order. A subclass defines `__iter__`, and where it is known `__len__`, how many an epoch has.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.Sampler
    """

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError(f"{type(self).__name__} does not say what its indices are: define __iter__")


class SequentialSampler(Sampler[int]):
    """0, 1, ... n - 1.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.SequentialSampler
    >>> list(SequentialSampler(["a", "b", "c"]))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """`num_samples` indices, by default n: a random permutation of 0 ... n - 1, and further ones if num_samples is larger; with
    replacement, independent draws. They are drawn from `generator`; by default from one whose seed is drawn from the generator
    that manual_seed sets. ValueError if num_samples is not positive, TypeError if replacement is no bool.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.RandomSampler
    >>> from tinygrad_lite import Generator
    >>> list(RandomSampler(range(4), generator=Generator().manual_seed(0)))
    [0, 1, 3, 2]
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, generator: Generator | None = None
    ) -> None:
        self.data_source, self.replacement, self._num_samples, self.generator = data_source, replacement, num_samples, generator
        _bool("RandomSampler", "replacement", replacement, TypeError)
        _positive("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        for part in self.parts():
            yield from part.tolist()

    def parts(self) -> Iterator[Any]:
        """The indices in arrays, each drawn when it is asked for, as in PyTorch: what is drawn meanwhile comes in between."""
        n, count, generator = len(self.data_source), self.num_samples, self.generator
        if generator is None:
            generator = Generator().manual_seed(int(draw(None).wide(1)[0]) % (1 << 63))
        stream = draw(generator)
        if self.replacement:
            for start in range(0, count, 32):
                yield stream.integers(min(32, count - start), 0, n)
            return
        for _ in range(count // n):
            yield stream.permutation(n)
        if count % n:
            yield stream.permutation(n)[: count % n]
        else:
            stream.bits(n - 1)  # PyTorch draws another permutation, of which it uses nothing

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.SubsetRandomSampler
    >>> sorted(SubsetRandomSampler([7, 3, 5]))
    [3, 5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in draw(self.generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, drawn with probabilities in proportion to the weights; without replacement none comes twice.
    ValueError for weights that are not one-dimensional, and for other types of the arguments.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler
    >>> list(WeightedRandomSampler([0.0, 1.0, 0.0], 3))
    [1, 1, 1]
    """

    def __init__(self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None) -> None:
        _positive("WeightedRandomSampler", "num_samples", num_samples)
        _bool("WeightedRandomSampler", "replacement", replacement)
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(f"WeightedRandomSampler: the weights have one dimension, got shape {tuple(self.weights.shape)}")
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler; the last may be shorter, or is left out with drop_last.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.BatchSampler
    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _positive("BatchSampler", "batch_size", batch_size)
        _bool("BatchSampler", "drop_last", drop_last)
        self.sampler, self.batch_size, self.drop_last = sampler, int(batch_size), drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def arrays(self) -> Iterator[Any]:
        """The same as arrays, without a Python number for each index; for a RandomSampler."""
        size, left = self.batch_size, np.empty(0, np.int64)
        for part in self.sampler.parts():  # type: ignore[attr-defined]
            left = np.concatenate([left, part]) if left.size else part
            for start in range(0, left.size - size + 1, size):
                yield left[start : start + size]
            left = left[left.size // size * size :]
        if left.size and not self.drop_last:
            yield left

    def __len__(self) -> int:
        n: int = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
