"""How items become a batch: `default_collate` stacks them, field by field; `default_convert` is for one item without a batch.

Both follow PyTorch's rules for containers: a dict, a list or a named tuple stays one of its type, a tuple becomes a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from copy import copy
from typing import Any

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.creation import as_tensor, from_numpy, tensor
from tinygrad_lite.functional.shape import stack


def default_collate(samples: Sequence[Any]) -> Any:
    """A batch of n items: tensors, arrays and numbers are stacked along a new first axis, containers field by field.

    Python floats become float64, ints int64; strings stay as they are. RuntimeError if shapes or numbers of fields differ,
    KeyError if a dict lacks a key of the first, TypeError for items that cannot be stacked.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.default_collate

    >>> from tinygrad_lite import tensor
    >>> default_collate([(tensor([1.0, 2.0]), 0), (tensor([3.0, 4.0]), 1)])
    [tensor([[1., 2.],
            [3., 4.]]), tensor([0, 1])]
    """
    if not samples:
        raise ValueError("default_collate: there are no items to make a batch of")
    first = samples[0]
    if isinstance(first, (str, bytes)):  # also NumPy's strings, so before its other scalars
        return samples
    if isinstance(first, (Tensor, np.ndarray, np.generic)):
        return _stacked(first, samples)
    if isinstance(first, (int, float)):
        return tensor(list(samples), dtype=np.dtype(np.float64) if isinstance(first, float) else None)
    if isinstance(first, Mapping):
        missing = [str(key) for key in first if any(key not in sample for sample in samples)]
        if missing:
            raise KeyError(f"default_collate: not all items have the keys {missing}")
        return _mapping_like(first, {key: default_collate([sample[key] for sample in samples]) for key in first})
    if isinstance(first, Sequence):
        counts = sorted({len(sample) for sample in samples})
        if len(counts) > 1:
            raise RuntimeError(f"default_collate: items have different numbers of fields: {', '.join(map(str, counts))}")
        return _sequence_like(first, [default_collate(field) for field in zip(*samples)])
    kind = type(first)
    name = f"{kind.__module__}.{kind.__qualname__}" if kind.__name__ == "Tensor" else kind.__name__  # a torch.Tensor, say
    raise TypeError(
        f"default_collate: cannot make a batch of {name} items; they can be tensors, arrays, numbers, "
        "strings, and tuples, lists or dicts of them; or give DataLoader a collate_fn"
    )


def _stacked(first: Any, samples: Sequence[Any]) -> Tensor:
    shapes = sorted({np.shape(sample) for sample in samples})
    if len(shapes) > 1:
        raise RuntimeError(
            f"default_collate: items of different shapes cannot be stacked: {', '.join(map(str, shapes))}; "
            "pad or crop them, or give DataLoader a collate_fn"
        )
    if not isinstance(first, Tensor):
        return from_numpy(np.stack([np.asarray(sample) for sample in samples]))  # np.matrix would stay two-dimensional
    others = [type(sample).__name__ for sample in samples if not isinstance(sample, Tensor)]
    if others:
        raise TypeError(f"default_collate: some items are a Tensor and some a {others[0]}; make them all the same")
    return stack(list(samples))


def default_convert(data: Any) -> Any:
    """An item with its NumPy arrays as tensors, which share their memory; all else stays as it is. A DataLoader with
    batch_size=None does this.
    https://pytorch.org/docs/stable/data.html#torch.utils.data.default_convert

    >>> default_convert({"x": np.array([1.0, 2.0]), "y": 3})
    {'x': tensor([1., 2.], dtype=float64), 'y': 3}
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping_like(data, {key: default_convert(data[key]) for key in data})
    return _sequence_like(data, map(default_convert, data)) if isinstance(data, Sequence) else data


def _mapping_like(first: Any, values: dict[Any, Any]) -> Any:
    """A mapping of the type of another one, which may have attributes of its own; a dict if that cannot be made."""

    def changed() -> Any:
        new = copy(first)
        new.update(values)
        return new

    return _or(changed if isinstance(first, MutableMapping) else lambda: type(first)(values), values)


def _sequence_like(first: Any, fields: Iterable[Any]) -> Any:
    """A sequence of the type of another one; a list if that is a tuple, or if it cannot be made."""
    values = list(fields)
    if isinstance(first, tuple):
        return type(first)(*values) if hasattr(first, "_fields") else values

    def changed() -> Any:
        new = copy(first)
        for i, value in enumerate(values):
            new[i] = value
        return new

    return _or(changed if isinstance(first, MutableSequence) else lambda: type(first)(values), values)


def _or(make: Callable[[], Any], instead: Any) -> Any:
    try:
        return make()
    except TypeError:
        return instead
