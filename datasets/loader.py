"""DataLoader: a dataset in batches.

A whole batch is gathered with one index operation (`dataset.batch`), which takes microseconds, so there are no worker
processes: num_workers and its relatives are accepted, and all batches are made in this process, when they are asked for.
A batch has its own memory, so changing it leaves the dataset as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Generic, Never, overload

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.random import Generator, draw

from .collate import default_collate, default_convert
from .dataset import Indexed, Item, IterableDataset, batch_of, describe, describe_html, items, items_at
from .display import html_table
from .sampler import BatchSampler, RandomSampler, SequentialSampler

Stacked = Tensor | np.ndarray[Any, Any] | np.generic | float  # many of which are stacked as one Tensor
FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


def get_worker_info() -> None:
    """None, as in PyTorch outside of a worker process: there are none here."""


class DataLoader(Generic[Item]):
    """ceil(n / batch_size) batches of a dataset of n items, or with drop_last floor(n / batch_size).

    With shuffle, every epoch (every `for batch in loader`) has a new permutation, drawn from `generator`; by default from one
    whose seed is drawn from the generator that manual_seed sets. `sampler` gives another order of the indices, `batch_sampler`
    the lists of indices. The order of all draws is that of PyTorch's loader. A batch is dataset.batch(indices), whose rows are
    copies: [x, y] where an item is (x, y). With `collate_fn` it is collate_fn(items), and the items may be views of the
    dataset, as in PyTorch. With batch_size=None there are no batches: items come alone. An IterableDataset comes in its own
    order. num_workers, pin_memory and their relatives change nothing; worker_init_fn is not called. ValueError for arguments
    that contradict each other, and for a batch_size that is not a positive integer.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader

    >>> from tinygrad_lite import arange
    >>> from tinygrad_lite.datasets import TensorDataset
    >>> for (x,) in DataLoader(TensorDataset(arange(5)), batch_size=2):
    ...     print(x)
    tensor([0, 1])
    tensor([2, 3])
    tensor([4])
    >>> DataLoader(TensorDataset(arange(5)), batch_size=2)
    DataLoader(3 batches of 2, TensorDataset(5 samples: int64[]))
    """

    @overload
    def __init__(
        self,
        dataset: Indexed[Item] | IterableDataset[Item],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None: ...
    @overload
    def __init__(
        self: DataLoader[Any],  # the type of collate_fn's batches is not followed
        dataset: Indexed[Any] | IterableDataset[Any],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        *,
        collate_fn: Callable[[list[Any]], Any],
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None: ...
    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        self.num_workers, self.pin_memory, self.timeout = num_workers, pin_memory, timeout
        self.worker_init_fn, self.multiprocessing_context = worker_init_fn, multiprocessing_context
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers, self.pin_memory_device, self.in_order = persistent_workers, pin_memory_device, in_order

        self._streamed = isinstance(dataset, IterableDataset)
        self._length_asked: int | None = None
        _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None and not self._streamed:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_size = int(batch_size)
            batch_sampler = None if self._streamed else BatchSampler(sampler, batch_size, bool(drop_last))
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, bool(shuffle), bool(drop_last)
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        batched = batch_size is not None or batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and "_initialized" in vars(self):
            raise ValueError(f"{name} attribute should not be set after DataLoader is initialized; make another DataLoader")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """How many batches an epoch has. TypeError if the dataset, or the sampler, does not know."""
        if not self._streamed:
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        n = self._length_asked = len(self.dataset)
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    @overload
    def __iter__(self: DataLoader[Never]) -> Iterator[Any]: ...  # only DataLoader[Any] matches this one
    @overload
    def __iter__(self: DataLoader[tuple[Stacked, ...]]) -> Iterator[list[Tensor]]: ...
    @overload
    def __iter__(self: DataLoader[Stacked]) -> Iterator[Tensor]: ...
    @overload
    def __iter__(self) -> Iterator[Any]: ...
    def __iter__(self) -> Iterator[Any]:
        if self.timeout and not self.num_workers:
            raise AssertionError(f"DataLoader: timeout={self.timeout} needs num_workers > 0, as in PyTorch")
        indices = self._indices()
        draw(self.generator).wide(1)  # the seed that PyTorch's loader draws here for its worker processes
        if self._streamed:
            return self._of_stream(iter(self.dataset))
        return map(self._item if self.batch_sampler is None else self.batch, indices)

    def batch_indices(self) -> list[Any] | None:
        """The indices of each batch of an epoch, drawn now: `loader.batch(indices)` makes the batch. None if items have no
        indices, or come alone. So an epoch can go on where it was interrupted, and be divided among processes.

        >>> from tinygrad_lite import Generator, arange
        >>> from tinygrad_lite.datasets import TensorDataset
        >>> loader = DataLoader(TensorDataset(arange(5)), 2, shuffle=True, generator=Generator().manual_seed(0))
        >>> [indices.tolist() for indices in loader.batch_indices()]
        [[3, 1], [0, 4], [2]]
        """
        if self._streamed or self.batch_sampler is None:
            return None
        indices = self._indices()
        draw(self.generator).wide(1)
        return list(indices)

    def _indices(self) -> Any:
        """The index of each item, or the indices of each batch: a slice or an array where that is faster than a list."""
        batches = self.batch_sampler
        if type(batches) is BatchSampler:
            if type(batches.sampler) is SequentialSampler and batches.sampler.data_source is self.dataset:
                return self._slices()
            if type(batches.sampler) is RandomSampler:
                return batches.arrays()
        return () if self._streamed else iter(self.sampler if batches is None else batches)

    def _slices(self) -> Iterator[slice]:
        n, size = len(self.dataset), self.batch_sampler.batch_size
        for i in range(len(self.batch_sampler)):
            yield slice(i * size, min((i + 1) * size, n))

    def batch(self, indices: Any) -> Any:
        """The batch of the items with these indices, a slice, an array or a list."""
        if not isinstance(indices, (slice, np.ndarray)):
            array = np.array(indices)
            if array.ndim != 1 or array.dtype.kind not in "iu":  # keys, say
                return self.collate_fn(items(self.dataset, list(indices)))
            indices = array
        if self.collate_fn is default_collate:
            return batch_of(self.dataset, indices)
        return self.collate_fn(items_at(self.dataset, indices))

    def _item(self, index: Any) -> Any:
        return self.collate_fn(self.dataset[index])

    def _of_stream(self, given: Iterator[Any]) -> Iterator[Any]:
        size = self.batch_size
        parts = given if size is None else iter(lambda: list(islice(given, size)), [])
        for count, part in enumerate(parts, 1):
            if self.drop_last and len(part) < (size or 0):
                return
            if self._length_asked is not None and count > self._length_asked:
                warnings.warn(
                    f"Length of IterableDataset {self.dataset!r} was reported to be {self._length_asked} (when accessing "
                    f"len(dataloader)), but {count} samples have been fetched.",
                    stacklevel=2,
                )
            yield self.collate_fn(part)

    def _settings(self) -> dict[str, str]:
        settings = {"shuffle": self.shuffle, "drop_last": self.drop_last}
        return {name: "True" for name, value in settings.items() if value}

    def _parts(self) -> tuple[str, str]:
        """How many batches there are, and of which size, as far as it is known."""
        try:
            count = str(len(self))
        except TypeError:
            count = "?"
        return count, str(self.batch_size)

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value}" for name, value in self._settings().items())
        count, size = self._parts()
        batches = f"{count} batches{f' of {size}' if self.batch_size else ''}"
        return f"DataLoader({batches}{settings}, {describe(self.dataset)})"

    def _repr_html_(self) -> str:
        count, size = self._parts()
        rows = {"batches": count, "batch_size": size, **self._settings()}
        return html_table("DataLoader", rows, describe_html(self.dataset))


def _check_workers(num_workers: int, timeout: float, prefetch_factor: Any, persistent_workers: bool, context: Any) -> None:
    """ValueError for what contradicts the number of workers, although there are none here."""
    if num_workers < 0:
        raise ValueError(f"DataLoader: num_workers must not be negative, got {num_workers}")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout must not be negative, got {timeout}")
    given = {"prefetch_factor": prefetch_factor, "persistent_workers": persistent_workers, "multiprocessing_context": context}
    for name, value in given.items():
        if num_workers == 0 and value is not None and value is not False:
            raise ValueError(f"DataLoader: {name}={value!r} needs num_workers > 0")
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(f"DataLoader: prefetch_factor must not be negative, got {prefetch_factor}")


def _check_order(dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: Any) -> None:
    """ValueError for arguments that contradict each other; TypeError for what is no dataset."""
    if isinstance(dataset, IterableDataset):
        for name, value in {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}.items():
            if value is not None:
                raise ValueError(f"DataLoader: an IterableDataset comes in its own order, so {name} must not be given")
    elif not (
        hasattr(dataset, "__getitem__") and (hasattr(dataset, "__len__") or sampler is not None or batch_sampler is not None)
    ):
        raise TypeError(
            f"DataLoader: a dataset has a length and an index, a {type(dataset).__name__} does not; "
            "make a TensorDataset, or a class with __len__ and __getitem__, or an IterableDataset"
        )
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: the sampler gives the order, so shuffle=True must not be given with it")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("DataLoader: batch_sampler is given without batch_size, shuffle, sampler and drop_last")
    if batch_size is None:
        if drop_last:
            raise ValueError("DataLoader: with batch_size=None there are no batches, so drop_last must not be given")
    elif isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"DataLoader: batch_size must be a positive integer, got {batch_size!r}")
