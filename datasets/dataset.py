"""Datasets: something with a length and an index.

`dataset[i]` is one item, as in torch.utils.data. `dataset.batch(indices)` is many at once: what the DataLoader asks
for. A dataset that can take all of them in one index operation says how there (TensorDataset, Subset, FashionMNIST);
any other inherits the slow way, item by item, then default_collate.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_lite import Generator, Tensor, from_numpy, randperm, stack, tensor

Item = TypeVar("Item", covariant=True)
Indices = slice | np.ndarray[Any, np.dtype[np.int64]]


class Dataset(Generic[Item]):
    """n items: a subclass says what `self[i]` is and how many there are.

    https://pytorch.org/docs/stable/data.html#torch.utils.data.Dataset

    >>> class Squares(Dataset[tuple[int, int]]):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, i):
    ...         return i, i * i
    >>> Squares().batch(slice(2, 5))
    [tensor([2, 3, 4]), tensor([ 4,  9, 16])]
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__getitem__" in vars(cls) and "batch" not in vars(cls):
            cls.batch = Dataset.batch  # type: ignore[method-assign] # an inherited batch() would bypass the new items

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} does not say how many items it has: define __len__")

    def __getitem__(self, index: int) -> Item:
        raise NotImplementedError(f"{type(self).__name__} does not say what its items are: define __getitem__")

    def batch(self, indices: Indices) -> Any:
        """The items at a slice or an integer array of indices, as one batch in memory of its own."""
        return default_collate(items_at(self, indices))


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Item i is (tensor[i] for each tensor): rows that belong together.

    ValueError if the tensors have different lengths, TypeError for what is no Tensor.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset

    >>> rows = TensorDataset(tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([0, 1]))
    >>> len(rows), rows[1]
    (2, (tensor([3., 4.]), tensor(1)))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ValueError("TensorDataset: no tensors were given, and without one there is no length")
        for t in tensors:
            if not isinstance(t, Tensor):
                raise TypeError(f"TensorDataset: got a {type(t).__name__}; make a Tensor of it with tensor(...)")
            if not t.ndim:
                raise ValueError("TensorDataset: a 0-d tensor has no rows; give tensors of one dimension or more")
        lengths = [len(t) for t in tensors]
        if len(set(lengths)) > 1:
            raise ValueError(f"TensorDataset: the tensors have different lengths: {', '.join(map(str, lengths))}")
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def batch(self, indices: Indices) -> list[Tensor]:
        """Copies of rows of every tensor: a slice of it, or one gather of indices. A row alone, self[i], is a view."""
        # x[array] is a copy as it is. Whoever changes a batch (x /= 255) would otherwise change the dataset, every epoch again.
        return [t[indices].clone() if isinstance(indices, slice) else t[indices] for t in self.tensors]


class Subset(Dataset[Item]):
    """Item i is dataset[indices[i]]. The indices are kept as an int64 array.

    IndexError if one is out of range.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.Subset

    >>> Subset(["a", "b", "c"], [2, 0])[0]
    'c'
    """

    def __init__(self, dataset: Any, indices: Any) -> None:
        chosen = np.asarray(indices)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise TypeError(f"Subset: the indices are a sequence of integers, got {chosen.dtype}{list(chosen.shape)}")
        wrong = chosen[(chosen < -len(dataset)) | (chosen >= len(dataset))]
        if wrong.size:
            raise IndexError(f"Subset: index {wrong[0]} is out of range, the dataset has {len(dataset)} items")
        self.dataset, self.indices = dataset, chosen.astype(np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Item:
        item: Item = self.dataset[int(self.indices[index])]
        return item

    def batch(self, indices: Indices) -> Any:
        """The dataset's own batch, at the places chosen."""
        return batch_of(self.dataset, self.indices[indices])


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset[Any]]:
    """A random permutation of the items, cut into parts of the given lengths, or fractions that add up to 1.

    What is left after rounding fractions down goes to the parts in turn, one item each. ValueError if the lengths do
    not add up to len(dataset), or a fraction is outside [0, 1].
    https://pytorch.org/docs/stable/data.html#torch.utils.data.random_split

    >>> train, test = random_split(range(10), [0.75, 0.25], generator=Generator().manual_seed(0))
    >>> len(train), len(test), sorted([*train, *test]) == [*range(10)]
    (8, 2, True)
    """
    n = len(dataset)
    if any(length < 0 for length in lengths):
        raise ValueError(f"random_split: lengths cannot be negative, got {list(lengths)}")
    if math.isclose(sum(lengths), 1):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        if 0 in sizes:
            warnings.warn(f"random_split: of {n} items, part {sizes.index(0)} gets none", stacklevel=2)
    elif any(length != int(length) for length in lengths):
        raise ValueError(f"random_split: fractions must add up to 1, {list(lengths)} make {sum(lengths):g}")
    else:
        sizes = [int(length) for length in lengths]
    if sum(sizes) != n:
        raise ValueError(f"random_split: the lengths {sizes} add up to {sum(sizes)}, but the dataset has {n} items")
    order = randperm(n, generator=generator).numpy()
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]


