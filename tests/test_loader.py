"""DataLoader: what is in its batches, in which order, how they are gathered, and what it refuses."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tracemalloc
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.utils.data

import tinygrad_lite as tl
from tinygrad_lite.datasets import DataLoader, Dataset, Iris, Subset, TensorDataset, random_split


class Items(Dataset[tuple[int, float]]):
    """A user's plain dataset: items only."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[int, float]:
        assert type(index) is int
        return index, index / 2


class Counted(TensorDataset):
    """How many index operations a loader makes of it, and of which kind."""

    def __init__(self, *tensors: tl.Tensor) -> None:
        super().__init__(*tensors)
        self.asked: list[Any] = []

    def batch(self, indices: Any) -> Any:
        self.asked.append(indices)
        return super().batch(indices)


def order(loader: DataLoader[Any]) -> list[int]:
    return [int(i) for batch in loader for i in batch[0]]


@pytest.mark.parametrize("n", [0, 1, 5, 6, 7])
@pytest.mark.parametrize("batch_size", [1, 3, 6, 100])
@pytest.mark.parametrize("drop_last", [False, True])
def test_sequential_batches_are_torchs(n: int, batch_size: int, drop_last: bool, close: Any) -> None:
    x, y = np.random.default_rng(0).normal(size=(n, 2)), np.arange(n)
    options = {"batch_size": batch_size, "drop_last": drop_last}
    ours = DataLoader(TensorDataset(tl.from_numpy(x), tl.from_numpy(y)), **options)
    theirs = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), **options)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert type(a) is type(b)
        for ours_, theirs_ in zip(a, b, strict=True):
            close(ours_, theirs_)


def test_default_batch_is_one_item() -> None:
    loader = DataLoader(Items())
    assert (loader.batch_size, loader.shuffle, loader.drop_last, len(loader)) == (1, False, False, 10)
    assert [x.shape for x, _ in loader] == [(1,)] * 10


