"""Datasets and their parts against torch.utils.data."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.data

import tinygrad_lite as tl
from tinygrad_lite import datasets
from tinygrad_lite.datasets import Dataset, Iris, LabelledTable, Subset, TensorDataset, random_split


class Squares(Dataset[tuple[int, int]]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[int, int]:
        assert type(index) is int
        return index, index * index


# Dataset and TensorDataset


def test_everything_public_has_a_docstring() -> None:
    for name in datasets.__all__:
        assert getattr(datasets, name).__doc__, name


def test_a_dataset_without_its_methods_says_which() -> None:
    class Nothing(Dataset[int]):
        pass

    with pytest.raises(TypeError, match=r"Nothing does not say how many items.*define __len__"):
        len(Nothing())
    with pytest.raises(NotImplementedError, match=r"Nothing.*define __getitem__"):
        Nothing()[0]


def test_batch_of_a_plain_dataset() -> None:
    for indices in (slice(2, 4), np.array([2, 3])):
        x, y = Squares().batch(indices)
        assert x.tolist() == [2, 3]
        assert y.tolist() == [4, 9]


def test_overriding_items_is_not_bypassed_by_an_inherited_batch() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index: int) -> tuple[tl.Tensor, ...]:
            return tuple(2 * x for x in super().__getitem__(index))

    class Own(Doubled):
        def batch(self, indices: Any) -> Any:
            return "own"

    assert Doubled(tl.arange(4)).batch(slice(1, 3))[0].tolist() == [2, 4]
    assert Own(tl.arange(4)).batch(slice(1, 3)) == "own"


def test_tensor_dataset_against_torch(close: Any) -> None:
    x, y = np.random.default_rng(0).normal(size=(6, 3)), np.arange(6)
    ours = TensorDataset(tl.from_numpy(x), tl.from_numpy(y))
    theirs = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    assert len(ours) == len(theirs)
    for i in (0, 5, -1):
        for a, b in zip(ours[i], theirs[i], strict=True):
            close(a, b)
    with pytest.raises(IndexError):
        ours[6]
    assert len(list(ours)) == 6  # iteration stops at the end


def test_tensor_dataset_batches_are_copies_and_items_views(device: str) -> None:
    x = tl.arange(12, device=device).reshape(6, 2)
    (copy,) = TensorDataset(x).batch(slice(1, 3))
    (view,) = TensorDataset(x)[1]  # as in PyTorch
    x[1, 0] = 100
    assert copy.tolist() == [[2, 3], [4, 5]]
    assert view.tolist() == [100, 3]
    (gathered,) = TensorDataset(x).batch(np.array([5, 0, 5]))
    assert gathered.tolist() == [[10, 11], [0, 1], [10, 11]]
    assert gathered.dtype == tl.int64
    assert gathered.device.type == device


def test_gradients_flow_through_a_batch() -> None:
    x = tl.ones(3, requires_grad=True)
    (batch,) = TensorDataset(x).batch(np.array([0, 0, 2]))
    batch.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("tensors", "error", "match"),
    [
        ([tl.zeros(3, 2), tl.zeros(4)], ValueError, "different lengths: 3, 4"),
        ([tl.zeros(3), tl.zeros(3), tl.zeros(0)], ValueError, "different lengths: 3, 3, 0"),
        ([], ValueError, "no tensors"),
        ([tl.tensor(1.0)], ValueError, "0-d tensor has no rows"),
        ([np.zeros(3)], TypeError, "expected Tensors, got a ndarray; make it one with tensor"),
    ],
)
def test_tensor_dataset_errors(tensors: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        TensorDataset(*tensors)


# Subset and random_split


@pytest.mark.parametrize("indices", [[3, 1, -1], np.array([3, 1, 9]), tl.tensor([3, 1, 9]), range(0)])
def test_subset_against_torch(indices: Any) -> None:
    ours, theirs = Subset(Squares(), indices), torch.utils.data.Subset(range(10), [int(i) for i in indices])
    assert len(ours) == len(theirs)
    assert [ours[i][0] % 10 for i in range(len(ours))] == [i % 10 for i in (theirs[i] for i in range(len(theirs)))]


def test_subset_of_a_subset_gathers_once_from_the_tensors() -> None:
    asked = []

    class Counted(TensorDataset):
        def batch(self, indices: Any) -> Any:
            asked.append(indices.tolist())
            return super().batch(indices)

    part = Subset(Subset(Counted(10 * tl.arange(10)), [8, 6, 4, 2]), [3, 0, 1])
    assert part.batch(np.array([2, 0]))[0].tolist() == [60, 20]
    assert part.batch(slice(0, 2))[0].tolist() == [20, 80]
    assert asked == [[6, 2], [2, 8]]


def test_subset_of_a_list() -> None:
    assert Subset([1.5, 2.5, 3.5], [2, 0]).batch(slice(0, 2)).tolist() == [3.5, 1.5]


@pytest.mark.parametrize(
    ("indices", "error", "match"),
    [
        ([0, 10], IndexError, "index 10 is out of range, the dataset has 10 items"),
        ([-11], IndexError, "index -11"),
        ([0.5], TypeError, "sequence of integers, got float64"),
        ([[1]], TypeError, r"got int64\[1, 1\]"),
        ([True], TypeError, "got bool"),
    ],
)
def test_subset_errors(indices: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        Subset(Squares(), indices)


@pytest.mark.parametrize(
    ("n", "lengths"),
    [
        (10, [7, 3]),
        (10, [10]),
        (10, [0.7, 0.3]),
        (10, [0.33, 0.33, 0.34]),
        (7, [0.5, 0.5]),
        (11, [0.25] * 4),
        (5, [0, 5]),
        (1, [1]),
    ],
)
def test_random_split_sizes_are_torchs(n: int, lengths: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.utils.data.random_split(range(n), lengths)
    ours = random_split(range(n), lengths)
    assert [len(part) for part in ours] == [len(part) for part in theirs]
    assert sorted(i for part in ours for i in part) == list(range(n))


def test_random_split_follows_its_generator() -> None:
    def split(seed: int | None) -> list[list[int]]:
        generator = None if seed is None else tl.Generator().manual_seed(seed)
        return [part.indices.tolist() for part in random_split(range(50), [40, 10], generator=generator)]

    assert split(1) == split(1)
    assert split(1) != split(2)
    assert split(None) != split(None)  # the default generator moves on
    tl.manual_seed(3)
    first = split(None)
    tl.manual_seed(3)
    assert split(None) == first


@pytest.mark.parametrize(
    ("lengths", "match"),
    [
        ([5, 4], r"\[5, 4\] add up to 9, but the dataset has 10 items"),
        ([0.5, 0.4], "must add up to 1.* add up to 0.9"),
        ([11, -1], "cannot be negative"),
        ([1.5, -0.5], "cannot be negative"),
        ([2.5, 7.5], "must add up to 1"),
    ],
)
def test_random_split_errors(lengths: list[float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        random_split(range(10), lengths)


def test_random_split_takes_a_list() -> None:
    with pytest.raises(TypeError, match=r"one length for each part, as \[0.8, 0.2\]; got 0.8"):
        random_split(range(10), 0.8)


def test_random_split_warns_of_an_empty_part() -> None:
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(3), [0.9, 0.1])


# default_collate

Pair = namedtuple("Pair", ["x", "y"])


@pytest.mark.parametrize(
    "samples",
    [
        [1, 2, 3],
        [1.0, 2.0],
        [True, False],
        ["a", "b"],
        [(1, 2.0), (3, 4.0)],
        [("a", 1), ("b", 2)],
        [["a", 1], ["b", 2]],
        [OrderedDict(x=1), OrderedDict(x=2, y=3)],
        [MappingProxyType({"x": 1}), MappingProxyType({"x": 2})],
        [defaultdict(list, x=1), defaultdict(list, x=2)],
        [range(2), range(2)],
        [np.str_("a"), np.str_("b")],
        [np.bool_(True), np.bool_(False)],
        [[1, 2], [3, 4]],
        [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}],
        [(1, {"z": (2.0, 3)}), (4, {"z": (5.0, 6)})],
        [Pair(1, 2), Pair(3, 4)],
        [np.float32(1), np.float32(2)],
        [np.zeros((2, 3), np.uint8), np.ones((2, 3), np.uint8)],
    ],
)
def test_collate_against_torch(samples: Any, close: Any) -> None:
    def same(ours: Any, theirs: Any) -> None:
        if isinstance(theirs, torch.Tensor):
            assert isinstance(ours, tl.Tensor)
            return close(ours, theirs)
        assert type(ours) is type(theirs)
        if isinstance(theirs, Mapping):
            assert ours.keys() == theirs.keys()
            ours, theirs = list(ours.values()), list(theirs.values())
        if isinstance(theirs, str):
            assert ours == theirs
        else:
            for a, b in zip(ours, theirs, strict=True):
                same(a, b)

    same(datasets.default_collate(samples), torch.utils.data.default_collate(samples))


def test_collate_stacks_tensors(device: str) -> None:
    batch = datasets.default_collate([tl.tensor([1, 2], device=device), tl.tensor([3, 4], device=device)])
    assert batch.tolist() == [[1, 2], [3, 4]]
    assert batch.device.type == device


@pytest.mark.parametrize(
    ("samples", "error", "match"),
    [
        ([], ValueError, "no items"),
        ([tl.zeros(2), tl.zeros(3)], RuntimeError, r"different shapes.*\(2,\), \(3,\)"),
        ([np.zeros(2), np.zeros((2, 1))], RuntimeError, r"different shapes.*\(2,\), \(2, 1\)"),
        ([(1, 2), (1, 2, 3)], RuntimeError, "different numbers of fields: 2, 3"),
        ([{"x": 1}, {"y": 1}], KeyError, r"not all items have the keys \['x'\]"),
        ([tl.tensor(1), 1], TypeError, "some a int"),
        ([torch.ones(1)], TypeError, "cannot make a batch of torch.Tensor items"),
        ([object(), object()], TypeError, "cannot make a batch of object items"),
        ([None], TypeError, "NoneType"),
    ],
)
def test_collate_errors(samples: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        datasets.default_collate(samples)


# How they show themselves


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (Squares(), "Squares(10 samples)"),
        (TensorDataset(tl.zeros(3, 2), tl.zeros(3, dtype=tl.uint8)), "TensorDataset(3 samples: float32[2], uint8[])"),
        (Subset(Squares(), [1, 2]), "Subset(2 samples)"),
        (Subset([1, 2, 3], [1, 2]), "Subset(2 samples)"),
        (Subset(Subset(Iris(), range(60)), range(45, 60)), "Subset(15 samples: float32[4], int64[]; classes: setosa 5, versic"),
        (Iris(), "Iris(150 samples: float32[4], int64[]; classes: setosa 50, versicolor 50, virginica 50)"),
        (
            LabelledTable(tl.zeros(1, 1), tl.tensor([11]), ["x"], "abcdefghijkl"),
            "classes: a 0, b 0, c 0, d 0, e 0, f 0, g 0, h 0, i 0, j 0 and 2 more)",
        ),
        (Dataset(), "Dataset()"),
    ],
)
def test_datasets_show_themselves(dataset: Dataset[Any], expected: str) -> None:
    assert expected in repr(dataset)
    assert f"<b>{type(dataset).__name__}</b>" in dataset._repr_html_()


def test_a_dataset_with_items_of_its_own_shows_no_others() -> None:
    class Halves(Iris):
        def __getitem__(self, index: int) -> tuple[tl.Tensor, ...]:
            return (self.data[index, :2],)

    assert repr(Halves()) == "Halves(150 samples)"


def test_text_in_html_is_escaped() -> None:
    html = LabelledTable(tl.zeros(1, 1), tl.tensor([0]), ["x"], ["<script>&"])._repr_html_()
    assert "&lt;script&gt;&amp; 1" in html
    assert "<script>" not in html
