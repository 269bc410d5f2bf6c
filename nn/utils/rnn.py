"""Batches of sequences of different lengths: padded to one length, or packed without padding; torch.nn.utils.rnn.

A packed batch has the numbers of all sequences at time 0, then of those that have a time 1, and so on. The sequences are in
order of length, the longest first, so that those that go on are always the first ones. Lengths 3 and 2:

    a0 b0 | a1 b1 | a2        batch_sizes = [2, 2, 1]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from tinygrad_lite._tensor import Tensor
from tinygrad_lite.backend import array_module
from tinygrad_lite.creation import tensor
from tinygrad_lite.functional.joining import concat
from tinygrad_lite.functional.shape import transpose
from tinygrad_lite.ops import indexing

# fmt: off
__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]
# fmt: on


class PackedSequence(NamedTuple):
    """A packed batch: `data` (N, ...), the numbers of all sequences, and `batch_sizes` (T), how many sequences have each time.

    If the sequences had to be sorted, sorted_indices says which one comes where, and unsorted_indices is its inverse. Made by
    pack_padded_sequence and pack_sequence; RNN, LSTM and GRU take it and return one.
    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    def to(self, *args: Any, **options: Any) -> Self:
        """A packed batch with data.to(...), and with indices on the same device."""
        data = self.data.to(*args, **options)
        there = [None if i is None else i.to(data.device) for i in (self.sorted_indices, self.unsorted_indices)]
        return type(self)(data, self.batch_sizes, *there)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return self.data.device.type == "cuda"


class Order(NamedTuple):
    """Where the numbers of a packed batch are in a padded one, as arrays of positions."""

    lengths: Any  # (B), the longest first
    time: Any  # (N): the time of each row of `data`,
    sequence: Any  # and the sequence that it belongs to
    row: Any  # (T, B): the row of data with each sequence's time; 0 where it has ended
    row_backward: Any  # the same for the sequences from their ends to their beginnings

    @classmethod
    def of(cls, batch_sizes: Any, like: Any) -> Order:
        """The order that batch_sizes tell, on the device of the array `like`."""
        sizes = np.asarray(batch_sizes.tolist(), np.int64)
        T, B = len(sizes), int(sizes[0])
        time, start = np.repeat(np.arange(T), sizes), np.cumsum(sizes) - sizes
        sequence = np.arange(len(time)) - start[time]
        lengths = np.bincount(sequence, minlength=B)
        row = np.zeros((2, T, B), np.int64)
        row[0, time, sequence] = row[1, lengths[sequence] - 1 - time, sequence] = np.arange(len(time))
        return cls(*[array_module(like).asarray(x) for x in (lengths, time, sequence, *row)])