@pytest.mark.parametrize(
    "dataset", [Items(), TensorDataset(tl.arange(10)), Subset(Items(), range(10)), [(i,) for i in range(10)]]
)
def test_shuffle_is_a_new_permutation_each_epoch(dataset: Any) -> None:
    loader = DataLoader(dataset, batch_size=4, shuffle=True, generator=tl.Generator().manual_seed(0))
    epochs = [order(loader) for _ in range(4)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 4
    again = DataLoader(dataset, batch_size=4, shuffle=True, generator=tl.Generator().manual_seed(0))
    assert [order(again) for _ in range(4)] == epochs


def test_order_does_not_depend_on_the_batch_size_or_the_dataset_kind() -> None:
    orders = [
        order(DataLoader(dataset, batch_size=size, shuffle=True, generator=tl.Generator().manual_seed(5)))
        for dataset in (Items(), TensorDataset(tl.arange(10)))
        for size in (1, 3, 10)
    ]
    assert orders == [orders[0]] * 6


def test_shuffle_without_generator_follows_manual_seed() -> None:
    loader = DataLoader(Items(), shuffle=True)
    tl.manual_seed(1)
    first = order(loader)
    assert order(loader) != first
    tl.manual_seed(1)
    assert order(loader) == first


@pytest.mark.parametrize("options", [{}, {"shuffle": True}, {"shuffle": True, "drop_last": True}])
@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("own", [False, True])
def test_batches_and_draws_are_those_of_torch(options: dict[str, Any], size: int, own: bool) -> None:
    """The order of the rows, what was drawn before each batch, and what is drawn after the epoch, from one generator."""

    def run(t: Any, data: Any) -> list[Any]:
        generator = t.Generator().manual_seed(3)
        loader = data.DataLoader(data.TensorDataset(t.arange(12)), size, generator=generator if own else None, **options)
        t.manual_seed(0)
        seen = [t.rand(1).item()]
        batches = iter(loader)
        seen.append(t.rand(1).item())
        for (x,) in batches:
            seen += [x.tolist(), t.rand(1).item(), t.rand(1, generator=generator).item()]
        return [*seen, t.rand(1).item(), t.rand(1, generator=generator).item()]

    assert run(tl, tl.datasets) == run(torch, torch.utils.data)


def test_two_epochs_at_once_do_not_disturb_each_other() -> None:
    loader = DataLoader(TensorDataset(tl.arange(10)), batch_size=2)
    pairs = [(int(a[0][0]), int(b[0][0])) for a in loader for b in loader]
    assert pairs == [(a, b) for a in range(0, 10, 2) for b in range(0, 10, 2)]


def test_drop_last_drops_the_short_batch_of_a_permutation() -> None:
    loader = DataLoader(TensorDataset(tl.arange(10)), batch_size=4, shuffle=True, drop_last=True)
    assert [len(x) for (x,) in loader] == [4, 4]
    assert len(loader) == 2


# How batches are gathered


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize(
    "part", [lambda d: d, lambda d: Subset(d, range(8)), lambda d: d.tensors[0], lambda d: d.tensors[0].numpy()]
)
def test_a_batch_is_the_callers_own_memory(part: Any, batch_size: int, shuffle: bool) -> None:
    x = tl.arange(10.0)
    for batch in DataLoader(part(TensorDataset(x)), batch_size, shuffle):
        (rows,) = batch if isinstance(batch, list) else [batch]
        rows += 100
    assert x.tolist() == [*range(10)]


def test_a_batch_is_copied_once() -> None:
    x = tl.zeros(4000, 100)
    for shuffle in (False, True):
        loader = DataLoader(TensorDataset(x), 2000, shuffle)
        tracemalloc.start()
        next(iter(loader))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.5 * 2000 * 100 * 4


def test_items_for_a_collate_fn_may_be_views_as_in_torch() -> None:
    x, y = tl.zeros(2, 3), torch.zeros(2, 3)
    (ours,) = next(iter(DataLoader(TensorDataset(x), collate_fn=lambda items: items[0])))
    data = torch.utils.data.TensorDataset(y)
    (theirs,) = next(iter(torch.utils.data.DataLoader(data, collate_fn=lambda items: items[0])))
    ours += 1
    theirs += 1
    assert x.tolist() == y.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_a_batch_is_one_index_operation() -> None:
    dataset = Counted(tl.arange(10), tl.zeros(10))
    list(DataLoader(dataset, batch_size=4, shuffle=True))
    assert [(type(i), len(i)) for i in dataset.asked] == [(np.ndarray, 4), (np.ndarray, 4), (np.ndarray, 2)]
    dataset.asked.clear()
    list(DataLoader(dataset, batch_size=4))
    assert dataset.asked == [slice(0, 4), slice(4, 8), slice(8, 10)]


def test_a_batch_of_a_random_split_is_one_index_operation() -> None:
    dataset = Counted(10 * tl.arange(10))
    train, valid = random_split(dataset, [7, 3])
    seen = [x for part in (train, valid) for (batch,) in DataLoader(part, batch_size=7, shuffle=True) for x in batch.tolist()]
    assert sorted(seen) == list(range(0, 100, 10))
    assert len(dataset.asked) == 2


def test_bytes_stay_bytes() -> None:
    images = tl.from_numpy(np.arange(40, dtype=np.uint8).reshape(10, 4))
    assert all(
        batch.dtype == tl.uint8 for shuffle in (False, True) for (batch,) in DataLoader(TensorDataset(images), 3, shuffle)
    )


def test_iris_batches() -> None:
    train, _ = Iris(features=("petal length", "petal width")).split(test_size=30)
    batches = list(DataLoader(train, batch_size=16, shuffle=True))
    assert [tuple(x.shape) for x, _ in batches] == [(16, 2)] * 7 + [(8, 2)]
    assert {(x.dtype, y.dtype) for x, y in batches} == {(tl.float32, tl.int64)}


def test_batches_stay_on_the_device(device: str) -> None:
    for (batch,) in DataLoader(TensorDataset(tl.arange(10, device=device)), batch_size=4, shuffle=True):
        assert batch.device.type == device


def test_plain_datasets_are_collated() -> None:
    x, y = next(iter(DataLoader(Items(), batch_size=4)))
    assert (x.tolist(), y.tolist()) == ([0, 1, 2, 3], [0, 0.5, 1, 1.5])
    assert (x.dtype, y.dtype) == (tl.int64, tl.float64)  # as in PyTorch
    assert next(iter(DataLoader([5, 6, 7], batch_size=2))).tolist() == [5, 6]


@pytest.mark.parametrize("dataset", [Items(), TensorDataset(tl.arange(10))])
def test_collate_fn_gets_the_single_items(dataset: Any) -> None:
    for shuffle in (False, True):
        batches = list(DataLoader(dataset, batch_size=4, shuffle=shuffle, collate_fn=lambda items: items))
        assert [len(items) for items in batches] == [4, 4, 2]
        assert all(type(item) is tuple for items in batches for item in items)
        assert sorted(int(item[0]) for items in batches for item in items) == list(range(10))


def test_items_of_different_lengths_are_named() -> None:
    with pytest.raises(RuntimeError, match=r"different shapes.*\(2,\), \(3,\).*collate_fn"):
        list(DataLoader([tl.zeros(2), tl.zeros(3)], batch_size=2))


# What it refuses


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "4", True])
def test_batch_size_errors(batch_size: Any) -> None:
    with pytest.raises(ValueError, match="batch_size must be a positive integer, got"):
        DataLoader(Items(), batch_size=batch_size)


def test_batch_size_may_be_a_numpy_integer() -> None:
    assert len(DataLoader(Items(), batch_size=np.int64(4))) == 3


@pytest.mark.parametrize("dataset", [None, iter([1, 2]), {1, 2}, 5])
def test_no_dataset(dataset: Any) -> None:
    with pytest.raises(TypeError, match="a dataset has a length and an index"):
        DataLoader(dataset)


