"""Datasets and their parts against torch.utils.data, and the Iris table against scikit-learn's."""

from __future__ import annotations

import tracemalloc
import warnings
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
import torch
import torch.utils.data

import tinygrad_lite as tl
from tinygrad_lite import datasets
from tinygrad_lite.datasets import Dataset, Iris, LabelledTable, Subset, TensorDataset, random_split, standardize


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


def test_random_split_warns_of_an_empty_part() -> None:
    with pytest.warns(UserWarning, match="part 1 gets none"):
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
        if isinstance(theirs, dict):
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
        ([tl.zeros(2), tl.zeros(3)], ValueError, r"different shapes.*\(2,\), \(3,\)"),
        ([np.zeros(2), np.zeros((2, 1))], ValueError, r"different shapes.*\(2,\), \(2, 1\)"),
        ([(1, 2), (1, 2, 3)], ValueError, "different numbers of fields: 2, 3"),
        ([{"x": 1}, {"y": 1}], ValueError, r"not all items have the keys \['x', 'y'\]"),
        ([tl.tensor(1), 1], TypeError, "some a int"),
        ([object(), object()], TypeError, "cannot make a batch of object items"),
        ([None], TypeError, "NoneType"),
    ],
)
def test_collate_errors(samples: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        datasets.default_collate(samples)


# Iris


def test_iris_is_scikit_learns() -> None:
    theirs, ours = sklearn.datasets.load_iris(), Iris(dtype=tl.float64)
    np.testing.assert_array_equal(ours.data.numpy(), theirs.data)
    np.testing.assert_array_equal(ours.targets.numpy(), theirs.target)
    assert list(ours.classes) == list(theirs.target_names)
    assert [f"{name} (cm)" for name in ours.features] == list(theirs.feature_names)


def test_iris_rows_35_and_38_are_fishers() -> None:
    data = Iris(dtype="float64").data.numpy()
    assert data[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert data[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_iris_items_and_dtypes() -> None:
    x, y = Iris()[100]
    assert (x.dtype, x.shape, y.dtype, y.shape, y.item()) == (tl.float32, (4,), tl.int64, (), 2)
    assert Iris(dtype=tl.float16).data.dtype == tl.float16
    tl.set_default_dtype(tl.float64)
    assert Iris().data.dtype == tl.float64
    tl.set_default_dtype(tl.float32)


def test_iris_features_choose_columns_in_order() -> None:
    everything, two = Iris(), Iris(features=("petal width", "sepal length"))
    assert two.features == ("petal width", "sepal length")
    np.testing.assert_array_equal(two.data.numpy(), everything.data.numpy()[:, [3, 0]])
    assert Iris(features="petal width").data.shape == (150, 1)


@pytest.mark.parametrize("features", [("petal", "sepal length"), (), "petal"])
def test_iris_unknown_features(features: Any) -> None:
    with pytest.raises(ValueError, match="choose one or more of 'sepal length', 'sepal width', 'petal length', 'petal width'"):
        Iris(features=features)


def test_iris_integer_dtype() -> None:
    with pytest.raises(TypeError, match="floating-point dtype, got int64"):
        Iris(dtype=tl.int64)


@pytest.mark.parametrize(
    ("test_size", "counts"), [(30, [10] * 3), (0.2, [10] * 3), (3, [1] * 3), (31, [11, 10, 10]), (0.5, [25] * 3)]
)
def test_iris_split_is_stratified_and_complete(test_size: float, counts: list[int]) -> None:
    train, test = Iris().split(test_size=test_size, seed=0)
    assert np.bincount(test.targets.numpy()).tolist() == counts
    assert len(train) == 150 - len(test)
    assert (train.features, train.classes) == (Iris().features, Iris().classes)
    rows = np.concatenate([np.column_stack([part.data.numpy(), part.targets.numpy()]) for part in (train, test)])
    everything = np.column_stack([Iris().data.numpy(), Iris().targets.numpy()])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, everything))


def test_iris_split_follows_its_seed_only() -> None:
    def split(seed: int) -> list[Any]:
        return list(Iris().split(test_size=30, seed=seed)[1].data.tolist())

    first = split(0)
    tl.rand(3)
    assert split(0) == first
    assert split(1) != first


def test_split_of_uneven_classes_keeps_the_proportions() -> None:
    labels = np.repeat([0, 1, 2], [70, 20, 10])
    table = LabelledTable(tl.zeros(100, 1), tl.from_numpy(labels), ["x"], "abc")
    assert np.bincount(table.split(test_size=10)[1].targets.numpy()).tolist() == [7, 2, 1]


@pytest.mark.parametrize("test_size", [0, 150, -1, 1.0, 0.0, 0.001])
def test_split_errors(test_size: float) -> None:
    with pytest.raises(ValueError, match=f"test_size={test_size} takes .* of 150 rows for test; each part needs at least one"):
        Iris().split(test_size=test_size)


def test_standardize_uses_the_training_rows_alone() -> None:
    from sklearn.preprocessing import StandardScaler

    train, test = Iris(dtype=tl.float64).split(test_size=30, seed=1)
    before = train.data.numpy().copy()
    scaler = StandardScaler().fit(train.data.numpy())
    for ours, raw in zip(standardize(train, test), (train, test), strict=True):
        np.testing.assert_allclose(ours.data.numpy(), scaler.transform(raw.data.numpy()), rtol=1e-12, atol=1e-13)
        np.testing.assert_array_equal(ours.targets.numpy(), raw.targets.numpy())
        assert ours.features == raw.features
    np.testing.assert_array_equal(train.data.numpy(), before)
    assert standardize(Iris())[0].data.dtype == tl.float32


def test_standardize_leaves_a_constant_column_finite() -> None:
    (table,) = standardize(LabelledTable(tl.full((3, 1), 2.5), tl.tensor([0, 0, 0]), ["x"], ["a"]))
    assert table.data.tolist() == [[0], [0], [0]]


def test_standardize_errors() -> None:
    with pytest.raises(ValueError, match=r"different features: .*'sepal width'.* and \('petal width',\)"):
        standardize(Iris(), Iris(features=("petal width",)))
    with pytest.raises(ValueError, match="no rows"):
        standardize(LabelledTable(tl.zeros(0, 1), tl.zeros(0, dtype=tl.int64), ["x"], ["a"]))


@pytest.mark.parametrize(
    ("data", "targets", "match"),
    [
        (tl.zeros(2), tl.tensor([0, 1]), r"data has shape \[2\]; for the 1 features \('x',\) it is \[rows, 1\]"),
        (tl.zeros(2, 3), tl.tensor([0, 1]), r"data has shape \[2, 3\]"),
        (tl.zeros(2, 1), tl.tensor([0, 2]), "labels from 0 to 2, but there are 2 classes"),
        (tl.zeros(2, 1), tl.tensor([-1, 0]), "labels from -1 to 0"),
        (tl.zeros(2, 1), tl.tensor([0.0, 1.0]), "int64 labels, one per row; got float32"),
        (tl.zeros(2, 1), tl.tensor([[0], [1]]), r"got int64\[2, 1\]"),
        (tl.zeros(2, 1), tl.tensor([0]), "different lengths: 2, 1"),
    ],
)
def test_labelled_table_errors(data: tl.Tensor, targets: tl.Tensor, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        LabelledTable(data, targets, ["x"], ["a", "b"])


# Text files of the classic exercise


def test_read_labelled(tmp_path: Path) -> None:
    file = tmp_path / "iris.txt"
    file.write_text("  1  5.1 3.5\n\n3.0\t-6.3e0 3\n 2.0000000e+00 1 2  \n\n")
    table = datasets.read_labelled(file, dtype=tl.float64)
    assert table.data.tolist() == [[5.1, 3.5], [-6.3, 3], [1, 2]]
    assert table.targets.tolist() == [0, 2, 1]
    assert table.features == ("x1", "x2")
    assert table.classes == Iris().classes
    assert datasets.read_labelled(str(file)).data.dtype == tl.float32
    named = datasets.read_labelled(file, features=("length", "width"), classes=("a", "b", "c", "d"))
    assert (named.features, len(named.classes)) == (("length", "width"), 4)


def test_read_labelled_gives_iris_back(tmp_path: Path) -> None:
    flowers = Iris(dtype=tl.float64)
    file = tmp_path / "iris.txt"
    np.savetxt(file, np.column_stack([flowers.targets.numpy() + 1, flowers.data.numpy()]))
    table = datasets.read_labelled(file, features=flowers.features, dtype=tl.float64)
    np.testing.assert_array_equal(table.data.numpy(), flowers.data.numpy())
    np.testing.assert_array_equal(table.targets.numpy(), flowers.targets.numpy())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("1 2 3\n2 3\n", "line 2: got 2 columns, expected a label and 2 features"),
        ("1 2 3\n\n2 3 4 5\n", "line 3: got 4 columns"),
        ("1\n", "line 1: got 1 columns, expected a label and 1 features; a line reads 'x1,x2,...,label'"),
        ("4 1 2\n", "line 1: unknown label 4; without commas, labels are numbers from 1 to 3"),
        ("1 1 2\n0 1 2\n", "line 2: unknown label 0"),
        ("1.5 1 2\n", "line 1: unknown label 1.5"),
        ("1 1 2\nsetosa 1 2\n", "line 2: 'setosa' is not a finite number"),
        ("1 1 two\n", "line 1: 'two' is not a finite number"),
        ("1 1 nan\n", "line 1: 'nan' is not a finite number"),
        ("1 1 -inf\n", "line 1: '-inf' is not a finite number"),
        ("1;2;3 4\n", "line 1: '1;2;3' is not a finite number; columns are separated by commas, or else by spaces"),
        ("1 1 1e39\n", "line 1: '1e39' is too large for float32; dtype=float64 reaches further"),
        ("1 1 2\n1 -4e38 2\n", "line 2: '-4e38' is too large"),
        ("1 1 1" + "0" * 400, "line 1: '10+' is not a finite number"),
        ("1e39 1 1", "line 1: unknown label 1e39"),
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
    ],
)
def test_read_labelled_names_file_and_line(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "broken.txt"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"broken\.txt.*{match}"):
        datasets.read_labelled(file)