def pad_sequence(
    sequences: Tensor | Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (L, ...) of different lengths as one (T, B, ...), or (B, T, ...) with batch_first, filled up with a value.

    padding_side "left" puts the padding before the sequences.
    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html

    >>> from tinygrad_lite import tensor
    >>> pad_sequence([tensor([1, 2, 3]), tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence: padding_side should be 'left' or 'right', got {padding_side!r}")
    if isinstance(sequences, Tensor):
        sequences = list(sequences)
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: sequences must be a list of Tensors, got {type(sequences).__name__}")
    xs = list(sequences)
    if not xs:
        raise RuntimeError("pad_sequence: received an empty list of sequences")
    lengths = [len(x) for x in xs]
    T, B = max(lengths), len(xs)
    time = np.concatenate([np.arange(n) + (T - n if padding_side == "left" else 0) for n in lengths])
    sequence = np.repeat(np.arange(B), lengths)
    if batch_first:
        return _padded(concat(xs), (sequence, time), (B, T), padding_value)
    return _padded(concat(xs), (time, sequence), (T, B), padding_value)


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each without its padding: the inverse of pad_sequence.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html

    >>> from tinygrad_lite import tensor
    >>> unpad_sequence(tensor([[1, 2, 3], [4, 0, 0]]), tensor([3, 1]), batch_first=True)
    [tensor([1, 2, 3]), tensor([4])]
    """
    x = padded_sequences if batch_first else transpose(padded_sequences, 0, 1)
    return [sequence[: int(n)] for sequence, n in zip(x, _whole(lengths), strict=True)]


def pack_padded_sequence(input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:
    """A padded batch (T, B, ...), or (B, T, ...) with batch_first, as a packed one.

    `lengths` are those of the sequences; the longest comes first, or with enforce_sorted=False they are sorted here.
    RuntimeError for other lengths than one in 1 ... T for each sequence.
    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html

    >>> from tinygrad_lite import tensor
    >>> pack_padded_sequence(tensor([[1, 2, 3], [4, 5, 0]]), [3, 2], batch_first=True)[:2]
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """
    x, sizes = transpose(input, 0, 1) if batch_first else input, _whole(lengths)
    if sizes.shape != x.array.shape[1:2]:
        what = f"expected `len(lengths)` to be equal to batch_size, but got {sizes.size} (batch_size={x.array.shape[1]})"
        raise RuntimeError(f"pack_padded_sequence: {what}")
    if not sizes.size or sizes.min() <= 0:
        raise RuntimeError("pack_padded_sequence: length of all samples has to be greater than 0; leave empty sequences out")
    if sizes.max() > len(x):
        raise RuntimeError(f"pack_padded_sequence: a length of {sizes.max()} for sequences that are padded to {len(x)}")
    order = None if enforce_sorted else np.argsort(-sizes, kind="stable")
    if order is not None:
        sizes = sizes[order]
    if (sizes[1:] > sizes[:-1]).any():
        raise RuntimeError(
            "pack_padded_sequence: `lengths` array must be sorted in decreasing order when `enforce_sorted` is True; pass "
            "enforce_sorted=False"
        )
    batch_sizes = (sizes > np.arange(sizes[0])[:, None]).sum(1)
    time = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    sequence = np.concatenate([np.arange(n) for n in batch_sizes])
    index = _like(x, time, sequence if order is None else order[sequence])
    sorted_indices = None if order is None else Tensor._of(_like(x, order)[0])
    data = indexing.getitem(x, index=index, once=True)
    return PackedSequence(data, tensor(batch_sizes.tolist()), sorted_indices, invert_permutation(sorted_indices))


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (L, ...) of different lengths as a packed batch; see pack_padded_sequence.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html

    >>> from tinygrad_lite import tensor
    >>> pack_sequence([tensor([1, 2, 3]), tensor([4, 5])]).data
    tensor([1, 4, 2, 5, 3])
    """
    return pack_padded_sequence(pad_sequence(sequences), [len(x) for x in sequences], enforce_sorted=enforce_sorted)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """A packed batch as a padded one (T, B, ...), or (B, T, ...) with batch_first, and its lengths, in the original order.

    T is the greatest length, or total_length, which must not be less: ValueError.
    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html

    >>> from tinygrad_lite import tensor
    >>> pad_packed_sequence(pack_sequence([tensor([4, 5]), tensor([1, 2, 3])], enforce_sorted=False), batch_first=True)
    (tensor([[4, 5, 0],
            [1, 2, 3]]), tensor([2, 3]))
    """
    order = Order.of(sequence.batch_sizes.array, np.empty(0))
    if total_length is not None and total_length < order.lengths[0]:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {order.lengths[0]}"
        )
    lengths, at = order.lengths, order.sequence
    if sequence.sorted_indices is not None:
        place = np.asarray(sequence.sorted_indices.tolist(), np.int64)
        lengths, at = lengths[np.argsort(place)], place[at]
    shape = (order.lengths[0] if total_length is None else total_length, len(lengths))
    out = _padded(sequence.data, (order.time, at), shape, padding_value)
    return transpose(out, 0, 1) if batch_first else out, tensor(lengths.tolist())


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch, in the original order: the inverse of pack_sequence.

    https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences))


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one: out[permutation[i]] = i.

    >>> from tinygrad_lite import tensor
    >>> invert_permutation(tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else Tensor._of(permutation.array.argsort())


def _padded(data: Tensor, index: tuple[Any, Any], shape: tuple[Any, Any], value: float) -> Tensor:
    """A padded batch with each row of `data` at a place of its own, and a value elsewhere."""
    index, shape = _like(data, *index), (*map(int, shape), *data.array.shape[1:])
    out = indexing.index_add(data, shape=shape, index=index, once=True)
    if value:
        rest = array_module(data.array).full(shape, value, data.array.dtype)
        rest[index] = 0
        out = out + Tensor._of(rest)
    return out


def _whole(lengths: Any) -> Any:
    """Lengths, a list or Tensor, as an array on the CPU."""
    return np.asarray(lengths.tolist() if isinstance(lengths, Tensor) else lengths, np.int64)


def _like(x: Tensor, *positions: Any) -> tuple[Any, ...]:
    """Positions where x is."""
    return tuple([array_module(x.array).asarray(i) for i in positions])