def test_the_arguments_are_torchs() -> None:
    ours, theirs = (inspect.signature(m.DataLoader.__init__).parameters for m in (tl.datasets, torch.utils.data))
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [(p.name, p.kind, p.default) for p in theirs.values()]


def test_workers_are_not_needed_and_change_nothing() -> None:
    options: dict[str, Any] = {
        "num_workers": 2, "pin_memory": True, "timeout": 10, "worker_init_fn": lambda worker: 1 / 0, "prefetch_factor": 4,
        "multiprocessing_context": "fork", "persistent_workers": True, "in_order": False,
    }  # fmt: skip
    orders = []
    for more in ({}, options):
        loader = DataLoader(Items(), shuffle=True, generator=tl.Generator().manual_seed(0), **more)
        orders.append([order(loader), order(loader)])
    assert orders[0] == orders[1]
    assert tl.datasets.get_worker_info() is None


def test_an_unknown_argument() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'bacth_size'"):
        DataLoader(Items(), bacth_size=3)


# How it shows itself, and what type checkers know of its batches


def test_it_shows_itself() -> None:
    iris = Iris()
    assert repr(DataLoader(iris, 16)) == f"DataLoader(10 batches of 16, {iris!r})"
    loader = DataLoader([1] * 1000, 16, shuffle=True, drop_last=True)
    assert repr(loader) == "DataLoader(62 batches of 16, shuffle=True, drop_last=True, list(1000 samples))"
    html = DataLoader(iris, 16, shuffle=True)._repr_html_()
    for cell in ("DataLoader", "batches</th>", ">10<", ">16<", "shuffle</th>", "Iris", "setosa 50, versicolor 50"):
        assert cell in html
    assert "drop_last" not in html


USER = """
import numpy as np
import tinygrad_lite as tl
from tinygrad_lite.datasets import DataLoader, Dataset, FashionMNIST, Iris, Subset, TensorDataset, random_split, read_labelled

class Squares(Dataset[tuple[int, float]]):
    def __len__(self) -> int:
        return 3
    def __getitem__(self, index: int) -> tuple[int, float]:
        return index, index / 2

class Plain:
    def __len__(self) -> int:
        return 3
    def __getitem__(self, index: int) -> dict[str, float]:
        return {}

iris = Iris()
train, test = read_labelled("flowers.csv").split()
part, _ = random_split(iris, [0.8, 0.2])
reveal_type(len(iris))  # int
reveal_type(iris[0][1])  # Tensor
reveal_type(part[0][1])  # Tensor
reveal_type(Squares()[0])  # tuple[int, float]
reveal_type([y for x, y in DataLoader(iris, batch_size=16, shuffle=True)])  # list[Tensor]
reveal_type([x for x, y in DataLoader(train)])  # list[Tensor]
reveal_type([y for x, y in DataLoader(FashionMNIST())])  # list[Tensor]
reveal_type([x for (x,) in DataLoader(TensorDataset(tl.arange(3)))])  # list[Tensor]
reveal_type([x for x, y in DataLoader(part)])  # list[Tensor]
reveal_type([x for x, y in DataLoader(Subset(iris, [1, 2]))])  # list[Tensor]
reveal_type([x for x, y in DataLoader(Squares())])  # list[Tensor]
reveal_type([x for x in DataLoader([1, 2, 3])])  # list[Tensor]
reveal_type([x for x in DataLoader(tl.arange(3))])  # list[Tensor]
reveal_type([x for x in DataLoader(Plain())])  # list[Any]
reveal_type([x for x in DataLoader(iris, collate_fn=len)])  # list[Any]
reveal_type(DataLoader(iris).dataset)  # Any

def mean_loss(loader: DataLoader[tuple[tl.Tensor, tl.Tensor]]) -> float:
    return float(len(loader))

mean_loss(DataLoader(FashionMNIST()))
"""
CHECKERS = [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]]


@pytest.mark.parametrize("checker", [c for c in CHECKERS if find_spec(c[0])], ids=lambda checker: checker[0])
def test_type_checkers_know_what_is_in_a_batch(checker: list[str], tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", *checker, "user.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    revealed = re.findall(r'(?:Revealed type|Type of ".*") is "(.*)"', done.stdout)
    expected = re.findall(r"reveal_type\(.*\)  # (.*)", USER)
    assert [re.sub(r"(\w+\.)+", "", found) for found in revealed] == expected


# Speed, as a ratio to the bare loop


def test_a_shuffled_epoch_costs_little_more_than_the_bare_numpy_loop(faster: Any) -> None:
    images, labels = np.zeros((20000, 784), np.uint8), np.zeros(20000, np.int64)
    loader = DataLoader(TensorDataset(tl.from_numpy(images), tl.from_numpy(labels)), batch_size=256, shuffle=True)

    def ours() -> None:
        for _ in loader:
            pass

    def bare() -> None:
        places = tl.randperm(20000).numpy()  # PyTorch's order takes longer to draw than NumPy's, in both loops
        for start in range(0, 20000, 256):
            here = places[start : start + 256]
            _ = images[here], labels[here]

    faster(ours, bare, 2)