def test_read_labelled_of_numbers_that_just_fit(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    file.write_text("1 3.4028235e38 1e39")
    assert datasets.read_labelled(file, dtype=tl.float64).data.tolist() == [[3.4028235e38, 1e39]]
    with pytest.raises(TypeError, match=r"large\.txt: features need a floating-point dtype, got int64"):
        datasets.read_labelled(file, dtype=tl.int64)
    file.write_text("1 3.4028235e38")
    assert datasets.read_labelled(file).data.numpy() == np.finfo(np.float32).max


def test_read_labelled_reads_no_more_than_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "huge.txt"
    with file.open("wb") as open_file:
        open_file.truncate(1 << 30)  # zeros that take no place on the disk
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"huge\.txt: the file is larger than 67108864 bytes"):
        datasets.read_labelled(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 28


def test_read_labelled_of_no_text(tmp_path: Path) -> None:
    file = tmp_path / "broken.txt"
    file.write_bytes(b"1 2 3\n1 \xff\xfe 3\n")
    with pytest.raises(ValueError, match=r"broken\.txt, line 2"):
        datasets.read_labelled(file)


def test_read_labelled_given_names_fix_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "iris.txt"
    file.write_text("1 2 3\n")
    with pytest.raises(ValueError, match="line 1: got 3 columns, expected a label and 3 features"):
        datasets.read_labelled(file, features="abc")


def test_read_labelled_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt: there is no such file.*'x1,x2,...,label'.*Iris\(\)"):
        datasets.read_labelled(tmp_path / "nowhere.txt")
