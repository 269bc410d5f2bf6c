"""DataLoader: a dataset in batches.

A whole batch is gathered with one index operation (`dataset.batch`), which takes microseconds, so there are no worker
processes. A batch has its own memory, so changing it leaves the dataset as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, Never, overload

import numpy as np

from tinygrad_lite import Generator, Tensor
from tinygrad_lite.random import draw

from .dataset import Indexed, Indices, Item, batch_of, describe, describe_html, items_at
from .display import html_table

Stacked = Tensor | np.ndarray[Any, Any] | np.generic | float  # many of which are stacked as one Tensor

NO_WORKERS = "a whole batch is gathered with one index operation in this process, so no workers are needed"
# PyTorch's arguments that have no meaning here: its default, which is accepted, and why nothing else is
REFUSED: dict[str, tuple[Any, str]] = {
    "sampler": (None, "use shuffle=True, or a Subset whose indices are in the order you want"),
    "batch_sampler": (None, "use batch_size, or loop over dataset.batch(indices) yourself"),
    "num_workers": (0, NO_WORKERS),
    "pin_memory": (False, "batches are NumPy arrays; move the dataset's tensors to the GPU instead"),
    "timeout": (0, NO_WORKERS),
    "worker_init_fn": (None, NO_WORKERS),
    "multiprocessing_context": (None, NO_WORKERS),
    "prefetch_factor": (None, NO_WORKERS),
    "persistent_workers": (False, NO_WORKERS),
    "pin_memory_device": ("", "batches are NumPy arrays; move the dataset's tensors to the GPU instead"),
    "in_order": (True, NO_WORKERS),
}


def _seeded() -> Generator:
    """A generator whose seed is drawn from the default one, as PyTorch's sampler makes one for each epoch."""
    return Generator().manual_seed(int(draw(None).wide(1)[0]) % (1 << 63))


class DataLoader(Generic[Item]):
    """ceil(n / batch_size) batches of a dataset of n items, or with drop_last floor(n / batch_size).

    With shuffle, every epoch (every `for batch in loader`) has a new permutation, drawn from `generator`; by default from one
    whose seed is drawn from the generator that manual_seed sets. The order of all draws is that of PyTorch's loader. A batch is
    dataset.batch(indices), whose rows are copies: [x, y] where an item is (x, y). With `collate_fn` it is collate_fn(items),
    and the items may be views of the dataset, as in PyTorch. ValueError for a batch_size that is not a positive integer,
    NotImplementedError for those arguments of PyTorch's loader that have no meaning here, such as num_workers.
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
        dataset: Indexed[Item],
        batch_size: int = 1,
        shuffle: bool | None = False,
        *,
        drop_last: bool = False,
        generator: Generator | None = None,
        collate_fn: None = None,
        **refused: Any,
    ) -> None: ...
    @overload
    def __init__(
        self: DataLoader[Any],  # the type of collate_fn's batches is not followed
        dataset: Indexed[Any],
        batch_size: int = 1,
        shuffle: bool | None = False,
        *,
        drop_last: bool = False,
        generator: Generator | None = None,
        collate_fn: Callable[[list[Any]], Any],
        **refused: Any,
    ) -> None: ...
    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool | None = False,
        *,
        drop_last: bool = False,
        generator: Generator | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        **refused: Any,
    ) -> None:
        for name, value in refused.items():
            if name not in REFUSED:
                raise TypeError(f"DataLoader() got an unexpected keyword argument {name!r}")
            default, instead = REFUSED[name]
            if value != default:
                raise NotImplementedError(f"DataLoader: {name}={value!r} is not supported: {instead}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"DataLoader: batch_size must be a positive integer, got {batch_size!r}")
        if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
            raise TypeError(
                f"DataLoader: a dataset has a length and an index, a {type(dataset).__name__} does not; "
                "make a TensorDataset, or a class with __len__ and __getitem__"
            )
        self.dataset, self.batch_size, self.shuffle = dataset, int(batch_size), bool(shuffle)
        self.drop_last, self.generator, self.collate_fn = drop_last, generator, collate_fn

    def __len__(self) -> int:
        """How many batches an epoch has."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    @overload
    def __iter__(self: DataLoader[Never]) -> Iterator[Any]: ...  # only DataLoader[Any] matches this one
    @overload
    def __iter__(self: DataLoader[tuple[Stacked, ...]]) -> Iterator[list[Tensor]]: ...
    @overload
    def __iter__(self: DataLoader[Stacked]) -> Iterator[Tensor]: ...
    @overload
    def __iter__(self) -> Iterator[Any]: ...
    def __iter__(self) -> Iterator[Any]:
        draw(self.generator).wide(1)  # the seed that PyTorch's loader draws here for its worker processes
        return self._batches()

    def _batches(self) -> Iterator[Any]:
        n, whole = len(self.dataset), len(self.dataset) // self.batch_size
        order = None
        if self.shuffle:
            stream = (_seeded() if self.generator is None else self.generator).stream
            order = stream.permutation(n)
        for i in range(len(self)):
            if self.shuffle and i == whole:
                stream.bits(n - 1)
            here = slice(i * self.batch_size, min((i + 1) * self.batch_size, n))
            yield self._batch(here if order is None else order[here])
        if self.shuffle and len(self) == whole and n:
            stream.bits(n - 1)  # at its end, PyTorch's sampler draws another permutation, of which it uses nothing

    def _batch(self, indices: Indices) -> Any:
        if self.collate_fn is None:
            return batch_of(self.dataset, indices)
        return self.collate_fn(items_at(self.dataset, indices))

    def _settings(self) -> dict[str, str]:
        settings = {"shuffle": self.shuffle, "drop_last": self.drop_last}
        return {name: "True" for name, value in settings.items() if value}

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value}" for name, value in self._settings().items())
        return f"DataLoader({len(self)} batches of {self.batch_size}{settings}, {describe(self.dataset)})"

    def _repr_html_(self) -> str:
        rows = {"batches": str(len(self)), "batch_size": str(self.batch_size), **self._settings()}
        return html_table("DataLoader", rows, describe_html(self.dataset))