def items_at(dataset: Any, indices: Indices) -> list[Any]:
    """The items at a slice or an array of indices, one by one."""
    places = range(len(dataset))[indices] if isinstance(indices, slice) else indices.tolist()
    return [dataset[i] for i in places]


def batch_of(dataset: Any, indices: Indices) -> Any:
    """dataset.batch(indices), also for what is no Dataset but has a length and an index, such as a list."""
    return dataset.batch(indices) if isinstance(dataset, Dataset) else default_collate(items_at(dataset, indices))


def default_collate(samples: Sequence[Any]) -> Any:
    """A batch of n items: tensors, arrays and numbers are stacked along a new first axis, containers field by field.

    Python floats become float64, ints int64; texts stay a list. ValueError if shapes or numbers of fields differ,
    TypeError for what cannot be stacked.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.default_collate

    >>> default_collate([(tensor([1.0, 2.0]), 0), (tensor([3.0, 4.0]), 1)])
    [tensor([[1., 2.],
            [3., 4.]]), tensor([0, 1])]
    """
    if not samples:
        raise ValueError("default_collate: there are no items to make a batch of")
    first = samples[0]
    if isinstance(first, (Tensor, np.ndarray, np.generic)):
        shapes = sorted({np.shape(sample) for sample in samples})
        if len(shapes) > 1:
            raise ValueError(
                f"default_collate: items of different shapes cannot be stacked: {', '.join(map(str, shapes))}; "
                "pad or crop them, or give DataLoader a collate_fn"
            )
        if not isinstance(first, Tensor):
            return from_numpy(np.stack([np.asarray(sample) for sample in samples]))  # np.matrix would stay two-dimensional
        others = [type(sample).__name__ for sample in samples if not isinstance(sample, Tensor)]
        if others:
            raise TypeError(f"default_collate: some items are a Tensor and some a {others[0]}; make them all the same")
        return stack(list(samples))
    if isinstance(first, (int, float)):
        return tensor(list(samples), dtype=np.dtype(np.float64) if isinstance(first, float) else None)
    if isinstance(first, (str, bytes)):
        return list(samples)
    if isinstance(first, Mapping):
        different = [set(sample) ^ set(first) for sample in samples if set(sample) != set(first)]
        if different:
            raise ValueError(f"default_collate: not all items have the keys {sorted(map(str, different[0]))}")
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, Sequence):
        counts = sorted({len(sample) for sample in samples})
        if len(counts) > 1:
            raise ValueError(f"default_collate: items have different numbers of fields: {', '.join(map(str, counts))}")
        fields = [default_collate(field) for field in zip(*samples)]
        return type(first)(*fields) if hasattr(first, "_fields") else fields
    raise TypeError(
        f"default_collate: cannot make a batch of {type(first).__name__} items; they can be tensors, arrays, numbers, "
        "texts, and tuples, lists or dicts of them; or give DataLoader a collate_fn"
    )
